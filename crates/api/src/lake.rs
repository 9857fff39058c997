//! The lake of this server, for those who ask it.

use crate::Problem;
use axum::http::StatusCode;
use lake::Lake;
use model::Message;
use std::sync::{Arc, PoisonError, RwLock};

/// The lake while the server has it. It may be absent: a program that only opens the data has none, and one whose tables
/// are damaged is told and left alone, so that everything else goes on.
#[derive(Default)]
pub struct LakeOfServer(RwLock<Kept>);

#[derive(Default)]
enum Kept {
    #[default]
    Absent,
    Open(Arc<Lake>),
    Failed(Message),
}

impl LakeOfServer {
    pub fn open(&self, lake: Arc<Lake>) {
        self.put(Kept::Open(lake));
    }

    /// It cannot be used, for this reason.
    pub fn failed(&self, why: Message) {
        self.put(Kept::Failed(why));
    }

    /// Lets go of it; it is closed when whoever asks it now is done.
    pub fn close(&self) {
        self.put(Kept::Absent);
    }

    fn put(&self, kept: Kept) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = kept;
    }

    /// The lake, or why there is none.
    pub fn get(&self) -> Result<Arc<Lake>, Problem> {
        match &*self.0.read().unwrap_or_else(PoisonError::into_inner) {
            Kept::Open(lake) => Ok(lake.clone()),
            Kept::Absent => Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, Message::new("api.lake-absent"))),
            Kept::Failed(why) => {
                let failed = Message::new("api.lake-failed").reason("cause", why.clone());
                let hint = Message::new("api.lake-failed-hint");
                Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, failed).hint(hint))
            }
        }
    }
}
