//! SOCKS in EVE JSON; the names are ours, EVE has none.

use super::Request;
use crate::json::Object;

pub fn write(request: &Request, record: &mut Object<'_>) {
    let mut socks = record.object("socks");
    socks.number("version", request.version).text("command", request.command_name());
    socks.text("host", &request.host).number("port", request.port).optional("user", request.user.as_deref());
    if let Some(reply) = request.reply {
        socks.number("reply", reply).flag("granted", request.is_granted());
    }
}
