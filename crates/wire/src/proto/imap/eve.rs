//! IMAP in EVE JSON.

use super::Exchange;
use crate::json::Object;

pub fn write(exchange: &Exchange, record: &mut Object<'_>, all_fields: bool) {
    let mut imap = record.object("imap");
    if !exchange.command.is_empty() {
        let mut request = imap.object("request");
        if !exchange.tag.is_empty() {
            request.bytes("tag", &exchange.tag);
        }
        request.bytes("command", &exchange.command);
        if !exchange.argument.is_empty() {
            request.bytes("args", &exchange.argument);
        }
    }
    if let Some(status) = &exchange.status {
        imap.object("response").bytes("status", status).bytes("text", &exchange.text);
    }
    drop(imap);
    if let Some(message) = &exchange.message {
        message.reader.mail.write(record, all_fields);
    }
}
