//! Which plans mean the same when their parts are computed apart.
//!
//! In one process the parts of an operator may share what they know: rows that met a partner, rows that are in front. On
//! several machines they do not, and a plan that relies on it gives other rows without a word. So operators are let
//! through by name, those that are known to be sound, and a few are made so.

use datafusion::arrow::array::{RecordBatch, RecordBatchOptions, new_null_array};
use datafusion::arrow::datatypes::Schema;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::logical_expr::JoinType;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::joins::NestedLoopJoinExec;
use datafusion::physical_plan::limit::GlobalLimitExec;
use datafusion::physical_plan::placeholder_row::PlaceholderRowExec;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties, replace_children_if_necessary};
use std::sync::Arc;

/// Those whose parts need nothing of each other, or that are the places where stages are cut.
const SOUND: [&str; 26] = [
    "AggregateExec",
    "BoundedWindowAggExec",
    "CoalesceBatchesExec",
    "CoalescePartitionsExec",
    "CooperativeExec",
    "CrossJoinExec",
    "DataSourceExec",
    "EmptyExec",
    "FilterExec",
    "GlobalLimitExec",
    "HashJoinExec",
    "HuntExec",
    "InterleaveExec",
    "LocalLimitExec",
    "NestedLoopJoinExec",
    "PlaceholderRowExec",
    "ProjectionExec",
    "RepartitionExec",
    "SortExec",
    "SortExec(TopK)",
    "SortMergeJoinExec",
    "SortPreservingMergeExec",
    "UnionExec",
    "UnnestExec",
    "WindowAggExec",
    "PartialSortExec",
];

/// The plan so that its parts can be computed apart; an error when it cannot be.
pub fn sound(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    plan.transform_up(|node| {
        if !SOUND.contains(&node.name()) {
            return Err(DataFusionError::NotImplemented(node.name().to_owned()));
        }
        // Where stages are cut, the order of rows is lost.
        if node.downcast_ref::<RepartitionExec>().is_some_and(RepartitionExec::preserve_order) {
            return Err(DataFusionError::NotImplemented("RepartitionExec in order".to_owned()));
        }
        if node.is::<PlaceholderRowExec>() {
            return Ok(Transformed::yes(in_memory(&node, 1)?));
        }
        if node.is::<EmptyExec>() {
            return Ok(Transformed::yes(in_memory(&node, 0)?));
        }
        at_one_place(node)
    })
    .data()
}

/// Rows without values, as rows in memory. Put together with others, an operator that makes them is exchanged for another
/// one in the tasks that do not have it; then a task reports other numbers than the scheduler expects, and never ends.
fn in_memory(node: &Arc<dyn ExecutionPlan>, rows: usize) -> Result<Arc<dyn ExecutionPlan>> {
    // A column may be said to have a value always, of which there is none here; nobody looks at it.
    let schema = node.schema();
    let fields = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let mut batches = Vec::new();
    if rows > 0 {
        let columns = schema.fields().iter().map(|field| new_null_array(field.data_type(), rows)).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        batches.push(RecordBatch::try_new_with_options(schema.clone(), columns, &options)?);
    }
    Ok(MemorySourceConfig::try_new_exec(&[batches], schema, None)?)
}

/// A join that is not by equality and tells rows by what it has seen of all of a side is computed at one place. Of those by
/// equality the scheduler knows which can be taken apart.
fn at_one_place(node: Arc<dyn ExecutionPlan>) -> Result<Transformed<Arc<dyn ExecutionPlan>>> {
    if !node.downcast_ref::<NestedLoopJoinExec>().is_some_and(|join| *join.join_type() != JoinType::Inner) {
        return Ok(Transformed::no(node));
    }
    // Both, since the scheduler may let them change places.
    let sides = node.children().into_iter().map(whole).collect();
    Ok(Transformed::yes(replace_children_if_necessary(node, sides)?))
}

/// All rows of an input together. A limit that limits nothing needs them so, and the scheduler, which plans anew where rows go,
/// keeps to what an operator needs.
fn whole(side: &Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
    let together: Arc<dyn ExecutionPlan> = match side.output_partitioning().partition_count() {
        1 => side.clone(),
        _ => Arc::new(CoalescePartitionsExec::new(side.clone())),
    };
    Arc::new(GlobalLimitExec::new(together, 0, None))
}
