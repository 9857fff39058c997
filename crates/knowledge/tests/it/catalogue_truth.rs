//! The shipped catalogue against truths that do not come from it.

use knowledge::catalogue::{Catalogue, SystemQuery};
use model::{Arch, KbId};
use std::collections::BTreeSet;

fn kbs(numbers: &[u32]) -> BTreeSet<KbId> {
    numbers.iter().copied().map(KbId).collect()
}

fn system(product: &str, release: Option<&str>, service_pack: u8) -> SystemQuery {
    SystemQuery {
        product: product.to_owned(),
        release: release.map(str::to_owned),
        arch: Some(Arch::X64),
        service_pack: Some(service_pack),
        ..SystemQuery::default()
    }
}

fn open(query: &SystemQuery, installed: &[u32]) -> BTreeSet<String> {
    let catalogue = extended();
    let scope = catalogue.scope(query);
    assert!(scope.is_known(), "{query:?}");
    let covered = catalogue.covered(&kbs(installed));
    catalogue.open_cves(&scope, &covered).cves(&catalogue).map(String::from).collect()
}

/// With the two edges that the sources lack and the weapons' files bring.
fn extended() -> Catalogue {
    Catalogue::builtin().clone().with_extra_edges(&[(KbId(4015549), KbId(4012215)), (KbId(4019263), KbId(4012212))])
}

fn check(query: &SystemQuery, installed: &[u32], is_open: bool) {
    let open = open(query, installed);
    assert_eq!(open.contains("CVE-2017-0144"), is_open, "{query:?} {installed:?}: {} open", open.len());
}

#[test]
fn the_shipped_catalogue_loads_and_is_not_empty() {
    let catalogue = Catalogue::builtin();
    let counts = catalogue.counts();
    assert!(counts.fixes > 250_000 && counts.products > 1_000 && counts.updates > 7_000, "{counts:?}");
    assert!(catalogue.as_of().is_some());
    assert_eq!(catalogue.service_packs().iter().filter(|pack| pack.kb == Some(KbId(976932))).count(), 2);
}

#[test]
fn ms17_010_is_fixed_by_what_contains_it_and_open_with_what_does_not() {
    let server_2016 = system("Windows Server 2016", Some("1607"), 0);
    check(&server_2016, &[], true);
    check(&server_2016, &[4013429], false);
    check(&server_2016, &[4483229], false);
    let seven = system("Windows 7", None, 1);
    check(&seven, &[], true);
    check(&seven, &[4012212], false);
    check(&seven, &[4012215], false);
    check(&seven, &[4015549], false);
    check(&seven, &[4019263], false);
    // The security-only updates of April 2017 are newer and do not contain it.
    check(&seven, &[4015546], true);
    check(&system("Windows 10", Some("1607"), 0), &[4483229], false);
}

#[test]
fn a_chain_is_told_from_the_installed_update_down_to_the_fix() {
    let catalogue = Catalogue::builtin();
    let chain = catalogue.chain(&kbs(&[4483229]), KbId(4013429)).expect("a chain");
    assert_eq!((chain.first(), chain.last()), (Some(&KbId(4483229)), Some(&KbId(4013429))));
    for pair in chain.windows(2) {
        assert!(catalogue.supersedes(pair[0]).contains(&pair[1]), "{pair:?}");
    }
    assert_eq!(catalogue.chain(&kbs(&[4015546]), KbId(4012212)), None);
    assert_eq!(catalogue.chain(&kbs(&[4013389]), KbId(4013389)), Some(vec![KbId(4013389)]));
}

#[test]
fn a_system_that_is_not_known_well_enough_has_no_products_rather_than_no_holes() {
    let catalogue = Catalogue::builtin();
    for query in [system("Windows 10", None, 0), system("Windows 99", None, 0), system("", None, 0)] {
        assert!(!catalogue.scope(&query).is_known(), "{query:?}");
    }
    let by_build = SystemQuery { build: Some(14393), ..system("Windows 10", None, 0) };
    assert!(catalogue.scope(&by_build).is_known());
}

#[test]
fn every_system_of_the_lab_finds_its_products() {
    let catalogue = Catalogue::builtin();
    let x86 = |query: SystemQuery| SystemQuery { arch: Some(Arch::X86), ..query };
    let known = [
        system("Windows 7", None, 0),
        system("Windows 7", None, 1),
        system("Windows 8.1", None, 0),
        system("Windows 10", Some("1803"), 0),
        system("Windows 10", Some("21H2"), 0),
        system("Windows 11", Some("23H2"), 0),
        system("Windows Vista", None, 1),
        system("Windows XP", None, 2),
        x86(system("Windows XP", None, 3)),
        x86(system("Windows Server 2003", None, 2)),
        SystemQuery { r2: true, ..x86(system("Windows Server 2003", None, 2)) },
        system("Windows Server 2008", None, 1),
        system("Windows Server 2008", None, 2),
        system("Windows Server 2008 R2", None, 1),
        system("Windows Server 2012 R2", None, 0),
        system("Windows Server 2016", Some("1607"), 0),
        system("Windows Server 2022", Some("21H2"), 0),
        system("Windows Server, version 1909", None, 0),
        system("Windows Server", Some("1909"), 0),
    ];
    for query in known {
        let scope = catalogue.scope(&query);
        assert!(scope.is_known(), "{query:?}");
        println!(
            "{} {:?} sp{:?}: {:?} until {:?}",
            query.product,
            query.release,
            query.service_pack,
            catalogue.products_for(&query).len(),
            scope.listed_until
        );
    }
}

#[test]
fn open_holes_are_grouped_by_updates_that_nothing_of_the_system_replaces() {
    let catalogue = Catalogue::builtin();
    let scope = catalogue.scope(&system("Windows 7", None, 1));
    let open = catalogue.open_cves(&scope, &catalogue.covered(&[]));
    let groups = open.cve_groups(catalogue, &scope, |_| false);
    assert_eq!(groups.iter().map(|group| group.cves.len()).sum::<usize>(), open.len());
    let sizes: Vec<_> = groups.iter().map(|group| group.cves.len()).collect();
    assert!(sizes[0] > 300 && sizes.is_sorted_by(|a, b| a >= b), "{sizes:?}");
    // Installing the update of a group closes the group on the system itself.
    for group in groups.iter().filter(|group| group.kb.is_some()).take(10) {
        let covered = catalogue.covered(&group.kb);
        let after = catalogue.open_cves(&scope, &covered).cve_groups(catalogue, &scope, |_| false);
        let still: BTreeSet<_> = after
            .iter()
            .flat_map(|group| &group.cves)
            .filter(|cve| cve.component.is_none())
            .map(|cve| &cve.cve)
            .collect();
        let wrong: Vec<_> =
            group.cves.iter().filter(|cve| cve.component.is_none() && still.contains(&cve.cve)).collect();
        assert!(wrong.is_empty(), "{:?} does not close {wrong:?}", group.kb);
    }
}

#[test]
fn a_host_with_the_newest_cumulative_update_has_few_holes_left_in_the_system_itself() {
    let catalogue = Catalogue::builtin();
    let cases = [
        (system("Windows Server 2016", None, 0), 5094122),
        (system("Windows Server 2019", None, 0), 5094123),
        (system("Windows Server 2022", None, 0), 5094128),
        (system("Windows 10", Some("22H2"), 0), 5094127),
    ];
    for (query, newest) in cases {
        let scope = catalogue.scope(&query);
        let open = |installed: &[KbId]| {
            let open = catalogue.open_cves(&scope, &catalogue.covered(installed));
            let groups = open.cve_groups(catalogue, &scope, |_| false);
            groups.iter().flat_map(|group| &group.cves).filter(|cve| cve.component.is_none()).count()
        };
        let (before, after) = (open(&[]), open(&[KbId(newest)]));
        assert!(before > 1500 && after * 20 < before, "{query:?}: {before} before, {after} after");
    }
}
