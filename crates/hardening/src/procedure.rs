//! A host's plan bound to its system: every step with the operations that carry it out, as data.
//!
//! Scripts, registry files and the runbook are renderings of this one value.

use crate::{
    control::{Control, Controls, Needs, Operation, Tool, ValueKind, Variant},
    system::System,
    text,
};
use model::{Action, ActionKind, Host, HostPlan, KbId, Message, Port, Step, Transport, WeaponId};
use serde::Serialize;
use std::collections::BTreeSet;

/// What a plan does on one host.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Procedure {
    /// The plan's id, in the letters a file name may have.
    pub plan: String,
    /// The computer name, when it is one that a script can hold.
    pub computer: Option<String>,
    /// The Windows product id, for a computer whose name a script cannot hold.
    pub product_id: Option<String>,
    #[serde(skip)]
    pub system: Option<System>,
    pub items: Vec<Item>,
}

/// One step of the plan.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Item {
    pub step: u32,
    pub action: ActionKind,
    pub weapons: Vec<WeaponId>,
    pub temporary: bool,
    pub reboot: bool,
    pub body: Body,
    /// Codes of `control.breaks.<code>`.
    pub breaks: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Body {
    Control {
        control: String,
        variant: String,
        needs_tools: Vec<Tool>,
        /// True when the step must not run on a domain controller.
        not_on_domain_controller: bool,
        parts: Vec<Part>,
    },
    Install {
        any_of: Vec<KbId>,
    },
    /// Undoes these steps.
    RollBack {
        steps: Vec<u32>,
    },
    /// Done by a person: isolate, examine, replace.
    Manual,
    /// No script does this here, and why.
    NotServed {
        reason: Message,
    },
}

/// An operation with everything bound: no part of it depends on the plan any more.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "part", rename_all = "kebab-case")]
pub enum Part {
    Key { key: String },
    Value { key: String, name: String, value_type: &'static str, data: String },
    PerInterface { key: String, prefix: String, name: String, value_type: &'static str, data: String },
    Service { name: String, stop: bool },
    FirewallOn,
    FirewallRule { rule: String, port: Port },
    XpFirewall { ports: Vec<Port> },
    IpsecStatic { policy: String, ports: Vec<Port> },
    IpsecTool { policy: String, tool: Tool, ports: Vec<Port> },
    Powershell { subject: String, get: String, set: String, value: String, values: Vec<String> },
    Feature { feature: String },
    UnsharePrinters,
    Iis6Extension { extension: String, file: String },
    ApplockerPolicy,
    AppControlPolicy,
    Listener { port: Port },
    Canary,
}

impl Procedure {
    /// Binds a plan to its host. What no control serves stays in the procedure, with the reason.
    pub fn new(host: &Host, plan: &HostPlan, controls: &Controls) -> Procedure {
        let system = System::of(&host.facts.os);
        let slug = text::slug(plan.id.as_str());
        let binder = Binder { host, plan, controls, system: system.as_ref(), slug: &slug };
        let items = plan.steps.iter().map(|step| binder.item(step)).collect();
        Procedure {
            computer: host.facts.name.as_deref().and_then(text::computer_name),
            product_id: host.facts.product_id.as_deref().and_then(text::product_id),
            plan: slug,
            system,
            items,
        }
    }

    /// The steps that a script carries out.
    pub fn scripted(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| matches!(item.body, Body::Control { .. } | Body::Install { .. }))
    }

    /// The parts of a script's step, none for a step without.
    pub fn parts(item: &Item) -> &[Part] {
        match &item.body {
            Body::Control { parts, .. } => parts,
            _ => &[],
        }
    }

    pub fn forbidden_on_domain_controller(&self) -> bool {
        self.items.iter().any(|item| matches!(item.body, Body::Control { not_on_domain_controller: true, .. }))
    }

    /// Every program the scripts call.
    pub fn tools(&self) -> BTreeSet<Tool> {
        let mut tools = BTreeSet::from([Tool::Reg]);
        for item in &self.items {
            if let Body::Control { needs_tools, .. } = &item.body {
                tools.extend(needs_tools.iter().copied());
            }
        }
        tools
    }

    pub fn installs(&self) -> bool {
        self.items.iter().any(|item| matches!(item.body, Body::Install { .. }))
    }
}

/// Whether a control has a way to be done on a system.
pub fn serves(controls: &Controls, control: &str, os: &model::OsFacts) -> bool {
    let system = System::of(os);
    system.is_some_and(|system| controls.get(control).is_some_and(|control| control.variant(&system).is_some()))
}

struct Binder<'a> {
    host: &'a Host,
    plan: &'a HostPlan,
    controls: &'a Controls,
    system: Option<&'a System>,
    slug: &'a str,
}

impl Binder<'_> {
    fn item(&self, step: &Step) -> Item {
        let action = &step.action;
        let mut item = Item {
            step: step.number,
            action: action.kind,
            weapons: step.weapons.clone(),
            temporary: action.temporary,
            reboot: action.reboot,
            body: Body::Manual,
            breaks: Vec::new(),
        };
        match action.kind {
            ActionKind::RollBack => item.body = Body::RollBack { steps: self.temporary_steps() },
            ActionKind::BasePatch | ActionKind::KeyPatch if !action.any_of.is_empty() => {
                item.body = self.install(action);
            }
            _ => {
                if let Some(id) = &action.control {
                    self.control(id, action, &mut item);
                }
            }
        }
        item
    }

    fn temporary_steps(&self) -> Vec<u32> {
        self.plan.steps.iter().filter(|step| step.action.temporary).map(|step| step.number).collect()
    }

    fn install(&self, action: &Action) -> Body {
        match self.system {
            Some(_) => Body::Install { any_of: action.any_of.clone() },
            None => Body::NotServed { reason: Message::new("control.system-unknown") },
        }
    }

    fn control(&self, id: &str, action: &Action, item: &mut Item) {
        match self.bind(id, action) {
            Ok((control, variant, body)) => {
                item.reboot |= variant.reboot;
                item.breaks = control.breaks.iter().chain(&variant.breaks).cloned().collect();
                item.body = body;
            }
            // A control id that is no control (a base patch step, a product) is a person's work.
            Err(None) => item.body = Body::Manual,
            Err(Some(reason)) => item.body = Body::NotServed { reason },
        }
    }

    fn bind(&self, id: &str, action: &Action) -> Result<(&Control, &Variant, Body), Option<Message>> {
        let control = self.controls.get(id).ok_or(None)?;
        let system = self.system.ok_or_else(|| Message::new("control.system-unknown"))?;
        let variant = control
            .variant(system)
            .ok_or_else(|| Message::new("control.no-variant").with("control", id).with("nt", system.nt))?;
        let ports = control.with_companions(action.ports.iter().copied());
        let services: Vec<String> = action.services.iter().filter_map(|name| text::service_name(name)).collect();
        let guarded = control.domain_controller.never
            || variant.never_on_domain_controller
            || ports.iter().any(|port| control.domain_controller.ports.contains(port))
            || services.iter().any(|name| control.domain_controller.services.contains(name));
        if guarded && self.host.is_domain_controller() == Some(true) {
            return Err(Some(Message::new("control.never-on-domain-controller").with("control", id)));
        }
        let parts = self.parts(variant, &ports, &services);
        if parts.is_empty() {
            return Err(Some(Message::new("control.nothing-named").with("control", id)));
        }
        let Needs { tools, .. } = &variant.needs;
        let body = Body::Control {
            control: control.id.clone(),
            variant: variant.id.clone(),
            needs_tools: tools.clone(),
            not_on_domain_controller: guarded,
            parts,
        };
        Ok((control, variant, body))
    }

    fn parts(&self, variant: &Variant, ports: &[Port], services: &[String]) -> Vec<Part> {
        let ports: Vec<Port> = ports.iter().copied().filter(|port| port.transport != Transport::Sctp).collect();
        let mut parts = Vec::new();
        for operation in &variant.operations {
            let bound = self.bound(operation, &ports, services);
            for part in bound {
                // The key of a value is saved as well, so that undo leaves no empty key behind.
                if let Part::Value { key, .. } = &part {
                    let key_part = Part::Key { key: key.clone() };
                    if !parts.contains(&key_part) {
                        parts.push(key_part);
                    }
                }
                parts.push(part);
            }
        }
        // The firewall alone, with nothing to block, is not what the step asked for.
        if parts.iter().all(|part| matches!(part, Part::FirewallOn)) { Vec::new() } else { parts }
    }

    fn bound(&self, operation: &Operation, ports: &[Port], services: &[String]) -> Vec<Part> {
        let policy = || format!("Redoubt-{}", self.slug);
        let some_ports = |part: Part| if ports.is_empty() { Vec::new() } else { vec![part] };
        match operation {
            Operation::RegistryKey { key } => vec![Part::Key { key: key.clone() }],
            Operation::RegistryValue { key, name, kind, data } => vec![Part::Value {
                key: key.clone(),
                name: name.clone(),
                value_type: ValueKind::name(*kind),
                data: data.clone(),
            }],
            Operation::RegistryValuePerInterface { key, prefix, name, kind, data } => vec![Part::PerInterface {
                key: key.clone(),
                prefix: prefix.clone(),
                name: name.clone(),
                value_type: ValueKind::name(*kind),
                data: data.clone(),
            }],
            Operation::Service { names, stop } => {
                let names = if names.is_empty() { services } else { names };
                names.iter().map(|name| Part::Service { name: name.clone(), stop: *stop }).collect()
            }
            Operation::FirewallOn {} => vec![Part::FirewallOn],
            Operation::FirewallRule {} => ports
                .iter()
                .map(|port| Part::FirewallRule {
                    rule: format!("{}-{}", policy(), port.to_string().replace('/', "-")),
                    port: *port,
                })
                .collect(),
            Operation::XpFirewall {} => some_ports(Part::XpFirewall { ports: ports.to_vec() }),
            Operation::IpsecStatic {} => some_ports(Part::IpsecStatic { policy: policy(), ports: ports.to_vec() }),
            Operation::IpsecTool { tool } => {
                some_ports(Part::IpsecTool { policy: policy(), tool: *tool, ports: ports.to_vec() })
            }
            Operation::PowershellValue { subject, get, set, value, values } => vec![Part::Powershell {
                subject: subject.clone(),
                get: get.clone(),
                set: set.clone(),
                value: value.clone(),
                values: values.clone(),
            }],
            Operation::OptionalFeature { feature } => vec![Part::Feature { feature: feature.clone() }],
            Operation::UnsharePrinters {} => vec![Part::UnsharePrinters],
            Operation::Iis6Extension { extension, file } => {
                vec![Part::Iis6Extension { extension: extension.clone(), file: file.clone() }]
            }
            Operation::ApplockerPolicy {} => vec![Part::ApplockerPolicy],
            Operation::AppControlPolicy {} => vec![Part::AppControlPolicy],
            Operation::Listener { port } => vec![Part::Listener { port: *port }],
            Operation::Canary {} => vec![Part::Canary],
        }
    }
}
