//! Asks the shipped catalogue: `catalogue-query "Windows 7" 1 4534310` prints what stays open with these updates.

#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on stops")]

use knowledge::catalogue::{Catalogue, SystemQuery};
use model::{Arch, KbId};
use std::{collections::BTreeSet, time::Instant};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [product, service_pack, installed @ ..] = arguments.as_slice() else {
        return Err("usage: catalogue-query <product> <service pack> [KB…]".into());
    };
    let (product, release) = match product.split_once('/') {
        Some((product, release)) => (product, Some(release.to_owned())),
        None => (product.as_str(), None),
    };
    let installed: BTreeSet<KbId> = installed.iter().map(|kb| kb.parse()).collect::<Result<_, _>>()?;
    let start = Instant::now();
    let catalogue = Catalogue::builtin();
    println!("loaded in {:?}: {:?}", start.elapsed(), catalogue.counts());
    let query = SystemQuery {
        product: product.to_owned(),
        release,
        arch: Some(Arch::X64),
        service_pack: Some(service_pack.parse()?),
        ..SystemQuery::default()
    };
    let start = Instant::now();
    let scope = catalogue.scope(&query);
    println!(
        "scope in {:?}, {} products, listed until {:?}",
        start.elapsed(),
        catalogue.products_for(&query).len(),
        scope.listed_until
    );
    let start = Instant::now();
    let covered = catalogue.covered(&installed);
    let open = catalogue.open_cves(&scope, &covered);
    println!("asked in {:?}", start.elapsed());
    let start = Instant::now();
    let groups = open.cve_groups(catalogue, &scope, |_| false);
    println!("told in {:?}: {} open in {} groups", start.elapsed(), open.len(), groups.len());
    for group in groups.iter().take(15) {
        let conditional = group.cves.iter().filter(|cve| cve.component.is_some()).count();
        let posted = group.kb.and_then(|kb| catalogue.posted(kb));
        let component = group.cves.iter().find_map(|cve| cve.component.clone());
        println!("{:?} {posted:?}: {} ({conditional} conditional {component:?})", group.kb, group.cves.len());
    }
    Ok(())
}
