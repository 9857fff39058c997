//! The PowerShell renderings parse: no machine here runs PowerShell, so a grammar of the language reads every script.
//!
//! This holds the syntax, not the behaviour; the batch files do the same work and run under Wine.
use crate::common::*;
use hardening::{Options, scripts};
use model::*;

/// Where a script does not parse, by line and text.
fn faults(script: &str) -> Vec<String> {
    let mut parser = tree_sitter::Parser::new();
    parser.set_language(&tree_sitter_powershell::LANGUAGE.into()).unwrap();
    let tree = parser.parse(script, None).unwrap();
    let (mut faults, mut open) = (Vec::new(), vec![tree.root_node()]);
    while let Some(node) = open.pop() {
        if node.is_error() || node.is_missing() {
            let text: String = script[node.byte_range()].chars().take(80).collect();
            faults.push(format!("line {}: {} `{text}`", node.start_position().row + 1, node.kind()));
        } else if node.has_error() {
            let mut cursor = node.walk();
            open.extend(node.children(&mut cursor));
        }
    }
    faults
}

fn powershell(host: &Host, actions: Vec<Action>) -> String {
    let plan = plan("p-1", host, actions);
    let files = scripts(host, &plan, &Options::default());
    let script = files.into_iter().find(|file| file.name.ends_with(".ps1")).unwrap();
    String::from_utf8(script.bytes).unwrap().replace("\r\n", "\n")
}

#[test]
fn every_control_on_every_system_gives_a_script_that_parses() {
    let controls = [
        "disable-smb1",
        "smb1-client-off",
        "smb2-off",
        "netbios-off",
        "rdp-nla",
        "rdp-deny",
        "unshare-printers",
        "allow-list",
        "app-control",
    ];
    let systems = [
        ("6.1.7601", Role::MemberWorkstation),
        ("6.1.7601", Role::MemberServer),
        ("6.2.9200", Role::MemberServer),
        ("6.3.9600", Role::PrimaryDomainController),
        ("10.0.14393", Role::MemberWorkstation),
        ("10.0.22631", Role::StandaloneWorkstation),
    ];
    let mut read = 0;
    for (version, role) in systems {
        let host = host("PC-1", version, role);
        for control_id in controls {
            let plan = plan("p-1", &host, vec![control(control_id)]);
            let files = scripts(&host, &plan, &Options::default());
            for file in files.iter().filter(|file| file.name.ends_with(".ps1")) {
                let script = String::from_utf8(file.bytes.clone()).unwrap();
                assert_eq!(faults(&script), [""; 0], "{control_id} on {version}");
                read += 1;
            }
        }
        let all = powershell(
            &host,
            vec![
                block(&["tcp/3389", "udp/137"]),
                disable(&["Spooler"]),
                patch(ActionKind::KeyPatch, &[4012212, 4012215], true),
                action(ActionKind::RollBack),
            ],
        );
        assert_eq!(faults(&all), [""; 0], "{version}");
    }
    assert!(read > 20, "{read} scripts");
}

#[test]
fn a_name_with_quotes_stays_one_string() {
    for name in ["it's $(x) `n", "a'; Remove-Item x #", "\u{2019}quote\u{2018}", "@'\nx\n'@"] {
        let script = powershell(&host(name, "10.0.19045", Role::StandaloneWorkstation), vec![control("rdp-nla")]);
        assert_eq!(faults(&script), [""; 0], "{name}");
    }
}

/// The reader of faults sees them: without this, a grammar that accepts anything would pass.
#[test]
fn a_broken_script_is_found() {
    let script = powershell(&host("PC-1", "10.0.19045", Role::StandaloneWorkstation), vec![control("rdp-nla")]);
    assert!(!faults(&script.replacen("function Say(", "function Say((", 1)).is_empty());
    assert!(!faults(&script.replacen("\n$Steps = @(", "\n$Steps = @((", 1)).is_empty());
    assert!(!faults("$x = 'open").is_empty());
}
