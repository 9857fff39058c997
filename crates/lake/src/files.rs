//! Files of rows: Parquet, packed by Zstandard, in the order of time, with an index of their values beside them.

use crate::disk::Disk;
use crate::error::Error;
use crate::index::{self, Builder, Index, PAGE_ROWS, Pages};
use crate::observe;
use crate::table::Table;
use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{RecordBatch, UInt32Array};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::arrow::arrow_writer::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::PageIndexPolicy;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Rows of a file at most.
pub(crate) const FILE_ROWS_MAX: usize = 1 << 20;
/// Rows of a row group.
const GROUP_ROWS: usize = 1 << 17;
/// Columns with a filter that says which values a row group cannot hold.
const FILTERED: [&str; 4] = ["originator", "responder", "community_id", "file_sha256"];
const FILTER_MISTAKES: f64 = 0.02;
pub(crate) const DAY_US: i64 = 86_400_000_000;

/// A file of rows that a table has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFile {
    pub table: &'static str,
    /// Below the folder of the table.
    pub name: String,
    pub path: PathBuf,
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
    disk: &Disk,
    root: &Path,
    table: &'static Table,
    day: i64,
    rows: &RecordBatch,
) -> Result<DataFile, Error> {
    let failed = Error::table(table.name);
    let mut bytes = Vec::new();
    let mut writer =
        ArrowWriter::try_new(&mut bytes, rows.schema(), Some(properties(rows))).map_err(|error| failed(&error))?;
    writer.write(rows).map_err(|error| failed(&error))?;
    writer.close().map_err(|error| failed(&error))?;
    let mut builder = Builder::default();
    observe::keys(rows, &mut |row, field, key| builder.note(field, key, row));
    let index = builder.finish(rows.num_rows());

    let times = times(table, rows).unwrap_or_default();
    let day = day_name(day);
    let name = format!("day={day}/{}.parquet", unique(times.first().copied().unwrap_or_default()));
    let path = root.join(&name);
    for folder in [path.parent(), index_of(&path).parent()].into_iter().flatten() {
        if !folder.is_dir() {
            std::fs::create_dir_all(folder).map_err(Error::disk(folder))?;
            disk.sync_folder(root).map_err(Error::disk(root))?;
        }
    }
    let beside = index_of(&path);
    disk.put(&beside, &index).map_err(Error::disk(&beside))?;
    disk.put(&path, &bytes).map_err(Error::disk(&path))?;
    Ok(DataFile {
        table: table.name,
        name,
        path,
        day,
        bytes: bytes.len() as u64,
        rows: rows.num_rows() as u64,
        first_us: times.first().copied().unwrap_or_default(),
        last_us: times.last().copied().unwrap_or_default(),
        named_ms: 0,
    })
}

fn properties(rows: &RecordBatch) -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).unwrap_or_default()))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_created_by("redoubt".to_owned());
    for name in FILTERED.iter().filter(|name| rows.column_by_name(name).is_some()) {
        let column = ColumnPath::from(*name);
        properties = properties
            .set_column_bloom_filter_enabled(column.clone(), true)
            .set_column_bloom_filter_fpp(column, FILTER_MISTAKES);
    }
    properties.build()
}

/// The day as it is written, from its number.
pub(crate) fn day_name(day: i64) -> String {
    let time = jiff::Timestamp::from_microsecond(day.saturating_mul(DAY_US)).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    jiff::tz::Offset::UTC.to_datetime(time).date().to_string()
}

/// A name nobody had: by the clock, this process, and a count.
pub(crate) fn unique(time_us: i64) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_nanos();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{:016x}-{now:x}-{:x}-{count:x}", time_us.max(0), std::process::id())
}

/// Pages that hold rows of interest.
pub(crate) fn ask(file: &DataFile, question: &index::Question) -> Result<Pages, index::Error> {
    let index = Index::open(&file.index())?;
    if index.rows != file.rows {
        return Err(index::Error::Damaged("rows"));
    }
    index.ask(question)
}

/// Reads rows of a file: all, or those of some pages; of the named columns only when some are named.
pub(crate) fn read(
    file: &DataFile,
    pages: Option<&Pages>,
    columns: Option<&[&str]>,
) -> Result<ParquetRecordBatchReader, Error> {
    let failed = Error::table(file.table);
    let open = File::open(&file.path).map_err(Error::disk(&file.path))?;
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::from(pages.is_some()));
    let mut reader =
        ParquetRecordBatchReaderBuilder::try_new_with_options(open, options).map_err(|error| failed(&error))?;
    if let Some(columns) = columns {
        let mask = ProjectionMask::columns(reader.parquet_schema(), columns.iter().copied());
        reader = reader.with_projection(mask);
    }
    if let Some(pages) = pages {
        let rows = file.rows as usize;
        let ranges = pages.iter().map(|page| page * PAGE_ROWS..((page + 1) * PAGE_ROWS).min(rows));
        reader = reader.with_row_selection(RowSelection::from_consecutive_ranges(ranges, rows));
    }
    reader.with_batch_size(PAGE_ROWS * 2).build().map_err(|error| failed(&error))
}
