//! Judgements as text: the blocks that several commands print.

use crate::output::{Output, printable};
use knowledge::Knowledge;
use model::{
    Action, Confidence, Exposure, ExposureState, Host, HostExposure, HostPlan, Message, OpenCve, Step, Urgency,
    WeaponId,
};
use std::io::{self, Write};
use words::Language;

/// Vulnerability ids printed of one group before "and n more".
const CVES_SHOWN: usize = 12;

/// One line with what the host is: name, system, service pack, architecture, role.
pub fn host_line(host: &Host, output: &Output) -> String {
    let os = &host.facts.os;
    let mut parts = vec![output.bold(&printable(&host.label()))];
    match &os.product {
        Some(product) => parts.push(product.clone()),
        None => parts.push(output.word("cli.unknown-system")),
    }
    parts.extend(os.edition.clone());
    parts.extend(os.service_pack.filter(|&number| number > 0).map(|number| format!("SP{number}")));
    parts.extend(os.build.map(|build| build.to_string()));
    parts.extend(os.arch.map(json_word));
    parts.extend(os.role.map(|role| output.word(&format!("console.role.{}", json_word(role).replace(' ', "-")))));
    parts.iter().map(|part| printable(part)).collect::<Vec<_>>().join(" · ")
}

/// The word a value has in JSON: `x64`, `member server`.
pub fn json_word(value: impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        other => other.map(|value| value.to_string()).unwrap_or_default(),
    }
}

/// The weapon's name in the language of this run, or its id.
pub fn weapon_name(id: &WeaponId, output: &Output) -> String {
    match (Knowledge::builtin().weapons.get(id), output.language) {
        (Some(weapon), Language::En) => weapon.name.en.clone(),
        (Some(weapon), Language::ZhCn) => weapon.name.zh.clone(),
        (None, _) => id.to_string(),
    }
}

/// The weapons of a host, those that need action first and with all their evidence.
pub fn weapons(out: &mut impl Write, exposure: &HostExposure, output: &Output) -> io::Result<()> {
    let mut weapons: Vec<&Exposure> = exposure.weapons.iter().collect();
    weapons.sort_by_key(|weapon| weapon.state);
    for weapon in weapons {
        let name = weapon_name(&weapon.weapon, output);
        let why = output.texts(&weapon.why);
        let shown = if weapon.state.needs_action() { why.len() } else { 1 };
        let why = why.into_iter().take(shown).collect::<Vec<_>>().join("; ");
        let doubt = doubt(weapon.confidence).map(|code| format!(" ({})", output.word(code))).unwrap_or_default();
        let line = format!("  {:<12} {name}{doubt}: {}", output.state(weapon.state), printable(&why));
        let quiet = weapon.state == ExposureState::NotAffected;
        writeln!(out, "{}", if quiet { output.dim(&line) } else { line })?;
    }
    Ok(())
}

/// What is shown of a verdict that rests on disputed or unverified facts.
fn doubt(confidence: Confidence) -> Option<&'static str> {
    match confidence {
        Confidence::Verified | Confidence::Known => None,
        Confidence::Disputed => Some("weapons.confidence-disputed"),
        Confidence::Unverified => Some("weapons.confidence-unverified"),
    }
}

/// The other open vulnerabilities, grouped by the update that closes them.
pub fn cves(out: &mut impl Write, exposure: &HostExposure, all: bool, output: &Output) -> io::Result<()> {
    let count = Message::new("cli.cves").number("count", exposure.open_cves).number("kev", exposure.open_kev);
    writeln!(out, "  {}", output.text(&count))?;
    for gap in &exposure.gaps {
        writeln!(out, "    {}", output.text(gap))?;
    }
    for group in exposure.cves.iter().take(if all { usize::MAX } else { 3 }) {
        let shown = if all { usize::MAX } else { CVES_SHOWN };
        let mut ids: Vec<String> = group.cves.iter().take(shown).map(|open| cve(open, output)).collect();
        let rest = group.cves.len() - ids.len();
        if rest > 0 {
            ids.push(output.text(&Message::new("cli.cves-more").number("count", rest as i64)));
        }
        let message = match group.kb {
            Some(kb) => Message::new("cli.cves-closed-by").with("kb", kb),
            None => Message::new("cli.cves-no-update"),
        };
        let message = message.number("count", group.cves.len() as i64).list("cves", ids);
        writeln!(out, "    {}", output.text(&message))?;
    }
    Ok(())
}

/// A vulnerability with what makes it urgent: `CVE-2017-0144 (exploited, EPSS 94.4 %)`.
fn cve(open: &OpenCve, output: &Output) -> String {
    let exploited = open.kev.then(|| output.word("cli.cve-exploited"));
    let likely = open.epss.map(|score| format!("EPSS {:.1} %", score * 100.0));
    let marks: Vec<String> = exploited.into_iter().chain(likely).collect();
    if marks.is_empty() { open.cve.to_string() } else { format!("{} ({})", open.cve, marks.join(", ")) }
}

/// The row of the urgency table with the answers that lead to it.
pub fn urgency(urgency: &Urgency, output: &Output) -> String {
    let row = output.word(&format!("disposal.timeline.{}", json_word(urgency.timeline)));
    let basis = output.texts(&urgency.basis.told());
    output.text(&Message::new("disposal.urgency-told").with("row", row).list("basis", basis))
}

/// The steps of a plan, numbered, each with its first reason.
pub fn steps(out: &mut impl Write, plan: &HostPlan, output: &Output) -> io::Result<()> {
    for step in &plan.steps {
        writeln!(out, "  {:>2}. {}", step.number, printable(&step_text(step, output)))?;
        for why in step.action.why.iter().take(2) {
            writeln!(out, "      {}", output.dim(&printable(&output.text(why))))?;
        }
    }
    Ok(())
}

pub fn step_text(step: &Step, output: &Output) -> String {
    let weapons: Vec<_> = step.weapons.iter().map(|weapon| weapon_name(weapon, output)).collect();
    let text = action_text(&step.action, output);
    if weapons.is_empty() { text } else { format!("{text} [{}]", weapons.join(", ")) }
}

/// What to do, with what it is done to: `install the key patch: KB4012212 / KB4012215`.
pub fn action_text(action: &Action, output: &Output) -> String {
    let mut objects = Vec::new();
    if !action.any_of.is_empty() {
        objects.push(action.any_of.iter().map(ToString::to_string).collect::<Vec<_>>().join(" / "));
    }
    objects.extend(action.ports.iter().map(ToString::to_string));
    objects.extend(action.services.iter().cloned());
    if objects.is_empty() {
        objects.extend(action.control.as_deref().map(|control| control_name(control, output)));
    }
    let kind = output.word(&format!("disposal.kind.{}", json_word(action.kind)));
    if objects.is_empty() { kind } else { format!("{kind}: {}", objects.join(", ")) }
}

/// The control's name where it has one; a base patch step and a product show as their ids.
fn control_name(control: &str, output: &Output) -> String {
    match words::template(&format!("control.{control}.name"), output.language) {
        Some(name) => name.to_owned(),
        None => control.to_owned(),
    }
}
