//! `redoubt-cluster`: questions and hunts on several machines.
//!
//! The scheduler and the executors are those of Apache DataFusion Ballista; here is what they are told: which files may be
//! read ([`store`]), which operators there are beside the engine's own ([`codec`]), who may speak to them ([`peers`]), and
//! what happens when an executor is lost ([`losses`]). `answer` speaks as `redoubt-query` does, so that whoever asks starts
//! another program and nothing else.

mod answer;
mod apart;
mod args;
mod beside;
mod client;
mod codec;
mod course;
mod executor;
mod hunt;
mod hunting;
mod losses;
mod peers;
mod scheduler;
mod session;
mod shared;
mod store;

use clap::Parser;
use model::Message;
use std::process::ExitCode;
use words::Language;

fn main() -> ExitCode {
    // More than one could be in the program; this is the one that the product uses.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let args = args::Args::parse();
    let language = args.lang.unwrap_or_else(environment_language);
    let done = match args.task {
        args::Task::Scheduler(task) => logged(|| scheduler::run(task)),
        args::Task::Executor(task) => logged(|| executor::run(task)),
        args::Task::Answer => return answer::serve(),
        args::Task::Hunt(task) => hunting::run(task),
        args::Task::Certify(task) => peers::certify(&task.folder),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("redoubt-cluster: {}", words::text(&why, language));
            ExitCode::FAILURE
        }
    }
}

/// What the engine says of itself goes to the standard error, warnings when nothing else is said.
fn logged<T>(run: impl FnOnce() -> T) -> T {
    let filter = tracing_subscriber::EnvFilter::try_from_env("REDOUBT_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    run()
}

fn environment_language() -> Language {
    let set = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(|name| std::env::var(name).ok());
    set.filter(|value| !value.is_empty()).map(|value| Language::from_locale(&value)).next().unwrap_or_default()
}

/// What goes wrong with a service, for people.
fn failed(code: &'static str) -> impl Fn(&dyn std::fmt::Display) -> Message {
    move |cause| engine::refusal::with_cause(code, cause)
}
