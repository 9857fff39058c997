//! TFTP in EVE JSON.

use super::Request;
use crate::json::Object;

pub fn write(request: &Request, record: &mut Object<'_>) {
    let mut tftp = record.object("tftp");
    tftp.text("packet", request.name()).bytes("file", &request.file).bytes("mode", &request.mode);
}
