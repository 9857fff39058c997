//! DNS in EVE JSON, version 3 of its records.

use super::{Answer, Data, Message, question_type, response_code};
use crate::json::{Array, Object};

pub fn write(message: &Message, record: &mut Object<'_>, transaction: u64) {
    let mut dns = record.object("dns");
    dns.number("version", 3);
    dns.text("type", if message.is_answer() { "response" } else { "request" });
    dns.number("tx_id", transaction).number("id", message.id);
    dns.show("flags", format_args!("{:x}", message.flags));
    for (name, bit) in [("qr", 15), ("aa", 10), ("tc", 9), ("rd", 8), ("ra", 7), ("z", 6)] {
        if message.flags >> bit & 1 == 1 {
            dns.flag(name, true);
        }
    }
    dns.number("opcode", message.operation());
    dns.show("rcode", response_code(message.code()));
    if !message.questions.is_empty() {
        let mut questions = dns.array("queries");
        for question in &message.questions {
            let mut entry = questions.object();
            entry.bytes("rrname", &question.name).show("rrtype", question_type(question.kind));
        }
    }
    for (name, answers) in
        [("answers", &message.answers), ("authorities", &message.authorities), ("additionals", &message.additionals)]
    {
        if !answers.is_empty() {
            let mut list = dns.array(name);
            answers.iter().for_each(|answer| write_answer(answer, &mut list));
        }
    }
    if message.is_answer() {
        grouped(message, &mut dns);
    }
}

fn write_answer(answer: &Answer, list: &mut Array<'_>) {
    let mut entry = list.object();
    entry.bytes("rrname", &answer.name);
    entry.show("rrtype", question_type(answer.kind)).number("ttl", answer.ttl);
    match &answer.data {
        Data::Soa(soa) => {
            let mut object = entry.object("soa");
            object.bytes("mname", &soa.primary).bytes("rname", &soa.mailbox).number("serial", soa.serial);
            object.number("refresh", soa.refresh).number("retry", soa.retry);
            object.number("expire", soa.expire).number("minimum", soa.minimum);
        }
        Data::Srv { priority, weight, port, name } => {
            let mut object = entry.object("srv");
            object.number("priority", *priority).number("weight", *weight).number("port", *port).bytes("name", name);
        }
        Data::Sshfp { algorithm, kind, fingerprint } => {
            let mut object = entry.object("sshfp");
            let text: Vec<String> = fingerprint.iter().map(|byte| format!("{byte:02x}")).collect();
            object.text("fingerprint", &text.join(":")).number("algo", *algorithm).number("type", *kind);
        }
        // The bytes of records we have no reader for would tell nobody anything.
        Data::Other(_) => {}
        data => {
            entry.optional("rdata", data.shown().as_deref());
        }
    }
}

/// The answers by their type, for who only wants the addresses.
fn grouped(message: &Message, dns: &mut Object<'_>) {
    let mut kinds: Vec<u16> = Vec::new();
    for answer in message.answers.iter().filter(|answer| answer.data.shown().is_some()) {
        if !matches!(answer.data, Data::Other(_)) && !kinds.contains(&answer.kind) {
            kinds.push(answer.kind);
        }
    }
    if kinds.is_empty() {
        return;
    }
    let mut grouped = dns.object("grouped");
    for kind in kinds {
        let mut list = grouped.array(&question_type(kind));
        let same = message.answers.iter().filter(|answer| answer.kind == kind);
        same.filter_map(|answer| answer.data.shown()).for_each(|data| list.bytes(&data));
    }
}
