//! Every term as a sentence.

use crate::Facts;
use crate::measures::Measures;
use crate::standing::Name;
use model::Message;

/// Why a term is what it is.
pub(crate) fn why(name: Name, measures: &Measures, facts: Option<&Facts>) -> Message {
    match name {
        Name::Base => Message::new("reputation.base"),
        Name::Introductions => introductions(measures),
        Name::Age => Message::new("reputation.age").number("days", whole(measures.age_days)),
        Name::Publisher => publisher(facts),
        Name::Source => source(measures, facts),
        Name::Graph => graph(measures),
        Name::Velocity => found("velocity", measures.velocity, Message::number, "hosts", whole(measures.velocity)),
        Name::Incoherence => {
            let bits = format!("{:.1}", measures.incoherence);
            found("incoherence", measures.incoherence, Message::with, "bits", bits)
        }
        Name::Detections => {
            let many = measures.detections;
            found("detections", f64::from(many), Message::number, "detections", i64::from(many))
        }
    }
}

/// A sentence with its figure, or the one that says there is nothing.
fn found<T>(code: &str, value: f64, put: impl Fn(Message, &str, T) -> Message, param: &str, shown: T) -> Message {
    if value > 0.0 {
        put(Message::new(format!("reputation.{code}")), param, shown)
    } else {
        Message::new(format!("reputation.{code}-none"))
    }
}

fn introductions(measures: &Measures) -> Message {
    if measures.introductions == 0 {
        return Message::new("reputation.introductions-none");
    }
    Message::new("reputation.introductions")
        .number("introductions", measures.introductions)
        .number("hosts", whole(measures.hosts))
        .number("groups", i64::try_from(measures.groups).unwrap_or(i64::MAX))
}

fn publisher(facts: Option<&Facts>) -> Message {
    match facts.and_then(|facts| facts.publisher.as_ref()) {
        None => Message::new("reputation.publisher-none"),
        Some(publisher) if publisher.trusted => {
            Message::new("reputation.publisher-listed").with("publisher", &publisher.name)
        }
        Some(publisher) => Message::new("reputation.publisher-unlisted").with("publisher", &publisher.name),
    }
}

fn source(measures: &Measures, facts: Option<&Facts>) -> Message {
    let brought = &measures.source;
    if let Some(package) = facts.and_then(|facts| facts.package.as_ref()) {
        Message::new("reputation.source-package").with("package", package)
    } else if brought.is_vouched {
        Message::new("reputation.source-declared")
    } else if brought.groups > 0 {
        Message::new("reputation.source-told")
            .number("percent", percent(brought.sanctioned))
            .number("groups", i64::try_from(brought.groups).unwrap_or(i64::MAX))
            .number("copied", percent(brought.copied))
    } else if brought.copied > 0.0 {
        Message::new("reputation.source-copied").number("percent", percent(brought.copied))
    } else {
        Message::new("reputation.source-none")
    }
}

fn graph(measures: &Measures) -> Message {
    let neighbours = measures.neighbours;
    if neighbours.value() < 0.0 {
        Message::new("reputation.graph-bad").number("percent", percent(neighbours.bad))
    } else if neighbours.good > 0.0 {
        Message::new("reputation.graph-good").number("files", neighbours.record)
    } else {
        Message::new("reputation.graph-none")
    }
}

fn percent(share: f64) -> i64 {
    whole(100.0 * share)
}

fn whole(value: f64) -> i64 {
    value.round() as i64
}
