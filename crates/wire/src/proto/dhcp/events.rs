//! A DHCP message as it leaves the room.

use crate::proto::Elements;
use crate::proto::tls::hello::md5_hex;
use std::net::Ipv4Addr;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub is_reply: bool,
    pub hardware: u8,
    pub id: u32,
    pub client: Ipv4Addr,
    pub assigned: Ipv4Addr,
    pub next_server: Ipv4Addr,
    pub relay: Ipv4Addr,
    pub hardware_address: Vec<u8>,
    pub kind: Option<u8>,
    pub host_name: Option<Vec<u8>>,
    pub full_name: Option<Vec<u8>>,
    pub domain: Option<Vec<u8>>,
    pub vendor_class: Option<Vec<u8>>,
    pub client_id: Option<Vec<u8>>,
    pub subnet: Option<Ipv4Addr>,
    pub routers: Vec<Ipv4Addr>,
    pub name_servers: Vec<Ipv4Addr>,
    pub requested: Option<Ipv4Addr>,
    pub server: Option<Ipv4Addr>,
    pub lease: Option<u32>,
    pub renewal: Option<u32>,
    pub rebinding: Option<u32>,
    pub parameters: Vec<u8>,
    /// Its options break off or are none.
    pub broken: bool,
}

impl Default for Message {
    fn default() -> Self {
        let none = Ipv4Addr::UNSPECIFIED;
        Message {
            is_reply: false,
            hardware: 1,
            id: 0,
            client: none,
            assigned: none,
            next_server: none,
            relay: none,
            hardware_address: Vec::new(),
            kind: None,
            host_name: None,
            full_name: None,
            domain: None,
            vendor_class: None,
            client_id: None,
            subnet: None,
            routers: Vec::new(),
            name_servers: Vec::new(),
            requested: None,
            server: None,
            lease: None,
            renewal: None,
            rebinding: None,
            parameters: Vec::new(),
            broken: false,
        }
    }
}

impl Message {
    pub const ACKNOWLEDGED: u8 = 5;

    pub fn kind_name(&self) -> Option<&'static str> {
        Some(match self.kind? {
            1 => "discover",
            2 => "offer",
            3 => "request",
            4 => "decline",
            5 => "ack",
            6 => "nak",
            7 => "release",
            8 => "inform",
            _ => "unknown",
        })
    }

    pub fn elements(&self) -> Elements<'_> {
        let mac: Vec<String> = self.hardware_address.iter().map(|byte| format!("{byte:02x}")).collect();
        let object = if self.assigned.is_unspecified() { self.requested } else { Some(self.assigned) };
        Elements {
            account: Some(mac.join(":").into()),
            host_name: self
                .host_name
                .as_deref()
                .map(|name| String::from_utf8_lossy(name).trim_end_matches('\0').to_owned().into()),
            object: object.map(|address| address.to_string().into()),
            operation: self.kind_name().map(Into::into),
            result: self.is_reply.then(|| self.kind_name().unwrap_or("reply").into()),
            client: (!self.is_reply && !self.parameters.is_empty()).then(|| self.fingerprint().into()),
            ..Elements::default()
        }
    }

    /// What a client asks for, in its order, tells its system.
    fn fingerprint(&self) -> String {
        let parameters: Vec<String> = self.parameters.iter().map(u8::to_string).collect();
        md5_hex(&parameters.join(","))
    }
}
