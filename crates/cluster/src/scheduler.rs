//! The process that takes questions and gives their parts to executors.

use crate::losses::Losses;
use crate::peers::Peers;
use crate::{args, failed, session, store};
use ballista_core::config::TaskSchedulingPolicy;
use ballista_core::serde::protobuf::scheduler_grpc_server::SchedulerGrpcServer;
use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::config::SchedulerConfig;
use ballista_scheduler::scheduler_process::create_scheduler;
use datafusion::execution::SessionStateBuilder;
use datafusion::prelude::SessionConfig;
use datafusion_proto::protobuf::{LogicalPlanNode, PhysicalPlanNode};
use model::Message;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;

/// Executors that are lost are looked for so often.
const EXPIRE_EVERY_SECONDS: u64 = 2;
/// Parts of answers and what is known of questions are let go of after so long.
const KEPT_SECONDS: u64 = 120;

pub fn run(task: args::Scheduler) -> Result<(), Message> {
    let peers = Peers::open(task.peers.certificates.as_deref())?;
    peers.may_listen(task.listen, task.peers.trusted_network)?;
    runtime()?.block_on(serve(task, peers))
}

/// Plans are read by functions that call themselves.
pub fn runtime() -> Result<tokio::runtime::Runtime, Message> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().thread_stack_size(engine::ask::STACK_BYTES).enable_all().build();
    runtime.map_err(|error| failed("query.cluster-service")(&error))
}

async fn serve(task: args::Scheduler, peers: Peers) -> Result<(), Message> {
    let broken = failed("query.cluster-service");
    let listener = TcpListener::bind(task.listen).await.map_err(|error| unbound(task.listen, &error))?;
    let address = listener.local_addr().map_err(|error| broken(&error))?;
    let of_session = peers.clone();
    let config = SchedulerConfig {
        external_host: address.ip().to_string(),
        bind_port: address.port(),
        // Executors come for their work, so that they listen to nobody for it.
        scheduling_policy: TaskSchedulingPolicy::PullStaged,
        executor_timeout_seconds: task.executor_timeout,
        expire_dead_executor_interval_seconds: EXPIRE_EVERY_SECONDS,
        // One that stops is let go at once; what ran is asked again.
        executor_termination_grace_period: 0,
        // Nothing is done twice within a question: see `losses`.
        task_max_failures: 1,
        stage_max_failures: 1,
        finished_job_data_clean_up_interval_seconds: KEPT_SECONDS,
        finished_job_state_clean_up_interval_seconds: KEPT_SECONDS,
        grpc_server_max_decoding_message_size: session::MESSAGE_BYTES_MAX,
        grpc_server_max_encoding_message_size: session::MESSAGE_BYTES_MAX,
        grpc_client_max_message_size: session::MESSAGE_BYTES_MAX,
        override_physical_codec: Some(Arc::new(crate::codec::Codec::default())),
        override_config_producer: Some(Arc::new(move || session::config(&of_session))),
        override_session_builder: Some(Arc::new(state)),
        override_create_grpc_client_endpoint: peers.endpoint(),
        use_tls: peers.endpoint().is_some(),
        ..SchedulerConfig::default()
    };
    let cluster = BallistaCluster::new_from_config(&config).await.map_err(|error| broken(&error))?;
    let losses = Arc::new(Losses::new(cluster.cluster_state()));
    let cluster = BallistaCluster::new(losses.clone(), cluster.job_state());
    let scheduler = create_scheduler::<LogicalPlanNode, PhysicalPlanNode>(cluster, Arc::new(config)).await;
    let scheduler = scheduler.map_err(|error| broken(&error))?;
    losses.look_after(scheduler.clone());
    let service = SchedulerGrpcServer::new(scheduler)
        .max_decoding_message_size(session::MESSAGE_BYTES_MAX as usize)
        .max_encoding_message_size(session::MESSAGE_BYTES_MAX as usize);
    ready(address);
    let mut server = peers.server()?;
    let served = server.add_service(service).serve_with_incoming(TcpListenerStream::new(listener)).await;
    served.map_err(|error| broken(&error))
}

/// A session that reads plans and nothing else: here is no file that one could name.
fn state(config: SessionConfig) -> datafusion::common::Result<datafusion::execution::SessionState> {
    let mut state = SessionStateBuilder::new()
        .with_default_features()
        .with_config(config)
        .with_runtime_env(store::nothing()?)
        .with_optimizer_rules(ballista_core::optimizer::ballista_default_optimizer_rules())
        .build();
    for function in session::functions() {
        datafusion::execution::FunctionRegistry::register_udf(&mut state, Arc::new(function))?;
    }
    Ok(state)
}

pub fn unbound(address: std::net::SocketAddr, cause: &dyn std::fmt::Display) -> Message {
    Message::new("query.cluster-address").with("address", address).with("cause", cause)
}

/// Tells whoever started this where it listens.
pub fn ready(address: std::net::SocketAddr) {
    println!("{}", serde_json::json!({ "address": address.to_string() }));
}
