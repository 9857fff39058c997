//! Groups and roles as small numbers.

use serde::{Deserialize, Serialize};
use std::collections::HashMap;

pub(crate) type GroupNumber = u16;
pub(crate) type RoleNumber = u16;

/// Groups beyond these many are one. A network has some hundred.
pub(crate) const NAMES_MAX: u16 = 4_096;

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Names {
    numbers: HashMap<String, u16>,
}

impl Names {
    /// The number of a name, which gets one if there is room; and whether there was. All without room have the number `max`.
    pub fn number(&mut self, name: &str, max: u16) -> (u16, bool) {
        if let Some(number) = self.numbers.get(name) {
            return (*number, true);
        }
        let next = u16::try_from(self.numbers.len()).unwrap_or(max);
        if next >= max {
            return (max, false);
        }
        self.numbers.insert(name.to_owned(), next);
        (next, true)
    }

    pub fn find(&self, name: &str) -> Option<u16> {
        self.numbers.get(name).copied()
    }

    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// All names with their numbers, in the order of the alphabet.
    pub fn sorted(&self) -> Vec<(&str, u16)> {
        let mut all: Vec<_> = self.numbers.iter().map(|(name, number)| (name.as_str(), *number)).collect();
        all.sort_unstable();
        all
    }
}
