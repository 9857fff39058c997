//! The PowerShell script of a plan, for Windows 7 (PowerShell 2.0) and later: the same modes, the same saved state
//! and the same result file as the batch file. It checks updates; installing them stays with the batch file, which goes on
//! after a restart.

use super::cmd::{self, crlf};
use crate::{
    procedure::{Body, Item, Part, Procedure},
    text,
};
use std::fmt::Write;

const LIBRARY: &str = include_str!("../../templates/library.ps1");

/// The script; `None` before Windows 7, or when the plan has nothing that it does.
pub fn script(procedure: &Procedure, base: &str) -> Option<String> {
    if !cmd::has_powershell(procedure) || procedure.items.iter().all(|item| Procedure::parts(item).is_empty()) {
        return None;
    }
    let system = procedure.system.as_ref()?;
    let (from, to) = system.builds();
    let mut out = String::new();
    let _ = writeln!(
        out,
        "# Redoubt hardening script. It changes nothing before it has saved the prior state.\n# Plan: {}\n# Host: {}\n# Updates are installed by {base}.cmd.",
        procedure.plan,
        procedure.computer.as_deref().unwrap_or("(known by its product id)")
    );
    for item in &procedure.items {
        let _ = writeln!(out, "#   step {}: {}", item.step, cmd::summary(item));
    }
    out.push_str("param([ValidateSet('set', 'verify', 'undo', 'rollback')][string]$Mode = 'verify', [switch]$AnyHost, [string]$Operation = '')\n");
    let values = [
        ("Plan", procedure.plan.as_str()),
        ("HostName", procedure.computer.as_deref().unwrap_or_default()),
        ("FileHost", &cmd::file_host(procedure)),
        ("ProductId", procedure.product_id.as_deref().unwrap_or_default()),
        ("ExpectedNt", &system.nt.to_string()),
        ("ProductType", system.product_type().unwrap_or_default()),
    ];
    for (name, value) in values {
        let _ = writeln!(out, "${name} = '{}'", text::powershell_value(value));
    }
    let guarded = if procedure.forbidden_on_domain_controller() { "$true" } else { "$false" };
    let _ = writeln!(out, "$BuildMin = {from}\n$BuildMax = {to}\n$NotOnDomainController = {guarded}");
    out.push_str("$Steps = @(\n");
    let steps: Vec<String> = procedure.scripted().map(|item| step(item, base)).collect();
    out.push_str(&steps.join(",\n"));
    out.push_str("\n)\n");
    out.push_str(LIBRARY);
    Some(crlf(&out))
}

fn step(item: &Item, base: &str) -> String {
    let mut operations: Vec<String> =
        (1..).zip(Procedure::parts(item)).map(|(index, part)| operation(item.step, index, part, base)).collect();
    if let Body::Install { any_of } = &item.body {
        let kbs: Vec<String> = any_of.iter().map(ToString::to_string).collect();
        operations.push(format!("@{{ OP = '{}-1'; KIND = 'update'; OP_KBS = '{}' }}", item.step, kbs.join(" ")));
    }
    let flag = |flag: bool| if flag { "$true" } else { "$false" };
    format!(
        "    @{{ Number = {}; Action = '{}'; Temporary = {}; Reboot = {}; Operations = @(\n        {}\n    ) }}",
        item.step,
        text::powershell_value(match &item.body {
            Body::Control { control, .. } => control,
            _ => "update",
        }),
        flag(item.temporary),
        flag(item.reboot),
        operations.join(",\n        ")
    )
}

fn operation(step: u32, index: usize, part: &Part, base: &str) -> String {
    let (label, values) = cmd::call(part, base);
    let kind = match part {
        Part::ApplockerPolicy => "applocker_policy",
        Part::AppControlPolicy => "app_control_policy",
        _ => label,
    };
    let mut out = format!("@{{ OP = '{step}-{index}'; KIND = '{kind}'");
    for (name, value) in values {
        let _ = write!(out, "; {name} = '{}'", text::powershell_value(&value));
    }
    out.push_str(" }");
    out
}
