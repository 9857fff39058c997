//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use words::Language;

#[derive(Debug, clap::Parser)]
#[command(name = "redoubt-cluster", version)]
pub struct Args {
    #[arg(long, global = true)]
    pub lang: Option<Language>,
    #[command(subcommand)]
    pub task: Task,
}

#[derive(Debug, clap::Subcommand)]
pub enum Task {
    /// Takes questions and gives their parts to executors.
    Scheduler(Scheduler),
    /// Answers parts of questions over the files of a lake.
    Executor(Executor),
    /// Answers one question that comes as a line of JSON, as `redoubt-query answer` does.
    Answer,
    /// Looks for indicators in everything that is kept; tells hits as lines of JSON, and what was read as the last.
    Hunt(Hunt),
    /// Makes the certificates by which the machines of a cluster know each other.
    Certify(Certify),
}

#[derive(Debug, clap::Args)]
pub struct Scheduler {
    /// Where it listens; port 0 takes a free one, which is told.
    #[arg(long, default_value = "127.0.0.1:50050")]
    pub listen: SocketAddr,
    /// An executor that says nothing for so long is taken for lost.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(10..))]
    pub executor_timeout: u64,
    #[command(flatten)]
    pub peers: Peers,
}

#[derive(Debug, clap::Args)]
pub struct Executor {
    /// The folder of the lake as this machine sees it, or the address of the bucket that its tables are in, such as
    /// `s3://bucket/lake`. Where the storage is and who asks is said as for the server: AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID,
    /// AWS_SECRET_ACCESS_KEY.
    #[arg(long)]
    pub lake: PathBuf,
    /// Where the scheduler is.
    #[arg(long, default_value = "127.0.0.1:50050")]
    pub scheduler: String,
    /// Where others fetch what was answered here; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// How the others call this machine; its address when nothing is said.
    #[arg(long)]
    pub name: Option<String>,
    /// A folder for parts of answers; an own one below the temporary folder when nothing is said.
    #[arg(long)]
    pub work: Option<PathBuf>,
    /// Cores that answer; half of those there are when nothing is said.
    #[arg(long)]
    pub cores: Option<usize>,
    /// MiB of memory for what is answered.
    #[arg(long, default_value_t = 2048)]
    pub memory: u64,
    /// Seconds one part of a question may take.
    #[arg(long, default_value_t = 300)]
    pub seconds: u64,
    #[command(flatten)]
    pub peers: Peers,
}

#[derive(Debug, Clone, clap::Args)]
pub struct Peers {
    /// The folder of certificates that `certify` made; with it nobody else is listened to.
    #[arg(long)]
    pub certificates: Option<PathBuf>,
    /// Listens on an address that others reach without certificates. Whoever reaches it reads the lake.
    #[arg(long)]
    pub trusted_network: bool,
}

#[derive(Debug, clap::Args)]
pub struct Certify {
    /// Where they are made; it is copied to every machine of the cluster.
    #[arg(long)]
    pub folder: PathBuf,
}

#[derive(Debug, clap::Args)]
pub struct Hunt {
    /// The folder of the lake.
    #[arg(long)]
    pub lake: PathBuf,
    /// Where the scheduler is.
    #[arg(long, default_value = "127.0.0.1:50050")]
    pub scheduler: String,
    /// The folder of certificates that `certify` made.
    #[arg(long)]
    pub certificates: Option<PathBuf>,
    /// A file of indicators, one a line.
    #[arg(long)]
    pub indicators: PathBuf,
    #[arg(long)]
    pub since: Option<jiff::Timestamp>,
    #[arg(long)]
    pub until: Option<jiff::Timestamp>,
}
