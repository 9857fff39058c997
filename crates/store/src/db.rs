//! The two databases behind one code path: sqlx's `Any` driver with `$1` placeholders, which both understand.
//!
//! `Any` carries 64-bit integers, floats, text and bytes; booleans are kept as 0 and 1, JSON as text. SQLite gets one
//! writer, because it has one write lock and waiting for it in a queue is fairer than retrying, and a small pool of
//! readers that never write. PostgreSQL gets one pool for both.

use crate::{Error, Result};
use sqlx::any::{AnyPoolOptions, AnyRow};
use sqlx::{Any, AnyConnection, AnyPool, AssertSqlSafe, Connection, Executor, Row, Transaction};
use std::path::PathBuf;
use std::time::Duration;

/// Enough for the console of a few administrators; each idle SQLite reader costs its page cache.
const READERS: u32 = 4;
const BUSY_TIMEOUT_MS: u32 = 10_000;
/// The one writer may be held by a restore.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);
/// A server that is gone is tried again until then; a person waits for the answer.
const POSTGRES_ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// Two megabytes per SQLite connection: five connections stay near ten.
const SQLITE_CACHE_KIB: u32 = 2048;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Backend {
    Sqlite,
    Postgres,
}

/// A write transaction; dropped without a commit it is rolled back.
pub(crate) type Tx = Transaction<'static, Any>;

pub(crate) struct Db {
    pub backend: Backend,
    /// The file of an SQLite database.
    pub file: Option<PathBuf>,
    writer: AnyPool,
    readers: AnyPool,
}

impl Db {
    pub async fn open(url: &str) -> Result<Db> {
        sqlx::any::install_default_drivers();
        match url.split_once(':') {
            Some(("sqlite", path)) => Db::open_sqlite(path.strip_prefix("//").unwrap_or(path)).await,
            Some(("postgres" | "postgresql", _)) => Db::open_postgres(url).await,
            _ => Err(Error::Address(without_password(url))),
        }
    }

    async fn open_sqlite(path: &str) -> Result<Db> {
        if path.is_empty() || path.contains('\0') {
            return Err(Error::Address(format!("sqlite:{path}")));
        }
        let url = format!("sqlite:{}?mode=rwc", percent_encoded(path));
        let failed = |source| Error::Open { url: format!("sqlite:{path}"), source };
        // The writer is first: it creates the file and turns write-ahead logging on, which readers only find.
        let writer = sqlite_pool(1, false).connect(&url).await.map_err(failed)?;
        let readers = sqlite_pool(READERS, true).connect_lazy(&url).map_err(failed)?;
        Ok(Db { backend: Backend::Sqlite, file: Some(PathBuf::from(path)), writer, readers })
    }

    async fn open_postgres(url: &str) -> Result<Db> {
        let pool = AnyPoolOptions::new()
            .max_connections(READERS + 1)
            .acquire_timeout(POSTGRES_ACQUIRE_TIMEOUT)
            .idle_timeout(Duration::from_secs(300))
            .connect(url)
            .await
            .map_err(|source| Error::Open { url: without_password(url), source })?;
        Ok(Db { backend: Backend::Postgres, file: None, writer: pool.clone(), readers: pool })
    }

    /// Begins a write transaction. SQLite takes its write lock at once, so that no transaction fails half-way because
    /// another one wrote first.
    pub async fn begin(&self) -> Result<Tx> {
        Ok(match self.backend {
            Backend::Sqlite => self.writer.begin_with("BEGIN IMMEDIATE").await?,
            Backend::Postgres => self.writer.begin().await?,
        })
    }

    /// Begins a read transaction that sees one state of the whole database however long it runs.
    pub async fn snapshot(&self) -> Result<Tx> {
        Ok(match self.backend {
            Backend::Sqlite => self.readers.begin_with("BEGIN").await?,
            Backend::Postgres => self.readers.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?,
        })
    }

    pub fn reader(&self) -> &AnyPool {
        &self.readers
    }

    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// Runs one statement outside any transaction, on the writer.
    pub async fn execute(&self, sql: String) -> Result<()> {
        let mut connection = self.writer.acquire().await?;
        connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await?;
        Ok(())
    }

    pub fn display(&self) -> String {
        match &self.file {
            Some(file) => format!("sqlite:{}", file.display()),
            None => "postgres".to_owned(),
        }
    }
}

fn sqlite_pool(connections: u32, read_only: bool) -> AnyPoolOptions {
    let pragmas = format!(
        "PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
         PRAGMA foreign_keys = ON; PRAGMA cache_size = -{SQLITE_CACHE_KIB}; PRAGMA temp_store = MEMORY; \
         PRAGMA journal_size_limit = 67108864; PRAGMA query_only = {};",
        if read_only { "ON" } else { "OFF" }
    );
    AnyPoolOptions::new()
        .max_connections(connections)
        .min_connections(u32::from(!read_only))
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(Duration::from_secs(300))
        .max_lifetime(None)
        .after_connect(move |connection: &mut AnyConnection, _| {
            let pragmas = pragmas.clone();
            Box::pin(async move { connection.execute(sqlx::raw_sql(AssertSqlSafe(pragmas))).await.map(|_| ()) })
        })
        .after_release(|connection: &mut AnyConnection, _| Box::pin(is_sound(connection)))
}

/// A full disk makes SQLite end a transaction by itself; the driver goes on believing in it and would begin no other on
/// this connection. Such a one is thrown away. The ping comes after the rollback of a transaction that was dropped.
async fn is_sound(connection: &mut AnyConnection) -> std::result::Result<bool, sqlx::Error> {
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}

fn percent_encoded(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// The address without what stands between `:` and `@`, for messages and logs.
pub(crate) fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let Some((account, place)) = rest.rsplit_once('@') else { return url.to_owned() };
    let user = account.split(':').next().unwrap_or_default();
    format!("{scheme}://{user}@{place}")
}

/// A statement that is put together at run time, with its values in order. Text from outside only ever enters as a
/// value.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sql {
    pub text: String,
    pub values: Vec<Value>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Value {
    pub fn size(&self) -> usize {
        match self {
            Value::Int(_) => 8,
            Value::Text(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
        }
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Value::Int(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Value::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Value::Text(value)
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Value::Bytes(value)
    }
}

impl Sql {
    pub fn new(text: &'static str) -> Self {
        Sql { text: text.to_owned(), values: Vec::new() }
    }

    pub fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a value and its placeholder.
    pub fn value(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        self.text.push_str(&format!("${}", self.values.len()));
        self
    }

    /// Adds `(a, b, c)`; an empty list is `(NULL)`, which contains nothing.
    pub fn list<V: Into<Value>>(&mut self, values: impl IntoIterator<Item = V>) -> &mut Self {
        self.push("(");
        let mut first = true;
        for value in values {
            if !std::mem::take(&mut first) {
                self.push(", ");
            }
            self.value(value);
        }
        self.push(if first { "NULL)" } else { ")" })
    }

    pub async fn all<'e>(self, on: impl Executor<'e, Database = Any>) -> Result<Vec<AnyRow>> {
        Ok(bound(self).fetch_all(on).await?)
    }

    pub async fn one<'e>(self, on: impl Executor<'e, Database = Any>) -> Result<AnyRow> {
        Ok(bound(self).fetch_one(on).await?)
    }

    pub async fn optional<'e>(self, on: impl Executor<'e, Database = Any>) -> Result<Option<AnyRow>> {
        Ok(bound(self).fetch_optional(on).await?)
    }

    pub fn stream<'e>(
        self,
        on: impl Executor<'e, Database = Any> + 'e,
    ) -> futures_util::stream::BoxStream<'e, std::result::Result<AnyRow, sqlx::Error>> {
        bound(self).fetch(on)
    }

    /// Runs it and returns how many rows it changed.
    pub async fn run<'e>(self, on: impl Executor<'e, Database = Any>) -> Result<u64> {
        Ok(bound(self).execute(on).await?.rows_affected())
    }
}

fn bound(sql: Sql) -> sqlx::query::Query<'static, Any, sqlx::any::AnyArguments> {
    let mut query = sqlx::query(AssertSqlSafe(sql.text));
    for value in sql.values {
        query = match value {
            Value::Int(value) => query.bind(value),
            Value::Text(value) => query.bind(value),
            Value::Bytes(value) => query.bind(value),
        };
    }
    query
}

/// A static statement with its values: `sql!("SELECT a FROM t WHERE b = $1", b)`.
macro_rules! sql {
    ($text:literal $(, $value:expr)* $(,)?) => {
        $crate::db::Sql {
            text: String::from($text),
            values: vec![$($crate::db::Value::from($value)),*],
        }
    };
}
pub(crate) use sql;

/// Reading columns by name without repeating the error conversion.
pub(crate) trait Columns {
    fn int(&self, name: &str) -> Result<i64>;
    fn text(&self, name: &str) -> Result<String>;
    fn bytes(&self, name: &str) -> Result<Vec<u8>>;

    fn flag(&self, name: &str) -> Result<bool> {
        Ok(self.int(name)? != 0)
    }
}

impl Columns for AnyRow {
    fn int(&self, name: &str) -> Result<i64> {
        Ok(self.try_get(name)?)
    }

    fn text(&self, name: &str) -> Result<String> {
        Ok(self.try_get(name)?)
    }

    fn bytes(&self, name: &str) -> Result<Vec<u8>> {
        Ok(self.try_get(name)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_never_reaches_a_message() {
        assert_eq!(without_password("postgres://redoubt:s3cret@db:5432/x"), "postgres://redoubt@db:5432/x");
        assert_eq!(without_password("postgres://db/x"), "postgres://db/x");
        assert_eq!(without_password("nonsense"), "nonsense");
    }

    #[test]
    fn an_empty_list_contains_nothing() {
        let mut sql = Sql::new("a IN ");
        sql.list(Vec::<i64>::new());
        assert_eq!(sql.text, "a IN (NULL)");
        let mut sql = Sql::new("a IN ");
        sql.list([1i64, 2]);
        assert_eq!((sql.text.as_str(), sql.values.len()), ("a IN ($1, $2)", 2));
    }
}
