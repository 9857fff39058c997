//! The command line. Help texts are words: `cli.help.<command>` and `cli.help.<command>.<argument>` in `locales/`.

use clap::builder::TypedValueParser as _;
use clap::{Args, Command, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use jiff::civil::Date;
use model::KbId;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use terminal::help;
use words::Language;

#[derive(Parser, Debug)]
#[command(name = "redoubt", version, disable_help_subcommand = true, subcommand_required = true)]
pub struct Arguments {
    #[arg(long, global = true, value_name = "en|zh-CN")]
    pub lang: Option<Language>,
    #[command(subcommand)]
    pub command: Task,
}

#[derive(Subcommand, Debug)]
pub enum Task {
    Up(Up),
    Assess(Assess),
    Plan(Plan),
    Harden(Harden),
    Graph(Graph),
    Import(Import),
    Fleet(Fleet),
    Demo(Demo),
    Knowledge(KnowledgeTask),
    Backup(Backup),
    Restore(Restore),
    Sensor(SensorTask),
    Collector(CollectorTask),
    Hunt(Hunt),
    Sql(Sql),
    Lake(LakeTask),
    File(FileTask),
    Analysis(AnalysisTask),
    AgentRelease(AgentReleaseTask),
}

/// Where the server keeps its things.
#[derive(Args, Debug, Clone)]
pub struct Place {
    #[arg(long, value_name = "DIR", env = "REDOUBT_DATA")]
    pub data: Option<PathBuf>,
    #[arg(long, value_name = "URL", env = "REDOUBT_DATABASE")]
    pub database: Option<String>,
}

impl Place {
    /// What a person calls this place; a database address may hold a password and is not shown.
    pub fn shown(&self, data: &std::path::Path) -> String {
        self.database.as_ref().map_or_else(|| data.display().to_string(), |_| "--database".to_owned())
    }
}

#[derive(Args, Debug)]
pub struct Up {
    #[command(flatten)]
    pub place: Place,
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7311")]
    pub listen: SocketAddr,
    /// Where collectors on other machines enrol and deliver; nowhere when absent.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub link: Option<SocketAddr>,
    /// Names under which the server is reached, for its certificate.
    #[arg(long, value_name = "NAME")]
    pub name: Vec<String>,
    #[arg(long)]
    pub demo: bool,
    /// Where the tables of the lake are when several servers share them; the data directory remembers it.
    #[arg(long, value_name = "s3://BUCKET/FOLDER")]
    pub lake: Option<String>,
    /// Have the machines of a cluster answer questions in SQL: where its scheduler is.
    #[arg(long, value_name = "HOST:PORT")]
    pub cluster: Option<String>,
    /// The folder of certificates by which they know each other.
    #[arg(long, value_name = "DIR", requires = "cluster")]
    pub certificates: Option<PathBuf>,
    /// The lake at most, in GiB; the oldest records make room.
    #[arg(long, value_name = "GIB", default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub lake_max: u64,
    /// Days that the records of the lake stay; for ever when absent.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub lake_days: Option<u32>,
    /// Memory of one question in SQL at most, in MiB; two are answered at a time.
    #[arg(long, value_name = "MIB", default_value_t = 1024, value_parser = clap::value_parser!(u64).range(256..=1_048_576))]
    pub sql_memory: u64,
    /// Files that this server opens at a time; with 0 only workers on other machines do. One less than it has processors
    /// when absent.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(0..=512).map(usize::from))]
    pub file_slots: Option<usize>,
    /// Where the bytes of files are when several servers share them; the data directory remembers it.
    #[arg(long, value_name = "s3://BUCKET/FOLDER")]
    pub files: Option<String>,
    /// The model that tells types of text; the one beside this program when absent.
    #[arg(long, value_name = "FILE")]
    pub type_model: Option<PathBuf>,
    /// Bytes of analysed files that are kept at most, in GiB; the oldest make room, the bad ones last.
    #[arg(long, value_name = "GIB", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub files_max: u64,
    /// Analyse the files in this folder as they come; may be given more than once.
    #[arg(long = "watch-folder", value_name = "DIR")]
    pub watch_folders: Vec<PathBuf>,
    #[arg(long)]
    pub json: bool,
}

/// What host facts a command works on.
#[derive(Args, Debug)]
pub struct Input {
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub day: Option<Date>,
    #[arg(long, value_name = "FILE")]
    pub knowledge: Vec<PathBuf>,
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct Assess {
    #[command(flatten)]
    pub input: Input,
    #[arg(long)]
    pub cves: bool,
}

#[derive(Args, Debug)]
pub struct Plan {
    #[command(flatten)]
    pub input: Input,
    #[arg(long, value_name = "NAME")]
    pub host: Option<String>,
}

#[derive(Args, Debug)]
pub struct Harden {
    #[arg(value_name = "HOST")]
    pub host: String,
    #[arg(long, value_name = "PATH")]
    pub from: Vec<PathBuf>,
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub day: Option<Date>,
    #[arg(long, value_name = "FILE")]
    pub knowledge: Vec<PathBuf>,
    #[command(flatten)]
    pub place: Place,
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum, PartialEq, Eq)]
pub enum GraphFormat {
    Json,
    Csv,
    Graphml,
    Dot,
}

#[derive(Args, Debug)]
pub struct Graph {
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    #[arg(long)]
    pub brief: bool,
    #[arg(long, value_enum, default_value = "json")]
    pub format: GraphFormat,
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub day: Option<Date>,
}

#[derive(Args, Debug)]
pub struct Import {
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    pub place: Place,
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct Fleet {
    #[command(flatten)]
    pub input: Input,
    /// Updates to suppose staged everywhere.
    #[arg(long, value_name = "KB")]
    pub stage: Vec<KbId>,
    /// `tcp/445` or `tcp/445@GROUP`.
    #[arg(long, value_name = "PORT[@GROUP]")]
    pub close: Vec<String>,
}

#[derive(Args, Debug)]
pub struct Demo {
    #[arg(long, value_name = "N", default_value_t = situation::demo::SIZE)]
    pub size: usize,
    #[command(flatten)]
    pub place: Place,
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct KnowledgeTask {
    #[command(subcommand)]
    pub action: KnowledgeAction,
}

#[derive(Subcommand, Debug)]
pub enum KnowledgeAction {
    Import(KnowledgeImport),
    Status(KnowledgeStatus),
}

#[derive(Args, Debug)]
pub struct KnowledgeImport {
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub place: Place,
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct KnowledgeStatus {
    #[command(flatten)]
    pub place: Place,
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct Backup {
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Args, Debug)]
pub struct Restore {
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Args, Debug)]
pub struct SensorTask {
    #[command(subcommand)]
    pub action: SensorAction,
}

#[derive(Subcommand, Debug)]
pub enum SensorAction {
    Read(SensorRead),
    Live(SensorLive),
    /// What a server looks for in traffic.
    Indicators {
        #[command(subcommand)]
        action: IndicatorAction,
    },
}

#[derive(Args, Debug)]
pub struct CollectorTask {
    #[command(subcommand)]
    pub action: CollectorAction,
}

#[derive(Subcommand, Debug)]
pub enum CollectorAction {
    /// Become a collector of a server.
    Enrol(CollectorEnrol),
    /// What waits, what was delivered, and what keeps it from delivering.
    Status(CollectorStatus),
    /// Deliver what waits.
    Deliver(CollectorDeliver),
}

#[derive(Args, Debug)]
pub struct CollectorEnrol {
    #[arg(long, value_name = "HOST:PORT")]
    pub server: String,
    /// By which the server is known: 64 hexadecimal digits.
    #[arg(long, value_name = "FINGERPRINT")]
    pub authority: String,
    #[arg(long, value_name = "TOKEN", env = "REDOUBT_TOKEN", hide_env_values = true)]
    pub token: String,
    #[command(flatten)]
    pub home: CollectorHome,
    /// Room for what waits, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 1024, value_parser = clap::value_parser!(u64).range(1..=16_777_216))]
    pub spool_max: u64,
}

#[derive(Args, Debug)]
pub struct CollectorHome {
    #[arg(long, value_name = "DIR", env = "REDOUBT_COLLECTOR")]
    pub home: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub struct CollectorStatus {
    #[command(flatten)]
    pub home: CollectorHome,
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct CollectorDeliver {
    #[command(flatten)]
    pub home: CollectorHome,
    /// Give up after so many seconds; what is left waits on.
    #[arg(long = "for", value_name = "SECONDS")]
    pub seconds: Option<u64>,
    #[arg(long)]
    pub json: bool,
}

#[derive(Subcommand, Debug)]
pub enum IndicatorAction {
    Add {
        #[arg(value_name = "FILE", required = true)]
        paths: Vec<PathBuf>,
        #[command(flatten)]
        place: Place,
        #[arg(long)]
        json: bool,
    },
    List {
        #[command(flatten)]
        place: Place,
        #[arg(long)]
        json: bool,
    },
    Remove {
        /// Numbers of lists.
        #[arg(value_name = "LIST", required = true)]
        lists: Vec<i64>,
        #[command(flatten)]
        place: Place,
    },
}

/// Who met an indicator, in everything that is kept.
#[derive(Args, Debug)]
pub struct Hunt {
    /// Look for the indicators in this file, one a line.
    #[arg(long, value_name = "FILE", required = true)]
    pub indicators: Vec<PathBuf>,
    /// From this day or moment on.
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Before this day or moment.
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    #[arg(long, value_name = "DIR", env = "REDOUBT_DATA")]
    pub data: Option<PathBuf>,
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct FileTask {
    #[command(subcommand)]
    pub action: FileAction,
}

#[derive(Subcommand, Debug)]
pub enum FileAction {
    /// What files are, what is inside them, and how they are judged.
    Scan(FileScan),
    /// Make one file of rules of YARA that is loaded at once.
    Rules(FileRules),
    /// Send files to a server, which analyses them.
    Send(FileSend),
}

#[derive(Args, Debug)]
pub struct FileSend {
    /// Files, and folders with everything below them.
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    pub server: AtServer,
    /// The address of the host on which they were found.
    #[arg(long, value_name = "ADDRESS")]
    pub host: Option<std::net::IpAddr>,
    #[arg(long)]
    pub json: bool,
}

/// A server on another machine, or on this one, by its API.
#[derive(Args, Debug)]
pub struct AtServer {
    /// Where the server is: https://HOST:PORT.
    #[arg(long, value_name = "URL")]
    pub server: String,
    /// A file with an API token; `-` reads it from the standard input.
    #[arg(long, value_name = "FILE")]
    pub token_file: PathBuf,
    /// The certificate by which the server is known, when no public authority knows it.
    #[arg(long, value_name = "FILE")]
    pub authority: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub struct FileScan {
    /// Files, and folders with everything below them.
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// Try this on what is encrypted.
    #[arg(long = "password", value_name = "TEXT")]
    pub passwords: Vec<String>,
    /// Try the passwords in this file, one a line, instead of the usual ones.
    #[arg(long = "passwords", value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Files whose SHA-256 is in this list are malicious.
    #[arg(long, value_name = "FILE")]
    pub indicators: Vec<PathBuf>,
    /// Rules of YARA: a file, a folder of them, or what `redoubt file rules` made.
    #[arg(long, value_name = "PATH")]
    pub rules: Option<PathBuf>,
    /// The model that tells types of text; the one beside this program when absent.
    #[arg(long, value_name = "FILE")]
    pub model: Option<PathBuf>,
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct FileRules {
    /// A file of rules, or a folder with all `.yar` and `.yara` below it.
    #[arg(value_name = "PATH")]
    pub from: PathBuf,
    /// Write the compiled rules to this file; its name ends with `.rules`.
    #[arg(long, value_name = "FILE", default_value = "redoubt.rules")]
    pub into: PathBuf,
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct AgentReleaseTask {
    #[command(subcommand)]
    pub action: AgentReleaseAction,
}

#[derive(Subcommand, Debug)]
pub enum AgentReleaseAction {
    /// Make the key that releases are signed with.
    Key(ReleaseKey),
    /// Put a program into a signed bundle.
    Pack(ReleasePack),
    /// Tell what is in a bundle.
    Show(ReleaseShow),
    /// Give a bundle to a server.
    Import(ReleaseImport),
}

#[derive(Args, Debug)]
pub struct ReleaseKey {
    #[arg(value_name = "FILE")]
    pub out: PathBuf,
}

#[derive(Args, Debug)]
pub struct ReleasePack {
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    #[arg(long, value_name = "FILE")]
    pub program: PathBuf,
    #[arg(long, value_name = "VERSION")]
    pub version: String,
    #[arg(long, value_name = "TRIPLE")]
    pub target: Option<String>,
    #[arg(long, value_name = "VERSION")]
    pub follows: Option<String>,
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub notes: String,
    #[arg(long, value_name = "KEY")]
    pub introduce: Vec<policy::orders::PublicKey>,
    #[arg(long, value_name = "ID")]
    pub retire: Vec<policy::orders::KeyId>,
    #[arg(value_name = "OUT")]
    pub out: PathBuf,
}

#[derive(Args, Debug)]
pub struct ReleaseShow {
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[arg(long, value_name = "KEY", required = true)]
    pub key: Vec<policy::orders::PublicKey>,
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct ReleaseImport {
    #[command(flatten)]
    pub server: AtServer,
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

#[derive(Args, Debug)]
pub struct AnalysisTask {
    #[command(subcommand)]
    pub action: AnalysisAction,
}

#[derive(Subcommand, Debug)]
pub enum AnalysisAction {
    /// Open files for a server, on this machine.
    Worker(AnalysisWorker),
}

#[derive(Args, Debug)]
pub struct AnalysisWorker {
    #[command(flatten)]
    pub server: AtServer,
    /// What the worker is called; the name of this machine when absent.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Files that are opened at a time; as many as there are processors when absent.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=512).map(usize::from))]
    pub slots: Option<usize>,
    /// Where rules stay compiled between two starts; in the cache of this account when absent.
    #[arg(long, value_name = "DIR")]
    pub cache: Option<PathBuf>,
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct Sql {
    /// One SELECT; read from the standard input when it is `-`.
    #[arg(value_name = "SELECT")]
    pub sql: String,
    #[arg(long, value_name = "DIR", env = "REDOUBT_DATA")]
    pub data: Option<PathBuf>,
    /// Write all rows to this file; its ending says the form: .csv, .jsonl or .parquet.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Memory of the process that answers, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 1024, value_parser = clap::value_parser!(u64).range(128..=1_048_576))]
    pub memory: u64,
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub seconds: u64,
    #[arg(long, conflicts_with = "out")]
    pub json: bool,
    /// Have the machines of a cluster answer: where its scheduler is.
    #[arg(long, value_name = "HOST:PORT")]
    pub cluster: Option<String>,
    /// The folder of certificates by which they know each other.
    #[arg(long, value_name = "DIR", requires = "cluster")]
    pub certificates: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub struct LakeTask {
    #[command(subcommand)]
    pub action: LakeAction,
}

#[derive(Subcommand, Debug)]
pub enum LakeAction {
    /// What is kept, since when, and what waits.
    Status(LakePlace),
    /// Put small files together.
    Compact(LakePlace),
    /// Read everything and compare it with what is noted of it.
    Verify(LakePlace),
    /// Take it away, as a lake of its own.
    Export(LakeExport),
}

#[derive(Args, Debug)]
pub struct LakeExport {
    /// A folder that is empty or not there yet, or a folder of a bucket: s3://BUCKET/FOLDER.
    #[arg(value_name = "TO")]
    pub to: String,
    /// Files with something from this day or moment on.
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Files with something before this day or moment.
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    #[command(flatten)]
    pub place: LakePlace,
}

#[derive(Args, Debug)]
pub struct LakePlace {
    #[arg(long, value_name = "DIR", env = "REDOUBT_DATA")]
    pub data: Option<PathBuf>,
    #[arg(long)]
    pub json: bool,
}

/// The server whose data is written. Never taken from the environment: looking into a capture must not change a
/// server by surprise.
#[derive(Args, Debug, Clone)]
pub struct Into {
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
}

impl Into {
    pub fn place(&self) -> Option<Place> {
        let Into { data, database } = self.clone();
        (data.is_some() || database.is_some()).then_some(Place { data, database })
    }
}

/// More threads than any machine has processors only take memory, until none can be started.
const WORKERS_MAX: i64 = 256;

#[derive(Args, Debug)]
pub struct SensorLive {
    #[arg(value_name = "INTERFACE")]
    pub interface: String,
    #[arg(long, value_name = "EXPRESSION")]
    pub filter: Option<String>,
    /// Look for the indicators in this file, one a line; read again when it changes.
    #[arg(long, value_name = "FILE")]
    pub indicators: Vec<PathBuf>,
    #[arg(long, value_name = "OUT")]
    pub eve: Option<PathBuf>,
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=WORKERS_MAX))]
    pub workers: Option<u16>,
    #[arg(long = "for", value_name = "SECONDS")]
    pub seconds: Option<u64>,
    #[arg(long, value_name = "MIB", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub ring: u16,
    #[command(flatten)]
    pub into: Into,
    /// Deliver to the server that this folder's collector enrolled with.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["data", "database"])]
    pub collector: Option<PathBuf>,
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct SensorRead {
    /// Captures and folders of captures; `-` is standard input.
    #[arg(value_name = "FILE", required = true)]
    pub paths: Vec<PathBuf>,
    #[arg(long, value_name = "OUT")]
    pub eve: Option<PathBuf>,
    /// Exactly this optional behaviour instead of the product's own choice.
    #[arg(long, value_name = "NAMES")]
    pub options: Option<String>,
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=WORKERS_MAX))]
    pub workers: Option<u16>,
    #[arg(long)]
    pub merged: bool,
    #[arg(long, value_name = "EXPRESSION")]
    pub filter: Option<String>,
    /// Look for the indicators in this file, one a line.
    #[arg(long, value_name = "FILE")]
    pub indicators: Vec<PathBuf>,
    /// Write records as files of columns into this folder.
    #[arg(long, value_name = "DIR")]
    pub records: Option<PathBuf>,
    /// Keep the files that were sent in this folder.
    #[arg(long, value_name = "DIR")]
    pub keep_files: Option<PathBuf>,
    #[arg(long, value_name = "BYTES")]
    pub keep_quota: Option<u64>,
    #[arg(long, value_name = "BYTES")]
    pub keep_max: Option<u64>,
    #[arg(long, value_name = "TYPE")]
    pub keep_type: Vec<String>,
    #[arg(long, value_name = "ADDRESS")]
    pub keep_host: Vec<std::net::IpAddr>,
    // Captures of a server are known by their digest and read one by one; records as columns go with the lake.
    #[arg(long, value_name = "DIR", conflicts_with = "records")]
    pub data: Option<PathBuf>,
    #[arg(long, value_name = "URL", conflicts_with = "records")]
    pub database: Option<String>,
    /// Deliver to the server that this folder's collector enrolled with.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["data", "database", "records"])]
    pub collector: Option<PathBuf>,
    #[arg(long)]
    pub json: bool,
}

impl Arguments {
    /// Reads the command line, with help in the language it asks for.
    pub fn read(line: Vec<OsString>) -> Result<(Arguments, Language), clap::Error> {
        let language = help::asked_language(&line);
        let matches = command(language).try_get_matches_from(line)?;
        let arguments = Arguments::from_arg_matches(&matches)?;
        let language = arguments.lang.unwrap_or(language);
        Ok((arguments, language))
    }
}

const PLACE: help::Place = help::Place { prefix: "cli.help", after: Some("cli.exit-codes") };

fn command(language: Language) -> Command {
    help::command(Arguments::command(), PLACE, language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_and_argument_has_words() {
        let missing = help::without_words(&command(Language::En), PLACE);
        assert!(missing.is_empty(), "{missing:#?}");
        command(Language::ZhCn).debug_assert();
    }
}
