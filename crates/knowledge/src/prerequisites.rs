//! What must be installed before what: service packs, servicing stacks, the SHA-2 update, the 8.1 Update chain.
//!
//! A graph of steps. A step is met by its service pack or by any one of its updates; it may need other steps first, in
//! groups of which any one will do.

use crate::{Fact, KnowledgeError, Selector, System, content};
use jiff::civil::Date;
use model::{BaseStep, KbId};
use serde::Deserialize;
use std::collections::{BTreeSet, HashMap};

#[derive(Debug, Clone, Default)]
pub struct Prerequisites {
    steps: HashMap<String, Step>,
    needs: Vec<Need>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    pub id: String,
    /// The systems it can be missing on.
    pub on: Vec<Selector>,
    /// Met by any one of these.
    #[serde(default)]
    pub any_of: Vec<KbId>,
    /// Met by this service pack or a later one.
    pub service_pack: Option<u8>,
    /// A restart ends this step; what follows cannot be installed in the same session.
    #[serde(default)]
    pub reboot: bool,
    /// Every group must be met first, each by any one of its steps; the first named is the one to install.
    #[serde(default)]
    pub after: Vec<Vec<String>>,
    #[serde(flatten)]
    pub fact: Fact,
}

/// Updates that need a step on some systems.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Need {
    pub on: Vec<Selector>,
    /// The updates meant; empty for every update that `from` selects.
    #[serde(default)]
    pub kbs: Vec<KbId>,
    /// Every update published on or after this day.
    pub from: Option<Date>,
    pub groups: Vec<Vec<String>>,
    #[serde(flatten)]
    pub fact: Fact,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: u32,
    #[serde(default)]
    step: Vec<Step>,
    #[serde(default)]
    need: Vec<Need>,
}

/// What is to be installed, and when it was published, where that is known.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    pub kb: KbId,
    pub published: Option<Date>,
}

impl Prerequisites {
    pub(crate) fn add(&mut self, path: &str, text: &str) -> Result<(), KnowledgeError> {
        let file: File = content::parse(path, text)?;
        content::schema(path, file.schema)?;
        for step in file.step {
            if self.steps.contains_key(&step.id) {
                return Err(content::wrong(path, format!("step `{}` stands twice", step.id)));
            }
            self.steps.insert(step.id.clone(), step);
        }
        self.needs.extend(file.need);
        Ok(())
    }

    pub fn step(&self, id: &str) -> Option<&Step> {
        self.steps.get(id)
    }

    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.steps.values()
    }

    pub fn needs(&self) -> impl Iterator<Item = &Need> {
        self.needs.iter()
    }

    /// The steps still to be done before the target can be installed, in installing order.
    pub fn missing(&self, system: &System, installed: &BTreeSet<KbId>, target: Target) -> Vec<BaseStep> {
        let mut walk = Walk { book: self, system, installed, order: Vec::new(), seen: BTreeSet::new() };
        for need in self.needs.iter().filter(|need| need.applies(system, target)) {
            walk.groups(&need.groups);
        }
        walk.order.into_iter().map(Step::as_base).collect()
    }
}

impl Need {
    fn applies(&self, system: &System, target: Target) -> bool {
        let named = self.kbs.contains(&target.kb);
        let later = self.from.is_some_and(|from| target.published.is_some_and(|published| published >= from));
        (named || later) && self.on.iter().any(|selector| selector.matches(system))
    }
}

impl Step {
    fn as_base(&self) -> BaseStep {
        BaseStep { id: self.id.clone(), any_of: self.any_of.clone(), reboot: self.reboot }
    }

    fn is_met(&self, system: &System, installed: &BTreeSet<KbId>) -> bool {
        let concerned = self.on.iter().any(|selector| selector.matches(system));
        let by_pack = self.service_pack.zip(system.service_pack).is_some_and(|(needed, has)| has >= needed);
        !concerned || by_pack || (self.service_pack.is_none() && self.any_of.iter().any(|kb| installed.contains(kb)))
    }
}

/// A walk down the graph that lists unmet steps after what they need.
struct Walk<'a> {
    book: &'a Prerequisites,
    system: &'a System,
    installed: &'a BTreeSet<KbId>,
    order: Vec<&'a Step>,
    seen: BTreeSet<&'a str>,
}

impl<'a> Walk<'a> {
    fn groups(&mut self, groups: &'a [Vec<String>]) {
        for group in groups {
            let steps: Vec<&Step> = group.iter().filter_map(|id| self.book.steps.get(id)).collect();
            let met = steps.iter().any(|step| step.is_met(self.system, self.installed));
            if let (false, Some(first)) = (met, steps.first()) {
                self.step(first);
            }
        }
    }

    fn step(&mut self, step: &'a Step) {
        // Marked before going down, so that a circle in the data ends.
        if self.seen.insert(&step.id) {
            self.groups(&step.after);
            self.order.push(step);
        }
    }
}
