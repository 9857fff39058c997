//! EsteemAudit: a smart card brought along to a server of old, with chunks longer than any.

use super::{attempt, neighbour};
use crate::packets::rdp::{PRINTER, SMART_CARD, Server, announce, chunk, open, sent};
use crate::packets::{Case, filler};

/// The longest chunk that clients send ([MS-RDPBCGR] 2.2.6.1).
const CHUNK_BYTES_MAX: usize = 1600;

pub fn cases() -> Vec<Case> {
    let old = Server { before_vista: true, encryption: 0 };
    let encrypted = Server { before_vista: true, encryption: 2 };
    let mut clear = open(40001, old);
    clear.client(announce(SMART_CARD, b"SCARD\0\0\0")).client(chunk(&filler(3000)));
    let mut sealed = open(40001, encrypted);
    sealed.client(sent(&filler(64))).client(sent(&filler(3000)));
    let mut card = open(40001, old);
    card.client(announce(SMART_CARD, b"SCARD\0\0\0")).client(chunk(&filler(CHUNK_BYTES_MAX)));
    card.client(chunk(&filler(300)));
    let mut printer = open(40001, encrypted);
    printer.client(announce(PRINTER, b"PRN1\0\0\0\0")).client(sent(&filler(CHUNK_BYTES_MAX + 20)));
    vec![
        attempt("esteemaudit", "clear", "esteemaudit.smartcard-chunks", vec![clear]),
        attempt("esteemaudit", "encrypted", "esteemaudit.sealed-chunks", vec![sealed]),
        neighbour("esteemaudit", "smart-card", vec![card]),
        neighbour("esteemaudit", "printer", vec![printer]),
    ]
}
