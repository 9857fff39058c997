//! What leaves the RPC room: a call or a bind with its answer.

use super::{interfaces, records};
use crate::proto::Elements;

/// An interface with its version.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Syntax {
    pub uuid: [u8; 16],
    pub major: u16,
    pub minor: u16,
}

/// An interface that was asked for under a context's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    pub context: u16,
    pub syntax: Syntax,
    /// Result and reason.
    pub answer: Option<(u16, u16)>,
}

/// A saying of the client with the answer to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Call {
    pub id: u32,
    /// Types of the units; absent when they were not seen.
    pub request: Option<u8>,
    pub response: Option<u8>,
    pub minor: u8,
    pub context: u16,
    pub operation: u16,
    /// What the context stands for, when its bind was seen.
    pub interface: Option<Syntax>,
    pub request_fragments: u16,
    pub request_bytes: u64,
    pub response_fragments: u16,
    pub response_bytes: u64,
    /// Of a bind.
    pub bound: Vec<Bound>,
    pub fault: Option<u32>,
    /// Set for calls without connection.
    pub datagram: Option<Datagram>,
}

/// What only calls over UDP have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Datagram {
    pub activity: [u8; 16],
    pub sequence: u32,
}

impl std::fmt::Display for Syntax {
    fn fmt(&self, text: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Uuid(&self.uuid).fmt(text)
    }
}

pub struct Uuid<'a>(pub &'a [u8; 16]);

impl std::fmt::Display for Uuid<'_> {
    fn fmt(&self, text: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (place, byte) in self.0.iter().enumerate() {
            let dash = if matches!(place, 4 | 6 | 8 | 10) { "-" } else { "" };
            write!(text, "{dash}{byte:02x}")?;
        }
        Ok(())
    }
}

impl Call {
    pub fn is_bind(&self) -> bool {
        matches!(self.request, Some(records::kind::BIND | records::kind::ALTER))
    }

    /// The interface that a bind was about, or a call went to.
    pub fn syntax(&self) -> Option<Syntax> {
        self.interface.or_else(|| self.bound.first().map(|bound| bound.syntax))
    }

    pub fn elements(&self) -> Elements<'_> {
        let syntax = self.syntax();
        let interface = syntax.and_then(|syntax| interfaces::interface(&syntax.uuid));
        let operation = match (self.request, interface) {
            (Some(records::kind::REQUEST), Some(interface)) => match interface.operation(self.operation) {
                Some(name) => name.into(),
                None => format!("opnum {}", self.operation).into(),
            },
            (Some(records::kind::REQUEST), None) => format!("opnum {}", self.operation).into(),
            (Some(kind), _) => records::kind_name(kind).into(),
            (None, _) => "lost".into(),
        };
        Elements {
            version: Some(if self.datagram.is_some() { "4.0".into() } else { format!("5.{}", self.minor).into() }),
            object: syntax.map(|syntax| match interface {
                Some(interface) => interface.name.into(),
                None => syntax.to_string().into(),
            }),
            operation: Some(operation),
            result: match (self.fault, self.response) {
                (Some(fault), _) => Some(format!("fault 0x{fault:08x}").into()),
                (None, Some(kind)) => Some(records::kind_name(kind).into()),
                (None, None) => None,
            },
            ..Elements::default()
        }
    }
}
