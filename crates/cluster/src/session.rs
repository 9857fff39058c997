//! What scheduler, executors and whoever asks agree on.

use crate::codec::Codec;
use crate::peers::Peers;
use ballista_core::extension::SessionConfigExt;
use ballista_core::registry::BallistaFunctionRegistry;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::ScalarUDF;
use datafusion::prelude::SessionConfig;
use std::sync::Arc;

/// What the store is called that holds the files of the lake, wherever that is for an executor.
pub const STORE: &str = "lake://files/";
/// Bytes of one message: a plan names every file that may hold what is asked.
pub const MESSAGE_BYTES_MAX: u32 = 64 << 20;

pub fn store_url() -> Result<ObjectStoreUrl, datafusion::common::DataFusionError> {
    ObjectStoreUrl::parse(STORE)
}

/// The settings of every session.
pub fn config(peers: &Peers) -> SessionConfig {
    let config = SessionConfig::new_with_ballista()
        .with_information_schema(false)
        // It does not do without an executor that is lost: https://github.com/apache/datafusion-ballista/issues/1986
        .with_ballista_adaptive_query_planner(false)
        .with_ballista_grpc_client_max_message_size(MESSAGE_BYTES_MAX as usize)
        .with_ballista_physical_extension_codec(Arc::new(Codec::default()));
    match peers.endpoint() {
        Some(endpoint) => {
            config.with_ballista_override_create_grpc_client_endpoint(endpoint).with_ballista_use_tls(true)
        }
        None => config,
    }
}

/// Functions beside those of the engine.
pub fn functions() -> Vec<ScalarUDF> {
    let mut functions = engine::functions::all();
    functions.push(engine::functions::community_id());
    functions
}

/// The functions that an executor knows.
pub fn registry() -> BallistaFunctionRegistry {
    let mut registry = BallistaFunctionRegistry::default();
    for function in functions() {
        registry.scalar_functions.insert(function.name().to_owned(), Arc::new(function));
    }
    registry
}
