//! A TLS session as it leaves the room.

use super::{Certificate, ClientHello, ServerHello, hello, version_name};
use crate::proto::{Elements, Kind};
use std::borrow::Cow;

/// What the two sides said before they were private.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Session {
    pub client_hello: Option<ClientHello>,
    pub server_hello: Option<ServerHello>,
    /// The chain of each side, the side's own certificate first.
    pub server_chain: Vec<Certificate>,
    pub client_chain: Vec<Certificate>,
    /// Version of the first record, for a conversation whose hellos are not known.
    pub record_version: u16,
    pub resumed: bool,
    /// The protocol that was spoken before both sides agreed on TLS.
    pub before: Option<Kind>,
    pub outcome: Outcome,
}

/// How far the handshake went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Outcome {
    /// It ended, or was no longer seen, before both agreed.
    #[default]
    Unfinished,
    Agreed,
    /// A side refused with an alert of this number.
    Refused(u8),
}

impl Session {
    pub fn version(&self) -> u16 {
        match (&self.server_hello, &self.client_hello) {
            (Some(hello), _) => hello.agreed(),
            (None, Some(hello)) if self.record_version == 0 => hello.version,
            _ => self.record_version,
        }
    }

    pub fn elements(&self) -> Elements<'_> {
        let client = self.client_hello.as_ref();
        let account = self.client_chain.first().and_then(|certificate| certificate.facts.as_ref());
        Elements {
            version: Some(version_name(self.version())),
            account: account.map(|facts| facts.subject.as_str().into()),
            object: client.and_then(|hello| hello.server_name.as_deref()).map(String::from_utf8_lossy),
            operation: Some(if self.resumed { "resumption".into() } else { "handshake".into() }),
            result: Some(match self.outcome {
                Outcome::Unfinished => Cow::Borrowed("unfinished"),
                Outcome::Agreed => "agreed".into(),
                Outcome::Refused(alert) => alert_name(alert),
            }),
            client: client.map(|hello| hello.ja4('t').into()),
            server: self.server_hello.as_ref().map(|hello| hello::md5_hex(&hello.ja3s()).into()),
            ..Elements::default()
        }
    }
}

/// An alert's name (RFC 8446, section 6 and what came before).
pub fn alert_name(alert: u8) -> Cow<'static, str> {
    let name = match alert {
        0 => "close_notify",
        10 => "unexpected_message",
        20 => "bad_record_mac",
        21 => "decryption_failed",
        22 => "record_overflow",
        30 => "decompression_failure",
        40 => "handshake_failure",
        41 => "no_certificate",
        42 => "bad_certificate",
        43 => "unsupported_certificate",
        44 => "certificate_revoked",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        49 => "access_denied",
        50 => "decode_error",
        51 => "decrypt_error",
        60 => "export_restriction",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        86 => "inappropriate_fallback",
        90 => "user_canceled",
        100 => "no_renegotiation",
        109 => "missing_extension",
        110 => "unsupported_extension",
        112 => "unrecognized_name",
        113 => "bad_certificate_status_response",
        115 => "unknown_psk_identity",
        116 => "certificate_required",
        120 => "no_application_protocol",
        other => return format!("alert {other}").into(),
    };
    name.into()
}
