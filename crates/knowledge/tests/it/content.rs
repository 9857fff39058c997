//! The content files hold together: every reference leads somewhere, every system meets a case of every flaw, every
//! fact has a source, and what can be checked against a primary file agrees with it.

use knowledge::weapons::{Kind, On, Verdict};
use knowledge::{Knowledge, Selector};
use model::{KbId, Timeline, WeaponId};
use std::collections::{BTreeMap, BTreeSet};

fn k() -> &'static Knowledge {
    Knowledge::builtin()
}

fn selectors() -> Vec<(String, &'static Selector)> {
    let mut all = vec![];
    for set in k().weapons.fixsets() {
        for case in &set.cases {
            if let On::Systems(on) = &case.on {
                all.extend(on.iter().map(|selector| (set.id.clone(), selector)));
            }
        }
    }
    for weapon in k().weapons.iter() {
        let targets = weapon.targets.iter().flat_map(|targets| &targets.on);
        all.extend(targets.map(|selector| (weapon.id.to_string(), selector)));
    }
    for step in k().prerequisites.steps() {
        all.extend(step.on.iter().map(|selector| (step.id.clone(), selector)));
    }
    for need in k().prerequisites.needs() {
        all.extend(need.on.iter().map(|selector| (format!("{:?}", need.groups), selector)));
    }
    all
}

#[test]
fn the_eighteen_weapons_stand_in_the_reports_order() {
    assert_eq!(k().weapons.len(), 18);
    let orders: Vec<u32> = k().weapons.iter().map(|weapon| weapon.order).collect();
    assert_eq!(orders, (1..=18).collect::<Vec<_>>());
    let flaws = k().weapons.iter().filter(|weapon| weapon.flaw.is_some()).count();
    let products = k().weapons.iter().filter(|weapon| weapon.flaw.is_none() && weapon.product.is_some()).count();
    assert_eq!((flaws, products), (12, 4), "the rest are an implant and a weapon without a known flaw");
}

#[test]
fn every_system_meets_exactly_one_case_of_every_flaw_and_no_case_is_dead() {
    for set in k().weapons.fixsets() {
        let mut used = BTreeSet::new();
        for system in k().systems.iter() {
            let case = set.case(system).unwrap_or_else(|| panic!("{} has no case for {}", set.id, system.id));
            used.insert(set.cases.iter().position(|other| std::ptr::eq(other, case)).unwrap());
        }
        assert_eq!(used.len(), set.cases.len(), "{}: a case that no system falls under", set.id);
        for case in &set.cases {
            let explained = matches!(case.verdict, Verdict::NotAffected | Verdict::Unrated) == case.reason.is_some();
            assert!(explained, "{}: a reason belongs to what is not affected or not rated: {case:?}", set.id);
            assert!(case.verdict != Verdict::BaseFirst || !case.kbs.is_empty(), "{}: base of what? {case:?}", set.id);
        }
    }
}

#[test]
fn every_selector_selects_something() {
    for (who, selector) in selectors() {
        let hit = |line: &String| {
            let one = Selector { line: vec![line.clone()], ..selector.clone() };
            k().systems.iter().any(|system| one.matches(system))
        };
        for line in &selector.line {
            assert!(hit(line), "{who}: nothing of line `{line}` fits {selector:?}");
        }
    }
}

#[test]
fn every_fact_has_a_known_source_and_every_source_is_used() {
    let mut named: BTreeMap<&str, &str> = BTreeMap::new();
    let weapons = k().weapons.iter();
    for weapon in weapons {
        let id = weapon.id.as_str();
        named.insert(&weapon.report.source, id);
        named.insert(&weapon.triage.source, id);
        let facts = weapon.flaw.iter().map(|flaw| &flaw.fact);
        let facts = facts.chain(weapon.cves.iter().map(|cve| &cve.fact));
        let facts = facts.chain(weapon.product.iter().map(|product| &product.fact));
        let facts = facts.chain(weapon.targets.iter().map(|targets| &targets.fact));
        let facts = facts.chain(weapon.ports.iter().map(|port| &port.fact));
        let facts = facts.chain(weapon.preconditions.iter().map(|precondition| &precondition.fact));
        let facts = facts.chain(weapon.mitigations.iter().map(|mitigation| &mitigation.fact));
        let facts = facts.chain(weapon.remarks.iter().map(|remark| &remark.fact));
        named.extend(facts.map(|fact| (fact.source.as_str(), id)));
    }
    for set in k().weapons.fixsets() {
        named.insert(&set.source, &set.id);
        named.extend(set.cases.iter().filter_map(|case| Some((case.source.as_deref()?, set.id.as_str()))));
        named.extend(set.traps.iter().map(|trap| (trap.fact.source.as_str(), set.id.as_str())));
        named.extend(set.supersedes.iter().map(|edge| (edge.fact.source.as_str(), set.id.as_str())));
        let later = set.cases.iter().flat_map(|case| &case.also);
        named.extend(later.map(|later| (later.fact.source.as_str(), set.id.as_str())));
    }
    let edges = knowledge::catalogue::curated_edges();
    named.extend(edges.iter().map(|edge| (edge.fact.source.as_str(), "catalogue/edges.toml")));
    let support = k().systems.iter().flat_map(|system| system.support.iter().map(move |s| (system, s)));
    named.extend(support.map(|(system, support)| (support.fact.source.as_str(), system.id.as_str())));
    named.extend(k().prerequisites.steps().map(|step| (step.fact.source.as_str(), step.id.as_str())));
    named.extend(k().prerequisites.needs().map(|need| (need.fact.source.as_str(), "need")));
    named.insert(&k().urgency.fact.source, "urgency");
    for (source, who) in &named {
        assert!(k().weapons.source(source).is_some(), "{who} names the source `{source}`, which is not listed");
    }
    for source in k().weapons.sources() {
        assert!(named.contains_key(source.id.as_str()), "nothing stands on the source `{}`", source.id);
    }
}

#[test]
fn weapons_refer_to_flaws_carriers_and_words_that_exist() {
    let has_words = |code: &str| {
        for language in words::Language::ALL {
            assert!(words::template(code, language).is_some(), "no words for `{code}` in {language}");
        }
    };
    for weapon in k().weapons.iter() {
        if let Some(flaw) = &weapon.flaw {
            let set = k().weapons.fixset(&flaw.fixset).unwrap_or_else(|| panic!("{}: {}", weapon.id, flaw.fixset));
            for cve in &weapon.cves {
                assert!(set.cves.contains(&cve.id), "{}: {} is not of {}", weapon.id, cve.id, set.id);
            }
        }
        assert_eq!(weapon.kind == Kind::Implant, !weapon.delivered_by.is_empty(), "{}", weapon.id);
        for carrier in &weapon.delivered_by {
            assert!(k().weapons.get(carrier).is_some(), "{}: no weapon `{carrier}`", weapon.id);
        }
        assert!(!weapon.ports.is_empty(), "{} comes in by no port", weapon.id);
        for mitigation in weapon.mitigations.iter().filter(|mitigation| mitigation.name() == "block-port") {
            for port in mitigation.arguments() {
                port.parse::<model::Port>().unwrap();
            }
            let own: BTreeSet<String> = weapon.ports.iter().map(|port| port.port.to_string()).collect();
            assert!(mitigation.arguments().all(|port| own.contains(port)), "{}: {}", weapon.id, mitigation.control);
        }
        weapon.preconditions.iter().for_each(|precondition| has_words(&precondition.code));
        weapon.remarks.iter().for_each(|remark| has_words(&remark.code));
        weapon.product.iter().filter_map(|product| product.remark.as_deref()).for_each(&has_words);
        let name = format!("weapons.{}", weapon.id);
        assert_eq!(words::word(&name, words::Language::En), weapon.name.en);
        assert_eq!(words::word(&name, words::Language::ZhCn), weapon.name.zh);
    }
    for set in k().weapons.fixsets() {
        set.cases.iter().flat_map(|case| case.reason.iter().chain(&case.remark)).for_each(|code| has_words(code));
        set.cases.iter().flat_map(|case| &case.also).for_each(|later| has_words(&later.why));
        for trap in &set.traps {
            has_words(&trap.why);
            trap.remark.iter().for_each(|code| has_words(code));
            let fixing: BTreeSet<KbId> = set.cases.iter().flat_map(|case| case.fixing()).collect();
            assert!(trap.kbs.iter().all(|kb| !fixing.contains(kb)), "{}: a trap that fixes", set.id);
        }
    }
    k().prerequisites.steps().for_each(|step| has_words(&format!("systems.base-{}", step.id)));
}

/// A domain controller's 88 and 445 carry the domain: no weapon against it may offer to close them.
#[test]
fn weapons_against_domain_controllers_offer_no_block() {
    for weapon in k().weapons.iter().filter(|weapon| weapon.role.is_some()) {
        assert!(weapon.mitigations.is_empty(), "{}", weapon.id);
    }
}

#[test]
fn base_steps_and_groups_lead_somewhere() {
    let book = &k().prerequisites;
    let groups = book.steps().flat_map(|step| &step.after).chain(book.needs().flat_map(|need| &need.groups));
    for id in groups.flatten() {
        assert!(book.step(id).is_some(), "no base step `{id}`");
    }
    for need in book.needs() {
        assert!(need.from.is_some() == need.kbs.is_empty(), "either updates or a day: {need:?}");
    }
}

#[test]
fn a_base_chain_comes_in_installing_order() {
    let gap = |system: &str, installed: &[u32], kb: u32| -> String {
        let installed = installed.iter().copied().map(KbId).collect();
        let steps = k().base_gap(k().systems.get(system).unwrap(), &installed, KbId(kb));
        steps.iter().map(|step| step.id.as_str()).collect::<Vec<_>>().join(" > ")
    };
    let check = |system, installed: &[u32], kb, want: &str| assert_eq!(gap(system, installed, kb), want, "{system}");
    check("xp-sp0-x86", &[], 4012598, "xp-sp2 > xp-sp3");
    check("xp-sp1-x86", &[], 4012598, "xp-sp3");
    check("xp-sp3-x86", &[], 4012598, "");
    check("xp-sp0-x86", &[], 958644, "xp-sp2");
    check("xp64-sp1", &[], 4022747, "2003-sp2");
    check("2003-sp0-x86", &[], 4012598, "2003-sp2");
    check("vista-sp0-x64", &[], 4012598, "vista-sp1 > vista-sp2");
    check("2008-sp1-x64", &[], 4012598, "vista-sp2");
    check("7-sp0-x64", &[], 4012212, "7-sp1");
    check("7-sp1-x64", &[], 4012212, "");
    check("7-sp1-x64", &[], 3125574, "7-ssu-2015");
    check("7-sp1-x64", &[3177467], 3125574, "");
    check("8.1-x64", &[], 4012216, "8.1-ssu-2014 > 8.1-update");
    check("8.1-x64", &[3021910], 4012216, "8.1-update");
    check("2012r2", &[2919442, 2919355], 4012216, "");
    check("10-1607-x64", &[], 4013429, "");
}

/// Rollups after August 2019 need SHA-2 and the stack under it; the catalogue knows their day.
#[test]
fn late_updates_of_windows_7_need_the_sha2_chain() {
    let late = KbId(4516065);
    assert!(k().catalogue.posted(late).is_some(), "the catalogue has the rollup of September 2019");
    let system = k().systems.get("7-sp1-x64").unwrap();
    let steps = k().base_gap(system, &BTreeSet::new(), late);
    let ids: Vec<&str> = steps.iter().map(|step| step.id.as_str()).collect();
    assert_eq!(ids, ["7-ssu-2019", "7-sha2"]);
    assert!(k().base_gap(system, &BTreeSet::from([KbId(4490628), KbId(4474419)]), late).is_empty());
}

#[test]
fn curated_supersedence_is_part_of_the_catalogue() {
    let covered = |kb: u32| k().catalogue.covered(&[KbId(kb)]);
    assert!(k().catalogue.contains(&covered(2705219), KbId(958644)));
    assert!(k().catalogue.contains(&covered(4486465), KbId(4012598)));
    assert!(!k().catalogue.contains(&covered(4015546), KbId(4012212)), "a security-only update replaces nothing");
}

/// Each curated edge says something that the definitions do not, of updates that they know or that came between two.
#[test]
fn curated_edges_close_gaps_and_repeat_nothing() {
    use knowledge::catalogue::{Catalogue, Gap, curated_edges};
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/catalogue/microsoft.bin");
    let shipped = Catalogue::from_bytes(&std::fs::read(path).unwrap()).unwrap();
    let edges = curated_edges();
    assert!(edges.len() > 15, "edges.toml does not load");
    for edge in &edges {
        let said = format!("{}: {} over {}", edge.system, edge.superseder, edge.superseded);
        assert!(shipped.posted(edge.superseded).is_some(), "{said}: the older one has no row");
        let covered = shipped.covered(&[edge.superseder]);
        assert!(!shipped.contains(&covered, edge.superseded), "{said}: the definitions say so themselves");
        assert!(!shipped.contains(&shipped.covered(&[edge.superseded]), edge.superseder), "{said}: a circle");
        let replaces = !shipped.supersedes(edge.superseder).is_empty();
        assert_eq!(replaces, edge.because == Gap::WrongLink, "{said}: {:?}", edge.because);
    }
}

/// A chain that breaks leaves hosts open that are fixed: the newest cumulative update of each system reaches the first.
#[test]
fn the_newest_cumulative_update_of_a_system_reaches_back_to_the_first() {
    for (system, newest, first) in [
        ("7", 5022338, 4012215),
        ("2008 R2", 5073695, 4012215),
        ("2012", 5094042, 4012217),
        ("2012, after February 2019", 4489891, 4012217),
        ("8.1", 5022352, 4012216),
        ("2012 R2", 5094041, 4012216),
        ("10 1507", 5066837, 4012606),
        ("10 1607, 2016", 5094122, 4013429),
        ("10 1703", 4520010, 4015583),
        ("10 1803", 5003174, 4103721),
        ("10 1809, 2019", 5094123, 4464330),
        ("11 21H2", 5044280, 5006674),
        ("2008 SP2", 5073697, 4458010),
    ] {
        let covered = k().catalogue.covered(&[KbId(newest)]);
        assert!(k().catalogue.contains(&covered, KbId(first)), "{system}: {newest} does not reach {first}");
    }
}

#[test]
fn the_reports_rows_are_kept_word_for_word() {
    let Some(path) = testkit::data("../knowledge/arsenal.toml") else { return };
    let draft: toml::Value = toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for row in draft["weapon"].as_array().unwrap() {
        let weapon = k().weapons.get(&WeaponId::from(row["id"].as_str().unwrap())).unwrap();
        let seed = &row["seed"];
        let text = |field: &str| seed.get(field).and_then(toml::Value::as_str);
        let kept = [&weapon.report.affects, &weapon.report.remedy, &weapon.report.ports];
        for (field, kept) in ["affects", "remedy", "ports"].into_iter().zip(kept) {
            assert_eq!(text(field), Some(kept.as_str()), "{} {field}", weapon.id);
        }
        assert_eq!(text("advice"), weapon.report.advice.as_deref(), "{}", weapon.id);
        let links = seed.get("url").and_then(toml::Value::as_array).cloned().unwrap_or_default();
        assert_eq!(links.iter().filter_map(toml::Value::as_str).collect::<Vec<_>>(), weapon.report.links);
        assert_eq!(row["zh"].as_str(), Some(weapon.name.zh.as_str()));
    }
}

#[test]
fn the_urgency_table_is_the_directives() {
    let Some(path) = testkit::data("lifecycle/ssvc-bod-26-04.csv") else { return };
    let text = std::fs::read_to_string(path).unwrap();
    let mut rows = 0;
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let yes = |at: usize| matches!(cells[at], "yes" | "total");
        let want = match cells[5].trim() {
            "fix on system upgrade" => Timeline::NextUpgrade,
            "14 days" => Timeline::FourteenDays,
            "60 days" => Timeline::SixtyDays,
            "3 days" => Timeline::ThreeDays,
            "3 days & forensic investigation" => Timeline::ThreeDaysForensics,
            other => panic!("{other}"),
        };
        assert_eq!(k().urgency.timeline(yes(1), yes(2), yes(3), yes(4)), want, "{line}");
        rows += 1;
    }
    assert_eq!(rows, 16);
}

/// Days that a weapon's data gives as verified agree with the list of exploited vulnerabilities.
#[test]
fn exploited_since_agrees_with_the_list() {
    for weapon in k().weapons.iter() {
        for cve in &weapon.cves {
            assert_eq!(cve.kev, k().kev.get(&cve.id).map(|entry| entry.added), "{} {}", weapon.id, cve.id);
            assert_eq!(cve.ransomware, k().kev.get(&cve.id).is_some_and(|entry| entry.ransomware), "{}", cve.id);
        }
    }
}

/// Every verified end of support stands in the source's files.
#[test]
fn verified_support_dates_stand_in_the_source() {
    let files = ["windows.md", "windows-server.md", "windows-embedded.md"];
    let mut text = String::new();
    for file in files {
        let Some(path) = testkit::data(&format!("lifecycle/{file}")) else { return };
        text += &std::fs::read_to_string(path).unwrap();
    }
    let mut checked = 0;
    for system in k().systems.iter() {
        for support in system.support.iter().filter(|support| support.fact.source == "endoflife-date") {
            let build = system.builds.first().unwrap();
            let near = |field: &str, date: jiff::civil::Date| {
                assert!(text.contains(&format!("{field}: {date}")), "{} (build {build}): {field} {date}", system.id);
            };
            near("eol", support.security);
            support.mainstream.into_iter().for_each(|date| near("eoas", date));
            support.extended.into_iter().for_each(|date| near("eoes", date));
            checked += 1;
        }
    }
    assert!(checked > 60, "only {checked} dates were checked");
}

#[test]
fn a_weapon_more_is_a_file_more_and_no_code() {
    let path = testkit::workspace().join("data/weapons/explodingcan.toml");
    let text = std::fs::read_to_string(path)
        .unwrap()
        .replace("\"explodingcan\"", "\"nineteenth\"")
        .replace("order = 14", "order = 19");
    let mut files: Vec<(String, String)> = vec![("weapons/nineteenth.toml".into(), text)];
    for folder in ["weapons", "weapons/fixsets", "systems", "prerequisites", "urgency"] {
        for entry in std::fs::read_dir(testkit::workspace().join("data").join(folder)).unwrap().flatten() {
            let name = entry.file_name().into_string().unwrap();
            if name.ends_with(".toml") {
                files.push((format!("{folder}/{name}"), std::fs::read_to_string(entry.path()).unwrap()));
            }
        }
    }
    let load = |files: &[(String, String)]| {
        let borrowed = files.iter().map(|(path, text)| (path.as_str(), text.as_str()));
        Knowledge::load(borrowed, knowledge::catalogue::Catalogue::default())
    };
    let more = load(&files).unwrap();
    assert_eq!(more.weapons.len(), 19);
    assert_eq!(more.weapons.iter().last().unwrap().id.as_str(), "nineteenth");
    assert_ne!(more.digest(), k().digest());

    // A field nobody knows is a mistake, not a remark.
    files[0].1.push_str("\nsurprise = true\n");
    let error = load(&files).unwrap_err();
    assert!(error.to_string().contains("weapons/nineteenth.toml"), "{error}");
}
