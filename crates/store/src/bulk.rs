//! Many rows in one statement: the cost of a statement is paid once for a hundred rows.

use crate::Result;
use crate::db::{Sql, Tx, Value};

/// Statements of one length are prepared once.
const ROWS_MAX: usize = 100;
/// SQLite would take 32,766 values in one statement and PostgreSQL 65,535. But to bind a value, the driver asks SQLite
/// for its name, which is looked for from the first one on: with 3,300 values that was a fifth of storing a host.
const VALUES_MAX: usize = 500;

/// Inserts rows; `conflict` is the text after them (`ON CONFLICT …`). Returns how many rows were written.
pub(crate) async fn insert(
    tx: &mut Tx,
    table: &str,
    columns: &[&str],
    rows: Vec<Vec<Value>>,
    conflict: &str,
) -> Result<u64> {
    let mut written = 0;
    for chunk in chunks(rows, columns.len()) {
        let mut sql = Sql::new("INSERT INTO ");
        sql.push(table).push(" (").push(&columns.join(", ")).push(") VALUES ");
        push_rows(&mut sql, chunk);
        sql.push(" ").push(conflict);
        written += sql.run(&mut **tx).await?;
    }
    Ok(written)
}

/// Updates rows by key: the first column is the key, the others are set.
pub(crate) async fn update(
    tx: &mut Tx,
    table: &'static str,
    columns: &[&'static str],
    rows: Vec<Vec<Value>>,
) -> Result<()> {
    let Some((key, set)) = columns.split_first() else { return Ok(()) };
    // Both databases name the columns of a bare VALUES list column1, column2…
    let set: Vec<_> = set.iter().enumerate().map(|(n, column)| format!("{column} = v.column{}", n + 2)).collect();
    for chunk in chunks(rows, columns.len()) {
        let mut sql = Sql::new("UPDATE ");
        sql.push(table).push(" SET ").push(&set.join(", ")).push(" FROM (VALUES ");
        push_rows(&mut sql, chunk);
        sql.push(") AS v WHERE ").push(table).push(".").push(key).push(" = v.column1");
        sql.run(&mut **tx).await?;
    }
    Ok(())
}

/// The upsert text that overwrites every column but the key.
pub(crate) fn overwrite(key: &str, columns: &[&'static str]) -> String {
    let set: Vec<_> = columns.iter().filter(|column| **column != key).copied().collect();
    format!("ON CONFLICT ({key}) DO UPDATE SET {}", excluded(&set))
}

/// `a = excluded.a, b = excluded.b`: takes the values of the row that met another.
pub(crate) fn excluded(columns: &[&str]) -> String {
    columns.iter().map(|column| format!("{column} = excluded.{column}")).collect::<Vec<_>>().join(", ")
}

fn push_rows(sql: &mut Sql, rows: Vec<Vec<Value>>) {
    for (n, row) in rows.into_iter().enumerate() {
        sql.push(if n == 0 { "" } else { ", " });
        sql.list(row);
    }
}

fn chunks(rows: Vec<Vec<Value>>, columns: usize) -> impl Iterator<Item = Vec<Vec<Value>>> {
    let size = (VALUES_MAX / columns.max(1)).clamp(1, ROWS_MAX);
    let mut rows = rows.into_iter();
    std::iter::from_fn(move || {
        let chunk: Vec<_> = rows.by_ref().take(size).collect();
        if chunk.is_empty() { None } else { Some(chunk) }
    })
}
