//! The step of a plan that groups rows by keys that are few.

use super::keys::Keys;
use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, BooleanArray, RecordBatch};
use arrow_schema::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};
use datafusion::physical_expr::aggregate::AggregateFunctionExpr;
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties, ReplaceChildrenOptions,
    SendableRecordBatchStream,
};
use futures_util::StreamExt;
use std::collections::VecDeque;
use std::fmt::{Formatter, Result as FmtResult};
use std::sync::Arc;

/// Groups rows, and tells of each group what its functions have kept so far: once at the end, and before that whenever
/// there are more groups than keys are kept for. Some group may so be told of more than once; who puts parts together
/// does not mind.
#[derive(Debug, Clone)]
pub struct FewGroupsExec {
    groups: Vec<Arc<dyn PhysicalExpr>>,
    functions: Vec<Function>,
    input: Arc<dyn ExecutionPlan>,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

/// A function over the rows of a group.
#[derive(Debug, Clone)]
struct Function {
    of: Arc<AggregateFunctionExpr>,
    arguments: Vec<Arc<dyn PhysicalExpr>>,
    /// Only rows of which this is true.
    condition: Option<Arc<dyn PhysicalExpr>>,
}

impl FewGroupsExec {
    /// The grouping of `aggregate` over `input`, which has the same columns; `schema` is what parts of it look like.
    pub fn new(aggregate: &AggregateExec, input: Arc<dyn ExecutionPlan>, schema: SchemaRef) -> FewGroupsExec {
        let functions = aggregate.aggr_expr().iter().zip(aggregate.filter_expr()).map(|(of, condition)| Function {
            of: of.clone(),
            arguments: of.expressions(),
            condition: condition.clone(),
        });
        let functions = functions.collect();
        let groups = aggregate.group_expr().expr().iter().map(|(expr, _)| expr.clone()).collect();
        FewGroupsExec {
            groups,
            functions,
            properties: properties(&schema, &input),
            input,
            schema,
            metrics: ExecutionPlanMetricsSet::new(),
        }
    }
}

fn properties(schema: &SchemaRef, input: &Arc<dyn ExecutionPlan>) -> Arc<PlanProperties> {
    Arc::new(PlanProperties::new(
        EquivalenceProperties::new(schema.clone()),
        Partitioning::UnknownPartitioning(input.output_partitioning().partition_count()),
        EmissionType::Final,
        Boundedness::Bounded,
    ))
}

impl DisplayAs for FewGroupsExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut Formatter<'_>) -> FmtResult {
        let groups = self.groups.iter().map(ToString::to_string).collect::<Vec<_>>();
        let functions = self.functions.iter().map(|function| function.of.name()).collect::<Vec<_>>();
        write!(f, "FewGroupsExec: gby=[{}], aggr=[{}]", groups.join(", "), functions.join(", "))
    }
}

impl ExecutionPlan for FewGroupsExec {
    fn name(&self) -> &str {
        "FewGroupsExec"
    }

    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let (Some(input), true) = (children.pop(), children.is_empty()) else {
            return Err(DataFusionError::Internal("groups are made of one input".into()));
        };
        let properties = properties(&self.schema, &input);
        Ok(Arc::new(FewGroupsExec { input, properties, ..Arc::unwrap_or_clone(self) }))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let recompute = datafusion::physical_plan::ChildrenPropertiesMode::Recompute;
        self.replace_children(children, ReplaceChildrenOptions::new(recompute))
    }

    fn apply_expressions(
        &self,
        visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        let arguments = self.functions.iter().flat_map(|function| function.arguments.iter().chain(&function.condition));
        for expr in self.groups.iter().chain(arguments) {
            if visit(expr)? == TreeNodeRecursion::Stop {
                return Ok(TreeNodeRecursion::Stop);
            }
        }
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let input = self.input.execute(partition, context.clone())?;
        let memory = MemoryConsumer::new(format!("FewGroupsExec[{partition}]")).register(context.memory_pool());
        let grouping = Grouping {
            accumulators: accumulators(&self.functions)?,
            keys: Keys::of(self.groups.len()),
            found: Vec::new(),
            known: 0,
            groups: self.groups.clone(),
            functions: self.functions.clone(),
            schema: self.schema.clone(),
            memory,
        };
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let state = Some((input, grouping, VecDeque::new(), metrics));
        let rows = futures_util::stream::try_unfold(state, |state| async move {
            let Some((mut input, mut grouping, mut parts, metrics)) = state else { return Ok(None) };
            loop {
                while let Some(rows) = parts.pop_front() {
                    let timer = metrics.elapsed_compute().clone();
                    let timer = timer.timer();
                    let taken = grouping.take(&rows)?;
                    timer.done();
                    match taken {
                        Taken::All => {}
                        Taken::None if grouping.is_empty() => halves(&rows, &mut parts)?,
                        Taken::None => {
                            parts.push_front(rows);
                            let told = grouping.tell()?;
                            return Ok(Some((told, Some((input, grouping, parts, metrics)))));
                        }
                    }
                }
                match input.next().await {
                    Some(rows) => parts.push_back(rows?),
                    None if grouping.is_empty() => return Ok(None),
                    None => return Ok(Some((grouping.tell()?, None))),
                }
            }
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), rows)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

fn accumulators(functions: &[Function]) -> Result<Vec<Box<dyn GroupsAccumulator>>> {
    functions.iter().map(|function| function.of.create_groups_accumulator()).collect()
}

/// Rows that are more than keys are kept for by themselves, in two parts.
fn halves(rows: &RecordBatch, parts: &mut VecDeque<RecordBatch>) -> Result<()> {
    let (all, half) = (rows.num_rows(), rows.num_rows() / 2);
    if half == 0 {
        return Err(DataFusionError::ResourcesExhausted("a row is more than its group may take".into()));
    }
    parts.push_front(rows.slice(half, all - half));
    parts.push_front(rows.slice(0, half));
    Ok(())
}

/// Groups that are being made.
struct Grouping {
    groups: Vec<Arc<dyn PhysicalExpr>>,
    functions: Vec<Function>,
    accumulators: Vec<Box<dyn GroupsAccumulator>>,
    keys: Keys,
    /// The group of each row, of the rows that are looked at.
    found: Vec<usize>,
    /// Groups that the functions know of.
    known: usize,
    schema: SchemaRef,
    memory: MemoryReservation,
}

enum Taken {
    All,
    /// There are more groups than keys are kept for.
    None,
}

impl Grouping {
    fn is_empty(&self) -> bool {
        self.known == 0
    }

    fn take(&mut self, rows: &RecordBatch) -> Result<Taken> {
        if rows.num_rows() == 0 {
            return Ok(Taken::All);
        }
        let evaluated = |exprs: &[Arc<dyn PhysicalExpr>]| {
            let arrays = exprs.iter().map(|expr| expr.evaluate(rows)?.into_array(rows.num_rows()));
            arrays.collect::<Result<Vec<ArrayRef>>>()
        };
        let groups = evaluated(&self.groups)?;
        let Some(known) = self.keys.find(&groups, &mut self.found)? else {
            if self.is_empty() {
                // Of what was found on the way nothing is told.
                self.keys = Keys::of(self.groups.len());
            }
            return Ok(Taken::None);
        };
        for (function, accumulator) in self.functions.iter().zip(&mut self.accumulators) {
            let condition =
                function.condition.as_ref().map(|condition| condition.evaluate(rows)?.into_array(rows.num_rows()));
            let condition = condition.transpose()?;
            let condition: Option<&BooleanArray> = condition.as_ref().and_then(|condition| condition.as_boolean_opt());
            accumulator.update_batch(&evaluated(&function.arguments)?, &self.found, condition, known)?;
        }
        let grew = known > self.known;
        self.known = known;
        if grew {
            let kept: usize = self.accumulators.iter().map(|accumulator| accumulator.size()).sum();
            self.memory.try_resize(kept + self.keys.bytes())?;
        }
        Ok(Taken::All)
    }

    /// What is known of each group, which is then forgotten.
    fn tell(&mut self) -> Result<RecordBatch> {
        let kinds = self.schema.fields().iter().map(|field| field.data_type());
        let mut columns = self.keys.columns(self.known, kinds.take(self.groups.len()))?;
        for accumulator in &mut self.accumulators {
            columns.extend(accumulator.state(EmitTo::All)?);
        }
        self.keys = Keys::of(self.groups.len());
        self.accumulators = accumulators(&self.functions)?;
        self.known = 0;
        Ok(RecordBatch::try_new(self.schema.clone(), columns)?)
    }
}
