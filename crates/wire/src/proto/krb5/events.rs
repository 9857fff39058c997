//! A Kerberos message as it leaves the room.

use super::names;
use crate::proto::Elements;
use std::borrow::Cow;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    pub kind: u8,
    pub realm: Option<String>,
    /// The parts of the names of client and service.
    pub client: Vec<String>,
    pub service: Vec<String>,
    /// What the answer is encrypted with.
    pub encryption: Option<i64>,
    pub ticket_encryption: Option<i64>,
    /// What the client can do.
    pub encryptions: Vec<i64>,
    pub preauthentication: Vec<i64>,
    /// Whether the client wants to be told its privileges, where it says.
    pub wants_pac: Option<bool>,
    /// The client brings authorization data of its own.
    pub authorization_data: bool,
    pub error: Option<i64>,
    /// What failed, for an error.
    pub failed: Option<u8>,
}

impl Message {
    pub fn client_name(&self) -> Option<String> {
        (!self.client.is_empty()).then(|| self.client.join("/"))
    }

    pub fn service_name(&self) -> Option<String> {
        (!self.service.is_empty()).then(|| self.service.join("/"))
    }

    pub fn elements(&self) -> Elements<'_> {
        let at = |name: String| match &self.realm {
            Some(realm) => format!("{name}@{realm}"),
            None => name,
        };
        Elements {
            version: Some("5".into()),
            account: self.client_name().map(|name| at(name).into()),
            object: self.service_name().map(Cow::Owned),
            operation: Some(names::message(self.kind).into()),
            result: self.error.map(names::error),
            client: (!self.encryptions.is_empty()).then(|| {
                let list: Vec<String> = self.encryptions.iter().map(|kind| kind.to_string()).collect();
                list.join(",").into()
            }),
            server: self.encryption.map(names::encryption),
            ..Elements::default()
        }
    }
}
