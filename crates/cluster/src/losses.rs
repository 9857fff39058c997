//! What happens when an executor is lost: every question that runs is given up, and whoever asked asks again.
//!
//! The scheduler would put together again what an executor had done. That it does so rightly is not certain: what a last
//! stage left on a lost executor stays among the places of the answer beside what is done anew
//! (`StaticExecutionGraph::reset_stages_internal`), and with adaptive planning nothing is put together at all
//! (<https://github.com/apache/datafusion-ballista/issues/1986>). A question costs minutes at most; it is answered anew by
//! those that are left, and an answer is only one in which nothing was done twice.

use ballista_core::JobId;
use ballista_core::error::Result;
use ballista_core::serde::protobuf::scheduler_grpc_server::SchedulerGrpc;
use ballista_core::serde::protobuf::{ExecutorHeartbeat, ExecutorStoppedParams};
use ballista_core::serde::scheduler::{ExecutorData, ExecutorMetadata};
use ballista_scheduler::cluster::{BoundTask, ClusterState, ClusterStateEventStream, ExecutorSlot};
use ballista_scheduler::config::TaskDistributionPolicy;
use ballista_scheduler::scheduler_server::SchedulerServer;
use ballista_scheduler::state::task_manager::JobInfoCache;
use datafusion_proto::protobuf::{LogicalPlanNode, PhysicalPlanNode};
use std::collections::{HashMap, HashSet};
use std::io::ErrorKind;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

pub type Scheduler = SchedulerServer<LogicalPlanNode, PhysicalPlanNode>;

/// How often it is looked whether executors are there.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const CONNECT: Duration = Duration::from_secs(2);
/// A question that began while the loss became known is given up too.
const SETTLES: Duration = Duration::from_millis(300);
/// So long a question waits for an executor when there is none.
const WAITS: Duration = Duration::from_secs(10);

/// Knows the executors, and gives up what runs before one is let go.
pub struct Losses {
    executors: Arc<dyn ClusterState>,
    scheduler: OnceLock<Scheduler>,
}

impl Losses {
    pub fn new(executors: Arc<dyn ClusterState>) -> Losses {
        Losses { executors, scheduler: OnceLock::new() }
    }

    /// Looks after the executors of a scheduler from now on.
    pub fn look_after(self: &Arc<Self>, scheduler: Scheduler) {
        let _ = self.scheduler.set(scheduler);
        tokio::spawn(self.clone().look());
    }

    async fn look(self: Arc<Self>) {
        let mut alone_since = None;
        loop {
            sleep(LOOK_EVERY).await;
            let executors = self.executors.registered_executor_metadata().await;
            if executors.is_empty() {
                let since = *alone_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= WAITS {
                    give_up_all(self.scheduler.get()).await;
                }
            } else {
                alone_since = None;
            }
            for executor in executors {
                // An executor is silent while it computes, but its port is open; one whose process is gone has none.
                let connected = timeout(CONNECT, TcpStream::connect((executor.host.as_str(), executor.port))).await;
                if let (Ok(Err(error)), Some(scheduler)) = (connected, self.scheduler.get())
                    && error.kind() == ErrorKind::ConnectionRefused
                {
                    let gone = ExecutorStoppedParams { executor_id: executor.id, reason: error.to_string() };
                    let _ = scheduler.executor_stopped(tonic::Request::new(gone)).await;
                }
            }
        }
    }
}

/// The order is kept: what is given up here is so before the scheduler begins to put anything together.
async fn give_up_all(scheduler: Option<&Scheduler>) {
    let Some(scheduler) = scheduler else { return };
    let running: Vec<JobId> = scheduler.state.task_manager.get_running_job_cache().keys().cloned().collect();
    for job in running {
        tracing::warn!(%job, "an executor is lost: a question is given up, to be asked again");
        if let Err(error) = scheduler.cancel_job(job).await {
            tracing::error!(%error, "a question cannot be given up");
        }
    }
}

#[async_trait::async_trait]
impl ClusterState for Losses {
    async fn init(&self) -> Result<()> {
        self.executors.init().await
    }

    async fn bind_schedulable_tasks(
        &self,
        distribution: TaskDistributionPolicy,
        active_jobs: Arc<HashMap<JobId, JobInfoCache>>,
        executors: Option<HashSet<String>>,
    ) -> Result<Vec<BoundTask>> {
        self.executors.bind_schedulable_tasks(distribution, active_jobs, executors).await
    }

    async fn unbind_tasks(&self, executor_slots: Vec<ExecutorSlot>) -> Result<()> {
        self.executors.unbind_tasks(executor_slots).await
    }

    async fn register_executor(&self, metadata: ExecutorMetadata, spec: ExecutorData) -> Result<()> {
        self.executors.register_executor(metadata, spec).await
    }

    async fn save_executor_metadata(&self, metadata: ExecutorMetadata) -> Result<()> {
        self.executors.save_executor_metadata(metadata).await
    }

    async fn get_executor_metadata(&self, executor_id: &str) -> Result<ExecutorMetadata> {
        self.executors.get_executor_metadata(executor_id).await
    }

    async fn registered_executor_metadata(&self) -> Vec<ExecutorMetadata> {
        self.executors.registered_executor_metadata().await
    }

    async fn save_executor_heartbeat(&self, heartbeat: ExecutorHeartbeat) -> Result<()> {
        self.executors.save_executor_heartbeat(heartbeat).await
    }

    async fn remove_executor(&self, executor_id: &str) -> Result<()> {
        give_up_all(self.scheduler.get()).await;
        if let Some(scheduler) = self.scheduler.get().cloned() {
            tokio::spawn(async move {
                sleep(SETTLES).await;
                give_up_all(Some(&scheduler)).await;
            });
        }
        self.executors.remove_executor(executor_id).await
    }

    fn executor_heartbeats(&self) -> HashMap<String, ExecutorHeartbeat> {
        self.executors.executor_heartbeats()
    }

    fn get_executor_heartbeat(&self, executor_id: &str) -> Option<ExecutorHeartbeat> {
        self.executors.get_executor_heartbeat(executor_id)
    }

    async fn cluster_state_events(&self) -> Result<ClusterStateEventStream> {
        self.executors.cluster_state_events().await
    }
}
