//! The process that answers parts of questions over the files of a lake.

use crate::peers::Peers;
use crate::scheduler::{ready, runtime, unbound};
use crate::shared::Shared;
use crate::{args, failed, session, store};
use arrow_flight::flight_service_server::FlightServiceServer;
use ballista_core::JobId;
use ballista_core::config::TaskSchedulingPolicy;
use ballista_core::error::BallistaError;
use ballista_core::serde::protobuf::ShuffleWritePartition;
use ballista_executor::ArrowFlightServerProvider;
use ballista_executor::execution_engine::{DefaultExecutionEngine, ExecutionEngine, QueryStageExecutor};
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use ballista_executor::flight_service::BallistaFlightService;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::metrics::MetricsSet;
use datafusion::prelude::SessionConfig;
use model::Message;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_stream::wrappers::TcpListenerStream;

/// What nobody asks for any more is let go of after so long.
const KEPT_SECONDS: u64 = 3600;
const CLEAN_EVERY_SECONDS: u64 = 300;
const CONNECT_SECONDS: u16 = 30;

pub fn run(task: args::Executor) -> std::result::Result<(), Message> {
    let broken = failed("query.cluster-service");
    let peers = Peers::open(task.peers.certificates.as_deref())?;
    peers.may_listen(task.listen, task.peers.trusted_network)?;
    let lake = Shared::at(&task.lake)?;
    let scheduler =
        task.scheduler.rsplit_once(':').and_then(|(host, port)| Some((host.to_owned(), port.parse().ok()?)));
    let (scheduler_host, scheduler_port) = scheduler.ok_or_else(|| {
        Message::new("query.cluster-address").with("address", &task.scheduler).with("cause", "HOST:PORT")
    })?;
    let own;
    let work = match task.work {
        Some(work) => {
            query::own_folder(&work).map_err(|error| broken(&error))?;
            work
        }
        None => {
            own = tempfile::tempdir().map_err(|error| broken(&error))?;
            own.path().to_owned()
        }
    };
    // What an executor that was killed left behind.
    clear(&work);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let listener = std::net::TcpListener::bind(task.listen).map_err(|error| unbound(task.listen, &error))?;
    let address = listener.local_addr().map_err(|error| broken(&error))?;
    listener.set_nonblocking(true).map_err(|error| broken(&error))?;
    let (of_session, spill, codec) = (peers.clone(), work.clone(), crate::codec::Codec::of(&lake));
    let config = ExecutorProcessConfig {
        bind_host: address.ip().to_string(),
        external_host: Some(task.name.unwrap_or_else(|| address.ip().to_string())),
        port: address.port(),
        scheduler_host,
        scheduler_port,
        scheduler_connect_timeout_seconds: CONNECT_SECONDS,
        vcores: task.cores.unwrap_or((cores / 2).max(1)),
        task_scheduling_policy: TaskSchedulingPolicy::PullStaged,
        work_dir: Some(work.to_string_lossy().into_owned()),
        job_data_ttl_seconds: KEPT_SECONDS,
        job_data_clean_up_interval_seconds: CLEAN_EVERY_SECONDS,
        grpc_max_decoding_message_size: session::MESSAGE_BYTES_MAX,
        grpc_max_encoding_message_size: session::MESSAGE_BYTES_MAX,
        memory_pool_size: Some(task.memory << 20),
        override_execution_engine: Some(Arc::new(Limited { seconds: task.seconds, ..Limited::default() })),
        override_function_registry: Some(Arc::new(session::registry())),
        override_runtime_producer: Some(Arc::new(move |_| store::runtime(&lake, &spill))),
        override_config_producer: Some(Arc::new(move || session::config(&of_session))),
        override_physical_codec: Some(Arc::new(codec)),
        override_arrow_flight_service: Some(flight(peers.clone(), listener)),
        override_create_grpc_client_endpoint: peers.endpoint(),
        ..ExecutorProcessConfig::default()
    };
    ready(address);
    let ended = runtime()?.block_on(start_executor_process(Arc::new(config)));
    ended.map_err(|error| broken(&error))
}

fn clear(work: &std::path::Path) {
    for entry in std::fs::read_dir(work).into_iter().flatten().flatten() {
        let _ = std::fs::remove_dir_all(entry.path());
    }
}

/// Serves what was answered here to whoever may have it, on a port that is known before anybody hears of it.
fn flight(peers: Peers, listener: std::net::TcpListener) -> Arc<ArrowFlightServerProvider> {
    let listener = Mutex::new(Some(listener));
    Arc::new(move |work: String, _: SocketAddr, mut ended, _| {
        let (peers, listener) = (peers.clone(), listener.lock().ok().and_then(|mut listener| listener.take()));
        tokio::spawn(async move {
            let broken = |error: &dyn fmt::Display| BallistaError::General(error.to_string());
            let listener = listener.ok_or_else(|| broken(&"it listens already"))?;
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let mut server = peers.server().map_err(|why| broken(&why.code))?;
            let service = FlightServiceServer::new(BallistaFlightService::new(work))
                .max_decoding_message_size(session::MESSAGE_BYTES_MAX as usize)
                .max_encoding_message_size(session::MESSAGE_BYTES_MAX as usize);
            let served = server.add_service(service);
            let served = served.serve_with_incoming_shutdown(TcpListenerStream::new(listener), ended.recv()).await;
            served.map_err(|error| broken(&error))
        })
    })
}

/// The engine as it is, with an end to how long a part of a question may take: nobody may wait for it any more.
#[derive(Default)]
struct Limited {
    engine: DefaultExecutionEngine,
    seconds: u64,
}

impl ExecutionEngine for Limited {
    fn create_query_stage_exec(
        &self,
        job: JobId,
        stage: usize,
        task: usize,
        parts: Vec<usize>,
        plan: Arc<dyn ExecutionPlan>,
        work: &str,
        config: &SessionConfig,
    ) -> Result<Arc<dyn QueryStageExecutor>> {
        let stage = self.engine.create_query_stage_exec(job, stage, task, parts, plan, work, config)?;
        Ok(Arc::new(LimitedStage { stage, seconds: self.seconds }))
    }
}

#[derive(Debug)]
struct LimitedStage {
    stage: Arc<dyn QueryStageExecutor>,
    seconds: u64,
}

impl fmt::Display for LimitedStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.stage.fmt(f)
    }
}

#[async_trait::async_trait]
impl QueryStageExecutor for LimitedStage {
    async fn execute_query_stage(&self, task: usize, context: Arc<TaskContext>) -> Result<Vec<ShuffleWritePartition>> {
        let limit = Duration::from_secs(self.seconds);
        match tokio::time::timeout(limit, self.stage.execute_query_stage(task, context)).await {
            Ok(done) => done,
            Err(_) => Err(DataFusionError::ResourcesExhausted(format!("more than {} seconds", self.seconds))),
        }
    }

    fn collect_plan_metrics(&self) -> Vec<MetricsSet> {
        self.stage.collect_plan_metrics()
    }

    fn collect_runtime_stats_reports(&self) -> Vec<ballista_core::serde::protobuf::RuntimeStatsReport> {
        self.stage.collect_runtime_stats_reports()
    }

    fn collect_window_state_reports(&self) -> Result<Vec<ballista_core::serde::protobuf::WindowStateReport>> {
        self.stage.collect_window_state_reports()
    }

    fn collect_column_stats(&self) -> Vec<ballista_core::serde::protobuf::TaskColumnStats> {
        self.stage.collect_column_stats()
    }
}
