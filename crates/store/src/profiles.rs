//! Profiles: hosts that are alike for the fleet share one, and are counted by it.
//!
//! What a profile says is its maker's; here it is bytes with a digest. It stands in the row of its host, so a host that
//! is forgotten or absorbed leaves no count behind. A row may name a profile that is not there or is of another form
//! (an older program made it); [`Store::without_profile`] finds such hosts, and none of them is counted as another kind.

use crate::bulk;
use crate::db::{Columns, Sql, Tx, sql};
use crate::hosts::IDS_MAX;
use crate::pack::{pack_bytes, sha256_hex, sure_time, unpack};
use crate::{Error, Result, Store};
use jiff::Timestamp;
use model::HostId;
use serde::{Serialize, de::DeserializeOwned};
use std::collections::{BTreeMap, BTreeSet};

pub type ProfileId = i64;

/// What makes hosts alike, ready to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    form: u32,
    digest: String,
    body: Vec<u8>,
}

/// The hosts of one profile that have one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Alike {
    /// `None` for hosts that are not judged yet.
    pub profile: Option<ProfileId>,
    pub value: Option<u8>,
    pub hosts: u64,
}

/// A judged host whose profile has to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unprofiled {
    pub host: HostId,
    pub assessed: Timestamp,
}

/// The number in the row of a host that is not judged.
pub(crate) const NOT_JUDGED: ProfileId = 0;
/// The number in the row of a host that was judged by a program without profiles.
const NEVER_MADE: ProfileId = -1;

impl Profile {
    /// `form` is raised by the maker whenever the same host would give another profile than before.
    pub fn new<T: Serialize>(form: u32, value: &T) -> Result<Profile> {
        let body =
            serde_json::to_vec(value).map_err(|source| Error::Encode { what: "profile", source: source.into() })?;
        let digest = sha256_hex(&[form.to_be_bytes().as_slice(), &body].concat());
        Ok(Profile { form, digest, body })
    }
}

impl Store {
    /// All hosts, counted by profile and value.
    pub async fn alike(&self) -> Result<Vec<Alike>> {
        let sql =
            Sql::new("SELECT profile, value, COUNT(*) AS n FROM hosts GROUP BY profile, value ORDER BY profile, value");
        let rows = sql.all(self.db.reader()).await?;
        let alike = |row: &sqlx::any::AnyRow| {
            Ok(Alike {
                profile: Some(row.int("profile")?).filter(|profile| *profile != NOT_JUDGED),
                value: u8::try_from(row.int("value")?).ok().filter(|value| *value > 0),
                hosts: row.int("n")?.unsigned_abs(),
            })
        };
        rows.iter().map(alike).collect()
    }

    /// The digests of all profiles of this form.
    pub async fn profile_digests(&self, form: u32) -> Result<BTreeMap<ProfileId, String>> {
        let rows =
            sql!("SELECT id, digest FROM profiles WHERE form = $1", i64::from(form)).all(self.db.reader()).await?;
        rows.iter().map(|row| Ok((row.int("id")?, row.text("digest")?))).collect()
    }

    /// The profiles among these that are there in this form.
    pub async fn profiles<T: DeserializeOwned>(&self, ids: &[ProfileId], form: u32) -> Result<BTreeMap<ProfileId, T>> {
        let mut found = BTreeMap::new();
        for ids in ids.chunks(IDS_MAX) {
            let mut sql = sql!("SELECT id, body FROM profiles WHERE form = $1 AND id IN ", i64::from(form));
            sql.list(ids.iter().copied());
            for row in sql.all(self.db.reader()).await? {
                let id = row.int("id")?;
                found.insert(id, unpack("profile", id, &row.bytes("body")?)?);
            }
        }
        Ok(found)
    }

    /// Judged hosts without a profile of this form, the first by id.
    pub async fn without_profile(&self, form: u32, limit: u32) -> Result<Vec<Unprofiled>> {
        let rows = sql!(
            "SELECT id, assessed_at FROM hosts WHERE assessed_at > 0 \
             AND profile NOT IN (SELECT id FROM profiles WHERE form = $1) ORDER BY id LIMIT $2",
            i64::from(form),
            i64::from(limit)
        )
        .all(self.db.reader())
        .await?;
        rows.iter()
            .map(|row| Ok(Unprofiled { host: HostId(row.text("id")?), assessed: sure_time(row.int("assessed_at")?) }))
            .collect()
    }

    /// Gives hosts the profiles made of their stored judgements. A host that was judged again meanwhile keeps the
    /// profile of its newer judgement.
    pub async fn put_profiles(&self, made: &[(Unprofiled, Profile)]) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let ids = places(&mut tx, made.iter().map(|(_, profile)| profile)).await?;
        for (Unprofiled { host, assessed }, profile) in made {
            sql!(
                "UPDATE hosts SET profile = $1 WHERE id = $2 AND assessed_at = $3",
                place(&ids, profile),
                host.as_str(),
                assessed.as_microsecond()
            )
            .run(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Forgets the profiles that no host has any more.
    pub async fn sweep_profiles(&self) -> Result<u64> {
        let mut tx = self.db.begin().await?;
        let gone = Sql::new("DELETE FROM profiles WHERE id NOT IN (SELECT profile FROM hosts)").run(&mut *tx).await?;
        tx.commit().await?;
        Ok(gone)
    }
}

/// The numbers of these profiles by digest; those that are new are stored.
pub(crate) async fn places(
    tx: &mut Tx,
    profiles: impl Iterator<Item = &Profile>,
) -> Result<BTreeMap<String, ProfileId>> {
    let wanted: BTreeMap<&str, &Profile> = profiles.map(|profile| (profile.digest.as_str(), profile)).collect();
    let mut known = stored(tx, &wanted.keys().copied().collect()).await?;
    let missing: BTreeSet<&str> = wanted.keys().copied().filter(|digest| !known.contains_key(*digest)).collect();
    if !missing.is_empty() {
        let row = |digest: &&str| {
            let profile = wanted[*digest];
            Ok(vec![i64::from(profile.form).into(), (*digest).into(), pack_bytes("profile", &profile.body)?.into()])
        };
        let rows = missing.iter().map(row).collect::<Result<_>>()?;
        // Another writer may store the same one first; then its number is taken.
        let conflict = "ON CONFLICT (digest) DO NOTHING";
        bulk::insert(tx, "profiles", &["form", "digest", "body"], rows, conflict).await?;
        known.extend(stored(tx, &missing).await?);
    }
    Ok(known)
}

pub(crate) fn place(places: &BTreeMap<String, ProfileId>, profile: &Profile) -> ProfileId {
    places.get(&profile.digest).copied().unwrap_or(NEVER_MADE)
}

async fn stored(tx: &mut Tx, digests: &BTreeSet<&str>) -> Result<BTreeMap<String, ProfileId>> {
    let digests: Vec<_> = digests.iter().copied().collect();
    let mut found = BTreeMap::new();
    for digests in digests.chunks(IDS_MAX) {
        let mut sql = Sql::new("SELECT id, digest FROM profiles WHERE digest IN ");
        sql.list(digests.iter().copied());
        for row in sql.all(&mut **tx).await? {
            found.insert(row.text("digest")?, row.int("id")?);
        }
    }
    Ok(found)
}
