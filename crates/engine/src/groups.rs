//! Grouping and counting without looking texts up.
//!
//! Most questions group by a few names, by the hour or by a port, and a table of groups in which each row is looked up is half
//! of what such a question costs. Where all of what is grouped by has few values, [`few`] puts a step into the plan that does
//! without one ([`exec`]), and says the same. Where different texts of all rows are counted, [`distinct`] keeps addresses as
//! numbers.

mod addresses;
mod dictionaries;
mod distinct;
mod exec;
mod few;
mod keys;

use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::datasource::physical_plan::{FileScanConfig, FileSource, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_expr::{Partitioning, PhysicalExpr, ScalarFunctionExpr};
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::union::UnionExec;
use datafusion::physical_plan::{ExecutionPlan, InputOrderMode};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The plan with every grouping that has few groups done without a table of them.
pub fn faster(plan: Arc<dyn ExecutionPlan>, runtime: &RuntimeEnv) -> Result<Arc<dyn ExecutionPlan>> {
    let faster = plan.transform_up(|node| {
        let Some(aggregate) = node.downcast_ref::<AggregateExec>() else { return Ok(Transformed::no(node)) };
        let faster =
            if is_first(aggregate) { few::by_number(aggregate, runtime)? } else { distinct::counted(aggregate)? };
        match faster {
            Some(found) if found.schema() == node.schema() => Ok(Transformed::yes(found)),
            _ => Ok(Transformed::no(node)),
        }
    });
    faster.data()
}

/// Whether it sees the rows themselves, and not what others made of them, in any order and to the last.
fn is_first(aggregate: &AggregateExec) -> bool {
    matches!(aggregate.mode(), AggregateMode::Single | AggregateMode::Partial)
        && *aggregate.input_order_mode() == InputOrderMode::Linear
        && aggregate.limit_options().is_none()
        && aggregate.group_expr().is_single()
        && !aggregate.group_expr().expr().is_empty()
}

/// What an expression is of the files: the name of a stored column, or of the function that is called.
fn stored(expr: &Arc<dyn PhysicalExpr>, input: &Arc<dyn ExecutionPlan>) -> Option<(bool, String)> {
    if let Some(function) = expr.downcast_ref::<ScalarFunctionExpr>() {
        return Some((false, function.fun().name().to_owned()));
    }
    let column = expr.downcast_ref::<Column>()?;
    match scanned(input) {
        Some((_, source)) => {
            let projected = source.projection()?.as_ref().get(column.index())?;
            match projected.expr.downcast_ref::<Column>() {
                Some(column) => Some((true, column.name().to_owned())),
                None => stored(&projected.expr, input),
            }
        }
        None => {
            let column: Arc<dyn PhysicalExpr> = Arc::new(below(column, input)?);
            stored(&column, input.children().first()?)
        }
    }
}

/// Where a column stands in what comes in to a step that hands rows on as they are, or some of them.
fn below(column: &Column, plan: &Arc<dyn ExecutionPlan>) -> Option<Column> {
    match plan.downcast_ref::<FilterExec>() {
        Some(filter) => {
            let at = column.index();
            let at = filter.projection().as_ref().map_or(Some(at), |kept| kept.get(at).copied())?;
            let is_asked = collect_columns(filter.predicate()).iter().any(|asked| asked.index() == at);
            (!is_asked).then(|| Column::new(column.name(), at))
        }
        None => is_passed_on(plan).then(|| column.clone()),
    }
}

/// What hands rows on as they are.
fn is_passed_on(plan: &Arc<dyn ExecutionPlan>) -> bool {
    let by_turns = |dealt: &RepartitionExec| !matches!(dealt.partitioning(), Partitioning::Hash(..));
    plan.is::<UnionExec>() || plan.downcast_ref::<RepartitionExec>().is_some_and(by_turns)
}

fn scanned(plan: &Arc<dyn ExecutionPlan>) -> Option<(&FileScanConfig, &ParquetSource)> {
    let config = plan.downcast_ref::<DataSourceExec>()?.data_source().downcast_ref::<FileScanConfig>()?;
    Some((config, config.file_source.downcast_ref::<ParquetSource>()?))
}

/// The columns that are asked for beside what is grouped by as it is.
fn asked_otherwise(aggregate: &AggregateExec) -> BTreeSet<usize> {
    let mut exprs: Vec<Arc<dyn PhysicalExpr>> = aggregate.filter_expr().iter().flatten().cloned().collect();
    exprs.extend(aggregate.aggr_expr().iter().flat_map(|function| function.expressions()));
    let groups = aggregate.group_expr().expr().iter().map(|(expr, _)| expr);
    exprs.extend(groups.filter(|expr| !expr.is::<Column>()).cloned());
    exprs.iter().flat_map(collect_columns).map(|column| column.index()).collect()
}
