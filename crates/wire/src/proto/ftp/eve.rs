//! FTP in EVE JSON.

use super::{Exchange, Mode};
use crate::json::Object;

pub fn write(exchange: &Exchange, record: &mut Object<'_>) {
    let mut ftp = record.object("ftp");
    if let Some(command) = &exchange.command {
        ftp.bytes("command", command);
        if !exchange.argument.is_empty() {
            ftp.bytes("command_data", &exchange.argument);
        }
        ftp.flag("command_truncated", exchange.command_cut);
    }
    let mut codes = exchange.replies.iter().filter_map(|(code, _)| code.as_ref()).peekable();
    if codes.peek().is_some() {
        let mut list = ftp.array("completion_code");
        codes.for_each(|code| list.bytes(code));
    }
    if !exchange.replies.is_empty() {
        let mut list = ftp.array("reply");
        exchange.replies.iter().for_each(|(_, text)| list.bytes(text));
    }
    if let Some(port) = exchange.port {
        ftp.number("dynamic_port", port);
    }
    if let Some(mode) = exchange.mode {
        ftp.text("mode", if mode == Mode::Active { "active" } else { "passive" });
    }
    ftp.text("reply_received", if exchange.replies.is_empty() { "no" } else { "yes" });
    ftp.flag("reply_truncated", exchange.reply_cut);
}
