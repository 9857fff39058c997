//! Grouping where there are few groups.
//!
//! The files have a dictionary for a text with few values, and a number in it for each row; times by the hour come in runs;
//! ports are small numbers. Where all of what is grouped by is such, a row's group is found without hashing anything
//! ([`keys`]), and what comes out of [`exec`](super::exec) is put together by the engine as if parts of the rows had been
//! grouped apart. Where there are more groups than thought the answer is the same, and only the time is lost.

use super::exec::FewGroupsExec;
use super::{asked_otherwise, below, dictionaries, keys, scanned, stored};
use arrow_schema::{DataType, Schema, TimeUnit};
use datafusion::common::Result;
use datafusion::datasource::physical_plan::{FileScanConfigBuilder, FileSource, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::aggregate::AggregateFunctionExpr;
use datafusion::physical_expr::expressions::{CastExpr, Column};
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};
use datafusion::physical_plan::union::UnionExec;
use datafusion::physical_plan::{ChildrenPropertiesMode, ExecutionPlan, ReplaceChildrenOptions};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What has a state of fixed size for each group.
const FUNCTIONS: [&str; 5] = ["count", "sum", "min", "max", "avg"];

pub(super) fn by_number(aggregate: &AggregateExec, runtime: &RuntimeEnv) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let groups = aggregate.group_expr();
    let kept_apart = |function: &Arc<AggregateFunctionExpr>| {
        !FUNCTIONS.contains(&function.fun().name())
            || function.is_distinct()
            || !function.order_bys().is_empty()
            || !function.groups_accumulator_supported()
    };
    if groups.expr().len() > keys::COLUMNS_MAX || aggregate.aggr_expr().iter().any(kept_apart) {
        return Ok(None);
    }
    let input = aggregate.input();
    let mut texts = Vec::new();
    for (expr, _) in groups.expr() {
        match few(expr, input)? {
            Some(Few::Text(column)) => texts.push(column),
            Some(Few::Number) => {}
            None => return Ok(None),
        }
    }
    if asked_otherwise(aggregate).iter().any(|column| texts.iter().any(|text| text.index() == *column)) {
        return Ok(None);
    }
    let Some(read) = read_as_numbers(input, &texts, runtime)? else { return Ok(None) };

    // As the engine does it where parts of the rows are grouped apart: each part tells what it has of each group.
    let part = AggregateExec::try_new(
        AggregateMode::Partial,
        groups.clone(),
        aggregate.aggr_expr().to_vec(),
        aggregate.filter_expr().to_vec(),
        input.clone(),
        aggregate.input_schema(),
    )?;
    let grouped: Arc<dyn ExecutionPlan> = Arc::new(FewGroupsExec::new(aggregate, read, part.schema()));
    if *aggregate.mode() == AggregateMode::Partial {
        return Ok(Some(grouped));
    }
    let functions = aggregate.aggr_expr();
    let whole = AggregateExec::try_new(
        AggregateMode::Final,
        groups.as_final(),
        functions.to_vec(),
        vec![None; functions.len()],
        grouped,
        aggregate.input_schema(),
    )?;
    Ok(Some(Arc::new(whole)))
}

/// Of what is grouped by, what has few values.
enum Few {
    Text(Column),
    Number,
}

fn few(expr: &Arc<dyn PhysicalExpr>, input: &Arc<dyn ExecutionPlan>) -> Result<Option<Few>> {
    let kind = expr.data_type(&input.schema())?;
    let Some((stored, name)) = stored(expr, input) else { return Ok(None) };
    let is_few = lake::has_few_values(&name);
    Ok(match (kind, expr.downcast_ref::<Column>()) {
        (DataType::Utf8View, Some(column)) if stored && is_few => Some(Few::Text(column.clone())),
        (DataType::Int32 | DataType::Boolean, _) if stored && is_few => Some(Few::Number),
        (DataType::Timestamp(TimeUnit::Microsecond, _), _) if name == "date_trunc" => Some(Few::Number),
        _ => None,
    })
}

/// What comes in with these texts as numbers in a dictionary; none when they are not read from files as they are.
fn read_as_numbers(
    plan: &Arc<dyn ExecutionPlan>,
    texts: &[Column],
    runtime: &RuntimeEnv,
) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    if texts.is_empty() {
        return Ok(Some(plan.clone()));
    }
    if scanned(plan).is_some() {
        return with_dictionaries(plan, texts, runtime);
    }
    let Some(texts) = texts.iter().map(|text| below(text, plan)).collect::<Option<Vec<_>>>() else { return Ok(None) };
    let mut parts = Vec::new();
    for part in plan.children() {
        parts.push(match read_as_numbers(part, &texts, runtime)? {
            Some(read) => read,
            // What waits is no file.
            None if plan.is::<UnionExec>() => made_numbers(part.clone(), &texts)?,
            None => return Ok(None),
        });
    }
    let recompute = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
    if plan.is::<UnionExec>() {
        UnionExec::try_new(parts).map(Some)
    } else {
        plan.clone().replace_children(parts, recompute).map(Some)
    }
}

fn made_numbers(plan: Arc<dyn ExecutionPlan>, texts: &[Column]) -> Result<Arc<dyn ExecutionPlan>> {
    let schema = plan.schema();
    let column = |(at, field): (usize, &Arc<arrow_schema::Field>)| {
        let column: Arc<dyn PhysicalExpr> = Arc::new(Column::new(field.name(), at));
        let is_text = texts.iter().any(|text| text.index() == at);
        let expr = if is_text { Arc::new(CastExpr::new(column, dictionaries::kind(), None)) } else { column };
        ProjectionExpr { expr, alias: field.name().clone() }
    };
    let columns: Vec<ProjectionExpr> = schema.fields().iter().enumerate().map(column).collect();
    Ok(Arc::new(ProjectionExec::try_new(columns, plan)?))
}

/// Files that are read with their dictionaries for these columns; none when something else is asked of the same columns.
fn with_dictionaries(
    plan: &Arc<dyn ExecutionPlan>,
    texts: &[Column],
    runtime: &RuntimeEnv,
) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let Some((config, parquet)) = scanned(plan) else { return Ok(None) };
    let Some(projection) = parquet.projection() else { return Ok(None) };
    let is_text = |at: usize| texts.iter().any(|text| text.index() == at);
    let (mut stored, mut asked_otherwise) = (BTreeSet::new(), Vec::new());
    for (at, projected) in projection.iter().enumerate() {
        match projected.expr.downcast_ref::<Column>() {
            Some(column) if is_text(at) => _ = stored.insert(column.index()),
            _ => asked_otherwise.push(projected.expr.clone()),
        }
    }
    asked_otherwise.extend(parquet.filter());
    if asked_otherwise.iter().flat_map(collect_columns).any(|column| stored.contains(&column.index())) {
        return Ok(None);
    }

    let schema = parquet.table_schema().table_schema();
    let fields = schema.fields().iter().enumerate().map(|(at, field)| match stored.contains(&at) {
        true => Arc::new(field.as_ref().clone().with_data_type(dictionaries::kind())),
        false => field.clone(),
    });
    let names = stored.iter().map(|at| schema.field(*at).name().clone()).collect();
    let store = runtime.object_store(&config.object_store_url)?;
    let read = ParquetSource::new(Arc::new(Schema::new(fields.collect::<Vec<_>>())))
        .with_table_parquet_options(parquet.table_parquet_options().clone())
        .with_parquet_file_reader_factory(Arc::new(dictionaries::Dictionaries::new(store, names)));
    let read = match parquet.filter() {
        Some(filter) => read.with_predicate(filter),
        None => read,
    };
    let Some(read) = read.try_pushdown_projection(projection)? else { return Ok(None) };
    let config = FileScanConfigBuilder::from(config.clone()).with_source(read).build();
    Ok(Some(DataSourceExec::from_data_source(config)))
}
