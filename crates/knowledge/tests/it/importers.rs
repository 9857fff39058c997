//! Importers on real-shaped files: every kind is told by its content, says the same in each of its forms, and breaks
//! cleanly.

use expect_test::{Expect, expect};
use knowledge::catalogue::{Catalogue, SystemQuery};
use knowledge::import::{self, Ignored, ImportError, Kind, LimitKind, Limits, Progress, Report, Update, silent};
use model::{Arch, KbId};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::io::{Cursor, Write};
use std::ops::ControlFlow;

const PRODUCT: &str = "Windows 7 for x64-based Systems Service Pack 1";

fn read(bytes: &[u8]) -> Result<(Kind, Catalogue, Report), ImportError> {
    let imported = import::read(Cursor::new(bytes), &Limits::default(), &mut silent)?;
    match imported.update {
        Update::Catalogue(catalogue) => Ok((imported.kind, *catalogue, imported.report)),
        Update::Kev(_) | Update::Epss(_) => panic!("{:?} is no catalogue", imported.kind),
    }
}

/// What is open on Windows 7 with some updates, and the edges of a few.
fn check(bytes: &[u8], expect: Expect) {
    let (kind, catalogue, report) = read(bytes).unwrap();
    let query = SystemQuery {
        product: "Windows 7".to_owned(),
        arch: Some(Arch::X64),
        service_pack: Some(1),
        ..SystemQuery::default()
    };
    let scope = catalogue.scope(&query);
    let mut text = format!("{kind:?} {:?}\n", catalogue.sources());
    for installed in [vec![], vec![KbId(4012212)], vec![KbId(4015549)]] {
        let open = catalogue.open_cves(&scope, &catalogue.covered(&installed));
        for group in open.cve_groups(&catalogue, &scope, |_| false) {
            for cve in group.cves {
                let component = cve.component.map(|name| format!(" if {name}")).unwrap_or_default();
                text += &format!("{installed:?}: {} {:?} by {:?}{component}\n", cve.cve, cve.severity, group.kb);
            }
        }
    }
    text += &format!("{:?} {:?}\n", report.ignored, report.oddities);
    expect.assert_eq(&text);
}

fn csaf() -> String {
    serde_json::json!({
        "document": {
            "aggregate_severity": {"namespace": "https://www.microsoft.com/en-us/msrc/security-update-severity-rating-system", "text": "Critical"},
            "category": "csaf_security_advisory", "csaf_version": "2.0",
            "tracking": {"id": "CVE-2017-0144", "initial_release_date": "2017-03-14T07:00:00.000Z", "current_release_date": "2017-05-12T07:00:00.000Z"}
        },
        "product_tree": {
            "branches": [{"category": "vendor", "name": "Microsoft", "branches": [
                {"category": "product_name", "name": PRODUCT, "branches": [
                    {"category": "product_version_range", "name": "<6.1.7601.23677", "product": {"name": "Windows 7 SP1 <6.1.7601.23677", "product_id": "1"}},
                    {"category": "product_version", "name": "6.1.7601.23677", "product": {"name": "Windows 7 SP1 6.1.7601.23677", "product_id": "10049"}}
                ]},
                {"category": "product_name", "name": "Internet Explorer 11", "product": {"name": "Internet Explorer 11", "product_id": "9"}}
            ]}],
            "relationships": [{"category": "installed_on", "product_reference": "9", "relates_to_product_reference": "1",
                "full_product_name": {"name": "Internet Explorer 11 on Windows 7 SP1 <6.1", "product_id": "9-1"}}]
        },
        "vulnerabilities": [
            {"cve": "CVE-2017-0144", "product_status": {"fixed": ["10049"], "known_affected": ["1"]},
             "remediations": [
                {"category": "vendor_fix", "details": "6.1.7601.23677:Security Update:https://support.microsoft.com/help/4012212", "product_ids": ["1"], "url": "https://support.microsoft.com/help/4012212"},
                {"category": "mitigation", "details": "Disable SMBv1"}],
             "threats": [{"category": "impact", "details": "Remote Code Execution"}, {"category": "exploit_status", "details": "Exploited:Yes;Latest Software Release:Exploitation Detected"}]},
            {"cve": "CVE-2017-0008", "product_status": {"known_affected": ["9-1", "404"]},
             "remediations": [{"category": "vendor_fix", "details": "x", "product_ids": ["9-1"], "url": "https://support.microsoft.com/help/4012204"}]}
        ]
    })
    .to_string()
}

fn cvrf_json() -> String {
    serde_json::json!({
        "DocumentTitle": {"Value": "April 2017 Security Updates"},
        "DocumentTracking": {"InitialReleaseDate": "2017-04-11T07:00:00", "CurrentReleaseDate": "2017-04-11T07:00:00"},
        "ProductTree": {"Branch": [], "FullProductName": [{"ProductID": "10049", "Value": PRODUCT}]},
        "Vulnerability": [{
            "CVE": "CVE-2017-0199",
            "Notes": [{"Title": "Description", "Type": 1, "Value": "<p>text</p>"}],
            "ProductStatuses": [{"ProductID": ["10049"], "Type": 3}],
            "Threats": [
                {"Description": {"Value": "Remote Code Execution"}, "ProductID": ["10049"], "Type": 0},
                {"Description": {"Value": "Publicly Disclosed:No;Exploited:Yes"}, "Type": 1},
                {"Description": {"Value": "Important"}, "ProductID": ["10049"], "Type": 3}],
            "Remediations": [
                {"Description": {"Value": "4015549"}, "Supercedence": "4012215;4012212<br><br>None", "ProductID": ["10049"], "Type": 2, "SubType": "Monthly Rollup"},
                {"Description": {"Value": "4015546"}, "Supercedence": "", "ProductID": ["10049"], "Type": 2, "SubType": "Security Only"},
                {"Description": {"Value": "Do not open files"}, "Type": 0}],
            "RevisionHistory": [{"Number": "1.0", "Date": "2017-04-11T07:00:00", "Description": {"Value": "x"}}]
        }]
    })
    .to_string()
}

fn cvrf_xml() -> String {
    format!(
        r#"<?xml version="1.0" encoding="utf-8"?>
<cvrf:cvrfdoc xmlns:cvrf="http://www.icasi.org/CVRF/schema/cvrf/1.1" xmlns:prod="http://www.icasi.org/CVRF/schema/prod/1.1" xmlns:vuln="http://www.icasi.org/CVRF/schema/vuln/1.1">
<cvrf:DocumentTitle>April 2017 &amp; more</cvrf:DocumentTitle>
<cvrf:DocumentTracking><cvrf:CurrentReleaseDate>2017-04-11T07:00:00</cvrf:CurrentReleaseDate></cvrf:DocumentTracking>
<prod:ProductTree><prod:Branch Type="Vendor" Name="Microsoft"><prod:FullProductName ProductID="10049">{PRODUCT}</prod:FullProductName></prod:Branch>
<prod:FullProductName ProductID="10049">{PRODUCT}</prod:FullProductName></prod:ProductTree>
<vuln:Vulnerability Ordinal="1"><vuln:Title>T</vuln:Title><vuln:CVE>CVE-2017-0199</vuln:CVE>
<vuln:RevisionHistory><vuln:Revision><cvrf:Number>1.0</cvrf:Number><cvrf:Date>2017-04-11T07:00:00</cvrf:Date></vuln:Revision></vuln:RevisionHistory>
<vuln:ProductStatuses><vuln:Status Type="Known Affected"><vuln:ProductID>10049</vuln:ProductID></vuln:Status></vuln:ProductStatuses>
<vuln:Threats><vuln:Threat Type="Impact"><vuln:Description>Remote Code Execution</vuln:Description><vuln:ProductID>10049</vuln:ProductID></vuln:Threat>
<vuln:Threat Type="Exploit Status"><vuln:Description>Publicly Disclosed:No;Exploited:Yes</vuln:Description></vuln:Threat>
<vuln:Threat Type="Severity"><vuln:Description>Important</vuln:Description><vuln:ProductID>10049</vuln:ProductID></vuln:Threat></vuln:Threats>
<vuln:Remediations>
<vuln:Remediation Type="Vendor Fix"><vuln:Description>4015549</vuln:Description><vuln:ProductID>10049</vuln:ProductID><vuln:Supercedence>4012215;4012212&lt;br&gt;&lt;br&gt;None</vuln:Supercedence><vuln:SubType>Monthly Rollup</vuln:SubType></vuln:Remediation>
<vuln:Remediation Type="Vendor Fix"><vuln:Description>4015546</vuln:Description><vuln:ProductID>10049</vuln:ProductID><vuln:SubType>Security Only</vuln:SubType></vuln:Remediation>
<vuln:Remediation Type="Workaround"><vuln:Description>Do not open files</vuln:Description></vuln:Remediation>
</vuln:Remediations></vuln:Vulnerability></cvrf:cvrfdoc>"#
    )
}

fn cabinet(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut builder = cab::CabinetBuilder::new();
    for chunk in files.chunks(3) {
        let folder = builder.add_folder(cab::CompressionType::MsZip);
        for (name, _) in chunk {
            folder.add_file(*name);
        }
    }
    let mut writer = builder.build(Cursor::new(Vec::new())).unwrap();
    let mut files = files.iter();
    while let Some(mut file) = writer.next_file().unwrap() {
        file.write_all(&files.next().unwrap().1).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Three updates in a row, the middle one a bundle whose number only its bundle carries; one names no number.
fn wsus() -> Vec<u8> {
    let package = r#"<?xml version="1.0" encoding="utf-8"?><OfflineSyncPackage MinimumClientVersion="5.8.0.2678" ProtocolVersion="1.0" PackageId="f5ea6d9f-7d3a-4d8a-a8f2-6c3e6c7b0e7c" SourceId="cbfd7f1c-7b1b-4b36-9a6f-7b1f0a8e8f55" CreationDate="2017-06-14T00:00:00Z" PackageVersion="1.1" xmlns="http://schemas.microsoft.com/msus/2004/02/OfflineSync"><Updates>
<Update UpdateId="a" RevisionNumber="1" RevisionId="100" CreationDate="2017-03-14T17:00:00Z" IsBundle="true"><SupersededBy><Revision Id="200" /></SupersededBy><Categories><Category Type="Company" Id="56309036-4c77-4dd9-951a-99ee9c246a94" /></Categories><Prerequisites><UpdateId Id="x" /><Or><UpdateId Id="y" /></Or></Prerequisites></Update>
<Update UpdateId="b" RevisionNumber="1" RevisionId="200" IsBundle="true"><SupersededBy><Revision Id="300" /><Revision Id="999" /></SupersededBy></Update>
<Update UpdateId="c" RevisionNumber="1" RevisionId="300"><BundledBy><Revision Id="301" /></BundledBy><PayloadFiles><File Id="cHZ=" /></PayloadFiles><Languages><Language Name="en" /></Languages></Update>
<Update UpdateId="d" RevisionNumber="1" RevisionId="301" IsBundle="true" /></Updates>
<FileLocations><FileLocation Id="cHZ=" Url="http://example.invalid/x.cab" /></FileLocations></OfflineSyncPackage>"#;
    let extended = |kb: &str| {
        format!(r#"<ExtendedProperties DefaultPropertiesLanguage="en" MsrcSeverity="Critical"><SupportUrl>https://support.microsoft.com</SupportUrl><SecurityBulletinID>MS17-010</SecurityBulletinID><KBArticleID>{kb}</KBArticleID></ExtendedProperties>"#).into_bytes()
    };
    let core = || b"<UpdateIdentity UpdateID=\"a\" /><Properties UpdateType=\"Software\" /><Relationships />".to_vec();
    let package2 = cabinet(&[
        ("c/100", core()),
        ("c/200", core()),
        ("l/en/100", b"<LocalizedProperties><Title>Update (KB1)</Title></LocalizedProperties>".to_vec()),
        ("x/100", extended("4012215")),
        ("x/200", extended("4015549")),
        ("x/250", b"<ExtendedProperties><KBArticleID>".to_vec()),
    ]);
    let package3 = cabinet(&[("x\\301", extended("4019264"))]);
    let index = br#"<INDEX><CABLIST><CAB NAME="package2.cab" RANGESTART="0"/><CAB NAME="package3.cab" RANGESTART="300"/></CABLIST></INDEX>"#;
    cabinet(&[
        ("index.xml", index.to_vec()),
        ("package.cab", cabinet(&[("package.xml", package.as_bytes().to_vec())])),
        ("package2.cab", package2),
        ("package3.cab", package3),
    ])
}

const CSV: &str = "\"DatePosted\",\"CVE\",\"BulletinKB\",\"Title\",\"AffectedProduct\",\"AffectedComponent\",\"Severity\",\"Impact\",\"Supersedes\",\"Exploits\"\r\n\
# a comment\r\n\
\"20170314\",\"CVE-2017-0144\",\"4012212\",\"t\",\"Windows 7 for x64-based Systems Service Pack 1\",\"Windows SMB Server\",\"Critical\",\"Remote Code Execution\",\"3212646;None\",\"https://x\"\r\n\
\"20170411\",\"CVE-2017-0158\",\"4015549\",\"t\",\"windows 7 for x64-based systems  Service Pack 1 \",\"Windows Internet Explorer 8\",\"System.Object[]\",\"System.Object[]\",\"4012215<br><br>4012212\n\",\"\"\r\n\
\"20170411\",\"CVE-2017-0199\",\"Release Notes\",\"t\",\"Some Linux\",\"\",\"\",\"\",\"20.0.1\",\"\"\r\n\
\"20110315\",\"SP7X64SP1\",\"976932\",\"SP1\",\"Windows 7 for x64-based Systems\",\"\",\"Critical\",\"No more updates\",\"\",\"\"\r\n";

const KEV: &str = r#"{"title":"CISA","catalogVersion":"2017.06.01","dateReleased":"2017-06-01T00:00:00Z","count":1,
"vulnerabilities":[{"cveID":"CVE-2017-0144","vendorProject":"Microsoft","product":"SMBv1","vulnerabilityName":"x",
"dateAdded":"2022-02-10","shortDescription":"x","requiredAction":"x","dueDate":"2022-08-10",
"knownRansomwareCampaignUse":"Known","notes":"","cwes":[]}]}"#;

const EPSS: &str = "#model_version:v2025.03.14,score_date:2025-06-01T00:00:00+0000\ncve,epss,percentile\nCVE-2017-0144,0.94,0.999\nCVE-2017-0145,0.5,1\n";

fn definitions(main: &str) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in [("CVEs_20260628.csv", main), ("Custom_20190321.csv", CSV), ("Version_0.94.txt", "x")] {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn a_csaf_advisory_gives_products_fixes_and_components() {
    check(
        csaf().as_bytes(),
        expect![[r#"
        CsafJson {"msrc-csaf 2017-05-12"}
        []: CVE-2017-0144 Some(Critical) by Some(KbId(4012212))
        []: CVE-2017-0008 Some(Critical) by Some(KbId(4012204)) if Internet Explorer 11
        [KbId(4012212)]: CVE-2017-0008 Some(Critical) by Some(KbId(4012204)) if Internet Explorer 11
        [KbId(4015549)]: CVE-2017-0144 Some(Critical) by Some(KbId(4012212))
        [KbId(4015549)]: CVE-2017-0008 Some(Critical) by Some(KbId(4012204)) if Internet Explorer 11
        {DanglingReference: 1} {NotAFix: 1}
    "#]],
    );
}

#[test]
fn both_forms_of_cvrf_say_the_same() {
    check(
        cvrf_json().as_bytes(),
        expect![[r#"
        CvrfJson {"msrc-cvrf 2017-04-11"}
        []: CVE-2017-0199 Some(Important) by Some(KbId(4015549))
        [KbId(4012212)]: CVE-2017-0199 Some(Important) by Some(KbId(4015549))
        {} {NotASuperseded: 1, NotAFix: 1}
    "#]],
    );
    let (json, xml) = (read(cvrf_json().as_bytes()).unwrap(), read(cvrf_xml().as_bytes()).unwrap());
    assert_eq!((json.0, xml.0), (Kind::CvrfJson, Kind::CvrfXml));
    assert_eq!(json.1, xml.1);
    assert_eq!(json.2, xml.2);
}

#[test]
fn definitions_are_read_with_their_dirt() {
    check(
        &definitions(CSV),
        expect![[r#"
        WesNgZip {"wesng 2026-06-28"}
        []: CVE-2017-0144 Some(Critical) by Some(KbId(4015549))
        []: CVE-2017-0158 None by Some(KbId(4015549)) if Windows Internet Explorer 8
        [KbId(4012212)]: CVE-2017-0158 None by Some(KbId(4015549)) if Windows Internet Explorer 8
        {NoUpdate: 2} {NotAnUpdate: 2, NotASuperseded: 2}
    "#]],
    );
    let (.., catalogue, report) = (read(&definitions(CSV)).unwrap().1, read(&definitions(CSV)).unwrap().2);
    assert_eq!(catalogue.counts().products, 1, "one product in two spellings");
    assert_eq!(catalogue.service_packs().len(), 1);
    assert_eq!(report.rows, 8);
}

#[test]
fn the_offline_scan_file_tells_what_superseded_what() {
    let (kind, catalogue, report) = read(&wsus()).unwrap();
    assert_eq!(kind, Kind::WsusCab);
    let covered = catalogue.covered(&[KbId(4019264)]);
    assert_eq!(catalogue.members(&covered), BTreeSet::from([KbId(4012215), KbId(4015549), KbId(4019264)]));
    assert_eq!((report.rows, catalogue.counts().supersedences), (4, 2));
    // A revision that is nowhere, and a file that is cut off in its middle.
    assert_eq!((report.oddities[&Ignored::DanglingReference], report.oddities[&Ignored::OtherPart]), (1, 1));
    assert_eq!(catalogue.as_of(), Some(jiff::civil::date(2017, 6, 14)));
}

#[test]
fn the_same_import_twice_is_as_once() {
    for file in [csaf().into_bytes(), cvrf_json().into_bytes(), wsus(), definitions(CSV)] {
        let (_, catalogue, _) = read(&file).unwrap();
        let (merged, added) = catalogue.clone().merge(&catalogue);
        assert!(added.is_nothing());
        assert_eq!(merged, catalogue);
        assert_eq!(merged.to_bytes(), catalogue.to_bytes());
        let (kind, read_back, _) = read(&catalogue.to_bytes().unwrap()).unwrap();
        assert_eq!((kind, &read_back), (Kind::Catalogue, &catalogue));
    }
}

#[test]
fn merging_does_not_depend_on_the_order() {
    let all =
        [csaf().into_bytes(), cvrf_json().into_bytes(), wsus(), definitions(CSV)].map(|file| read(&file).unwrap().1);
    let forth = all.iter().fold(Catalogue::default(), |sum, next| sum.merge(next).0);
    let back = all.iter().rev().fold(Catalogue::default(), |sum, next| sum.merge(next).0);
    assert_eq!(forth, back);
    assert_eq!(forth.sources().len(), 4);
}

#[test]
fn a_file_of_no_kind_is_refused_and_a_broken_one_is_named() {
    for text in ["", "hello", "<html></html>", "[1]", "a,b,c\n1,2,3", "\0\0\0"] {
        assert!(matches!(read(text.as_bytes()), Err(ImportError::UnknownKind)), "{text}");
    }
    for text in ["{", "{\"document\":7}", "PK\x03\x04", "MSCF", "<cvrfdoc>", "RDTCATLG"] {
        let error = read(text.as_bytes()).unwrap_err();
        assert!(matches!(error, ImportError::Malformed { .. }), "{text}: {error:?}");
        assert!(error.message("x.json").params.contains_key("file"));
    }
    let empty = zip::ZipWriter::new(Cursor::new(Vec::new())).finish().unwrap().into_inner();
    assert!(read(&empty).is_err());
    assert!(matches!(read(b"DatePosted,BulletinKB,AffectedProduct\n"), Err(ImportError::MissingColumn("CVE"))));
}

#[test]
fn no_truncation_and_no_changed_byte_panics() {
    let files = [
        csaf().into_bytes(),
        cvrf_json().into_bytes(),
        cvrf_xml().into_bytes(),
        wsus(),
        definitions(CSV),
        CSV.as_bytes().to_vec(),
        KEV.as_bytes().to_vec(),
        EPSS.as_bytes().to_vec(),
        read(&definitions(CSV)).unwrap().1.to_bytes().unwrap(),
    ];
    for file in files {
        for end in (0..file.len()).step_by(13) {
            let _ = import::read(Cursor::new(&file[..end]), &Limits::default(), &mut silent);
        }
        for at in (0..file.len()).step_by(11) {
            let mut bent = file.clone();
            bent[at] ^= 0x55;
            let _ = import::read(Cursor::new(&bent), &Limits::default(), &mut silent);
        }
    }
}

#[test]
fn limits_stop_a_bomb_and_a_caller_can_stop_an_import() {
    let row = CSV.lines().nth(2).unwrap();
    let many = format!("{}{}", CSV, format!("{row}\n").repeat(20_000));
    let limited = |limits: Limits| import::read(Cursor::new(definitions(&many)), &limits, &mut silent).unwrap_err();
    let bytes = limited(Limits { bytes_max: 100_000, ..Limits::default() });
    assert!(matches!(bytes, ImportError::Limit { what: LimitKind::Bytes, limit: 100_000 }), "{bytes}");
    let rows = limited(Limits { rows_max: 10, ..Limits::default() });
    assert!(matches!(rows, ImportError::Limit { what: LimitKind::Rows, limit: 10 }), "{rows}");
    let long = format!("{CSV}\"{}", "\n".repeat(3_000_000));
    let long = import::read(Cursor::new(definitions(&long)), &Limits::default(), &mut silent).unwrap_err();
    assert!(matches!(long, ImportError::Limit { what: LimitKind::RowBytes, .. }), "{long}");
    let document = Limits { document_bytes_max: 100, ..Limits::default() };
    let large = import::read(Cursor::new(csaf()), &document, &mut silent).unwrap_err();
    assert!(matches!(large, ImportError::Limit { what: LimitKind::Bytes, limit: 100 }), "{large}");
    let mut seen = 0;
    let mut stop = |progress: Progress| {
        seen += 1;
        if progress.rows > 5000 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let stopped = import::read(Cursor::new(definitions(&many)), &Limits::default(), &mut stop).unwrap_err();
    assert!(matches!(stopped, ImportError::Cancelled) && seen == 2, "{stopped} after {seen}");
}

#[test]
fn the_shipped_catalogue_is_what_the_importer_makes_of_the_definitions() {
    let Some(path) = testkit::data("definitions/definitions.zip") else { return };
    let imported = import::read(std::fs::File::open(path).unwrap(), &Limits::default(), &mut silent).unwrap();
    let Update::Catalogue(catalogue) = imported.update else { panic!("{:?}", imported.kind) };
    let shipped = include_bytes!("../../../../data/catalogue/microsoft.bin");
    if catalogue.as_of() != Catalogue::from_bytes(shipped).unwrap().as_of() {
        eprintln!("SKIPPED: the definitions are of {:?}, the shipped catalogue is not", catalogue.as_of());
        return;
    }
    assert_eq!(imported.report.rows, 608_740 + 160);
    assert_eq!(imported.report.oddities[&Ignored::SupersedesItself], 57);
    assert!(
        *catalogue == Catalogue::from_bytes(shipped).unwrap(),
        "run the example make-catalogue and commit its output"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_bytes_behind_a_known_head_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), kind in 0..9usize) {
        let heads: [&[u8]; 9] = [
            b"", b"PK\x03\x04", b"MSCF", b"\x1f\x8b", b"RDTCATLG", b"<cvrfdoc>", b"cve,epss,percentile\n",
            b"DatePosted,CVE,BulletinKB,Title,AffectedProduct,AffectedComponent,Severity,Impact,Supersedes,Exploits\n",
            b"{\"catalogVersion\":\"1\",\"vulnerabilities\":[",
        ];
        let _ = import::read(Cursor::new([heads[kind], &bytes].concat()), &Limits::default(), &mut silent);
    }
}
