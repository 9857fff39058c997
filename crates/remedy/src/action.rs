//! Building actions: the kind and the reason first, the rest as it applies.

use model::{Action, ActionKind, KbId, Message, Port};
use std::collections::BTreeSet;

pub fn new(kind: ActionKind, why: Message) -> Action {
    Action {
        kind,
        control: None,
        any_of: Vec::new(),
        ports: BTreeSet::new(),
        services: BTreeSet::new(),
        temporary: false,
        reboot: false,
        review_on: None,
        why: vec![why],
    }
}

pub fn control(kind: ActionKind, control: &str, why: Message) -> Action {
    Action { control: Some(control.to_owned()), ..new(kind, why) }
}

pub fn on_ports(kind: ActionKind, id: &str, ports: BTreeSet<Port>, why: Vec<Message>) -> Action {
    Action { ports, why, ..control(kind, id, Message::new("disposal.kind.block-port")) }
}

pub fn updates(kind: ActionKind, any_of: Vec<KbId>, why: Message) -> Action {
    Action { any_of, reboot: true, ..new(kind, why) }
}
