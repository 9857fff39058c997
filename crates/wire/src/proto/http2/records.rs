//! Frames (RFC 9113, sections 4 and 6).

use crate::bytes::Bytes;

/// What a client begins with.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
pub const HEADER_BYTES: usize = 9;

pub mod kind {
    pub const DATA: u8 = 0;
    pub const HEADERS: u8 = 1;
    pub const PRIORITY: u8 = 2;
    pub const RESET: u8 = 3;
    pub const SETTINGS: u8 = 4;
    pub const PUSH_PROMISE: u8 = 5;
    pub const GO_AWAY: u8 = 7;
    pub const CONTINUATION: u8 = 9;
}

pub mod flag {
    pub const END_STREAM: u8 = 1;
    pub const ACK: u8 = 1;
    pub const END_HEADERS: u8 = 4;
    pub const PADDED: u8 = 8;
    pub const PRIORITY: u8 = 0x20;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    pub length: usize,
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
}

impl Frame {
    pub fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// The header in front of every frame.
pub fn frame(data: &[u8]) -> Option<Frame> {
    let mut bytes = Bytes::new(data);
    Some(Frame {
        length: bytes.u24_be()? as usize,
        kind: bytes.u8()?,
        flags: bytes.u8()?,
        stream: bytes.u32_be()? & 0x7fff_ffff,
    })
}

/// The payload of a frame of headers without padding and priority, and the weight it gave.
pub fn header_block<'a>(frame: &Frame, payload: &'a [u8]) -> Option<(&'a [u8], Option<u8>)> {
    let mut bytes = Bytes::new(payload);
    let padding = if frame.has(flag::PADDED) { usize::from(bytes.u8()?) } else { 0 };
    let mut weight = None;
    if frame.kind == kind::HEADERS && frame.has(flag::PRIORITY) {
        bytes.skip(4)?;
        weight = Some(bytes.u8()?);
    }
    let length = bytes.len().checked_sub(padding)?;
    Some((bytes.take(length)?, weight))
}

/// Settings of one frame that are kept.
const SETTINGS_MAX: usize = 64;

pub fn settings(payload: &[u8]) -> Vec<(u16, u32)> {
    let mut bytes = Bytes::new(payload);
    let entry = || Some((bytes.u16_be()?, bytes.u32_be()?));
    std::iter::from_fn(entry).take(SETTINGS_MAX).collect()
}

/// Names of settings as EVE writes them.
pub fn setting_name(setting: u16) -> Option<&'static str> {
    Some(match setting {
        1 => "SETTINGSHEADERTABLESIZE",
        2 => "SETTINGSENABLEPUSH",
        3 => "SETTINGSMAXCONCURRENTSTREAMS",
        4 => "SETTINGSINITIALWINDOWSIZE",
        5 => "SETTINGSMAXFRAMESIZE",
        6 => "SETTINGSMAXHEADERLISTSIZE",
        _ => return None,
    })
}

/// Names of errors as EVE writes them (section 7).
pub fn error_name(error: u32) -> Option<&'static str> {
    Some(match error {
        0 => "NOERROR",
        1 => "PROTOCOLERROR",
        2 => "INTERNALERROR",
        3 => "FLOWCONTROLERROR",
        4 => "SETTINGSTIMEOUT",
        5 => "STREAMCLOSED",
        6 => "FRAMESIZEERROR",
        7 => "REFUSEDSTREAM",
        8 => "CANCEL",
        9 => "COMPRESSIONERROR",
        10 => "CONNECTERROR",
        11 => "ENHANCEYOURCALM",
        12 => "INADEQUATESECURITY",
        13 => "HTTP11REQUIRED",
        _ => return None,
    })
}
