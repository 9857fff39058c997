//! The `redoubt` program: reads the command line, runs one command, ends with an exit code a script can use.

mod args;
mod collector;
mod commands;
mod gather;
mod interrupt;
mod output;
mod pick;
mod progress;
mod remote;

use args::{Arguments, FileAction, FileTask, Task};
use output::{Exit, Failure, Output};
use std::process::ExitCode;

fn main() -> ExitCode {
    let (arguments, language) = match Arguments::read(std::env::args_os().collect()) {
        Ok(read) => read,
        Err(error) => {
            // Help and version are no failure; clap prints both to the right stream.
            let code = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            let _ = error.print();
            return code.into();
        }
    };
    let output = Output::new(language);
    let result = match arguments.command {
        Task::Up(task) => commands::up::run(task, &output),
        Task::Assess(task) => commands::assess::run(task, &output),
        Task::Plan(task) => commands::plan::run(task, &output),
        Task::Harden(task) => commands::harden::run(task, &output),
        Task::Graph(task) => commands::graph::run(task, &output),
        Task::Import(task) => commands::import::run(task, &output),
        Task::Fleet(task) => commands::fleet::run(task, &output),
        Task::Demo(task) => commands::demo::run(task, &output),
        Task::Knowledge(task) => commands::knowledge::run(task.action, &output),
        Task::Backup(task) => commands::backup::backup(task, &output),
        Task::Restore(task) => commands::backup::restore(task, &output),
        Task::Sensor(task) => commands::sensor::run(task.action, &output),
        Task::Collector(task) => commands::collector::run(task.action, &output),
        Task::Sql(task) => commands::sql::run(&task, &output),
        Task::Hunt(task) => commands::hunt::run(&task, &output),
        Task::Lake(task) => commands::lake::run(&task.action, &output),
        Task::AgentRelease(task) => commands::agent_release::run(task.action, &output),
        Task::Analysis(task) => commands::analysis::run(task.action, &output),
        Task::File(FileTask { action: FileAction::Scan(task) }) => commands::file::scan::scan(&task, &output),
        Task::File(FileTask { action: FileAction::Rules(task) }) => commands::file::rules::make(&task, &output),
        Task::File(FileTask { action: FileAction::Send(task) }) => commands::file::send::run(&task, &output),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(error) if Failure::is_closed_pipe(&error) => Exit::Done.into(),
        Err(error) if error.is::<interrupt::Interrupted>() => interrupt::tell(&output).into(),
        Err(error) => {
            output.failure(&error);
            Exit::Failed.into()
        }
    }
}
