//! Whether something may run. The first of these that says anything decides:
//! denied by name > allowed by name > a package or publisher > a managed deployer > reputation > what the group says of the
//! unknown.

use model::{Digest, Message};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What is about to run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Subject {
    pub kind: Kind,
    /// As it is shown; what is no text in it is replaced.
    pub path: String,
    /// None when it could not be read: that is never a reason to let it run.
    pub sha256: Option<Digest>,
    pub origin: Origin,
    /// Who wrote the file, when that is known: the path of a program that is itself what it says.
    pub writer: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ExecutionKind))]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Program,
    Script,
    /// What a program loads and runs as a part of itself.
    Library,
    /// A program that has no name on any disk, or none any more.
    Nameless,
}

/// Who vouches for a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ExecutionOrigin))]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// It is as a package of this machine has it.
    Package {
        name: String,
    },
    /// A package has a file of this name, with another content.
    ChangedPackage {
        name: String,
    },
    /// Its signature holds.
    Publisher {
        name: String,
    },
    Nobody,
}

/// What is in force for executions.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    pub mode: Mode,
    pub denied: BTreeSet<Digest>,
    pub allowed: BTreeSet<Digest>,
    /// Packages of the machine are trusted as long as they are what was installed.
    pub trust_packages: bool,
    /// Publishers that are trusted, by name.
    pub publishers: BTreeSet<String>,
    /// Programs whose files may run: what deploys software here. Paths, as [`Subject::writer`] has them.
    pub deployers: BTreeSet<String>,
    /// Folders below which only deployers write.
    pub deployed: BTreeSet<String>,
    /// Reputation of files, 0 to 100.
    pub reputation: BTreeMap<Digest, u8>,
    /// A file runs by its reputation from here on; none when nothing does.
    pub reputation_from: Option<u8>,
    /// Whether what nobody knows may run.
    pub unknown_may: bool,
    /// Whether something runs of which nobody could decide in time.
    pub undecided_may: bool,
}

/// How far a group has come with what it allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = PolicyMode))]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// What runs is written down.
    #[default]
    Observe,
    /// What would have been kept from running is told.
    Simulate,
    Enforce,
}

/// Which rule decided. The first has the most power.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ExecutionRung))]
#[serde(rename_all = "snake_case")]
pub enum Rung {
    Denied,
    Allowed,
    Package,
    Publisher,
    Deployer,
    Reputation,
    Unknown,
    /// It took too long, or could not be read.
    Undecided,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ExecutionVerdict))]
pub struct Verdict {
    pub may: bool,
    pub rung: Rung,
    pub why: Message,
}

/// What comes of a verdict in a mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ExecutionOutcome))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Ran,
    /// It ran, and would not have in a group that enforces.
    WouldBlock,
    Blocked,
}

impl Verdict {
    pub fn outcome(&self, mode: Mode) -> Outcome {
        match (self.may, mode) {
            (true, _) | (false, Mode::Observe) => Outcome::Ran,
            (false, Mode::Simulate) => Outcome::WouldBlock,
            (false, Mode::Enforce) => Outcome::Blocked,
        }
    }

    /// What is said when no decision was made in time.
    pub fn undecided(rules: &Rules, path: &str) -> Verdict {
        let code = if rules.undecided_may { "execution.undecided-ran" } else { "execution.undecided-kept" };
        Verdict { may: rules.undecided_may, rung: Rung::Undecided, why: Message::new(code).with("path", path) }
    }
}

/// Whether something may run.
pub fn decide(rules: &Rules, subject: &Subject) -> Verdict {
    let verdict = |may, rung, why: Message| Verdict { may, rung, why: why.with("path", &subject.path) };
    let Some(sha256) = &subject.sha256 else { return Verdict::undecided(rules, &subject.path) };
    if rules.denied.contains(sha256) {
        return verdict(false, Rung::Denied, Message::new("execution.denied").with("sha256", sha256));
    }
    if rules.allowed.contains(sha256) {
        return verdict(true, Rung::Allowed, Message::new("execution.allowed").with("sha256", sha256));
    }
    match &subject.origin {
        Origin::Package { name } if rules.trust_packages => {
            return verdict(true, Rung::Package, Message::new("execution.package").with("package", name));
        }
        Origin::Publisher { name } if rules.publishers.contains(name) => {
            return verdict(true, Rung::Publisher, Message::new("execution.publisher").with("publisher", name));
        }
        _ => {}
    }
    if let Some(deployer) = deployer(rules, subject) {
        return verdict(true, Rung::Deployer, Message::new("execution.deployer").with("deployer", deployer));
    }
    if let (Some(from), Some(reputation)) = (rules.reputation_from, rules.reputation.get(sha256))
        && *reputation >= from
    {
        let why = Message::new("execution.reputation").number("reputation", *reputation).number("from", from);
        return verdict(true, Rung::Reputation, why);
    }
    let why = match (&subject.origin, rules.unknown_may) {
        (Origin::ChangedPackage { name }, true) => Message::new("execution.changed-ran").with("package", name),
        (Origin::ChangedPackage { name }, false) => Message::new("execution.changed-kept").with("package", name),
        (_, true) => Message::new("execution.unknown-ran"),
        (_, false) => Message::new("execution.unknown-kept"),
    };
    verdict(rules.unknown_may, Rung::Unknown, why)
}

/// The deployer that answers for a file: by who wrote it, else by where it lies.
fn deployer<'a>(rules: &'a Rules, subject: &'a Subject) -> Option<&'a str> {
    // What has no name lies nowhere.
    if subject.kind == Kind::Nameless {
        return None;
    }
    if let Some(writer) = subject.writer.as_ref().and_then(|writer| rules.deployers.get(writer)) {
        return Some(writer);
    }
    rules.deployed.iter().find(|folder| is_below(&subject.path, folder)).map(String::as_str)
}

/// Whether a path lies below a folder, by whole names: `/opt/ab` is not below `/opt/a`, and nothing is that climbs.
fn is_below(path: &str, folder: &str) -> bool {
    let without_stroke = folder.strip_suffix('/').unwrap_or(folder);
    let below = path.strip_prefix(without_stroke).is_some_and(|rest| rest.starts_with('/'));
    below && folder.starts_with('/') && !path.split('/').any(|name| name == "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Digest = Digest([1; 32]);

    fn subject() -> Subject {
        Subject {
            kind: Kind::Program,
            path: "/opt/tool/run".to_owned(),
            sha256: Some(ONE),
            origin: Origin::Nobody,
            writer: None,
        }
    }

    /// Everything speaks for it.
    fn praised() -> (Rules, Subject) {
        let rules = Rules {
            allowed: [ONE].into(),
            trust_packages: true,
            deployers: ["/usr/bin/deploy".to_owned()].into(),
            deployed: ["/opt".to_owned()].into(),
            reputation: [(ONE, 90)].into(),
            reputation_from: Some(80),
            unknown_may: true,
            undecided_may: true,
            ..Rules::default()
        };
        let package = Origin::Package { name: "tool".to_owned() };
        (rules, Subject { origin: package, writer: Some("/usr/bin/deploy".to_owned()), ..subject() })
    }

    #[test]
    fn the_first_rule_that_says_anything_decides() {
        let (mut rules, subject) = praised();
        rules.denied.insert(ONE);
        type Without = fn(&mut Rules);
        let ladder: [(Rung, Without); 6] = [
            (Rung::Denied, |rules| rules.denied.clear()),
            (Rung::Allowed, |rules| rules.allowed.clear()),
            (Rung::Package, |rules| rules.trust_packages = false),
            (Rung::Deployer, |rules| rules.deployers.clear()),
            (Rung::Deployer, |rules| rules.deployed.clear()),
            (Rung::Reputation, |rules| rules.reputation_from = None),
        ];
        for (rung, without) in ladder {
            let verdict = decide(&rules, &subject);
            assert_eq!((verdict.rung, verdict.may), (rung, rung != Rung::Denied));
            without(&mut rules);
        }
        assert_eq!((decide(&rules, &subject).rung, decide(&rules, &subject).may), (Rung::Unknown, true));
        rules.unknown_may = false;
        assert!(!decide(&rules, &subject).may);
    }

    #[test]
    fn what_cannot_be_read_is_no_friend() {
        let (mut rules, subject) = praised();
        rules.undecided_may = false;
        let verdict = decide(&rules, &Subject { sha256: None, ..subject });
        assert_eq!((verdict.rung, verdict.may), (Rung::Undecided, false));
    }

    #[test]
    fn a_file_of_a_package_that_was_changed_is_unknown_and_told_as_changed() {
        let rules = Rules { trust_packages: true, ..Rules::default() };
        let changed = Subject { origin: Origin::ChangedPackage { name: "tool".to_owned() }, ..subject() };
        let verdict = decide(&rules, &changed);
        assert_eq!(
            (verdict.rung, verdict.may, verdict.why.code.as_str()),
            (Rung::Unknown, false, "execution.changed-kept")
        );
    }

    #[test]
    fn a_folder_holds_what_is_below_it_by_whole_names() {
        for (path, folder, below) in [
            ("/opt/a/x", "/opt/a", true),
            ("/opt/a/x", "/opt/a/", true),
            ("/opt/ab", "/opt/a", false),
            ("/opt/a", "/opt/a", false),
            ("/opt/a/../b", "/opt/a", false),
            ("/opt/a", "", false),
            ("memfd:x", "", false),
            ("/x", "/", true),
        ] {
            assert_eq!(is_below(path, folder), below, "{path} {folder}");
        }
        let rules = Rules { deployed: ["/opt".to_owned()].into(), ..Rules::default() };
        assert!(!decide(&rules, &Subject { kind: Kind::Nameless, ..subject() }).may);
    }

    #[test]
    fn only_enforcing_keeps_anything_from_running() {
        let no = decide(&Rules::default(), &subject());
        let outcomes = [Mode::Observe, Mode::Simulate, Mode::Enforce].map(|mode| no.outcome(mode));
        assert_eq!(outcomes, [Outcome::Ran, Outcome::WouldBlock, Outcome::Blocked]);
        let (rules, praised) = praised();
        assert_eq!(decide(&rules, &praised).outcome(Mode::Enforce), Outcome::Ran);
    }
}
