//! The asset table: filter, sort, pages cut by key, facets.

use crate::assets_sql::{self, Cursor};
use crate::db::{Columns, Sql};
use crate::hosts::IDS_MAX;
use crate::pack::{clean, from_word, sure_time, time};
use crate::{ProfileId, Result, RolloutId, Store};
use jiff::Timestamp;
use model::{
    ActionKind, Arch, ExposureState, HostId, OsBasis, PlanId, PlanState, Role, SourceKind, Timeline, WeaponId,
};
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use std::collections::{BTreeMap, BTreeSet};

pub const PAGE_MAX: u32 = 1000;

/// A part of a list, how many rows the whole list has, and where it goes on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Page<T> {
    pub rows: Vec<T>,
    /// Opaque; `None` on the last page.
    pub next: Option<String>,
    pub total: i64,
}

/// All conditions hold together; within a list any one does. `''` in a list of texts means "not known".
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AssetFilter {
    /// Words that all occur in label, addresses, product, group, zone or owner, whatever the case.
    pub text: Option<String>,
    pub product: Vec<String>,
    pub group: Vec<String>,
    pub zone: Vec<String>,
    pub role: Vec<String>,
    pub value: Vec<u8>,
    pub weapon: Option<WeaponFilter>,
    pub worst: Vec<String>,
    pub plan_state: Vec<PlanState>,
    pub urgency: Vec<Timeline>,
    pub action: Vec<ActionKind>,
    /// System id of the knowledge base.
    pub system: Vec<String>,
    /// Some weapon is open on it.
    pub open: Option<bool>,
    pub supported: Option<bool>,
    pub blind: Option<Blind>,
    /// Hosts of a roll-out.
    pub rollout: Option<RingFilter>,
    /// Hosts that have one of these profiles.
    pub profiles: Option<BTreeSet<ProfileId>>,
}

/// Hosts on which this weapon is in one of these states; no states means open or unknown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WeaponFilter {
    pub weapon: WeaponId,
    #[serde(default)]
    pub states: Vec<ExposureState>,
}

/// Hosts of one ring of a roll-out, or of all its rings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RingFilter {
    pub rollout: RolloutId,
    #[serde(default)]
    pub ring: Option<u8>,
}

/// What we do not see of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Blind {
    NoSystem,
    /// No source listed the updates, or the list is cut off.
    NoUpdates,
    /// Not seen since.
    Old {
        before: Timestamp,
    },
    NotAssessed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AssetColumn {
    Label,
    Address,
    Product,
    ServicePack,
    Build,
    Arch,
    Role,
    Group,
    Zone,
    Value,
    LastSeen,
    Worst,
    OpenWeapons,
    UnknownWeapons,
    OpenCves,
    OpenKev,
    /// Ascending is most urgent first.
    Urgency,
    PlanState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetSort {
    pub column: AssetColumn,
    #[serde(default)]
    pub descending: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PageQuery {
    /// First key first; empty sorts by urgency, then label.
    pub sort: Vec<AssetSort>,
    pub cursor: Option<String>,
    /// 0 is 50; at most [`PAGE_MAX`].
    pub limit: u32,
}

/// One row of the asset table. `None` is "not known", never "none".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AssetRow {
    pub id: HostId,
    pub label: String,
    pub address: Option<String>,
    pub product: Option<String>,
    pub edition: Option<String>,
    pub service_pack: Option<u8>,
    pub build: Option<u32>,
    pub arch: Option<Arch>,
    pub role: Option<Role>,
    pub group: Option<String>,
    pub zone: Option<String>,
    pub owner: Option<String>,
    pub value: Option<u8>,
    pub sources: Vec<SourceKind>,
    pub os_basis: OsBasis,
    pub updates_known: bool,
    pub updates_complete: bool,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
    /// `None` until the host is assessed.
    pub assessed: Option<Timestamp>,
    pub system: Option<String>,
    pub supported: Option<bool>,
    pub weapons: BTreeMap<WeaponId, ExposureState>,
    pub worst: Option<WeaponId>,
    pub open_weapons: u32,
    pub unknown_weapons: u32,
    pub open_cves: u32,
    pub open_kev: u32,
    /// `None` until the host is assessed, which is not [`Timeline::None`], "nothing to do".
    pub urgency: Option<Timeline>,
    pub next_action: Option<ActionKind>,
    pub plan: Option<PlanId>,
    pub plan_state: Option<PlanState>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FacetCount {
    /// `''` counts the hosts for which it is not known.
    pub value: String,
    pub hosts: i64,
}

/// How the filtered hosts fall into the values of each column, largest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facets {
    pub total: i64,
    pub product: Vec<FacetCount>,
    pub group: Vec<FacetCount>,
    pub zone: Vec<FacetCount>,
    pub role: Vec<FacetCount>,
    pub worst: Vec<FacetCount>,
    pub plan_state: Vec<FacetCount>,
    pub urgency: Vec<FacetCount>,
}

impl Store {
    pub async fn assets(&self, filter: &AssetFilter, page: &PageQuery) -> Result<Page<AssetRow>> {
        let places = self.weapon_places().await?;
        let condition = self.narrowed(filter, assets_sql::condition(filter, &places)).await?;
        self.asset_page(&condition, page, &places).await
    }

    /// The condition with its few hosts by id when the filter finds no more: then any order is a sort of these, where
    /// walking an index that lacks a column of the filter would fetch every row.
    pub(crate) async fn narrowed(&self, filter: &AssetFilter, condition: Sql) -> Result<Sql> {
        // What selects all is walked in its order; profiles and rings are in no index that has the rest.
        let rest = AssetFilter { profiles: None, rollout: None, ..filter.clone() };
        if rest != *filter || *filter == AssetFilter::default() { Ok(condition) } else { self.few(condition).await }
    }

    /// The condition by ids when it is met by few. `hosts_facets` holds every column that is asked about.
    pub(crate) async fn few(&self, condition: Sql) -> Result<Sql> {
        let mut ids = assets_sql::select("id", &condition);
        ids.push(" LIMIT ").value(IDS_MAX as i64 + 1);
        let ids = ids.all(self.db.reader()).await?;
        if ids.len() > IDS_MAX {
            return Ok(condition);
        }
        let ids = ids.iter().map(|row| row.text("id")).collect::<Result<Vec<_>>>()?;
        let mut few = Sql::new("id IN ");
        few.list(ids);
        Ok(few)
    }

    pub(crate) async fn asset_page(
        &self,
        condition: &Sql,
        page: &PageQuery,
        places: &[WeaponId],
    ) -> Result<Page<AssetRow>> {
        let limit = limit(page.limit);
        let sort = assets_sql::full_sort(&page.sort);
        let cursor = page.cursor.as_deref().map(|text| Cursor::read(text, &sort)).transpose()?;
        let mut sql = assets_sql::select("*", condition);
        if let Some(cursor) = &cursor {
            sql.push(" AND ");
            cursor.after(&sort, &mut sql);
        }
        assets_sql::order(&sort, &mut sql);
        sql.push(" LIMIT ").value(i64::from(limit) + 1);
        let count = assets_sql::select("COUNT(*) AS n", condition);
        let (rows, count) = tokio::try_join!(sql.all(self.db.reader()), count.one(self.db.reader()))?;
        let shown = rows.len().min(limit as usize);
        let more = rows.len() > shown;
        let rows = &rows[..shown];
        let last = rows.last().filter(|_| more).map(|row| Cursor::of(row, &sort)).transpose()?;
        let rows = rows.iter().map(|row| asset(row, places)).collect::<Result<_>>()?;
        Ok(Page { rows, next: last.map(|cursor| cursor.text()), total: count.int("n")? })
    }

    pub async fn asset(&self, id: &HostId) -> Result<AssetRow> {
        let places = self.weapon_places().await?;
        let row = crate::db::sql!("SELECT * FROM hosts WHERE id = $1", id.as_str())
            .optional(self.db.reader())
            .await?
            .ok_or_else(|| crate::Error::not_found("host", id))?;
        asset(&row, &places)
    }

    /// The ids of all hosts the filter selects, in id order: for fleet work.
    pub async fn asset_ids(&self, filter: &AssetFilter) -> Result<Vec<HostId>> {
        let places = self.weapon_places().await?;
        let mut sql = assets_sql::select("id", &assets_sql::condition(filter, &places));
        sql.push(" ORDER BY id");
        sql.all(self.db.reader()).await?.iter().map(|row| Ok(HostId(row.text("id")?))).collect()
    }

    /// Counts by each facet, from one walk over the hosts: they are counted by all facets together, in the order of
    /// the index `hosts_facets`, and these counts are added up by facet before they leave the database: some ten
    /// thousand rows would cost more on their way out than the walk.
    pub async fn facets(&self, filter: &AssetFilter) -> Result<Facets> {
        let places = self.weapon_places().await?;
        let columns = FACETS.join(", ");
        let mut sql = Sql::new("WITH kinds AS MATERIALIZED (");
        let kinds = assets_sql::select(&format!("{columns}, COUNT(*) AS n"), &assets_sql::condition(filter, &places));
        sql.push(&kinds.text).push(" GROUP BY ").push(&columns).push(")");
        sql.values = kinds.values;
        for (place, column) in FACETS.iter().enumerate() {
            sql.push(if place == 0 { " " } else { " UNION ALL " });
            sql.push(&format!(
                "SELECT '{column}' AS facet, CAST({column} AS TEXT) AS value, CAST(SUM(n) AS BIGINT) AS hosts \
                 FROM kinds GROUP BY {column}"
            ));
        }
        let mut counts: BTreeMap<String, Vec<FacetCount>> = BTreeMap::new();
        for row in sql.all(self.db.reader()).await? {
            let count = FacetCount { value: row.text("value")?, hosts: row.int("hosts")? };
            counts.entry(row.text("facet")?).or_default().push(count);
        }
        let total = counts.get(URGENCY).into_iter().flatten().map(|count| count.hosts).sum();
        let [product, group, zone, role, worst, plan_state, urgency] =
            FACETS.map(|column| facet(counts.remove(column).unwrap_or_default()));
        let urgency = urgency.into_iter().map(named_timeline).collect();
        Ok(Facets { total, product, group, zone, role, worst, plan_state, urgency })
    }
}

/// The columns of the index `hosts_facets`, in its order.
const FACETS: [&str; 7] = ["product", "host_group", "zone", "role", "worst", "plan_state", URGENCY];
const URGENCY: &str = "urgency";
/// Values of one facet that are told; a person looks for others by text.
const FACET_VALUES_MAX: usize = 1000;

/// Most hosts first, then by value.
fn facet(mut facet: Vec<FacetCount>) -> Vec<FacetCount> {
    facet.sort_by(|a, b| b.hosts.cmp(&a.hosts).then_with(|| a.value.cmp(&b.value)));
    facet.truncate(FACET_VALUES_MAX);
    facet
}

/// A count by urgency number as one by its word; `''` for hosts that are not assessed.
pub(crate) fn named_timeline(facet: FacetCount) -> FacetCount {
    let timeline = facet.value.parse().ok().and_then(timeline);
    FacetCount { value: crate::pack::optional_word(timeline.as_ref()), hosts: facet.hosts }
}

/// The number of a host that is not assessed: more urgent than nothing to do, because unknown is never safe.
pub(crate) const URGENCY_UNKNOWN: i64 = 6;

/// The order in which timelines are kept as numbers: ascending is most urgent first.
const TIMELINES: [(i64, Timeline); 7] = [
    (0, Timeline::Now),
    (1, Timeline::ThreeDaysForensics),
    (2, Timeline::ThreeDays),
    (3, Timeline::FourteenDays),
    (4, Timeline::SixtyDays),
    (5, Timeline::NextUpgrade),
    (7, Timeline::None),
];

pub(crate) fn timeline_number(timeline: Timeline) -> i64 {
    TIMELINES.iter().find(|(_, known)| *known == timeline).map_or(URGENCY_UNKNOWN, |(number, _)| *number)
}

pub(crate) fn timeline(number: i64) -> Option<Timeline> {
    TIMELINES.iter().find(|(known, _)| *known == number).map(|(_, timeline)| *timeline)
}

pub(crate) fn limit(asked: u32) -> u32 {
    if asked == 0 { 50 } else { asked.min(PAGE_MAX) }
}

/// What the search box is compared with: everything a person may remember of a host, in lower case.
pub(crate) fn search_text<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).map(str::to_lowercase).collect();
    clean(&parts.join("\n"))
}

pub(crate) fn asset(row: &AnyRow, places: &[WeaponId]) -> Result<AssetRow> {
    let states = row.text("states")?;
    let weapons = places.iter().zip(states.chars()).filter_map(|(id, letter)| Some((id.clone(), state_of(letter)?)));
    let updates = row.text("updates")?;
    Ok(AssetRow {
        id: HostId(row.text("id")?),
        label: row.text("label")?,
        address: known(row.text("address")?),
        product: known(row.text("product")?),
        edition: known(row.text("edition")?),
        service_pack: u8::try_from(row.int("service_pack")?).ok(),
        build: u32::try_from(row.int("build")?).ok(),
        arch: from_word(&row.text("arch")?),
        role: from_word(&row.text("role")?),
        group: known(row.text("host_group")?),
        zone: known(row.text("zone")?),
        owner: known(row.text("owner")?),
        value: u8::try_from(row.int("value")?).ok().filter(|value| *value > 0),
        sources: row.text("sources")?.split(',').filter_map(from_word).collect(),
        os_basis: from_word(&row.text("os_basis")?).unwrap_or_default(),
        updates_known: updates != "unknown",
        updates_complete: updates == "complete",
        first_seen: sure_time(row.int("first_seen")?),
        last_seen: sure_time(row.int("last_seen")?),
        assessed: time(row.int("assessed_at")?),
        system: known(row.text("system_id")?),
        supported: match row.int("supported")? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        },
        weapons: weapons.collect(),
        worst: known(row.text("worst")?).map(WeaponId),
        open_weapons: small(row.int("open_count")?),
        unknown_weapons: small(row.int("unknown_count")?),
        open_cves: small(row.int("open_cves")?),
        open_kev: small(row.int("open_kev")?),
        urgency: timeline(row.int("urgency")?),
        next_action: from_word(&row.text("next_action")?),
        plan: known(row.text("plan_id")?).map(PlanId),
        plan_state: from_word(&row.text("plan_state")?),
    })
}

fn small(n: i64) -> u32 {
    u32::try_from(n).unwrap_or(0)
}

pub(crate) fn known(text: String) -> Option<String> {
    if text.is_empty() { None } else { Some(text) }
}

/// One letter per weapon in `hosts.states`; `-` is a weapon the assessment did not know.
pub(crate) fn letter(state: ExposureState) -> char {
    match state {
        ExposureState::Open => 'o',
        ExposureState::Unknown => 'u',
        ExposureState::Fixed => 'f',
        ExposureState::NotAffected => 'n',
    }
}

pub(crate) fn state_of(letter: char) -> Option<ExposureState> {
    match letter {
        'o' => Some(ExposureState::Open),
        'u' => Some(ExposureState::Unknown),
        'f' => Some(ExposureState::Fixed),
        'n' => Some(ExposureState::NotAffected),
        _ => None,
    }
}
