//! Leading endpoints: what each is to have and has not.

use api::state::App;
use link::{Guide, Lead};
use prost::bytes::Bytes;
use tokio::sync::watch;

/// Leads the endpoints of a server.
pub struct Leading {
    app: App,
}

impl Leading {
    pub fn new(app: App) -> Leading {
        Leading { app }
    }
}

#[tonic::async_trait]
impl Lead for Leading {
    async fn lead(&self, endpoint: &str, report: &Bytes) -> Vec<Guide> {
        match self.app.attend(endpoint, report).await {
            Ok(guides) => guides
                .into_iter()
                .map(|(kind, version, bytes)| Guide {
                    kind: kind.to_owned(),
                    version: i64::try_from(version).unwrap_or(i64::MAX),
                    bytes: Bytes::from_owner(bytes),
                })
                .collect(),
            // It holds to what it has, and is told when it says how it is the next time.
            Err(problem) => {
                tracing::error!(
                    cause = super::said(&problem),
                    endpoint,
                    "an endpoint cannot be told what it is to have"
                );
                Vec::new()
            }
        }
    }

    async fn gone(&self, endpoint: &str) {
        self.app.endpoint_gone(endpoint);
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.app.endpoints.changes()
    }
}
