//! IKE in EVE JSON.

use super::Message;
use super::proposals::Attribute;
use crate::json::{Object, hex};

pub fn write(message: &Message, record: &mut Object<'_>) {
    let mut ike = record.object("ike");
    ike.number("version_major", message.major).number("version_minor", message.minor);
    ike.show("init_spi", format_args!("{:016x}", message.initiator));
    ike.show("resp_spi", format_args!("{:016x}", message.responder));
    ike.number("message_id", message.id).number("exchange_type", message.exchange);
    // What an answer settles on is told of the whole.
    if message.is_response()
        && let Some(chosen) = message.offers.first()
    {
        attributes(chosen, &mut ike);
    }
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
        participant(message, &mut version);
    } else {
        ike.object("ikev2").number("errors", 0);
    }
}

/// What a side of version 1 said of itself.
fn participant(message: &Message, version: &mut Object<'_>) {
    let silent = message.key_exchange.is_empty() && message.nonce.is_empty() && message.vendors.is_empty();
    let offers = message.offers.as_slice();
    let offers = if message.is_response() { &[] } else { offers };
    if silent && offers.is_empty() {
        return;
    }
    let mut side = version.object(if message.is_response() { "server" } else { "client" });
    for (payload, length, content) in [
        ("key_exchange_payload", "key_exchange_payload_length", &message.key_exchange),
        ("nonce_payload", "nonce_payload_length", &message.nonce),
    ] {
        if !content.is_empty() {
            side.hex(payload, content).number(length, content.len() as i128);
        }
    }
    if !offers.is_empty() {
        let mut list = side.array("proposals");
        offers.iter().for_each(|offer| attributes(offer, &mut list.object()));
    }
    if !message.vendors.is_empty() {
        let mut list = side.array("vendor_ids");
        message.vendors.iter().for_each(|vendor| list.text(&hex(vendor)));
    }
}

/// A name stands once in an object: of several attributes of one kind the first is told.
fn attributes(attributes: &[Attribute], object: &mut Object<'_>) {
    for (at, attribute) in attributes.iter().enumerate() {
        if attributes.iter().position(|first| first.key == attribute.key) == Some(at) {
            object.text(attribute.key, attribute.name);
            object.number(&format!("{}_raw", attribute.key), attribute.value);
        }
    }
}
