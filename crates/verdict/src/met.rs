//! Whether a part meets a rule, and what in it does.

use crate::condition::{Asks, Bounds, Condition, How, Kept, Reached, Test, Trick, Yara};
use crate::found::{Found, RuleMatch};
use crate::ledger::Rule;
use crate::place::{Place, Places};
use crate::shown::{shown, shown_param};
use formats::strings::Indicator;
use formats::{By, Declared, Group, Kind, Outcome, State, Storage, Value, extension_mismatch};
use model::Message;
use std::collections::{BTreeMap, BTreeSet};

/// Values that one parameter of a reason shows.
const VALUES_MAX: usize = 6;
/// Blanks in a row that no name needs.
const PADDING_MIN: usize = 5;

/// What met a rule.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Met {
    /// By the parameter that shows them.
    values: BTreeMap<String, Vec<String>>,
    /// ATT&CK techniques that what met it speaks of by itself.
    pub techniques: BTreeSet<String>,
}

/// What met a condition: texts to show. A condition can be met and have nothing to show.
type Shown = Option<Vec<String>>;

/// Asks whether a part meets a rule.
pub fn met(rule: &Rule, place: &Place, places: &Places) -> Option<Met> {
    let mut met = Met::default();
    for condition in &rule.all {
        met.keep(condition, place, places)?;
    }
    let mut one = rule.any.is_empty();
    for condition in &rule.any {
        one |= met.keep(condition, place, places).is_some();
    }
    let denied = rule.none.iter().any(|condition| asked(&condition.asks, place, places).is_some());
    (one && !denied).then_some(met)
}

impl Met {
    fn keep(&mut self, condition: &Condition, place: &Place, places: &Places) -> Option<()> {
        let values = asked(&condition.asks, place, places)?;
        let kept = self.values.entry(condition.shown_as.clone()).or_default();
        for value in values {
            if kept.len() < VALUES_MAX && !kept.contains(&value) {
                kept.push(value);
            }
        }
        if let (Asks::Yara { yara, .. }, Some(found)) = (&condition.asks, places.found(place)) {
            self.techniques.extend(matching(yara, found).flat_map(|found| found.techniques.iter().cloned()));
        }
        Some(())
    }

    /// The reason in words: a code of the rule, and as parameters the part, its kind, what it stands in, and what was met.
    pub fn message(self, rule: &Rule, place: &Place, places: &Places) -> Message {
        let mut message = Message::new(format!("ledger.{}", rule.id)).with("name", name(place));
        if let Some(file) = &place.part.file {
            message = message.with("kind", file.identified.kind.label());
        }
        if let Some(parent) = places.parent(place) {
            message = message.with("container", name(parent));
        }
        for (parameter, values) in self.values.into_iter().filter(|(_, values)| !values.is_empty()) {
            message = message.list(&parameter, values);
        }
        message
    }
}

/// The name that a part is shown by.
pub fn name(place: &Place) -> String {
    if place.part.name.is_empty() { format!("#{}", place.part.number) } else { shown(&place.part.name) }
}

fn asked(asks: &Asks, place: &Place, places: &Places) -> Shown {
    let kind = kind(place, places);
    match asks {
        Asks::Fact { fact, test } => self::fact(fact, test, place, places),
        Asks::Oddity { code, prefix, has } => oddity(code, *prefix, has, places.told(place)),
        Asks::Kind(kinds) => holds(kind.is_some_and(|kind| kinds.iter().any(|other| kind.is(*other)))),
        Asks::Group(groups) => holds(kind.is_some_and(|kind| groups.contains(&kind.group()))),
        Asks::Also(kinds) => also(kinds, place),
        Asks::Name(trick) => tricked(*trick, &place.part.name).then(|| vec![shown(&place.part.name)]),
        Asks::Extension(extensions) => extension(&place.part.name, extensions).then(|| vec![shown(&place.part.name)]),
        Asks::BeforeExtension(extensions) => {
            let (stem, _) = plain(&place.part.name).rsplit_once('.')?;
            extension(stem, extensions).then(|| vec![shown(&place.part.name)])
        }
        Asks::Promises(groups) => promises(groups, place, kind?),
        Asks::Storage(kept) => holds(*kept == storage(&place.part.storage)),
        Asks::Outcome(reached) => holds(is_reached(*reached, &place.part.outcome)),
        Asks::Size(bounds) => holds(within(*bounds, place.part.file.as_ref()?.size)),
        Asks::Depth(bounds) => holds(within(*bounds, place.depth as u64)),
        Asks::Sha256(hashes) => holds(hashes.contains(&place.part.file.as_ref()?.hashes.sha256)),
        Asks::Indicator { kind, layers, common, has, at_least } => {
            let fits = |indicator: &Indicator| {
                indicator.kind == *kind
                    && (layers.is_empty() || layers.contains(&indicator.layer))
                    && (*common || !indicator.common)
            };
            indicators(fits, has, *at_least, places.found(place)?)
        }
        Asks::Yara { yara, at_least } => {
            let names: BTreeSet<_> = matching(yara, places.found(place)?).map(|found| shown(&found.rule)).collect();
            (names.len() >= *at_least).then(|| names.into_iter().take(VALUES_MAX).collect())
        }
        Asks::Parent(all) => every(all, places.parent(place)?, places),
        Asks::Within(all) => places.around(place).find_map(|around| every(all, around, places)),
        Asks::Child { all, at_least } => several(all, places.children(place), *at_least, places),
        Asks::Inside { all, at_least } => several(all, places.inside(place), *at_least, places),
    }
}

/// What a part is to a rule: its type, and of a text that only its name or what holds it calls a script, the language in
/// which it was read. A line of a script says little, and is run all the same.
fn kind(place: &Place, places: &Places) -> Option<Kind> {
    let kind = place.part.file.as_ref()?.identified.kind;
    if kind != Kind::Txt {
        return Some(kind);
    }
    let language = places.fact(place, "script", "language").iter().find_map(|state| match state {
        State::Known(Value::Text(label)) => Kind::from_label(label),
        _ => None,
    });
    Some(language.unwrap_or(kind))
}

fn holds(holds: bool) -> Shown {
    holds.then(Vec::new)
}

/// A related part that meets all conditions is shown by its name.
fn every(all: &[Condition], place: &Place, places: &Places) -> Shown {
    all.iter().all(|condition| asked(&condition.asks, place, places).is_some()).then(|| vec![name(place)])
}

fn several<'p, 'a: 'p>(
    all: &[Condition],
    among: impl Iterator<Item = &'p Place<'a>>,
    at_least: usize,
    places: &Places,
) -> Shown {
    let met: Vec<_> =
        among.filter_map(|place| every(all, place, places)).take(at_least.max(VALUES_MAX)).flatten().collect();
    (met.len() >= at_least).then_some(met)
}

fn fact(fact: &Declared, test: &Test, place: &Place, places: &Places) -> Shown {
    let states = places.fact(place, fact.namespace, fact.name);
    let any = |wanted: fn(&State) -> bool| holds(states.iter().any(|state| wanted(state)));
    match test {
        Test::Absent => any(|state| matches!(state, State::Absent)),
        Test::Failed => any(|state| matches!(state, State::Failed(_))),
        Test::Limited => any(|state| matches!(state, State::Limited(_))),
        _ => states.iter().find_map(|state| match state {
            State::Known(value) => value_met(value, test),
            _ => None,
        }),
    }
}

fn value_met(value: &Value, test: &Test) -> Shown {
    match (test, value) {
        (Test::Known, Value::Text(text)) => Some(vec![shown(text)]),
        (Test::Known, Value::Texts(texts)) => {
            (!texts.is_empty()).then(|| texts.iter().take(VALUES_MAX).map(|text| shown(text)).collect())
        }
        (Test::Known, _) => Some(Vec::new()),
        (Test::Flag(wanted), Value::Flag(flag)) => holds(wanted == flag),
        (Test::Integer(wanted), Value::Integer(number)) => (wanted == number).then(|| vec![number.to_string()]),
        (Test::Between { above, below }, value) => between(*above, *below, value),
        (Test::Words { how, words, at_least }, Value::Text(text)) => {
            words_met(*how, words, *at_least, std::slice::from_ref(text))
        }
        (Test::Words { how, words, at_least }, Value::Texts(texts)) => words_met(*how, words, *at_least, texts),
        (Test::Longer(letters), Value::Text(text)) => is_longer(text, *letters).then(|| vec![shown(text)]),
        (Test::Longer(letters), Value::Texts(texts)) => {
            let text = texts.iter().find(|text| is_longer(text, *letters))?;
            Some(vec![shown(text)])
        }
        (Test::CountAbove(count), Value::Texts(texts)) => {
            (texts.len() > *count).then(|| texts.iter().take(VALUES_MAX).map(|text| shown(text)).collect())
        }
        _ => None,
    }
}

fn is_longer(text: &str, letters: usize) -> bool {
    text.len() > letters && text.chars().nth(letters).is_some()
}

fn between(above: Option<f64>, below: Option<f64>, value: &Value) -> Shown {
    let fits = |number: f64| above.is_none_or(|above| number > above) && below.is_none_or(|below| number < below);
    match value {
        Value::Integer(number) | Value::Time(number) => fits(*number as f64).then(|| vec![number.to_string()]),
        Value::Real(number) => fits(*number).then(|| vec![format!("{number:.2}")]),
        Value::Texts(texts) => {
            let text = texts.iter().find(|text| text.parse().is_ok_and(fits))?;
            Some(vec![shown(text)])
        }
        _ => None,
    }
}

/// Shows the texts that have the words, and asks that there be so many different words.
fn words_met(how: How, words: &[String], at_least: usize, texts: &[String]) -> Shown {
    let (mut met, mut values) = (BTreeSet::new(), Vec::new());
    for text in texts {
        let lower = text.to_lowercase();
        let mut had = words.iter().enumerate().filter(|(_, word)| match how {
            How::Has => lower.contains(*word),
            How::Equals => lower == **word,
            How::Starts => lower.starts_with(*word),
            How::Ends => lower.ends_with(*word),
        });
        let Some((first, _)) = had.next() else { continue };
        met.insert(first);
        met.extend(had.map(|(number, _)| number));
        if values.len() < VALUES_MAX {
            values.push(shown(text));
        }
    }
    (met.len() >= at_least).then_some(values)
}

fn oddity(code: &str, prefix: bool, has: &[String], place: &Place) -> Shown {
    let (mut met, mut values) = (false, Vec::new());
    for odd in &place.part.oddities {
        let named = if prefix { odd.message.code.starts_with(code) } else { odd.message.code == code };
        if !named {
            continue;
        }
        let params: Vec<String> = odd.message.params.values().filter_map(shown_param).collect();
        let had = |word: &String| params.iter().any(|param| param.to_lowercase().contains(word));
        if has.is_empty() || has.iter().any(had) {
            met = true;
            values.extend(params);
            values.truncate(VALUES_MAX);
        }
    }
    met.then_some(values)
}

fn also(kinds: &[Kind], place: &Place) -> Shown {
    let also = &place.part.file.as_ref()?.identified.also;
    let met = also.iter().find(|also| kinds.iter().any(|kind| also.kind.is(*kind)))?;
    Some(vec![met.kind.label().to_owned()])
}

fn promises(groups: &[Group], place: &Place, kind: Kind) -> Shown {
    // A guess is no reason to call a name wrong.
    let guessed = place.part.file.as_ref().filter(|file| file.identified.by == By::Model);
    let kind = guessed.map_or(kind, |file| file.identified.by_signs());
    let mismatch = extension_mismatch(&place.part.name, &kind)?;
    // All kinds that go by that name: `.doc` promises a document, also when other kinds use it.
    let promised =
        !mismatch.promised.is_empty() && mismatch.promised.iter().all(|promised| groups.contains(&promised.group()));
    promised.then(|| vec![format!(".{}", shown(&mismatch.extension))])
}

/// A name as Windows takes it: blanks and dots at its end are dropped.
fn plain(name: &str) -> &str {
    name.trim_end_matches([' ', '.'])
}

fn extension(name: &str, extensions: &[String]) -> bool {
    // Blanks may stand between the name that is seen and the one that counts.
    let name = plain(name);
    name.rsplit_once('.').is_some_and(|(_, last)| {
        let last = last.trim().to_lowercase();
        extensions.contains(&last)
    })
}

fn tricked(trick: Trick, name: &str) -> bool {
    match trick {
        Trick::TurnsDirection => {
            name.chars().any(|letter| matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
        }
        Trick::Padded => {
            let mut blanks = 0;
            plain(name).chars().any(|letter| {
                let blank =
                    letter.is_whitespace() || matches!(letter, '\u{200b}'..='\u{200d}' | '\u{2800}' | '\u{3164}');
                blanks = if blank { blanks + 1 } else { 0 };
                blanks >= PADDING_MIN
            })
        }
    }
}

fn storage(storage: &Storage) -> Kept {
    match storage {
        Storage::Plain => Kept::Plain,
        Storage::Packed(_) => Kept::Packed,
        Storage::Encoded(_) => Kept::Encoded,
        Storage::Encrypted => Kept::Encrypted,
    }
}

fn is_reached(reached: Reached, outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Read | Outcome::Same(_) => reached == Reached::Read,
        Outcome::Partial(_) => reached == Reached::Partial,
        Outcome::Failed(why) => reached == Reached::Failed || reached == Reached::Locked && is_locked(why),
        Outcome::Limited(_) => reached == Reached::Limited,
    }
}

/// Whether that says that no password fits.
pub fn is_locked(why: &Message) -> bool {
    why.code == "file.encrypted"
}

fn within(bounds: Bounds, number: u64) -> bool {
    bounds.above.is_none_or(|above| number > above) && bounds.below.is_none_or(|below| number < below)
}

/// Shows indicators that fit and have one of the words, if there are words.
fn indicators(fits: impl Fn(&Indicator) -> bool, has: &[String], at_least: usize, found: &Found) -> Shown {
    let had = |value: &str| {
        let lower = value.to_lowercase();
        has.is_empty() || has.iter().any(|word| lower.contains(word))
    };
    let fitting = found.indicators.iter().filter(|indicator| fits(indicator) && had(&indicator.value));
    let values: BTreeSet<&str> = fitting.map(|indicator| indicator.value.as_str()).collect();
    (values.len() >= at_least).then(|| values.into_iter().take(VALUES_MAX).map(shown).collect())
}

fn matching<'f>(yara: &'f Yara, found: &'f Found) -> impl Iterator<Item = &'f RuleMatch> {
    let named = |names: &[String], name: &str| names.is_empty() || names.iter().any(|other| other == name);
    found.matches.iter().filter(move |found| {
        yara.score_above.is_none_or(|above| found.score.is_some_and(|score| score > above))
            && yara.score_below.is_none_or(|below| found.score.is_some_and(|score| score < below))
            && yara.scored.is_none_or(|scored| found.score.is_some() == scored)
            && (yara.tags.is_empty() || found.tags.iter().any(|tag| yara.tags.contains(tag)))
            && named(&yara.namespaces, &found.namespace)
            && named(&yara.rules, &found.rule)
    })
}
