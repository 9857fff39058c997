//! A batch of rows as it is delivered, and as bytes.

use super::RECORD_BYTES_MAX;
use crate::error::Refused;
use crate::table::Table;
use arrow_array::RecordBatch;
use arrow_ipc::CompressionType;
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::{IpcWriteOptions, StreamWriter};

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

/// The batch as bytes: the lengths and the names of table and source, the sequence, and the rows as an Arrow stream
/// packed by LZ4.
pub(crate) fn encode(batch: &Batch) -> Result<Vec<u8>, Refused> {
    if batch.source.is_empty() || batch.source.len() > SOURCE_BYTES_MAX {
        return Err(Refused::BadSource { max: SOURCE_BYTES_MAX });
    }
    let table = batch.table.name;
    let mut bytes = vec![table.len() as u8, batch.source.len() as u8];
    bytes.extend(table.as_bytes());
    bytes.extend(batch.source.as_bytes());
    bytes.extend(batch.sequence.to_le_bytes());
    let packed = IpcWriteOptions::default().try_with_compression(Some(CompressionType::LZ4_FRAME));
    let rows = packed
        .and_then(|options| StreamWriter::try_new_with_options(&mut bytes, &batch.rows.schema(), options))
        .and_then(|mut stream| stream.write(&batch.rows).and_then(|()| stream.finish()));
    rows.map_err(|error| Refused::Damaged(error.to_string()))?;
    if bytes.len() > RECORD_BYTES_MAX {
        return Err(Refused::TooLarge { bytes: bytes.len(), max: RECORD_BYTES_MAX });
    }
    Ok(bytes)
}

/// The batch that bytes are. The rows are as they were sent: whether they fit their table is asked elsewhere.
pub(crate) fn decode(bytes: &[u8]) -> Result<Batch, Refused> {
    let damaged = |what: &str| Refused::Damaged(what.to_owned());
    let ([table, source], rest) = bytes.split_first_chunk::<2>().ok_or_else(|| damaged("head"))?;
    let (table, rest) = rest.split_at_checked((*table).into()).ok_or_else(|| damaged("head"))?;
    let (source, rest) = rest.split_at_checked((*source).into()).ok_or_else(|| damaged("head"))?;
    let (sequence, rest) = rest.split_first_chunk::<8>().ok_or_else(|| damaged("head"))?;
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| damaged("name"));
    let (table, source) = (text(table)?, text(source)?);
    let table = Table::named(&table).ok_or(Refused::UnknownTable(table))?;
    let arrow = |error: arrow_schema::ArrowError| Refused::Damaged(error.to_string());
    let mut stream = StreamReader::try_new(rest, None).map_err(arrow)?;
    let rows = stream.next().ok_or_else(|| damaged("rows"))?.map_err(arrow)?;
    Ok(Batch { table, source, sequence: i64::from_le_bytes(*sequence), rows })
}
