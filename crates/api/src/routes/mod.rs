//! The handlers, one file a topic. Each reads the request, asks a room, and shapes the answer.

pub mod account;
pub mod accounts;
pub mod behaviour;
pub mod checks;
pub mod collectors;
pub mod downloads;
pub mod endpoints;
pub mod files;
pub mod fleet;
pub mod holds;
pub mod hosts;
pub mod hunts;
pub mod imports;
pub mod indicators;
pub mod isolation;
pub mod jobs;
pub mod network;
pub mod passwords;
pub mod plans;
pub mod policy;
pub mod publishers;
pub mod queries;
pub mod releases;
pub mod rollouts;
pub mod system;
pub mod tasks;
pub mod weapons;

use crate::{Problem, state::App};
use axum::Json;
use axum::extract::DefaultBodyLimit;
use utoipa_axum::{router::OpenApiRouter, routes};

/// What most handlers give back.
pub type Answer<T> = Result<Json<T>, Problem>;

/// Every route with its handler and its description.
pub fn all() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(account::status))
        .routes(routes!(account::setup))
        .routes(routes!(account::login))
        .routes(routes!(account::logout))
        .routes(routes!(account::me))
        .routes(routes!(account::change_password))
        .routes(routes!(accounts::users, accounts::create_user))
        .routes(routes!(accounts::change_user))
        .routes(routes!(accounts::tokens, accounts::create_token))
        .routes(routes!(accounts::delete_token))
        .routes(routes!(hosts::hosts))
        .routes(routes!(hosts::export_hosts))
        .routes(routes!(hosts::host, hosts::delete_host))
        .routes(routes!(hosts::host_history))
        .routes(routes!(hosts::host_falls))
        .routes(routes!(hosts::host_timeline))
        .routes(routes!(hosts::change_business))
        .routes(routes!(downloads::scripts))
        .routes(routes!(downloads::script))
        .routes(routes!(downloads::bundle))
        .routes(routes!(downloads::runbook))
        .routes(routes!(weapons::weapons))
        .routes(routes!(weapons::weapon))
        .routes(routes!(weapons::exposures))
        .routes(routes!(weapons::export_exposures))
        .routes(routes!(weapons::graph))
        .routes(routes!(plans::plans))
        .routes(routes!(plans::move_plan))
        .routes(routes!(plans::move_many))
        .routes(routes!(plans::moved))
        .routes(routes!(rollouts::rollouts, rollouts::start_rollout))
        .routes(routes!(rollouts::end_rollout))
        .routes(routes!(fleet::overview))
        .routes(routes!(fleet::fleet_actions))
        .routes(routes!(fleet::what_if))
        .routes(routes!(fleet::search))
        .routes(routes!(imports::import))
        .routes(routes!(imports::map_columns))
        .routes(routes!(imports::knowledge))
        .routes(routes!(network::network))
        .routes(routes!(network::sessions))
        .routes(routes!(network::export_sessions))
        .routes(routes!(network::session))
        .routes(routes!(network::findings))
        .routes(routes!(network::finding_evidence))
        .routes(routes!(network::session_evidence))
        .routes(routes!(behaviour::notables))
        .routes(routes!(behaviour::notable_evidence))
        .routes(routes!(behaviour::profiles))
        .routes(routes!(behaviour::profile))
        .routes(routes!(indicators::indicators, indicators::add_indicators))
        .routes(routes!(indicators::remove_indicators))
        .routes(routes!(indicators::remove_indicator_list))
        .routes(routes!(hunts::hunts, hunts::start_hunt))
        .routes(routes!(hunts::hunt, hunts::delete_hunt))
        .routes(routes!(hunts::hunt_hits))
        .routes(routes!(hunts::export_hunt_hits))
        .routes(routes!(hunts::hunt_shape))
        .routes(routes!(holds::held, holds::hold))
        .routes(routes!(holds::release_hold))
        .routes(routes!(queries::query_schema))
        .routes(routes!(queries::queries, queries::ask))
        .routes(routes!(queries::query, queries::delete_query))
        .routes(routes!(queries::query_rows))
        .routes(routes!(queries::export_query))
        .routes(routes!(queries::save_query))
        .routes(routes!(queries::delete_saved_query))
        .routes(routes!(network::captures))
        .routes(routes!(network::resume_capture))
        .routes(routes!(network::delete_capture))
        .routes(routes!(jobs::jobs))
        .routes(routes!(jobs::job))
        .routes(routes!(jobs::cancel_job))
        .routes(routes!(jobs::job_events))
        .routes(routes!(jobs::events))
        .routes(routes!(collectors::collectors))
        .routes(routes!(collectors::make_token))
        .routes(routes!(collectors::revoke_token))
        .routes(routes!(collectors::revoke_collector))
        .routes(routes!(endpoints::endpoints))
        .routes(routes!(endpoints::endpoint))
        .routes(routes!(endpoints::move_endpoint))
        .routes(routes!(isolation::isolate))
        .routes(routes!(isolation::release))
        .routes(routes!(endpoints::endpoint_executions))
        .routes(routes!(endpoints::executed))
        .routes(routes!(endpoints::executed_where))
        .routes(routes!(endpoints::reputation))
        .routes(routes!(endpoints::incidents))
        .routes(routes!(endpoints::incident))
        .routes(routes!(endpoints::alarms))
        .routes(routes!(endpoints::deny_no_longer))
        .routes(routes!(checks::checks))
        .routes(routes!(checks::standings))
        .routes(routes!(checks::by_endpoint))
        .routes(routes!(checks::drifts))
        .routes(routes!(checks::memory))
        .routes(routes!(policy::groups))
        .routes(routes!(policy::group_detail))
        .routes(routes!(policy::try_change))
        .routes(routes!(policy::changes, policy::propose_change))
        .routes(routes!(policy::decide_change))
        .routes(routes!(releases::releases))
        .routes(routes!(releases::remove_release))
        .routes(routes!(releases::trust_key, releases::distrust_key))
        .routes(routes!(system::audit))
        .routes(routes!(system::verify_audit))
        .routes(routes!(system::export_audit))
        .routes(routes!(system::system))
        .routes(routes!(system::backup))
        .routes(routes!(system::download_backup))
        .routes(routes!(files::files))
        .routes(routes!(files::file_overview))
        .routes(routes!(files::file_rules))
        .routes(routes!(files::remove_file_rules))
        .routes(routes!(files::analyse_outdated))
        .routes(routes!(passwords::passwords, passwords::change_passwords))
        .routes(routes!(publishers::publishers))
        .routes(routes!(publishers::trust, publishers::trust_no_longer))
        .routes(routes!(tasks::rule_texts))
        .routes(routes!(files::file, files::forget_file))
        .routes(routes!(files::file_report))
        .routes(routes!(files::analyse_again))
        .routes(routes!(files::list_file, files::unlist_file))
        .routes(routes!(tasks::take_files))
        .routes(routes!(tasks::fetch_file))
        .routes(routes!(tasks::extend_lease))
        .routes(routes!(tasks::give_back))
        .merge(uploads())
        .merge(results())
}

/// The routes that take files. They count bytes themselves, against the limit for uploads instead of that for bodies.
fn uploads() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(imports::create_import))
        .routes(routes!(network::create_capture))
        .routes(routes!(indicators::upload_indicators))
        .routes(routes!(hunts::upload_hunt))
        .routes(routes!(imports::import_knowledge))
        .routes(routes!(plans::results))
        .routes(routes!(files::send_files))
        .routes(routes!(files::put_file_rules))
        .routes(routes!(releases::import_releases))
        .layer(DefaultBodyLimit::disable())
}

/// What workers tell of files.
fn results() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(tasks::tell_result)).layer(DefaultBodyLimit::max(tasks::RESULT_BYTES_MAX))
}
