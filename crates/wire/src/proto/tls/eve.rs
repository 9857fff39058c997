//! TLS in EVE JSON.

use super::{Certificate, ClientHello, ServerHello, Session, hello, is_grease, version_name};
use crate::community::base64;
use crate::json::Object;
use crate::proto::Detail;

pub fn write(session: &Session, record: &mut Object<'_>, detail: Detail) {
    let mut tls = record.object("tls");
    if let Some(before) = session.before {
        tls.text("from_proto", before.name());
    }
    if let Some(certificate) = session.server_chain.first() {
        write_certificate(certificate, &mut tls);
    }
    if session.resumed {
        tls.flag("session_resumed", true);
    }
    tls.text("version", &version_name(session.version()));
    if let Some(hello) = &session.client_hello {
        of_client(hello, &mut tls, detail);
    }
    if let Some(hello) = &session.server_hello {
        of_server(hello, &mut tls, detail);
    }
    if detail.tls {
        write_chain(&session.server_chain, &mut tls);
    }
    if let Some(certificate) = session.client_chain.first() {
        let mut client = tls.object("client");
        write_certificate(certificate, &mut client);
        if detail.tls {
            write_chain(&session.client_chain, &mut client);
        }
    }
}

fn of_client(hello: &ClientHello, tls: &mut Object<'_>, detail: Detail) {
    tls.optional("sni", hello.server_name.as_deref());
    if detail.ja3 {
        fingerprint(tls, "ja3", &hello.ja3());
    }
    tls.text("ja4", &hello.ja4('t'));
    names(tls, "client_alpns", &hello.alpn);
    if detail.tls {
        let mut body = tls.object("client_handshake");
        body.text("version", &version_name(hello.version));
        numbers(&mut body, "ciphers", &hello.ciphers);
        numbers(&mut body, "exts", &hello.extensions);
        numbers(&mut body, "sig_algs", &hello.signatures);
    }
}

fn of_server(hello: &ServerHello, tls: &mut Object<'_>, detail: Detail) {
    if detail.ja3 {
        fingerprint(tls, "ja3s", &hello.ja3s());
    }
    names(tls, "server_alpns", &hello.alpn);
    if detail.tls {
        let mut body = tls.object("server_handshake");
        body.text("version", &version_name(hello.version));
        body.number("cipher", hello.cipher);
        numbers(&mut body, "exts", &hello.extensions);
    }
}

pub fn fingerprint(tls: &mut Object<'_>, key: &str, text: &str) {
    let mut body = tls.object(key);
    body.text("hash", &hello::md5_hex(text)).text("string", text);
}

fn names(tls: &mut Object<'_>, key: &str, names: &[Vec<u8>]) {
    if !names.is_empty() {
        let mut list = tls.array(key);
        names.iter().for_each(|name| list.bytes(name));
    }
}

fn numbers(body: &mut Object<'_>, key: &str, values: &[u16]) {
    let mut list = body.array(key);
    values.iter().filter(|value| !is_grease(**value)).for_each(|value| list.number(*value));
}

fn write_certificate(certificate: &Certificate, object: &mut Object<'_>) {
    if let Some(facts) = &certificate.facts {
        object.text("subject", &facts.subject).text("issuerdn", &facts.issuer).text("serial", &facts.serial);
    }
    object.text("fingerprint", &certificate.fingerprint);
    if let Some(facts) = &certificate.facts {
        if !facts.names.is_empty() {
            let mut list = object.array("subjectaltname");
            facts.names.iter().for_each(|name| list.text(name));
        }
        object.text("notbefore", &facts.not_before).text("notafter", &facts.not_after);
    }
}

fn write_chain(chain: &[Certificate], object: &mut Object<'_>) {
    if let Some(certificate) = chain.first() {
        object.text("certificate", &base64(&certificate.der));
        let mut list = object.array("chain");
        chain.iter().for_each(|certificate| list.text(&base64(&certificate.der)));
    }
}
