//! The sentences behind a verdict, as codes with everything a person needs to check them.

use crate::context::Context;
use knowledge::weapons::{FileVersion, FixSet};
use model::{KbId, Message};

/// How a listed update fixes: itself, or by superseding what does.
pub fn update(context: &Context<'_>, bulletin: &str, kb: KbId) -> Vec<Message> {
    let installed = &context.facts.updates.installed;
    if installed.contains(&kb) {
        return vec![Message::new("exposure.fix-installed").with("kb", kb).with("bulletin", bulletin)];
    }
    let chain = context.knowledge.catalogue.chain(installed, kb).unwrap_or_default();
    let first = chain.first().copied().unwrap_or(kb);
    let told = shorten(&chain);
    vec![
        Message::new("exposure.superseder-installed")
            .with("kb", first)
            .with("fix", kb)
            .with("bulletin", bulletin)
            .number("steps", chain.len().saturating_sub(1) as i64)
            .list("chain", told),
    ]
}

/// A chain can have ninety links; a person checks its ends.
fn shorten(chain: &[KbId]) -> Vec<String> {
    const ENDS: usize = 4;
    if chain.len() <= 2 * ENDS + 1 {
        return chain.iter().map(ToString::to_string).collect();
    }
    let (head, tail) = (&chain[..ENDS], &chain[chain.len() - ENDS..]);
    let dots = std::iter::once("…".to_owned());
    head.iter().map(ToString::to_string).chain(dots).chain(tail.iter().map(ToString::to_string)).collect()
}

pub fn file(code: &str, path: &str, version: &FileVersion, min: &FileVersion) -> Message {
    Message::new(code).with("path", path).with("version", version).with("minimum", min)
}

pub fn build(code: &str, build: u32, revision: u32, min: &str) -> Message {
    Message::new(code).with("build", format!("{build}.{revision}")).with("minimum", min)
}

/// Why the update list cannot show that a fix is missing.
pub fn list_gap(context: &Context<'_>, set: &FixSet) -> Message {
    let updates = &context.facts.updates;
    let message = match (updates.known, updates.listed, updates.claimed) {
        (false, ..) => Message::new("exposure.list-unknown"),
        (true, Some(listed), Some(claimed)) if listed < claimed => {
            Message::new("exposure.list-cut-off").number("listed", listed).number("claimed", claimed)
        }
        _ => Message::new("exposure.list-incomplete"),
    };
    message.with("bulletin", &set.bulletin)
}

/// The systems a host can be, where its facts leave several.
pub fn partly_known(context: &Context<'_>) -> Message {
    const SHOWN_MAX: usize = 6;
    let possible = &context.resolution.possible;
    let message = Message::new("exposure.system-partly-known").number("count", possible.len() as i64);
    let more = (possible.len() > SHOWN_MAX).then(|| "…".to_owned());
    message.list("systems", possible.iter().take(SHOWN_MAX).map(|system| system.name.clone()).chain(more))
}

pub fn guessed(context: &Context<'_>) -> Message {
    let os = &context.facts.os;
    let name = os.name.as_deref().or(os.product.as_deref()).unwrap_or("?");
    Message::new("exposure.system-guessed").with("system", name)
}

/// Installed updates that look like a fix and are none.
pub fn traps(context: &Context<'_>, set: &FixSet) -> Vec<Message> {
    let installed = &context.facts.updates.installed;
    let hits = set.traps.iter().flat_map(|trap| trap.kbs.iter().map(move |kb| (trap, *kb)));
    hits.filter(|(_, kb)| installed.contains(kb))
        .map(|(trap, kb)| Message::new(trap.why.clone()).with("kb", kb).with("bulletin", &set.bulletin))
        .collect()
}

/// Why lists of what is open may be incomplete, and where the sources of this host disagree.
pub fn gaps(context: &Context<'_>) -> Vec<Message> {
    let mut gaps = Vec::new();
    if context.resolution.foreign {
        gaps.push(Message::new("exposure.not-windows"));
    } else if context.resolution.possible.is_empty() {
        gaps.push(Message::new("exposure.system-unknown"));
    } else if !context.proves() {
        gaps.push(guessed(context));
    } else if context.resolution.exact().is_none() {
        gaps.push(partly_known(context));
    }
    gaps.extend(context.facts.updates.gap());
    let matters = |field: &str| field.starts_with("os.") || field.starts_with("updates");
    gaps.extend(context.host.conflicts.iter().filter(|conflict| matters(&conflict.field)).map(|conflict| {
        Message::new("exposure.sources-disagree")
            .with("field", &conflict.field)
            .with("kept", &conflict.kept)
            .with("kept_from", &conflict.kept_from)
            .with("other", &conflict.other)
            .with("other_from", &conflict.other_from)
    }));
    gaps
}
