//! What stands out and claims no weapon, and the profiles it stands out of.

use super::network::NetworkEnd;
use jiff::Timestamp;
use model::{Notable, NotableKind};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct NotableQuery {
    #[param(inline)]
    pub kind: Option<NotableKind>,
    /// A behaviour, such as `beacon`, or a kind of indicator.
    pub name: Option<String>,
    /// An indicator.
    pub value: Option<String>,
    /// An address at either end.
    pub host: Option<String>,
    /// The other address, where a host is given too.
    pub other: Option<String>,
    pub capture: Option<i64>,
    pub cursor: Option<String>,
    /// Rows in a page, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct NotablePage {
    pub rows: Vec<NotableRow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// All of them by kind and name, whatever the page shows.
    pub counts: Vec<NotableCount>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct NotableCount {
    pub kind: NotableKind,
    pub name: String,
    pub count: u64,
}

/// One thing that stands out, over all captures that show it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct NotableRow {
    pub id: i64,
    /// The newest capture that shows it, and how many do.
    pub capture: i64,
    pub captures: u64,
    pub notable: Notable,
    pub originator: NetworkEnd,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub responder: Option<NetworkEnd>,
    /// The frames that show it can be had.
    pub evidence: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProfileKind {
    Host,
    Link,
    Account,
}

#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ProfilesQuery {
    #[param(inline)]
    pub kind: ProfileKind,
    /// Part of an address or of an account's name.
    #[serde(default)]
    pub q: Option<String>,
    #[serde(default)]
    pub cursor: Option<String>,
    #[serde(default)]
    pub limit: Option<u32>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ProfilePage {
    pub rows: Vec<ProfileRow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    pub total: u64,
}

/// A profile in a list.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ProfileRow {
    /// An address, or an account.
    pub subject: String,
    /// The asset, of a host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<NetworkEnd>,
    /// Who answers, of a link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<NetworkEnd>,
    /// Conversations; of an account its exchanges.
    pub conversations: u64,
    pub bytes: u64,
    pub first: Timestamp,
    pub last: Timestamp,
}

#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ProfileQuery {
    #[param(inline)]
    pub kind: ProfileKind,
    /// An address, or an account's name.
    pub subject: String,
    /// Who answers, of a link.
    #[serde(default)]
    pub other: Option<String>,
}

/// How a host, two hosts with each other, or an account behave, as far as was seen.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ProfileDetail {
    pub kind: ProfileKind,
    pub row: ProfileRow,
    /// Conversations by hour of the day, UTC: 24 numbers.
    pub hours: Vec<u64>,
    pub protocols: Names,
    /// Ports it went to; of a link those that were used.
    pub asked: Names,
    /// Ports it answered at, with when each was first seen.
    pub served: Vec<Service>,
    pub accounts: Names,
    /// Hosts it was used from and at, of an account.
    pub used_from: Names,
    pub used_at: Names,
    pub volume: ProfileVolume,
    /// Different peers it went to, and that came; estimates beyond 32.
    pub peers_asked: u64,
    pub peers_served: u64,
    pub ports_asked: u64,
    /// Those with the most conversations: whom it opens to, and who opens to it.
    pub opens: Vec<ProfileRow>,
    pub answers: Vec<ProfileRow>,
    pub opens_all: u64,
    pub answers_all: u64,
    /// Times between conversations that begin again and again, of a link.
    pub rhythms: Vec<PortRhythm>,
    /// Use of shares and services that only administrators reach, of a link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub administration: Option<AdministrationUse>,
    /// What stood out; the newest 50.
    pub notables: Vec<NotableRow>,
}

/// Names by how often they were seen.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct Names {
    pub names: Vec<NameCount>,
    /// At most so many are missing from any count, since rarer names made room.
    pub missed: u64,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct NameCount {
    pub name: String,
    pub count: u64,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Service {
    /// `tcp/445`.
    pub port: String,
    pub conversations: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Timestamp>,
}

#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct ProfileVolume {
    pub conversations: u64,
    pub packets_out: u64,
    pub packets_in: u64,
    pub bytes_out: u64,
    pub bytes_in: u64,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct PortRhythm {
    pub port: String,
    pub conversations: u64,
    /// Of the latest: how many times between, their mean, and their deviation over the mean (0 is a clock).
    pub intervals: u64,
    pub mean_seconds: f64,
    pub variation: f64,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AdministrationUse {
    pub shares: u64,
    pub programs: u64,
    pub services: u64,
    pub first: Timestamp,
    pub last: Timestamp,
}
