//! Backup and restore: one portable file that either database writes and either reads.
//!
//! The file is zstd over lines of JSON: a header, then for each table `{"table":…,"columns":[…]}` and one array per
//! row, and an end line with the number of rows and the SHA-256 of all lines before it. Bytes are `{"b":"hex"}`.
//! A file without its end line, or with another digest, is refused before anything is committed.

use crate::archive_file::{Lines, write_lines};
use crate::bulk;
use crate::db::{Backend, Columns, Db, Sql, Tx, Value};
use crate::migrate::{self, MIGRATIONS};
use crate::pack::{from_hex, hex};
use crate::{Error, Result, Store};
use jiff::Timestamp;
use model::Message;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use sqlx::any::AnyRow;
use std::path::Path;

pub(crate) const FORMAT: &str = "redoubt-backup";
const FORMAT_VERSION: u32 = 1;

/// Rows that are read or written at once, and the bytes after which a batch is cut before it has as many: a body may
/// be megabytes.
const BATCH_ROWS: usize = 100;
const BATCH_BYTES: usize = 8 << 20;

/// What a backup or a restore moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupReport {
    /// The schema of the file; after a restore the database has this program's.
    pub schema: i64,
    pub tables: u64,
    pub rows: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Header {
    format: String,
    version: u32,
    schema: i64,
    created: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Int,
    Text,
    Bytes,
}

#[derive(Debug, Clone)]
struct Table {
    name: String,
    columns: Vec<(String, Kind)>,
}

impl Store {
    /// Writes everything to one file, as it was at one moment, while work goes on. The file is there whole or not at
    /// all.
    pub async fn backup(&self, path: &Path, now: Timestamp) -> Result<BackupReport> {
        write(&self.db, path, Store::schema_version(), now).await
    }

    /// Replaces everything by what the file holds, in one transaction: a file that is not whole changes nothing. A
    /// file of an older schema is brought forward.
    pub async fn restore(&self, path: &Path, now: Timestamp) -> Result<BackupReport> {
        let mut lines = Lines::open(path).await?;
        let header = read_header(&mut lines).await?;
        let known = Store::schema_version();
        if header.schema > known {
            let path = path.display().to_string();
            return Err(Error::NewerArchive { path, found: header.schema, known });
        }
        let mut tx = self.db.begin().await?;
        let report = replace(&mut tx, self.db.backend, &mut lines, &header, now).await?;
        tx.commit().await?;
        Ok(report)
    }
}

/// Exports a database of any schema; the tables and columns are asked of the database itself.
pub(crate) async fn write(db: &Db, path: &Path, schema: i64, now: Timestamp) -> Result<BackupReport> {
    let mut tx = db.snapshot().await?;
    let tables = tables(&mut tx, db.backend).await?;
    let mut out = write_lines(path);
    let header = Header { format: FORMAT.to_owned(), version: FORMAT_VERSION, schema, created: now };
    out.line(&header).await?;
    let (mut count, mut rows) = (0, 0);
    for table in tables.iter().filter(|table| table.name != "migrations") {
        let columns: Vec<_> = table.columns.iter().map(|(name, _)| name.as_str()).collect();
        out.line(&json!({ "table": table.name, "columns": columns })).await?;
        rows += write_table(&mut tx, table, &mut out).await?;
        count += 1;
    }
    out.finish(rows).await?;
    Ok(BackupReport { schema, tables: count, rows })
}

async fn write_table(tx: &mut Tx, table: &Table, out: &mut crate::archive_file::Writer) -> Result<u64> {
    use futures_util::TryStreamExt;
    let columns: Vec<_> = table.columns.iter().map(|(name, _)| name.as_str()).collect();
    let mut sql = Sql::new("SELECT ");
    sql.push(&columns.join(", ")).push(" FROM ").push(&table.name);
    let mut rows = sql.stream(&mut **tx);
    let mut count = 0;
    while let Some(row) = rows.try_next().await? {
        let values: Vec<Json> =
            table.columns.iter().map(|(name, kind)| to_json(&row, name, *kind)).collect::<Result<_>>()?;
        out.line(&values).await?;
        count += 1;
    }
    Ok(count)
}

fn foreign() -> Message {
    Message::new("store.archive-foreign")
}

async fn read_header(lines: &mut Lines) -> Result<Header> {
    let line = lines.next().await?.ok_or_else(|| lines.refused(Message::new("store.archive-empty")))?;
    let header: Header = serde_json::from_value(line).map_err(|_| lines.refused(foreign()))?;
    if header.format != FORMAT {
        return Err(lines.refused(foreign()));
    }
    if header.version != FORMAT_VERSION || header.schema < 1 {
        return Err(lines.refused(Message::new("store.archive-version").number("version", header.version)));
    }
    Ok(header)
}

/// Lays the file's own schema, loads the rows, and migrates from there: the same way an old database comes forward.
async fn replace(
    tx: &mut Tx,
    backend: Backend,
    lines: &mut Lines,
    header: &Header,
    now: Timestamp,
) -> Result<BackupReport> {
    for table in tables(tx, backend).await?.iter().rev() {
        let mut sql = Sql::new("DROP TABLE ");
        sql.push(&table.name);
        sql.run(&mut **tx).await?;
    }
    for migration in MIGRATIONS.iter().filter(|migration| migration.version <= header.schema) {
        migrate::apply(tx, backend, migration, now).await?;
    }
    let laid = tables(tx, backend).await?;
    // A migration may seed a row (the end of the audit chain); the file has its own.
    for table in laid.iter().rev().filter(|table| table.name != "migrations") {
        let mut sql = Sql::new("DELETE FROM ");
        sql.push(&table.name);
        sql.run(&mut **tx).await?;
    }
    let mut report = BackupReport { schema: header.schema, tables: 0, rows: 0 };
    load(tx, lines, &laid, &mut report).await?;
    for table in &laid {
        restart_numbers(tx, backend, table).await?;
    }
    for migration in MIGRATIONS.iter().filter(|migration| migration.version > header.schema) {
        migrate::apply(tx, backend, migration, now).await?;
    }
    Ok(report)
}

async fn load(tx: &mut Tx, lines: &mut Lines, laid: &[Table], report: &mut BackupReport) -> Result<()> {
    let mut batch: Option<Batch> = None;
    loop {
        let line = lines.next().await?.ok_or_else(|| lines.refused(Message::new("store.archive-cut")))?;
        match line {
            Json::Array(values) => {
                let batch = batch.as_mut().ok_or_else(|| lines.refused(Message::new("store.archive-order")))?;
                batch.push(values).map_err(|reason| lines.refused(reason))?;
                report.rows += 1;
                if batch.is_full() {
                    batch.write(tx).await.map_err(|error| unfit(error, lines))?;
                }
            }
            Json::Object(fields) => {
                if let Some(mut batch) = batch.take() {
                    batch.write(tx).await.map_err(|error| unfit(error, lines))?;
                }
                if fields.contains_key("end") {
                    return lines.check_end(&fields, report.rows).await;
                }
                batch = Some(Batch::begin(&Json::Object(fields), laid).map_err(|reason| lines.refused(reason))?);
                report.tables += 1;
            }
            _ => return Err(lines.refused(Message::new("store.archive-line"))),
        }
    }
}

/// What the database refuses for its content is the file's fault, not the database's.
fn unfit(error: Error, lines: &Lines) -> Error {
    match error {
        Error::Statement(sqlx::Error::Database(cause)) => {
            lines.refused(Message::new("os.other").with("text", cause.message()))
        }
        other => other,
    }
}

/// Rows on their way into one table. Names from the file are only used after they were found in the schema.
struct Batch {
    table: Table,
    rows: Vec<Vec<Value>>,
    bytes: usize,
}

impl Batch {
    fn begin(line: &Json, laid: &[Table]) -> Result<Batch, Message> {
        #[derive(Deserialize)]
        struct Heading {
            table: String,
            columns: Vec<String>,
        }
        let Heading { table, columns } = Heading::deserialize(line).map_err(|_| Message::new("store.archive-line"))?;
        let known = laid
            .iter()
            .find(|known| known.name == table && table != "migrations")
            .ok_or_else(|| Message::new("store.archive-table").with("table", &table))?;
        let columns = columns
            .into_iter()
            .map(|name| known.columns.iter().find(|column| column.0 == name).cloned().ok_or(name))
            .collect::<Result<_, _>>()
            .map_err(|name| Message::new("store.archive-column").with("table", &table).with("column", name))?;
        Ok(Batch { table: Table { name: known.name.clone(), columns }, rows: Vec::new(), bytes: 0 })
    }

    fn push(&mut self, values: Vec<Json>) -> Result<(), Message> {
        let wrong = || Message::new("store.archive-row").with("table", &self.table.name);
        if values.len() != self.table.columns.len() {
            return Err(wrong());
        }
        let row = values.into_iter().zip(&self.table.columns).map(|(value, (_, kind))| from_json(value, *kind));
        let row: Vec<_> = row.collect::<Option<_>>().ok_or_else(wrong)?;
        self.bytes += row.iter().map(Value::size).sum::<usize>();
        self.rows.push(row);
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.rows.len() >= BATCH_ROWS || self.bytes >= BATCH_BYTES
    }

    async fn write(&mut self, tx: &mut Tx) -> Result<()> {
        self.bytes = 0;
        let columns: Vec<_> = self.table.columns.iter().map(|(name, _)| name.as_str()).collect();
        bulk::insert(tx, &self.table.name, &columns, std::mem::take(&mut self.rows), "").await?;
        Ok(())
    }
}

/// All tables in the order they were made: a table that refers to another stands after it.
async fn tables(tx: &mut Tx, backend: Backend) -> Result<Vec<Table>> {
    let names = match backend {
        Backend::Sqlite => {
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
             ORDER BY rowid"
        }
        Backend::Postgres => {
            "SELECT CAST(relname AS TEXT) AS name FROM pg_class \
             WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace ORDER BY oid"
        }
    };
    let mut tables = Vec::new();
    for row in Sql::new(names).all(&mut **tx).await? {
        let name = row.text("name")?;
        let columns = columns(tx, backend, &name).await?;
        tables.push(Table { name, columns });
    }
    Ok(tables)
}

async fn columns(tx: &mut Tx, backend: Backend, table: &str) -> Result<Vec<(String, Kind)>> {
    let mut sql = Sql::new(match backend {
        Backend::Sqlite => "SELECT name, type AS kind FROM pragma_table_info(",
        Backend::Postgres => {
            "SELECT CAST(column_name AS TEXT) AS name, CAST(data_type AS TEXT) AS kind \
             FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = CAST("
        }
    });
    sql.value(table).push(match backend {
        Backend::Sqlite => ") ORDER BY cid",
        Backend::Postgres => " AS TEXT) ORDER BY ordinal_position",
    });
    let rows = sql.all(&mut **tx).await?;
    rows.iter().map(|row| Ok((row.text("name")?, kind(&row.text("kind")?)))).collect()
}

fn kind(name: &str) -> Kind {
    match name {
        "INTEGER" | "bigint" => Kind::Int,
        "BLOB" | "bytea" => Kind::Bytes,
        _ => Kind::Text,
    }
}

/// SQLite goes on counting after the largest id by itself; PostgreSQL has to be told.
async fn restart_numbers(tx: &mut Tx, backend: Backend, table: &Table) -> Result<()> {
    if backend == Backend::Sqlite || !table.columns.iter().any(|column| *column == ("id".to_owned(), Kind::Int)) {
        return Ok(());
    }
    let name = &table.name;
    let mut sql = Sql::new("SELECT COUNT(setval(pg_get_serial_sequence('");
    sql.push(name).push("', 'id'), (SELECT COALESCE(MAX(id), 0) + 1 FROM ").push(name).push("), false)) AS n");
    sql.one(&mut **tx).await?;
    Ok(())
}

fn to_json(row: &AnyRow, name: &str, kind: Kind) -> Result<Json> {
    Ok(match kind {
        Kind::Int => Json::from(row.int(name)?),
        Kind::Text => Json::from(row.text(name)?),
        Kind::Bytes => json!({ "b": hex(&row.bytes(name)?) }),
    })
}

fn from_json(value: Json, kind: Kind) -> Option<Value> {
    match (kind, value) {
        (Kind::Int, Json::Number(number)) => number.as_i64().map(Value::Int),
        (Kind::Text, Json::String(text)) if !text.contains('\0') => Some(Value::Text(text)),
        (Kind::Bytes, Json::Object(fields)) => from_hex(fields.get("b")?.as_str()?).map(Value::Bytes),
        _ => None,
    }
}
