//! The statements of the asset table: conditions, order, and the key at which a page was cut.

use crate::assets::{AssetColumn, AssetFilter, AssetSort, Blind, RingFilter, letter, timeline_number};
use crate::db::{Columns, Sql, Value};
use crate::pack::{clean, from_hex, hex, word};
use crate::{Error, Result};
use model::{ExposureState, WeaponId};
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;

/// A search of a hundred words is no search.
const SEARCH_WORDS_MAX: usize = 8;
const CURSOR_BYTES_MAX: usize = 16 << 10;

pub(crate) fn select(columns: &str, condition: &Sql) -> Sql {
    Sql { text: format!("SELECT {columns} FROM hosts WHERE {}", condition.text), values: condition.values.clone() }
}

/// The condition of a filter; its placeholders start at `$1`.
pub(crate) fn condition(filter: &AssetFilter, places: &[WeaponId]) -> Sql {
    let mut sql = Sql::new("1 = 1");
    for word in filter.text.iter().flat_map(|text| text.split_whitespace()).take(SEARCH_WORDS_MAX) {
        sql.push(" AND search LIKE ").value(format!("%{}%", escaped(&clean(&word.to_lowercase()))));
        sql.push(" ESCAPE '\\'");
    }
    among(&mut sql, "product", filter.product.iter().map(String::as_str));
    among(&mut sql, "host_group", filter.group.iter().map(String::as_str));
    among(&mut sql, "zone", filter.zone.iter().map(String::as_str));
    among(&mut sql, "role", filter.role.iter().map(String::as_str));
    among(&mut sql, "worst", filter.worst.iter().map(String::as_str));
    among(&mut sql, "system_id", filter.system.iter().map(String::as_str));
    among(&mut sql, "value", filter.value.iter().map(|value| i64::from(*value)));
    among(&mut sql, "plan_state", filter.plan_state.iter().map(word));
    among(&mut sql, "urgency", filter.urgency.iter().map(|timeline| timeline_number(*timeline)));
    among(&mut sql, "next_action", filter.action.iter().map(word));
    if let Some(weapon) = &filter.weapon {
        weapon_condition(&mut sql, &weapon.weapon, &weapon.states, places);
    }
    match filter.open {
        Some(true) => sql.push(" AND open_count > 0"),
        Some(false) => sql.push(" AND open_count = 0"),
        None => &mut sql,
    };
    if let Some(supported) = filter.supported {
        sql.push(" AND supported = ").value(i64::from(supported));
    }
    if let Some(blind) = filter.blind {
        blind_condition(&mut sql, blind);
    }
    if let Some(RingFilter { rollout, ring }) = filter.rollout {
        sql.push(" AND id IN (SELECT host FROM rollout_hosts WHERE rollout = ").value(rollout);
        if let Some(ring) = ring {
            sql.push(" AND ring = ").value(i64::from(ring));
        }
        sql.push(")");
    }
    if let Some(profiles) = &filter.profiles {
        // Numbers of our own, and there may be more of them than a statement takes values. The sign keeps the planner
        // from fetching and sorting all hosts of the profiles for one page of them: walking the order is quicker.
        let profiles: Vec<_> = profiles.iter().map(ToString::to_string).collect();
        sql.push(" AND +profile IN (").push(if profiles.is_empty() { "NULL" } else { "" });
        sql.push(&profiles.join(", ")).push(")");
    }
    sql
}

fn among<V: Into<Value>>(sql: &mut Sql, column: &'static str, values: impl ExactSizeIterator<Item = V>) {
    if values.len() > 0 {
        sql.push(" AND ").push(column).push(" IN ").list(values);
    }
}

pub(crate) fn weapon_condition(sql: &mut Sql, weapon: &WeaponId, states: &[ExposureState], places: &[WeaponId]) {
    let Some(place) = places.iter().position(|known| known == weapon) else {
        // No host was ever assessed for it.
        sql.push(" AND 1 = 0");
        return;
    };
    let default = [ExposureState::Open, ExposureState::Unknown];
    let states = if states.is_empty() { &default[..] } else { states };
    // The place is our own number, not text from outside; as a literal it lets SQLite fold the expression.
    sql.push(&format!(" AND substr(states, {}, 1) IN ", place + 1));
    sql.list(states.iter().map(|state| letter(*state).to_string()));
}

fn blind_condition(sql: &mut Sql, blind: Blind) {
    match blind {
        Blind::NoSystem => sql.push(" AND product = ''"),
        Blind::NoUpdates => sql.push(" AND updates <> 'complete'"),
        Blind::Old { before } => sql.push(" AND last_seen < ").value(before.as_microsecond()),
        Blind::NotAssessed => sql.push(" AND assessed_at = 0"),
    };
}

fn escaped(word: &str) -> String {
    word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

/// One key of the full order: a column and its direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    pub column: &'static str,
    pub number: bool,
    pub descending: bool,
}

/// The asked order made total: the id breaks all ties, so that every row has exactly one place.
pub(crate) fn full_sort(asked: &[AssetSort]) -> Vec<Key> {
    let default = [AssetColumn::Urgency, AssetColumn::Label].map(|column| AssetSort { column, descending: false });
    let asked = if asked.is_empty() { &default[..] } else { asked };
    let mut keys: Vec<Key> = Vec::new();
    for sort in asked {
        let (column, number) = column(sort.column);
        if !keys.iter().any(|key| key.column == column) {
            keys.push(Key { column, number, descending: sort.descending });
        }
    }
    let descending = keys.last().is_some_and(|key| key.descending);
    keys.push(Key { column: "id", number: false, descending });
    keys
}

fn column(column: AssetColumn) -> (&'static str, bool) {
    match column {
        AssetColumn::Label => ("label", false),
        AssetColumn::Address => ("address", false),
        AssetColumn::Product => ("product", false),
        AssetColumn::ServicePack => ("service_pack", true),
        AssetColumn::Build => ("build", true),
        AssetColumn::Arch => ("arch", false),
        AssetColumn::Role => ("role", false),
        AssetColumn::Group => ("host_group", false),
        AssetColumn::Zone => ("zone", false),
        AssetColumn::Value => ("value", true),
        AssetColumn::LastSeen => ("last_seen", true),
        AssetColumn::Worst => ("worst", false),
        AssetColumn::OpenWeapons => ("open_count", true),
        AssetColumn::UnknownWeapons => ("unknown_count", true),
        AssetColumn::OpenCves => ("open_cves", true),
        AssetColumn::OpenKev => ("open_kev", true),
        AssetColumn::Urgency => ("urgency", true),
        AssetColumn::PlanState => ("plan_state", false),
    }
}

pub(crate) fn order(keys: &[Key], sql: &mut Sql) {
    let keys: Vec<_> =
        keys.iter().map(|key| format!("{} {}", key.column, if key.descending { "DESC" } else { "ASC" })).collect();
    sql.push(" ORDER BY ").push(&keys.join(", "));
}

/// The last row of a page, by the columns it was sorted by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cursor {
    /// The order it belongs to; another order would skip or repeat rows.
    order: String,
    values: Vec<Mark>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Mark {
    Int(i64),
    Text(String),
}

impl From<&Mark> for Value {
    fn from(mark: &Mark) -> Self {
        match mark {
            Mark::Int(number) => Value::Int(*number),
            Mark::Text(text) => Value::Text(text.clone()),
        }
    }
}

impl Cursor {
    pub fn of(row: &AnyRow, keys: &[Key]) -> Result<Cursor> {
        let value = |key: &Key| {
            Ok(if key.number { Mark::Int(row.int(key.column)?) } else { Mark::Text(row.text(key.column)?) })
        };
        Ok(Cursor { order: name(keys), values: keys.iter().map(value).collect::<Result<_>>()? })
    }

    pub fn text(&self) -> String {
        hex(serde_json::to_string(self).unwrap_or_default().as_bytes())
    }

    pub fn read(text: &str, keys: &[Key]) -> Result<Cursor> {
        if text.len() > CURSOR_BYTES_MAX {
            return Err(Error::Cursor);
        }
        let bytes = from_hex(text).ok_or(Error::Cursor)?;
        let cursor: Cursor = serde_json::from_slice(&bytes).map_err(|_| Error::Cursor)?;
        let fits = cursor.order == name(keys)
            && cursor.values.len() == keys.len()
            && cursor.values.iter().zip(keys).all(|(mark, key)| match mark {
                Mark::Int(_) => key.number,
                Mark::Text(text) => !key.number && !text.contains('\0'),
            });
        if fits { Ok(cursor) } else { Err(Error::Cursor) }
    }

    /// Adds the condition "comes after this row". In one direction it is a comparison of rows, which an index over the
    /// same columns answers at once. In mixed directions it is spelled out; there the first comparison alone lets an
    /// index on the first column find the place.
    pub fn after(&self, keys: &[Key], sql: &mut Sql) {
        if keys.iter().all(|key| key.descending == keys[0].descending) {
            let columns: Vec<_> = keys.iter().map(|key| key.column).collect();
            sql.push("(").push(&columns.join(", ")).push(if keys[0].descending { ") < " } else { ") > " });
            sql.list(&self.values);
            return;
        }
        let operator = |key: &Key| if key.descending { " < " } else { " > " };
        let Some((first, mark)) = keys.first().zip(self.values.first()) else { return };
        sql.push(first.column).push(if first.descending { " <= " } else { " >= " }).value(mark);
        sql.push(" AND (");
        for (depth, (key, mark)) in keys.iter().zip(&self.values).enumerate() {
            sql.push(if depth == 0 { "(" } else { " OR (" });
            for (equal, mark) in keys.iter().zip(&self.values).take(depth) {
                sql.push(equal.column).push(" = ").value(mark).push(" AND ");
            }
            sql.push(key.column).push(operator(key)).value(mark).push(")");
        }
        sql.push(")");
    }
}

fn name(keys: &[Key]) -> String {
    let keys: Vec<_> =
        keys.iter().map(|key| format!("{}{}", if key.descending { "-" } else { "" }, key.column)).collect();
    keys.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_of_another_order_is_refused() {
        let by_label = full_sort(&[AssetSort { column: AssetColumn::Label, descending: false }]);
        let by_value = full_sort(&[AssetSort { column: AssetColumn::Value, descending: true }]);
        let cursor = Cursor { order: name(&by_label), values: vec![Mark::Text("a".into()), Mark::Text("b".into())] };
        assert_eq!(Cursor::read(&cursor.text(), &by_label).unwrap(), cursor);
        assert!(matches!(Cursor::read(&cursor.text(), &by_value), Err(Error::Cursor)));
        for bad in ["", "00", "zz", "7b7d"] {
            assert!(matches!(Cursor::read(bad, &by_label), Err(Error::Cursor)), "{bad}");
        }
    }

    #[test]
    fn wildcards_in_a_search_are_letters() {
        assert_eq!(escaped("100%_\\"), "100\\%\\_\\\\");
    }

    #[test]
    fn every_order_ends_with_the_id() {
        let keys = full_sort(&[
            AssetSort { column: AssetColumn::Zone, descending: true },
            AssetSort { column: AssetColumn::Zone, descending: false },
        ]);
        assert_eq!(name(&keys), "-zone,-id");
    }
}
