//! The numbers of the overview in one call, and what they were on earlier days.

use crate::assets::AssetFilter;
use crate::db::{Columns, Sql, sql};
use crate::pack::{from_json, json, time};
use crate::{Act, BoardColumn, Result, Store, WeaponCount};
use jiff::{SignedDuration, Timestamp, civil::Date, tz::Offset};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Overview {
    pub hosts: i64,
    pub assessed: i64,
    /// At least one weapon is open.
    pub open_hosts: i64,
    /// None is open, but at least one is unknown.
    pub unknown_hosts: i64,
    /// Assessed, and every weapon is fixed or does not affect it.
    pub clear_hosts: i64,
    /// Open known-exploited vulnerabilities on it.
    pub kev_hosts: i64,
    pub unsupported_hosts: i64,
    pub board: Vec<BoardColumn>,
    pub weapons: Vec<WeaponCount>,
    pub blind: BlindSpots,
    /// The oldest and the newest "last seen": how old the data under these numbers is.
    pub oldest_seen: Option<Timestamp>,
    pub newest_seen: Option<Timestamp>,
}

/// Hosts of which we do not see enough; one host may be in several.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlindSpots {
    pub no_system: i64,
    pub no_updates: i64,
    pub old: i64,
    pub not_assessed: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrendPoint {
    pub day: Date,
    pub hosts: i64,
    pub open_hosts: i64,
    pub unknown_hosts: i64,
    pub clear_hosts: i64,
}

impl Store {
    /// `old_after` is how long after its last sighting a host counts as not seen.
    pub async fn overview(&self, now: Timestamp, old_after: SignedDuration) -> Result<Overview> {
        let everything = AssetFilter::default();
        let today = Offset::UTC.to_datetime(now).date();
        let before = now.checked_sub(old_after).unwrap_or(Timestamp::MIN).as_microsecond();
        let (row, board, counts) = tokio::try_join!(
            totals(before).one(self.db.reader()),
            self.board(&everything, today),
            self.exposure_counts(&everything),
        )?;
        Ok(Overview {
            hosts: row.int("hosts")?,
            assessed: row.int("assessed")?,
            open_hosts: row.int("open_hosts")?,
            unknown_hosts: row.int("unknown_hosts")?,
            clear_hosts: row.int("clear_hosts")?,
            kev_hosts: row.int("kev_hosts")?,
            unsupported_hosts: row.int("unsupported_hosts")?,
            board,
            weapons: counts.weapons,
            blind: BlindSpots {
                no_system: row.int("no_system")?,
                no_updates: row.int("no_updates")?,
                old: row.int("old")?,
                not_assessed: row.int("not_assessed")?,
            },
            oldest_seen: time(row.int("oldest")?),
            newest_seen: time(row.int("newest")?),
        })
    }

    /// Keeps today's numbers for the trend; the last call of a day stands.
    pub async fn record_trend(&self, day: Date, act: &Act) -> Result<TrendPoint> {
        let row = totals(0).one(self.db.reader()).await?;
        let point = TrendPoint {
            day,
            hosts: row.int("hosts")?,
            open_hosts: row.int("open_hosts")?,
            unknown_hosts: row.int("unknown_hosts")?,
            clear_hosts: row.int("clear_hosts")?,
        };
        let mut tx = self.db.begin().await?;
        sql!(
            "INSERT INTO trend (day, body) VALUES ($1, $2) ON CONFLICT (day) DO UPDATE SET body = excluded.body",
            day.to_string(),
            json("trend", &point)?
        )
        .run(&mut *tx)
        .await?;
        self.commit(tx, act).await?;
        Ok(point)
    }

    /// Oldest first.
    pub async fn trend(&self, since: Date) -> Result<Vec<TrendPoint>> {
        let rows = sql!("SELECT day, body FROM trend WHERE day >= $1 ORDER BY day", since.to_string())
            .all(self.db.reader())
            .await?;
        rows.iter().map(|row| from_json("trend", row.text("day")?, &row.text("body")?)).collect()
    }
}

fn totals(old_before: i64) -> Sql {
    sql!(
        "SELECT COUNT(*) AS hosts, COUNT(CASE WHEN assessed_at > 0 THEN 1 END) AS assessed, \
         COUNT(CASE WHEN open_count > 0 THEN 1 END) AS open_hosts, \
         COUNT(CASE WHEN open_count = 0 AND unknown_count > 0 THEN 1 END) AS unknown_hosts, \
         COUNT(CASE WHEN assessed_at > 0 AND open_count = 0 AND unknown_count = 0 THEN 1 END) AS clear_hosts, \
         COUNT(CASE WHEN open_kev > 0 THEN 1 END) AS kev_hosts, \
         COUNT(CASE WHEN supported = 0 THEN 1 END) AS unsupported_hosts, \
         COUNT(CASE WHEN product = '' THEN 1 END) AS no_system, \
         COUNT(CASE WHEN updates <> 'complete' THEN 1 END) AS no_updates, \
         COUNT(CASE WHEN last_seen < $1 THEN 1 END) AS old, \
         COUNT(CASE WHEN assessed_at = 0 THEN 1 END) AS not_assessed, \
         COALESCE(MIN(last_seen), 0) AS oldest, COALESCE(MAX(last_seen), 0) AS newest FROM hosts",
        old_before
    )
}
