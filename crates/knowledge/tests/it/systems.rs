//! From facts to systems: whole facts name one, missing ones leave all that are possible.

use knowledge::Knowledge;
use model::{Arch, Family, OsBasis, OsFacts};

fn os(build: impl Fn(&mut OsFacts)) -> OsFacts {
    let mut os = OsFacts { basis: OsBasis::Stated, ..OsFacts::default() };
    build(&mut os);
    os
}

fn full(product: &str, version: &str, pack: u8, arch: Arch, family: Family) -> OsFacts {
    os(|os| {
        os.product = Some(product.into());
        os.version = Some(version.into());
        os.build = version.rsplit('.').next().and_then(|build| build.parse().ok());
        os.service_pack = Some(pack);
        os.arch = Some(arch);
        os.family = Some(family);
    })
}

fn ids(os: &OsFacts) -> Vec<&'static str> {
    Knowledge::builtin().systems.resolve(os).possible.iter().map(|system| system.id.as_str()).collect()
}

#[test]
fn whole_facts_name_one_system() {
    use {Arch::*, Family::*};
    for (product, version, pack, arch, family, want) in [
        ("Windows XP", "5.1.2600", 0, X86, Client, "xp-sp0-x86"),
        ("Windows XP", "5.1.2600", 3, X86, Client, "xp-sp3-x86"),
        ("Windows XP", "5.2.3790", 2, X64, Client, "xp64-sp2"),
        ("Windows Server 2003", "5.2.3790", 2, X86, Server, "2003-sp2-x86"),
        ("Windows Server 2003", "5.2.3790", 2, X64, Server, "2003-sp2-x64"),
        ("Windows Server 2003", "5.2.3790", 0, X86, Server, "2003-sp0-x86"),
        ("Windows Vista", "6.0.6001", 1, X64, Client, "vista-sp1-x64"),
        ("Windows Vista", "6.0.6002", 2, X86, Client, "vista-sp2-x86"),
        ("Windows Server 2008", "6.0.6001", 1, X64, Server, "2008-sp1-x64"),
        ("Windows Server 2008", "6.0.6003", 2, X86, Server, "2008-sp2-x86"),
        ("Windows 7", "6.1.7601", 1, X64, Client, "7-sp1-x64"),
        ("Windows Server 2008 R2", "6.1.7601", 1, X64, Server, "2008r2-sp1-x64"),
        ("Windows 8", "6.2.9200", 0, X86, Client, "8-x86"),
        ("Windows Server 2012", "6.2.9200", 0, X64, Server, "2012"),
        ("Windows 8.1", "6.3.9600", 0, X64, Client, "8.1-x64"),
        ("Windows Server 2012 R2", "6.3.9600", 0, X64, Server, "2012r2"),
        ("Windows 10", "10.0.10240", 0, X64, Client, "10-1507-x64"),
        ("Windows 10", "10.0.14393", 0, X64, Client, "10-1607-x64"),
        ("Windows 10", "10.0.19045", 0, X64, Client, "10-22h2-x64"),
        ("Windows 11", "10.0.26100", 0, Arm64, Client, "11-24h2-arm64"),
        ("Windows Server 2016", "10.0.14393", 0, X64, Server, "2016"),
        ("Windows Server 2019", "10.0.17763", 0, X64, Server, "2019"),
        ("Windows Server, version 1809", "10.0.17763", 0, X64, Server, "1809-sac"),
        ("Windows Server 2022", "10.0.20348", 0, X64, Server, "2022"),
        ("Windows Server 2025", "10.0.26100", 0, X64, Server, "2025"),
        ("Windows Embedded POSReady 7", "6.1.7601", 1, X86, Client, "posready7-sp1-x86"),
    ] {
        assert_eq!(ids(&full(product, version, pack, arch, family)), [want], "{product} {version}");
    }
}

#[test]
fn a_missing_fact_leaves_every_system_it_would_decide() {
    let mut xp = full("Windows XP", "5.1.2600", 3, Arch::X86, Family::Client);
    xp.service_pack = None;
    assert_eq!(ids(&xp), ["xp-sp0-x86", "xp-sp1-x86", "xp-sp2-x86", "xp-sp3-x86"]);

    let mut seven = full("Windows 7", "6.1.7601", 1, Arch::X64, Family::Client);
    seven.arch = None;
    assert_eq!(ids(&seven), ["7-sp1-x86", "7-sp1-x64"]);

    let build_alone = os(|os| os.build = Some(14393));
    assert_eq!(ids(&build_alone), ["10-1607-x86", "10-1607-x64", "2016"]);
    let version_alone = os(|os| os.version = Some("6.1".into()));
    assert!(ids(&version_alone).iter().all(|id| id.starts_with('7') || id.starts_with("2008r2")));

    let everything = Knowledge::builtin().systems.iter().filter(|system| !system.embedded).count();
    assert_eq!(ids(&OsFacts::default()).len(), everything, "nothing known allows everything");
}

#[test]
fn numbers_outrank_a_name_that_contradicts_them_and_then_nothing_is_proved() {
    let odd = full("Windows 7", "10.0.17763", 0, Arch::X64, Family::Client);
    let resolved = Knowledge::builtin().systems.resolve(&odd);
    assert!(resolved.guessed, "facts that contradict each other prove nothing");
    assert!(resolved.possible.iter().all(|system| system.builds.contains(&17763)));

    let new = full("Windows 11", "10.0.29999", 0, Arch::X64, Family::Client);
    assert!(!ids(&new).is_empty() && ids(&new).iter().all(|id| id.starts_with("11-")), "{:?}", ids(&new));
}

#[test]
fn another_operating_system_is_no_windows_unless_it_is_a_guess() {
    let linux = os(|os| os.product = Some("Debian GNU/Linux 12".into()));
    assert!(Knowledge::builtin().systems.resolve(&linux).foreign);
    let guess = OsFacts { basis: OsBasis::Guessed, ..linux };
    assert!(!Knowledge::builtin().systems.resolve(&guess).foreign);
}

#[test]
fn support_ends_by_edition() {
    let systems = &Knowledge::builtin().systems;
    let end = |id: &str, edition: Option<&str>| {
        systems.support(systems.get(id).unwrap(), edition).unwrap().security.to_string()
    };
    assert_eq!(end("10-1809-x64", Some("Enterprise LTSC")), "2029-01-09");
    assert_eq!(end("10-1809-x64", Some("Education")), "2021-05-11");
    assert_eq!(end("10-1809-x64", Some("Pro for Workstations")), "2020-11-10");
    assert_eq!(end("10-1809-x64", Some("Pro Education")), "2020-11-10");
    assert_eq!(end("10-1809-x64", None), "2020-11-10", "the earliest end, where the edition is not known");
    assert_eq!(end("7-sp1-x64", Some("Professional")), "2020-01-14");
    assert_eq!(end("2016", None), "2027-01-12");
}

fn linux_system(name: &str, product: &str, version: &str) -> OsFacts {
    os(|os| {
        os.name = Some(name.into());
        os.product = Some(product.into());
        os.version = Some(version.into());
    })
}

#[test]
fn linux_distributions_are_found_by_what_they_call_themselves() {
    for (name, product, version, want) in [
        ("Debian GNU/Linux 12 (bookworm)", "Debian GNU/Linux 12", "12", Some("debian-12")),
        ("Ubuntu 22.04.4 LTS", "Ubuntu 22.04", "22.04", Some("ubuntu-22.04")),
        ("Ubuntu 23.10", "Ubuntu 23.10", "23.10", None),
        ("Red Hat Enterprise Linux 9.4 (Plow)", "Red Hat Enterprise Linux 9.4", "9.4", Some("rhel-9")),
        ("Rocky Linux 8.10 (Green Obsidian)", "Rocky Linux 8.10", "8.10", Some("rocky-8")),
        ("AlmaLinux 10.0 (Purple Lion)", "AlmaLinux 10.0", "10.0", Some("alma-10")),
        ("SUSE Linux Enterprise Server 15 SP5", "SLES 15.5", "15.5", Some("sles-15.5")),
        ("openEuler 24.03 (LTS-SP3)", "openEuler 24.03", "24.03", Some("openeuler-24.03-sp3")),
        ("openEuler 24.03 (LTS)", "openEuler 24.03", "24.03", Some("openeuler-24.03")),
        ("openEuler 24.03", "openEuler 24.03", "24.03", None),
        ("Kylin Linux Advanced Server V10 (Lance)", "Kylin Linux Advanced Server V10", "V10", Some("kylin-v10")),
        ("Debian GNU/Linux 1", "Debian GNU/Linux 1", "1", None),
    ] {
        let os = linux_system(name, product, version);
        let found = Knowledge::builtin().linux.find(&os).map(|system| system.id.as_str());
        assert_eq!(found, want, "{name}");
        assert!(Knowledge::builtin().systems.resolve(&os).foreign, "{name} is no Windows");
    }
}

#[test]
fn support_of_linux_ends_by_what_everyone_gets() {
    let linux = &Knowledge::builtin().linux;
    let over = |id: &str, day: &str| linux.iter().find(|system| system.id == id).unwrap().is_over(day.parse().unwrap());
    // Long-term support of Debian is for everyone, that of Ubuntu is sold.
    assert_eq!(over("debian-12", "2026-11-27"), Some(false));
    assert_eq!(over("debian-11", "2026-11-27"), Some(true));
    assert_eq!(over("ubuntu-20.04", "2026-11-27"), Some(true));
    assert_eq!(over("rhel-8", "2029-05-31"), Some(false));
    assert_eq!(over("kylin-v10", "2026-11-27"), None, "no day that is certain");
}

#[test]
fn days_of_linux_stand_in_order_and_each_on_a_source() {
    let linux = &Knowledge::builtin().linux;
    for system in linux.iter() {
        let days: Vec<_> = [system.released, system.security, system.extended].into_iter().flatten().collect();
        assert!(days.is_sorted(), "{}: {days:?}", system.id);
        assert!(system.source.iter().all(|id| linux.source(id).is_some()), "{}", system.id);
        for message in system.support() {
            assert!(words::template(&message.code, words::Language::ZhCn).is_some(), "{}", message.code);
        }
    }
}
