//! The head of a frame (RFC 6455, section 5.2).

use crate::bytes::Bytes;

/// The head of a frame, and how many bytes it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    pub last: bool,
    pub reserved: u8,
    pub opcode: u8,
    pub mask: Option<u32>,
    pub length: u64,
    pub bytes: usize,
}

/// Frames that are no data: close, ping, pong.
pub fn is_control(opcode: u8) -> bool {
    opcode & 8 != 0
}

pub fn is_known(opcode: u8) -> bool {
    matches!(opcode, 0..=2 | 8..=10)
}

/// Reads a head; `None` while it is not all there.
pub fn head(data: &[u8]) -> Option<Head> {
    let mut bytes = Bytes::new(data);
    let (first, second) = (bytes.u8()?, bytes.u8()?);
    let length = match second & 0x7f {
        126 => bytes.u16_be()?.into(),
        127 => bytes.u64_be()?,
        short => short.into(),
    };
    let mask = if second & 0x80 != 0 { Some(bytes.u32_be()?) } else { None };
    Some(Head {
        last: first & 0x80 != 0,
        reserved: first >> 4 & 7,
        opcode: first & 0x0f,
        mask,
        length,
        bytes: data.len() - bytes.len(),
    })
}

/// Takes the mask off the beginning of a payload.
pub fn unmasked(payload: &[u8], mask: Option<u32>) -> Vec<u8> {
    let key = mask.unwrap_or_default().to_be_bytes();
    payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect()
}
