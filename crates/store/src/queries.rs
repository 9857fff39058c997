//! Questions in SQL that somebody keeps for everybody.

use crate::db::{Columns, Sql, sql};
use crate::pack::{clean, micros, sure_time};
use crate::{Act, Error, Result, Store};
use jiff::Timestamp;
use sqlx::any::AnyRow;

/// Kept questions at most: a list that a person can look through.
pub const SAVED_QUERIES_MAX: i64 = 500;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedQuery {
    pub id: i64,
    pub name: String,
    pub sql: String,
    pub owner: String,
    pub changed: Timestamp,
}

impl Store {
    /// All of them, by name.
    pub async fn saved_queries(&self) -> Result<Vec<SavedQuery>> {
        let rows = Sql::new("SELECT * FROM saved_queries ORDER BY name").all(self.db.reader()).await?;
        let query = |row: &AnyRow| {
            Ok(SavedQuery {
                id: row.int("id")?,
                name: row.text("name")?,
                sql: row.text("question")?,
                owner: row.text("owner")?,
                changed: sure_time(row.int("changed")?),
            })
        };
        rows.iter().map(query).collect()
    }

    /// Keeps a question under a name; one of that name is replaced. False when there are too many.
    pub async fn save_query(&self, name: &str, question: &str, owner: &str, act: &Act) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let others = sql!("SELECT COUNT(*) AS n FROM saved_queries WHERE name <> $1", name).one(&mut *tx).await?;
        if others.int("n")? >= SAVED_QUERIES_MAX {
            return Ok(false);
        }
        sql!(
            "INSERT INTO saved_queries (name, question, owner, changed) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (name) DO UPDATE SET question = excluded.question, owner = excluded.owner, changed = excluded.changed",
            clean(name),
            clean(question),
            owner,
            micros(Some(act.now))
        )
        .run(&mut *tx)
        .await?;
        self.commit(tx, act).await?;
        Ok(true)
    }

    pub async fn remove_saved_query(&self, id: i64, act: &Act) -> Result<()> {
        let mut tx = self.db.begin().await?;
        if sql!("DELETE FROM saved_queries WHERE id = $1", id).run(&mut *tx).await? == 0 {
            return Err(Error::not_found("query", id));
        }
        self.commit(tx, act).await
    }
}
