//! `redoubt-agent`: protects a machine.

mod args;
#[cfg(target_os = "linux")]
mod doctor;
#[cfg(target_os = "linux")]
mod guard;
#[cfg(target_os = "linux")]
mod inventory;
#[cfg(target_os = "linux")]
mod keeping;
#[cfg(target_os = "linux")]
mod memory;
#[cfg(target_os = "linux")]
mod run;
#[cfg(target_os = "linux")]
mod serve;
#[cfg(target_os = "linux")]
mod signals;
#[cfg(target_os = "linux")]
mod voice;
#[cfg(target_os = "linux")]
mod watch;

use args::{Arguments, Task};
use std::process::ExitCode;

fn main() -> ExitCode {
    let (arguments, language) = match Arguments::read(std::env::args_os().collect()) {
        Ok(read) => read,
        Err(error) => {
            // Help and version are no failure; clap prints both to the right stream.
            let code = if error.use_stderr() { 2 } else { 0 };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("REDOUBT_LOG").unwrap_or_else(|_| "warn".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match arguments.command {
        #[cfg(target_os = "linux")]
        Task::Guard(task) => keeping::keep(language, |kept| guard::run(task, kept, language)),
        #[cfg(target_os = "linux")]
        Task::Run(task) => {
            keeping::keep_on(&task.only.clone(), language, |only, kept| run::run(task, only, kept, language))
        }
        #[cfg(target_os = "linux")]
        Task::Inventory(task) => inventory::tell(&task, language),
        #[cfg(target_os = "linux")]
        Task::Doctor(task) => doctor::run(&task, language),
        #[cfg(target_os = "linux")]
        Task::Changes(task) => inventory::compare(&task, language),
        #[cfg(target_os = "linux")]
        Task::Memory(task) => memory::run(&task, language),
        #[cfg(target_os = "linux")]
        Task::Watch(task) => watch::run(task, language),
        #[cfg(target_os = "linux")]
        Task::Enrol(task) => serve::enrol::run(task, language),
        #[cfg(target_os = "linux")]
        Task::Serve(task) => {
            keeping::keep_on(&task.only.clone(), language, |only, kept| serve::run(task, only, kept, language))
        }
        #[cfg(target_os = "linux")]
        Task::Status(task) => serve::status::run(&task, language),
        #[cfg(target_os = "linux")]
        Task::RestoreIsolation(task) => serve::isolating::restore(&task, language),
        #[cfg(not(target_os = "linux"))]
        _ => {
            eprintln!("{}", words::word("guard.linux-only", language));
            ExitCode::from(1)
        }
    }
}
