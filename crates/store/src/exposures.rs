//! The exposure list, host × weapon × state, and the counts behind the relation graph.

use crate::assets::{AssetFilter, AssetRow, Page, asset, limit, state_of};
use crate::assets_sql::{self, Cursor, Key};
use crate::db::{Columns, Sql};
use crate::hosts::IDS_MAX;
use crate::{Error, Result, Store};
use model::{Disposal, Exposure, ExposureState, HostId, WeaponId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExposureFilter {
    /// Empty is all weapons.
    pub weapons: Vec<WeaponId>,
    /// Empty is open and unknown: unknown is never safe.
    pub states: Vec<ExposureState>,
    pub assets: AssetFilter,
}

/// One weapon against one host, with the evidence and what the flow decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExposureRow {
    pub weapon: WeaponId,
    pub state: ExposureState,
    pub asset: AssetRow,
    pub exposure: Option<Exposure>,
    pub disposal: Option<Disposal>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExposureCounts {
    pub hosts: i64,
    pub weapons: Vec<WeaponCount>,
    pub systems: Vec<SystemCount>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeaponCount {
    pub weapon: WeaponId,
    pub open: i64,
    pub unknown: i64,
    pub fixed: i64,
    pub not_affected: i64,
}

/// How many hosts of one system are in one state for one weapon; no system is "not known well enough".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SystemCount {
    pub system: Option<String>,
    pub weapon: WeaponId,
    pub state: ExposureState,
    pub hosts: i64,
}

/// Within one weapon the list is in label order.
const KEYS: [Key; 2] =
    [Key { column: "label", number: false, descending: false }, Key { column: "id", number: false, descending: false }];

impl Store {
    /// The list in the order of weapons, then labels.
    pub async fn exposures(
        &self,
        filter: &ExposureFilter,
        cursor: Option<&str>,
        rows: u32,
    ) -> Result<Page<ExposureRow>> {
        let places = self.weapon_places().await?;
        let wanted = wanted(filter, &places);
        let (first, mut after) = cursor.map(read_cursor).transpose()?.unwrap_or((0, None));
        let limit = limit(rows) as usize;
        let hits = hits(&self.state_groups(&filter.assets, &places).await?, filter, places.len());
        let mut found: Vec<(usize, sqlx::any::AnyRow)> = Vec::new();
        // A weapon that hits none would be looked for in every host, and one that hits few in most of them.
        for place in wanted.iter().copied().filter(|place| *place >= first && hits[*place] > 0) {
            let mut condition = assets_sql::condition(&filter.assets, &places);
            assets_sql::weapon_condition(&mut condition, &places[place], &filter.states, &places);
            if hits[place] <= IDS_MAX as i64 {
                condition = self.few(condition).await?;
            }
            let mut sql = assets_sql::select("*", &condition);
            if let Some(cursor) = after.take().filter(|_| place == first) {
                sql.push(" AND ");
                cursor.after(&KEYS, &mut sql);
            }
            assets_sql::order(&KEYS, &mut sql);
            sql.push(" LIMIT ").value((limit + 1 - found.len()) as i64);
            found.extend(sql.all(self.db.reader()).await?.into_iter().map(|row| (place, row)));
            if found.len() > limit {
                break;
            }
        }
        let more = found.len() > limit;
        found.truncate(limit);
        let next = match found.last().filter(|_| more) {
            Some((place, row)) => Some(format!("{place}-{}", Cursor::of(row, &KEYS)?.text())),
            None => None,
        };
        let rows = found.iter().map(|(place, row)| Ok((*place, asset(row, &places)?))).collect::<Result<Vec<_>>>()?;
        let total = wanted.iter().map(|place| hits[*place]).sum();
        Ok(Page { rows: self.with_evidence(rows, &places).await?, next, total })
    }

    async fn with_evidence(&self, rows: Vec<(usize, AssetRow)>, places: &[WeaponId]) -> Result<Vec<ExposureRow>> {
        let mut ids: Vec<HostId> = rows.iter().map(|(_, asset)| asset.id.clone()).collect();
        ids.sort();
        ids.dedup();
        let evidence = self.evidence(&ids).await?;
        let row = |(place, asset): (usize, AssetRow)| {
            let weapon = places[place].clone();
            let of_host = evidence.get(&asset.id);
            let exposure = of_host.and_then(|found| found.exposures.iter().find(|one| one.weapon == weapon)).cloned();
            let disposal = of_host.and_then(|found| found.disposals.iter().find(|one| one.weapon == weapon)).cloned();
            let state = asset.weapons.get(&weapon).copied().unwrap_or(ExposureState::Unknown);
            ExposureRow { weapon, state, asset, exposure, disposal }
        };
        Ok(rows.into_iter().map(row).collect())
    }

    /// How many of the filtered hosts are in which state, per weapon and per system.
    pub async fn exposure_counts(&self, filter: &AssetFilter) -> Result<ExposureCounts> {
        let places = self.weapon_places().await?;
        let groups = self.state_groups(filter, &places).await?;
        let mut systems: BTreeMap<(String, usize, ExposureState), i64> = BTreeMap::new();
        for group in &groups {
            for (place, state) in group.states.chars().enumerate() {
                if let Some(state) = state_of(state) {
                    *systems.entry((group.system.clone(), place, state)).or_default() += group.hosts;
                }
            }
        }
        let count = |place: usize, state: ExposureState| -> i64 {
            systems.iter().filter(|((_, p, s), _)| (*p, *s) == (place, state)).map(|(_, hosts)| hosts).sum()
        };
        let weapons = places
            .iter()
            .enumerate()
            .map(|(place, weapon)| WeaponCount {
                weapon: weapon.clone(),
                open: count(place, ExposureState::Open),
                unknown: count(place, ExposureState::Unknown),
                fixed: count(place, ExposureState::Fixed),
                not_affected: count(place, ExposureState::NotAffected),
            })
            .collect();
        let system = |((system, place, state), hosts): ((String, usize, ExposureState), i64)| {
            let weapon = places.get(place)?.clone();
            Some(SystemCount { system: crate::assets::known(system), weapon, state, hosts })
        };
        let hosts = groups.iter().map(|group| group.hosts).sum();
        Ok(ExposureCounts { hosts, weapons, systems: systems.into_iter().filter_map(system).collect() })
    }

    /// Hosts by system and state letters: hosts fall into few of them, so everything else is counted from here.
    async fn state_groups(&self, filter: &AssetFilter, places: &[WeaponId]) -> Result<Vec<StateGroup>> {
        let mut sql: Sql =
            assets_sql::select("system_id, states, COUNT(*) AS n", &assets_sql::condition(filter, places));
        sql.push(" GROUP BY system_id, states");
        let rows = sql.all(self.db.reader()).await?;
        rows.iter()
            .map(|row| {
                Ok(StateGroup { system: row.text("system_id")?, states: row.text("states")?, hosts: row.int("n")? })
            })
            .collect()
    }
}

struct StateGroup {
    system: String,
    states: String,
    hosts: i64,
}

/// How many hosts are in the asked states, by the place of the weapon.
fn hits(groups: &[StateGroup], filter: &ExposureFilter, places: usize) -> Vec<i64> {
    let asked = |state: ExposureState| {
        if filter.states.is_empty() { state.needs_action() } else { filter.states.contains(&state) }
    };
    let mut hits = vec![0; places];
    for group in groups {
        for (hit, letter) in hits.iter_mut().zip(group.states.chars()) {
            if state_of(letter).is_some_and(asked) {
                *hit += group.hosts;
            }
        }
    }
    hits
}

fn wanted(filter: &ExposureFilter, places: &[WeaponId]) -> Vec<usize> {
    (0..places.len()).filter(|place| filter.weapons.is_empty() || filter.weapons.contains(&places[*place])).collect()
}

fn read_cursor(text: &str) -> Result<(usize, Option<Cursor>)> {
    let (place, rest) = text.split_once('-').ok_or(Error::Cursor)?;
    Ok((place.parse().map_err(|_| Error::Cursor)?, Some(Cursor::read(rest, &KEYS)?)))
}
