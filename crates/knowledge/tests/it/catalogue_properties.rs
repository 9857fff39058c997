//! Laws of the catalogue, whatever is in it.

use knowledge::catalogue::{Builder, Catalogue, CatalogueError, CveNumber, Fact, SystemQuery};
use model::{Arch, KbId};
use proptest::prelude::*;
use std::collections::BTreeSet;

const PRODUCTS: [&str; 4] = [
    "Windows 7 for x64-based Systems Service Pack 1",
    "Internet Explorer 11 on Windows 7 for x64-based Systems Service Pack 1",
    "Windows 7 for 32-bit Systems Service Pack 1",
    "Windows 10 Version 1607 for HoloLens",
];

fn kb() -> impl Strategy<Value = KbId> {
    (4_000_000u32..4_000_016).prop_map(KbId)
}

fn catalogue() -> impl Strategy<Value = Catalogue> {
    let facts = prop::collection::vec((0..PRODUCTS.len(), 0u32..12, prop::option::of(kb()), any::<bool>()), 1..60);
    let edges = prop::collection::vec((kb(), kb()), 0..25);
    (facts, edges).prop_map(|(facts, edges)| {
        let mut builder = Builder::default();
        for (product, cve, kb, optional) in facts {
            builder.fact(&Fact {
                product: PRODUCTS[product],
                component: if optional { "Role: DNS Server" } else { "Windows Kernel" },
                cve: CveNumber::new(2017, 100 + cve),
                kb,
                ..Fact::default()
            });
        }
        for (superseder, superseded) in edges {
            builder.supersede(superseder, superseded);
        }
        builder.finish()
    })
}

fn open(catalogue: &Catalogue, installed: &BTreeSet<KbId>) -> BTreeSet<String> {
    let query = SystemQuery {
        product: "Windows 7".to_owned(),
        arch: Some(Arch::X64),
        service_pack: Some(1),
        ..SystemQuery::default()
    };
    let open = catalogue.open_cves(&catalogue.scope(&query), &catalogue.covered(installed));
    let cves: BTreeSet<String> = open.cves(catalogue).map(String::from).collect();
    assert_eq!(cves.len(), open.len(), "each vulnerability is listed once");
    cves
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn more_updates_never_mean_more_exposure(
        catalogue in catalogue(), some in prop::collection::btree_set(kb(), 0..4), more in prop::collection::btree_set(kb(), 0..4),
    ) {
        let both: BTreeSet<KbId> = some.union(&more).copied().collect();
        prop_assert!(open(&catalogue, &both).is_subset(&open(&catalogue, &some)));
    }

    #[test]
    fn covered_is_closed_and_holds_what_it_was_made_of(
        catalogue in catalogue(), some in prop::collection::btree_set(kb(), 0..5),
    ) {
        let covered = catalogue.covered(&some);
        let members = catalogue.members(&covered);
        prop_assert!(members.is_superset(&some));
        prop_assert_eq!(&catalogue.covered(&members), &catalogue.covered(&some));
        for member in &members {
            prop_assert!(catalogue.supersedes(*member).is_subset(&members));
            // What is covered has a chain that tells why, and each link of it is an edge.
            let chain = catalogue.chain(&some, *member).expect("a chain");
            prop_assert!(some.contains(&chain[0]) && chain.last() == Some(member));
            prop_assert!(chain.windows(2).all(|link| catalogue.supersedes(link[0]).contains(&link[1])));
        }
        for other in (4_000_000..4_000_016).map(KbId).filter(|kb| !members.contains(kb)) {
            prop_assert_eq!(catalogue.chain(&some, other), None);
        }
    }

    #[test]
    fn the_update_of_a_group_closes_the_group(catalogue in catalogue()) {
        let query = SystemQuery { product: "Windows 7".to_owned(), arch: Some(Arch::X64), service_pack: Some(1), ..SystemQuery::default() };
        let scope = catalogue.scope(&query);
        let groups = catalogue.open_cves(&scope, &catalogue.covered(&[])).cve_groups(&catalogue, &scope, |_| false);
        for group in groups.iter().filter(|group| group.kb.is_some()) {
            let after = catalogue.open_cves(&scope, &catalogue.covered(&group.kb)).cve_groups(&catalogue, &scope, |_| false);
            let left: BTreeSet<_> = after.iter().flat_map(|group| &group.cves).map(|cve| (&cve.cve, &cve.component)).collect();
            for cve in &group.cves {
                prop_assert!(!left.contains(&(&cve.cve, &cve.component)), "{:?} does not close {cve:?}", group.kb);
            }
        }
    }

    #[test]
    fn a_catalogue_survives_its_file_and_its_extension(catalogue in catalogue(), superseder in kb()) {
        let bytes = catalogue.to_bytes().unwrap();
        prop_assert_eq!(&Catalogue::from_bytes(&bytes).unwrap(), &catalogue);
        let new = KbId(superseder.0 - 3_000_000);
        let extended = catalogue.clone().with_extra_edges(&[(superseder, new)]);
        prop_assert!(extended.contains(&extended.covered(&[superseder]), new));
        prop_assert_eq!(&extended.clone().with_extra_edges(&[(superseder, new)]), &extended);
        prop_assert_eq!(open(&extended, &BTreeSet::new()), open(&catalogue, &BTreeSet::new()));
        prop_assert!(Catalogue::from_bytes(&extended.to_bytes().unwrap()).unwrap() == extended);
    }

    #[test]
    fn any_truncation_and_any_changed_byte_is_an_error(catalogue in catalogue(), at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let bytes = catalogue.to_bytes().unwrap();
        let at = at.index(bytes.len());
        prop_assert!(Catalogue::from_bytes(&bytes[..at]).is_err());
        let mut bent = bytes.clone();
        bent[at] ^= 1 << bit;
        prop_assert!(Catalogue::from_bytes(&bent).is_err());
        let mut long = bytes;
        long.push(0);
        prop_assert_eq!(Catalogue::from_bytes(&long).unwrap_err(), CatalogueError::Length);
    }
}
