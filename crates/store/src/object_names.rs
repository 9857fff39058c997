//! What people call the objects of the audit log, which keeps their ids.

use crate::db::{Columns, Sql};
use crate::hosts::IDS_MAX;
use crate::{Result, Store};
use std::collections::{BTreeMap, BTreeSet};

/// Kinds of objects that have a name beside their id, and how it is found. A plan is called by its host.
const NAMED: [(&str, &str); 4] = [
    ("host", "SELECT id AS name_of, label AS name FROM hosts WHERE id IN "),
    (
        "plan",
        "SELECT plans.id AS name_of, label AS name FROM plans JOIN hosts ON hosts.id = plans.host WHERE plans.id IN ",
    ),
    ("import", "SELECT CAST(id AS TEXT) AS name_of, name FROM imports WHERE CAST(id AS TEXT) IN "),
    (
        "indicator-list",
        "SELECT CAST(id AS TEXT) AS name_of, source AS name FROM indicator_lists WHERE CAST(id AS TEXT) IN ",
    ),
];

impl Store {
    /// The names of these objects, given as `host:…` or `plan:…`; those that are gone, or are called by their id, are
    /// left out.
    pub async fn object_names(&self, objects: &BTreeSet<&str>) -> Result<BTreeMap<String, String>> {
        let mut names = BTreeMap::new();
        for (kind, text) in NAMED {
            let pairs = objects.iter().filter_map(|object| object.split_once(':'));
            let ids: Vec<&str> = pairs.filter(|(found, _)| *found == kind).map(|(_, id)| id).collect();
            for ids in ids.chunks(IDS_MAX) {
                let mut sql = Sql::new(text);
                sql.list(ids.iter().copied());
                for row in sql.all(self.db.reader()).await? {
                    names.insert(format!("{kind}:{}", row.text("name_of")?), row.text("name")?);
                }
            }
        }
        Ok(names)
    }
}
