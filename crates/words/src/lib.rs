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
    use std::path::Path;

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

    /// Every `Message::new("…")` literal of the product has words: a missing one would show as a bare code.
    #[test]
    fn every_code_in_the_source_has_words() {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let known = all(Language::En);
        let mut missing = BTreeSet::new();
        let mut folders = vec![crates];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).unwrap().flatten() {
                let path = entry.path();
                if path.is_dir() && !path.ends_with("tests") && !path.ends_with("examples") {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let source = std::fs::read_to_string(&path).unwrap();
                    let product = source.split("#[cfg(test)]").next().unwrap_or_default();
                    for part in product.split("Message::new(\"").skip(1) {
                        let code = part.split('"').next().unwrap_or_default();
                        if !known.contains_key(code) {
                            missing.insert(format!("{code} ({})", path.file_name().unwrap().to_string_lossy()));
                        }
                    }
                }
            }
        }
        missing.retain(|entry| !entry.contains("{{") && !entry.starts_with("exposure.fix-installed (message.rs)"));
        assert!(missing.is_empty(), "no words for {missing:#?}");
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
