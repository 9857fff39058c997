//! `redoubt sql`: a question in SQL about everything that is kept.

use super::lake::folder;
use crate::args::Sql;
use crate::interrupt;
use crate::output::{Exit, Failure, Output, printable};
use model::Message;
use query::export::{self, Form};
use query::{Asked, Cluster, Done, Limits, Rows, SQL_BYTES_MAX, Told, Worker};
use serde_json::Value;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Rows that are shown on a terminal; all of them are in `--json` and `--out`.
const SHOWN: usize = 1000;
/// How often it is looked whether somebody said stop.
const LOOK_UP: Duration = Duration::from_millis(100);
/// A cell is shown so wide.
const CELL_CHARS_MAX: usize = 60;

pub fn run(task: &Sql, output: &Output) -> anyhow::Result<Exit> {
    let form = task.out.as_deref().map(form_of).transpose()?;
    let sql = if task.sql == "-" { standard_input()? } else { task.sql.clone() };
    if sql.len() > SQL_BYTES_MAX {
        return Err(Failure::new(Message::new("query.too-long").number("kib", (SQL_BYTES_MAX >> 10) as i64)).into());
    }
    let lake = folder(task.data.as_ref())?;
    let place = Scratch::new()?;
    interrupt::watch(output, Message::new("cli.sql-stopped"))?;
    let limits = Limits { memory_bytes: task.memory << 20, seconds: task.seconds, ..Limits::default() };
    let bucket_settings = std::env::vars().filter(|(name, _)| name.starts_with("AWS_")).collect();
    let certificates = task.certificates.clone();
    let cluster = task.cluster.clone().map(|scheduler| Cluster { scheduler, certificates });
    let asked = Asked { sql, lake, tables: None, folder: place.0.clone(), limits, cluster, bucket_settings };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = runtime.block_on(answer(&asked))?;
    let rows = query::rows_in(&place.0);
    match (&task.out, form) {
        (Some(out), Some(form)) => {
            write_whole(&rows, form, out)?;
            let told = Message::new("cli.sql-written").with("path", out.display()).number("rows", number(done.rows));
            writeln!(output.stdout(), "{}", output.text(&told))?;
        }
        _ if task.json => export::write(&rows, Form::Json, std::io::stdout())?,
        _ => show(&rows, &done, output)?,
    }
    if done.cut {
        output.note(&Message::new("cli.sql-cut").number("rows", number(done.rows)));
    }
    Ok(if done.cut { Exit::Partly } else { Exit::Done })
}

fn form_of(path: &Path) -> anyhow::Result<Form> {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    [Form::Csv, Form::Json, Form::Parquet]
        .into_iter()
        .find(|form| form.extension() == ending)
        .ok_or_else(|| Failure::new(Message::new("cli.sql-form").with("path", path.display())).into())
}

fn standard_input() -> anyhow::Result<String> {
    let mut sql = String::new();
    std::io::stdin().take(SQL_BYTES_MAX as u64 + 1).read_to_string(&mut sql)?;
    Ok(sql)
}

/// A folder for rows and for what does not fit into memory, which goes when the question is answered.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> anyhow::Result<Scratch> {
        let now = jiff::Timestamp::now().as_nanosecond();
        let folder = std::env::temp_dir().join(format!("redoubt-sql-{}-{now}", std::process::id()));
        query::own_folder(&folder)?;
        Ok(Scratch(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn answer(asked: &Asked) -> anyhow::Result<Done> {
    let (program, absent) = match asked.cluster {
        Some(_) => (query::cluster_program(), "cli.sql-cluster-absent"),
        None => (query::program(), "cli.sql-absent"),
    };
    let program = program.ok_or_else(|| Failure::new(Message::new(absent)))?;
    let mut worker = Worker::start(&program, asked).await.map_err(Failure::new)?;
    loop {
        match unless_stopped(worker.next()).await? {
            Told::Progress(_) => {}
            Told::Done(done) => return Ok(done),
            Told::Refused(why) => return Err(Failure::new(why).into()),
        }
    }
}

/// Waits for something, and gives it up when somebody says stop.
async fn unless_stopped<T>(awaited: impl Future<Output = T>) -> anyhow::Result<T> {
    tokio::pin!(awaited);
    loop {
        tokio::select! {
            value = &mut awaited => return Ok(value),
            () = tokio::time::sleep(LOOK_UP) => interrupt::check()?,
        }
    }
}

/// The file has its name once it is whole.
fn write_whole(rows: &Path, form: Form, out: &Path) -> anyhow::Result<()> {
    let failed = |error: &std::io::Error| {
        let what = Message::new("cli.sql-out").with("path", out.display());
        anyhow::Error::from(Failure::new(what.reason("cause", error)))
    };
    let mut partial = out.as_os_str().to_owned();
    partial.push(".partial");
    let file = std::fs::File::create(&partial).map_err(|error| failed(&error))?;
    if let Err(error) = export::write(rows, form, &file) {
        let _ = std::fs::remove_file(&partial);
        return Err(error.into());
    }
    file.sync_all().and_then(|()| std::fs::rename(&partial, out)).map_err(|error| failed(&error))
}

fn show(rows: &Path, done: &Done, output: &Output) -> anyhow::Result<()> {
    let mut rows = Rows::open(rows)?;
    let headings: Vec<String> = rows.columns().into_iter().map(|column| column.name).collect();
    let right: Vec<bool> =
        rows.columns().iter().map(|column| ["number", "measure"].contains(&column.holds.as_str())).collect();
    let cells: Vec<Vec<String>> = rows.page(0, SHOWN)?.iter().map(|row| row.iter().map(shown).collect()).collect();
    let wide = |at: usize| cells.iter().chain([&headings]).filter_map(|row| row.get(at)).map(|cell| width(cell)).max();
    let widths: Vec<usize> = (0..headings.len()).map(|at| wide(at).unwrap_or(0)).collect();
    let mut out = output.stdout();
    writeln!(out, "{}", output.bold(&line(&headings, &widths, &right)))?;
    for row in &cells {
        writeln!(out, "{}", line(row, &widths, &right))?;
    }
    // A cluster does not tell what it read, and a question without a table reads nothing.
    let told = match done.read.rows {
        0 => Message::new("cli.sql-rows-alone").number("rows", number(done.rows)),
        read => Message::new("cli.sql-rows").number("rows", number(done.rows)).number("read", number(read)),
    };
    writeln!(out, "{}", output.dim(&output.text(&told)))?;
    if done.rows > SHOWN as u64 {
        output.note(&Message::new("cli.sql-more").number("shown", SHOWN as i64));
    }
    Ok(())
}

fn shown(cell: &Value) -> String {
    let text = match cell {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let text = printable(&text);
    if text.chars().count() <= CELL_CHARS_MAX {
        return text;
    }
    text.chars().take(CELL_CHARS_MAX - 1).chain(['…']).collect()
}

fn line(cells: &[String], widths: &[usize], right: &[bool]) -> String {
    let padded = cells.iter().zip(widths).zip(right).map(|((cell, wide), right)| {
        let room = " ".repeat(wide.saturating_sub(width(cell)));
        if *right { format!("{room}{cell}") } else { format!("{cell}{room}") }
    });
    padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

/// Columns that a text takes on a terminal; letters of Chinese take two.
fn width(text: &str) -> usize {
    text.chars().map(|c| if matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}') { 2 } else { 1 }).sum()
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
