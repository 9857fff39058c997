//! QUIC in EVE JSON.

use super::{Hello, Opening, extension_name};
use crate::json::Object;
use crate::proto::Detail;
use crate::proto::tls::eve::fingerprint;
use crate::proto::tls::hello::md5_hex;

pub fn write(opening: &Opening, record: &mut Object<'_>, detail: Detail) {
    let mut quic = record.object("quic");
    quic.text("version", &opening.version);
    match &opening.hello {
        Hello::Client(hello) => {
            quic.optional("sni", hello.server_name.as_deref());
            if detail.ja3 {
                fingerprint(&mut quic, "ja3", &hello.ja3());
            }
            quic.text("ja4", &hello.ja4('q'));
            extensions(&mut quic, &hello.extensions, hello.server_name.as_deref(), &hello.alpn);
        }
        Hello::Server(hello) => {
            if detail.ja3 {
                fingerprint(&mut quic, "ja3s", &hello.ja3s());
            }
            extensions(&mut quic, &hello.extensions, None, &hello.alpn);
        }
        Hello::Google(hello) => {
            quic.optional("sni", hello.server_name.as_deref()).optional("ua", hello.agent.as_deref());
            let mut list = quic.array("cyu");
            list.object().text("hash", &md5_hex(&hello.cyu)).text("string", &hello.cyu);
        }
        Hello::Negotiation(versions) => {
            let mut list = quic.array("versions");
            versions.iter().for_each(|version| list.show(format_args!("{version:08x}")));
        }
    }
}

fn extensions(quic: &mut Object<'_>, kinds: &[u16], server_name: Option<&[u8]>, alpn: &[Vec<u8>]) {
    if kinds.is_empty() {
        return;
    }
    let mut list = quic.array("extensions");
    for kind in kinds {
        let mut entry = list.object();
        if let Some(name) = extension_name(*kind) {
            entry.text("name", name);
        }
        entry.number("type", *kind);
        match (kind, server_name) {
            (0, Some(name)) => entry.array("values").bytes(name),
            (16, _) if !alpn.is_empty() => {
                let mut values = entry.array("values");
                alpn.iter().for_each(|name| values.bytes(name));
            }
            _ => {}
        }
    }
}
