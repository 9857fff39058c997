//! A batch of rows as it is delivered, and as bytes.
//!
//! The bytes come from outside. They say which columns there are by name only, since the library's reader of schemas
//! breaks down over a wrong one, and they are packed as a whole and not by the library, which would ask for as much
//! memory as they say.

use super::RECORD_BYTES_MAX;
use crate::error::Refused;
use crate::fit::fit;
use crate::table::Table;
use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::reader::read_record_batch;
use arrow_ipc::writer::{DictionaryTracker, IpcDataGenerator, IpcWriteContext, IpcWriteOptions};
use arrow_schema::{Schema, SchemaRef};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Bytes of a batch when it is unpacked.
const UNPACKED_BYTES_MAX: usize = 1 << 28;
/// The same of one that another machine delivers, and rows of it: nobody there may ask for much memory here.
const DELIVERED_BYTES_MAX: usize = 1 << 26;
const DELIVERED_ROWS_MAX: usize = 1 << 16;
/// Bytes of a source's name.
const SOURCE_BYTES_MAX: usize = 200;

/// Rows of one table from one source, numbered by it without gaps.
#[derive(Debug, Clone)]
pub struct Batch {
    pub table: &'static Table,
    /// Who delivers: a sensor, an agent, the server itself.
    pub source: String,
    pub sequence: i64,
    pub rows: RecordBatch,
}

/// The batch as bytes: names of the table, the source and the columns, each with its length before it, the sequence, and
/// packed by LZ4 the Arrow message and the buffers of the rows.
pub(crate) fn encode(batch: &Batch) -> Result<Vec<u8>, Refused> {
    if batch.source.is_empty() || batch.source.len() > SOURCE_BYTES_MAX {
        return Err(Refused::BadSource { max: SOURCE_BYTES_MAX });
    }
    let mut bytes = Vec::new();
    put_name(&mut bytes, batch.table.name);
    put_name(&mut bytes, &batch.source);
    bytes.extend(batch.sequence.to_le_bytes());
    put_rows(&mut bytes, &batch.rows, UNPACKED_BYTES_MAX)?;
    if bytes.len() > RECORD_BYTES_MAX {
        return Err(Refused::TooLarge { bytes: bytes.len(), max: RECORD_BYTES_MAX });
    }
    Ok(bytes)
}

/// Rows of a table as bytes, for another machine to [unpack].
pub fn pack(table: &'static Table, rows: &RecordBatch) -> Result<Vec<u8>, Refused> {
    let rows = fit(table, rows)?;
    check_rows(rows.num_rows())?;
    let mut bytes = Vec::new();
    put_rows(&mut bytes, &rows, DELIVERED_BYTES_MAX)?;
    Ok(bytes)
}

/// The rows that bytes from another machine are, with all columns of the table.
pub fn unpack(table: &'static Table, bytes: &[u8]) -> Result<RecordBatch, Refused> {
    let mut rest = bytes;
    let rows = take_rows(table, &mut rest, DELIVERED_BYTES_MAX, DELIVERED_ROWS_MAX)?;
    fit(table, &rows)
}

fn check_rows(rows: usize) -> Result<(), Refused> {
    let max = DELIVERED_ROWS_MAX;
    if rows > max { Err(Refused::TooManyRows { rows, max }) } else { Ok(()) }
}

/// The names of the columns, and packed the Arrow message and the buffers of the rows.
fn put_rows(bytes: &mut Vec<u8>, rows: &RecordBatch, unpacked_max: usize) -> Result<(), Refused> {
    let schema = rows.schema();
    bytes.extend((schema.fields().len() as u16).to_le_bytes());
    schema.fields().iter().for_each(|field| put_name(bytes, field.name()));
    let (mut dictionaries, mut context) = (DictionaryTracker::new(true), IpcWriteContext::default());
    let encoded =
        IpcDataGenerator::default().encode(rows, &mut dictionaries, &IpcWriteOptions::default(), &mut context);
    let (_, rows) = encoded.map_err(|error| Refused::Damaged(error.to_string()))?;
    let unpacked = 4 + rows.ipc_message.len() + rows.arrow_data.len();
    if unpacked > unpacked_max {
        return Err(Refused::TooLarge { bytes: unpacked, max: unpacked_max });
    }
    let message = (rows.ipc_message.len() as u32).to_le_bytes();
    let packed = lz4_flex::block::compress(&[&message[..], &rows.ipc_message, &rows.arrow_data].concat());
    bytes.extend((unpacked as u32).to_le_bytes());
    bytes.extend(packed);
    Ok(())
}

fn put_name(into: &mut Vec<u8>, name: &str) {
    into.push(name.len() as u8);
    into.extend(name.as_bytes());
}

/// The batch that bytes are. The rows have columns of the table, perhaps not all of them.
pub(crate) fn decode(bytes: &[u8]) -> Result<Batch, Refused> {
    let mut rest = bytes;
    let name = take_name(&mut rest)?;
    let table = Table::named(&name).ok_or(Refused::UnknownTable(name))?;
    let source = take_name(&mut rest)?;
    let sequence = i64::from_le_bytes(take(&mut rest)?);
    let rows = take_rows(table, &mut rest, UNPACKED_BYTES_MAX, usize::MAX)?;
    Ok(Batch { table, source, sequence, rows })
}

fn take_rows(
    table: &'static Table,
    rest: &mut &[u8],
    bytes_max: usize,
    rows_max: usize,
) -> Result<RecordBatch, Refused> {
    let schema = columns(table, rest)?;
    let unpacked = u32::from_le_bytes(take(rest)?) as usize;
    if unpacked > bytes_max {
        return Err(Refused::TooLarge { bytes: unpacked, max: bytes_max });
    }
    let unpacked = lz4_flex::block::decompress(rest, unpacked).map_err(|error| Refused::Damaged(error.to_string()))?;
    // The library checks what it reads, and breaks down over some of what it finds.
    catch_unwind(AssertUnwindSafe(|| rows(&unpacked, schema, rows_max))).unwrap_or_else(|_| Err(damaged("rows")))
}

/// The columns that are named, as the table has them. One that it does not have comes from a later version.
fn columns(table: &'static Table, rest: &mut &[u8]) -> Result<SchemaRef, Refused> {
    let (known, mut fields) = (table.schema(), Vec::new());
    for _ in 0..u16::from_le_bytes(take(rest)?) {
        let name = take_name(rest)?;
        let unknown = || Refused::Columns { table: table.name, cause: format!("column `{name}` is unknown") };
        fields.push(known.column_with_name(&name).ok_or_else(unknown)?.1.clone());
    }
    Ok(Arc::new(Schema::new(fields)))
}

fn rows(unpacked: &[u8], schema: SchemaRef, max: usize) -> Result<RecordBatch, Refused> {
    let mut rest = unpacked;
    let message = u32::from_le_bytes(take(&mut rest)?) as usize;
    let (message, buffers) = rest.split_at_checked(message).ok_or_else(|| damaged("message"))?;
    let message = arrow_ipc::root_as_message(message).map_err(|error| Refused::Damaged(error.to_string()))?;
    let batch = message.header_as_record_batch().ok_or_else(|| damaged("message"))?;
    if batch.compression().is_some() {
        return Err(damaged("packing"));
    }
    // Columns that are not there are filled up, so their number counts before anything is made of them.
    let count = usize::try_from(batch.length()).map_err(|_| damaged("rows"))?;
    if count > max {
        return Err(Refused::TooManyRows { rows: count, max });
    }
    let rows = read_record_batch(&Buffer::from(buffers), batch, schema, &HashMap::new(), None, &message.version());
    rows.map_err(|error| Refused::Damaged(error.to_string()))
}

fn damaged(what: &str) -> Refused {
    Refused::Damaged(what.to_owned())
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], Refused> {
    let (taken, after) = rest.split_first_chunk::<N>().ok_or_else(|| damaged("head"))?;
    *rest = after;
    Ok(*taken)
}

fn take_name(rest: &mut &[u8]) -> Result<String, Refused> {
    let [length] = take(rest)?;
    let (name, after) = rest.split_at_checked(length.into()).ok_or_else(|| damaged("head"))?;
    *rest = after;
    String::from_utf8(name.to_vec()).map_err(|_| damaged("name"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;
    use model::{Confidence, Finding, FindingOutcome};
    use proptest::prelude::*;

    fn batch() -> Batch {
        let table = Table::named("finding").unwrap();
        let mut builder = records::Batch::new(&records::FINDINGS);
        for number in 0..20 {
            builder.push(&Finding {
                weapon: "eternalblue".into(),
                sign: format!("sign {number}"),
                outcome: FindingOutcome::Attempt,
                confidence: Confidence::Known,
                originator: [10, 0, 0, number].into(),
                responder: [10, 0, 1, number].into(),
                count: number.into(),
                first: jiff::Timestamp::UNIX_EPOCH,
                last: jiff::Timestamp::UNIX_EPOCH,
                community_ids: vec!["1:a".to_owned(); number.into()],
                frames: vec![7],
            });
        }
        Batch { table, source: "sensor".to_owned(), sequence: 3, rows: builder.take().unwrap() }
    }

    #[test]
    fn a_batch_comes_back_as_it_was() {
        let sent = batch();
        let got = decode(&encode(&sent).unwrap()).unwrap();
        assert_eq!((got.table.name, got.source.as_str(), got.sequence), ("finding", "sensor", 3));
        assert_eq!(got.rows.columns(), sent.rows.columns());
    }

    /// Columns that are missing are filled up: how many rows that is must not be up to whoever sends them.
    #[test]
    fn rows_without_columns_are_counted_before_anything_is_made_of_them() {
        let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(1 << 40));
        let rows = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), Vec::new(), &options).unwrap();
        let mut bytes = Vec::new();
        put_rows(&mut bytes, &rows, DELIVERED_BYTES_MAX).unwrap();
        let refused = unpack(Table::named("session").unwrap(), &bytes).unwrap_err();
        assert!(matches!(refused, Refused::TooManyRows { rows: 0x100_0000_0000, .. }), "{refused}");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

        /// Whatever bytes come, decoding them ends, in a batch or in an error.
        #[test]
        fn no_bytes_panic(changes in proptest::collection::vec((any::<u16>(), any::<u8>()), 0..6), cut in any::<u16>()) {
            let mut bytes = encode(&batch()).unwrap();
            for (at, to) in changes {
                let at = usize::from(at) % bytes.len();
                bytes[at] = to;
            }
            bytes.truncate(bytes.len() - usize::from(cut) % bytes.len() * usize::from(cut % 3 == 0));
            if let Ok(batch) = decode(&bytes) {
                let _ = crate::fit::fit(batch.table, &batch.rows);
            }
        }

        /// The same of what another machine delivers, as far as records are made of it.
        #[test]
        fn no_delivered_bytes_panic(changes in proptest::collection::vec((any::<u16>(), any::<u8>()), 0..6), cut in any::<u16>()) {
            let sent = batch();
            let mut bytes = pack(sent.table, &sent.rows).unwrap();
            for (at, to) in changes {
                let at = usize::from(at) % bytes.len();
                bytes[at] = to;
            }
            bytes.truncate(bytes.len() - usize::from(cut) % bytes.len() * usize::from(cut % 3 == 0));
            if let Ok(rows) = unpack(sent.table, &bytes) {
                let _ = records::read::findings(&rows);
                let _ = crate::files::times(sent.table, &rows);
            }
        }
    }
}
