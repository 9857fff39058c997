//! An SNMP message as it leaves the room.

use crate::proto::Elements;
use std::net::Ipv4Addr;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    /// 1, 2 or 3.
    pub version: u8,
    pub community: Option<Vec<u8>>,
    pub user: Option<Vec<u8>>,
    /// The tag of the unit in it.
    pub kind: Option<u8>,
    pub encrypted: bool,
    pub request: i64,
    pub error: i64,
    pub trap: Option<Trap>,
    pub variables: Vec<String>,
    pub broken: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trap {
    pub enterprise: String,
    pub address: Option<Ipv4Addr>,
    pub generic: i64,
}

impl Message {
    pub fn kind_name(&self) -> &'static str {
        match self.kind {
            _ if self.encrypted => "encrypted",
            Some(0xa0) => "get_request",
            Some(0xa1) => "get_next_request",
            Some(0xa2) => "response",
            Some(0xa3) => "set_request",
            Some(0xa4) => "trap_v1",
            Some(0xa5) => "get_bulk_request",
            Some(0xa6) => "inform_request",
            Some(0xa7) => "trap_v2",
            Some(0xa8) => "report",
            _ => "unknown",
        }
    }

    pub fn error_name(&self) -> Option<&'static str> {
        Some(match self.error {
            1 => "too_big",
            2 => "no_such_name",
            3 => "bad_value",
            4 => "read_only",
            5 => "generic_error",
            6 => "no_access",
            7 => "wrong_type",
            8 => "wrong_length",
            9 => "wrong_encoding",
            10 => "wrong_value",
            11 => "no_creation",
            12 => "inconsistent_value",
            13 => "resource_unavailable",
            14 => "commit_failed",
            15 => "undo_failed",
            16 => "authorization_error",
            17 => "not_writable",
            18 => "inconsistent_name",
            _ => return None,
        })
    }

    pub fn elements(&self) -> Elements<'_> {
        let account = self.user.as_deref().or(self.community.as_deref());
        Elements {
            version: Some(self.version.to_string().into()),
            account: account.map(String::from_utf8_lossy),
            object: self.variables.first().map(|variable| variable.as_str().into()),
            operation: Some(self.kind_name().into()),
            result: (self.kind == Some(0xa2)).then(|| self.error_name().unwrap_or("no_error").into()),
            ..Elements::default()
        }
    }
}

impl Trap {
    pub fn name(&self) -> &'static str {
        match self.generic {
            0 => "cold_start",
            1 => "warm_start",
            2 => "link_down",
            3 => "link_up",
            4 => "authentication_failure",
            5 => "egp_neighbor_loss",
            _ => "enterprise_specific",
        }
    }
}
