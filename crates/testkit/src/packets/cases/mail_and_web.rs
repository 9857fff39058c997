//! Weapons against servers that read lines: ExplodingCan, EmphasisMine, EwokFrenzy.

use super::{attempt, neighbour};
use crate::packets::http::{percent_encoded, request, resource, response};
use crate::packets::imap::{base64, literal, logged_in, open};
use crate::packets::{Case, Conversation, Over, filler};

pub fn cases() -> Vec<Case> {
    [explodingcan(), emphasismine(), ewokfrenzy()].concat()
}

fn web(asks: &[Vec<u8>], status: &str) -> Conversation {
    let mut conversation = Conversation::new(Over::Tcp, 40001, 80);
    for asks in asks {
        conversation.client(asks.clone()).server(response(status));
    }
    conversation
}

fn explodingcan() -> Vec<Case> {
    const SIGN: &str = "explodingcan.if-overlong";
    let two = |one: &[u8], other: &[u8]| {
        [resource(one, "Not <locktoken:write1>"), resource(other, "<locktoken:write2>")].join(&b' ')
    };
    let long = request("PROPFIND", "/", &two(&filler(1200), &filler(1200)));
    // Letters as they are, which an address never has: fewer of them are enough.
    let letters = request("PROPFIND", "/", &two("测".repeat(110).as_bytes(), "试".repeat(120).as_bytes()));
    let folder = percent_encoded(&"文件夹".repeat(40));
    let legal = [
        request("PROPFIND", "/", &resource(&folder, "<opaquelocktoken:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>")),
        request("LOCK", "/a", &vec![resource(b"shared/report.docx", "<urn:uuid:1>"); 30].join(&b' ')),
        request("PUT", "/a", b"(<opaquelocktoken:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>)"),
    ];
    vec![
        attempt("explodingcan", "long", SIGN, vec![web(&[long], "207 Multi-Status")]),
        attempt("explodingcan", "letters", SIGN, vec![web(&[letters], "207 Multi-Status")]),
        neighbour("explodingcan", "long-but-legal", vec![web(&legal, "207 Multi-Status")]),
    ]
}

fn emphasismine() -> Vec<Case> {
    let mut said = logged_in(40001);
    literal(&mut said, "a3 EXAMINE", &filler(1024));
    let mut argued = logged_in(40001);
    argued.client([b"a3 EXAMINE \"", &filler(1024)[..], b"\"\r\n"].concat());
    let mut legal = logged_in(40001);
    literal(&mut legal, "a3 EXAMINE", b"INBOX");
    legal.server("* 3 EXISTS\r\na3 OK [READ-ONLY] EXAMINE completed\r\n");
    // A mailbox of 150 Chinese letters as IMAP spells them.
    literal(&mut legal, "a6 EXAMINE", format!("&{}-", "ZeVnLIqe".repeat(50)).as_bytes());
    legal.server("a6 NO no such mailbox\r\n");
    let mail = [b"Subject: long\r\n\r\n", &filler(70).repeat(700)[..], b"\r\n"].concat();
    literal(&mut legal, "a4 APPEND INBOX", &mail);
    legal.server("a4 OK APPEND completed\r\n");
    literal(&mut legal, "a5 SEARCH CHARSET UTF-8 TEXT", "很长的搜索词".repeat(40).as_bytes());
    legal.server("* SEARCH\r\na5 OK SEARCH completed\r\n");
    vec![
        attempt("emphasismine", "literal", "emphasismine.literal", vec![said]),
        attempt("emphasismine", "argument", "emphasismine.argument", vec![argued]),
        neighbour("emphasismine", "long-but-legal", vec![legal]),
    ]
}

fn ewokfrenzy() -> Vec<Case> {
    let answering = |account: &[u8]| {
        let mut conversation = open(40001);
        conversation.from_here().client("a2 AUTHENTICATE CRAM-MD5\r\n");
        conversation.server([b"+ ", &base64(b"<1896.697170952@mail.example.org>")[..], b"\r\n"].concat());
        let answer = [account, b" b913a602c7eda7a495b4e6e7334d3890"].concat();
        conversation.client([base64(&answer), b"\r\n".to_vec()].concat());
        conversation
    };
    let mut legal = answering("a.very.long.account.name@with.a.long.domain.example.org".as_bytes());
    legal.server("a2 OK AUTHENTICATE completed\r\n");
    vec![
        attempt("ewokfrenzy", "answer", "ewokfrenzy.cram-md5", vec![answering(&filler(1024))]),
        neighbour("ewokfrenzy", "long-account", vec![legal]),
    ]
}
