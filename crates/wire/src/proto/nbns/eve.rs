//! NetBIOS in EVE JSON. Other engines have no record for it; the names follow those of DNS.

use super::events::{Packet, Record};
use crate::json::{Object, hex_digits};

pub fn write(packet: &Packet, record: &mut Object<'_>, transaction: u64) {
    match packet {
        Packet::Message(message) => {
            let mut nbns = record.object("nbns");
            nbns.text("type", if message.is_answer() { "response" } else { "request" });
            nbns.number("tx_id", transaction).number("id", message.id).text("opcode", message.operation());
            if message.is_answer() {
                nbns.text("rcode", &message.code());
            }
            if let Some((name, kind)) = &message.question {
                nbns.show("rrname", name).text("rrtype", kind_name(*kind));
            }
            if let Some(answer) = &message.record {
                write_record(answer, &mut nbns);
            }
        }
        Packet::Datagram(datagram) => {
            let mut nbdgm = record.object("nbdgm");
            nbdgm.show("source_name", &datagram.from).show("destination_name", &datagram.to);
            nbdgm.optional("mailslot", datagram.mailslot.as_deref().map(str::as_bytes));
            if let Some(host) = &datagram.announcement {
                let mut announcement = nbdgm.object("announcement");
                announcement.number("command", host.command).text("host", &host.host);
                announcement.show("os_version", format_args!("{}.{}", host.version.0, host.version.1));
                announcement.show("server_type", format_args!("0x{:08x}", host.server_type));
                announcement.text("comment", &host.comment);
            }
        }
    }
}

fn write_record(answer: &Record, nbns: &mut Object<'_>) {
    let mut object = nbns.object("answer");
    object.show("rrname", &answer.name).text("rrtype", kind_name(answer.kind)).number("ttl", answer.ttl);
    if !answer.addresses.is_empty() {
        let mut list = object.array("addresses");
        answer.addresses.iter().for_each(|address| list.show(address));
    }
    if !answer.names.is_empty() {
        let mut list = object.array("names");
        answer.names.iter().for_each(|name| list.show(name));
    }
    if let Some(mac) = answer.mac {
        let text: Vec<String> = mac.iter().map(|byte| hex_digits(*byte).map(char::from).iter().collect()).collect();
        object.text("mac", &text.join(":"));
    }
}

fn kind_name(kind: u16) -> &'static str {
    match kind {
        0x20 => "NB",
        0x21 => "NBSTAT",
        0x0a => "NULL",
        _ => "UNKNOWN",
    }
}
