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
fn a_text_of_countless_lines_is_refused_before_it_is_laid_out() {
    let limits = Limits { lines: 100, ..Limits::default() };
    check("a.txt", &b"a b\n".repeat(101), &limits, &["a.txt: inventory.many-lines"]);
    check("b.txt", &b"<a b\n".repeat(101), &limits, &["b.txt: inventory.many-lines"]);
    check("a.txt", &b"a b\n".repeat(90), &limits, &["a.txt: inventory.unknown-kind"]);
}

#[test]
fn a_quote_that_never_closes_does_not_swallow_the_table() {
    let limits = Limits { line_bytes: 10_000, ..Limits::default() };
    let text = [b"Name,IP\n\"".as_slice(), &b"a,b\n".repeat(200_000)].concat();
    check("a.csv", &text, &limits, &["a.csv: inventory.long-line"]);
}

#[test]
fn json_of_update_lists_is_streamed_and_foreign_values_are_left_out() {
    let json = br#"[{"CSName":"PC1","HotFixID":"KB4012212","x":[1,{"y":[]}]},7,"s",null,[[1.5]],true,{"hotfixid":{"a":1}},{"HotFixID":"KB4012598","PSComputerName":"PC2"}]"#;
    let reading = read("a.json", json, &Limits::default());
    let got: Vec<_> = reading
        .observations
        .iter()
        .map(|seen| (seen.facts.name.as_deref(), seen.facts.updates.installed.iter().map(|kb| kb.0).collect()))
        .collect();
    assert_eq!(got, [(Some("PC1"), vec![4_012_212]), (Some("PC2"), vec![4_012_598])]);
    let nested = format!(r#"{{"hotfixid":{}1"#, "[".repeat(100_000));
    check("deep.json", nested.as_bytes(), &Limits::default(), &["deep.json: inventory.json-broken"]);
}

/// A list without a number would say that every update is missing, and one that broke off is not complete.
#[test]
fn json_that_breaks_off_or_holds_no_number_is_never_a_complete_list() {
    let limits = Limits::default();
    check("a.json", br#"{"HotFixID":{"a":[1]},"CSName":7}"#, &limits, &["a.json: inventory.json-no-updates"]);
    check("a.json", br#"[{"HotFixID":null}]"#, &limits, &["a.json: inventory.json-no-updates"]);
    let whole = r#"[{"CSName":"PC1","HotFixID":"KB4012212"},{"CSName":"PC2","HotFixID":"KB4012598"}]"#;
    for end in 1..whole.len() {
        let reading = read("a.json", &whole.as_bytes()[..end], &limits);
        let complete = reading.observations.iter().any(|seen| seen.facts.updates.complete);
        assert!(!complete, "{}", &whole[..end]);
        assert!(!reading.observations.is_empty() || !reading.refusals.is_empty() || !reading.tables.is_empty());
    }
}

#[test]
fn a_name_that_is_a_path_or_hides_its_letters_is_no_name() {
    let table = "hostname,ip\n../../x,10.0.1.1\n..\\..\\x,10.0.1.2\n.x,10.0.1.3\nPC\u{202e}txt,10.0.1.4\nP\u{200b}C,10.0.1.5\nP\u{1b}[2J,10.0.1.6\nP\u{9b}J,10.0.1.7\nPC8,10.0.1.8\n";
    let reading = read_with_tables("h.csv", table.as_bytes(), &Limits::default());
    let hosts = hosts(reading.observations);
    let names: Vec<_> = hosts.iter().filter_map(|host| host.facts.name.as_deref()).collect();
    assert_eq!((hosts.len(), names), (8, vec!["PC8"]), "each is a machine of its own, known by its address");
    assert!(hosts.iter().filter(|host| host.facts.name.is_none()).all(|host| !host.oddities.is_empty()));
}

#[test]
fn refusals_beyond_the_limit_are_counted() {
    let limits = Limits { refusals: 2, ..Limits::default() };
    let bytes = zip_of(&[("a", b""), ("b", b""), ("c", b""), ("PC1_qfe.txt", LIST), ("d", b"")]);
    let reading = read("many.zip", &bytes, &limits);
    assert_eq!(
        refusals(&reading),
        ["many.zip!a: inventory.empty", "many.zip!b: inventory.empty", "many.zip: inventory.refusals-more"]
    );
    assert_eq!(
        reading.refusals[2].message,
        model::Message::new("inventory.refusals-more").number("count", 2).number("limit", 2)
    );
    assert_eq!(reading.observations.len(), 1, "the rest is read all the same");
}

#[test]
fn bytes_with_nuls_are_binary_in_any_code_page() {
    let bytes: Vec<u8> = (0..5000u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    check("x.dat", &bytes, &Limits::default(), &["x.dat: inventory.binary"]);
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

/// The parts of a workbook as a spreadsheet writes them; `strings` are its shared strings.
fn workbook(sheet: &str, strings: &[&str]) -> Vec<u8> {
    let shared: String = strings.iter().map(|text| format!("<si><t>{text}</t></si>")).collect();
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let package = "http://schemas.openxmlformats.org/package/2006/relationships";
    zip_of(&[
("_rels/.rels", format!(r#"<Relationships xmlns="{package}"><Relationship Id="rId1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>"#).as_bytes()),
        ("xl/workbook.xml", format!(r#"<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="资产" sheetId="1" r:id="rId1"/></sheets></workbook>"#).as_bytes()),
        ("xl/_rels/workbook.xml.rels", format!(r#"<Relationships xmlns="{package}"><Relationship Id="rId1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="{office}/sharedStrings" Target="sharedStrings.xml"/></Relationships>"#).as_bytes()),
        ("xl/sharedStrings.xml", format!(r#"<sst xmlns="{main}">{shared}</sst>"#).as_bytes()),
        ("xl/worksheets/sheet1.xml", format!(r#"<worksheet xmlns="{main}"><sheetData>{sheet}</sheetData></worksheet>"#).as_bytes()),
    ])
}

/// A header, two machines, and a lone cell in the last row and column there can be.
fn hosts_book() -> Vec<u8> {
    workbook(
        r#"<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="s"><v>2</v></c><c r="D1" t="s"><v>3</v></c></row>
<row r="2"><c r="A2" t="s"><v>4</v></c><c r="B2" t="inlineStr"><is><t>10.0.0.1</t></is></c><c r="C2" t="s"><v>5</v></c><c r="D2"><v>3389</v></c></row>
<row r="3"><c r="A3" t="inlineStr"><is><t>=cmd|x</t></is></c><c r="B3" t="inlineStr"><is><t>10.0.0.2</t></is></c><c r="D3" t="s"><v>6</v></c></row>
<row r="1048576"><c r="XFD1048576" t="s"><v>4</v></c></row>"#,
        &["主机名", "IP地址", "操作系统", "业务需要端口", "PC1", "Windows 7 专业版 SP1", "445、88"],
    )
}

#[test]
fn a_workbook_is_read_by_its_headers() {
    let reading = read("book.xlsx", &hosts_book(), &Limits::default());
    assert_eq!((refusals(&reading), reading.tables.len()), (vec![], 1));
    let preview = &reading.tables[0];
    assert_eq!((preview.mapping.sheet.as_deref(), preview.columns.len()), (Some("资产"), 4));
    let inside = zip_of(&[("in/book.xlsx", &hosts_book())]);
    for (path, bytes) in [("book.xlsx", hosts_book()), ("all.zip", inside)] {
        let reading = read_with_tables(path, &bytes, &Limits::default());
        assert_eq!((refusals(&reading), reading.tables.len(), reading.mapped.len()), (vec![], 0, 1), "{path}");
        let hosts: Vec<String> = reading
            .observations
            .iter()
            .map(|seen| {
                let facts = &seen.facts;
                let ports: Vec<_> = facts.business.needs_ports.iter().flatten().map(ToString::to_string).collect();
                let addresses: Vec<_> = facts.addresses.iter().map(ToString::to_string).collect();
                format!("{:?} {addresses:?} {:?} {:?} {ports:?}", facts.name, facts.os.product, facts.os.service_pack)
            })
            .collect();
        assert_eq!(
            hosts,
            [
                r#"Some("PC1") ["10.0.0.1"] Some("Windows 7") Some(1) ["tcp/3389"]"#,
                r#"Some("=cmd|x") ["10.0.0.2"] None None ["tcp/88", "tcp/445"]"#
            ],
            "{path}"
        );
        assert!(reading.observations[1].oddities.iter().any(|odd| odd.message.code == "inventory.formula"));
    }
}

#[test]
fn a_hostile_workbook_is_refused() {
    let bomb = workbook(&format!("<row r=\"1\"><c r=\"A1\"><v>{}</v></c></row>", " ".repeat(8 << 20)), &[]);
    check("b.xlsx", &bomb, &Limits { ratio: 10, ..Limits::default() }, &["b.xlsx: inventory.archive-ratio"]);
    check("b.xlsx", &bomb, &Limits { file_bytes: 1 << 20, ..Limits::default() }, &["b.xlsx: inventory.too-large"]);
    let broken = zip_of(&[("xl/workbook.xml", b"<workbook><sheets><sheet name=")]);
    check("c.xlsx", &broken, &Limits::default(), &["c.xlsx: inventory.workbook-broken"]);
}

/// Reads prefixes of a file, cut where a copy that broke off is cut; whatever it is, it is read or refused by name.
fn check_prefixes(path: &str, bytes: &[u8]) {
    let limits = Limits::default();
    let step = (bytes.len() / 300).max(1);
    for end in (0..bytes.len()).step_by(step).chain(bytes.len().saturating_sub(40)..bytes.len()) {
        let reading = read_with_tables(path, &bytes[..end], &limits);
        let said = !reading.refusals.is_empty() || !reading.observations.is_empty() || !reading.tables.is_empty();
        assert!(said || !reading.mapped.is_empty(), "{path}: nothing is said of the first {end} bytes");
        assert!(reading.refusals.iter().all(|refusal| refusal.path.starts_with(path)), "{path} {end}");
        let _ = hosts(reading.observations);
    }
}

#[test]
fn every_prefix_of_every_kind_of_file_is_read_or_refused() {
    check_prefixes(
        "hosts.csv",
        "主机名,IP地址,操作系统\nPC1,10.0.0.1,\"Windows 7\n专业版\"\nPC2,10.0.0.2,XP\n".as_bytes(),
    );
    check_prefixes("PC1_qfe.txt", LIST);
    check_prefixes(
        "list.json",
        br#"[{"CSName":"PC1","HotFixID":"KB4012212"},{"CSName":"PC2","HotFixID":"KB4012598"}]"#,
    );
    check_prefixes("book.xlsx", &hosts_book());
    check_prefixes("mix.zip", &zip_of(&[("PC1_qfe.txt", LIST), ("in.zip", &zip_of(&[("PC2_qfe.txt", LIST)]))]));
    let openvas = br#"<report id="1"><results><result id="r"><host>10.0.0.1</host><port>445/tcp</port><nvt oid="1.3"><name>MS17-010</name><tags>summary=x</tags></nvt><severity>9.3</severity></result></results></report>"#;
    check_prefixes("o.xml", openvas);
    let nessus = br#"<NessusClientData_v2><Report name="r"><ReportHost name="10.0.0.1"><HostProperties><tag name="operating-system">Windows 7</tag></HostProperties><ReportItem port="445" protocol="tcp" severity="4" pluginID="97833"><cve>CVE-2017-0144</cve></ReportItem></ReportHost></Report></NessusClientData_v2>"#;
    check_prefixes("n.nessus", nessus);
}

#[test]
fn prefixes_of_real_reports_and_lists_are_read_or_refused() {
    let names = [
        "scans/nmap-os_banner_scripts.xml",
        "scans/nmap-os_scan6.xml",
        "hosts/vista_x64_sp1_qfe.txt",
        "hosts/7_sp1_x64_enterprise_en-us_20190305_updates.txt",
    ];
    for name in names {
        let Some(path) = testkit::data(name) else { continue };
        let bytes = std::fs::read(path).unwrap();
        check_prefixes(name, bytes.get(..200_000).unwrap_or(&bytes));
    }
    for name in ["scans/nessus-windows-7-hosts.nessus", "scans/openvas-metasploitable2.xml"] {
        let Some(path) = testkit::data(name) else { continue };
        let bytes = std::fs::read(path).unwrap();
        for part in 1..20 {
            let _ = hosts(read(name, &bytes[..bytes.len() * part / 20], &Limits::default()).observations);
        }
    }
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
