//! `systeminfo` in the languages and encodings it comes in, and files that are not whole.

use expect_test::{Expect, expect};
use inventory::{Limits, read, snapshots};

fn line(bytes: &[u8]) -> String {
    let reading = read("HOST_systeminfo.txt", bytes, &Limits::default());
    let refused: Vec<String> = reading.refusals.iter().map(|refusal| refusal.message.code.clone()).collect();
    let hosts = snapshots(reading.observations);
    let shown = hosts.iter().map(|host| {
        let (facts, os) = (&host.facts, &host.facts.os);
        let text = |value: &Option<String>| value.clone().unwrap_or("?".into());
        let updates: Vec<String> = facts.updates.installed.iter().map(ToString::to_string).collect();
        format!(
            "{}@{} | {} | {} {} SP{} | {:?} {:?} | {} {} | {} {:?} complete={} [{}]",
            text(&facts.name),
            text(&facts.domain),
            text(&os.product),
            text(&os.edition),
            text(&os.version),
            os.service_pack.map_or("?".into(), |pack| pack.to_string()),
            os.arch,
            os.role,
            text(&os.language),
            text(&os.encoding),
            facts.updates.listed.map_or("?".into(), |listed| listed.to_string()),
            facts.updates.claimed,
            facts.updates.complete,
            updates.join(" "),
        )
    });
    shown.chain(refused).collect::<Vec<_>>().join("\n")
}

fn check(bytes: &[u8], want: Expect) {
    want.assert_eq(&line(bytes));
}

/// The rows of the command, in its order, with the labels and words of one language.
fn output(labels: &[&str; 12], values: &[&str; 12]) -> String {
    let mut text = String::from("\r\n");
    for (label, value) in labels.iter().zip(values) {
        text.push_str(&format!("{:<44}{value}\r\n", format!("{label}:")));
    }
    text
}

const GERMAN: [&str; 12] = [
    "Hostname",
    "Betriebssystemname",
    "Betriebssystemversion",
    "Betriebssystemhersteller",
    "Betriebssystemkonfiguration",
    "Betriebssystem-Buildtyp",
    "Systemtyp",
    "Systemgebietsschema",
    "Auslagerungsdateipfad(e)",
    "Domäne",
    "Anmeldeserver",
    "Hotfix(es)",
];

fn german() -> String {
    let values = [
        "PC-07",
        "Microsoft Windows 10 Pro",
        "10.0.17763 Nicht zutreffend Build 17763",
        "Microsoft Corporation",
        "Mitgliedsarbeitsstation",
        "Multiprocessor Free",
        "x64-basierter PC",
        "de;Deutsch (Deutschland)",
        "C:\\pagefile.sys",
        "firma.local",
        "\\\\DC01",
        "2 Hotfix(e) installiert.\r\n                                            [01]: KB4486553\r\n                                            [02]: KB4493509",
    ];
    output(&GERMAN, &values)
        + "Netzwerkkarte(n):    1 Netzwerkadapter installiert.\r\n    [01]: Intel\r\n          IP-Adresse(n)\r\n          [01]: 10.0.0.7\r\n"
}

#[test]
fn german_in_its_console_code_page_and_in_utf_16() {
    let text = german();
    let want = expect![[
        "PC-07@firma.local | Windows 10 | Pro 10.0.17763 SP0 | Some(X64) Some(MemberWorkstation) | de utf-8 | 2 Some(2) complete=true [KB4486553 KB4493509]"
    ]];
    check(text.as_bytes(), want);
    let console: Vec<u8> = text.chars().map(|c| if c == 'ä' { 0x84 } else { c as u8 }).collect();
    assert!(line(&console).contains("de cp850"), "{}", line(&console));
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(line(&wide).contains("de utf-16le"), "{}", line(&wide));
}

#[test]
fn japanese_korean_and_traditional_chinese() {
    let name = |labels: &[&str; 12], role, os, locale, count: &str| {
        output(
            labels,
            &[
                "PC1",
                os,
                "6.1.7601 Service Pack 1 x 7601",
                "Microsoft Corporation",
                role,
                "Multiprocessor Free",
                "x64-based PC",
                locale,
                "C:\\pagefile.sys",
                "WORKGROUP",
                "\\\\PC1",
                count,
            ],
        ) + "  [01]: KB976902\r\nNIC:  1\r\n  [01]: x\r\n        [01]: 10.0.0.8\r\n"
    };
    let japanese = [
        "ホスト名",
        "OS 名",
        "OS バージョン",
        "OS 製造元",
        "OS 構成",
        "OS ビルドの種類",
        "システムの種類",
        "システム ロケール",
        "ページ ファイルの場所",
        "ドメイン",
        "ログオン サーバー",
        "ホットフィックス",
    ];
    let text = name(
        &japanese,
        "スタンドアロン ワークステーション",
        "Microsoft Windows 7 Professional ",
        "ja;日本語",
        "1 ホットフィックスがインストールされています。",
    );
    check(
        &encode(encoding_rs::SHIFT_JIS, &text),
        expect![[
            "PC1@WORKGROUP | Windows 7 | Professional 6.1.7601 SP1 | Some(X64) Some(StandaloneWorkstation) | ja cp932 | 1 Some(1) complete=true [KB976902]"
        ]],
    );
    let korean = [
        "호스트 이름",
        "OS 이름",
        "OS 버전",
        "OS 제조업체",
        "OS 구성",
        "OS 빌드 종류",
        "시스템 종류",
        "시스템 로캘",
        "페이지 파일 위치",
        "도메인",
        "로그온 서버",
        "핫픽스",
    ];
    let text = name(
        &korean,
        "독립 실행형 워크스테이션",
        "Microsoft Windows 7 Ultimate K ",
        "ko;한국어",
        "1개의 핫픽스가 설치됨",
    );
    check(
        &encode(encoding_rs::EUC_KR, &text),
        expect![[
            "PC1@WORKGROUP | Windows 7 | Ultimate K 6.1.7601 SP1 | Some(X64) Some(StandaloneWorkstation) | ko cp949 | 1 Some(1) complete=true [KB976902]"
        ]],
    );
    let taiwan = [
        "主機名稱",
        "作業系統名稱",
        "作業系統版本",
        "作業系統製造商",
        "作業系統設定",
        "作業系統組建類型",
        "系統類型",
        "系統地區設定",
        "分頁檔位置",
        "網域",
        "登入伺服器",
        "Hotfix",
    ];
    let text = name(
        &taiwan,
        "主要網域控制站",
        "Microsoft Windows Server 2008 R2 Standard ",
        "zh-tw;中文 (台灣)",
        "已安裝 1 個 Hotfix。",
    );
    check(
        &encode(encoding_rs::BIG5, &text),
        expect![[
            "PC1@WORKGROUP | Windows Server 2008 R2 | Standard 6.1.7601 SP1 | Some(X64) Some(PrimaryDomainController) | zh-tw cp950 | 1 Some(1) complete=true [KB976902]"
        ]],
    );
}

fn encode(encoding: &'static encoding_rs::Encoding, text: &str) -> Vec<u8> {
    encoding.encode(text).0.into_owned()
}

#[test]
fn csv_form_and_several_hosts_in_one_file() {
    let csv = "\"Host Name\",\"OS Name\",\"OS Version\",\"OS Manufacturer\",\"OS Configuration\",\"OS Build Type\",\"Registered Owner\",\"Registered Organization\",\"Product ID\",\"System Type\",\"System Locale\",\"Page File Location(s)\",\"Domain\",\"Logon Server\",\"Hotfix(s)\",\"Network Card(s)\"\r\n\"PC1\",\"Microsoft Windows 7 Professional \",\"6.1.7601 Service Pack 1 Build 7601\",\"Microsoft Corporation\",\"Standalone Workstation\",\"Multiprocessor Free\",\"u\",\"\",\"00371-OEM-8992671-00524\",\"X86-based PC\",\"en-us;English\",\"C:\\pagefile.sys\",\"WORKGROUP\",\"\\\\PC1\",\"2 Hotfix(s) Installed.,[01]: KB2534111,[02]: KB976902\",\"1 NIC(s) Installed.,[01]: Intel,      [01]: 10.0.0.9\"\r\n";
    check(
        csv.as_bytes(),
        expect![[
            "PC1@WORKGROUP | Windows 7 | Professional 6.1.7601 SP1 | Some(X86) Some(StandaloneWorkstation) | en ascii | 2 Some(2) complete=true [KB976902 KB2534111]"
        ]],
    );
    let two = german() + &german().replace("PC-07", "PC-08");
    assert_eq!(line(two.as_bytes()).lines().count(), 2);
    assert!(line(two.as_bytes()).contains("PC-08@firma.local"));
}

#[test]
fn a_language_nobody_listed_still_gives_the_facts() {
    let labels = ["Aaa", "Bbb bb", "Ccc", "Ddd", "Eee", "Fff", "Ggg", "Hhh", "Iii", "Jjj", "Kkk", "Lll"];
    let values = [
        "PC9",
        "Xyz Windows Server 2012 R2 Datacenter",
        "6.3.9600 q/q zzz 9600",
        "Microsoft Corporation",
        "qqq",
        "Multiprocessor Free",
        "x64 zzz",
        "is;íslenska",
        "C:\\pagefile.sys",
        "LAB",
        "\\\\DC",
        "zz 1 zz\r\n  [01]: KB2919355",
    ];
    let text = output(&labels, &values) + "Mmm:  1\r\n  [01]: 10.0.0.1\r\n";
    check(
        text.as_bytes(),
        expect![[
            "PC9@LAB | Windows Server 2012 R2 | Datacenter 6.3.9600 SP0 | Some(X64) None | is utf-8 | 1 Some(1) complete=true [KB2919355]"
        ]],
    );
}

#[test]
fn a_file_that_ends_early_says_what_it_says() {
    let text = german();
    let cut = |mark: &str| text.as_bytes()[..text.find(mark).unwrap()].to_vec();
    check(
        &cut("Anmeldeserver"),
        expect![[
            "PC-07@firma.local | Windows 10 | Pro 10.0.17763 SP0 | Some(X64) Some(MemberWorkstation) | de utf-8 | ? None complete=false []"
        ]],
    );
    check(
        &cut("493509"),
        expect![[
            "PC-07@firma.local | Windows 10 | Pro 10.0.17763 SP0 | Some(X64) Some(MemberWorkstation) | de utf-8 | 2 Some(2) complete=false [KB4486553]"
        ]],
    );
    check(b"", expect![["inventory.empty"]]);
    check(b"hello there\nnothing here\n", expect![["inventory.unknown-kind"]]);
}

/// An update is in the reading of a prefix only when it is in that of the whole: cutting never invents one, and a
/// prefix never claims to be whole while it lacks something.
#[test]
fn no_prefix_of_a_file_invents_an_update() {
    let mut files = vec![german().into_bytes()];
    let real = [
        "srv_2003r2_sp2_x86_standard_en-us_systeminfo.txt",
        "10_1809_x64_enterprise_zh-cn_systeminfo.txt",
        "srv_2012r2_x64_standard_ru_systeminfo.txt",
        "10_1803_x64_proforworkstations_en-us_A_20190305_systeminfo.txt",
    ];
    files.extend(
        real.iter().filter_map(|name| testkit::data(&format!("hosts/{name}"))).map(|path| std::fs::read(path).unwrap()),
    );
    for bytes in files {
        let whole = snapshots(read("x", &bytes, &Limits::default()).observations).remove(0).facts.updates;
        for end in (0..bytes.len()).step_by(if bytes.len() > 3000 { 17 } else { 3 }) {
            let Some(host) = snapshots(read("x", &bytes[..end], &Limits::default()).observations).pop() else {
                continue;
            };
            let updates = host.facts.updates;
            assert!(updates.installed.is_subset(&whole.installed), "prefix of {end} bytes");
            assert!(
                !updates.complete || updates.installed == whole.installed,
                "prefix of {end} bytes claims to be whole"
            );
        }
    }
}
