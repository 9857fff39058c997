//! The command line.

use clap::{Args, Command, CommandFactory, FromArgMatches, Parser, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;
use terminal::help;
use words::Language;

#[derive(Parser, Debug)]
#[command(name = "redoubt-agent", version, disable_help_subcommand = true, subcommand_required = true)]
pub struct Arguments {
    #[arg(long, global = true, value_name = "LANGUAGE")]
    pub lang: Option<Language>,
    #[command(subcommand)]
    pub command: Task,
}

#[derive(Subcommand, Debug)]
pub enum Task {
    Guard(Guard),
    Run(Run),
    Inventory(Inventory),
    Changes(Changes),
    Doctor(Doctor),
    Memory(Memory),
    Watch(Watch),
    Enrol(Enrol),
    Serve(Serve),
    Status(Status),
    RestoreIsolation(RestoreIsolation),
}

/// Where an endpoint keeps who it is and what it holds to.
const HOME: &str = "/var/lib/redoubt-agent";
const HOME_VARIABLE: &str = "REDOUBT_AGENT_HOME";

/// Becomes an endpoint of a server.
#[derive(Args, Debug)]
pub struct Enrol {
    #[arg(long, value_name = "HOST:PORT")]
    pub server: String,
    #[arg(long, value_name = "FINGERPRINT")]
    pub authority: String,
    #[arg(long, value_name = "TOKEN", env = "REDOUBT_TOKEN", hide_env_values = true)]
    pub token: String,
    #[arg(long, value_name = "DIR", env = HOME_VARIABLE, default_value = HOME)]
    pub home: PathBuf,
    #[arg(long, value_name = "MIB", default_value_t = 256, value_parser = clap::value_parser!(u64).range(1..=1_048_576))]
    pub spool_max: u64,
    #[arg(long, value_name = "KEY")]
    pub release_key: Vec<policy::orders::PublicKey>,
}

/// Where package managers have the sums of what they installed.
#[derive(Args, Debug, Clone)]
pub struct Packages {
    #[arg(long, value_name = "DIR", default_value = "/var/lib/dpkg/info")]
    pub dpkg: PathBuf,
    #[arg(long, value_name = "DIR", default_value = "/var/lib/rpm")]
    pub rpm: PathBuf,
}

#[cfg(target_os = "linux")]
impl From<Packages> for endpoint::packages::Databases {
    fn from(Packages { dpkg, rpm }: Packages) -> endpoint::packages::Databases {
        endpoint::packages::Databases { dpkg, rpm }
    }
}

/// Protects as its server says, and tells it what happens.
#[derive(Args, Debug)]
pub struct Serve {
    #[arg(long, value_name = "DIR", env = HOME_VARIABLE, default_value = HOME)]
    pub home: PathBuf,
    #[arg(long, value_name = "DIR")]
    pub only: Vec<PathBuf>,
    #[command(flatten)]
    pub packages: Packages,
    #[arg(long)]
    pub json: bool,
}

/// Says how the agent that serves is.
#[derive(Args, Debug)]
pub struct Status {
    #[arg(long, value_name = "DIR", env = HOME_VARIABLE, default_value = HOME)]
    pub home: PathBuf,
    #[arg(long)]
    pub json: bool,
}

/// Isolates again what was isolated before the machine started anew.
#[derive(Args, Debug)]
pub struct RestoreIsolation {
    #[arg(long, value_name = "DIR", env = HOME_VARIABLE, default_value = HOME)]
    pub home: PathBuf,
}

/// Decides what runs, and protects files if it is told which.
#[derive(Args, Debug)]
pub struct Run {
    #[arg(long, value_name = "FILE")]
    pub rules: PathBuf,
    #[arg(long, value_name = "DIR")]
    pub state: PathBuf,
    #[arg(long, value_name = "DIR")]
    pub protect: Vec<PathBuf>,
    #[arg(long, value_name = "DIR")]
    pub only: Vec<PathBuf>,
    #[command(flatten)]
    pub packages: Packages,
    #[arg(long)]
    pub no_canaries: bool,
    #[arg(long, value_name = "MS", default_value_t = 2000, value_parser = clap::value_parser!(u64).range(1..=60_000))]
    pub decide_within: u64,
    #[arg(long)]
    pub json: bool,
}

/// Says what this kernel lets the agent do.
#[derive(Args, Debug)]
pub struct Doctor {
    #[arg(long)]
    pub json: bool,
}

/// Says what runs in memory and is in no file.
#[derive(Args, Debug)]
pub struct Memory {
    #[arg(long, value_name = "POINTS", default_value_t = 40, value_parser = clap::value_parser!(u32).range(0..=1_000))]
    pub from: u32,
    #[command(flatten)]
    pub packages: Packages,
    #[arg(long)]
    pub json: bool,
}

/// Says what a machine is.
#[derive(Args, Debug)]
pub struct Inventory {
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub root: PathBuf,
    #[arg(long, value_name = "FILE")]
    pub rpm_list: Option<PathBuf>,
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub within: u64,
    #[arg(long)]
    pub json: bool,
}

/// Says what became different between two inventories.
#[derive(Args, Debug)]
pub struct Changes {
    #[arg(value_name = "BEFORE")]
    pub before: PathBuf,
    #[arg(value_name = "AFTER")]
    pub after: PathBuf,
    #[arg(long)]
    pub json: bool,
}

/// Tells what happens on the machine.
#[derive(Args, Debug)]
pub struct Watch {
    #[arg(long, value_name = "DIR")]
    pub folder: Vec<PathBuf>,
    /// Judges what happens, and tells of alarms as well.
    #[arg(long)]
    pub detect: bool,
    /// More rules of Sigma.
    #[arg(long, value_name = "DIR", requires = "detect")]
    pub rules: Option<PathBuf>,
    #[arg(long)]
    pub json: bool,
}

/// Protects files against programs that scramble them.
#[derive(Args, Debug)]
pub struct Guard {
    #[arg(long, value_name = "DIR", required = true)]
    pub protect: Vec<PathBuf>,
    #[arg(long, value_name = "DIR")]
    pub state: PathBuf,
    /// What is kept to undo, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 4096, value_parser = clap::value_parser!(u64).range(1..=16_777_216))]
    pub undo_max: u64,
    #[arg(long, value_name = "FILE")]
    pub allow: Vec<PathBuf>,
    #[arg(long)]
    pub no_canaries: bool,
    #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u64).range(1..=8_760))]
    pub keep: u64,
    #[arg(long)]
    pub json: bool,
}

const PLACE: help::Place = help::Place { prefix: "agent.help", after: None };

fn command(language: Language) -> Command {
    help::command(Arguments::command(), PLACE, language)
}

impl Arguments {
    /// Reads the command line, with help in the language it asks for.
    pub fn read(line: Vec<OsString>) -> Result<(Arguments, Language), clap::Error> {
        let language = help::asked_language(&line);
        let arguments = Arguments::from_arg_matches(&command(language).try_get_matches_from(line)?)?;
        let language = arguments.lang.unwrap_or(language);
        Ok((arguments, language))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_and_argument_has_words() {
        for language in Language::ALL {
            let missing = help::without_words(&command(language), PLACE);
            assert!(missing.is_empty(), "{missing:#?}");
            command(language).debug_assert();
        }
    }
}
