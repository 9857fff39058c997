//! Users, API tokens, the setup token and failed logins. Secrets never come here: callers give hashes.

use crate::db::{Columns, Sql, Tx, sql};
use crate::pack::{clean, from_json, json, micros, sure_time, time};
use crate::{Act, Error, Result, Store};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use std::collections::BTreeSet;

pub type UserId = i64;
pub type TokenId = i64;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUser {
    pub name: String,
    /// The argon2id string of the password.
    pub password_hash: String,
    pub roles: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    pub name: String,
    pub password_hash: String,
    pub roles: BTreeSet<String>,
    pub disabled: bool,
    pub created: Timestamp,
}

/// What is to change; `None` leaves it as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserChange {
    pub roles: Option<BTreeSet<String>>,
    pub disabled: Option<bool>,
    pub password_hash: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewApiToken {
    pub token_hash: String,
    pub name: String,
    pub user: UserId,
    pub scopes: BTreeSet<String>,
    pub expires: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiToken {
    pub id: TokenId,
    pub name: String,
    pub user: UserId,
    pub scopes: BTreeSet<String>,
    pub created: Timestamp,
    pub expires: Option<Timestamp>,
    pub last_used: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetupToken {
    pub token_hash: String,
    pub created: Timestamp,
    pub used: Option<Timestamp>,
}

impl Store {
    /// Names differ by more than case: `Admin` and `admin` are one account.
    pub async fn create_user(&self, user: &NewUser, act: &Act) -> Result<User> {
        let mut tx = self.db.begin().await?;
        let created = insert_user(&mut tx, user, act).await?;
        self.commit(tx, act).await?;
        Ok(created)
    }

    pub async fn user(&self, id: UserId) -> Result<User> {
        let row = sql!("SELECT * FROM users WHERE id = $1", id).optional(self.db.reader()).await?;
        user_row(&row.ok_or_else(|| Error::not_found("user", id))?)
    }

    pub async fn user_by_name(&self, name: &str) -> Result<Option<User>> {
        let row = sql!("SELECT * FROM users WHERE name_key = $1", name_key(name)).optional(self.db.reader()).await?;
        row.as_ref().map(user_row).transpose()
    }

    pub async fn users(&self) -> Result<Vec<User>> {
        let rows = Sql::new("SELECT * FROM users ORDER BY name_key").all(self.db.reader()).await?;
        rows.iter().map(user_row).collect()
    }

    /// True once anybody can log in: the setup wizard is over.
    pub async fn has_users(&self) -> Result<bool> {
        Ok(Sql::new("SELECT COUNT(*) AS n FROM users").one(self.db.reader()).await?.int("n")? > 0)
    }

    /// Changes a user. A new password, new roles or a lock end the user's sessions in the same transaction.
    pub async fn change_user(&self, id: UserId, change: &UserChange, act: &Act) -> Result<User> {
        let mut tx = self.db.begin().await?;
        let row = sql!("SELECT * FROM users WHERE id = $1", id).optional(&mut *tx).await?;
        let mut user = user_row(&row.ok_or_else(|| Error::not_found("user", id))?)?;
        let before = user.clone();
        user.roles = change.roles.clone().unwrap_or(user.roles);
        user.disabled = change.disabled.unwrap_or(user.disabled);
        user.password_hash = change.password_hash.clone().unwrap_or(user.password_hash);
        sql!(
            "UPDATE users SET roles = $1, disabled = $2, password_hash = $3 WHERE id = $4",
            json("roles", &user.roles)?,
            i64::from(user.disabled),
            user.password_hash.as_str(),
            id
        )
        .run(&mut *tx)
        .await?;
        if user != before {
            sql!("DELETE FROM sessions WHERE user_id = $1", id).run(&mut *tx).await?;
        }
        self.commit(tx, act).await?;
        Ok(user)
    }

    pub async fn create_api_token(&self, token: &NewApiToken, act: &Act) -> Result<ApiToken> {
        let mut tx = self.db.begin().await?;
        let row = sql!(
            "INSERT INTO api_tokens (token_hash, name, user_id, scopes, created, expires, last_used) \
             VALUES ($1, $2, $3, $4, $5, $6, 0) ON CONFLICT (token_hash) DO NOTHING RETURNING *",
            token.token_hash.as_str(),
            clean(&token.name),
            token.user,
            json("scopes", &token.scopes)?,
            act.micros(),
            micros(token.expires)
        )
        .optional(&mut *tx)
        .await?
        .ok_or_else(|| Error::Exists { kind: "token", id: token.name.clone() })?;
        self.commit(tx, act).await?;
        token_row(&row)
    }

    /// The token and its owner, unless it has run out or its owner is locked.
    pub async fn api_token(&self, token_hash: &str, now: Timestamp) -> Result<Option<(ApiToken, User)>> {
        let row = sql!(
            "SELECT * FROM api_tokens WHERE token_hash = $1 AND (expires = 0 OR expires > $2)",
            token_hash,
            now.as_microsecond()
        )
        .optional(self.db.reader())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let token = token_row(&row)?;
        let user = self.user(token.user).await?;
        Ok(if user.disabled { None } else { Some((token, user)) })
    }

    /// Notes the use of a token, at most once a minute, so that reading by token does not become writing.
    pub async fn use_api_token(&self, token: &ApiToken, now: Timestamp) -> Result<()> {
        const NOTE_EVERY_US: i64 = 60_000_000;
        if now.as_microsecond() - micros(token.last_used) < NOTE_EVERY_US {
            return Ok(());
        }
        let mut tx = self.db.begin().await?;
        sql!("UPDATE api_tokens SET last_used = $1 WHERE id = $2", now.as_microsecond(), token.id)
            .run(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// All tokens, or those of one user.
    pub async fn api_tokens(&self, user: Option<UserId>) -> Result<Vec<ApiToken>> {
        let mut sql = Sql::new("SELECT * FROM api_tokens");
        if let Some(user) = user {
            sql.push(" WHERE user_id = ").value(user);
        }
        sql.push(" ORDER BY id");
        sql.all(self.db.reader()).await?.iter().map(token_row).collect()
    }

    pub async fn revoke_api_token(&self, id: TokenId, act: &Act) -> Result<()> {
        let mut tx = self.db.begin().await?;
        if sql!("DELETE FROM api_tokens WHERE id = $1", id).run(&mut *tx).await? == 0 {
            return Err(Error::not_found("token", id));
        }
        self.commit(tx, act).await
    }

    /// Replaces the setup token; the one before is worth nothing from here on.
    pub async fn put_setup_token(&self, token_hash: &str, now: Timestamp) -> Result<()> {
        let mut tx = self.db.begin().await?;
        Sql::new("DELETE FROM setup_tokens WHERE used = 0").run(&mut *tx).await?;
        sql!(
            "INSERT INTO setup_tokens (token_hash, created, used) VALUES ($1, $2, 0)",
            token_hash,
            now.as_microsecond()
        )
        .run(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    /// The token that waits to be used.
    pub async fn setup_token(&self) -> Result<Option<SetupToken>> {
        let row = Sql::new("SELECT * FROM setup_tokens WHERE used = 0 ORDER BY created DESC LIMIT 1")
            .optional(self.db.reader())
            .await?;
        row.map(|row| {
            Ok(SetupToken {
                token_hash: row.text("token_hash")?,
                created: sure_time(row.int("created")?),
                used: time(row.int("used")?),
            })
        })
        .transpose()
    }

    /// Uses the setup token and makes the first administrator, both or neither.
    pub async fn claim_setup(&self, token_hash: &str, user: &NewUser, act: &Act) -> Result<User> {
        let mut tx = self.db.begin().await?;
        let used =
            sql!("UPDATE setup_tokens SET used = $1 WHERE token_hash = $2 AND used = 0", act.micros(), token_hash)
                .run(&mut *tx)
                .await?;
        if used == 0 {
            return Err(Error::SetupToken);
        }
        let created = insert_user(&mut tx, user, act).await?;
        self.commit(tx, act).await?;
        Ok(created)
    }

    /// Notes a failed login under a key: an account name or an address.
    pub async fn note_login_failure(&self, key: &str, now: Timestamp) -> Result<()> {
        let mut tx = self.db.begin().await?;
        sql!("INSERT INTO login_failures (key_text, at) VALUES ($1, $2)", clean(key), now.as_microsecond())
            .run(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    pub async fn login_failures(&self, key: &str, since: Timestamp) -> Result<u32> {
        let row = sql!(
            "SELECT COUNT(*) AS n FROM login_failures WHERE key_text = $1 AND at >= $2",
            clean(key),
            since.as_microsecond()
        )
        .one(self.db.reader())
        .await?;
        Ok(u32::try_from(row.int("n")?).unwrap_or(u32::MAX))
    }

    /// Forgets the failures of a key after a login that went well.
    pub async fn clear_login_failures(&self, key: &str) -> Result<()> {
        let mut tx = self.db.begin().await?;
        sql!("DELETE FROM login_failures WHERE key_text = $1", clean(key)).run(&mut *tx).await?;
        Ok(tx.commit().await?)
    }

    /// Drops sessions and tokens that have run out, and login failures older than a day.
    pub async fn sweep_accounts(&self, now: Timestamp) -> Result<()> {
        const DAY_US: i64 = 86_400_000_000;
        let at = now.as_microsecond();
        let mut tx = self.db.begin().await?;
        sql!("DELETE FROM sessions WHERE expires <= $1", at).run(&mut *tx).await?;
        sql!("DELETE FROM api_tokens WHERE expires > 0 AND expires <= $1", at).run(&mut *tx).await?;
        sql!("DELETE FROM login_failures WHERE at < $1", at - DAY_US).run(&mut *tx).await?;
        Ok(tx.commit().await?)
    }
}

async fn insert_user(tx: &mut Tx, user: &NewUser, act: &Act) -> Result<User> {
    let row = sql!(
        "INSERT INTO users (name, name_key, password_hash, roles, disabled, created) \
         VALUES ($1, $2, $3, $4, 0, $5) ON CONFLICT (name_key) DO NOTHING RETURNING *",
        clean(&user.name),
        name_key(&user.name),
        user.password_hash.as_str(),
        json("roles", &user.roles)?,
        act.micros()
    )
    .optional(&mut **tx)
    .await?;
    user_row(&row.ok_or_else(|| Error::Exists { kind: "user", id: user.name.clone() })?)
}

fn name_key(name: &str) -> String {
    clean(name.trim()).to_lowercase()
}

pub(crate) fn user_row(row: &AnyRow) -> Result<User> {
    let id = row.int("id")?;
    Ok(User {
        id,
        name: row.text("name")?,
        password_hash: row.text("password_hash")?,
        roles: from_json("roles", id, &row.text("roles")?)?,
        disabled: row.flag("disabled")?,
        created: sure_time(row.int("created")?),
    })
}

fn token_row(row: &AnyRow) -> Result<ApiToken> {
    let id = row.int("id")?;
    Ok(ApiToken {
        id,
        name: row.text("name")?,
        user: row.int("user_id")?,
        scopes: from_json("scopes", id, &row.text("scopes")?)?,
        created: sure_time(row.int("created")?),
        expires: time(row.int("expires")?),
        last_used: time(row.int("last_used")?),
    })
}
