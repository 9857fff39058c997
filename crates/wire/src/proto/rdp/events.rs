//! A message of RDP's opening as it leaves the room.

use crate::proto::Elements;
use std::borrow::Cow;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub body: Body,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    Request {
        cookie: Option<Vec<u8>>,
        request: Option<(u8, u32)>,
    },
    Response(Chosen),
    Client(Box<ClientData>),
    Server(ServerData),
    /// Serial numbers of the certificates that the server showed.
    Certificates(Vec<String>),
}

/// The server's answer to a negotiation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chosen {
    /// An old server, which knows nothing of it.
    Nothing,
    Protocol {
        flags: u8,
        protocol: u32,
    },
    Refused(u32),
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientData {
    pub version: u32,
    pub desktop: (u16, u16),
    pub color_depth: u16,
    pub keyboard_layout: u32,
    pub build: u32,
    pub name: String,
    pub keyboard_type: u32,
    pub function_keys: u32,
    pub input_method: String,
    pub product: Option<u16>,
    pub capabilities: u16,
    pub product_id: String,
    pub connection_kind: Option<u8>,
    pub selected: Option<u32>,
    /// Methods that the client knows, twice.
    pub encryption: Option<(u32, u32)>,
    pub cluster: Option<u32>,
    pub channels: Vec<Vec<u8>>,
    pub broken: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerData {
    pub version: Option<u32>,
    /// Servers before Vista leave out what came later.
    pub core_bytes: usize,
    /// Method and level.
    pub encryption: Option<(u32, u32)>,
    pub channels: Vec<u16>,
    pub broken: bool,
}

impl Message {
    pub fn elements(&self) -> Elements<'_> {
        let operation = Some(self.body.name().into());
        match &self.body {
            Body::Request { cookie, .. } => {
                Elements { account: cookie.as_deref().map(String::from_utf8_lossy), operation, ..Elements::default() }
            }
            Body::Response(chosen) => Elements {
                operation,
                result: Some(match chosen {
                    Chosen::Nothing => "rdp".into(),
                    Chosen::Protocol { protocol, .. } => protocol_name(*protocol).into(),
                    Chosen::Refused(code) => refusal(*code).into(),
                }),
                ..Elements::default()
            },
            Body::Client(client) => Elements {
                version: client.version_name().map(Into::into),
                host_name: Some(client.name.as_str().into()),
                object: Some(client.channel_names().into()),
                operation,
                client: Some(client.system()),
                ..Elements::default()
            },
            Body::Server(server) => Elements {
                operation,
                result: server.encryption.map(|(method, level)| format!("encryption {method} level {level}").into()),
                ..Elements::default()
            },
            Body::Certificates(serials) => Elements {
                operation,
                server: serials.first().map(|serial| serial.as_str().into()),
                ..Elements::default()
            },
        }
    }
}

impl Body {
    pub fn name(&self) -> &'static str {
        match self {
            Body::Request { .. } => "initial_request",
            Body::Response(_) => "initial_response",
            Body::Client(_) => "connect_request",
            Body::Server(_) => "connect_response",
            Body::Certificates(_) => "tls_handshake",
        }
    }
}

impl ClientData {
    pub fn channel_names(&self) -> String {
        let names: Vec<Cow<'_, str>> = self.channels.iter().map(|name| String::from_utf8_lossy(name)).collect();
        names.join(",")
    }

    pub fn version_name(&self) -> Option<&'static str> {
        Some(match self.version {
            0x0008_0001 => "v4",
            0x0008_0004 => "v5",
            0x0008_0005 => "v10.0",
            0x0008_0006 => "v10.1",
            0x0008_0007 => "v10.2",
            0x0008_0008 => "v10.3",
            0x0008_0009 => "v10.4",
            0x0008_000a => "v10.5",
            0x0008_000b => "v10.6",
            0x0008_000c => "v10.7",
            0x0008_000d => "v10.8",
            0x0008_000e => "v10.9",
            0x0008_000f => "v10.10",
            _ => return None,
        })
    }

    /// The client's system by its build.
    pub fn system(&self) -> Cow<'static, str> {
        let name = match self.build {
            2195 => "Windows 2000",
            2600 => "Windows XP",
            3790 => "Windows Server 2003",
            6000 => "Windows Vista",
            6001 => "Windows Server 2008",
            6002 => "Windows Server 2008 SP2",
            7600 => "Windows 7",
            7601 => "Windows 7 SP1",
            9200 => "Windows 8",
            9600 => "Windows 8.1",
            10240 => "Windows 10",
            10586 => "Windows 10 (1511)",
            14393 => "Windows 10 (1607)",
            15063 => "Windows 10 (1703)",
            16299 => "Windows 10 (1709)",
            17134 => "Windows 10 (1803)",
            17763 => "Windows 10 (1809)",
            18362 => "Windows 10 (1903)",
            18363 => "Windows 10 (1909)",
            19041 => "Windows 10 (2004)",
            20348 => "Windows Server 2022",
            22000 => "Windows 11",
            build => return format!("Other: {build}").into(),
        };
        name.into()
    }
}

/// The protocol that a server chose.
pub fn protocol_name(protocol: u32) -> &'static str {
    match protocol {
        0 => "rdp",
        1 => "ssl",
        2 => "hybrid",
        4 => "rdstls",
        8 => "hybrid_ex",
        _ => "unknown",
    }
}

/// Why a server refuses.
pub fn refusal(code: u32) -> &'static str {
    match code {
        1 => "ssl required by server",
        2 => "ssl not allowed by server",
        3 => "ssl cert not on server",
        4 => "inconsistent flags",
        5 => "hybrid required by server",
        6 => "ssl with user auth required by server",
        _ => "unknown",
    }
}
