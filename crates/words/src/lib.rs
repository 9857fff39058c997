//! The words for people: turns a message code with parameters into Chinese or English.
//!
//! `locales/<language>/<namespace>.json` are flat maps from key to text; the code `exposure.fix-installed` is key
//! `fix-installed` of namespace `exposure`. The console reads the same files, so a text exists once.

use model::{Message, Param};
use std::{collections::HashMap, fmt, str::FromStr, sync::LazyLock};

/// A language Redoubt speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Language {
    #[default]
    En,
    ZhCn,
}

impl Language {
    pub const ALL: [Language; 2] = [Language::En, Language::ZhCn];

    /// The BCP 47 tag, which is also the folder in `locales/`.
    pub fn tag(self) -> &'static str {
        match self {
            Language::En => "en",
            Language::ZhCn => "zh-CN",
        }
    }

    /// The language a POSIX locale (`zh_CN.UTF-8`) or an `Accept-Language` header asks for; English when neither is
    /// Chinese.
    pub fn from_locale(text: &str) -> Language {
        if text.trim_start().to_ascii_lowercase().starts_with("zh") { Language::ZhCn } else { Language::En }
    }

    fn comma(self) -> &'static str {
        match self {
            Language::En => ", ",
            Language::ZhCn => "、",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

impl FromStr for Language {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "en" => Ok(Language::En),
            "zh" | "zh-cn" => Ok(Language::ZhCn),
            _ => Err(format!("no language `{text}`: use en or zh-CN")),
        }
    }
}

/// The text of a message. A code without words shows as the code and its parameters, never as nothing.
pub fn text(message: &Message, language: Language) -> String {
    let Some(template) = template(&message.code, language) else {
        return raw(message, language);
    };
    fill(template, |name| message.params.get(name).map(|value| param(value, language)))
}

/// The text of a code that takes no parameters.
pub fn word(code: &str, language: Language) -> String {
    text(&Message::new(code), language)
}

/// The template of a code, if there is one: for callers that choose by whether words exist.
pub fn template(code: &str, language: Language) -> Option<&'static str> {
    TEXTS.get(&(language.tag(), code)).copied()
}

fn param(value: &Param, language: Language) -> String {
    match value {
        Param::Number(number) => number.to_string(),
        Param::Text(text) => text.clone(),
        Param::List(items) => items.join(language.comma()),
        Param::Reason(message) => self::text(message, language),
    }
}

fn raw(message: &Message, language: Language) -> String {
    let params: Vec<_> =
        message.params.iter().map(|(name, value)| format!("{name}={}", param(value, language))).collect();
    if params.is_empty() { message.code.clone() } else { format!("{} ({})", message.code, params.join(", ")) }
}

/// Replaces each `{{name}}`; one without a value stays visible.
fn fill(template: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((name, tail)) = after.split_once("}}") else {
            out.push_str("{{");
            rest = after;
            continue;
        };
        match value(name.trim()) {
            Some(text) => out.push_str(&text),
            None => {
                out.push_str("{{");
                out.push_str(name);
                out.push_str("}}");
            }
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

static FILES: &[(&str, &str, &str)] = include!(concat!(env!("OUT_DIR"), "/locales.rs"));

static TEXTS: LazyLock<HashMap<(&'static str, &'static str), &'static str>> = LazyLock::new(|| {
    let mut texts = HashMap::new();
    for (language, namespace, content) in FILES {
        // A file that does not parse is caught by the test below, before it can be shipped.
        let Ok(map) = serde_json::from_str::<HashMap<String, String>>(content) else { continue };
        for (key, text) in map {
            let code: &'static str = Box::leak(format!("{namespace}.{key}").into_boxed_str());
            texts.insert((*language, code), &*Box::leak(text.into_boxed_str()));
        }
    }
    texts
});

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::{Path, PathBuf};

    fn all(language: Language) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        for (tag, namespace, content) in FILES.iter().filter(|(tag, ..)| *tag == language.tag()) {
            let map: BTreeMap<String, String> =
                serde_json::from_str(content).unwrap_or_else(|error| panic!("locales/{tag}/{namespace}.json: {error}"));
            all.extend(map.into_iter().map(|(key, text)| (format!("{namespace}.{key}"), text)));
        }
        all
    }

    fn placeholders(text: &str) -> BTreeSet<&str> {
        text.split("{{").skip(1).filter_map(|part| part.split_once("}}")).map(|(name, _)| name.trim()).collect()
    }

    #[test]
    fn both_languages_have_the_same_codes_with_the_same_parameters() {
        let (en, zh) = (all(Language::En), all(Language::ZhCn));
        let missing: Vec<_> = en.keys().filter(|code| !zh.contains_key(*code)).collect();
        assert!(missing.is_empty(), "no Chinese for {missing:?}");
        let missing: Vec<_> = zh.keys().filter(|code| !en.contains_key(*code)).collect();
        assert!(missing.is_empty(), "no English for {missing:?}");
        for (code, text) in &en {
            assert_eq!(placeholders(text), placeholders(&zh[code]), "parameters of {code}");
            assert!(!text.trim().is_empty() && !zh[code].trim().is_empty(), "{code} is empty");
        }
    }

    /// Behind these stands a code, also one of a single word.
    const HELPERS: [&str; 3] = ["about(", "odd(", "number("];
    /// Names that look like codes and are none: a setting of the store.
    const NO_CODES: [&str; 1] = ["link.enrolments-told"];

    /// Every code in the sources of the product has words: a missing one would show as a bare code.
    #[test]
    fn every_code_in_the_source_has_words() {
        let known = all(Language::En);
        let mut sources = Vec::new();
        read_sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."), &mut sources);
        let (mut missing, mut count) = (BTreeSet::new(), 0);
        for (path, source) in &sources {
            let is_table = path.ends_with("oddities.rs");
            for code in codes(source, is_table) {
                count += 1;
                if !known.contains_key(code) && !NO_CODES.contains(&code) {
                    missing.insert(format!("{code} ({})", path.display()));
                }
            }
        }
        assert!(count > 1000 && missing.is_empty(), "no words for {missing:#?} of {count}");
    }

    /// The sources below a folder, without what is there for tests only.
    fn read_sources(folder: &Path, sources: &mut Vec<(PathBuf, String)>) {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() && !path.ends_with("tests") && !path.ends_with("examples") {
                read_sources(&path, sources);
            } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
                let source = product(&std::fs::read_to_string(&path).unwrap());
                sources.push((path, source));
            }
        }
    }

    /// A source without the items that are for tests. These end where a line of their indentation closes them, as
    /// `rustfmt` writes it.
    fn product(source: &str) -> String {
        let (mut kept, mut lines) = (String::new(), source.lines());
        while let Some(line) = lines.next() {
            let Some(indentation) = line.strip_suffix("#[cfg(test)]") else {
                kept.push_str(line);
                kept.push('\n');
                continue;
            };
            let mut item = lines.by_ref().skip_while(|line| line.trim_start().starts_with(['#', '/']));
            let first = item.next().unwrap_or_default();
            if !first.ends_with([';', '}']) {
                let closes = |line: &str| line.strip_prefix(indentation) == Some("}");
                lines.by_ref().find(|line| closes(line));
            }
        }
        kept
    }

    /// The codes in a source: what messages are made of, and literals that are spelled as a code of a file of words. One of
    /// a single word has to stand behind a helper or in a table of oddities, as names of files and facts look like that.
    fn codes(source: &str, is_table: bool) -> impl Iterator<Item = &str> {
        let mut before = "";
        source.split('"').filter(move |literal| {
            let behind = |mark: &str| before.trim_end().ends_with(mark);
            let (is_message, is_helped) = (behind("Message::new("), HELPERS.iter().any(|mark| behind(mark)));
            before = literal;
            let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            let is_spelled = literal.split_once('.').is_some_and(|(room, key)| {
                let is_told = is_table || is_helped || key.contains('-');
                is_told && key.bytes().all(is_plain) && FILES.iter().any(|(_, namespace, _)| *namespace == room)
            });
            is_spelled || is_message && !literal.contains('{')
        })
    }

    #[test]
    fn codes_are_found_behind_helpers_in_tables_and_behind_tests() {
        let source = r#"
            #[cfg(test)]
            use x::y;
            let a = Message::new(
                "one.two");
            #[cfg(test)]
            #[track_caller]
            fn helper() {
                Message::new("test.only");
            }
            for (code, names) in [("pe.cut-off", names)] { Message::new(format!("{code}")); let b = "pe.dll"; }
        "#;
        assert_eq!(codes(&product(source), false).collect::<Vec<_>>(), ["one.two", "pe.cut-off"]);
        assert_eq!(codes(r#"A "pe.packer" "It is packed.""#, true).collect::<Vec<_>>(), ["pe.packer"]);
    }

    #[test]
    fn a_message_is_filled_in_both_languages() {
        let message = Message::new("updates.cut-off").number("listed", 246).number("claimed", 273);
        assert_eq!(text(&message, Language::En), "the update list is cut off: 246 of 273 entries are readable");
        assert_eq!(text(&message, Language::ZhCn), "补丁列表被截断：共 273 条，仅能读出 246 条");
    }

    #[test]
    fn a_reason_speaks_the_language_of_its_sentence() {
        let denied = std::io::Error::from_raw_os_error(13);
        let message = Message::new("inventory.unreadable").reason("error", &denied);
        assert_eq!(text(&message, Language::En), "the file cannot be read: permission denied (os error 13)");
        assert_eq!(text(&message, Language::ZhCn), "无法读取文件：权限不足（系统错误 13）");
    }

    #[test]
    fn what_has_no_words_stays_visible() {
        let message = Message::new("no.such").list("kbs", ["KB1", "KB2"]);
        assert_eq!(text(&message, Language::En), "no.such (kbs=KB1, KB2)");
        assert_eq!(fill("a {{b}} {{c", |_| None), "a {{b}} {{c");
    }
}
