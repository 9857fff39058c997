//! What was seen on the wire: session records of 13 elements, and findings.

use crate::{Confidence, WeaponId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// One conversation, or one exchange of the application in it. The numbers are those of the 13 elements.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionRecord {
    /// Joins the exchanges of a conversation with the conversation, here and in other tools.
    pub community_id: String,
    /// Absent in the row of the conversation itself.
    pub transaction: Option<u64>,
    /// 1 to 5.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub originator: IpAddr,
    pub originator_port: u16,
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub responder: IpAddr,
    pub responder_port: u16,
    /// `tcp`, `udp`, `icmp`… or the number of the protocol.
    pub transport: String,
    /// 6.
    pub start: Timestamp,
    pub duration_us: i64,
    /// `new`, `established`, `closed`; of TCP the state of the connection.
    pub state: String,
    /// Its beginning was not captured, so who opened it is a guess.
    pub midstream: bool,
    /// 7: frames and bytes of each side.
    pub originator_packets: u64,
    pub originator_bytes: u64,
    pub responder_packets: u64,
    pub responder_bytes: u64,
    /// 8: by content.
    pub protocol: Option<String>,
    pub version: Option<String>,
    /// 9.
    pub account: Option<String>,
    pub host_name: Option<String>,
    pub originator_mac: Option<String>,
    pub responder_mac: Option<String>,
    /// 10.
    pub object: Option<String>,
    /// 11.
    pub operation: Option<String>,
    pub result: Option<String>,
    /// 12.
    pub client: Option<String>,
    pub server: Option<String>,
    /// 13.
    pub payload: Option<Payload>,
}

/// What a session carried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Payload {
    File {
        name: String,
        size: u64,
        /// Bytes of it that were never captured.
        missing: u64,
        complete: bool,
        /// Absent when it is not all there.
        sha256: Option<String>,
        /// By content.
        media_type: Option<String>,
    },
    /// The first bytes of each side, in hexadecimal digits, of what is no file.
    FirstBytes { originator: String, responder: String },
}

/// A weapon seen at work between two hosts, however often.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Finding {
    pub weapon: WeaponId,
    /// Which of the weapon's signs.
    pub sign: String,
    pub outcome: FindingOutcome,
    pub confidence: Confidence,
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub originator: IpAddr,
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub responder: IpAddr,
    pub count: u64,
    pub first: Timestamp,
    pub last: Timestamp,
    /// Conversations that show it, by Community ID.
    pub community_ids: Vec<String>,
    /// Numbers of frames in the capture that show it.
    pub frames: Vec<u64>,
}

/// How far a weapon got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FindingOutcome {
    Attempt,
    Success,
}

/// What stands out and claims no weapon: a behaviour beyond a threshold, or an indicator that was met.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Notable {
    pub kind: NotableKind,
    /// Which behaviour, such as `beacon`; of an indicator its kind, such as `domain`.
    pub name: String,
    /// The indicator; empty for a behaviour.
    pub value: String,
    /// Where an indicator was met, such as `question` or `server-name`; empty for a behaviour.
    pub place: String,
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub originator: IpAddr,
    /// Absent where it is done to many, and for a service.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub responder: Option<IpAddr>,
    /// `tcp`, `udp`… where it is of one port.
    pub transport: Option<String>,
    pub port: Option<u16>,
    /// Conversations or uses of a behaviour, meetings of an indicator.
    pub count: u64,
    pub first: Timestamp,
    pub last: Timestamp,
    /// What was measured, each threshold (`_min`, `_max`) beside it.
    pub facts: BTreeMap<String, f64>,
    /// Conversations that show it, by Community ID, and numbers of frames in the capture.
    pub community_ids: Vec<String>,
    pub frames: Vec<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum NotableKind {
    Behaviour,
    Indicator,
}
