//! The tables of the lake as the engine of SQL sees them.

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, DataFusionError, Result, ScalarValue, Statistics};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, TableProviderFilterPushDown, TableType};
use datafusion::object_store::ObjectMeta;
use datafusion::object_store::path::Path;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::union::UnionExec;
use lake::{DataFile, Table, View};
use std::path::PathBuf;
use std::sync::Arc;

/// Where the files of a table are for whoever reads them.
#[derive(Debug, Clone)]
pub enum Place {
    /// Where this process sees them.
    Here,
    /// Below a folder that others know as a store, wherever it is for them.
    Below { folder: PathBuf, store: ObjectStoreUrl },
    /// In a bucket, with what comes before the keys in their addresses.
    Bucket { before: String, store: ObjectStoreUrl },
}

/// A table: its files, and the rows that are in no file yet.
#[derive(Debug)]
pub struct LakeTable {
    name: &'static str,
    place: Place,
    schema: SchemaRef,
    /// Where its time stands among the columns.
    time: Option<usize>,
    files: Vec<DataFile>,
    /// Files that are no part of the table, with rows of it.
    further: Vec<(PathBuf, u64)>,
    waiting: Vec<RecordBatch>,
}

impl LakeTable {
    pub fn of(view: &View, table: &'static Table, place: Place) -> Result<LakeTable> {
        let schema = readable(&table.schema(), &place);
        let mut files: Vec<DataFile> = view.files().filter(|file| file.table == table.name).cloned().collect();
        // What is asked for last is most often what came last; a question for the last rows is then over soon.
        files.sort_by_key(|file| std::cmp::Reverse(file.last_us));
        let waiting = view.waiting(table).map(|rows| fitted(rows, &schema)).collect::<Result<_>>()?;
        Ok(LakeTable {
            name: table.name,
            time: schema.index_of(table.time).ok(),
            place,
            schema,
            files,
            further: Vec::new(),
            waiting,
        })
    }

    pub fn name(&self) -> &'static str {
        self.name
    }

    pub fn files(&self) -> usize {
        self.files.len()
    }

    pub fn waiting_rows(&self) -> usize {
        self.waiting.iter().map(RecordBatch::num_rows).sum()
    }

    /// The rows that are in no file yet.
    pub fn waiting(&self) -> &[RecordBatch] {
        &self.waiting
    }

    /// The table with what waits taken from a file that was written of it.
    pub fn with_waiting_in(mut self, path: PathBuf, bytes: u64) -> LakeTable {
        self.waiting.clear();
        self.further.push((path, bytes));
        self
    }

    /// Whether a question reads nothing dear, and only leaves out rows beyond a number: then most rows are read, and to read
    /// everything and leave out some costs less than to know which rows to read. Of a text, or where one value is asked for,
    /// what is not read is worth more.
    fn keeps_most_of_little(&self, projection: Option<&Vec<usize>>, filters: &[Expr]) -> bool {
        let all = || (0..self.schema.fields().len()).collect();
        let read = projection.cloned().unwrap_or_else(all);
        let is_cheap = |at: &usize| {
            let field = self.schema.field(*at);
            field.data_type().is_primitive()
                || *field.data_type() == DataType::Boolean
                || lake::has_few_values(field.name())
        };
        let beyond = |filter: &Expr| {
            matches!(filter, Expr::BinaryExpr(BinaryExpr { left, op, right })
            if matches!(op, Operator::Lt | Operator::LtEq | Operator::Gt | Operator::GtEq | Operator::NotEq)
                && matches!((&**left, &**right), (Expr::Column(_), Expr::Literal(..)) | (Expr::Literal(..), Expr::Column(_))))
        };
        !filters.is_empty() && filters.iter().all(beyond) && read.iter().all(is_cheap)
    }

    fn asks_for_time(&self, filter: &Expr) -> bool {
        let time = self.time.and_then(|at| self.schema.fields().get(at));
        filter.column_refs().iter().any(|column| time.is_some_and(|time| *time.name() == column.name))
    }

    /// The files dealt out to so many readers, each of which begins with the newest of its own.
    fn groups(&self, readers: usize) -> Result<Vec<FileGroup>> {
        let further =
            self.further.iter().map(|(path, bytes)| Ok(PartitionedFile::new_from_meta(self.meta(path, *bytes)?)));
        let files = further.chain(self.files.iter().map(|file| self.partitioned(file)));
        let mut groups = vec![Vec::new(); readers.clamp(1, (self.files.len() + self.further.len()).max(1))];
        let count = groups.len();
        for (at, file) in files.enumerate() {
            if let Some(group) = groups.get_mut(at % count) {
                group.push(file?);
            }
        }
        Ok(groups.into_iter().map(FileGroup::new).collect())
    }

    fn partitioned(&self, file: &DataFile) -> Result<PartitionedFile> {
        let times = |us| Precision::Exact(ScalarValue::TimestampMicrosecond(Some(us), Some("UTC".into())));
        let mut columns = vec![ColumnStatistics::new_unknown(); self.schema.fields().len()];
        if let Some(time) = self.time.and_then(|time| columns.get_mut(time)) {
            time.min_value = times(file.first_us);
            time.max_value = times(file.last_us);
            time.null_count = Precision::Exact(0);
        }
        let rows = usize::try_from(file.rows).map_or(Precision::Absent, Precision::Exact);
        let statistics = Statistics { num_rows: rows, total_byte_size: Precision::Absent, column_statistics: columns };
        let meta = self.meta(&file.path, file.bytes)?;
        Ok(PartitionedFile::new_from_meta(meta).with_statistics(Arc::new(statistics)))
    }

    fn meta(&self, path: &std::path::Path, size: u64) -> Result<ObjectMeta> {
        let location = self.place.location(path)?;
        Ok(ObjectMeta { location, last_modified: Default::default(), size, e_tag: None, version: None })
    }
}

impl Place {
    pub fn of_bucket(bucket: &lake::Bucket) -> Result<Place> {
        let location = bucket.location();
        let before = format!("{}://{}/", location.scheme(), location.host_str().unwrap_or_default());
        Ok(Place::Bucket { store: ObjectStoreUrl::parse(&before)?, before })
    }

    pub fn store(&self) -> ObjectStoreUrl {
        match self {
            Place::Here => ObjectStoreUrl::local_filesystem(),
            Place::Below { store, .. } | Place::Bucket { store, .. } => store.clone(),
        }
    }

    /// What a file is called in the store.
    pub fn location(&self, path: &std::path::Path) -> Result<Path> {
        let failed = |error: Box<dyn std::error::Error + Send + Sync>| DataFusionError::External(error);
        match self {
            // Folders may be called anything; a path made of a text would be read as one that is encoded already.
            Place::Here => Path::from_absolute_path(path).map_err(|error| failed(error.into())),
            Place::Bucket { before, .. } => {
                let key = path.to_str().and_then(|path| path.strip_prefix(before.as_str()));
                let key = key.ok_or_else(|| failed("a file that is not in the bucket".into()))?;
                Path::parse(key).map_err(|error| failed(error.into()))
            }
            Place::Below { folder, .. } => {
                let below = path.strip_prefix(folder).map_err(|error| failed(error.into()))?;
                Ok(below.iter().map(|part| part.to_string_lossy().into_owned()).collect())
            }
        }
    }
}

/// The columns as they are read: text in the form that is not copied where it stays in the process, and each may be absent,
/// since files that were written before a column was thought of do not have it.
fn readable(schema: &Schema, place: &Place) -> SchemaRef {
    let text = if matches!(place, Place::Here | Place::Bucket { .. }) { DataType::Utf8View } else { DataType::Utf8 };
    let field = |field: &Arc<Field>| {
        let kind = if *field.data_type() == DataType::Utf8 { text.clone() } else { field.data_type().clone() };
        Field::new(field.name(), kind, true)
    };
    Arc::new(Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>()))
}

fn fitted(rows: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let column = |field: &Arc<Field>| match rows.column_by_name(field.name()) {
        Some(column) => Ok(arrow_cast::cast(column, field.data_type())?),
        None => Ok(arrow_array::new_null_array(field.data_type(), rows.num_rows())),
    };
    let columns = schema.fields().iter().map(column).collect::<Result<Vec<_>, DataFusionError>>()?;
    Ok(RecordBatch::try_new(schema.clone(), columns)?)
}

#[async_trait::async_trait]
impl TableProvider for LakeTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    /// The engine keeps every filter itself, and hands it down to what reads the files as well.
    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mut plans: Vec<Arc<dyn ExecutionPlan>> = Vec::new();
        if !self.files.is_empty() || !self.further.is_empty() {
            let options = state.table_options().parquet.clone();
            let rows_first = !self.keeps_most_of_little(projection, filters);
            let source = ParquetSource::new(self.schema.clone())
                .with_table_parquet_options(options)
                .with_pushdown_filters(rows_first)
                .with_reorder_filters(true)
                // Beside the time nothing is told of single pages.
                .with_enable_page_index(rows_first || filters.iter().any(|filter| self.asks_for_time(filter)));
            let groups = self.groups(state.config().target_partitions())?;
            let scan = FileScanConfigBuilder::new(self.place.store(), Arc::new(source))
                .with_file_groups(groups)
                .with_projection_indices(projection.cloned())?
                .with_limit(limit)
                .build();
            plans.push(DataSourceExec::from_data_source(scan));
        }
        if !self.waiting.is_empty() || plans.is_empty() {
            plans.push(MemorySourceConfig::try_new_exec(
                std::slice::from_ref(&self.waiting),
                self.schema.clone(),
                projection.cloned(),
            )?);
        }
        match plans.pop() {
            Some(plan) if plans.is_empty() => Ok(plan),
            Some(plan) => {
                plans.push(plan);
                UnionExec::try_new(plans)
            }
            None => Err(DataFusionError::Internal("a table without rows has one empty part".into())),
        }
    }
}
