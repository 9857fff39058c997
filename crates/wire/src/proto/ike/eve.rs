//! IKE in EVE JSON.

use super::Message;
use crate::json::{Object, hex};

pub fn write(message: &Message, record: &mut Object<'_>) {
    let mut ike = record.object("ike");
    ike.number("version_major", message.major).number("version_minor", message.minor);
    ike.show("init_spi", format_args!("{:016x}", message.initiator));
    ike.show("resp_spi", format_args!("{:016x}", message.responder));
    ike.number("message_id", message.id).number("exchange_type", message.exchange);
    if message.major == 2 {
        ike.text("role", if message.flags & 8 != 0 { "initiator" } else { "responder" });
        let mut list = ike.array("notify");
        message.notifications.iter().for_each(|kind| list.show(kind));
    }
    let mut list = ike.array("payload");
    message.payloads.iter().for_each(|payload| list.text(&message.payload_name(*payload)));
    drop(list);
    if message.major == 1 {
        let mut version = ike.object("ikev1");
        version.flag("encrypted_payloads", message.encrypted);
        if !message.vendors.is_empty() {
            let mut side = version.object(if message.is_response() { "server" } else { "client" });
            let mut list = side.array("vendor_ids");
            message.vendors.iter().for_each(|vendor| list.text(&hex(vendor)));
        }
    } else {
        ike.object("ikev2").number("errors", 0);
    }
}
