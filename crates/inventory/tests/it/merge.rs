//! Who is who in an import, and which fact wins.

use inventory::{Limits, hosts, identity, read};
use model::{Host, Observation};

fn systeminfo(name: &str, product_id: &str, claimed: u32, updates: &[&str]) -> String {
    let list: String = updates.iter().enumerate().map(|(n, id)| format!("  [{:02}]: {id}\r\n", n + 1)).collect();
    format!(
        "Host Name: {name}\r\nOS Name: Microsoft Windows 7 Professional\r\nOS Version: 6.1.7601 Service Pack 1 Build 7601\r\nOS Manufacturer: Microsoft Corporation\r\nOS Configuration: Standalone Workstation\r\nProduct ID: {product_id}\r\nSystem Type: x64-based PC\r\nDomain: WORKGROUP\r\nLogon Server: \\\\{name}\r\nHotfix(s): {claimed} Hotfix(s) Installed.\r\n{list}Network Card(s): 1\r\n  [01]: x\r\n     [01]: 10.0.0.1\r\n"
    )
}

fn import(files: &[(&str, &str)]) -> Vec<Host> {
    let observations: Vec<Observation> =
        files.iter().flat_map(|(path, text)| read(path, text.as_bytes(), &Limits::default()).observations).collect();
    hosts(observations)
}

const A: &str = "00371-OEM-8992671-00524";
const B: &str = "00371-OEM-8992671-00525";

#[test]
fn machines_of_one_name_with_two_product_ids_are_two_hosts() {
    let (a, b) = (systeminfo("LAPTOP", A, 1, &["KB976902"]), systeminfo("LAPTOP", B, 1, &["KB976902"]));
    let got = import(&[("a.txt", &a), ("b.txt", &b)]);
    assert_eq!(got.len(), 2);
    assert_ne!(got[0].id, got[1].id);
}

#[test]
fn a_later_systeminfo_replaces_an_earlier_one_and_a_list_completes_it() {
    let (old, new) = (systeminfo("PC1", A, 1, &["KB976902"]), systeminfo("PC1", A, 3, &["KB2534111"]));
    let got = import(&[("1.txt", &old), ("2.txt", &new)]);
    let updates = &got[0].facts.updates;
    assert_eq!((got.len(), updates.complete, updates.installed.len()), (1, false, 1));
    let list = "CSName  HotFixID\r\nPC1     KB2534111\r\nPC1     KB4012212\r\n";
    let whole = import(&[("1.txt", &old), ("2.txt", &new), ("list_qfe.txt", list)]);
    let updates = &whole[0].facts.updates;
    assert_eq!((whole.len(), updates.complete, updates.installed.len()), (1, true, 2));
    assert_eq!(whole[0].id, got[0].id, "the id does not depend on what else is known");
    assert_eq!(whole[0].id, identity(&whole[0].facts));
}

#[test]
fn a_scan_joins_by_address_and_its_guess_never_beats_a_statement() {
    let scan = r#"<nmaprun><host><status state="up"/><address addr="10.0.0.1" addrtype="ipv4"/><os><osmatch name="Microsoft Windows XP SP3" accuracy="95"/></os></host></nmaprun>"#;
    let got = import(&[("1.txt", &systeminfo("PC1", A, 1, &["KB976902"])), ("n.xml", scan)]);
    assert_eq!((got.len(), got[0].facts.os.product.as_deref()), (1, Some("Windows 7")));
    assert_eq!((got[0].conflicts[0].field.as_str(), got[0].conflicts[0].other.as_str()), ("os.product", "Windows XP"));
}
