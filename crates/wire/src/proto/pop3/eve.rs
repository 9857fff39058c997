//! POP3 in EVE JSON.

use super::Exchange;
use crate::json::Object;

pub fn write(exchange: &Exchange, record: &mut Object<'_>, all_fields: bool) {
    let mut pop3 = record.object("pop3");
    if let Some(command) = &exchange.command {
        let mut request = pop3.object("request");
        request.bytes("command", command);
        if !exchange.argument.is_empty() {
            request.array("args").bytes(&exchange.argument);
        }
    }
    if let Some(success) = exchange.success {
        let mut response = pop3.object("response");
        response.flag("success", success).text("status", if success { "OK" } else { "ERR" });
        response.bytes("header", &exchange.status);
        if !exchange.lines.is_empty() {
            let mut data = response.array("data");
            exchange.lines.iter().for_each(|line| data.bytes(line));
        }
    }
    drop(pop3);
    if let Some(message) = &exchange.message {
        message.reader.mail.write(record, all_fields);
    }
}
