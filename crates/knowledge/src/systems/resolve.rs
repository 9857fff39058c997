//! From a host's facts to its system: every system the facts allow, so that a missing fact never decides.

use super::{System, Systems};
use model::{Family, OsBasis, OsFacts};

/// The systems a host can be, as far as its facts tell.
#[derive(Debug, Clone)]
pub struct Resolution<'k> {
    pub possible: Vec<&'k System>,
    /// Only a guess from the network; proves nothing.
    pub guessed: bool,
    /// A source states another operating system than Windows.
    pub foreign: bool,
}

impl<'k> Resolution<'k> {
    /// The one system the facts allow, stated or guessed.
    pub fn exact(&self) -> Option<&'k System> {
        match self.possible.as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }

    /// The product line, where all possible systems share it.
    pub fn line(&self) -> Option<&'k str> {
        let first = self.possible.first()?;
        self.possible.iter().all(|system| system.line == first.line).then_some(first.line.as_str())
    }
}

impl Systems {
    /// Every system the facts allow. Nothing known allows every system; facts that contradict each other are given up
    /// one by one, the least reliable first, because a host is some system.
    pub fn resolve(&self, os: &OsFacts) -> Resolution<'_> {
        let asked = Asked::new(os);
        let mut guessed = os.basis == OsBasis::Guessed;
        let foreign = asked.foreign();
        let mut possible = Vec::new();
        if !foreign {
            for given_up in GIVE_UP {
                possible = self.all.iter().filter(|system| asked.allows(system, given_up)).collect();
                if !possible.is_empty() {
                    guessed |= given_up.contains(&Fact::Product);
                    break;
                }
            }
        }
        Resolution { possible, guessed, foreign }
    }
}

/// What to give up when no system fits all facts. A build number is harder to get wrong than a product name, unless
/// no system known has it.
const GIVE_UP: [&[Fact]; 5] = [
    &[],
    &[Fact::Family],
    &[Fact::Family, Fact::ServicePack],
    &[Fact::Family, Fact::ServicePack, Fact::Product],
    &[Fact::Family, Fact::ServicePack, Fact::Build],
];

#[derive(Clone, Copy, PartialEq)]
enum Fact {
    Family,
    ServicePack,
    Product,
    Build,
}

/// The facts that tell systems apart, normalised once.
struct Asked<'a> {
    os: &'a OsFacts,
    product: Option<String>,
    build: Option<u32>,
    version: Option<&'a str>,
}

impl<'a> Asked<'a> {
    fn new(os: &'a OsFacts) -> Asked<'a> {
        let version = os.version.as_deref().map(str::trim).filter(|version| !version.is_empty());
        let build = os.build.or_else(|| version.and_then(|version| version.split('.').nth(2)?.parse().ok()));
        Asked { os, product: os.product.as_deref().map(tidy).filter(|name| !name.is_empty()), build, version }
    }

    /// Stated, named, and not Windows.
    fn foreign(&self) -> bool {
        self.os.basis == OsBasis::Stated && self.product.as_ref().is_some_and(|name| !name.contains("windows"))
    }

    fn allows(&self, system: &System, given_up: &[Fact]) -> bool {
        let skip = |fact| given_up.contains(&fact);
        (skip(Fact::Build) || self.numbers(system))
            && self.os.arch.is_none_or(|arch| arch == system.arch)
            && (skip(Fact::Family) || self.family(system))
            && (skip(Fact::ServicePack) || self.service_pack(system))
            && self.product(system, skip(Fact::Product))
    }

    fn family(&self, system: &System) -> bool {
        self.os.family.zip(system.family).is_none_or(|(asked, has)| asked == has)
    }

    fn service_pack(&self, system: &System) -> bool {
        // From Windows 8 on there are none; whatever a source prints there says nothing.
        let counts = system.builds.iter().all(|build| *build < 9200);
        !counts || self.os.service_pack.zip(system.service_pack).is_none_or(|(asked, has)| asked == has)
    }

    fn numbers(&self, system: &System) -> bool {
        match (self.build, self.version) {
            (Some(build), _) => system.builds.contains(&build),
            (None, Some(version)) => system.version == version || starts_with(&system.version, version),
            (None, None) => true,
        }
    }

    /// An embedded system is only meant by its name: its numbers are those of the system it is made from.
    fn product(&self, system: &System, given_up: bool) -> bool {
        let Some(asked) = self.product.as_deref().filter(|_| !given_up) else { return !system.embedded };
        let named = |name: &str| tidy(name) == asked;
        if named(&system.product) || system.also.iter().any(|name| named(name)) {
            return true;
        }
        // A name without a release leaves it to the numbers.
        let any_server = asked == "windows server" && system.family == Some(Family::Server);
        !system.embedded && (any_server || asked == "windows")
    }
}

/// `6.1` is the start of `6.1.7601`, `10.0.1` is not the start of `10.0.14393`.
fn starts_with(whole: &str, part: &str) -> bool {
    whole.strip_prefix(part).is_some_and(|rest| rest.starts_with('.'))
}

fn tidy(name: &str) -> String {
    let plain: String = name.to_lowercase().replace(['®', '™'], " ").replace("(r)", " ").replace("(tm)", " ");
    let words: Vec<&str> = plain.split_whitespace().filter(|word| *word != "microsoft").collect();
    words.join(" ")
}
