//! MQTT in EVE JSON.

use super::{Body, Exchange, Message, Property, Text, Value};
use crate::json::Object;
use std::collections::HashSet;

pub fn write(exchange: &Exchange, record: &mut Object<'_>) {
    let mut mqtt = record.object("mqtt");
    let mut written = HashSet::new();
    for message in &exchange.messages {
        // A name stands once in an object; a repeated packet of an exchange says nothing new.
        if written.insert(message.body.name()) {
            write_message(message, &mut mqtt);
        }
    }
}

fn write_message(message: &Message, mqtt: &mut Object<'_>) {
    let mut entry = mqtt.object(message.body.name());
    if let Body::Skipped { length, .. } = message.body {
        flags(message, &mut entry);
        entry.flag("truncated", true).number("skipped_length", length as i128);
        return;
    }
    flags(message, &mut entry);
    write_body(&message.body, &mut entry);
}

fn flags(message: &Message, entry: &mut Object<'_>) {
    entry.number("qos", message.flags.quality).flag("retain", message.flags.retain);
    entry.flag("dup", message.flags.duplicate);
}

fn write_body(body: &Body, entry: &mut Object<'_>) {
    match body {
        Body::Connect { .. } => connect(body, entry),
        Body::ConnectAnswer { session_present, code, properties } => {
            entry.flag("session_present", *session_present).number("return_code", *code);
            list(properties, entry);
        }
        Body::Publish { topic, id, message, properties } => {
            text(entry, "topic", topic);
            if let Some(id) = id {
                entry.number("message_id", *id);
            }
            text(entry, "message", message);
            list(properties, entry);
        }
        Body::Acknowledge { id, reason, properties, .. } => {
            entry.number("message_id", *id);
            if let Some(reason) = reason {
                entry.number("reason_code", *reason);
            }
            list(properties, entry);
        }
        Body::Subscribe { id, topics, properties } => {
            entry.number("message_id", *id);
            let mut array = entry.array("topics");
            for (topic, quality) in topics {
                let mut one = array.object();
                text(&mut one, "topic", topic);
                one.number("qos", *quality);
            }
            drop(array);
            list(properties, entry);
        }
        Body::SubscribeAnswer { id, granted, properties } => {
            entry.number("message_id", *id);
            let mut array = entry.array("qos_granted");
            granted.iter().for_each(|quality| array.number(*quality));
            drop(array);
            list(properties, entry);
        }
        Body::Unsubscribe { id, topics, properties } => {
            entry.number("message_id", *id);
            let mut array = entry.array("topics");
            topics.iter().for_each(|topic| array.bytes(&shown(topic)));
            drop(array);
            list(properties, entry);
        }
        Body::UnsubscribeAnswer { id, reasons, properties } => {
            entry.number("message_id", *id);
            if let Some(reasons) = reasons {
                let mut array = entry.array("reason_codes");
                reasons.iter().for_each(|reason| array.number(*reason));
            }
            list(properties, entry);
        }
        Body::Disconnect { reason, properties } => {
            if let Some(reason) = reason {
                entry.number("reason_code", *reason);
            }
            list(properties, entry);
        }
        Body::Authenticate { reason, properties } => {
            entry.number("reason_code", *reason);
            list(properties, entry);
        }
        Body::PingRequest | Body::PingAnswer | Body::Skipped { .. } => {}
    }
}

fn connect(body: &Body, entry: &mut Object<'_>) {
    let Body::Connect { protocol, version, flags, client, will, user, password, properties } = body else { return };
    text(entry, "protocol_string", protocol);
    entry.number("protocol_version", *version);
    let mut bits = entry.object("flags");
    for (name, bit) in
        [("username", 0x80), ("password", 0x40), ("will_retain", 0x20), ("will", 0x04), ("clean_session", 0x02)]
    {
        bits.flag(name, flags & bit != 0);
    }
    drop(bits);
    text(entry, "client_id", client);
    if let Some(user) = user {
        text(entry, "username", user);
    }
    if let Some(password) = password {
        text(entry, "password", password);
    }
    if let Some(will) = will {
        let mut object = entry.object("will");
        text(&mut object, "topic", &will.topic);
        text(&mut object, "message", &will.message);
        list(&will.properties, &mut object);
    }
    list(properties, entry);
}

fn list(properties: &[Property], entry: &mut Object<'_>) {
    if properties.is_empty() {
        return;
    }
    let mut object = entry.object("properties");
    for property in properties {
        match property {
            Property::Known(name, Value::Number(value)) => {
                object.number(name, *value);
            }
            Property::Known(name, Value::Text(value)) => text(&mut object, name, value),
            Property::User(name, value) => text(&mut object, &name.shown(), value),
        }
    }
}

fn text(entry: &mut Object<'_>, key: &str, text: &Text) {
    entry.bytes(key, &shown(text));
}

fn shown(text: &Text) -> std::borrow::Cow<'_, [u8]> {
    if text.cut == 0 {
        return text.kept.as_slice().into();
    }
    [text.kept.as_slice(), format!("[truncated {} additional bytes]", text.cut).as_bytes()].concat().into()
}
