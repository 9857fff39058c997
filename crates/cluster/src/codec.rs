//! How plans are written for other machines: the engine's own operators and those between stages.

use crate::hunt::HuntExec;
use crate::shared::Shared;
use ballista_core::serde::BallistaPhysicalExtensionCodec;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::logical_expr::{AggregateUDF, HigherOrderUDF, ScalarUDF, WindowUDF};
use datafusion::physical_plan::ExecutionPlan;
use datafusion_proto::physical_plan::{PhysicalExtensionCodec, PhysicalProtoConverterExtension};
use std::sync::Arc;

/// What the bytes of a hunt begin with; those between stages are messages, and none begins like that.
const HUNT: &[u8] = b"\0hunt\0";

#[derive(Debug, Default)]
pub struct Codec {
    stages: BallistaPhysicalExtensionCodec,
    /// Where the lake is, for whoever searches it.
    lake: Option<Shared>,
}

impl Codec {
    pub fn of(lake: &Shared) -> Codec {
        Codec { lake: Some(lake.clone()), ..Codec::default() }
    }
}

impl PhysicalExtensionCodec for Codec {
    fn try_decode(
        &self,
        buf: &[u8],
        inputs: &[Arc<dyn ExecutionPlan>],
        ctx: &TaskContext,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match (buf.strip_prefix(HUNT), inputs) {
            (Some(sought), [input]) => {
                let sought = serde_json::from_slice(sought).map_err(|error| DataFusionError::External(error.into()))?;
                Ok(Arc::new(HuntExec::new(input.clone(), sought, self.lake.clone())))
            }
            _ => self.stages.try_decode(buf, inputs, ctx, converter),
        }
    }

    fn try_encode(
        &self,
        node: Arc<dyn ExecutionPlan>,
        buf: &mut Vec<u8>,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<()> {
        match node.downcast_ref::<HuntExec>() {
            Some(hunt) => {
                buf.extend_from_slice(HUNT);
                serde_json::to_writer(buf, hunt.sought()).map_err(|error| DataFusionError::External(error.into()))
            }
            None => self.stages.try_encode(node, buf, converter),
        }
    }

    fn try_decode_udf(&self, name: &str, buf: &[u8]) -> Result<Arc<ScalarUDF>> {
        self.stages.try_decode_udf(name, buf)
    }

    fn try_encode_udf(&self, node: &ScalarUDF, buf: &mut Vec<u8>) -> Result<()> {
        self.stages.try_encode_udf(node, buf)
    }

    fn try_decode_higher_order_function(&self, name: &str, buf: &[u8]) -> Result<Arc<HigherOrderUDF>> {
        self.stages.try_decode_higher_order_function(name, buf)
    }

    fn try_encode_higher_order_function(&self, node: &HigherOrderUDF, buf: &mut Vec<u8>) -> Result<()> {
        self.stages.try_encode_higher_order_function(node, buf)
    }

    fn try_decode_udaf(&self, name: &str, buf: &[u8]) -> Result<Arc<AggregateUDF>> {
        self.stages.try_decode_udaf(name, buf)
    }

    fn try_encode_udaf(&self, node: &AggregateUDF, buf: &mut Vec<u8>) -> Result<()> {
        self.stages.try_encode_udaf(node, buf)
    }

    fn try_decode_udwf(&self, name: &str, buf: &[u8]) -> Result<Arc<WindowUDF>> {
        self.stages.try_decode_udwf(name, buf)
    }

    fn try_encode_udwf(&self, node: &WindowUDF, buf: &mut Vec<u8>) -> Result<()> {
        self.stages.try_encode_udwf(node, buf)
    }
}
