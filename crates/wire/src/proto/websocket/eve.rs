//! WebSocket in EVE JSON. Sizes and the reason of a close are ours; the other names are Suricata's.

use super::Frame;
use crate::json::Object;

pub fn write(frame: &Frame, record: &mut Object<'_>) {
    let mut websocket = record.object("websocket");
    websocket.flag("fin", frame.last);
    if let Some(mask) = frame.mask {
        websocket.number("mask", mask);
    }
    websocket.text("opcode", &frame.opcode_name()).number("payload_length", frame.length);
    if frame.is_compressed() {
        websocket.flag("compressed", true);
    }
    if let Some(close) = &frame.close {
        websocket.number("close_code", close.code).bytes("close_reason", &close.reason);
    }
}
