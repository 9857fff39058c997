//! Batch files: one per plan, with the modes `set`, `verify`, `undo` and `rollback`.
//!
//! A script is a head with the plan's values, the fixed text of `templates/*.cmd`, and one subroutine for each step
//! and operation. Only values that passed [`crate::text`] enter it; it is ASCII with CRLF line ends.

use crate::{
    Options,
    control::Tool,
    procedure::{Body, Item, Part, Procedure},
    system::Nt,
    text,
};
use model::{Arch, Port, Transport};
use std::{collections::BTreeSet, fmt::Write};

const MAIN: &str = include_str!("../../templates/main.cmd");
const OPERATIONS: &str = include_str!("../../templates/operations.cmd");

/// The parts of the fixed text that only some operations need.
const LIBRARIES: &[(Library, &str)] = &[
    (Library::Advfirewall, include_str!("../../templates/advfirewall.cmd")),
    (Library::XpFirewall, include_str!("../../templates/xp-firewall.cmd")),
    (Library::Ipsec, include_str!("../../templates/ipsec.cmd")),
    (Library::Powershell, include_str!("../../templates/powershell.cmd")),
    (Library::Features, include_str!("../../templates/features.cmd")),
    (Library::Printers, include_str!("../../templates/printers.cmd")),
    (Library::Iis6, include_str!("../../templates/iis6.cmd")),
    (Library::Updates, include_str!("../../templates/updates.cmd")),
];

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Library {
    Advfirewall,
    XpFirewall,
    Ipsec,
    Powershell,
    Features,
    Printers,
    Iis6,
    Updates,
}

/// The batch file of a procedure. `base` is the name its companions share.
pub fn script(procedure: &Procedure, base: &str, options: &Options) -> String {
    let mut out = String::new();
    head(&mut out, procedure);
    out.push_str(MAIN);
    checks(&mut out, procedure);
    runs(&mut out, procedure);
    steps(&mut out, procedure, base, options);
    out.push_str(OPERATIONS);
    let needed = libraries(procedure);
    for (library, text) in LIBRARIES {
        if needed.contains(library) {
            out.push('\n');
            out.push_str(text);
        }
    }
    crlf(&out)
}

/// A batch file that calls the plan's script in one mode, for a double click.
pub fn wrapper(procedure: &Procedure, base: &str, mode: &str) -> String {
    let plan = &procedure.plan;
    crlf(&format!(
        "@echo off\nrem Redoubt plan {plan}: runs {base}.cmd {mode}\ncall \"%~dp0{base}.cmd\" {mode} %*\nset \"RD_EXIT=%errorlevel%\"\npause\nexit /b %RD_EXIT%\n"
    ))
}

/// Batch files of older systems only jump reliably with CRLF line ends.
pub fn crlf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', "\r\n")
}

fn head(out: &mut String, procedure: &Procedure) {
    let computer = procedure.computer.as_deref().unwrap_or_default();
    let plan = &procedure.plan;
    out.push_str("@echo off\n");
    let _ = writeln!(out, "rem Redoubt hardening script. It changes nothing before it has saved the prior state.");
    let _ = writeln!(out, "rem Plan: {plan}");
    let _ = writeln!(out, "rem Host: {}", if computer.is_empty() { "(known by its product id)" } else { computer });
    let _ = writeln!(out, "rem It changes:");
    for item in &procedure.items {
        let _ = writeln!(out, "rem   step {}: {}", item.step, summary(item));
    }
    let _ = writeln!(out, "rem Saved state and result: %SystemRoot%\\Redoubt\\{plan}");
    out.push_str("setlocal enableextensions disabledelayedexpansion\n");
    set(out, "RD_PLAN", plan);
    set(out, "RD_HOST", computer);
    set(out, "RD_FILEHOST", &file_host(procedure));
    set(out, "RD_PRODUCT_ID", procedure.product_id.as_deref().unwrap_or_default());
    if let Some(system) = &procedure.system {
        let (from, to) = system.builds();
        set(out, "RD_NT", &system.nt.to_string());
        set(out, "RD_BUILD_MIN", &from.to_string());
        set(out, "RD_BUILD_MAX", &to.to_string());
        set(out, "RD_TYPE", system.product_type().unwrap_or_default());
        set(out, "RD_ARCH", system.arch.map(arch).unwrap_or_default());
    }
    set(out, "RD_NOT_ON_DC", if procedure.forbidden_on_domain_controller() { "1" } else { "" });
}

/// The host's part of a file name.
pub fn file_host(procedure: &Procedure) -> String {
    procedure.computer.as_deref().map_or_else(|| "host".to_owned(), text::slug)
}

fn arch(arch: Arch) -> &'static str {
    match arch {
        Arch::X86 => "x86",
        Arch::X64 => "x64",
        Arch::Ia64 => "ia64",
        Arch::Arm64 => "arm64",
    }
}

/// What a step changes, in plain ASCII.
pub fn summary(item: &Item) -> String {
    let weapons: Vec<_> = item.weapons.iter().map(|weapon| weapon.as_str()).collect();
    let what = match &item.body {
        Body::Control { control, variant, parts, .. } => {
            let named: Vec<_> = parts.iter().filter_map(subject).collect();
            let more = if named.len() > 6 { ", ..." } else { "" };
            format!("{control} ({variant}) {}{more}", named[..named.len().min(6)].join(", "))
        }
        Body::Install { any_of } => {
            let kbs: Vec<_> = any_of.iter().map(ToString::to_string).collect();
            format!("install {}", kbs.join(" or "))
        }
        Body::RollBack { .. } => "roll back the temporary changes, by hand with mode rollback".to_owned(),
        Body::Manual => format!("{}, by hand", kind(item)),
        Body::NotServed { .. } => format!("{}, not possible by script on this system", kind(item)),
    };
    let temporary = if item.temporary { ", temporary" } else { "" };
    text::plain(&format!("{} - against {}{temporary}", what.trim(), weapons.join(", ")))
}

fn kind(item: &Item) -> String {
    serde_json::to_value(item.action).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn subject(part: &Part) -> Option<String> {
    Some(match part {
        Part::Value { name, .. } | Part::PerInterface { name, .. } => name.clone(),
        Part::Service { name, .. } => format!("service {name}"),
        Part::FirewallRule { port, .. } => port.to_string(),
        Part::XpFirewall { ports } | Part::IpsecStatic { ports, .. } | Part::IpsecTool { ports, .. } => {
            ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        }
        Part::FirewallOn => "firewall on".to_owned(),
        Part::Powershell { subject, value, .. } => format!("{subject} {value}"),
        Part::Feature { feature } => format!("feature {feature}"),
        Part::Iis6Extension { extension, .. } => extension.clone(),
        _ => return None,
    })
}

fn checks(out: &mut String, procedure: &Procedure) {
    out.push_str("\n:check_tools\n");
    for tool in procedure.tools() {
        let (variable, name) = tool_variable(tool);
        let _ = writeln!(out, "call :need \"%{variable}%\" {name}");
    }
    out.push_str("exit /b 0\n");
}

fn tool_variable(tool: Tool) -> (&'static str, &'static str) {
    match tool {
        Tool::Reg => ("RD_REG", "reg"),
        Tool::Sc => ("RD_SC", "sc"),
        Tool::Netsh => ("RD_NETSH", "netsh"),
        Tool::Powershell => ("RD_POWERSHELL", "powershell"),
        Tool::Dism => ("RD_DISM", "dism"),
        Tool::Cscript => ("RD_CSCRIPT", "cscript"),
        Tool::Iisext => ("RD_IISEXT", "iisext"),
        Tool::Ipseccmd => ("RD_IPSECCMD", "ipseccmd"),
        Tool::Ipsecpol => ("RD_IPSECPOL", "ipsecpol"),
        Tool::Rundll32 => ("RD_RUNDLL32", "rundll32"),
        Tool::Citool => ("RD_CITOOL", "citool"),
    }
}

/// The order of the steps: forward for set and verify, backward for undo.
fn runs(out: &mut String, procedure: &Procedure) {
    out.push_str("\n:run_forward\n");
    for item in &procedure.items {
        let _ = writeln!(out, "if not defined RD_STOP call :step_{}", item.step);
    }
    out.push_str("exit /b 0\n\n:run_backward\n");
    for item in procedure.items.iter().rev() {
        let only = if item.temporary { "" } else { "if not defined RD_ONLY_TEMPORARY " };
        let _ = writeln!(out, "{only}call :undo_{}", item.step);
    }
    out.push_str("exit /b 0\n");
}

fn steps(out: &mut String, procedure: &Procedure, base: &str, options: &Options) {
    for item in &procedure.items {
        step(out, item, base, options);
    }
    out.push('\n');
}

fn step(out: &mut String, item: &Item, base: &str, options: &Options) {
    let number = item.step;
    let _ = writeln!(out, "\nrem ---- step {number}: {}", summary(item));
    let title = match &item.body {
        Body::Control { control, .. } => control.clone(),
        _ => kind(item),
    };
    let calls: Vec<Vec<String>> = match &item.body {
        Body::Control { parts, .. } => {
            (1..).zip(parts).map(|(index, part)| operation(number, index, part, base)).collect()
        }
        Body::Install { any_of } => vec![update(number, any_of, item.reboot, options)],
        _ => Vec::new(),
    };
    for (label, backward) in [("step", false), ("undo", true)] {
        let _ = writeln!(out, ":{label}_{number}\ncall :begin {number} \"{}\"", text::plain(&title));
        let mut order: Vec<usize> = (0..calls.len()).collect();
        if backward {
            order.reverse();
        }
        for index in order {
            let _ = writeln!(out, "call :op_{number}_{}", index + 1);
        }
        if let Some(reason) = by_hand(&item.body) {
            let _ = writeln!(out, "call :by_hand {reason}");
        }
        // An update says itself when it needs the restart.
        if item.reboot && !matches!(item.body, Body::Install { .. }) && !calls.is_empty() {
            out.push_str("call :restart_later\n");
        }
        out.push_str("call :end\nexit /b 0\n");
    }
    for (index, lines) in calls.iter().enumerate() {
        let _ = writeln!(out, ":op_{number}_{}\n{}", index + 1, lines.join("\n"));
    }
}

fn by_hand(body: &Body) -> Option<&'static str> {
    match body {
        Body::RollBack { .. } => Some("run-mode-rollback"),
        Body::Manual => Some("by-hand"),
        Body::NotServed { .. } => Some("no-script-for-this-system"),
        Body::Control { .. } | Body::Install { .. } => None,
    }
}

fn update(step: u32, any_of: &[model::KbId], reboot: bool, options: &Options) -> Vec<String> {
    let numbers: Vec<String> = any_of.iter().map(|kb| kb.0.to_string()).collect();
    let hashes: Vec<String> = any_of
        .iter()
        .filter_map(|kb| options.packages.get(kb).map(|hash| (kb, hash)))
        .filter(|(_, hash)| hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()))
        .map(|(kb, hash)| format!("{}-{hash}", kb.0))
        .collect();
    let mut lines = Vec::new();
    push(&mut lines, "OP", &format!("{step}-1"));
    push(&mut lines, "OP_KBS", &numbers.join(" "));
    push(&mut lines, "OP_HASHES", &hashes.join(" "));
    push(&mut lines, "OP_REBOOT", if reboot { "1" } else { "" });
    lines.push("goto :op_update".to_owned());
    lines
}

/// The lines that bind an operation's values and jump to the subroutine that does it.
fn operation(step: u32, index: usize, part: &Part, base: &str) -> Vec<String> {
    let mut lines = Vec::new();
    push(&mut lines, "OP", &format!("{step}-{index}"));
    let (label, values) = call(part, base);
    for (name, value) in values {
        push(&mut lines, name, &value);
    }
    lines.push(format!("goto :op_{label}"));
    lines
}

pub type Values = Vec<(&'static str, String)>;

pub fn call(part: &Part, base: &str) -> (&'static str, Values) {
    let one = |flag: bool| if flag { "1".to_owned() } else { String::new() };
    match part {
        Part::Key { key } => ("registry_key", vec![("OP_KEY", key.clone())]),
        Part::Value { key, name, value_type, data } => ("registry_value", value(key, name, value_type, data)),
        Part::PerInterface { key, prefix, name, value_type, data } => {
            let mut values = value(key, name, value_type, data);
            values.push(("OP_PREFIX", prefix.clone()));
            ("registry_value_per_interface", values)
        }
        Part::Service { name, stop } => ("service", vec![("OP_SERVICE", name.clone()), ("OP_STOP", one(*stop))]),
        Part::FirewallOn => ("firewall_on", Vec::new()),
        Part::FirewallRule { rule, port } => (
            "firewall_rule",
            vec![
                ("OP_RULE", rule.clone()),
                ("OP_PROTOCOL", protocol(port).to_owned()),
                ("OP_PROTOCOL_NUMBER", if port.transport == Transport::Udp { "17" } else { "6" }.to_owned()),
                ("OP_PORT", port.number.to_string()),
            ],
        ),
        Part::XpFirewall { ports } => (
            "xp_firewall",
            vec![
                ("OP_PORTS", port_list(ports)),
                ("OP_FILE_SHARING", one(ports.iter().any(|port| matches!(port.number, 137..=139 | 445)))),
                ("OP_REMOTE_DESKTOP", one(ports.contains(&Port::tcp(3389)))),
            ],
        ),
        Part::IpsecStatic { policy, ports } => {
            ("ipsec_static", vec![("OP_POLICY", policy.clone()), ("OP_PORTS", port_list(ports))])
        }
        Part::IpsecTool { policy, tool, ports } => {
            let (variable, _) = tool_variable(*tool);
            let values = vec![
                ("OP_POLICY", policy.clone()),
                ("OP_PORTS", port_list(ports)),
                // The one value that is another variable.
                ("OP_TOOL", format!("%{variable}%")),
            ];
            ("ipsec_tool", values)
        }
        Part::Powershell { get, set, value, values, .. } => (
            "powershell_value",
            vec![
                ("OP_GET", get.clone()),
                ("OP_SET", set.replace("{value}", value)),
                ("OP_UNSET", set.replace("{value}", values.iter().find(|other| *other != value).unwrap_or(value))),
                ("OP_VALUE", value.clone()),
                ("OP_VALUES", values.join(" ")),
            ],
        ),
        Part::Feature { feature } => ("optional_feature", vec![("OP_FEATURE", feature.clone())]),
        Part::UnsharePrinters => ("unshare_printers", Vec::new()),
        Part::Iis6Extension { extension, file } => {
            ("iis6_extension", vec![("OP_EXTENSION", extension.clone()), ("OP_FILE", file.clone())])
        }
        Part::ApplockerPolicy | Part::AppControlPolicy => {
            ("powershell_script", vec![("OP_SCRIPT", format!("{base}.ps1"))])
        }
        Part::Listener { port } => ("listener", vec![("OP_PORT", port.number.to_string())]),
        Part::Canary => ("canary", Vec::new()),
    }
}

fn value(key: &str, name: &str, value_type: &str, data: &str) -> Values {
    vec![
        ("OP_KEY", key.to_owned()),
        ("OP_NAME", name.to_owned()),
        ("OP_TYPE", value_type.to_owned()),
        ("OP_DATA", data.to_owned()),
    ]
}

pub fn protocol(port: &Port) -> &'static str {
    if port.transport == Transport::Udp { "UDP" } else { "TCP" }
}

fn port_list(ports: &[Port]) -> String {
    ports.iter().map(|port| format!("{}-{}", protocol(port), port.number)).collect::<Vec<_>>().join(" ")
}

fn push(lines: &mut Vec<String>, name: &str, value: &str) {
    // OP_TOOL names a variable of the script itself.
    let value = if name == "OP_TOOL" { value.to_owned() } else { text::batch_value(value) };
    lines.push(format!("set \"{name}={value}\""));
}

fn set(out: &mut String, name: &str, value: &str) {
    let _ = writeln!(out, "set \"{name}={}\"", text::batch_value(value));
}

fn libraries(procedure: &Procedure) -> BTreeSet<Library> {
    let mut needed = BTreeSet::new();
    if procedure.installs() {
        needed.insert(Library::Updates);
    }
    for part in procedure.items.iter().flat_map(Procedure::parts) {
        needed.extend(match part {
            Part::FirewallOn | Part::FirewallRule { .. } => Some(Library::Advfirewall),
            Part::XpFirewall { .. } => Some(Library::XpFirewall),
            Part::IpsecStatic { .. } | Part::IpsecTool { .. } => Some(Library::Ipsec),
            Part::Powershell { .. } | Part::ApplockerPolicy | Part::AppControlPolicy => Some(Library::Powershell),
            Part::Feature { .. } => Some(Library::Features),
            Part::UnsharePrinters => Some(Library::Printers),
            Part::Iis6Extension { .. } => Some(Library::Iis6),
            _ => None,
        });
    }
    needed
}

/// Whether the system has PowerShell by itself.
pub fn has_powershell(procedure: &Procedure) -> bool {
    procedure.system.as_ref().is_some_and(|system| system.nt >= Nt::WINDOWS_7)
}
