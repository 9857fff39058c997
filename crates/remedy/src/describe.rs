//! An action in one sentence: what a list, a table or a title says of it.

use crate::controls;
use crate::flow::base_name;
use model::{Action, ActionKind, Message};

/// The one sentence of an action; its reasons are told beside it.
pub fn describe(action: &Action) -> Message {
    let control = action.control.as_deref().unwrap_or_default();
    match action.kind {
        ActionKind::NothingToDo => Message::new("disposal.do.nothing-to-do"),
        ActionKind::Isolate => Message::new("disposal.do.isolate"),
        ActionKind::CollectFacts => Message::new("disposal.do.collect-facts"),
        ActionKind::BlockPort if action.temporary => {
            Message::new("disposal.do.block-port-for-now").list("ports", &action.ports)
        }
        ActionKind::BlockPort => Message::new("disposal.do.block-port").list("ports", &action.ports),
        ActionKind::DisableService => Message::new("disposal.do.disable").list("what", &action.services),
        ActionKind::DisableFeature => Message::new("disposal.do.disable").list("what", [controls::name(control)]),
        ActionKind::Shield => Message::new("disposal.do.shield").list("ports", &action.ports),
        ActionKind::DetectOutside => Message::new("disposal.do.detect-outside").list("ports", &action.ports),
        ActionKind::BasePatch => {
            Message::new("disposal.do.base-patch").with("base", base_name(control, &action.any_of))
        }
        ActionKind::KeyPatch => Message::new("disposal.do.key-patch").list("kbs", &action.any_of),
        ActionKind::UpgradeApplication => Message::new("disposal.do.upgrade-application").with("product", control),
        ActionKind::UpgradeSystem if control.is_empty() => Message::new("disposal.do.upgrade-system"),
        ActionKind::UpgradeSystem => Message::new("disposal.do.upgrade-system-to").with("target", control),
        ActionKind::ReplaceSystem if control.is_empty() => Message::new("disposal.do.replace-system"),
        ActionKind::ReplaceSystem => Message::new("disposal.do.replace-system-by").with("target", control),
        ActionKind::Examine => Message::new("disposal.do.examine"),
        ActionKind::Verify => Message::new("disposal.do.verify"),
        ActionKind::RollBack => Message::new("disposal.do.roll-back").with("what", undone(action)),
    }
}

fn undone(action: &Action) -> String {
    let control = controls::name(action.control.as_deref().unwrap_or_default()).to_owned();
    let services = action.services.iter().cloned();
    let parts: Vec<String> = action.ports.iter().map(ToString::to_string).chain(services).collect();
    if parts.is_empty() { control } else { format!("{control} ({})", parts.join(", ")) }
}
