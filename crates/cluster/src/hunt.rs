//! A hunt on several machines: our own search by the indexes, as an operator.
//!
//! Its input says which files are searched, a row each, so that the scheduler cuts it as it cuts every other input; what
//! comes out is hits, and for every part one row that says what was read. What is looked for is a list beside the lake,
//! named in the plan: a million indicators are no part of it.

use crate::shared::Shared;
use crate::store;
use datafusion::arrow::array::{Array, AsArray, Int64Array, RecordBatch, StringArray, StringBuilder};
use datafusion::arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result, internal_err};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::object_store::ObjectStoreExt;
use datafusion::object_store::path::Path as Location;
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, Partitioning, PlanProperties,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use lake::{DataFile, Goes, Hit, Hunt, Hunting, Progress, Table, View, Wanted};
use rules::{Indicator, Indicators};
use serde::{Deserialize, Serialize};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use tokio::runtime::Handle;

/// Hits that are sent together.
const ROWS: usize = 4096;
/// Batches that wait to be sent; a search that is faster waits.
const WAITING: usize = 4;

static FILES: LazyLock<SchemaRef> = LazyLock::new(|| {
    let field = |name, kind| Field::new(name, kind, false);
    let numbers = ["bytes", "rows", "first_us", "last_us", "named_ms"].map(|name| field(name, DataType::Int64));
    let texts = ["table", "name", "day"].map(|name| field(name, DataType::Utf8));
    Arc::new(Schema::new(texts.into_iter().chain(numbers).collect::<Vec<_>>()))
});

static HITS: LazyLock<SchemaRef> = LazyLock::new(|| {
    let texts =
        ["table", "indicator", "column", "value", "originator", "responder", "community_id", "protocol", "read"];
    let texts = texts.map(|name| Field::new(name, DataType::Utf8, true));
    Arc::new(Schema::new([vec![Field::new("time_us", DataType::Int64, true)], texts.to_vec()].concat()))
});

/// What is looked for and when, as it stands in a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sought {
    /// A file of indicators below the folder of the lake, one a line.
    pub list: PathBuf,
    pub since_us: Option<i64>,
    pub until_us: Option<i64>,
}

/// The same with files by their names below the lake, wherever it is for whoever searched.
pub fn below(mut progress: Progress, lake: &Path) -> Progress {
    for left in progress.unreadable.iter_mut().chain(&mut progress.without_index) {
        if let Ok(path) = left.path.strip_prefix(lake) {
            left.path = path.to_owned();
        }
    }
    progress
}

/// The plan of a hunt over files, dealt out to so many parts.
pub fn plan(files: &[DataFile], parts: usize, sought: Sought) -> Result<Arc<dyn ExecutionPlan>> {
    let parts = parts.clamp(1, files.len().max(1));
    let dealt: Vec<Vec<RecordBatch>> = (0..parts)
        .map(|part| {
            let of_part: Vec<&DataFile> = files.iter().skip(part).step_by(parts).collect();
            Ok(vec![described(&of_part)?])
        })
        .collect::<Result<_>>()?;
    let input = MemorySourceConfig::try_new_exec(&dealt, FILES.clone(), None)?;
    Ok(Arc::new(HuntExec::new(input, sought, None)))
}

fn described(files: &[&DataFile]) -> Result<RecordBatch> {
    let texts = |of: fn(&DataFile) -> &str| Arc::new(files.iter().map(|file| Some(of(file))).collect::<StringArray>());
    let numbers = |of: fn(&DataFile) -> i64| Arc::new(files.iter().map(|file| of(file)).collect::<Int64Array>());
    let columns: Vec<Arc<dyn Array>> = vec![
        texts(|file| file.table),
        texts(|file| &file.name),
        texts(|file| &file.day),
        numbers(|file| file.bytes.cast_signed()),
        numbers(|file| file.rows.cast_signed()),
        numbers(|file| file.first_us),
        numbers(|file| file.last_us),
        numbers(|file| file.named_ms),
    ];
    Ok(RecordBatch::try_new(FILES.clone(), columns)?)
}

/// The files that rows describe, of a lake. They come over the network: each lies below the folder of its table.
fn files_of(rows: &RecordBatch, lake: &Shared) -> Result<Vec<DataFile>> {
    if rows.schema().fields() != FILES.fields() {
        return internal_err!("these are no files");
    }
    let text = |column: usize, row: usize| rows.column(column).as_string::<i32>().value(row).to_owned();
    let number = |column: usize, row: usize| rows.column(column).as_primitive::<Int64Type>().value(row);
    let file = |row: usize| {
        let (table, name) = (text(0, row), text(1, row));
        let Some(table) = Table::named(&table).filter(|table| table.is_hunted) else {
            return Err(outside(&table));
        };
        let path = lake.table(table.name).join(&name);
        let lies_below = Path::new(&name).components().all(|part| matches!(part, Component::Normal(_)));
        // A link may lead anywhere; what is not there is told by whoever opens it.
        let leads_out = lake.bucket().is_none() && path.canonicalize().is_ok_and(|path| !path.starts_with(lake.root()));
        if !lies_below || leads_out {
            return Err(outside(&name));
        }
        Ok(DataFile {
            table: table.name,
            name,
            path,
            storage: lake.storage().clone(),
            day: text(2, row),
            bytes: number(3, row).cast_unsigned(),
            rows: number(4, row).cast_unsigned(),
            first_us: number(5, row),
            last_us: number(6, row),
            named_ms: number(7, row),
        })
    };
    (0..rows.num_rows()).map(file).collect()
}

fn outside(name: &str) -> DataFusionError {
    DataFusionError::Execution(format!("`{name}` is no file of the lake"))
}

/// Searches the files that its input names.
#[derive(Debug)]
pub struct HuntExec {
    input: Arc<dyn ExecutionPlan>,
    sought: Sought,
    /// Where the lake is, for whoever searches.
    lake: Option<Shared>,
    properties: Arc<PlanProperties>,
}

impl HuntExec {
    pub fn new(input: Arc<dyn ExecutionPlan>, sought: Sought, lake: Option<Shared>) -> HuntExec {
        let parts = input.output_partitioning().partition_count();
        let properties = PlanProperties::new(
            EquivalenceProperties::new(HITS.clone()),
            Partitioning::UnknownPartitioning(parts),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        HuntExec { input, sought, lake, properties: Arc::new(properties) }
    }

    pub fn sought(&self) -> &Sought {
        &self.sought
    }
}

impl DisplayAs for HuntExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HuntExec: list={}", self.sought.list.display())
    }
}

impl ExecutionPlan for HuntExec {
    fn name(&self) -> &str {
        "HuntExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        match children.as_slice() {
            [input] => Ok(Arc::new(HuntExec::new(input.clone(), self.sought.clone(), self.lake.clone()))),
            _ => internal_err!("a hunt has one input"),
        }
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let Some(lake) = self.lake.clone() else { return internal_err!("here is no lake to hunt in") };
        let (input, sought) = (self.input.execute(partition, context)?, self.sought.clone());
        let searched = async move {
            let rows: Vec<RecordBatch> = input.try_collect().await?;
            let (to, from) = tokio::sync::mpsc::channel(WAITING);
            tokio::task::spawn_blocking(move || {
                if let Err(error) = search(&rows, &sought, &lake, &to) {
                    let _ = to.blocking_send(Err(error));
                }
            });
            Ok::<_, DataFusionError>(tokio_stream::wrappers::ReceiverStream::new(from))
        };
        let rows = stream::once(searched).try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(HITS.clone(), rows.boxed())))
    }
}

type Sender = tokio::sync::mpsc::Sender<Result<RecordBatch>>;

fn search(rows: &[RecordBatch], sought: &Sought, lake: &Shared, to: &Sender) -> Result<()> {
    let mut files = Vec::new();
    for rows in rows {
        files.extend(files_of(rows, lake)?);
    }
    let wanted = wanted(lake, &sought.list)?;
    let hunt = Hunt { wanted: &wanted, since_us: sought.since_us, until_us: sought.until_us };
    let mut trail = Trail { hits: Rows::default(), to, broken: None };
    let progress = View::of_files(files).hunt(hunt, &mut trail);
    let Trail { mut hits, broken, .. } = trail;
    if let Some(error) = broken {
        return Err(error);
    }
    hits.read(&below(progress, lake.root()))?;
    let _ = to.blocking_send(hits.take());
    Ok(())
}

/// The list of one hunt, which its parts have together: making it of a million indicators takes a while.
fn wanted(lake: &Shared, list: &Path) -> Result<Arc<Wanted>> {
    static LAST: Mutex<Option<(PathBuf, Arc<Wanted>)>> = Mutex::new(None);
    if !list.starts_with(engine::ask::ASKED) || !list.components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(outside(&list.to_string_lossy()));
    }
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    match &*last {
        // No name is given twice.
        Some((of, wanted)) if of == list => Ok(wanted.clone()),
        _ => {
            let (indicators, bad) = Indicators::read(&read(lake, list)?);
            if let Some(bad) = bad.first() {
                return Err(DataFusionError::Execution(format!("`{}` is no indicator", bad.text)));
            }
            let wanted = Arc::new(Wanted::new(indicators));
            *last = Some((list.to_owned(), wanted.clone()));
            Ok(wanted)
        }
    }
}

/// A text below the lake.
fn read(lake: &Shared, below: &Path) -> Result<String> {
    let store = store::open(lake)?;
    let name: Location = below.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    let bytes = Handle::current().block_on(async { store.get(&name).await?.bytes().await })?;
    String::from_utf8(bytes.into()).map_err(|error| DataFusionError::External(error.into()))
}

struct Trail<'a> {
    hits: Rows,
    to: &'a Sender,
    broken: Option<DataFusionError>,
}

impl Hunting for Trail<'_> {
    fn hit(&mut self, hit: Hit, _: &Progress) -> Goes {
        self.hits.hit(&hit);
        if self.hits.count < ROWS {
            return Goes::Continue(());
        }
        // Whoever asked may be gone.
        if self.to.blocking_send(self.hits.take()).is_err() { Goes::Break(()) } else { Goes::Continue(()) }
    }
}

/// Rows that are collected.
#[derive(Default)]
struct Rows {
    count: usize,
    times: Vec<Option<i64>>,
    texts: [StringBuilder; 9],
}

impl Rows {
    fn hit(&mut self, hit: &Hit) {
        let indicator = format!("{},{}", hit.indicator.kind.name(), hit.indicator.value);
        self.push(
            Some(hit.time_us),
            [
                Some(hit.table),
                Some(indicator.as_str()),
                Some(hit.column),
                Some(hit.value.as_str()),
                Some(hit.originator.as_str()),
                hit.responder.as_deref(),
                hit.community_id.as_deref(),
                hit.protocol.as_deref(),
                None,
            ],
        );
    }

    fn read(&mut self, read: &Progress) -> Result<()> {
        let told = serde_json::to_string(read).map_err(|error| DataFusionError::External(error.into()))?;
        let mut texts = [None; 9];
        texts[8] = Some(told.as_str());
        self.push(None, texts);
        Ok(())
    }

    fn push(&mut self, time: Option<i64>, texts: [Option<&str>; 9]) {
        self.count += 1;
        self.times.push(time);
        self.texts.iter_mut().zip(texts).for_each(|(column, text)| column.append_option(text));
    }

    fn take(&mut self) -> Result<RecordBatch> {
        self.count = 0;
        let times: Arc<dyn Array> = Arc::new(Int64Array::from(std::mem::take(&mut self.times)));
        let texts = self.texts.iter_mut().map(|column| Arc::new(column.finish()) as Arc<dyn Array>);
        Ok(RecordBatch::try_new(HITS.clone(), std::iter::once(times).chain(texts).collect())?)
    }
}

/// What one row of an answer says.
pub enum Told {
    Hit(Box<Hit>),
    Read(Box<Progress>),
}

/// Reads the rows of an answer; an error when it says something that no hunt says.
pub fn told(rows: &RecordBatch) -> Result<Vec<Told>> {
    if rows.schema().fields() != HITS.fields() {
        return internal_err!("this is no answer to a hunt");
    }
    let times = rows.column(0).as_primitive::<Int64Type>();
    let text = |column: usize, row: usize| {
        let column = rows.column(column).as_string::<i32>();
        column.is_valid(row).then(|| column.value(row).to_owned())
    };
    let row = |row: usize| {
        if let Some(read) = text(9, row) {
            let read = serde_json::from_str(&read).map_err(|error| DataFusionError::External(error.into()))?;
            return Ok(Told::Read(Box::new(read)));
        }
        let strange = || DataFusionError::Internal("this is no hit".to_owned());
        let table = text(1, row).and_then(|name| Table::named(&name)).ok_or_else(strange)?;
        Ok(Told::Hit(Box::new(Hit {
            table: table.name,
            indicator: text(2, row).and_then(|line| Indicator::read(&line).ok()).ok_or_else(strange)?,
            column: text(3, row).and_then(|name| lake::hunted_column(&name)).ok_or_else(strange)?,
            value: text(4, row).unwrap_or_default(),
            time_us: times.value(row),
            originator: text(5, row).unwrap_or_default(),
            responder: text(6, row),
            community_id: text(7, row),
            protocol: text(8, row),
        })))
    };
    (0..rows.num_rows()).map(row).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;
    use datafusion::arrow::array::ArrayRef;

    fn named(table: &str, name: &str) -> RecordBatch {
        let texts = [table, name, "2017-05-12"].map(|text| Arc::new(StringArray::from(vec![text])) as ArrayRef);
        let numbers = (0..5).map(|_| Arc::new(Int64Array::from(vec![i64::MIN])) as ArrayRef);
        RecordBatch::try_new(FILES.clone(), texts.into_iter().chain(numbers).collect()).unwrap()
    }

    /// What comes over the network names files of the lake or none.
    #[test]
    fn files_elsewhere_are_refused() {
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(outside.path().join("secret"), "of another").unwrap();
        let session = folder.path().join("tables/session");
        std::fs::create_dir_all(&session).unwrap();
        std::os::unix::fs::symlink(outside.path(), session.join("day=2017-05-12")).unwrap();
        let lake = Shared::at(folder.path()).unwrap();
        let read = files_of(&named("session", "day=2017-05-13/one.parquet"), &lake).unwrap();
        assert!(read[0].path.ends_with("tables/session/day=2017-05-13/one.parquet"));
        for (table, name) in [
            ("session", "../../../etc/passwd"),
            ("session", "/etc/passwd"),
            ("session", "day=2017-05-13/../../x"),
            ("session", "day=2017-05-12/secret"),
            ("../secret", "x"),
            ("no-table", "x"),
        ] {
            assert!(files_of(&named(table, name), &lake).is_err(), "{table} {name}");
        }
        let no_files = RecordBatch::new_empty(HITS.clone());
        assert!(files_of(&no_files, &lake).is_err());
    }

    #[tokio::test]
    async fn a_list_elsewhere_is_refused() {
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(outside.path().join("list"), "10.0.0.1\n").unwrap();
        let asked = folder.path().join("asked");
        std::fs::create_dir_all(asked.join("one")).unwrap();
        std::fs::write(asked.join("one/list"), "10.0.0.1\n").unwrap();
        std::fs::write(asked.join("one/no-list"), "10.0.0.1\nsha256,zz\n").unwrap();
        std::fs::write(asked.join("one/no-text"), [0xff, 0xfe]).unwrap();
        std::fs::write(folder.path().join("list"), "10.0.0.1\n").unwrap();
        std::os::unix::fs::symlink(outside.path(), asked.join("out")).unwrap();
        let lake = Shared::at(folder.path()).unwrap();
        tokio::task::spawn_blocking(move || {
            assert!(wanted(&lake, Path::new("asked/one/list")).is_ok());
            for list in [
                "list",
                "asked/../list",
                "/etc/passwd",
                "asked/out/list",
                "asked/one/no-list",
                "asked/one/no-text",
                "asked/none",
            ] {
                assert!(wanted(&lake, Path::new(list)).is_err(), "{list}");
            }
        })
        .await
        .unwrap();
    }
}
