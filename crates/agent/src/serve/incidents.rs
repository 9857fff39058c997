//! What incidents are called. A guard that was killed between stopping a lineage and undoing what it did is followed by one
//! that does both again: that is the same incident.

use super::home;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const BYTES_MAX: u64 = 1 << 20;
const OPEN_MAX: usize = 1000;

/// Those that are not over, by the state folder of their guard and the number of the lineage.
#[derive(Debug)]
pub struct Incidents {
    path: PathBuf,
    open: BTreeMap<String, String>,
}

impl Incidents {
    /// Those that lie in a file. Where that is damaged they are called anew.
    pub fn load(path: PathBuf) -> Incidents {
        let open = home::read(&path, BYTES_MAX).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Incidents { path, open: open.unwrap_or_default() }
    }

    /// What an incident is called, which no other one is.
    pub fn of(&mut self, state: &Path, lineage: u64) -> String {
        let key = key(state, lineage);
        if let Some(known) = self.open.get(&key) {
            return known.clone();
        }
        if self.open.len() >= OPEN_MAX {
            self.open.pop_first();
        }
        // Numbers of lineages may begin again, and so may those of processes; not both in one second.
        let name = format!("{:x}-{:x}-{lineage}", super::herald::now(), std::process::id());
        self.open.insert(key, name.clone());
        self.keep();
        name
    }

    pub fn is_over(&mut self, state: &Path, lineage: u64) {
        if self.open.remove(&key(state, lineage)).is_some() {
            self.keep();
        }
    }

    fn keep(&self) {
        let kept = serde_json::to_vec(&self.open).map_err(std::io::Error::from);
        if let Err(error) = kept.and_then(|bytes| home::put(&self.path, &bytes)) {
            tracing::warn!(cause = %error, "what incidents are called is not kept");
        }
    }
}

fn key(state: &Path, lineage: u64) -> String {
    format!("{}#{lineage}", state.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_incident_is_the_same_until_it_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("incidents.json");
        let (one, other) = (Path::new("/a"), Path::new("/b"));
        let mut incidents = Incidents::load(path.clone());
        let name = incidents.of(one, 7);
        assert_ne!(incidents.of(one, 8), name);
        let mut again = Incidents::load(path.clone());
        assert_eq!(again.of(one, 7), name);
        again.is_over(one, 7);
        assert!(Incidents::load(path).open.keys().eq([&key(one, 8)]));
        assert!(again.of(other, 1).ends_with("-1"));
    }
}
