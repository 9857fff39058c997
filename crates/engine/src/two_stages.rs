//! Counting what differs in two stages.
//!
//! `count(*)` together with `count(distinct x)` by groups keeps a set of values for each group in memory, which no limit
//! holds and no disk takes over. Grouped by the groups and `x` first, and counted then, it is two groupings that go to the
//! disk when they must. The engine does so itself only when nothing but sums, least and greatest stand beside.

use arrow_schema::DataType;
use datafusion::common::Result;
use datafusion::common::tree_node::Transformed;
use datafusion::functions::core::expr_fn::{coalesce, nullif};
use datafusion::functions_aggregate::expr_fn::{count, max, min, sum};
use datafusion::logical_expr::expr::{AggregateFunction, AggregateFunctionParams};
use datafusion::logical_expr::{Aggregate, Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, cast, col, lit};
use datafusion::optimizer::optimizer::ApplyOrder;
use datafusion::optimizer::{OptimizerConfig, OptimizerRule};
use std::sync::Arc;

#[derive(Debug)]
pub struct TwoStages;

/// What the columns between the stages are called; no name of a person begins like that.
const DIFFERS: &str = "__differs";

impl OptimizerRule for TwoStages {
    fn name(&self) -> &str {
        "count_what_differs_in_two_stages"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::TopDown)
    }

    fn rewrite(&self, plan: LogicalPlan, _: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let LogicalPlan::Aggregate(aggregate) = &plan else { return Ok(Transformed::no(plan)) };
        match stages(aggregate)? {
            Some(staged) => Ok(Transformed::yes(staged)),
            None => Ok(Transformed::no(plan)),
        }
    }
}

/// One that can be put together again from the parts of its rows.
enum Part<'a> {
    /// Of this, what differs.
    Differs(&'a Expr),
    Count(&'a Expr),
    Sum(&'a Expr),
    Min(&'a Expr),
    Max(&'a Expr),
    Avg(&'a Expr),
}

impl Part<'_> {
    fn of(expr: &Expr) -> Option<Part<'_>> {
        let Expr::AggregateFunction(AggregateFunction { func, params }) = expr else { return None };
        let AggregateFunctionParams { args, distinct, filter, order_by, .. } = params;
        let [argument] = args.as_slice() else { return None };
        if filter.is_some() || !order_by.is_empty() {
            return None;
        }
        Some(match (func.name(), *distinct) {
            ("count", true) => Part::Differs(argument),
            ("count", false) => Part::Count(argument),
            ("sum", false) => Part::Sum(argument),
            ("min", _) => Part::Min(argument),
            ("max", _) => Part::Max(argument),
            ("avg", false) => Part::Avg(argument),
            _ => return None,
        })
    }
}

fn stages(aggregate: &Aggregate) -> Result<Option<LogicalPlan>> {
    let Some(parts) = aggregate.aggr_expr.iter().map(Part::of).collect::<Option<Vec<_>>>() else { return Ok(None) };
    let mut differing = parts.iter().filter_map(|part| if let Part::Differs(of) = part { Some(*of) } else { None });
    let Some(differs) = differing.next() else { return Ok(None) };
    let grouped_in_sets = aggregate.group_expr.iter().any(|expr| matches!(expr, Expr::GroupingSet(_)));
    if grouped_in_sets
        || differing.any(|other| other != differs)
        || parts.iter().all(|part| matches!(part, Part::Differs(_)))
    {
        return Ok(None);
    }

    let group_name = |at: usize| format!("__group_{at}");
    let part_name = |at: usize| format!("__part_{at}");
    let mut inner_groups: Vec<Expr> =
        aggregate.group_expr.iter().enumerate().map(|(at, expr)| expr.clone().alias(group_name(at))).collect();
    inner_groups.push(differs.clone().alias(DIFFERS));
    let (mut inner, mut outer) = (Vec::new(), Vec::new());
    for (at, part) in parts.iter().enumerate() {
        let name = part_name(at);
        match part {
            Part::Differs(_) => outer.push(vec![count(col(DIFFERS)).alias(&name)]),
            Part::Count(of) => {
                inner.push(count((*of).clone()).alias(&name));
                outer.push(vec![sum(col(&name)).alias(&name)]);
            }
            Part::Sum(of) => {
                inner.push(sum((*of).clone()).alias(&name));
                outer.push(vec![sum(col(&name)).alias(&name)]);
            }
            Part::Min(of) => {
                inner.push(min((*of).clone()).alias(&name));
                outer.push(vec![min(col(&name)).alias(&name)]);
            }
            Part::Max(of) => {
                inner.push(max((*of).clone()).alias(&name));
                outer.push(vec![max(col(&name)).alias(&name)]);
            }
            Part::Avg(of) => {
                let of = cast((*of).clone(), DataType::Float64);
                let counted = format!("{name}_of");
                inner.push(sum(of.clone()).alias(&name));
                inner.push(count(of).alias(&counted));
                outer.push(vec![sum(col(&name)).alias(&name), sum(col(&counted)).alias(&counted)]);
            }
        }
    }
    let outer_groups: Vec<Expr> = (0..aggregate.group_expr.len()).map(|at| col(group_name(at))).collect();
    let staged = LogicalPlanBuilder::from(aggregate.input.clone())
        .aggregate(inner_groups, inner)?
        .aggregate(outer_groups, outer.into_iter().flatten().collect::<Vec<_>>())?
        .build()?;

    // The same columns under the same names as before.
    let groups = (0..aggregate.group_expr.len()).map(|at| col(group_name(at)));
    let whole = parts.iter().enumerate().map(|(at, part)| match part {
        // Of no rows there are none, where a sum would be nothing.
        Part::Count(_) => coalesce(vec![col(part_name(at)), lit(0_i64)]),
        Part::Avg(_) => {
            let counted = nullif(col(format!("{}_of", part_name(at))), lit(0_i64));
            col(part_name(at)) / cast(counted, DataType::Float64)
        }
        _ => col(part_name(at)),
    });
    let named = groups.chain(whole).enumerate().map(|(at, expr)| {
        let (qualifier, field) = aggregate.schema.qualified_field(at);
        let expr = if expr.get_type(staged.schema())? == *field.data_type() {
            expr
        } else {
            cast(expr, field.data_type().clone())
        };
        Ok(expr.alias_qualified(qualifier.cloned(), field.name()))
    });
    let named = named.collect::<Result<Vec<_>>>()?;
    Ok(Some(LogicalPlanBuilder::from(Arc::new(staged)).project(named)?.build()?))
}
