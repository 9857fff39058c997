//! Files of rows: Parquet, packed by Zstandard, in the order of time, with an index of their values beside them.

use crate::derived;
use crate::error::Error;
use crate::index::{self, Answer, Builder, Index, PAGE_ROWS};
use crate::observe;
use crate::storage::{Storage, Stored};
use crate::table::{OBSERVED, Table};
use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, RecordBatch, StringArray, UInt32Array};
use arrow_schema::DataType;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::arrow::arrow_writer::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::{PageIndexPolicy, ParquetStatisticsPolicy};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;
use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Rows of a file at most.
pub(crate) const FILE_ROWS_MAX: usize = 1 << 20;
/// Rows of a row group.
const GROUP_ROWS: usize = 1 << 17;
/// How hard rows are packed.
const PACKED: i32 = 1;
/// Of a column whose different values are more in a row group, the rest is written as it is.
const DICTIONARY_BYTES_MAX: usize = 1 << 20;
/// The same of a column that is hunted in: for one page of it a whole dictionary is unpacked, which must not cost more than
/// the page.
const HUNTED_DICTIONARY_BYTES_MAX: usize = 1 << 17;
/// So many texts say whether those of a column come again.
const JUDGED_VALUES: usize = GROUP_ROWS / 2;
/// How hard the protocols' own records are packed: the most of a row, and the least asked for.
const PACKED_DETAIL: i32 = 3;
pub(crate) const DAY_US: i64 = 86_400_000_000;

/// A file of rows that a table has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFile {
    pub table: &'static str,
    /// Below the folder of the table.
    pub name: String,
    /// On the disk, or its address in a bucket.
    pub path: PathBuf,
    pub storage: Storage,
    /// `2017-05-12`.
    pub day: String,
    pub bytes: u64,
    pub rows: u64,
    /// The earliest and the latest time in it, microseconds since 1970.
    pub first_us: i64,
    pub last_us: i64,
    /// When its table was told of it, milliseconds since 1970: of two files of a table the later one has more.
    pub named_ms: i64,
}

impl DataFile {
    /// Its day, counted from 1970.
    pub(crate) fn day_number(&self) -> i64 {
        let day = self.day.parse::<jiff::civil::Date>().map(|day| day.at(0, 0, 0, 0));
        let begins = day.and_then(|day| jiff::tz::Offset::UTC.to_timestamp(day));
        begins.map_or(0, |begins| begins.as_microsecond().div_euclid(DAY_US))
    }

    /// Where its index is: in a folder that readers of the table leave alone.
    pub fn index(&self) -> PathBuf {
        index_of(&self.path)
    }

    /// Bytes of its index; none when it is not there, or in a bucket and not seen yet.
    pub fn index_bytes(&self) -> Option<u64> {
        self.storage.known_bytes(&self.index())
    }

    /// Bytes of it and of its index, as far as they are known.
    pub fn bytes_with_index(&self) -> u64 {
        self.bytes + self.index_bytes().unwrap_or_default()
    }

    /// What the server is called that wrote it to a bucket; nothing for files on a disk, which has one server.
    pub fn writer(&self) -> &str {
        let stem = Path::new(&self.name).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        stem.splitn(NAME_PARTS, '-').nth(NAME_PARTS - 1).unwrap_or_default()
    }

    pub(crate) fn open(&self) -> io::Result<Stored> {
        self.storage.open(&self.path)
    }
}

fn index_of(path: &Path) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default();
    let root = path.parent().and_then(Path::parent).unwrap_or(Path::new(""));
    root.join("_index").join(stem).with_extension("idx")
}

/// The times of rows.
pub(crate) fn times<'a>(table: &Table, rows: &'a RecordBatch) -> Option<&'a [i64]> {
    let column = rows.column_by_name(table.time)?.as_primitive_opt::<TimestampMicrosecondType>()?;
    Some(column.values())
}

/// Rows in the order of their times.
pub(crate) fn in_order(table: &'static Table, rows: &RecordBatch) -> Result<RecordBatch, Error> {
    let failed = Error::table(table.name);
    let times = times(table, rows).ok_or_else(|| failed(&"no time"))?;
    if times.is_sorted() {
        return Ok(rows.clone());
    }
    let mut order: Vec<u32> = (0..times.len() as u32).collect();
    // Rows of one time stay as they came.
    order.sort_by_key(|at| times.get(*at as usize));
    arrow_select::take::take_record_batch(rows, &UInt32Array::from(order)).map_err(|error| failed(&error))
}

/// Parts of rows in order that go to one file each: of one day, and not too many. Each with its day, counted from 1970.
pub(crate) fn parts(table: &'static Table, rows: &RecordBatch) -> Vec<(i64, RecordBatch)> {
    let (Some(times), mut parts, mut from) = (times(table, rows), Vec::new(), 0) else { return Vec::new() };
    while let Some(first) = times.get(from) {
        let day = first.div_euclid(DAY_US);
        let rest = times.get(from..).unwrap_or_default();
        let count = rest.partition_point(|time| time.div_euclid(DAY_US) == day).min(FILE_ROWS_MAX);
        parts.push((day, rows.slice(from, count)));
        from += count;
    }
    parts
}

/// Writes rows in order, all of one day, as a new file of a table, and its index; both last.
pub(crate) fn write(
    storage: &Storage,
    root: &Path,
    table: &'static Table,
    day: i64,
    rows: &RecordBatch,
) -> Result<DataFile, Error> {
    let failed = Error::table(table.name);
    let (mut bytes, bare) = (Vec::new(), derived::bare(rows));
    let mut writer = ArrowWriter::try_new(&mut bytes, bare.schema(), Some(properties(table, rows)))
        .map_err(|error| failed(&error))?;
    writer.write(&bare).map_err(|error| failed(&error))?;
    writer.close().map_err(|error| failed(&error))?;
    let mut builder = Builder::default();
    observe::keys(rows, &mut |row, field, key| builder.note(field, key, row));
    let index = builder.finish(rows.num_rows());

    let times = times(table, rows).unwrap_or_default();
    let day = day_name(day);
    let mut stem = unique(times.first().copied().unwrap_or_default());
    if let Storage::Bucket(bucket) = storage {
        stem = format!("{stem}-{}", bucket.writer());
    }
    let name = format!("day={day}/{stem}.parquet");
    let path = root.join(&name);
    let beside = index_of(&path);
    for folder in [path.parent(), beside.parent()].into_iter().flatten() {
        storage.make_folder(root, folder).map_err(Error::disk(folder))?;
    }
    let length = bytes.len() as u64;
    storage.put(&beside, index).map_err(Error::disk(&beside))?;
    storage.put(&path, bytes).map_err(Error::disk(&path))?;
    Ok(DataFile {
        table: table.name,
        name,
        path,
        storage: storage.clone(),
        day,
        bytes: length,
        rows: rows.num_rows() as u64,
        first_us: times.first().copied().unwrap_or_default(),
        last_us: times.last().copied().unwrap_or_default(),
        named_ms: 0,
    })
}

fn properties(table: &Table, rows: &RecordBatch) -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_compression(packing(PACKED))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_dictionary_page_size_limit(DICTIONARY_BYTES_MAX)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_column_statistics_enabled(ColumnPath::from(table.time), EnabledStatistics::Page)
        .set_created_by("redoubt".to_owned());
    for (field, values) in rows.schema().fields().iter().zip(rows.columns()) {
        let column = ColumnPath::from(field.name().as_str());
        properties = match field.data_type() {
            DataType::Int64 | DataType::Timestamp(..) => properties
                .set_column_dictionary_enabled(column.clone(), false)
                .set_column_encoding(column, encoding(values)),
            DataType::Int32 if field.name() == "originator_port" => properties
                .set_column_dictionary_enabled(column.clone(), false)
                .set_column_encoding(column, Encoding::DELTA_BINARY_PACKED),
            DataType::Utf8 if field.name() == "detail" => properties
                .set_column_dictionary_enabled(column.clone(), false)
                .set_column_compression(column, packing(PACKED_DETAIL)),
            DataType::Utf8 => texts(properties, column, values.as_string_opt::<i32>()),
            DataType::List(of) if *of.data_type() == DataType::Utf8 => {
                let items = ColumnPath::new(vec![field.name().clone(), "list".to_owned(), of.name().clone()]);
                let held = values.as_list_opt::<i32>().and_then(|lists| lists.values().as_string_opt::<i32>());
                texts(properties, items, held)
            }
            _ => properties,
        };
    }
    properties.build()
}

/// Texts have a dictionary where they come again; what does not fit it, and others, are lengths and bytes.
fn texts(
    properties: WriterPropertiesBuilder,
    column: ColumnPath,
    values: Option<&StringArray>,
) -> WriterPropertiesBuilder {
    let come_again = values.is_none_or(come_again);
    let is_hunted = OBSERVED.iter().any(|(name, _)| column.parts().first().is_some_and(|first| first == name));
    let dictionary_bytes_max = if is_hunted { HUNTED_DICTIONARY_BYTES_MAX } else { DICTIONARY_BYTES_MAX };
    properties
        .set_column_dictionary_enabled(column.clone(), come_again)
        .set_column_dictionary_page_size_limit(column.clone(), dictionary_bytes_max)
        .set_column_encoding(column, Encoding::DELTA_LENGTH_BYTE_ARRAY)
}

/// False when three of four of the first values are different ones.
fn come_again(values: &StringArray) -> bool {
    let (mut seen, mut count) = (HashSet::new(), 0);
    for value in values.iter().flatten().take(JUDGED_VALUES) {
        seen.insert(index::text_key(value.as_bytes()));
        count += 1;
        // Most columns say so at once.
        if count == JUDGED_VALUES / 16 && seen.len() * 2 < count {
            return true;
        }
    }
    seen.len() * 4 <= count * 3
}

/// How whole numbers are written. They differ too much for a dictionary; where most are zero, what packs them finds that.
fn encoding(values: &ArrayRef) -> Encoding {
    let zeros = values
        .as_primitive_opt::<Int64Type>()
        .map_or(0, |numbers| numbers.iter().flatten().filter(|n| *n == 0).count());
    if zeros * 2 > values.len() - values.null_count() { Encoding::PLAIN } else { Encoding::DELTA_BINARY_PACKED }
}

fn packing(level: i32) -> Compression {
    Compression::ZSTD(ZstdLevel::try_new(level).unwrap_or_default())
}

/// The day as it is written, from its number.
pub(crate) fn day_name(day: i64) -> String {
    let time = jiff::Timestamp::from_microsecond(day.saturating_mul(DAY_US)).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    jiff::tz::Offset::UTC.to_datetime(time).date().to_string()
}

/// Parts of the name of a file in a bucket: those of [`unique`], and what its server is called.
const NAME_PARTS: usize = 5;

/// A name nobody had on this machine: by the clock, this process, and a count.
pub(crate) fn unique(time_us: i64) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_nanos();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{:016x}-{now:x}-{:x}-{count:x}", time_us.max(0), std::process::id())
}

/// What it may hold of what is asked about.
pub(crate) fn ask(file: &DataFile, question: &index::Question) -> Result<Answer, index::Error> {
    index(file)?.ask(question)
}

/// True when its index is there and can be asked.
pub(crate) fn has_index(file: &DataFile) -> bool {
    index(file).is_ok()
}

fn index(file: &DataFile) -> Result<Index, index::Error> {
    let index = Index::of(file.storage.open(&file.index())?)?;
    if index.rows == file.rows { Ok(index) } else { Err(index::Error::Damaged("rows")) }
}

/// A file whose head was read; its rows can be read several times.
pub(crate) struct Opened {
    table: &'static str,
    file: Stored,
    head: ArrowReaderMetadata,
}

/// Which rows of a file are read.
pub(crate) enum Part {
    All,
    /// Of some of its pages, or single ones; what is not chosen is not unpacked.
    Chosen(RowSelection),
}

impl Opened {
    /// To read all of it, or parts.
    pub fn whole(file: &DataFile) -> Result<Opened, Error> {
        Opened::open(file, PageIndexPolicy::Skip)
    }

    pub fn for_parts(file: &DataFile) -> Result<Opened, Error> {
        Opened::open(file, PageIndexPolicy::Required)
    }

    fn open(file: &DataFile, places: PageIndexPolicy) -> Result<Opened, Error> {
        let open = file.open().map_err(Error::disk(&file.path))?;
        // Where pages are is needed; what they hold the index says, and what else is told of each column nobody asks.
        let options = ArrowReaderOptions::new()
            .with_offset_index_policy(places)
            .with_column_stats_policy(ParquetStatisticsPolicy::SkipAll)
            .with_size_stats_policy(ParquetStatisticsPolicy::SkipAll)
            .with_encoding_stats_policy(ParquetStatisticsPolicy::SkipAll);
        let head = ArrowReaderMetadata::load(&open, options).map_err(|error| Error::table(file.table)(&error))?;
        Ok(Opened { table: file.table, file: open, head })
    }

    /// The rows of a part of it; of the named columns only when some are named.
    pub fn read(&self, part: Part, columns: Option<&[&str]>) -> Result<ParquetRecordBatchReader, Error> {
        let failed = Error::table(self.table);
        let file = self.file.another().map_err(|error| failed(&error))?;
        let mut reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.head.clone());
        if let Some(columns) = columns {
            let mask = ProjectionMask::columns(reader.parquet_schema(), columns.iter().copied());
            reader = reader.with_projection(mask);
        }
        if let Part::Chosen(rows) = part {
            reader = reader.with_row_selection(rows);
        }
        reader.with_batch_size(PAGE_ROWS * 2).build().map_err(|error| failed(&error))
    }
}

/// Pages of a file of so many rows.
pub(crate) fn pages(pages: &[usize], rows: u64) -> Part {
    let rows = rows as usize;
    let ranges = pages.iter().map(|page| page * PAGE_ROWS..((page + 1) * PAGE_ROWS).min(rows));
    Part::Chosen(RowSelection::from_consecutive_ranges(ranges, rows))
}

/// Single rows of a file of so many, in order.
pub(crate) fn rows(chosen: &[usize], rows: u64) -> Part {
    let ranges = chosen.iter().map(|row| *row..row + 1);
    Part::Chosen(RowSelection::from_consecutive_ranges(ranges, rows as usize))
}

/// All rows of a file as they are in it.
pub(crate) fn read(file: &DataFile) -> Result<ParquetRecordBatchReader, Error> {
    Opened::whole(file)?.read(Part::All, None)
}
