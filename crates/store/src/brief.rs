//! Hosts by name, for answers that name few of many.

use crate::assets;
use crate::db::{Columns, Sql};
use crate::hosts::IDS_MAX;
use crate::{ProfileId, Result, Store};
use model::HostId;
use sqlx::any::AnyRow;
use std::collections::BTreeSet;

/// A host by name, with what lays it among its like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostBrief {
    pub host: HostId,
    pub label: String,
    pub address: Option<String>,
    pub value: Option<u8>,
    pub profile: ProfileId,
}

impl Store {
    /// These hosts by name; ids that are not there are left out.
    pub async fn brief(&self, hosts: &[HostId]) -> Result<Vec<HostBrief>> {
        let mut found = Vec::with_capacity(hosts.len());
        for hosts in hosts.chunks(IDS_MAX) {
            let mut sql = Sql::new("SELECT id, label, address, value, profile FROM hosts WHERE id IN ");
            sql.list(hosts.iter().map(HostId::as_str));
            for row in sql.all(self.db.reader()).await? {
                found.push(brief(&row)?);
            }
        }
        Ok(found)
    }

    /// The hosts of these profiles that are worth most, by name.
    pub async fn most_valued(&self, profiles: &BTreeSet<ProfileId>, limit: u32) -> Result<Vec<HostBrief>> {
        let profiles: Vec<_> = profiles.iter().copied().collect();
        let mut found = Vec::new();
        for profiles in profiles.chunks(IDS_MAX) {
            let mut sql = Sql::new("SELECT id, label, address, value, profile FROM hosts WHERE profile IN ");
            sql.list(profiles.iter().copied()).push(" ORDER BY value DESC, label, id LIMIT ").value(i64::from(limit));
            for row in sql.all(self.db.reader()).await? {
                found.push(brief(&row)?);
            }
        }
        found.sort_by(|a, b| b.value.cmp(&a.value).then_with(|| (&a.label, &a.host).cmp(&(&b.label, &b.host))));
        found.truncate(limit as usize);
        Ok(found)
    }
}

fn brief(row: &AnyRow) -> Result<HostBrief> {
    Ok(HostBrief {
        host: HostId(row.text("id")?),
        label: row.text("label")?,
        address: assets::known(row.text("address")?),
        value: u8::try_from(row.int("value")?).ok().filter(|value| *value > 0),
        profile: row.int("profile")?,
    })
}
