//! The commands of each phase of an operation, for a person to read or to type; the scripts do the same and more.

use crate::{
    procedure::Part,
    render::cmd::protocol,
    system::{Nt, System},
};
use model::{KbId, Port};
use serde::Serialize;

/// The phases of an operation, in the order they are done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    Save,
    Set,
    ReadBack,
    Undo,
}

impl Phase {
    pub const ALL: [Phase; 4] = [Phase::Save, Phase::Set, Phase::ReadBack, Phase::Undo];
}

/// What is typed for one phase of one operation. Read-backs that change nothing have only a read-back.
pub fn commands(part: &Part, phase: Phase, nt: Nt) -> Vec<String> {
    match part {
        Part::Key { key } => key_commands(key, phase),
        Part::Value { key, name, value_type, data } => value_commands(key, name, value_type, data, phase),
        Part::PerInterface { key, prefix, name, value_type, data } => {
            value_commands(&format!(r"{key}\{prefix}{{GUID}}"), name, value_type, data, phase)
        }
        Part::Service { name, stop } => service_commands(name, *stop, phase),
        Part::FirewallOn => firewall_commands(phase),
        Part::FirewallRule { rule, port } => rule_commands(rule, port, phase),
        Part::XpFirewall { ports } => xp_commands(ports, phase),
        Part::IpsecStatic { policy, ports } => ipsec_commands(policy, ports, phase),
        Part::IpsecTool { policy, tool, ports } => {
            let tool = if *tool == crate::Tool::Ipsecpol { "ipsecpol" } else { "ipseccmd" };
            ipsec_tool_commands(tool, policy, ports, phase)
        }
        Part::Powershell { get, set, value, values, .. } => {
            let run = |text: &str| vec![format!("powershell -NoProfile -Command \"{text}\"")];
            let prior = values.iter().find(|other| *other != value).unwrap_or(value);
            match phase {
                Phase::Save | Phase::ReadBack => run(get),
                Phase::Set => run(&set.replace("{value}", value)),
                Phase::Undo => run(&set.replace("{value}", prior)),
            }
        }
        Part::Feature { feature } => vec![match phase {
            Phase::Save | Phase::ReadBack => format!("dism /english /online /get-featureinfo /featurename:{feature}"),
            Phase::Set => format!("dism /online /disable-feature /featurename:{feature} /norestart"),
            Phase::Undo => format!("dism /online /enable-feature /featurename:{feature} /all /norestart"),
        }],
        Part::UnsharePrinters => vec![match phase {
            Phase::Save | Phase::ReadBack => {
                r"reg query HKLM\SYSTEM\CurrentControlSet\Control\Print\Printers /s".to_owned()
            }
            Phase::Set => r#"rundll32 printui.dll,PrintUIEntry /Xs /n "PRINTER" attributes -shared"#.to_owned(),
            Phase::Undo => r#"rundll32 printui.dll,PrintUIEntry /Xs /n "PRINTER" attributes +shared"#.to_owned(),
        }],
        Part::Iis6Extension { extension, .. } => vec![match phase {
            Phase::Save | Phase::ReadBack => r"cscript //nologo %SystemRoot%\system32\iisext.vbs /ListFile".to_owned(),
            Phase::Set => format!(r"cscript //nologo %SystemRoot%\system32\iisext.vbs /DisExt {extension}"),
            Phase::Undo => format!(r"cscript //nologo %SystemRoot%\system32\iisext.vbs /EnExt {extension}"),
        }],
        Part::ApplockerPolicy => vec![
            match phase {
                Phase::Save => {
                    "powershell -NoProfile -Command \"Get-AppLockerPolicy -Local -Xml\" > applocker-before.xml"
                }
                Phase::Set => "powershell -NoProfile -Command \"Set-AppLockerPolicy -XmlPolicy redoubt-applocker.xml\"",
                Phase::ReadBack => "powershell -NoProfile -Command \"Get-AppLockerPolicy -Effective -Xml\"",
                Phase::Undo => "powershell -NoProfile -Command \"Set-AppLockerPolicy -XmlPolicy applocker-before.xml\"",
            }
            .to_owned(),
        ],
        Part::AppControlPolicy => vec![
            match phase {
                Phase::Save | Phase::ReadBack => "CiTool -lp -json",
                Phase::Set => "CiTool -up redoubt-policy.cip -json",
                Phase::Undo => "CiTool -rp \"{POLICY-GUID}\" -json",
            }
            .to_owned(),
        ],
        Part::Listener { .. } | Part::Canary if phase != Phase::ReadBack => Vec::new(),
        Part::Listener { port } => vec![format!("netstat -an | find \":{}\"", port.number)],
        Part::Canary => vec![
            r#"copy "%SystemRoot%\system32\hostname.exe" "%USERPROFILE%\redoubt-canary.exe""#.to_owned(),
            r#""%USERPROFILE%\redoubt-canary.exe""#.to_owned(),
        ],
    }
    .into_iter()
    .map(|line| if nt == Nt::WINDOWS_2000 { line.replace("reg query", "reg.exe query") } else { line })
    .collect()
}

/// Installing one update, and seeing that it is there.
pub fn update(kb: KbId, phase: Phase, system: &System) -> Vec<String> {
    let number = kb.0;
    match phase {
        Phase::Set if system.nt >= Nt::VISTA => vec![format!("wusa *kb{number}*.msu /quiet /norestart")],
        Phase::Set => vec![format!("*kb{number}*.exe /quiet /norestart")],
        Phase::ReadBack if system.nt == Nt::WINDOWS_2000 => {
            vec![format!(r#"reg query "HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\HotFix\KB{number}""#)]
        }
        Phase::ReadBack => vec![format!("wmic qfe get HotFixID | find \"KB{number}\"")],
        Phase::Save | Phase::Undo => Vec::new(),
    }
}

fn key_commands(key: &str, phase: Phase) -> Vec<String> {
    vec![match phase {
        Phase::Save | Phase::ReadBack => format!("reg query \"{key}\""),
        Phase::Set => format!("reg add \"{key}\" /f"),
        Phase::Undo => format!("reg delete \"{key}\" /f"),
    }]
}

fn value_commands(key: &str, name: &str, value_type: &str, data: &str, phase: Phase) -> Vec<String> {
    vec![match phase {
        Phase::Save | Phase::ReadBack => format!("reg query \"{key}\" /v {name}"),
        Phase::Set => format!("reg add \"{key}\" /v {name} /t {value_type} /d \"{data}\" /f"),
        Phase::Undo => format!("reg delete \"{key}\" /v {name} /f"),
    }]
}

fn service_commands(name: &str, stop: bool, phase: Phase) -> Vec<String> {
    let query =
        [format!(r"reg query HKLM\SYSTEM\CurrentControlSet\Services\{name} /v Start"), format!("sc query {name}")];
    match phase {
        Phase::Save | Phase::ReadBack => query.into(),
        Phase::Set if stop => vec![format!("sc config {name} start= disabled"), format!("net stop {name} /y")],
        Phase::Set => vec![format!("sc config {name} start= disabled")],
        Phase::Undo => vec![format!("sc config {name} start= auto"), format!("net start {name}")],
    }
}

fn firewall_commands(phase: Phase) -> Vec<String> {
    vec![
        match phase {
            Phase::Save | Phase::ReadBack => "netsh advfirewall show allprofiles state",
            Phase::Set => "netsh advfirewall set allprofiles state on",
            Phase::Undo => "netsh advfirewall set allprofiles state off",
        }
        .to_owned(),
    ]
}

fn rule_commands(rule: &str, port: &Port, phase: Phase) -> Vec<String> {
    let protocol = protocol(port);
    vec![match phase {
        Phase::Save | Phase::ReadBack => format!("netsh advfirewall firewall show rule name={rule} verbose"),
        Phase::Set => format!(
            "netsh advfirewall firewall add rule name={rule} dir=in action=block protocol={protocol} localport={} profile=any",
            port.number
        ),
        Phase::Undo => format!("netsh advfirewall firewall delete rule name={rule}"),
    }]
}

fn xp_commands(ports: &[Port], phase: Phase) -> Vec<String> {
    match phase {
        Phase::Save | Phase::ReadBack => {
            vec!["netsh firewall show opmode".to_owned(), "netsh firewall show portopening".to_owned()]
        }
        Phase::Set => {
            let mut lines = vec!["netsh firewall set opmode mode=enable exceptions=enable profile=all".to_owned()];
            if ports.iter().any(|port| matches!(port.number, 137..=139 | 445)) {
                lines.push("netsh firewall set service type=fileandprint mode=disable profile=all".to_owned());
            }
            lines.extend(ports.iter().map(|port| {
                format!(
                    "netsh firewall delete portopening protocol={} port={} profile=all",
                    protocol(port),
                    port.number
                )
            }));
            lines
        }
        Phase::Undo => vec![
            "netsh firewall set service type=fileandprint mode=enable profile=all".to_owned(),
            "netsh firewall set opmode mode=disable profile=all".to_owned(),
        ],
    }
}

fn ipsec_commands(policy: &str, ports: &[Port], phase: Phase) -> Vec<String> {
    match phase {
        Phase::Save | Phase::ReadBack => vec!["netsh ipsec static show all".to_owned()],
        Phase::Set => {
            let mut lines = vec![
                format!("netsh ipsec static add policy name={policy}"),
                format!("netsh ipsec static add filterlist name={policy}-ports"),
            ];
            lines.extend(ports.iter().map(|port| {
                format!(
                    "netsh ipsec static add filter filterlist={policy}-ports srcaddr=any dstaddr=me protocol={} srcport=0 dstport={} mirrored=no",
                    protocol(port),
                    port.number
                )
            }));
            lines.push(format!("netsh ipsec static add filteraction name={policy}-block action=block"));
            lines.push(format!(
                "netsh ipsec static add rule name={policy}-rule policy={policy} filterlist={policy}-ports filteraction={policy}-block"
            ));
            lines.push(format!("netsh ipsec static set policy name={policy} assign=y"));
            lines
        }
        Phase::Undo => vec![
            format!("netsh ipsec static set policy name={policy} assign=n"),
            format!("netsh ipsec static delete policy name={policy}"),
        ],
    }
}

fn ipsec_tool_commands(tool: &str, policy: &str, ports: &[Port], phase: Phase) -> Vec<String> {
    let filters: Vec<_> = ports.iter().map(|port| format!("*=0:{}:{}", port.number, protocol(port))).collect();
    vec![match phase {
        Phase::Save | Phase::ReadBack => {
            r"reg query HKLM\SOFTWARE\Policies\Microsoft\Windows\IPSec\Policy\Local /v ActivePolicy".to_owned()
        }
        Phase::Set => format!("{tool} -w REG -p {policy} -r {policy}-rule -f {} -n BLOCK -x", filters.join(" ")),
        Phase::Undo => format!("{tool} -w REG -p {policy} -y"),
    }]
}
