//! The control files are whole, and nothing a host says of itself gets out of the place it has in a script.
use crate::common::*;
use hardening::{Body, Controls, Nt, Options, Part, Phase, Procedure, Purpose, bundle_zip, commands, scripts, serves};
use model::*;
use proptest::prelude::*;
use words::Language;

/// One host of every system that controls speak of.
fn systems() -> Vec<Host> {
    let mut all: Vec<Host> = [
        "5.0.2195",
        "5.1.2600",
        "5.2.3790",
        "6.0.6002",
        "6.1.7601",
        "6.2.9200",
        "6.3.9600",
        "10.0.14393",
        "10.0.19045",
        "10.0.22631",
    ]
    .into_iter()
    .flat_map(|version| [Role::StandaloneWorkstation, Role::MemberServer].map(|role| host("HOST-1", version, role)))
    .collect();
    let mut old = host("HOST-1", "5.1.2600", Role::StandaloneWorkstation);
    old.facts.os.service_pack = Some(0);
    all.push(old);
    all
}

fn action_of(id: &str) -> Action {
    Action { ports: [Port::tcp(445), Port::tcp(3389)].into(), services: ["spooler".to_owned()].into(), ..control(id) }
}

#[test]
fn every_control_has_all_parts_for_every_system_it_serves() {
    for control in Controls::builtin().iter() {
        let mut served = 0;
        for language in Language::ALL {
            let title = format!("control.{}.title", control.id);
            assert!(words::template(&title, language).is_some(), "no words for {title}");
            for code in control.breaks.iter().chain(control.variants.iter().flat_map(|variant| &variant.breaks)) {
                let code = format!("control.breaks.{code}");
                assert!(words::template(&code, language).is_some(), "no words for {code}");
            }
        }
        assert!(!control.breaks.is_empty() && control.source.starts_with("https://"), "{}", control.id);
        for host in systems() {
            let plan = plan("p", &host, vec![action_of(&control.id)]);
            let procedure = Procedure::new(&host, &plan, Controls::builtin());
            let Body::Control { parts, .. } = &procedure.items[0].body else {
                assert!(
                    !serves(Controls::builtin(), &control.id, &host.facts.os),
                    "{} {:?}",
                    control.id,
                    procedure.items[0].body
                );
                continue;
            };
            served += 1;
            let nt = procedure.system.as_ref().unwrap().nt;
            let changing = parts.iter().filter(|part| !matches!(part, Part::Listener { .. } | Part::Canary));
            for part in changing {
                for phase in Phase::ALL {
                    assert!(!commands(part, phase, nt).is_empty(), "{} {phase:?} {part:?}", control.id);
                }
            }
            assert!(!scripts(&host, &plan, &Options::default()).is_empty());
        }
        assert!(served > 0, "{} serves no system", control.id);
    }
}

#[test]
fn every_variant_is_taken_by_some_system() {
    for control in Controls::builtin().iter() {
        for variant in &control.variants {
            let taken = systems().iter().any(|host| {
                let system = hardening::System::of(&host.facts.os).unwrap();
                control.variant(&system).is_some_and(|taken| taken.id == variant.id)
            });
            assert!(taken, "{} {} is never taken", control.id, variant.id);
        }
    }
}

#[test]
fn a_domain_controller_keeps_what_the_domain_needs() {
    let controller = host("DC-1", "6.1.7601", Role::PrimaryDomainController);
    let body = |action: Action| {
        let plan = plan("p", &controller, vec![action]);
        Procedure::new(&controller, &plan, Controls::builtin()).items[0].body.clone()
    };
    for port in ["tcp/88", "tcp/445", "tcp/139"] {
        assert!(matches!(body(block(&[port])), Body::NotServed { .. }), "{port}");
    }
    assert!(matches!(body(disable(&["LanmanServer"])), Body::NotServed { .. }));
    assert!(matches!(body(disable(&["spooler"])), Body::Control { .. }));
    assert!(matches!(body(block(&["tcp/3389"])), Body::Control { .. }));
}

#[test]
fn scripts_of_old_systems_call_only_programs_that_are_there() {
    let host = host("XP-1", "5.1.2600", Role::StandaloneWorkstation);
    let plan = plan("p", &host, vec![block(&["tcp/445"]), control("disable-smb1"), control("netbios-off")]);
    for file in scripts(&host, &plan, &Options::default()) {
        let text = String::from_utf8(file.bytes).unwrap();
        for line in text.lines().filter(|line| !line.starts_with("rem ") && !line.starts_with("set \"RD_")) {
            for program in ["advfirewall", "%RD_POWERSHELL%", "%RD_DISM%", "icacls", "timeout "] {
                assert!(!line.contains(program), "{}: {line}", file.name);
            }
        }
        assert_ne!(file.purpose, Purpose::PowerShell);
    }
}

#[test]
fn a_host_without_a_version_gets_no_script_and_a_reason() {
    let mut unknown = host("HOST-1", "6.1.7601", Role::MemberWorkstation);
    unknown.facts.os.version = None;
    let plan = plan("p", &unknown, vec![control("rdp-nla")]);
    assert!(scripts(&unknown, &plan, &Options::default()).is_empty());
    let procedure = Procedure::new(&unknown, &plan, Controls::builtin());
    let Body::NotServed { reason } = &procedure.items[0].body else { panic!("{:?}", procedure.items[0].body) };
    assert_eq!(reason.code, "control.system-unknown");
}

#[test]
fn a_bundle_holds_scripts_runbooks_and_a_read_me() {
    let host = host("WIN7-1", "6.1.7601", Role::MemberWorkstation);
    let plan = plan("p", &host, vec![control("disable-smb1")]);
    let exposure = HostExposure {
        host: host.id.clone(),
        system: None,
        support_ended: None,
        supported: None,
        weapons: Vec::new(),
        cves: Vec::new(),
        open_cves: 0,
        open_kev: 0,
        gaps: Vec::new(),
    };
    let bytes = bundle_zip(&host, &exposure, &plan, &Options::default()).unwrap();
    assert_eq!(
        bytes,
        bundle_zip(&host, &exposure, &plan, &Options::default()).unwrap(),
        "the same plan, the same bytes"
    );
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let names: Vec<String> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
    for wanted in [
        "redoubt-p-win7-1.cmd",
        "redoubt-p-win7-1.ps1",
        "redoubt-p-win7-1-runbook.zh-CN.pdf",
        "README.txt",
        "SHA256SUMS",
    ] {
        assert!(names.iter().any(|name| name == wanted), "no {wanted} in {names:?}");
    }
    let mut text = String::new();
    std::io::Read::read_to_string(&mut zip.by_name("README.txt").unwrap(), &mut text).unwrap();
    assert!(
        text.starts_with('\u{feff}') && text.contains("verify") && text.contains("管理员") && !text.contains("script.")
    );
}

/// Every file of a host that is hostile in every word.
fn rendered(name: &str, product_id: &str, service: &str, plan_id: &str) -> Vec<(String, String)> {
    let mut host = host(name, "6.1.7601", Role::MemberWorkstation);
    host.facts.product_id = Some(product_id.to_owned());
    host.facts.os.edition = Some(name.to_owned());
    let mut actions = vec![control("disable-smb1"), block(&["tcp/445"]), disable(&[service, "spooler"])];
    actions.push(patch(ActionKind::KeyPatch, &[4012212], true));
    let mut plan = plan(plan_id, &host, actions);
    plan.steps[0].weapons = vec![name.into()];
    let options = Options { packages: [(KbId(4012212), name.to_owned())].into() };
    scripts(&host, &plan, &options)
        .into_iter()
        .map(|file| (file.name, String::from_utf8(file.bytes).unwrap()))
        .collect()
}

fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,40}",
        "[\"'%!^&|<>()`$;\\\\\r\n a-z]{0,30}",
        Just("\"&calc&rem \"".to_owned()),
        Just("%COMSPEC% /c calc".to_owned()),
        Just("$(calc)'; calc; '".to_owned()),
        Just("\r\ncalc\r\n".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_word_of_a_host_breaks_out(name in hostile(), product in hostile(), service in hostile(), plan in hostile()) {
        let plain = rendered("HOST", "", "spooler", "plan");
        for (file, text) in rendered(&name, &product, &service, &plan) {
            prop_assert!(file.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b)), "{file}");
            prop_assert!(text.bytes().all(|b| b == b'\r' || b == b'\n' || (b' '..=b'~').contains(&b)), "{file}");
            prop_assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
            let known: std::collections::BTreeSet<&str> =
                plain.iter().flat_map(|(_, text)| text.lines()).collect();
            for line in text.lines().filter(|line| !known.contains(line)) {
                prop_assert!(harmless(line), "{file}: {line}");
            }
        }
    }
}

/// A line that differs from those of a plain host may only do so in listed letters.
fn harmless(line: &str) -> bool {
    let listed = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || " .,:/_-()?".contains(c));
    if let Some(comment) =
        line.strip_prefix("rem ").or_else(|| line.strip_prefix("# ")).or_else(|| line.strip_prefix("#  "))
    {
        return listed(&comment.replace("%SystemRoot%\\Redoubt\\", ""));
    }
    if let Some(comment) = line.strip_prefix("; ") {
        return !comment.contains('\n');
    }
    if let Some(call) = line.strip_prefix("call \"%~dp0") {
        return call
            .split_once("\" ")
            .is_some_and(|(name, rest)| listed(name) && matches!(rest, "verify %*" | "undo %*"));
    }
    if let Some((_, value)) = line.strip_prefix("set \"").and_then(|rest| rest.split_once('=')) {
        return value.strip_suffix('"').is_some_and(listed);
    }
    if let Some((name, value)) = line.strip_prefix('$').and_then(|rest| rest.split_once(" = '")) {
        return listed(name) && value.strip_suffix('\'').is_some_and(listed);
    }
    if line.trim_start().starts_with("@{ OP = '") {
        return !line.contains('"') && !line.contains('`') && line.matches('\'').count().is_multiple_of(2);
    }
    line.starts_with("call :")
        || line.starts_with("if not defined ")
        || line.starts_with(':')
        || line.starts_with("goto :op_")
}

#[test]
fn a_version_reads_as_two_numbers() {
    assert_eq!(Nt::try_from("6.1".to_owned()), Ok(Nt::WINDOWS_7));
    assert!(Nt::try_from("seven".to_owned()).is_err());
}
