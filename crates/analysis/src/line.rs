//! A report as one object of JSON, with parts inside parts: what other programs read.

use crate::report::{Fact, Known, Part, Read, Report};
use serde_json::{Map, Value as Json, json};
use verdict::Overruled;

/// The report of a file that lies at `path`.
pub fn object(report: &Report, path: &str) -> Json {
    let mut children: Vec<Vec<Json>> = vec![Vec::new(); report.parts.len()];
    let mut root = Map::new();
    // From the last to the first: when a part is told, those inside it are.
    for part in report.parts.iter().rev() {
        let mut inside = children.get_mut(part.number).map(std::mem::take).unwrap_or_default();
        inside.reverse();
        let mut told = of_part(part);
        told.insert("children".to_owned(), Json::Array(inside));
        match part.parent.and_then(|parent| children.get_mut(parent)) {
            Some(siblings) => siblings.push(Json::Object(told)),
            None => root = told,
        }
    }
    let verdict = &report.verdict;
    let reasons: Vec<Json> = verdict
        .reasons
        .iter()
        .map(|reason| {
            json!({
                "rule": reason.rule, "version": reason.version, "points": reason.counted, "part": reason.part,
                "code": reason.message.code, "params": reason.message.params, "techniques": reason.techniques,
            })
        })
        .collect();
    for (name, value) in [
        ("path", json!(path)),
        ("verdict", json!(verdict.standing().label())),
        ("score", json!(verdict.score)),
        ("reasons", Json::Array(reasons)),
        ("complete", json!(report.complete)),
        (
            "versions",
            json!({
                "readers": report.versions.readers, "ledger": verdict.ledger, "rules": report.versions.rules,
                "model": report.versions.model,
            }),
        ),
    ] {
        root.insert(name.to_owned(), value);
    }
    if let Some(Overruled { by, part }) = &verdict.overruled {
        let found = json!(verdict.state.label());
        root.insert("overruled".to_owned(), json!({ "by": by, "part": part, "found": found }));
    }
    if let Some(why) = &report.broken {
        root.insert("broken".to_owned(), json!(why));
    }
    Json::Object(root)
}

fn of_part(part: &Part) -> Map<String, Json> {
    let mut told = Map::new();
    let mut tell = |name: &str, value: Json| _ = told.insert(name.to_owned(), value);
    tell("part", json!(part.number));
    tell("path", json!(part.path));
    if let Some(file) = &part.file {
        tell("size", json!(file.size));
        tell("type", json!(file.kind));
        tell("mime", json!(file.mime));
        tell("type_by", json!(file.by));
        tell("sha256", json!(file.sha256));
        let whole = [("sha1", &file.sha1), ("md5", &file.md5), ("ssdeep", &file.ssdeep)];
        for (name, digest) in whole.into_iter().filter(|(_, digest)| digest.is_some()) {
            tell(name, json!(digest));
        }
        if file.md5.is_some() {
            tell("tlsh", json!(file.tlsh));
        }
        tell("also", json!(file.also));
        tell("extension_mismatch", json!(file.mismatch.is_some()));
    }
    match &part.outcome {
        Read::Whole => {}
        Read::Same(number) => tell("same_as", json!(number)),
        Read::Partial(why) => tell("partial", json!(why)),
        Read::Failed(why) => tell("failed", json!(why)),
        Read::Limited(limit) => tell("limited", json!(limit)),
    }
    tell("vectors", vectors(&part.facts));
    let oddities: Vec<Json> = part
        .oddities
        .iter()
        .map(|odd| json!({"code": odd.message.code, "params": odd.message.params, "at": odd.at}))
        .collect();
    tell("oddities", json!(oddities));
    tell("indicators", json!(part.indicators));
    tell("rules", json!(part.matches));
    told
}

/// Facts by their names: a value, or why there is none. What a file says more than once is a list.
fn vectors(facts: &[Fact]) -> Json {
    let mut told: Map<String, Json> = Map::new();
    for Fact { name, value, .. } in facts {
        let value = shown(value);
        match told.entry(name.clone()) {
            serde_json::map::Entry::Vacant(place) => _ = place.insert(value),
            serde_json::map::Entry::Occupied(mut place) => match place.get_mut() {
                Json::Array(values) => values.push(value),
                first => *first = json!([first.take(), value]),
            },
        }
    }
    Json::Object(told)
}

fn shown(value: &Known) -> Json {
    match value {
        Known::Flag(flag) => json!(flag),
        Known::Integer(number) => json!(number),
        Known::Real(number) => json!(number),
        Known::Text(text) | Known::Digest(text) => json!(text),
        Known::Time(us) => jiff::Timestamp::from_microsecond(*us).map_or(json!(us), |time| json!(time.to_string())),
        Known::Texts(texts) => json!(texts),
        Known::Absent => Json::Null,
        Known::Failed(why) => json!({"failed": why}),
        Known::Limited(limit) => json!({"limited": limit}),
    }
}
