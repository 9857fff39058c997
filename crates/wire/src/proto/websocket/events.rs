//! A frame as it leaves the room.

use crate::proto::Elements;
use std::borrow::Cow;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frame {
    /// The last of its message.
    pub last: bool,
    /// The three reserved bits; the first one says that the message is compressed (RFC 7692).
    pub reserved: u8,
    pub opcode: u8,
    pub mask: Option<u32>,
    /// Bytes of its payload as the frame says.
    pub length: u64,
    /// Why the connection is closed, when this closes it and says so.
    pub close: Option<Close>,
}

/// The reason in a frame that closes (RFC 6455, section 7.4).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Close {
    pub code: u16,
    pub reason: Vec<u8>,
}

impl Frame {
    pub fn opcode_name(&self) -> Cow<'static, str> {
        match self.opcode {
            0 => "continuation",
            1 => "text",
            2 => "binary",
            8 => "connection_close",
            9 => "ping",
            10 => "pong",
            other => return other.to_string().into(),
        }
        .into()
    }

    pub fn is_compressed(&self) -> bool {
        self.reserved & 4 != 0
    }

    pub fn elements(&self) -> Elements<'_> {
        Elements {
            operation: Some(self.opcode_name()),
            result: self.close.as_ref().map(|close| close.code.to_string().into()),
            ..Elements::default()
        }
    }
}
