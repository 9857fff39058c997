//! What leaves the room: a call with its reply, or the whole reading or writing of a file.

use super::names;
use crate::proto::Elements;
use std::borrow::Cow;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exchange {
    pub xid: u32,
    pub version: u32,
    /// Number of the procedure; of version 4, of the operation the compound is about.
    pub procedure: u32,
    pub auth: Auth,
    /// The file it is about, as far as its name was seen.
    pub name: Vec<u8>,
    pub handle: Vec<u8>,
    /// The new name of a renamed file.
    pub renamed_to: Option<Vec<u8>>,
    pub transferred: Option<Transferred>,
    /// Whether the server took the call; absent when no reply was seen.
    pub accepted: Option<bool>,
    pub status: Option<u32>,
}

/// Who calls, as the call says it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Auth {
    pub flavor: u32,
    pub unix: Option<Unix>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unix {
    pub machine: Vec<u8>,
    pub uid: u32,
    pub gid: u32,
}

/// The reading or writing of a file, in one event for all its pieces.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Transferred {
    pub is_write: bool,
    /// It ended as it should.
    pub last: bool,
    pub last_xid: u32,
    pub chunks: u64,
}

#[derive(Debug, Clone, Copy)]
pub struct Told<'a>(pub &'a Exchange);

impl Told<'_> {
    pub fn elements(&self) -> Elements<'_> {
        let exchange = self.0;
        let unix = exchange.auth.unix.as_ref();
        let object = match &exchange.renamed_to {
            Some(to) => {
                format!("{} -> {}", String::from_utf8_lossy(&exchange.name), String::from_utf8_lossy(to)).into()
            }
            None => String::from_utf8_lossy(&exchange.name),
        };
        Elements {
            version: Some(Cow::Owned(format!("NFSv{}", exchange.version))),
            account: unix.map(|unix| Cow::Owned(format!("uid {} gid {}", unix.uid, unix.gid))),
            host_name: unix.map(|unix| String::from_utf8_lossy(&unix.machine)).filter(|name| !name.is_empty()),
            object: Some(object).filter(|object| !object.is_empty()),
            operation: Some(names::procedure(exchange.version, exchange.procedure)),
            result: match (exchange.accepted, exchange.status) {
                (Some(false), _) => Some(Cow::Borrowed("DENIED")),
                (_, status) => status.map(names::status),
            },
            ..Elements::default()
        }
    }
}
