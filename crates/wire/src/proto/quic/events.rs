//! The opening of a QUIC connection as it leaves the room.

use crate::proto::Elements;
use crate::proto::tls::hello::md5_hex;
use crate::proto::tls::{ClientHello, ServerHello};
use std::borrow::Cow;

/// One hello, and what it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    pub version: Cow<'static, str>,
    pub hello: Hello,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hello {
    Client(ClientHello),
    Server(ServerHello),
    Google(GoogleHello),
    /// Versions that a server offers instead of going on.
    Negotiation(Vec<u32>),
}

/// What Google's QUIC says at first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GoogleHello {
    pub server_name: Option<Vec<u8>>,
    pub agent: Option<Vec<u8>>,
    /// Fingerprint by the tags in their order.
    pub cyu: String,
}

impl Opening {
    pub fn elements(&self) -> Elements<'_> {
        let version = Some(self.version.as_ref().into());
        let base = Elements { version, ..Elements::default() };
        match &self.hello {
            Hello::Client(hello) => Elements {
                object: hello.server_name.as_deref().map(String::from_utf8_lossy),
                operation: Some("client hello".into()),
                client: Some(hello.ja4('q').into()),
                ..base
            },
            Hello::Server(hello) => Elements {
                operation: Some("server hello".into()),
                result: Some("agreed".into()),
                server: Some(md5_hex(&hello.ja3s()).into()),
                ..base
            },
            Hello::Google(hello) => Elements {
                object: hello.server_name.as_deref().map(String::from_utf8_lossy),
                operation: Some("client hello".into()),
                client: Some(hello.agent.as_deref().map_or(md5_hex(&hello.cyu).into(), String::from_utf8_lossy)),
                ..base
            },
            Hello::Negotiation(_) => Elements { operation: Some("version negotiation".into()), ..base },
        }
    }
}

/// The name of an extension of TLS in the registry.
pub fn extension_name(kind: u16) -> Option<&'static str> {
    Some(match kind {
        0 => "server_name",
        1 => "max_fragment_length",
        2 => "client_certificate_url",
        3 => "trusted_ca_keys",
        4 => "truncated_hmac",
        5 => "status_request",
        6 => "user_mapping",
        7 => "client_authz",
        8 => "server_authz",
        9 => "cert_type",
        10 => "supported_groups",
        11 => "ec_point_formats",
        12 => "srp",
        13 => "signature_algorithms",
        14 => "use_srtp",
        15 => "heartbeat",
        16 => "alpn",
        17 => "status_request_v2",
        18 => "signed_certificate_timestamp",
        19 => "client_certificate_type",
        20 => "server_certificate_type",
        21 => "padding",
        22 => "encrypt_then_mac",
        23 => "extended_master_secret",
        24 => "token_binding",
        25 => "cached_info",
        26 => "tls_lts",
        27 => "compress_certificate",
        28 => "record_size_limit",
        29 => "pwd_protect",
        30 => "pwd_clear",
        31 => "password_salt",
        32 => "ticket_pinning",
        33 => "tls_cert_with_extern_psk",
        34 => "delegated_credentials",
        35 => "session_ticket",
        41 => "pre_shared_key",
        42 => "early_data",
        43 => "supported_versions",
        44 => "cookie",
        45 => "psk_key_exchange_modes",
        47 => "certificate_authorities",
        48 => "oid_filters",
        49 => "post_handshake_auth",
        50 => "signature_algorithms_cert",
        51 => "key_share",
        52 => "transparency_info",
        53 => "connection_id_deprecated",
        54 => "connection_id",
        55 => "external_id_hash",
        56 => "external_session_id",
        57 => "quic_transport_parameters",
        58 => "ticket_request",
        59 => "dnssec_chain",
        65281 => "renegotiation_info",
        _ => return None,
    })
}
