//! EskimoRoll: a ticket asked for without privileges, then a request that brings its own.

use super::{attempt, neighbour};
use crate::packets::krb5::{Asks, as_reply, as_request, error, framed, tgs_reply, tgs_request};
use crate::packets::{Case, Conversation, Over};

const SUM_TYPE_NOT_SUPPORTED: u32 = 15;
const SERVICE: &[&str] = &["cifs", "server.example.org"];

/// One question and its answer, in a conversation of their own as clients do it.
fn exchange(over: Over, port: u16, asks: &[u8], answer: &[u8]) -> Conversation {
    let mut conversation = Conversation::new(over, port, 88);
    match over {
        Over::Tcp => conversation.client(framed(asks)).server(framed(answer)),
        Over::Udp => conversation.client(asks).server(answer),
    };
    conversation
}

fn both(over: Over, first: Asks, second: Asks, answer: &[u8]) -> Vec<Conversation> {
    vec![
        exchange(over, 40001, &as_request(first), &as_reply()),
        exchange(over, 40002, &tgs_request(SERVICE, second), answer),
    ]
}

pub fn cases() -> Vec<Case> {
    let plain = Asks { pac: None, authorization: false };
    let none = Asks { pac: Some(false), authorization: false };
    let own = Asks { pac: Some(false), authorization: true };
    let granted = |over, name| Case {
        weapon: "eskimoroll",
        name,
        signs: vec![("eskimoroll.own-authorization", false), ("eskimoroll.granted", true)],
        conversations: both(over, none, own, &tgs_reply(SERVICE)),
    };
    let refused = both(Over::Tcp, none, own, &error(SUM_TYPE_NOT_SUPPORTED));
    let wanted = Asks { pac: Some(true), authorization: false };
    let restricted = Asks { pac: None, authorization: true };
    vec![
        granted(Over::Udp, "granted-udp"),
        granted(Over::Tcp, "granted-tcp"),
        attempt("eskimoroll", "refused", "eskimoroll.own-authorization", refused),
        neighbour("eskimoroll", "privileges-wanted", both(Over::Tcp, wanted, restricted, &tgs_reply(SERVICE))),
        neighbour("eskimoroll", "no-privileges", both(Over::Udp, none, none, &tgs_reply(SERVICE))),
        neighbour("eskimoroll", "nothing-said", both(Over::Udp, plain, plain, &tgs_reply(SERVICE))),
    ]
}
