//! What files leave out because it follows from the rest of a row.
//!
//! The Community ID of a conversation with ports is a digest of its five elements: nothing packs it, and it would be a third
//! of a file. In a file it is empty where it is what the row says anyway; whoever reads rows through the lake has it.

use arrow_array::builder::StringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, Int32Array, RecordBatch, StringArray};
use std::net::IpAddr;
use std::sync::Arc;
use wire::community::{self, Ends};

/// The column that is left out.
pub(crate) const COMMUNITY_ID: &str = "community_id";
/// The columns that it follows from.
pub(crate) const ENDS: [&str; 5] = ["originator", "originator_port", "responder", "responder_port", "transport"];

/// The rows with every Community ID that their file left out. The columns are those that [`Table::schema`] names, and stay
/// as they are in everything else; without [the columns it follows from](ENDS) nothing is put in.
///
/// [`Table::schema`]: crate::Table::schema
pub fn whole(rows: &RecordBatch) -> RecordBatch {
    replaced(rows, |known, derived| if known.is_empty() { derived } else { known })
}

/// The rows as they are written to a file.
pub(crate) fn bare(rows: &RecordBatch) -> RecordBatch {
    replaced(rows, |known, derived| if known == derived { "" } else { known })
}

/// The Community ID of one row, whether it is there or was left out.
pub(crate) fn community_id(rows: &RecordBatch, row: usize) -> Option<String> {
    let known = rows.column_by_name(COMMUNITY_ID)?.as_string_opt::<i32>()?;
    let known = known.is_valid(row).then(|| known.value(row))?;
    if !known.is_empty() {
        return Some(known.to_owned());
    }
    Some(Columns::of(rows).and_then(|columns| columns.derived(row)).unwrap_or_default())
}

fn replaced(rows: &RecordBatch, one: impl for<'t> Fn(&'t str, &'t str) -> &'t str) -> RecordBatch {
    let Some(columns) = Columns::of(rows) else { return rows.clone() };
    let Some((place, field)) = rows.schema_ref().column_with_name(COMMUNITY_ID).filter(|(_, field)| {
        // A column of another kind is not ours to change.
        *field.data_type() == arrow_schema::DataType::Utf8
    }) else {
        return rows.clone();
    };
    let Some(known) = rows.column(place).as_string_opt::<i32>() else { return rows.clone() };
    let mut ids = StringBuilder::with_capacity(known.len(), known.value_data().len());
    for row in 0..known.len() {
        if known.is_null(row) && field.is_nullable() {
            ids.append_null();
        } else {
            let derived = columns.derived(row).unwrap_or_default();
            ids.append_value(one(known.value(row), &derived));
        }
    }
    let mut all = rows.columns().to_vec();
    if let Some(column) = all.get_mut(place) {
        *column = Arc::new(ids.finish());
    }
    RecordBatch::try_new(rows.schema(), all).unwrap_or_else(|_| rows.clone())
}

/// The columns that a Community ID follows from.
struct Columns<'a> {
    originator: &'a StringArray,
    originator_port: &'a Int32Array,
    responder: &'a StringArray,
    responder_port: &'a Int32Array,
    transport: &'a StringArray,
}

impl<'a> Columns<'a> {
    fn of(rows: &'a RecordBatch) -> Option<Columns<'a>> {
        let text = |name| rows.column_by_name(name)?.as_string_opt::<i32>();
        let number = |name| rows.column_by_name(name)?.as_primitive_opt::<Int32Type>();
        let [originator, originator_port, responder, responder_port, transport] = ENDS;
        Some(Columns {
            originator: text(originator)?,
            originator_port: number(originator_port)?,
            responder: text(responder)?,
            responder_port: number(responder_port)?,
            transport: text(transport)?,
        })
    }

    /// None where it follows from more than the row has, such as the kind of an ICMP message.
    fn derived(&self, row: usize) -> Option<String> {
        let protocol = match self.transport.value(row) {
            "tcp" => 6,
            "udp" => 17,
            "sctp" => 132,
            _ => return None,
        };
        let end = |address: &StringArray, port: &Int32Array| -> Option<(IpAddr, u16)> {
            Some((address.value(row).parse().ok()?, port.value(row).try_into().ok()?))
        };
        let source = end(self.originator, self.originator_port)?;
        let destination = end(self.responder, self.responder_port)?;
        Some(community::id(&Ends { source, destination, protocol, one_way: false }, 0, true))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;
    use crate::Table;
    use proptest::prelude::*;
    use std::sync::Arc;

    fn rows(known: &[Option<&str>], transport: &str) -> RecordBatch {
        let schema = Table::named("session").unwrap().schema();
        let names = [COMMUNITY_ID].into_iter().chain(ENDS);
        let schema =
            Arc::new(schema.project(&names.map(|name| schema.index_of(name).unwrap()).collect::<Vec<_>>()).unwrap());
        let columns = Columns::of;
        let count = known.len();
        let text = |value: &str| Arc::new(StringArray::from(vec![value; count])) as arrow_array::ArrayRef;
        let number = |value: i32| Arc::new(Int32Array::from(vec![value; count])) as arrow_array::ArrayRef;
        let ends = [text("128.232.110.120"), number(34_855), text("66.35.250.204"), number(80), text(transport)];
        let first =
            RecordBatch::try_new(schema.clone(), std::iter::once(text("")).chain(ends.clone()).collect()).unwrap();
        let derived = columns(&first).unwrap().derived(0).unwrap_or_default();
        let ids: StringArray = known.iter().map(|id| Some(id.map_or(derived.clone(), str::to_owned))).collect();
        RecordBatch::try_new(schema, std::iter::once(Arc::new(ids) as arrow_array::ArrayRef).chain(ends).collect())
            .unwrap()
    }

    #[test]
    fn what_follows_from_the_ends_is_left_out_and_comes_back() {
        let kept = rows(&[None, Some("another"), None], "tcp");
        let bare = bare(&kept);
        let ids: Vec<_> = bare.column(0).as_string::<i32>().iter().flatten().collect();
        assert_eq!(ids, ["", "another", ""]);
        assert_eq!(whole(&bare), kept);
        assert_eq!(community_id(&bare, 0).unwrap(), "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
        assert_eq!(community_id(&bare, 1).unwrap(), "another");
    }

    #[test]
    fn of_a_message_without_ports_it_is_kept() {
        let kept = rows(&[Some("1:X0snYXpgwiv9TZtqg64sgzUn6Dk=")], "icmp");
        assert_eq!(bare(&kept), kept);
        assert_eq!(whole(&kept), kept);
    }

    proptest! {
        /// Whatever stands in a row, it comes back as it was.
        #[test]
        fn rows_come_back(ids in proptest::collection::vec(proptest::option::of("[a-z:]{1,8}"), 1..20), transport in "tcp|udp|sctp|icmp|47|") {
            let kept = rows(&ids.iter().map(Option::as_deref).collect::<Vec<_>>(), &transport);
            prop_assert_eq!(whole(&bare(&kept)), kept);
        }
    }
}
