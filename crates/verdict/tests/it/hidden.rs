//! What is hidden behind something that does nothing, under another alphabet, or where nobody looks.

use crate::kit::{base64, entry, judged, program, told, zip};
use expect_test::{Expect, expect};
use verdict::State;

#[track_caller]
fn check(name: &str, bytes: &[u8], expected: Expect) {
    let (_, verdict) = judged(name, bytes);
    expected.assert_eq(&told(&verdict));
    assert!(matches!(verdict.state, State::Suspicious | State::Malicious), "{:?}", verdict.state);
}

/// A picture of one dot, up to its end.
fn picture() -> Vec<u8> {
    let chunk = |name: &[u8], data: &[u8]| {
        let sum = crc32fast::hash(&[name, data].concat()).to_be_bytes();
        [&(data.len() as u32).to_be_bytes()[..], name, data, &sum].concat()
    };
    let header = chunk(b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]);
    [b"\x89PNG\r\n\x1a\n".to_vec(), header, chunk(b"IDAT", b"\x78\x01\x03\0\0\0\0\x01"), chunk(b"IEND", b"")].concat()
}

#[test]
fn a_picture_with_something_behind_it() {
    let reasons = |behind: &[u8]| {
        let (_, verdict) = judged("photo.png", &[&picture()[..], behind].concat());
        verdict.reasons.into_iter().map(|reason| reason.rule).collect::<Vec<_>>()
    };
    check(
        "photo.png",
        &[picture(), program()].concat(),
        expect![[r#"
        suspicious 40
        +40 program-behind-picture #0 T1027.009 T1027.003
          photo.png is png, and a program stands in the same bytes: part #1
          photo.png 是 png 文件，同时其中含有可执行文件：#1
    "#]],
    );
    assert_eq!(reasons(b""), [""; 0]);
    assert!(reasons(&zip(&[entry("a.txt", b"hello")])).contains(&"archive-behind-picture".to_owned()));
    let rar = std::fs::read(testkit::workspace().join("crates/formats/tests/golden/rar/50.rar")).unwrap();
    assert!(reasons(&rar).contains(&"archive-behind-picture".to_owned()), "{:?}", reasons(&rar));
    // An archive of nothing: a header of 32 bytes.
    let start = [0_u8; 20];
    let sum = crc32fast::hash(&start).to_le_bytes();
    let seven = [&b"7z\xbc\xaf\x27\x1c\0\x04"[..], &sum[..], &start[..]].concat();
    assert!(reasons(&seven).contains(&"archive-behind-picture".to_owned()), "{:?}", reasons(&seven));
    // What is behind a sound or a picture of another kind is seen as well.
    let gif = b"GIF89a\x01\0\x01\0\0\0\0;".to_vec();
    let tiff = b"II*\0\x08\0\0\0\x01\0\0\x01\x03\0\x01\0\0\0\x01\0\0\0\0\0\0\0".to_vec();
    let sound = [&b"\xff\xfb\x90\x44"[..], &[0; 413]].concat().repeat(4);
    for bytes in [gif, tiff, sound] {
        let (_, verdict) = judged("x", &[bytes, program()].concat());
        assert!(verdict.reasons.iter().any(|reason| reason.rule == "program-behind-picture"), "{}", told(&verdict));
    }
}

#[test]
fn a_script_that_decodes_what_it_runs() {
    let inner = "var o = new ActiveXObject(\"WScript.Shell\");";
    let encoded = base64(inner.as_bytes());
    check(
        "note.js",
        format!("eval(atob(\"{encoded}\"));").as_bytes(),
        expect![[r#"
        suspicious 57
        +40 script-hides-starts #0 T1027.010 T1059
          the script note.js hides what it starts or loads: wscript.shell
          脚本 note.js 隐藏其启动或下载的内容：wscript.shell
        +15 script-runs-decoded #0 T1027.010 T1140
          the script note.js decodes what it runs (eval): put-together.js, blob-1.js
          脚本 note.js 解码后运行隐藏的内容（eval）：put-together.js、blob-1.js
        +2 script-hides-calls #0 T1027.010
          the script note.js puts together what it calls: activexobject
          脚本 note.js 以拼接方式隐藏其调用：activexobject
    "#]],
    );
    check(
        "note.vbs",
        b"a=\"WScr\"\r\nb=\"ipt.Shell\"\r\nSet o=CreateObject(a & b)\r\nMsgBox \"hello\"\r\n",
        expect![[r#"
            suspicious 45
            +40 script-hides-starts #0 T1027.010 T1059
              the script note.vbs hides what it starts or loads: wscript.shell
              脚本 note.vbs 隐藏其启动或下载的内容：wscript.shell
            +5 script-hides-calls #0 T1027.010
              the script note.vbs puts together what it calls: wscript.shell
              脚本 note.vbs 以拼接方式隐藏其调用：wscript.shell
        "#]],
    );
}

#[test]
fn nothing_that_was_not_looked_at_is_clean() {
    // The packaged form of a notebook, with nothing in it that can be read.
    let notebook = [
        &b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3"[..],
        &[0; 32],
        b"\x2f\xe9\x8d\x63\xd4\xa6\xc1\x4b\x9a\x36\xb3\xfc\x25\x11\xa5\xb7",
        &[0; 1000],
        &program(),
    ];
    let pdf = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\nstartxref\n0\n%%EOF\n";
    for (name, bytes) in [("a.one", notebook.concat()), ("a.pdf", [&pdf[..], &program()].concat())] {
        let (_, verdict) = judged(name, &bytes);
        assert_ne!(verdict.state, State::Clean, "{name}: {}", told(&verdict));
    }
}
