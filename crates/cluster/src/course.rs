//! A question on its way: given to the cluster, and given again when something broke that says nothing of the question.

use crate::client::{Client, Job, LOST, Trouble};
use crate::failed;
use crate::peers::Peers;
use datafusion::common::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionConfig;
use engine::refusal;
use futures_util::future::BoxFuture;
use model::{Message, Param};
use query::{Cluster, Limits};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How often a question is given at most.
const TIMES: u32 = 5;
/// After something broke it is waited so long, and longer each time: what broke has been found out then.
const PAUSE: Duration = Duration::from_millis(500);
const CANCEL: Duration = Duration::from_secs(2);

/// The question that runs, and where: to be let go of when nobody waits for it any more.
static RUNNING: Mutex<Option<(Job, String, Peers)>> = Mutex::new(None);

/// Has a plan answered; `take` takes the rows, from the beginning each time.
pub async fn run<'a, T>(
    cluster: &Cluster,
    peers: &Peers,
    plan: &Arc<dyn ExecutionPlan>,
    config: &SessionConfig,
    limits: &Limits,
    take: impl Fn(SendableRecordBatchStream) -> BoxFuture<'a, Result<T, Trouble>>,
) -> Result<T, Message> {
    let mut last = String::new();
    for time in 0..TIMES {
        if time > 0 {
            tokio::time::sleep(PAUSE * time).await;
        }
        let mut client = Client::connect(&cluster.scheduler, peers.clone()).await?;
        let tried = async {
            let job = client.give(plan, config).await?;
            running(Some((job.clone(), cluster.scheduler.clone(), peers.clone())));
            let places = client.wait(&job).await?;
            take(client.rows(places, plan)).await
        };
        let tried = tried.await;
        running(None);
        match tried {
            Ok(done) => return Ok(done),
            Err(Trouble::Refused(why)) => return Err(why),
            Err(Trouble::Broke(cause)) => match of_the_question(&cause, limits) {
                Some(why) => return Err(why),
                None => last = cause,
            },
        }
    }
    Err(failed("query.cluster-broke")(&last).number("count", i64::from(TIMES)))
}

/// Tells the cluster that nobody waits for the answer.
pub fn let_go() {
    let Some((job, address, peers)) = running(None) else { return };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
    let cancel = async {
        if let Ok(mut client) = Client::connect(&address, peers).await {
            client.cancel(&job.id).await;
        }
    };
    let _ = runtime.block_on(async { tokio::time::timeout(CANCEL, cancel).await });
}

fn running(job: Option<(Job, String, Peers)>) -> Option<(Job, String, Peers)> {
    std::mem::replace(&mut RUNNING.lock().unwrap_or_else(PoisonError::into_inner), job)
}

/// What is said of rows that did not come: it says nothing of the question.
pub fn lost(why: &Message) -> Option<String> {
    match why.params.get("cause") {
        Some(Param::Text(cause)) if cause.contains(LOST) => Some(cause.clone()),
        _ => None,
    }
}

/// What an executor said of a part of the question that would be the same anywhere; none when it says nothing of it. What
/// comes over the network is text.
fn of_the_question(cause: &str, limits: &Limits) -> Option<Message> {
    let says = |words: &[&str]| words.iter().any(|word| cause.contains(word));
    // A part that was not found on an executor, or that came from one that is gone.
    if says(&["FetchFailed", "FetchPartition", "Grpc", "Cancelled"]) || cause.contains(LOST) {
        return None;
    }
    if says(&["max_temp_directory_size", "ResourcesExhausted", "Resources exhausted"]) {
        return Some(refusal::of(&DataFusionError::ResourcesExhausted(cause.to_owned()), limits));
    }
    if says(&["ObjectStore", "Object Store", "ParquetError", "Parquet error", "Parquet("]) {
        return Some(refusal::with_cause("query.file", cause));
    }
    if says(&["ArrowError", "Arrow error", "DivideByZero", "Divide by zero", "CastError", "Cast error", "Overflow"]) {
        return Some(refusal::with_cause("query.value", cause));
    }
    None
}
