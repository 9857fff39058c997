//! Logged-in browsers: the hash of a cookie, whose it is, and until when.

use crate::accounts::user_row;
use crate::db::{Columns, sql};
use crate::pack::sure_time;
use crate::{Result, Store, User, UserId};
use jiff::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    pub token_hash: String,
    pub user: UserId,
    pub csrf: String,
    pub expires: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub token_hash: String,
    pub user: UserId,
    pub csrf: String,
    pub created: Timestamp,
    pub expires: Timestamp,
}

impl Store {
    pub async fn open_session(&self, session: &NewSession, now: Timestamp) -> Result<()> {
        let mut tx = self.db.begin().await?;
        sql!(
            "INSERT INTO sessions (token_hash, user_id, csrf, created, expires) VALUES ($1, $2, $3, $4, $5)",
            session.token_hash.as_str(),
            session.user,
            session.csrf.as_str(),
            now.as_microsecond(),
            session.expires.as_microsecond()
        )
        .run(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    /// The session and its user, unless it has run out or the user is locked.
    pub async fn session(&self, token_hash: &str, now: Timestamp) -> Result<Option<(Session, User)>> {
        let row = sql!(
            "SELECT s.csrf, s.created AS opened, s.expires, u.* FROM sessions s JOIN users u ON u.id = s.user_id \
             WHERE s.token_hash = $1 AND s.expires > $2 AND u.disabled = 0",
            token_hash,
            now.as_microsecond()
        )
        .optional(self.db.reader())
        .await?;
        row.map(|row| {
            let user = user_row(&row)?;
            let session = Session {
                token_hash: token_hash.to_owned(),
                user: user.id,
                csrf: row.text("csrf")?,
                created: sure_time(row.int("opened")?),
                expires: sure_time(row.int("expires")?),
            };
            Ok((session, user))
        })
        .transpose()
    }

    pub async fn extend_session(&self, token_hash: &str, expires: Timestamp) -> Result<()> {
        let mut tx = self.db.begin().await?;
        sql!("UPDATE sessions SET expires = $1 WHERE token_hash = $2", expires.as_microsecond(), token_hash)
            .run(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    pub async fn close_session(&self, token_hash: &str) -> Result<()> {
        let mut tx = self.db.begin().await?;
        sql!("DELETE FROM sessions WHERE token_hash = $1", token_hash).run(&mut *tx).await?;
        Ok(tx.commit().await?)
    }

    /// Logs a user out everywhere.
    pub async fn close_sessions(&self, user: UserId) -> Result<u64> {
        let mut tx = self.db.begin().await?;
        let closed = sql!("DELETE FROM sessions WHERE user_id = $1", user).run(&mut *tx).await?;
        tx.commit().await?;
        Ok(closed)
    }
}
