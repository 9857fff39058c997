//! What every judgement of one host shares: its possible systems and what its updates cover, worked out once.

use jiff::civil::Date;
use knowledge::catalogue::KbSet;
use knowledge::{Knowledge, Resolution, System};
use model::{Family, Host, HostFacts, KbId, OsBasis};

pub struct Context<'a> {
    pub host: &'a Host,
    pub facts: &'a HostFacts,
    pub knowledge: &'a Knowledge,
    pub resolution: Resolution<'a>,
    /// Installed updates and everything they supersede, however indirectly.
    pub covered: KbSet,
}

impl<'a> Context<'a> {
    pub fn new(host: &'a Host, knowledge: &'a Knowledge) -> Context<'a> {
        let facts = &host.facts;
        Context {
            host,
            facts,
            knowledge,
            resolution: knowledge.systems.resolve(&facts.os),
            covered: knowledge.catalogue.covered(&facts.updates.installed),
        }
    }

    /// The host's system, when its facts leave one and more than a guess stands behind it.
    pub fn system(&self) -> Option<&'a System> {
        self.resolution.exact().filter(|_| self.proves())
    }

    /// Whether what is known of the system can prove that a host is safe. A guess never can.
    pub fn proves(&self) -> bool {
        !self.resolution.guessed && self.facts.os.basis != OsBasis::Guessed
    }

    pub fn is_covered(&self, kb: KbId) -> bool {
        self.knowledge.catalogue.contains(&self.covered, kb)
    }

    /// Whether every system the host can be is a client, which never is a domain controller.
    pub fn is_client(&self) -> bool {
        let stated = self.facts.os.family == Some(Family::Client);
        let all = || {
            let possible = &self.resolution.possible;
            !possible.is_empty() && possible.iter().all(|system| system.family == Some(Family::Client))
        };
        self.proves() && (stated || all())
    }

    /// The end of support, where all possible systems agree on it.
    pub fn support_ended(&self) -> Option<Date> {
        let edition = self.facts.os.edition.as_deref();
        let end = |system: &System| self.knowledge.systems.support(system, edition).map(|support| support.security);
        let (first, rest) = self.resolution.possible.split_first().filter(|_| self.proves())?;
        let date = end(first)?;
        rest.iter().all(|system| end(system) == Some(date)).then_some(date)
    }
}
