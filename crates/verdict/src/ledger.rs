//! The rules: loaded from data, checked, and then a value that is replaced as a whole.

use crate::condition::{Condition, kinds};
use crate::content;
use crate::mistake::{BadLedger, Mistake};
use crate::verdict::Source;
use formats::Kind;
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// All rules, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Ledger {
    version: String,
    rules: Vec<Rule>,
    deep: BTreeSet<Kind>,
    passive: BTreeSet<Kind>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    pub id: String,
    pub version: u32,
    pub family: String,
    /// Below zero for what speaks for an honest origin.
    pub points: i32,
    pub techniques: Vec<String>,
    pub source: Source,
    pub all: Vec<Condition>,
    pub any: Vec<Condition>,
    pub none: Vec<Condition>,
}

/// The file that holds for all others.
const HEAD: &str = "ledger.toml";
const SHIPPED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/ledger.rs"));

impl Ledger {
    /// The rules that the product ships.
    pub fn builtin() -> &'static Ledger {
        static BUILTIN: OnceLock<Ledger> = OnceLock::new();
        BUILTIN.get_or_init(|| {
            Ledger::read(SHIPPED.iter().copied())
                .unwrap_or_else(|bad| panic!("the shipped rules are checked by a test: {bad}"))
        })
    }

    /// Reads the files of a ledger, given by name and text.
    ///
    /// # Errors
    /// With the file, the rule and the mistake, when something is wrong. A ledger is loaded whole or not at all.
    pub fn read<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Ledger, BadLedger> {
        let files: Vec<_> = files.into_iter().collect();
        let mut sum = Sum::default();
        files.iter().for_each(|(file, text)| sum.add(file, text));
        let head = head(&files).map_err(|what| BadLedger { file: HEAD.into(), rule: None, what })?;
        let (mut rules, mut ids) = (Vec::new(), BTreeSet::new());
        for (file, text) in files.into_iter().filter(|(file, _)| *file != HEAD) {
            let bad = |rule: Option<&str>, what| BadLedger { file: file.into(), rule: rule.map(Into::into), what };
            for rule in parse::<content::Rules>(text).map_err(|what| bad(None, what))?.rules {
                let id = rule.id.clone();
                let rule = check(rule, &head.lists).map_err(|what| bad(Some(&id), what))?;
                if !ids.insert(id.clone()) {
                    return Err(bad(Some(&id), Mistake::Twice));
                }
                rules.push(rule);
            }
        }
        rules.sort_by(|a, b| a.id.cmp(&b.id));
        let version = format!("{}+{:08x}", head.version, sum.low());
        Ok(Ledger { version, rules, deep: head.deep, passive: head.passive })
    }

    /// Which rules these are: the version they are given, and a sum of all their text.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The rules by their ids.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Whether reading such a file leaves nothing unread that could do harm.
    pub fn is_deep(&self, kind: Kind) -> bool {
        self.deep.contains(&kind)
    }

    /// Whether such a file does nothing by itself.
    pub fn is_passive(&self, kind: Kind) -> bool {
        self.passive.contains(&kind)
    }
}

impl Rule {
    /// Every condition, also those within others.
    pub fn each<'r>(&'r self, visit: &mut dyn FnMut(&'r Condition)) {
        self.all.iter().chain(&self.any).chain(&self.none).for_each(|condition| condition.each(visit));
    }
}

/// What holds for all rules, checked.
struct Head {
    version: String,
    deep: BTreeSet<Kind>,
    passive: BTreeSet<Kind>,
    lists: content::Lists,
}

fn head(files: &[(&str, &str)]) -> Result<Head, Mistake> {
    let (_, text) = files.iter().find(|(file, _)| *file == HEAD).ok_or(Mistake::NoHead)?;
    let raw: content::Head = parse(text)?;
    let kinds = |labels: &[String]| kinds(labels).map(|kinds| kinds.into_iter().collect());
    Ok(Head { version: raw.version, deep: kinds(&raw.deep)?, passive: kinds(&raw.passive)?, lists: raw.lists })
}

fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Mistake> {
    toml::from_str(text).map_err(|error| Mistake::Syntax(error.to_string().trim().to_owned()))
}

fn check(raw: content::Rule, lists: &content::Lists) -> Result<Rule, Mistake> {
    let plain =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    for word in [&raw.id, &raw.family] {
        if !plain(word) {
            return Err(Mistake::BadId(word.clone()));
        }
    }
    if raw.points == 0 || !(-100..=100).contains(&raw.points) {
        return Err(Mistake::BadPoints(raw.points));
    }
    if let Some(bad) = raw.techniques.iter().find(|id| !is_technique(id)) {
        return Err(Mistake::BadTechnique(bad.clone()));
    }
    // One that only says what may not be would be met by nearly everything.
    if raw.all.is_empty() && raw.any.is_empty() {
        return Err(Mistake::NoCondition);
    }
    let conditions = |raw: Vec<content::Condition>| {
        raw.into_iter().map(|condition| Condition::check(condition, lists)).collect::<Result<_, _>>()
    };
    Ok(Rule {
        id: raw.id,
        version: raw.version,
        family: raw.family,
        points: raw.points,
        techniques: raw.techniques,
        source: raw.source,
        all: conditions(raw.all)?,
        any: conditions(raw.any)?,
        none: conditions(raw.none)?,
    })
}

/// `T1059`, or `T1059.001`.
fn is_technique(id: &str) -> bool {
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some(number) = id.strip_prefix('T') else { return false };
    match number.split_once('.') {
        Some((number, sub)) => digits(number, 4) && digits(sub, 3),
        None => digits(number, 4),
    }
}

/// FNV-1a: tells texts apart that nobody made to be alike.
struct Sum(u64);

impl Default for Sum {
    fn default() -> Self {
        Sum(0xcbf2_9ce4_8422_2325)
    }
}

impl Sum {
    fn add(&mut self, file: &str, text: &str) {
        // A byte that no text has keeps names and texts apart.
        for byte in file.bytes().chain([0xff]).chain(text.bytes()).chain([0xff]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    fn low(&self) -> u32 {
        (self.0 ^ self.0 >> 32) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use words::Language;

    const HEAD_TEXT: &str =
        "version = \"7\"\ndeep = [\"zip\"]\npassive = [\"txt\"]\n[lists]\nrun = [\"exe\", \"scr\"]\n";
    const RULE: &str = "[[rule]]\nid = \"a\"\nversion = 1\nfamily = \"f\"\npoints = 5\n";

    fn read(rules: &str) -> Result<Ledger, BadLedger> {
        Ledger::read([("x.toml", rules), (HEAD, HEAD_TEXT)])
    }

    #[track_caller]
    fn check(rest: &str, expected: Expect) {
        let bad = read(&format!("{RULE}{rest}")).unwrap_err();
        assert_eq!(bad.file, "x.toml");
        let [en, zh] = Language::ALL.map(|language| words::text(&bad.message(), language));
        expected.assert_eq(&format!("{en}\n{zh}"));
    }

    #[test]
    fn a_list_is_spelled_out_and_the_version_follows_the_text() {
        let ledger = read(&format!("{RULE}all = [{{ extension = [\"@run\", \"com\"] }}]")).unwrap();
        let extensions = ["exe", "scr", "com"].map(str::to_owned).to_vec();
        assert_eq!(ledger.rules()[0].all[0].asks, crate::condition::Asks::Extension(extensions));
        let other = read(&format!("{RULE}all = [{{ extension = [\"@run\"] }}]")).unwrap();
        assert!(ledger.version().starts_with("7+") && ledger.version() != other.version());
    }

    #[test]
    fn mistakes_are_told_by_file_rule_and_what() {
        check(
            "all = [{ fact = \"pe.nothing\" }]",
            expect![[r#"
                the rule a in the file x.toml of the ledger is wrong: no reader tells the fact pe.nothing
                账本文件 x.toml 中的规则 a 有误：不存在名为 pe.nothing 的文件向量"#]],
        );
        check(
            "all = [{ fact = \"pe.entry\", has = [\"a\"] }]",
            expect![[r#"
                the rule a in the file x.toml of the ledger is wrong: the fact pe.entry is of type integer and cannot be compared so
                账本文件 x.toml 中的规则 a 有误：文件向量 pe.entry 的类型为 integer，不能这样比较"#]],
        );
        check(
            "all = [{ kind = [\"exe\"] }]",
            expect![[r#"
                the rule a in the file x.toml of the ledger is wrong: there is no kind or group exe
                账本文件 x.toml 中的规则 a 有误：不存在名为 exe 的文件类型或类别"#]],
        );
        check(
            "all = [{ oddity = \"pe.packer\", above = 3 }]",
            expect![[r#"
                the rule a in the file x.toml of the ledger is wrong: above does not belong to what the condition asks
                账本文件 x.toml 中的规则 a 有误：above 不适用于该条件所检查的内容"#]],
        );
    }

    #[test]
    fn what_a_rule_must_have_is_asked_for() {
        let mistake = |rest: &str| read(&format!("{RULE}{rest}")).unwrap_err().what;
        assert_eq!(mistake(""), Mistake::NoCondition);
        assert_eq!(mistake("none = [{ group = [\"mail\"] }]"), Mistake::NoCondition);
        assert_eq!(mistake("all = [{ above = 3 }]"), Mistake::NothingAsked);
        assert_eq!(mistake("all = [{ parent = [] }]"), Mistake::NothingAsked);
        assert_eq!(mistake("all = [{ extension = [\"@no\"] }]"), Mistake::UnknownList("no".into()));
        assert_eq!(
            mistake("techniques = [\"T12\"]\nall = [{ group = [\"mail\"] }]"),
            Mistake::BadTechnique("T12".into())
        );
        assert_eq!(mistake("all = [{ fact = \"pe.imports\", has = [\"a\"], at_least = 2 }]"), Mistake::TooFewWords);
        assert!(matches!(mistake("all = [{ nothing = 1 }]"), Mistake::Syntax(_)));
        let deep = "{ inside = [".repeat(5) + "{ group = [\"mail\"] }" + &"] }".repeat(5);
        assert_eq!(mistake(&format!("all = [{deep}]")), Mistake::TooDeep);
        let rule = format!("{RULE}all = [{{ group = [\"mail\"] }}]\n");
        assert_eq!(read(&rule.repeat(2)).unwrap_err().what, Mistake::Twice);
        assert_eq!(read(&rule.replace("points = 5", "points = 0")).unwrap_err().what, Mistake::BadPoints(0));
        assert_eq!(read(&rule.replace("\"a\"", "\"A\"")).unwrap_err().what, Mistake::BadId("A".into()));
        assert_eq!(Ledger::read([("x.toml", rule.as_str())]).unwrap_err().what, Mistake::NoHead);
    }
}
