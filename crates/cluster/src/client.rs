//! Gives a scheduler a plan, waits for it, and takes the answer from the executors that have its parts.
//!
//! The answer is checked as far as it can be: each part is there once, and has as many rows as its executor wrote.

use crate::peers::Peers;
use crate::{failed, session};
use ballista_core::client::BallistaClient;
use ballista_core::extension::BallistaConfigGrpcEndpoint;
use ballista_core::serde::protobuf::execute_query_params::Query;
use ballista_core::serde::protobuf::execute_query_result::Result as Taken;
use ballista_core::serde::protobuf::job_status::Status;
use ballista_core::serde::protobuf::scheduler_grpc_client::SchedulerGrpcClient;
use ballista_core::serde::protobuf::{
    CancelJobParams, ExecuteQueryParams, GetJobStatusParams, KeyValuePair, PartitionLocation, SuccessfulJob,
};
use ballista_core::version;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use datafusion::prelude::SessionConfig;
use datafusion_proto::physical_plan::AsExecutionPlan;
use datafusion_proto::protobuf::PhysicalPlanNode;
use futures_util::{StreamExt, TryStreamExt, stream};
use model::Message;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tonic::transport::Channel;

/// How often it is asked whether a question is answered.
const LOOK_EVERY: Duration = Duration::from_millis(40);

/// Why there is no answer.
#[derive(Debug)]
pub enum Trouble {
    /// Nobody is there, or they do not understand each other.
    Refused(Message),
    /// Something broke on the way, or in the question; what the cluster said of it.
    Broke(String),
}

pub struct Client {
    scheduler: SchedulerGrpcClient<Channel>,
    peers: Peers,
}

/// A question that the cluster has taken.
#[derive(Debug, Clone)]
pub struct Job {
    pub id: String,
    parts: usize,
}

impl Client {
    pub async fn connect(address: &str, peers: Peers) -> Result<Client, Message> {
        let absent = |error: &dyn std::error::Error| {
            let causes = std::iter::successors(Some(error), |error| error.source());
            let cause = causes.last().map(ToString::to_string).unwrap_or_default();
            Message::new("query.cluster-absent").with("address", address).with("cause", cause)
        };
        let channel = peers.at(address)?.connect().await.map_err(|error| absent(&error))?;
        let scheduler = SchedulerGrpcClient::new(channel)
            .max_decoding_message_size(session::MESSAGE_BYTES_MAX as usize)
            .max_encoding_message_size(session::MESSAGE_BYTES_MAX as usize);
        Ok(Client { scheduler, peers })
    }

    /// Gives a plan to the cluster.
    pub async fn give(&mut self, plan: &Arc<dyn ExecutionPlan>, config: &SessionConfig) -> Result<Job, Trouble> {
        let refused = |error: &dyn std::fmt::Display| Trouble::Refused(failed("query.cluster-plan")(error));
        let codec = crate::codec::Codec::default();
        let node = PhysicalPlanNode::try_from_physical_plan(plan.clone(), &codec).map_err(|error| refused(&error))?;
        let mut bytes = Vec::new();
        node.try_encode(&mut bytes).map_err(|error| refused(&error))?;
        if bytes.len() >= session::MESSAGE_BYTES_MAX as usize {
            return Err(refused(&format_args!("{} MiB", bytes.len() >> 20)));
        }
        let settings = config.options().entries().into_iter();
        let settings = settings.map(|entry| KeyValuePair { key: entry.key, value: entry.value }).collect();
        let id = uuid::Uuid::new_v4().to_string();
        let mut asked = tonic::Request::new(ExecuteQueryParams {
            session_id: id.clone(),
            settings,
            operation_id: id,
            query: Some(Query::PhysicalPlan(bytes)),
        });
        version::insert_version_header(asked.metadata_mut());
        let taken = self.scheduler.execute_query(asked).await.map_err(|status| Trouble::Broke(status.to_string()))?;
        let theirs = version::version_from_metadata(taken.metadata()).map(str::to_owned);
        version::check_compatibility(Some(ballista_core::BALLISTA_VERSION), theirs.as_deref())
            .map_err(|why| refused(&why))?;
        match taken.into_inner().result {
            Some(Taken::Success(taken)) => {
                Ok(Job { id: taken.job_id, parts: plan.output_partitioning().partition_count() })
            }
            Some(Taken::Failure(failure)) => Err(refused(&format_args!("{failure:?}"))),
            None => Err(Trouble::Broke("no word of the scheduler".into())),
        }
    }

    /// Waits until a question is answered; gives the places of its parts.
    pub async fn wait(&mut self, job: &Job) -> Result<Vec<PartitionLocation>, Trouble> {
        loop {
            let status = self.scheduler.get_job_status(GetJobStatusParams { job_id: job.id.clone() }).await;
            let status = status.map_err(|status| Trouble::Broke(status.to_string()))?.into_inner().status;
            match status.and_then(|status| status.status) {
                Some(Status::Successful(SuccessfulJob { partition_location, .. })) => {
                    return complete(partition_location, job.parts);
                }
                Some(Status::Failed(failed)) => return Err(Trouble::Broke(failed.error)),
                Some(Status::Queued(_) | Status::Running(_)) | None => tokio::time::sleep(LOOK_EVERY).await,
            }
        }
    }

    /// The rows of an answer, part after part.
    pub fn rows(&self, places: Vec<PartitionLocation>, plan: &Arc<dyn ExecutionPlan>) -> SendableRecordBatchStream {
        let peers = self.peers.clone();
        let parts = stream::iter(places).then(move |place| part(place, peers.clone())).try_flatten();
        Box::pin(RecordBatchStreamAdapter::new(plan.schema(), parts))
    }

    /// Lets go of a question.
    pub async fn cancel(&mut self, job: &str) {
        let _ = self.scheduler.cancel_job(CancelJobParams { job_id: job.to_owned() }).await;
    }
}

/// Each part of an answer once. What an executor did twice, or did not, would be rows that are there twice, or are not.
fn complete(mut places: Vec<PartitionLocation>, parts: usize) -> Result<Vec<PartitionLocation>, Trouble> {
    let number = |place: &PartitionLocation| place.partition_id.as_ref().map(|part| part.partition_id as usize);
    let numbers: BTreeSet<usize> = places.iter().filter_map(number).collect();
    if places.len() != parts || numbers != (0..parts).collect() {
        return Err(Trouble::Broke(format!("{} places for {parts} parts of the answer", places.len())));
    }
    places.sort_by_key(number);
    Ok(places)
}

async fn part(place: PartitionLocation, peers: Peers) -> Result<SendableRecordBatchStream> {
    let broken = |what: &str| DataFusionError::External(format!("{LOST}: {what}").into());
    let layout = place.layout();
    let (Some(executor), Some(part)) = (place.executor_meta, place.partition_id) else {
        return Err(broken("a part of the answer is nowhere"));
    };
    let port = u16::try_from(executor.port).map_err(|error| broken(&error.to_string()))?;
    let secure = peers.endpoint();
    let (tls, endpoint) = (secure.is_some(), secure.map(|secure| Arc::new(BallistaConfigGrpcEndpoint::new(secure))));
    let bytes = session::MESSAGE_BYTES_MAX as usize;
    let client = BallistaClient::try_new(&executor.host, port, bytes, tls, endpoint, 1, 0, 0, 0).await;
    let mut client = client.map_err(|error| broken(&error.to_string()))?;
    let rows = client.fetch_partition(&executor.id, &part.into(), place.file_id, layout, true).await;
    let rows = rows.map_err(|error| broken(&error.to_string()))?;
    let schema = rows.schema();
    let expected = place.partition_stats.map(|stats| stats.num_rows);
    let counted = rows.map_ok(Some).chain(stream::once(async { Ok(None) })).scan(0_i64, move |count, batch| {
        let next: Option<Result<RecordBatch>> = match batch {
            Ok(Some(batch)) => {
                *count += batch.num_rows() as i64;
                Some(Ok(batch))
            }
            Ok(None) if expected.is_none_or(|expected| expected == *count) => None,
            Ok(None) => Some(Err(broken(&format!("{count} rows of {expected:?}")))),
            Err(error) => Some(Err(broken(&error.to_string()))),
        };
        futures_util::future::ready(next)
    });
    Ok(Box::pin(RecordBatchStreamAdapter::new(schema, counted)))
}

/// What an error begins with that says nothing of the question.
pub const LOST: &str = "a part of the answer is lost";
