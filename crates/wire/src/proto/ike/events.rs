//! An IKE message as it leaves the room.

use super::proposals::Attribute;
use crate::json::hex;
use crate::proto::Elements;
use std::borrow::Cow;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    pub initiator: u64,
    pub responder: u64,
    pub major: u8,
    pub minor: u8,
    pub exchange: u8,
    pub flags: u8,
    pub id: u32,
    pub payloads: Vec<u8>,
    pub vendors: Vec<Vec<u8>>,
    pub notifications: Vec<u16>,
    /// What is offered, or what was chosen of it.
    pub offers: Vec<Vec<Attribute>>,
    pub key_exchange: Vec<u8>,
    pub nonce: Vec<u8>,
    pub encrypted: bool,
    pub broken: bool,
}

impl Message {
    pub fn is_response(&self) -> bool {
        match self.major {
            1 => self.responder != 0,
            _ => self.flags & 0x20 != 0,
        }
    }

    pub fn exchange_name(&self) -> &'static str {
        match (self.major, self.exchange) {
            (1, 1) => "base",
            (1, 2) => "identity protection",
            (1, 3) => "authentication only",
            (1, 4) => "aggressive",
            (1, 5) => "informational",
            (1, 32) => "quick mode",
            (1, 33) => "new group mode",
            (2, 34) => "IKE_SA_INIT",
            (2, 35) => "IKE_AUTH",
            (2, 36) => "CREATE_CHILD_SA",
            (2, 37) => "INFORMATIONAL",
            _ => "unknown",
        }
    }

    pub fn payload_name(&self, payload: u8) -> Cow<'static, str> {
        let name = match (self.major, payload) {
            (1, 1) => "SecurityAssociation",
            (1, 2) => "Proposal",
            (1, 3) => "Transform",
            (1, 4) => "KeyExchange",
            (1, 5) => "Identification",
            (1, 6) => "Certificate",
            (1, 7) => "CertificateRequest",
            (1, 8) => "Hash",
            (1, 9) => "Signature",
            (1, 10) => "Nonce",
            (1, 11) => "Notification",
            (1, 12) => "Delete",
            (1, 13) => "VendorID",
            (1, 20) => "NatDiscovery",
            (2, 33) => "SecurityAssociation",
            (2, 34) => "KeyExchange",
            (2, 35) => "IdentificationInitiator",
            (2, 36) => "IdentificationResponder",
            (2, 37) => "Certificate",
            (2, 38) => "CertificateRequest",
            (2, 39) => "Authentication",
            (2, 40) => "Nonce",
            (2, 41) => "Notify",
            (2, 42) => "Delete",
            (2, 43) => "VendorID",
            (2, 44) => "TrafficSelectorInitiator",
            (2, 45) => "TrafficSelectorResponder",
            (2, 46) => "EncryptedAndAuthenticated",
            (2, 47) => "Configuration",
            (2, 48) => "ExtensibleAuthentication",
            (2, 53) => "EncryptedFragment",
            _ => return format!("{payload}").into(),
        };
        name.into()
    }

    /// The algorithms that an answer settles on.
    fn chosen(&self) -> Option<String> {
        let algorithms = self.offers.first()?.iter().filter(|attribute| attribute.key.starts_with("alg_"));
        let names: Vec<&str> = algorithms.map(|attribute| attribute.name).collect();
        (!names.is_empty()).then(|| names.join(" "))
    }

    pub fn elements(&self) -> Elements<'_> {
        let vendor = self.vendors.first().map(|vendor| hex(vendor).into());
        let (client, server) = if self.is_response() { (None, vendor) } else { (vendor, None) };
        Elements {
            version: Some(format!("{}.{}", self.major, self.minor).into()),
            object: Some(format!("{:016x}", self.initiator).into()),
            operation: Some(self.exchange_name().into()),
            result: self.is_response().then(|| self.chosen().unwrap_or_else(|| "answered".to_owned()).into()),
            client,
            server,
            ..Elements::default()
        }
    }
}
