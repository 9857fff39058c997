//! Broken, huge, empty, binary and hostile input: each is refused by name and reason, and nothing panics.

use inventory::{Limits, Reading, hosts, read, read_from, read_with_tables};
use model::OsBasis;
use proptest::prelude::*;
use std::io::{Cursor, Read, Write};
use zip::write::{SimpleFileOptions, ZipWriter};

fn refusals(reading: &Reading) -> Vec<String> {
    reading.refusals.iter().map(|refusal| format!("{}: {}", refusal.path, refusal.message.code)).collect()
}

fn check(path: &str, bytes: &[u8], limits: &Limits, want: &[&str]) {
    assert_eq!(refusals(&read(path, bytes, limits)), want);
}

fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

const LIST: &[u8] = b"CSName  HotFixID\r\nPC1     KB4012212\r\n";

#[test]
fn empty_binary_and_unknown_files_are_refused_with_their_reason() {
    let limits = Limits::default();
    check("a", b"", &limits, &["a: inventory.empty"]);
    check("a", b"\xEF\xBB\xBF\r\n", &limits, &["a: inventory.empty"]);
    check(
        "a.exe",
        b"MZ\x90\x00\x03\x01\x02\x04\x05\x06\x07\x08\xFF\xFE\x00\x01",
        &limits,
        &["a.exe: inventory.binary"],
    );
    check("a.txt", b"Dear all,\nsee you on Monday.\n", &limits, &["a.txt: inventory.unknown-kind"]);
    check("a.xml", b"<html><body/></html>", &limits, &["a.xml: inventory.unknown-xml"]);
}

#[test]
fn a_line_without_end_and_a_file_without_end_stop_at_their_limits() {
    let limits = Limits { line_bytes: 1000, file_bytes: 10_000, ..Limits::default() };
    check("a", &[b'a'; 5000], &limits, &["a: inventory.long-line"]);
    let endless = read_from("tape", std::io::repeat(b'x'), &limits);
    assert_eq!(refusals(&endless), ["tape: inventory.too-large"]);
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("disk"))
        }
    }
    assert_eq!(refusals(&read_from("disk", Broken, &limits)), ["disk: inventory.unreadable"]);
}

#[test]
fn xml_entities_depth_and_a_cut_end_are_named() {
    let limits = Limits { depth: 20, ..Limits::default() };
    let bomb = br#"<!DOCTYPE nmaprun [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><nmaprun><host>&b;</host></nmaprun>"#;
    check("n.xml", bomb, &limits, &["n.xml: inventory.xml-entities"]);
    check("n.xml", format!("<nmaprun>{}", "<a>".repeat(100)).as_bytes(), &limits, &["n.xml: inventory.xml-deep"]);
    let cut = br#"<nmaprun><host><status state="up"/><address addr="10.0.0.1" addrtype="ipv4"/></host><host>"#;
    let reading = read("n.xml", cut, &limits);
    assert_eq!((refusals(&reading), reading.observations.len()), (vec!["n.xml: inventory.xml-cut".to_owned()], 1));
}

#[test]
fn an_archive_is_read_entry_by_entry_and_what_is_hostile_is_left_out() {
    let limits = Limits::default();
    let inner = zip_of(&[("PC2_qfe.txt", LIST)]);
    let deep = zip_of(&[("inner.zip", &zip_of(&[("deeper.zip", &inner)]))]);
    let bytes = zip_of(&[
        ("good/PC1_qfe.txt", LIST),
        ("../evil.txt", LIST),
        ("/etc/x", LIST),
        ("C:/x", LIST),
        ("junk.bin", b"\x01\x02\x03\x04\x05\x06"),
        ("nested.zip", &inner),
        ("deep.zip", &deep),
    ]);
    let reading = read("mix.zip", &bytes, &limits);
    let paths: Vec<&str> = reading.observations.iter().map(|observation| observation.source.path.as_str()).collect();
    assert_eq!(paths, ["mix.zip!good/PC1_qfe.txt", "mix.zip!nested.zip!PC2_qfe.txt"]);
    assert_eq!(
        refusals(&reading),
        [
            "mix.zip!../evil.txt: inventory.archive-name",
            "mix.zip!/etc/x: inventory.archive-name",
            "mix.zip!C:/x: inventory.archive-name",
            "mix.zip!junk.bin: inventory.binary",
            "mix.zip!deep.zip!inner.zip: inventory.archive-nested",
        ]
    );
}

#[test]
fn an_archive_bomb_stops_at_the_ratio_and_at_the_total() {
    let zeros = vec![b' '; 8 << 20];
    let bytes = zip_of(&[("a.txt", &zeros), ("PC1_qfe.txt", LIST)]);
    let reading = read("bomb.zip", &bytes, &Limits { ratio: 10, ..Limits::default() });
    assert_eq!(
        (refusals(&reading), reading.observations.len()),
        (vec!["bomb.zip!a.txt: inventory.archive-ratio".to_owned()], 1)
    );
    let total = read("bomb.zip", &bytes, &Limits { ratio: 1_000_000, unpacked_bytes: 1 << 20, ..Limits::default() });
    assert!(refusals(&total).contains(&"bomb.zip: inventory.archive-size".to_owned()), "{:?}", refusals(&total));
    assert_eq!(refusals(&read("x.zip", b"PK\x03\x04garbage", &Limits::default())), ["x.zip: inventory.archive-broken"]);
}

#[test]
fn chinese_entry_names_are_readable() {
    let bytes = zip_of(&[("主机/甲_qfe.txt", LIST)]);
    assert_eq!(read("a.zip", &bytes, &Limits::default()).observations[0].source.path, "a.zip!主机/甲_qfe.txt");
}

#[test]
fn a_chinese_host_table_is_mapped_and_its_formulas_stay_text() {
    let csv = "资产清单\n主机名,IP地址,操作系统,服务包,体系结构,部门,负责人,资产价值,业务需要端口,可替代端口,补丁冲突\nPC1,10.0.0.1,Windows 7 专业版,SP1,x64,财务,=cmd|' /C calc'!A0,高,\"445、3389\",3389,是\n";
    let preview = read("hosts.csv", csv.as_bytes(), &Limits::default()).tables.remove(0);
    assert!(preview.confident && preview.mapping.columns.iter().all(Option::is_some), "{preview:?}");
    let reading = read_with_tables("hosts.csv", csv.as_bytes(), &Limits::default());
    let observation = &reading.observations[0];
    let (facts, business) = (&observation.facts, &observation.facts.business);
    assert_eq!(
        (facts.os.product.as_deref(), facts.os.edition.as_deref(), facts.os.service_pack, facts.os.basis),
        (Some("Windows 7"), Some("Professional"), Some(1), OsBasis::Stated)
    );
    assert_eq!(
        (business.owner.as_deref(), business.value, business.patch_conflict),
        (Some("=cmd|' /C calc'!A0"), Some(4), Some(true))
    );
    assert_eq!(
        business.needs_ports.as_ref().unwrap().iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["tcp/445", "tcp/3389"]
    );
    assert_eq!(observation.oddities[0].message.code, "inventory.formula");
    let gbk = encoding_rs::GBK.encode(csv).0.into_owned();
    assert_eq!(
        read_with_tables("hosts.csv", &gbk, &Limits::default()).observations[0].facts.business.group.as_deref(),
        Some("财务")
    );
}

#[test]
fn a_directory_export_is_mapped() {
    let csv = "Name;DNSHostName;OperatingSystem;OperatingSystemServicePack;OperatingSystemVersion\nSRV1;srv1.corp.local;Windows Server 2008 R2 Standard;Service Pack 1;6.1 (7601)\n";
    let facts = read_with_tables("ad.csv", csv.as_bytes(), &Limits::default()).observations.remove(0).facts;
    assert_eq!((facts.name.as_deref(), facts.domain.as_deref()), (Some("SRV1"), Some("corp.local")));
    assert_eq!(
        (facts.os.product.as_deref(), facts.os.build, facts.os.service_pack),
        (Some("Windows Server 2008 R2"), Some(7601), Some(1))
    );
}

#[test]
fn smb_scripts_give_verdicts_and_what_the_host_said() {
    let xml = br#"<nmaprun start="1500000000"><host><status state="up"/><address addr="10.0.0.5" addrtype="ipv4"/>
<ports><extraports state="closed" count="998"/><port protocol="tcp" portid="445"><state state="open"/><service name="microsoft-ds"/></port></ports>
<hostscript><script id="smb-os-discovery" output="x"><elem key="os">Windows 7 Professional 7601 Service Pack 1</elem><elem key="fqdn">PC5.corp.local</elem></script>
<script id="smb-vuln-ms17-010" output="VULNERABLE"><table key="CVE-2017-0143"><elem key="title">RCE</elem><elem key="state">VULNERABLE</elem></table></script>
<script id="smb-vuln-ms10-061" output="false"/>
<script id="smb-double-pulsar-backdoor" output="&#xa;  VULNERABLE:&#xa;  Double Pulsar"/></hostscript></host></nmaprun>"#;
    let facts = read("n.xml", xml, &Limits::default()).observations.remove(0).facts;
    assert_eq!(
        (facts.name.as_deref(), facts.domain.as_deref(), facts.smb1),
        (Some("PC5"), Some("corp.local"), Some(true))
    );
    assert_eq!(
        (facts.os.product.as_deref(), facts.os.build, facts.os.service_pack, facts.os.basis),
        (Some("Windows 7"), Some(7601), Some(1), OsBasis::Stated)
    );
    let verdicts: Vec<_> = facts.scanner.iter().map(|item| (item.check.as_str(), item.vulnerable)).collect();
    assert_eq!(
        verdicts,
        [
            ("nmap:smb-vuln-ms17-010", Some(true)),
            ("nmap:smb-vuln-ms10-061", Some(false)),
            ("nmap:smb-double-pulsar-backdoor", Some(true))
        ]
    );
    assert_eq!(facts.implants[0].weapon.as_str(), "doublepulsar");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600), kind in 0..7usize) {
        let head: &[u8] = [b"".as_slice(), b"<nmaprun><host>", b"<NessusClientData_v2><ReportHost>", b"<report><result>", b"PK\x03\x04", b"HotFixID,CSName\n", b"\xFF\xFE"][kind];
        let reading = read_with_tables("a.csv", &[head, &bytes].concat(), &Limits::default());
        let _ = hosts(reading.observations);
    }

    #[test]
    fn no_text_of_the_right_shape_panics(lines in proptest::collection::vec("[ \\[\\]:0-9A-Za-z=,\"'\u{a0}主机é]{0,40}(Windows 7|6\\.1\\.7601|KB[0-9]{4,8})?", 0..40)) {
        let reading = read_with_tables("a_qfe.txt", lines.join("\n").as_bytes(), &Limits::default());
        let _ = hosts(reading.observations);
    }
}
