//! One at a time among servers that share a database: whoever has a turn is the only one.

use crate::db::{Backend, Columns, Tx, sql};
use crate::{Result, Store};

/// A turn; it ends with the value. SQLite has one process, which takes turns by itself.
pub struct Turn(Option<Tx>);

impl Turn {
    /// Gives it back at once, where dropping it does so a moment later.
    pub async fn end(self) -> Result<()> {
        if let Some(tx) = self.0 {
            tx.rollback().await?;
        }
        Ok(())
    }
}

impl Store {
    /// Waits until no other server has the turn of this name.
    pub async fn turn(&self, name: &str) -> Result<Turn> {
        let Some(mut tx) = self.shared().await? else { return Ok(Turn(None)) };
        sql!("SELECT CAST(pg_advisory_xact_lock($1) AS TEXT) AS taken", number(name)).one(&mut *tx).await?;
        Ok(Turn(Some(tx)))
    }

    /// The turn of this name; none when another server has it.
    pub async fn turn_if_free(&self, name: &str) -> Result<Option<Turn>> {
        let Some(mut tx) = self.shared().await? else { return Ok(Some(Turn(None))) };
        let row = sql!(
            "SELECT CASE WHEN pg_try_advisory_xact_lock($1) THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END AS taken",
            number(name)
        )
        .one(&mut *tx)
        .await?;
        Ok((row.int("taken")? == 1).then_some(Turn(Some(tx))))
    }

    async fn shared(&self) -> Result<Option<Tx>> {
        Ok(match self.db.backend {
            Backend::Sqlite => None,
            Backend::Postgres => Some(self.db.begin().await?),
        })
    }
}

/// What the database calls a turn: the name's first letters.
fn number(name: &str) -> i64 {
    let mut bytes = *b"redoubt.";
    bytes.iter_mut().zip(name.bytes()).for_each(|(byte, letter)| *byte ^= letter);
    i64::from_be_bytes(bytes)
}
