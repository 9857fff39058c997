//! Files that are read with their dictionaries.

use arrow_schema::{DataType, Schema};
use datafusion::common::Result;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::datasource::physical_plan::parquet::DefaultParquetFileReaderFactory;
use datafusion::object_store::ObjectStore;
use datafusion::parquet::arrow::arrow_reader::ArrowReaderOptions;
use datafusion::parquet::arrow::async_reader::AsyncFileReader;
use datafusion::parquet::arrow::{ARROW_SCHEMA_META_KEY, encode_arrow_schema, parquet_to_arrow_schema};
use datafusion::parquet::errors::Result as ParquetResult;
use datafusion::parquet::file::metadata::{FileMetaData, KeyValue, ParquetMetaData, ParquetMetaDataBuilder};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

/// A text as a number in a dictionary.
pub fn kind() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

/// Opens files in which some columns are said to be dictionaries. What a column is read as stands in the file itself,
/// and only what stands there is asked; each file may have other columns, since some are thought of later.
#[derive(Debug)]
pub struct Dictionaries {
    inner: DefaultParquetFileReaderFactory,
    columns: Arc<BTreeSet<String>>,
}

impl Dictionaries {
    pub fn new(store: Arc<dyn ObjectStore>, columns: BTreeSet<String>) -> Dictionaries {
        Dictionaries { inner: DefaultParquetFileReaderFactory::new(store), columns: Arc::new(columns) }
    }
}

impl ParquetFileReaderFactory for Dictionaries {
    fn create_reader(
        &self,
        partition: usize,
        file: PartitionedFile,
        metadata_size_hint: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> Result<Box<dyn AsyncFileReader + Send>> {
        let inner = self.inner.create_reader(partition, file, metadata_size_hint, metrics)?;
        Ok(Box::new(Reader { inner, columns: self.columns.clone() }))
    }
}

struct Reader {
    inner: Box<dyn AsyncFileReader + Send>,
    columns: Arc<BTreeSet<String>>,
}

impl AsyncFileReader for Reader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, ParquetResult<bytes::Bytes>> {
        self.inner.get_bytes(range)
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, ParquetResult<Vec<bytes::Bytes>>> {
        self.inner.get_byte_ranges(ranges)
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, ParquetResult<Arc<ParquetMetaData>>> {
        async move {
            let metadata = self.inner.get_metadata(options).await?;
            said(Arc::unwrap_or_clone(metadata), &self.columns).map(Arc::new)
        }
        .boxed()
    }
}

/// What a file says of itself, with these columns said to be dictionaries where they are texts.
fn said(metadata: ParquetMetaData, columns: &BTreeSet<String>) -> ParquetResult<ParquetMetaData> {
    let file = metadata.file_metadata();
    let schema = parquet_to_arrow_schema(file.schema_descr(), file.key_value_metadata())?;
    let fields = schema.fields().iter().map(|field| {
        let is_text = matches!(field.data_type(), DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8);
        if is_text && columns.contains(field.name()) {
            Arc::new(field.as_ref().clone().with_data_type(kind()))
        } else {
            field.clone()
        }
    });
    let schema = Schema::new_with_metadata(fields.collect::<Vec<_>>(), schema.metadata().clone());
    let mut said = file.key_value_metadata().cloned().unwrap_or_default();
    said.retain(|pair| pair.key != ARROW_SCHEMA_META_KEY);
    said.push(KeyValue::new(ARROW_SCHEMA_META_KEY.to_owned(), encode_arrow_schema(&schema)));
    let file = FileMetaData::new(
        file.version(),
        file.num_rows(),
        file.created_by().map(str::to_owned),
        Some(said),
        file.schema_descr_ptr(),
        file.column_orders().cloned(),
    );
    let mut from = metadata.into_builder();
    Ok(ParquetMetaDataBuilder::new(file)
        .set_row_groups(from.take_row_groups())
        .set_column_index(from.take_column_index())
        .set_offset_index(from.take_offset_index())
        .build())
}
