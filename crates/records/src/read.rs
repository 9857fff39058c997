//! From columns back to records: what another machine recorded is shown here too.
//!
//! The columns come from outside. They are those of the table, but what stands in them may be anything.

use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowPrimitiveType, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, RecordBatch, StringArray};
use jiff::Timestamp;
use model::{Confidence, Finding, FindingOutcome, Notable, NotableKind, WeaponId};
use std::net::IpAddr;

/// Bytes of one text, and items of one list.
const TEXT_BYTES_MAX: usize = 1 << 14;
const ITEMS_MAX: usize = 10_000;
/// Nothing is counted further in one record; sums of what comes from outside must stay numbers.
const COUNT_MAX: u64 = 1 << 40;

/// What stands in a column cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("row {row} has no proper `{column}`")]
pub struct BadValue {
    pub row: usize,
    pub column: &'static str,
}

/// The findings that are in columns.
pub fn findings(rows: &RecordBatch) -> Result<Vec<Finding>, BadValue> {
    (0..rows.num_rows()).map(|row| finding(&Row { rows, row })).collect()
}

/// The same of what stands out.
pub fn notables(rows: &RecordBatch) -> Result<Vec<Notable>, BadValue> {
    (0..rows.num_rows()).map(|row| notable(&Row { rows, row })).collect()
}

fn finding(row: &Row<'_>) -> Result<Finding, BadValue> {
    let outcome = match row.text("outcome")? {
        "attempt" => FindingOutcome::Attempt,
        "success" => FindingOutcome::Success,
        _ => return Err(row.bad("outcome")),
    };
    let confidence = match row.text("confidence")? {
        "verified" => Confidence::Verified,
        "known" => Confidence::Known,
        "disputed" => Confidence::Disputed,
        "unverified" => Confidence::Unverified,
        _ => return Err(row.bad("confidence")),
    };
    Ok(Finding {
        weapon: WeaponId(row.name("weapon")?),
        sign: row.name("sign")?,
        outcome,
        confidence,
        originator: row.address("originator")?,
        responder: row.address("responder")?,
        count: row.count("count")?,
        first: row.time("first")?,
        last: row.time("last")?,
        community_ids: row.texts("community_ids")?,
        frames: row.counts("frames")?,
    })
}

fn notable(row: &Row<'_>) -> Result<Notable, BadValue> {
    let kind = match row.text("kind")? {
        "behaviour" => NotableKind::Behaviour,
        "indicator" => NotableKind::Indicator,
        _ => return Err(row.bad("kind")),
    };
    let (names, values) = (row.texts("fact_names")?, row.list::<Float64Type>("fact_values")?);
    if names.len() != values.len() || values.iter().any(|value| !value.is_finite()) {
        return Err(row.bad("fact_values"));
    }
    let port = row.number::<Int32Type>("port")?.map(u16::try_from).transpose().map_err(|_| row.bad("port"))?;
    let responder = row.optional("responder")?.map(|text| text.parse().map_err(|_| row.bad("responder")));
    Ok(Notable {
        kind,
        name: row.name("name")?,
        value: row.optional("value")?.unwrap_or_default().to_owned(),
        place: row.optional("place")?.unwrap_or_default().to_owned(),
        originator: row.address("originator")?,
        responder: responder.transpose()?,
        transport: row.optional("transport")?.map(str::to_owned),
        port,
        count: row.count("count")?,
        first: row.time("first")?,
        last: row.time("last")?,
        facts: names.into_iter().zip(values).collect(),
        community_ids: row.texts("community_ids")?,
        frames: row.counts("frames")?,
    })
}

struct Row<'a> {
    rows: &'a RecordBatch,
    row: usize,
}

impl<'a> Row<'a> {
    fn bad(&self, column: &'static str) -> BadValue {
        BadValue { row: self.row, column }
    }

    fn column(&self, column: &'static str) -> Result<&'a dyn Array, BadValue> {
        self.rows.column_by_name(column).map(AsRef::as_ref).ok_or_else(|| self.bad(column))
    }

    fn optional(&self, column: &'static str) -> Result<Option<&'a str>, BadValue> {
        let texts = self.column(column)?.as_string_opt::<i32>().ok_or_else(|| self.bad(column))?;
        let text = texts.is_valid(self.row).then(|| texts.value(self.row));
        if text.is_some_and(|text| text.len() > TEXT_BYTES_MAX) { Err(self.bad(column)) } else { Ok(text) }
    }

    fn text(&self, column: &'static str) -> Result<&'a str, BadValue> {
        self.optional(column)?.ok_or_else(|| self.bad(column))
    }

    fn name(&self, column: &'static str) -> Result<String, BadValue> {
        let text = self.text(column)?;
        if text.is_empty() { Err(self.bad(column)) } else { Ok(text.to_owned()) }
    }

    fn address(&self, column: &'static str) -> Result<IpAddr, BadValue> {
        self.text(column)?.parse().map_err(|_| self.bad(column))
    }

    fn number<T: ArrowPrimitiveType>(&self, column: &'static str) -> Result<Option<T::Native>, BadValue> {
        let numbers = self.column(column)?.as_primitive_opt::<T>().ok_or_else(|| self.bad(column))?;
        Ok(numbers.is_valid(self.row).then(|| numbers.value(self.row)))
    }

    fn count(&self, column: &'static str) -> Result<u64, BadValue> {
        let number = self.number::<Int64Type>(column)?.and_then(|number| u64::try_from(number).ok());
        number.filter(|number| *number <= COUNT_MAX).ok_or_else(|| self.bad(column))
    }

    fn time(&self, column: &'static str) -> Result<Timestamp, BadValue> {
        let us = self.number::<TimestampMicrosecondType>(column)?;
        us.and_then(|us| Timestamp::from_microsecond(us).ok()).ok_or_else(|| self.bad(column))
    }

    fn items(&self, column: &'static str) -> Result<arrow_array::ArrayRef, BadValue> {
        let lists = self.column(column)?.as_list_opt::<i32>().ok_or_else(|| self.bad(column))?;
        let items = lists.is_valid(self.row).then(|| lists.value(self.row));
        items.filter(|items| items.len() <= ITEMS_MAX && items.null_count() == 0).ok_or_else(|| self.bad(column))
    }

    fn texts(&self, column: &'static str) -> Result<Vec<String>, BadValue> {
        let items = self.items(column)?;
        let texts: &StringArray = items.as_string_opt().ok_or_else(|| self.bad(column))?;
        let texts: Vec<String> = texts.iter().flatten().map(str::to_owned).collect();
        if texts.iter().any(|text| text.len() > TEXT_BYTES_MAX) { Err(self.bad(column)) } else { Ok(texts) }
    }

    fn list<T: ArrowPrimitiveType>(&self, column: &'static str) -> Result<Vec<T::Native>, BadValue> {
        let items = self.items(column)?;
        Ok(items.as_primitive_opt::<T>().ok_or_else(|| self.bad(column))?.values().to_vec())
    }

    fn counts(&self, column: &'static str) -> Result<Vec<u64>, BadValue> {
        let numbers = self.list::<Int64Type>(column)?.into_iter().map(u64::try_from);
        numbers.collect::<Result<_, _>>().map_err(|_| self.bad(column))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;
    use crate::{Batch, FINDINGS, NOTABLES};
    use arrow_array::{ArrayRef, StringArray};
    use std::sync::Arc;

    fn a_finding() -> Finding {
        Finding {
            weapon: WeaponId("eternalblue".to_owned()),
            sign: "trans2-secondary".to_owned(),
            outcome: FindingOutcome::Success,
            confidence: Confidence::Verified,
            originator: [10, 0, 0, 1].into(),
            responder: "fe80::1".parse().unwrap(),
            count: 3,
            first: Timestamp::from_microsecond(1_494_547_200_000_001).unwrap(),
            last: Timestamp::from_microsecond(1_494_547_200_000_009).unwrap(),
            community_ids: vec!["1:a".to_owned(), "1:b".to_owned()],
            frames: vec![1, 7],
        }
    }

    fn a_notable() -> Notable {
        Notable {
            kind: NotableKind::Behaviour,
            name: "beacon".to_owned(),
            value: String::new(),
            place: String::new(),
            originator: [10, 0, 0, 1].into(),
            responder: None,
            transport: Some("tcp".to_owned()),
            port: Some(65_535),
            count: 9,
            first: Timestamp::UNIX_EPOCH,
            last: Timestamp::UNIX_EPOCH,
            facts: [("period_s".to_owned(), 60.5), ("uses_min".to_owned(), 8.0)].into(),
            community_ids: Vec::new(),
            frames: Vec::new(),
        }
    }

    fn columns<R>(kind: &'static crate::Kind<R>, records: &[R]) -> RecordBatch {
        let mut batch = Batch::new(kind);
        records.iter().for_each(|record| batch.push(record));
        batch.take().unwrap()
    }

    #[test]
    fn records_come_back_as_they_were() {
        let found = [a_finding(), Finding { outcome: FindingOutcome::Attempt, frames: vec![], ..a_finding() }];
        assert_eq!(findings(&columns(&FINDINGS, &found)).unwrap(), found);
        let indicator = Notable {
            kind: NotableKind::Indicator,
            value: "evil.example".to_owned(),
            place: "question".to_owned(),
            responder: Some([10, 0, 0, 2].into()),
            transport: None,
            port: None,
            facts: Default::default(),
            ..a_notable()
        };
        let notable = [a_notable(), indicator];
        assert_eq!(notables(&columns(&NOTABLES, &notable)).unwrap(), notable);
    }

    #[test]
    fn what_cannot_be_is_told_by_row_and_column() {
        let whole = columns(&FINDINGS, &[a_finding()]);
        for (column, text) in [("originator", "nowhere"), ("outcome", "perhaps"), ("weapon", ""), ("confidence", "")] {
            let at = whole.schema().index_of(column).unwrap();
            let mut changed: Vec<ArrayRef> = whole.columns().to_vec();
            changed[at] = Arc::new(StringArray::from(vec![text]));
            let changed = RecordBatch::try_new(whole.schema(), changed).unwrap();
            assert_eq!(findings(&changed).unwrap_err(), BadValue { row: 0, column });
        }
        assert_eq!(findings(&columns(&NOTABLES, &[a_notable()])).unwrap_err(), BadValue { row: 0, column: "outcome" });
        let long = Finding { sign: "x".repeat(TEXT_BYTES_MAX + 1), ..a_finding() };
        assert_eq!(findings(&columns(&FINDINGS, &[long])).unwrap_err().column, "sign");
        let many = Finding { frames: vec![1; ITEMS_MAX + 1], ..a_finding() };
        assert_eq!(findings(&columns(&FINDINGS, &[many])).unwrap_err().column, "frames");
        let unlike = Notable { facts: [("a".to_owned(), f64::NAN)].into(), ..a_notable() };
        assert_eq!(notables(&columns(&NOTABLES, &[unlike])).unwrap_err().column, "fact_values");
    }
}
