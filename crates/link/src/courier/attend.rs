//! The endpoint's end of being led: it says how it is, and gives on what it is told.

use crate::lead::{Guide, Pieces};
use crate::proto::FromEndpoint;
use crate::proto::guidance_client::GuidanceClient;
use crate::server::GUIDANCE_VERSION;
use prost::bytes::Bytes;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;

/// Between two reports that say the same, so that the server knows that it is there.
const SAY_EVERY: Duration = Duration::from_secs(60);
/// A stream that broke although the connection is there begins again after this.
const AGAIN_AFTER: Duration = Duration::from_secs(5);
/// Bytes of a message: a piece and what is around it.
const MESSAGE_BYTES_MAX: usize = crate::lead::PIECE_BYTES + (16 << 10);

/// How an endpoint is led.
#[derive(Debug, Clone)]
pub struct Led {
    /// How it is; said whenever it changes. At most [`crate::REPORT_BYTES_MAX`].
    pub report: watch::Receiver<Bytes>,
    /// Where what it is told goes.
    pub guides: mpsc::Sender<Guide>,
}

/// Attends until it is dropped: whoever delivers on the connection notices when that is gone.
pub(super) async fn attend(channel: Channel, endpoint: String, mut led: Led) -> std::convert::Infallible {
    loop {
        if let Err(status) = stream(channel.clone(), &endpoint, &mut led).await {
            tracing::debug!(%status, "not led");
        }
        tokio::time::sleep(AGAIN_AFTER).await;
    }
}

async fn stream(channel: Channel, endpoint: &str, led: &mut Led) -> Result<(), tonic::Status> {
    let (say, saying) = mpsc::channel(1);
    let message = |report: Bytes| FromEndpoint { version: GUIDANCE_VERSION, endpoint: endpoint.to_owned(), report };
    let first = led.report.borrow_and_update().clone();
    let _ = say.try_send(message(first));
    let mut client = GuidanceClient::new(channel).max_decoding_message_size(MESSAGE_BYTES_MAX);
    let mut told = client.attend(ReceiverStream::new(saying)).await?.into_inner();
    let mut open = Pieces::default();
    let say_again = tokio::time::sleep(SAY_EVERY);
    tokio::pin!(say_again);
    loop {
        let report = tokio::select! {
            piece = told.message() => {
                let Some(piece) = piece? else { return Ok(()) };
                let guide = open.take(piece).map_err(tonic::Status::data_loss)?;
                if let Some(guide) = guide
                    && led.guides.send(guide).await.is_err()
                {
                    // Nobody follows any more.
                    std::future::pending::<()>().await;
                }
                continue;
            }
            changed = led.report.changed() => match changed {
                Ok(()) => led.report.borrow_and_update().clone(),
                Err(_) => std::future::pending().await,
            },
            () = &mut say_again => led.report.borrow().clone(),
        };
        say_again.as_mut().reset(tokio::time::Instant::now() + SAY_EVERY);
        if say.send(message(report)).await.is_err() {
            return Ok(());
        }
    }
}
