//! The link of this server to its collectors, for those who ask it.

use crate::Problem;
use link::Register;
use link::server::Status;
use model::Message;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use store::CollectorSource;

/// The link while the server has it; absent when it was started without.
#[derive(Default)]
pub struct LinkOfServer(RwLock<Option<Arc<dyn Linked>>>);

/// What a link tells of itself.
pub trait Linked: Send + Sync {
    fn listen(&self) -> SocketAddr;
    fn register(&self) -> &Arc<Register>;
    fn status(&self) -> Status;
    /// Every spool that was heard of, as things are now.
    fn sources(&self) -> Vec<Source>;
}

/// A spool that delivers, or once did.
#[derive(Debug, Clone)]
pub struct Source {
    pub figures: CollectorSource,
    /// What makes its collector wait; absent once something was taken again.
    pub waits: Option<Message>,
}

impl LinkOfServer {
    pub fn open(&self, link: Arc<dyn Linked>) {
        self.put(Some(link));
    }

    pub fn close(&self) {
        self.put(None);
    }

    fn put(&self, link: Option<Arc<dyn Linked>>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = link;
    }

    pub fn get(&self) -> Option<Arc<dyn Linked>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The link, or what to do about there being none.
    pub fn needed(&self) -> Result<Arc<dyn Linked>, Problem> {
        let off = || Problem::conflict(Message::new("api.link-off")).hint(Message::new("api.link-off-hint"));
        self.get().ok_or_else(off)
    }
}
