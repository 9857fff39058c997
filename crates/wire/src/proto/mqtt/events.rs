//! MQTT packets as they leave the room, an exchange of them at a time.

use crate::proto::Elements;
use std::borrow::Cow;

/// Bytes kept of a string or of a published message; of the rest only the length is known.
pub const TEXT_BYTES_MAX: usize = 1024;

/// A string or payload, of which the beginning is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text {
    pub kept: Vec<u8>,
    /// Bytes that are not kept.
    pub cut: usize,
}

/// What belongs together: a packet with those that acknowledge it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exchange {
    pub messages: Vec<Message>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub flags: Flags,
    pub body: Body,
}

/// The low bits of a packet's first byte.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flags {
    pub quality: u8,
    pub retain: bool,
    pub duplicate: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    Connect {
        protocol: Text,
        version: u8,
        flags: u8,
        client: Text,
        will: Option<Will>,
        user: Option<Text>,
        password: Option<Text>,
        properties: Vec<Property>,
    },
    ConnectAnswer {
        session_present: bool,
        code: u8,
        properties: Vec<Property>,
    },
    Publish {
        topic: Text,
        id: Option<u16>,
        message: Text,
        properties: Vec<Property>,
    },
    /// `PUBACK`, `PUBREC`, `PUBREL` and `PUBCOMP`, by their packet type.
    Acknowledge {
        kind: u8,
        id: u16,
        reason: Option<u8>,
        properties: Vec<Property>,
    },
    Subscribe {
        id: u16,
        topics: Vec<(Text, u8)>,
        properties: Vec<Property>,
    },
    SubscribeAnswer {
        id: u16,
        granted: Vec<u8>,
        properties: Vec<Property>,
    },
    Unsubscribe {
        id: u16,
        topics: Vec<Text>,
        properties: Vec<Property>,
    },
    UnsubscribeAnswer {
        id: u16,
        reasons: Option<Vec<u8>>,
        properties: Vec<Property>,
    },
    PingRequest,
    PingAnswer,
    Disconnect {
        reason: Option<u8>,
        properties: Vec<Property>,
    },
    Authenticate {
        reason: u8,
        properties: Vec<Property>,
    },
    /// Too long to be read, or never captured in whole.
    Skipped {
        kind: u8,
        length: usize,
    },
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Will {
    pub topic: Text,
    pub message: Text,
    pub properties: Vec<Property>,
}

/// A property of version 5, with the name its specification gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Property {
    Known(&'static str, Value),
    User(Text, Text),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Number(u32),
    Text(Text),
}

impl Text {
    pub fn of(bytes: &[u8]) -> Text {
        let kept = bytes.get(..TEXT_BYTES_MAX).unwrap_or(bytes);
        Text { kept: kept.to_vec(), cut: bytes.len() - kept.len() }
    }

    pub fn shown(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.kept)
    }
}

impl Body {
    /// The packet's name as the specification and EVE have it.
    pub fn name(&self) -> &'static str {
        match self {
            Body::Connect { .. } => "connect",
            Body::ConnectAnswer { .. } => "connack",
            Body::Publish { .. } => "publish",
            Body::Acknowledge { kind, .. } | Body::Skipped { kind, .. } => packet_name(*kind),
            Body::Subscribe { .. } => "subscribe",
            Body::SubscribeAnswer { .. } => "suback",
            Body::Unsubscribe { .. } => "unsubscribe",
            Body::UnsubscribeAnswer { .. } => "unsuback",
            Body::PingRequest => "pingreq",
            Body::PingAnswer => "pingresp",
            Body::Disconnect { .. } => "disconnect",
            Body::Authenticate { .. } => "auth",
        }
    }
}

/// The name of a packet type (MQTT 5, section 2.1.2).
pub fn packet_name(kind: u8) -> &'static str {
    const NAMES: [&str; 16] = [
        "unassigned",
        "connect",
        "connack",
        "publish",
        "puback",
        "pubrec",
        "pubrel",
        "pubcomp",
        "subscribe",
        "suback",
        "unsubscribe",
        "unsuback",
        "pingreq",
        "pingresp",
        "disconnect",
        "auth",
    ];
    NAMES.get(usize::from(kind)).copied().unwrap_or("unassigned")
}

impl Exchange {
    pub fn elements(&self) -> Elements<'_> {
        let mut elements = Elements::default();
        for message in &self.messages {
            elements.operation.get_or_insert_with(|| message.body.name().into());
            match &message.body {
                Body::Connect { version, client, user, .. } => {
                    elements.version = Some(match version {
                        3 => "3.1".into(),
                        4 => "3.1.1".into(),
                        other => other.to_string().into(),
                    });
                    elements.account = user.as_ref().map(Text::shown);
                    elements.host_name = Some(client.shown()).filter(|name| !name.is_empty());
                }
                Body::Publish { topic, .. } => elements.object = Some(topic.shown()),
                Body::Subscribe { topics, .. } => elements.object = topics.first().map(|(topic, _)| topic.shown()),
                Body::Unsubscribe { topics, .. } => elements.object = topics.first().map(Text::shown),
                Body::ConnectAnswer { code, .. } => elements.result = Some(code.to_string().into()),
                Body::SubscribeAnswer { granted, .. } => {
                    elements.result = granted.first().map(|code| code.to_string().into());
                }
                Body::Acknowledge { reason: Some(reason), .. } | Body::Disconnect { reason: Some(reason), .. } => {
                    elements.result = Some(reason.to_string().into());
                }
                Body::Authenticate { reason, .. } => elements.result = Some(reason.to_string().into()),
                _ => {}
            }
        }
        elements
    }
}
