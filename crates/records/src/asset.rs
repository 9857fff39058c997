//! The hosts of the network as tables beside the records, so that both can be asked together.

use crate::column::{Column, Holds, Kind, Value, column, number};

/// A host as it stands in the table of assets. What is not known is null.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Asset {
    pub host: String,
    pub label: String,
    pub address: Option<String>,
    pub system: Option<String>,
    pub product: Option<String>,
    pub edition: Option<String>,
    pub service_pack: Option<i64>,
    pub build: Option<i64>,
    pub role: Option<String>,
    pub zone: Option<String>,
    pub group: Option<String>,
    pub owner: Option<String>,
    pub value: Option<i64>,
    /// Microseconds since 1970.
    pub first_seen: i64,
    pub last_seen: i64,
    pub assessed: Option<i64>,
    pub supported: Option<bool>,
    pub worst_weapon: Option<String>,
    pub open_weapons: i64,
    pub unknown_weapons: i64,
    pub open_cves: i64,
    pub open_kev: i64,
    pub urgency: Option<String>,
    pub next_action: Option<String>,
    pub plan_state: Option<String>,
}

/// An address of a host: what records name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AssetAddress {
    pub address: String,
    pub host: String,
    pub label: String,
    pub product: Option<String>,
    pub zone: Option<String>,
    pub group: Option<String>,
}

/// What a weapon can do to a host.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AssetExposure {
    pub host: String,
    pub label: String,
    pub weapon: String,
    pub state: String,
}

pub static ASSETS: Kind<Asset> = Kind { name: "asset", version: 1, columns: ASSET };
pub static ASSET_ADDRESSES: Kind<AssetAddress> = Kind { name: "asset_address", version: 1, columns: ADDRESS };
pub static EXPOSURES: Kind<AssetExposure> = Kind { name: "exposure", version: 1, columns: EXPOSURE };

const ASSET: &[Column<Asset>] = &[
    column("host", Holds::Text, false, |row| Value::text(&row.host)),
    column("label", Holds::Text, false, |row| Value::text(&row.label)),
    column("address", Holds::Text, true, |row| Value::optional(row.address.as_deref())),
    column("system", Holds::Text, true, |row| Value::optional(row.system.as_deref())),
    column("product", Holds::Text, true, |row| Value::optional(row.product.as_deref())),
    column("edition", Holds::Text, true, |row| Value::optional(row.edition.as_deref())),
    column("service_pack", Holds::Number, true, |row| number(row.service_pack)),
    column("build", Holds::Number, true, |row| number(row.build)),
    column("role", Holds::Text, true, |row| Value::optional(row.role.as_deref())),
    column("zone", Holds::Text, true, |row| Value::optional(row.zone.as_deref())),
    // `group` is a word of SQL.
    column("group_name", Holds::Text, true, |row| Value::optional(row.group.as_deref())),
    column("owner", Holds::Text, true, |row| Value::optional(row.owner.as_deref())),
    column("value", Holds::Number, true, |row| number(row.value)),
    column("first_seen", Holds::Time, false, |row| Value::Time(row.first_seen)),
    column("last_seen", Holds::Time, false, |row| Value::Time(row.last_seen)),
    column("assessed", Holds::Time, true, |row| row.assessed.map_or(Value::Null, Value::Time)),
    column("supported", Holds::Flag, true, |row| row.supported.map_or(Value::Null, Value::Flag)),
    column("worst_weapon", Holds::Text, true, |row| Value::optional(row.worst_weapon.as_deref())),
    column("open_weapons", Holds::Number, false, |row| Value::Number(row.open_weapons)),
    column("unknown_weapons", Holds::Number, false, |row| Value::Number(row.unknown_weapons)),
    column("open_cves", Holds::Number, false, |row| Value::Number(row.open_cves)),
    column("open_kev", Holds::Number, false, |row| Value::Number(row.open_kev)),
    column("urgency", Holds::Text, true, |row| Value::optional(row.urgency.as_deref())),
    column("next_action", Holds::Text, true, |row| Value::optional(row.next_action.as_deref())),
    column("plan_state", Holds::Text, true, |row| Value::optional(row.plan_state.as_deref())),
];

const ADDRESS: &[Column<AssetAddress>] = &[
    column("address", Holds::Text, false, |row| Value::text(&row.address)),
    column("host", Holds::Text, false, |row| Value::text(&row.host)),
    column("label", Holds::Text, false, |row| Value::text(&row.label)),
    column("product", Holds::Text, true, |row| Value::optional(row.product.as_deref())),
    column("zone", Holds::Text, true, |row| Value::optional(row.zone.as_deref())),
    column("group_name", Holds::Text, true, |row| Value::optional(row.group.as_deref())),
];

const EXPOSURE: &[Column<AssetExposure>] = &[
    column("host", Holds::Text, false, |row| Value::text(&row.host)),
    column("label", Holds::Text, false, |row| Value::text(&row.label)),
    column("weapon", Holds::Text, false, |row| Value::text(&row.weapon)),
    column("state", Holds::Text, false, |row| Value::text(&row.state)),
];
