//! What the runbook says, as blocks that any page can show.

use crate::{
    commands::{self, Phase},
    procedure::{Body, Item, Procedure},
    system::Nt,
};
use model::{
    ActionKind, Confidence, Disposal, ExposureState, Host, HostExposure, HostPlan, Message, Step, Urgency, WeaponId,
};
use serde::Serialize;
use words::Language;

/// One piece of the page.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    Title(String),
    Heading(String),
    Subheading(String),
    Paragraph(String),
    Warning(String),
    Facts(Vec<(String, String)>),
    List(Vec<String>),
    /// A box to tick.
    Check(String),
    Commands(String, Vec<String>),
    /// Lines to sign on.
    Signatures(Vec<String>),
}

pub struct Writer<'a> {
    pub host: &'a Host,
    pub exposure: &'a HostExposure,
    pub plan: &'a HostPlan,
    pub procedure: &'a Procedure,
    pub language: Language,
}

impl Writer<'_> {
    pub fn write(&self) -> Vec<Block> {
        let mut blocks = vec![Block::Title(self.say(&Message::new("runbook.title").with("host", self.host.label())))];
        blocks.push(self.facts());
        self.evidence(&mut blocks);
        blocks.push(Block::Heading(self.word("runbook.steps")));
        blocks.push(Block::Paragraph(self.word("runbook.steps.intro")));
        blocks.push(Block::Commands(self.word("runbook.script"), self.script_lines()));
        for (step, item) in self.plan.steps.iter().zip(&self.procedure.items) {
            self.step(step, item, &mut blocks);
        }
        self.written_out(&mut blocks);
        self.path(&mut blocks);
        blocks.push(Block::Heading(self.word("runbook.sign")));
        let lines = ["runbook.sign.did", "runbook.sign.checked", "runbook.sign.approved"];
        blocks.push(Block::Signatures(lines.iter().map(|code| self.word(code)).collect()));
        blocks
    }

    fn word(&self, code: &str) -> String {
        words::word(code, self.language)
    }

    fn say(&self, message: &Message) -> String {
        words::text(message, self.language)
    }

    fn says(&self, messages: &[Message]) -> Vec<String> {
        messages.iter().map(|message| self.say(message)).collect()
    }

    /// The words of a code that is only known at run time; the code's last part when nobody wrote any.
    fn named(&self, namespace: &str, key: &str) -> String {
        let code = format!("{namespace}.{key}");
        if words::template(&code, self.language).is_some() { self.word(&code) } else { key.to_owned() }
    }

    fn facts(&self) -> Block {
        let os = &self.host.facts.os;
        let unknown = self.word("runbook.unknown");
        let system = os.name.clone().or_else(|| os.product.clone()).unwrap_or_else(|| unknown.clone());
        let version = os.version.clone().unwrap_or_else(|| unknown.clone());
        let role = os.role.and_then(|role| tag(&role)).unwrap_or(unknown);
        let mut facts = vec![
            ("runbook.host", self.host.label()),
            ("runbook.plan", self.procedure.plan.clone()),
            ("runbook.day", self.plan.day.to_string()),
            ("runbook.system", format!("{system} ({version})")),
            ("runbook.role", self.named("runbook", &format!("role.{}", role.replace(' ', "-")))),
            ("runbook.urgency", self.urgency(&self.plan.urgency)),
        ];
        if !self.host.facts.addresses.is_empty() {
            let all: Vec<_> = self.host.facts.addresses.iter().take(8).map(ToString::to_string).collect();
            facts.insert(1, ("runbook.addresses", all.join(", ")));
        }
        Block::Facts(facts.into_iter().map(|(code, value)| (self.word(code), value)).collect())
    }

    /// Weapons of which the same is to be said stand together: four of them use one flaw.
    fn evidence(&self, blocks: &mut Vec<Block>) {
        blocks.push(Block::Heading(self.word("runbook.evidence")));
        let acting = self.exposure.weapons.iter().filter(|weapon| weapon.state.needs_action());
        let said = acting.map(|weapon| {
            let state =
                if weapon.state == ExposureState::Open { "runbook.state.open" } else { "runbook.state.unknown" };
            let doubt = doubt(weapon.confidence).map(|code| self.word(code));
            let states = [Some(self.word(state)), doubt].into_iter().flatten().collect::<Vec<_>>();
            (&weapon.weapon, (states.join(" \u{b7} "), self.says(&weapon.why)))
        });
        let groups = alike(said);
        if groups.is_empty() {
            blocks.push(Block::Paragraph(self.word("runbook.evidence.none")));
        }
        for (weapons, (state, why)) in groups {
            blocks.push(Block::Subheading(format!("{}: {state}", self.weapons(&weapons))));
            blocks.push(Block::List(why));
        }
    }

    /// How it was decided: for those who approve, so it stands behind what is to be done.
    fn path(&self, blocks: &mut Vec<Block>) {
        let acting = self.plan.disposals.iter().filter(|disposal| acts(disposal));
        let told = acting.map(|disposal| {
            let nodes = disposal.path.iter().map(|decision| {
                let node = self.named("disposal", &format!("node.{}", decision.node));
                format!("{node} \u{2192} {}", self.say(&decision.answer))
            });
            let urgency = format!("{} \u{2192} {}", self.word("runbook.urgency"), self.urgency(&disposal.urgency));
            (&disposal.weapon, nodes.chain([urgency]).collect::<Vec<_>>())
        });
        let groups = alike(told);
        if groups.is_empty() {
            return;
        }
        blocks.push(Block::Heading(self.word("runbook.path")));
        for (weapons, nodes) in groups {
            blocks.push(Block::Subheading(self.weapons(&weapons)));
            blocks.push(Block::List(nodes));
        }
    }

    /// The row of the urgency table, and the answers that lead to it.
    fn urgency(&self, urgency: &Urgency) -> String {
        let row = tag(&urgency.timeline).unwrap_or_default();
        let row = self.named("runbook", &format!("urgency.{row}"));
        self.say(
            &Message::new("disposal.urgency-told").with("row", row).list("basis", self.says(&urgency.basis.told())),
        )
    }

    fn weapons(&self, ids: &[&WeaponId]) -> String {
        let names = ids.iter().map(|id| self.named("weapons", id.as_str()));
        self.say(&Message::new("runbook.weapons").list("names", names))
    }

    fn script_lines(&self) -> Vec<String> {
        let base = crate::base_name(self.procedure);
        ["set", "verify", "undo"].iter().map(|mode| format!("{base}.cmd {mode}")).collect()
    }

    fn step(&self, step: &Step, item: &Item, blocks: &mut Vec<Block>) {
        let kind = tag(&step.action.kind).unwrap_or_default();
        let mut title = format!("{}. {}", step.number, self.named("disposal", &format!("kind.{kind}")));
        if let Some(control) = &step.action.control {
            title = format!("{}. {}", step.number, self.named("control", &format!("{control}.title")));
        }
        blocks.push(Block::Subheading(title));
        let names: Vec<String> = step.weapons.iter().map(|id| self.named("weapons", id.as_str())).collect();
        blocks.push(Block::Paragraph(self.say(&Message::new("runbook.against").list("weapons", names))));
        blocks.push(Block::List(self.says(&step.action.why)));
        if item.temporary {
            blocks.push(Block::Paragraph(self.word("runbook.temporary")));
        }
        if let Some(day) = step.action.review_on {
            blocks.push(Block::Paragraph(self.say(&Message::new("runbook.review").with("day", day))));
        }
        self.breaks(item, blocks);
        self.body(item, blocks);
        if item.reboot {
            blocks.push(Block::Check(self.word("runbook.restart")));
        }
        blocks.push(Block::Check(self.say(&Message::new("runbook.done").number("step", step.number))));
    }

    fn breaks(&self, item: &Item, blocks: &mut Vec<Block>) {
        for code in &item.breaks {
            blocks.push(Block::Warning(self.named("control", &format!("breaks.{code}"))));
        }
    }

    fn body(&self, item: &Item, blocks: &mut Vec<Block>) {
        match &item.body {
            Body::Control { parts, .. } => {
                let nt = self.procedure.system.as_ref().map_or(Nt::WINDOWS_7, |system| system.nt);
                for phase in Phase::ALL {
                    let mut ordered: Vec<_> = parts.iter().collect();
                    if phase == Phase::Undo {
                        ordered.reverse();
                    }
                    let mut lines: Vec<String> =
                        ordered.into_iter().flat_map(|part| commands::commands(part, phase, nt)).collect();
                    lines.dedup();
                    self.commands(phase, lines, blocks);
                }
                blocks.push(Block::Paragraph(self.word("runbook.undo-note")));
            }
            Body::Install { any_of } => {
                let list = Message::new("runbook.install").list("kbs", any_of);
                blocks.push(Block::Paragraph(self.say(&list)));
                let Some(system) = &self.procedure.system else { return };
                for phase in [Phase::Set, Phase::ReadBack] {
                    let lines = any_of.iter().take(4).flat_map(|kb| commands::update(*kb, phase, system)).collect();
                    self.commands(phase, lines, blocks);
                }
            }
            Body::RollBack { steps } => {
                blocks.push(Block::Paragraph(self.say(&Message::new("runbook.roll-back").list("steps", steps))));
                let base = crate::base_name(self.procedure);
                blocks.push(Block::Commands(self.word("runbook.script"), vec![format!("{base}.cmd rollback")]));
            }
            Body::Manual => blocks.push(Block::Paragraph(self.word("runbook.by-hand"))),
            Body::NotServed { reason } => blocks.push(Block::Warning(self.say(reason))),
        }
    }

    fn commands(&self, phase: Phase, lines: Vec<String>, blocks: &mut Vec<Block>) {
        if !lines.is_empty() {
            let name = tag(&phase).unwrap_or_default();
            blocks.push(Block::Commands(self.named("runbook", &format!("phase.{name}")), lines));
        }
    }

    /// The report's procedures 3.1 to 3.3, for the systems they were written for.
    fn written_out(&self, blocks: &mut Vec<Block>) {
        let Some(system) = &self.procedure.system else { return };
        let client = system.family != Some(model::Family::Server);
        let patches = |item: &Item| matches!(item.action, ActionKind::BasePatch | ActionKind::KeyPatch);
        let mut procedures: Vec<(&str, u32)> = Vec::new();
        if system.nt == Nt::WINDOWS_7 && self.procedure.items.iter().any(patches) {
            procedures.push(("patch-7", 7));
        }
        if system.nt >= Nt::WINDOWS_7 && client {
            procedures.push(("firewall-7", 8));
        }
        if system.nt == Nt::XP || (system.nt == Nt::SERVER_2003 && client) {
            procedures.push(("xp", 6));
        }
        for (name, steps) in procedures {
            blocks.push(Block::Heading(self.word(&format!("runbook.{name}.title"))));
            blocks.push(Block::Paragraph(self.word(&format!("runbook.{name}.intro"))));
            for number in 1..=steps {
                let text = self.word(&format!("runbook.{name}.{number}"));
                blocks.push(Block::Check(format!("{number}. {text}")));
            }
        }
    }
}

/// Puts weapons of which the same is said together, in the order they come.
fn alike<'a, T: PartialEq>(said: impl Iterator<Item = (&'a WeaponId, T)>) -> Vec<(Vec<&'a WeaponId>, T)> {
    let mut groups: Vec<(Vec<&WeaponId>, T)> = Vec::new();
    for (weapon, what) in said {
        match groups.iter_mut().find(|(_, known)| *known == what) {
            Some((weapons, _)) => weapons.push(weapon),
            None => groups.push((vec![weapon], what)),
        }
    }
    groups
}

/// What is shown of a verdict that rests on disputed or unverified facts.
fn doubt(confidence: Confidence) -> Option<&'static str> {
    match confidence {
        Confidence::Verified | Confidence::Known => None,
        Confidence::Disputed => Some("weapons.confidence-disputed"),
        Confidence::Unverified => Some("weapons.confidence-unverified"),
    }
}

fn acts(disposal: &Disposal) -> bool {
    disposal.actions.iter().any(|action| action.kind != ActionKind::NothingToDo)
}

/// The tag a value has in JSON.
fn tag(value: &impl Serialize) -> Option<String> {
    serde_json::to_value(value).ok()?.as_str().map(str::to_owned)
}
