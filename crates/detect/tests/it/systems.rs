//! Weapons against made hosts of every kind: what a bulletin says of a system, with and without its fix.

use knowledge::Knowledge;
use model::*;

fn day() -> jiff::civil::Date {
    jiff::civil::date(2026, 11, 23)
}

/// A host of a system of the knowledge base with a complete list of these updates.
fn host(system: &str, installed: &[u32]) -> Host {
    let system = Knowledge::builtin().systems.get(system).unwrap_or_else(|| panic!("no system `{system}`"));
    let os = OsFacts {
        product: Some(system.product.clone()),
        version: Some(system.version.clone()),
        build: system.builds.first().copied(),
        service_pack: system.service_pack,
        arch: Some(system.arch),
        family: system.family,
        basis: OsBasis::Stated,
        role: Some(match system.family {
            Some(Family::Client) => Role::StandaloneWorkstation,
            _ => Role::StandaloneServer,
        }),
        ..OsFacts::default()
    };
    let mut facts = HostFacts { os, ..HostFacts::default() };
    facts.updates = UpdateList {
        known: true,
        complete: true,
        installed: installed.iter().copied().map(KbId).collect(),
        ..UpdateList::default()
    };
    Host {
        id: HostId::from("h"),
        facts,
        provenance: Default::default(),
        sources: vec![],
        conflicts: vec![],
        oddities: vec![],
    }
}

fn exposure(host: &Host, weapon: &str) -> Exposure {
    let all = detect::weapons(host, Knowledge::builtin());
    all.into_iter().find(|exposure| exposure.weapon.as_str() == weapon).unwrap()
}

fn state(host: &Host, weapon: &str) -> ExposureState {
    exposure(host, weapon).state
}

use ExposureState::{Fixed, NotAffected, Open, Unknown};

#[test]
fn smb1_flaw_by_system() {
    for (system, kbs, want) in [
        ("xp-sp3-x86", &[][..], Open),
        ("xp-sp3-x86", &[4012598], Fixed),
        ("xp-sp3-x86", &[4486465], Fixed),
        ("xp-sp3-x86", &[4500331], Open),
        ("2003-sp2-x64", &[4018466], Fixed),
        ("vista-sp2-x64", &[4012598], Fixed),
        ("vista-sp2-x64", &[], Open),
        ("2008-sp2-x86", &[], Open),
        ("7-sp0-x64", &[], Open),
        ("7-sp1-x64", &[4012212], Fixed),
        ("7-sp1-x64", &[4012218], Fixed),
        ("7-sp1-x64", &[4019263], Fixed),
        ("7-sp1-x64", &[4015549], Fixed),
        ("7-sp1-x64", &[4015546], Open),
        // June 2017's security-only update mends no flaw of the SMB server; October 2017's and June 2020's do.
        ("7-sp1-x64", &[4022722], Open),
        ("7-sp1-x64", &[4041678], Fixed),
        ("2008r2-sp1-x64", &[4561669], Fixed),
        ("2008r2-sp1-x64", &[5073695], Fixed),
        ("2012", &[4489891], Fixed),
        ("2012r2", &[4561673], Fixed),
        // The rollups of Server 2008 SP2 prove nothing before June 2020.
        ("2008-sp2-x64", &[4458010], Open),
        ("2008-sp2-x64", &[4556860], Open),
        ("2008-sp2-x64", &[4561670], Fixed),
        ("2008-sp2-x64", &[5073697], Fixed),
        ("vista-sp2-x86", &[4041995], Fixed),
        ("2008r2-sp1-x64", &[4013389], Open),
        ("8-x64", &[4012598], Fixed),
        ("8-x64", &[], Open),
        ("2012", &[4012214], Fixed),
        ("2012", &[4015548], Open),
        ("2012r2", &[4012213], Fixed),
        ("2012r2", &[4015547], Open),
        ("8.1-x86", &[4015550], Fixed),
        ("10-1507-x64", &[], Open),
        ("10-1507-x64", &[4012606], Fixed),
        ("10-1511-x64", &[4013198], Fixed),
        ("10-1511-x86", &[], Open),
        ("10-1607-x64", &[], Open),
        ("2016", &[4013429], Fixed),
        ("10-1703-x64", &[], NotAffected),
        ("2019", &[], NotAffected),
        ("11-24h2-x64", &[], NotAffected),
        ("2000-sp4", &[], Open),
    ] {
        for weapon in ["eternalblue", "eternalromance", "eternalsynergy", "eternalchampion"] {
            assert_eq!(state(&host(system, kbs), weapon), want, "{weapon} on {system} with {kbs:?}");
        }
    }
}

#[test]
fn older_flaws_by_system() {
    for (weapon, system, kbs, want) in [
        ("eclipsedwing", "2000-sp4", &[][..], Open),
        ("eclipsedwing", "xp-sp3-x86", &[958644], Fixed),
        ("eclipsedwing", "vista-sp2-x64", &[], NotAffected),
        ("eclipsedwing", "vista-sp1-x64", &[], Open),
        ("eclipsedwing", "2008-sp2-x64", &[], NotAffected),
        ("eclipsedwing", "7-sp0-x86", &[], NotAffected),
        ("educatedscholar", "vista-sp2-x64", &[], Open),
        ("educatedscholar", "vista-sp0-x86", &[975517], Fixed),
        ("educatedscholar", "2008-sp2-x64", &[2536275], Fixed),
        ("educatedscholar", "7-sp0-x64", &[], NotAffected),
        ("emeraldthread", "7-sp0-x64", &[], Open),
        ("emeraldthread", "2008r2-sp0-x64", &[2347290], Fixed),
        ("emeraldthread", "2008r2-sp1-x64", &[], NotAffected),
        ("emeraldthread", "2008-sp2-x64", &[], Open),
        ("emeraldthread", "8-x64", &[], NotAffected),
        ("esteemaudit", "xp-sp3-x86", &[4022747], Fixed),
        ("esteemaudit", "2003-sp2-x86", &[], Open),
        ("esteemaudit", "vista-sp2-x86", &[], NotAffected),
        ("erraticgopher", "2003-sp2-x86", &[4024323], Fixed),
        ("erraticgopher", "xp-sp3-x86", &[], Open),
        ("erraticgopher", "2000-sp4", &[], Unknown),
        ("explodingcan", "2003-sp2-x64", &[], Open),
        ("explodingcan", "2003-sp2-x64", &[3197835], Fixed),
        ("explodingcan", "xp-sp3-x86", &[], NotAffected),
        ("explodingcan", "2008-sp2-x64", &[], NotAffected),
    ] {
        assert_eq!(state(&host(system, kbs), weapon), want, "{weapon} on {system} with {kbs:?}");
    }
}

#[test]
fn a_weapon_for_domain_controllers_asks_for_the_role() {
    let with = |system: &str, kbs: &[u32], role: Option<Role>| {
        let mut host = host(system, kbs);
        host.facts.os.role = role;
        host
    };
    let dc = Some(Role::PrimaryDomainController);
    for (system, kbs, role, want, patch) in [
        ("2008r2-sp1-x64", &[][..], dc, Open, PatchState::Missing),
        ("2008r2-sp1-x64", &[3011780], dc, Fixed, PatchState::Installed),
        ("2008r2-sp1-x64", &[3011780], Some(Role::MemberServer), NotAffected, PatchState::Installed),
        ("2008r2-sp1-x64", &[], None, Unknown, PatchState::Missing),
        ("2008r2-sp1-x64", &[3011780], None, Fixed, PatchState::Installed),
        ("2012", &[], Some(Role::BackupDomainController), Open, PatchState::Missing),
        ("2016", &[], dc, NotAffected, PatchState::NotApplicable),
        ("2000-sp4", &[], dc, Open, PatchState::NoneExists),
        ("2003-sp1-x86", &[], dc, Open, PatchState::Missing),
        ("7-sp1-x64", &[], None, NotAffected, PatchState::Missing),
        ("10-22h2-x64", &[], None, NotAffected, PatchState::NotApplicable),
    ] {
        let got = exposure(&with(system, kbs, role), "eskimoroll");
        assert_eq!((got.state, got.patch), (want, patch), "{system} {role:?}: {:?}", got.why);
    }
    assert_eq!(state(&with("2022", &[], dc), "zippybeer"), Open);
    assert_eq!(state(&with("2022", &[], None), "zippybeer"), Unknown);
    assert_eq!(state(&with("2022", &[], Some(Role::MemberServer)), "zippybeer"), NotAffected);
}

#[test]
fn a_file_version_or_a_build_revision_decides_where_the_list_does_not() {
    let mut seven = host("7-sp1-x64", &[]);
    seven.facts.updates = UpdateList::default();
    assert_eq!(state(&seven, "eternalblue"), Unknown);
    let srv = |host: &mut Host, version: &str| {
        host.facts.files.insert("system32\\drivers\\srv.sys".into(), version.into());
    };
    srv(&mut seven, "6.1.7601.23689");
    assert_eq!(state(&seven, "eternalblue"), Fixed);
    srv(&mut seven, "6.1.7601.17514");
    assert_eq!(state(&seven, "eternalblue"), Open, "an old file proves that the fix is missing");
    srv(&mut seven, "no version");
    assert_eq!(state(&seven, "eternalblue"), Unknown);

    // Two servicing branches: what is new enough for one is too old for the other.
    let mut vista = host("vista-sp2-x86", &[]);
    for (version, want) in [("6.0.6002.19743", Fixed), ("6.0.6002.23000", Open), ("6.0.6002.24067", Fixed)] {
        srv(&mut vista, version);
        assert_eq!(state(&vista, "eternalblue"), want, "{version}");
    }

    let mut ten = host("10-1607-x64", &[]);
    ten.facts.updates = UpdateList::default();
    for (ubr, want) in [(953, Fixed), (952, Open), (8000, Fixed)] {
        ten.facts.os.ubr = Some(ubr);
        assert_eq!(state(&ten, "eternalblue"), want, "14393.{ubr}");
    }
}

#[test]
fn a_listed_fix_with_an_old_file_is_told_as_a_conflict() {
    let mut seven = host("7-sp1-x64", &[4012212]);
    seven.facts.files.insert("system32\\drivers\\srv.sys".into(), "6.1.7601.17514".into());
    let got = exposure(&seven, "eternalblue");
    assert_eq!(got.state, Fixed);
    assert!(got.why.iter().any(|why| why.code == "exposure.conflict-file-old"), "{:?}", got.why);
}

#[test]
fn a_partly_known_system_is_never_taken_for_a_safe_one() {
    let mut host = host("7-sp1-x64", &[]);
    host.facts.os.service_pack = None;
    host.facts.os.build = None;
    host.facts.os.version = None;
    assert_eq!(state(&host, "emeraldthread"), Unknown, "7 without a service pack is open, with one it is not");
    assert_eq!(state(&host, "eternalblue"), Open, "open on all it can be");
    assert_eq!(state(&host, "esteemaudit"), NotAffected, "not affected on all it can be");
    host.facts.os = OsFacts::default();
    for exposure in detect::weapons(&host, Knowledge::builtin()) {
        assert!(exposure.state.needs_action(), "{exposure:?}");
    }
}

#[test]
fn a_guessed_system_proves_nothing() {
    let mut host = host("2019", &[]);
    host.facts.os.basis = OsBasis::Guessed;
    host.facts.os.role = None;
    for exposure in detect::weapons(&host, Knowledge::builtin()) {
        assert_eq!(exposure.state, Unknown, "{exposure:?}");
    }
}

fn item(vulnerable: Option<bool>, severity: Option<Severity>) -> ScannerItem {
    ScannerItem {
        check: "nmap:smb-vuln-ms17-010".into(),
        title: "SMBv1 remote code execution".into(),
        severity,
        cves: ["CVE-2017-0143".parse().unwrap()].into(),
        port: None,
        vulnerable,
    }
}

#[test]
fn a_scanner_turns_unknown_into_open_and_nothing_into_safe() {
    let mut seven = host("7-sp1-x64", &[]);
    seven.facts.os.basis = OsBasis::Guessed;
    seven.facts.updates = UpdateList::default();
    for (item, want) in [
        (item(Some(true), None), Open),
        (item(None, Some(Severity::Critical)), Open),
        (item(None, Some(Severity::Info)), Unknown),
        (item(Some(false), Some(Severity::Critical)), Unknown),
    ] {
        seven.facts.scanner = vec![item];
        let got = exposure(&seven, "eternalblue");
        assert_eq!(got.state, want, "{:?}", got.why);
    }
    seven.facts.scanner = vec![item(Some(true), None)];
    let why = &exposure(&seven, "eternalblue").why[0];
    assert!(words::text(why, words::Language::En).contains("nmap:smb-vuln-ms17-010"), "{why:?}");

    let mut fixed = host("7-sp1-x64", &[4012212]);
    fixed.facts.scanner = vec![item(Some(true), None)];
    let got = exposure(&fixed, "eternalblue");
    assert_eq!(got.state, Fixed);
    assert!(got.why.iter().any(|why| why.code == "exposure.conflict-scanner"));
}

#[test]
fn an_application_decides_by_its_version_and_only_a_list_shows_its_absence() {
    let with = |name: &str, version: Option<&str>| {
        let mut host = host("2012r2", &[]);
        let software =
            |name: &str, version: Option<&str>| Software { name: name.into(), version: version.map(Into::into) };
        host.facts.software = Some([software("7-Zip", Some("19.00")), software(name, version)].into());
        host
    };
    for (weapon, name, version, want) in [
        ("easybee", "Alt-N MDaemon 9.6", Some("9.6.5"), Open),
        ("easybee", "MDaemon", Some("21.0"), Unknown),
        ("easybee", "MDaemon", None, Unknown),
        ("easybee", "IBM Domino", Some("9.0.1"), NotAffected),
        ("emphasismine", "IBM Domino", Some("8.5.2"), Open),
        ("emphasismine", "IBM Domino", Some("9.0.1 FP7"), Open),
        ("emphasismine", "IBM Domino", Some("9.0.1"), Unknown),
        ("emphasismine", "IBM Domino", Some("9.0.1 FP8 IF2"), Fixed),
        ("emphasismine", "HCL Domino", Some("12.0"), Fixed),
        ("ewokfrenzy", "Lotus Domino", Some("6.5.4"), Open),
        ("ewokfrenzy", "Lotus Domino", Some("8.5"), Fixed),
    ] {
        let got = exposure(&with(name, version), weapon);
        assert_eq!(got.state, want, "{weapon} {name} {version:?}: {:?}", got.why);
    }
    let mut empty = host("2012r2", &[]);
    empty.facts.software = Some(Default::default());
    assert_eq!(state(&empty, "easybee"), Unknown, "a list with nothing in it proves nothing");
}

#[test]
fn an_implant_is_unknown_until_a_sign_is_seen() {
    let mut seven = host("7-sp1-x64", &[4012212]);
    assert_eq!(state(&seven, "doublepulsar"), Unknown, "a patch does not remove it");
    assert_eq!(state(&host("2022", &[]), "doublepulsar"), NotAffected, "no way in");
    seven.facts.implants =
        vec![ImplantSign { weapon: "doublepulsar".into(), evidence: "nmap: multiplex id 81".into() }];
    let got = exposure(&seven, "doublepulsar");
    assert_eq!(got.state, Open);
    assert!(words::text(&got.why[0], words::Language::ZhCn).contains("multiplex id 81"));
}

#[test]
fn reach_comes_from_ports_and_filtered_is_not_closed() {
    let mut seven = host("7-sp1-x64", &[]);
    let mut reach = |ports: &[(u16, PortStatus)]| {
        let state = |status| PortState { status, service: None, product: None };
        seven.facts.ports = ports.iter().map(|(number, status)| (Port::tcp(*number), state(*status))).collect();
        exposure(&seven, "eternalblue").reach
    };
    use PortStatus as P;
    assert_eq!(reach(&[]), Reach::Unknown);
    assert_eq!(reach(&[(445, P::Closed), (139, P::Open)]), Reach::Open);
    assert_eq!(reach(&[(445, P::Closed)]), Reach::Unknown, "nobody looked at 139");
    assert_eq!(reach(&[(445, P::Closed), (139, P::Filtered)]), Reach::Filtered);
    assert_eq!(reach(&[(445, P::Closed), (139, P::Closed)]), Reach::Closed);
}

#[test]
fn the_base_that_is_missing_comes_in_order() {
    let gap = |system: &str, weapon: &str| {
        let base = exposure(&host(system, &[]), weapon).base;
        base.map(|gap| gap.steps.iter().map(|step| step.id.clone()).collect::<Vec<_>>().join(" > ")).unwrap_or_default()
    };
    assert_eq!(gap("7-sp0-x64", "eternalblue"), "7-sp1");
    assert_eq!(gap("xp-sp0-x86", "eternalblue"), "xp-sp2 > xp-sp3");
    assert_eq!(gap("vista-sp1-x64", "eternalblue"), "vista-sp2");
    assert_eq!(gap("2012r2", "eternalblue"), "8.1-ssu-2014 > 8.1-update");
    assert_eq!(gap("7-sp1-x64", "eternalblue"), "");
}

#[test]
fn every_sentence_has_words_in_both_languages_and_no_hole() {
    let mut hosts =
        vec![host("7-sp1-x64", &[4015546]), host("xp-sp0-x86", &[]), host("2000-sp4", &[]), host("2016", &[])];
    hosts.push(host("7-sp1-x64", &[4493472]));
    let mut cut = host("2003-sp2-x86", &[]);
    (cut.facts.updates.complete, cut.facts.updates.claimed, cut.facts.updates.listed) = (false, Some(352), Some(240));
    hosts.push(cut);
    let mut guess = host("2019", &[]);
    guess.facts.os.basis = OsBasis::Guessed;
    hosts.push(guess);
    hosts.push(Host { facts: HostFacts::default(), ..host("2019", &[]) });
    for host in &hosts {
        let exposure = detect::exposure_brief(host, Knowledge::builtin(), day());
        let said = exposure.weapons.iter().flat_map(|weapon| weapon.why.iter().chain(&weapon.preconditions));
        for message in said.chain(&exposure.gaps) {
            for language in words::Language::ALL {
                assert!(words::template(&message.code, language).is_some(), "{}", message.code);
                let text = words::text(message, language);
                assert!(!text.contains("{{"), "{}: {text}", message.code);
            }
        }
        assert!(exposure.weapons.iter().all(|weapon| !weapon.why.is_empty()), "a verdict without a reason");
    }
}

#[test]
fn a_superseding_chain_is_told_link_by_link() {
    let why = &exposure(&host("7-sp1-x64", &[4019264]), "eternalblue").why[0];
    expect_test::expect![[
        "KB4019264 is installed and supersedes KB4012215, a fix of MS17-010, in 2 steps: KB4019264, KB4015549, KB4012215"
    ]]
    .assert_eq(&words::text(why, words::Language::En));
    expect_test::expect![[
        "已安装 KB4019264，它经 2 级替代关系取代 MS17-010 的修复补丁 KB4012215；替代链：KB4019264、KB4015549、KB4012215"
    ]]
    .assert_eq(&words::text(why, words::Language::ZhCn));
}

#[test]
fn an_update_that_no_data_links_says_why_it_counts_and_how_sure_that_is() {
    let told = |system: &str, kb: u32| {
        let exposure = exposure(&host(system, &[kb]), "eternalblue");
        let why: Vec<String> = exposure.why.iter().map(|said| words::text(said, words::Language::En)).collect();
        format!("{:?} {:?}\n{}\n", exposure.state, exposure.confidence, why.join("\n"))
    };
    let all = told("7-sp1-x64", 4041678) + &told("2008-sp2-x64", 5073697) + &told("2008-sp2-x64", 4458010);
    expect_test::expect![[r#"
        Fixed Known
        KB4041678, a fix of MS17-010, is installed
        KB4041678 mended the same file (srv.sys) again after MS17-010, so it contains that fix, although the update data does not link them
        Fixed Known
        KB5073697 is installed and supersedes KB4561670, a fix of MS17-010, in 68 steps: KB5073697, KB5071504, KB5068906, KB5066874, …, KB4577064, KB4571730, KB4565536, KB4561670
        KB4561670 mended the same file (srv.sys) again after MS17-010, so it contains that fix, although the update data does not link them
        Open Verified
        the complete update list (1 updates) has no fix of MS17-010 for Windows Server 2008 Service Pack 2 (x64) (KB4012598) and none that supersedes one
        KB4458010 is a monthly rollup of Server 2008 SP2. Rollups contain each other since September 2018, but nothing states that they contain MS17-010, which is older: the version of srv.sys decides (at least 6.0.6002.24067), until then the host counts as open
        the leaked module was built for other systems than Windows Server 2008 Service Pack 2 (x64), but the flaw is there and rebuilt tools reach it
    "#]].assert_eq(&all);
}

/// EPSS orders what is open inside a group, below what is known to be exploited; it opens and closes nothing.
#[test]
fn open_vulnerabilities_come_worst_first_and_scores_only_order_them() {
    let seven = host("7-sp1-x64", &[]);
    let plain = detect::exposure(&seven, Knowledge::builtin(), day());
    let keys = |exposure: &HostExposure| -> Vec<Vec<(bool, Option<Severity>)>> {
        exposure.cves.iter().map(|group| group.cves.iter().map(|cve| (cve.kev, cve.severity)).collect()).collect()
    };
    assert!(keys(&plain).iter().all(|group| group.is_sorted_by(|a, b| a >= b)));
    let largest = &plain.cves[0].cves;
    let quiet = largest.iter().rfind(|cve| !cve.kev).unwrap().cve.clone();
    let csv =
        format!("#model_version:v1,score_date:2026-11-20T00:00:00+0000\ncve,epss,percentile\n{quiet},0.9001,0.99\n");
    let limits = knowledge::import::Limits::default();
    let (scores, _) = knowledge::epss::Epss::read(csv.as_bytes(), &limits, &mut knowledge::import::silent).unwrap();
    let scored = Knowledge::builtin().with_catalogue(Knowledge::builtin().catalogue.clone()).with_epss(&scores);
    let ordered = detect::exposure(&seven, &scored, day());
    let first = ordered.cves[0].cves.iter().find(|cve| !cve.kev).unwrap();
    assert_eq!((&first.cve, first.epss), (&quiet, Some(0.9001)));
    assert_eq!((ordered.open_cves, ordered.open_kev), (plain.open_cves, plain.open_kev));
    assert_eq!(ordered.weapons, plain.weapons);
}

#[test]
fn open_vulnerabilities_are_counted_and_a_gap_says_why_not() {
    let seven = host("7-sp1-x64", &[]);
    let full = detect::exposure(&seven, Knowledge::builtin(), day());
    let brief = detect::exposure_brief(&seven, Knowledge::builtin(), day());
    assert!(full.open_cves > 500, "{}", full.open_cves);
    assert!(full.open_kev > 0 && full.open_kev < full.open_cves);
    assert_eq!((full.open_cves, full.open_kev), (brief.open_cves, brief.open_kev));
    assert!(brief.cves.is_empty());
    assert_eq!(full.supported, Some(false));
    assert_eq!(full.system.as_deref(), Some("7-sp1-x64"));

    let patched = detect::exposure(&host("7-sp1-x64", &[4493472]), Knowledge::builtin(), day());
    assert!(patched.open_cves < full.open_cves);

    let mut silent = seven;
    silent.facts.updates = UpdateList::default();
    let silent = detect::exposure(&silent, Knowledge::builtin(), day());
    assert!(silent.cves.is_empty() && silent.gaps.iter().any(|gap| gap.code == "updates.unknown"));
}
