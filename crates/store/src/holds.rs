//! Records of the lake that stay although they are old or too many: somebody works on them.

use crate::db::{Columns, Sql, sql};
use crate::pack::{clean, from_word, micros, sure_time, time};
use crate::{Act, Error, HuntId, HuntState, Result, Store};
use jiff::Timestamp;
use sqlx::any::AnyRow;

pub type HoldId = i64;

/// Holds at most: a list that a person can look through.
pub const HOLDS_MAX: i64 = 500;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewHold {
    /// What for.
    pub name: String,
    pub owner: String,
    pub of: HeldRecords,
}

/// What stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeldRecords {
    /// The records that a hunt has met.
    Hunt(HuntId),
    /// All records from one time on and before another.
    Time { since: Option<Timestamp>, until: Option<Timestamp> },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    pub id: HoldId,
    pub name: String,
    pub owner: String,
    pub created: Timestamp,
    pub of: HeldRecords,
}

/// When records of a kind were met that stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldMoment {
    /// The kind of record; all when absent.
    pub record: Option<String>,
    pub first: Timestamp,
    pub last: Timestamp,
}

impl Store {
    /// The newest first.
    pub async fn holds(&self) -> Result<Vec<Hold>> {
        let rows = Sql::new("SELECT * FROM holds ORDER BY id DESC").all(self.db.reader()).await?;
        rows.iter().map(hold).collect()
    }

    pub async fn hold(&self, id: HoldId) -> Result<Hold> {
        let row = sql!("SELECT * FROM holds WHERE id = $1", id).optional(self.db.reader()).await?;
        hold(&row.ok_or_else(|| Error::not_found("hold", id))?)
    }

    /// Has records stay from now on. None when there are too many holds; an error when the hunt is not there, or is held.
    pub async fn add_hold(&self, new: &NewHold, act: &Act) -> Result<Option<HoldId>> {
        let mut tx = self.db.begin().await?;
        if Sql::new("SELECT COUNT(*) AS n FROM holds").one(&mut *tx).await?.int("n")? >= HOLDS_MAX {
            return Ok(None);
        }
        let (hunt, since, until) = match new.of {
            HeldRecords::Hunt(hunt) => (hunt, None, None),
            HeldRecords::Time { since, until } => (0, since, until),
        };
        if matches!(new.of, HeldRecords::Hunt(_)) {
            // Locks the hunt, which is not removed meanwhile.
            if sql!("UPDATE hunts SET name = name WHERE id = $1", hunt).run(&mut *tx).await? == 0 {
                return Err(Error::not_found("hunt", hunt));
            }
            if is_held(&mut tx, hunt).await? {
                return Err(Error::Held { hunt });
            }
        }
        let row = sql!(
            "INSERT INTO holds (name, owner, created, hunt, since, until) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
            clean(&new.name),
            clean(&new.owner),
            act.micros(),
            hunt,
            micros(since),
            micros(until)
        )
        .one(&mut *tx)
        .await?;
        self.commit(tx, act).await?;
        row.int("id").map(Some)
    }

    /// Lets records go with the others of their age again.
    pub async fn remove_hold(&self, id: HoldId, act: &Act) -> Result<()> {
        let mut tx = self.db.begin().await?;
        if sql!("DELETE FROM holds WHERE id = $1", id).run(&mut *tx).await? == 0 {
            return Err(Error::not_found("hold", id));
        }
        self.commit(tx, act).await
    }

    /// Whether a hold keeps what a hunt has met.
    pub async fn hunt_is_held(&self, hunt: HuntId) -> Result<bool> {
        let held = sql!("SELECT COUNT(*) AS n FROM holds WHERE hunt = $1", hunt).one(self.db.reader()).await?;
        Ok(held.int("n")? > 0)
    }

    /// The times of which a hold keeps records. Of a hunt that is not over, or that met more than is told one by one, it is
    /// all of the time that it looks through: what is not told is older than what is.
    pub async fn held_moments(&self, hold: &Hold) -> Result<Vec<HeldMoment>> {
        let hunt = match hold.of {
            HeldRecords::Time { since, until } => return Ok(vec![all_of(since, until)]),
            HeldRecords::Hunt(hunt) => hunt,
        };
        let rows = sql!(
            "SELECT record, MIN(first_seen) AS low, MAX(last_seen) AS high FROM hunt_hits WHERE hunt = $1 GROUP BY record, hour",
            hunt
        )
        .all(self.db.reader())
        .await?;
        // Asked afterwards: what is left out by then may be missing above.
        let told = sql!("SELECT left_out, state, since, until FROM hunts WHERE id = $1", hunt);
        let told = told.optional(self.db.reader()).await?.ok_or_else(|| Error::not_found("hunt", hunt))?;
        if told.int("left_out")? > 0 || from_word::<HuntState>(&told.text("state")?) != Some(HuntState::Done) {
            return Ok(vec![all_of(time(told.int("since")?), time(told.int("until")?))]);
        }
        let moment = |row: &AnyRow| {
            Ok(HeldMoment {
                record: Some(row.text("record")?),
                first: sure_time(row.int("low")?),
                last: sure_time(row.int("high")?),
            })
        };
        rows.iter().map(moment).collect()
    }
}

/// Whether what a hunt has met is kept.
pub(crate) async fn is_held(tx: &mut crate::db::Tx, hunt: HuntId) -> Result<bool> {
    Ok(sql!("SELECT COUNT(*) AS n FROM holds WHERE hunt = $1", hunt).one(&mut **tx).await?.int("n")? > 0)
}

fn all_of(since: Option<Timestamp>, until: Option<Timestamp>) -> HeldMoment {
    // Before a time is up to the microsecond that comes before it.
    let last = until.map(|until| sure_time(until.as_microsecond().saturating_sub(1)));
    HeldMoment { record: None, first: since.unwrap_or(Timestamp::MIN), last: last.unwrap_or(Timestamp::MAX) }
}

fn hold(row: &AnyRow) -> Result<Hold> {
    let of = match row.int("hunt")? {
        0 => HeldRecords::Time { since: time(row.int("since")?), until: time(row.int("until")?) },
        hunt => HeldRecords::Hunt(hunt),
    };
    Ok(Hold {
        id: row.int("id")?,
        name: row.text("name")?,
        owner: row.text("owner")?,
        created: sure_time(row.int("created")?),
        of,
    })
}
