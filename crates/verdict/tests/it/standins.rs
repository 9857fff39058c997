//! Harmless stand-ins for what attackers send: each is found out, for the right reasons, in both languages.

use crate::kit::{
    Entry, base64, disc, entry, judged, judged_with, macro_document, mail, package, program, shortcut, told, zip,
};
use expect_test::{Expect, expect};
use verdict::State;

#[track_caller]
fn check(name: &str, bytes: &[u8], expected: Expect) {
    let (_, verdict) = judged(name, bytes);
    expected.assert_eq(&told(&verdict));
    assert!(matches!(verdict.state, State::Suspicious | State::Malicious), "{:?}", verdict.state);
}

#[test]
fn a_macro_that_starts_a_program_unasked() {
    let source = "Sub AutoOpen()\r\nMsgBox \"hello\"\r\nCreateObject(\"WScript.Shell\").Run \"notepad\"\r\nEnd Sub\r\n";
    check(
        "report.doc",
        &macro_document(source),
        expect![[r#"
        suspicious 60
        +35 macro-starts-programs-unasked #0 T1204.002 T1059.005
          macros of report.doc run without being asked (AutoOpen) and start programs: Shell, wscript.shell
          report.doc 的宏会自动运行（AutoOpen）并启动程序：Shell、wscript.shell
        +20 macro-starts-programs #0 T1059.005
          macros of report.doc start programs: Shell, wscript.shell
          report.doc 的宏会启动程序：Shell、wscript.shell
        +5 macro-runs-unasked #0 T1204.002
          macros of report.doc run without being asked: AutoOpen
          report.doc 的宏会自动运行：AutoOpen
    "#]],
    );
}

#[test]
fn a_shortcut_with_a_command_nobody_can_read() {
    let text: Vec<u8> = "Write-Host 'hello'".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let arguments = format!("-w hidden -nop -enc {}", base64(&text));
    let path = r"..\..\Windows\System32\WindowsPowerShell\v1.0\powershell.exe";
    check(
        "invoice.lnk",
        &shortcut(path, &arguments, r"C:\Windows\System32\shell32.dll"),
        expect![[r#"
            suspicious 71
            +40 shortcut-encoded-command #0 T1059.001 T1027.010
              the shortcut invoice.lnk hides its command: -w hidden -nop -enc VwByAGkAdABlAC0ASABvAHMAdAAgACcAaABlAGwAbABvACcA
              快捷方式 invoice.lnk 隐藏其命令：-w hidden -nop -enc VwByAGkAdABlAC0ASABvAHMAdAAgACcAaABlAGwAbABvACcA
            +15 shortcut-starts-interpreter #0 T1204.002 T1059
              the shortcut invoice.lnk starts a program that runs what it is given: ..\..\Windows\System32\WindowsPowerShell\v1.0\powershell.exe
              快捷方式 invoice.lnk 启动可执行任意命令的程序：..\..\Windows\System32\WindowsPowerShell\v1.0\powershell.exe
            +10 shortcut-bypasses-policy #0 T1059.001
              the shortcut invoice.lnk gets around settings of safety: -w hidden -nop -enc VwByAGkAdABlAC0ASABvAHMAdAAgACcAaABlAGwAbABvACcA
              快捷方式 invoice.lnk 绕过安全设置：-w hidden -nop -enc VwByAGkAdABlAC0ASABvAHMAdAAgACcAaABlAGwAbABvACcA
            +5 shortcut-hides-window #0 T1564.003
              the shortcut invoice.lnk hides the window of what it starts: -w hidden -nop -enc VwByAGkAdABlAC0ASABvAHMAdAAgACcAaABlAGwAbABvACcA
              快捷方式 invoice.lnk 隐藏所启动程序的窗口：-w hidden -nop -enc VwByAGkAdABlAC0ASABvAHMAdAAgACcAaABlAGwAbABvACcA
            +1 shortcut-minimised-interpreter #0 T1564.003
              the shortcut invoice.lnk starts its program minimised: ..\..\Windows\System32\WindowsPowerShell\v1.0\powershell.exe
              快捷方式 invoice.lnk 以最小化窗口启动程序：..\..\Windows\System32\WindowsPowerShell\v1.0\powershell.exe
        "#]],
    );
}

#[test]
fn an_application_in_html() {
    let page = b"<html><head><hta:application id=a windowstate=minimize></head><script language=VBScript>\
        Set s = CreateObject(\"WScript.Shell\")\r\nMsgBox \"hello\"</script></html>";
    check(
        "notice.hta",
        page,
        expect![[r#"
        suspicious 40
        +40 hta-runs-scripts #0 T1218.005
          notice.hta is an application in HTML, whose scripts may do everything: 1 of them
          notice.hta 是 HTML 应用程序（HTA），其脚本不受限制：共 1 个
    "#]],
    );
}

/// What stands between the marks is too little to be told from any text; what holds it says that it is a script.
#[test]
fn an_application_in_html_with_a_line_that_hides_a_command() {
    let page = b"<html><head><hta:application id=a></head><script language=VBScript>\
        x = \"powershell -encodedcommand ZQBjAGgAbwA=\"</script></html>";
    check(
        "notice.hta",
        page,
        expect![[r#"
        suspicious 70
        +40 hta-runs-scripts #0 T1218.005
          notice.hta is an application in HTML, whose scripts may do everything: 1 of them
          notice.hta 是 HTML 应用程序（HTA），其脚本不受限制：共 1 个
        +30 script-encoded-command #1 T1059.001 T1027.010
          the script script-1.vbs runs an encoded command: -encodedcommand
          脚本 script-1.vbs 运行经过编码的命令：-encodedcommand
    "#]],
    );
}

#[test]
fn a_pdf_with_a_script_on_opening() {
    let pdf = b"%PDF-1.7\n1 0 obj <</Type/Catalog/OpenAction 2 0 R/Pages 3 0 R>> endobj\n\
        2 0 obj <</S/JavaScript/JS(app.alert\\('hello'\\);)>> endobj\n3 0 obj <</Type/Pages/Count 0/Kids[]>> endobj\n\
        trailer <</Root 1 0 R>>\nstartxref\n0\n%%EOF";
    check(
        "form.pdf",
        pdf,
        expect![[r#"
        suspicious 45
        +40 pdf-runs-script-unasked #0 T1059.007 T1204.002
          form.pdf runs a script when it is opened
          form.pdf 打开时会自动运行脚本
        +5 pdf-script #0 T1059.007
          form.pdf has scripts: 1 of them
          form.pdf 含有脚本，共 1 个
    "#]],
    );
}

#[test]
fn a_program_that_calls_itself_a_document() {
    check(
        "papers.zip",
        &zip(&[entry("invoice.pdf.exe", &program())]),
        expect![[r#"
        suspicious 45
        +45 double-extension #1 T1036.007
          invoice.pdf.exe has the extension of a document in front of the one that counts
          invoice.pdf.exe 在真正的扩展名之前伪装了文档扩展名
    "#]],
    );
    check(
        "photo.jpg",
        &program(),
        expect![[r#"
        suspicious 45
        +45 program-named-otherwise #0 T1036.008
          photo.jpg is a program (pe) and is named .jpg
          photo.jpg 实为可执行文件（pe），却以 .jpg 为扩展名
    "#]],
    );
}

#[test]
fn an_encrypted_program_is_told_by_its_name() {
    let entries = [Entry { name: "setup.exe", content: &[0x5a; 64], encrypted: true }];
    check(
        "update.zip",
        &zip(&entries),
        expect![[r#"
            suspicious 40
            +40 encrypted-program #1 T1027.013 T1204.002
              setup.exe in update.zip runs and is encrypted, so that guards cannot read it
              update.zip 中的 setup.exe 可运行且已加密，使检查无法读取
            +0 unread-locked #1
              setup.exe was not read: it is encrypted, and no password fits
              未读取 setup.exe：已加密，且没有可用的密码
        "#]],
    );
}

#[test]
fn a_disc_with_a_shortcut_and_a_hidden_program() {
    let shortcut = shortcut(r"C:\Windows\System32\cmd.exe", "/c start hidden.exe", r"C:\Windows\explorer.exe");
    check(
        "papers.iso",
        &disc(&[("PAPERS.LNK", &shortcut, false), ("HIDDEN.EXE", &program(), true)]),
        expect![[r#"
            malicious 95
            +30 disc-holds-shortcut #1 T1553.005 T1204.002
              the shortcut PAPERS.LNK is in the disc image papers.iso, where the mark of its origin is lost
              快捷方式 PAPERS.LNK 位于光盘映像 papers.iso 中，由此丢失来源标记
            +25 shortcut-packed #1 T1204.002 T1566.001
              the shortcut PAPERS.LNK was sent in papers.iso; shortcuts are made where they are used
              快捷方式 PAPERS.LNK 是随 papers.iso 传来的；快捷方式通常只在本机创建
            +15 shortcut-minimised-interpreter #1 T1564.003
              the shortcut PAPERS.LNK starts its program minimised: C:\Windows\System32\cmd.exe
              快捷方式 PAPERS.LNK 以最小化窗口启动程序：C:\Windows\System32\cmd.exe
            +15 shortcut-starts-interpreter #1 T1204.002 T1059
              the shortcut PAPERS.LNK starts a program that runs what it is given: C:\Windows\System32\cmd.exe
              快捷方式 PAPERS.LNK 启动可执行任意命令的程序：C:\Windows\System32\cmd.exe
            +10 disc-hides-files #0 T1564.001 T1553.005
              the disc image papers.iso hides files (HIDDEN.EXE) and holds what runs: PAPERS.LNK, HIDDEN.EXE
              光盘映像 papers.iso 隐藏了文件（HIDDEN.EXE），且含有可运行的文件：PAPERS.LNK、HIDDEN.EXE
        "#]],
    );
}

#[test]
fn rich_text_with_a_packed_program() {
    let digits = package("report.exe", &program());
    let text =
        format!("{{\\rtf1{{\\object\\objemb\\objupdate{{\\*\\objclass Package}}{{\\*\\objdata {digits}}}}}text}}");
    check(
        "report.rtf",
        text.as_bytes(),
        expect![[r#"
            malicious 100
            +40 document-holds-program #0 T1204.002 T1027.009
              the document report.rtf holds what runs: report.exe
              文档 report.rtf 中含有可运行的文件：report.exe
            +35 rtf-embeds-and-updates #0 T1203
              objects of report.rtf are loaded when it is opened
              report.rtf 打开时会自动更新其中的对象
            +20 package-runs #0 T1204.002
              report.rtf shows as an icon a file that runs: report.exe, C:\report.exe
              report.rtf 以图标形式嵌入了可运行的文件：report.exe、C:\report.exe
            +15 rtf-object-package #0 T1204.002
              report.rtf has a packed file as an object
              report.rtf 以对象形式嵌入了打包的文件
            +15 rtf-embeds #0 T1204.002
              report.rtf has objects: objemb
              report.rtf 含有嵌入对象：objemb
        "#]],
    );
}

#[test]
fn a_mail_with_an_archive_with_a_script() {
    let archive = zip(&[entry("invoice.pdf.js", b"var text = 'hello'; WScript.Echo(text);")]);
    check(
        "mail.eml",
        &mail("invoice.zip", &archive),
        expect![[r#"
        malicious 80
        +40 double-extension-delivered #3 T1036.007
          invoice.pdf.js, which came by the mail mail.eml, has the extension of a document in front of the one that counts
          随邮件 mail.eml 而来的 invoice.pdf.js 在真正的扩展名之前伪装了文档扩展名
        +40 mail-brings-script #3 T1566.001 T1059
          the mail mail.eml brings the script invoice.pdf.js
          邮件 mail.eml 携带脚本 invoice.pdf.js
    "#]],
    );
}

#[test]
fn a_mail_with_a_program() {
    check(
        "mail.eml",
        &mail("viewer.exe", &program()),
        expect![[r#"
        suspicious 45
        +45 mail-brings-program #2 T1566.001
          the mail mail.eml brings the program viewer.exe
          邮件 mail.eml 携带可执行文件 viewer.exe
    "#]],
    );
}

#[test]
fn a_document_that_loads_its_template_from_elsewhere() {
    let text = b"{\\rtf1{\\*\\template http://198.51.100.7/t.dotm}hello}";
    check(
        "letter.rtf",
        text,
        expect![[r#"
        suspicious 45
        +45 template-elsewhere #0 T1221
          letter.rtf loads its template from elsewhere: http://198.51.100.7/t.dotm
          letter.rtf 从外部加载模板：http://198.51.100.7/t.dotm
    "#]],
    );
}

#[test]
fn a_page_that_brings_an_archive() {
    let archive = base64(&zip(&[entry("setup.exe", &program())]));
    let page = format!(
        "<!DOCTYPE html><html><body><a download=a.zip href='data:application/zip;base64,{archive}'>open</a></body></html>"
    );
    check(
        "message.html",
        page.as_bytes(),
        expect![[r#"
        suspicious 40
        +40 page-holds-file #0 T1027.006
          the page message.html brings files with it, which guards at the border do not see: data-1
          网页 message.html 自带文件，可绕过边界检查：data-1
    "#]],
    );
}

#[test]
fn a_script_that_hides_what_it_starts() {
    let text = b"On Error Resume Next\r\nDim shell\r\nSet shell = CreateObject(\"WScr\" & \"ipt.Sh\" & \"ell\")\r\nMsgBox \"hello\"\r\n";
    check(
        "note.vbs",
        text,
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
fn a_script_that_destroys_copies() {
    // It only says so.
    let text = b"@echo off\r\nrem nothing happens here\r\necho vssadmin delete shadows /all\r\necho wbadmin delete catalog\r\npause\r\n";
    check(
        "clean.bat",
        text,
        expect![[r#"
        suspicious 45
        +45 script-destroys-copies #0 T1490
          the script clean.bat destroys what files could be restored from: delete shadows, wbadmin delete, delete catalog
          脚本 clean.bat 破坏可用于恢复文件的备份：delete shadows、wbadmin delete、delete catalog
    "#]],
    );
}

#[test]
fn an_archive_whose_names_lead_out() {
    check(
        "theme.zip",
        &zip(&[entry("../../../startup/note.txt", b"hello")]),
        expect![[r#"
        suspicious 40
        +40 entry-leads-out #0 T1574
          names in theme.zip lead out of the folder it is unpacked to: ../../../startup/note.txt
          theme.zip 中的文件名会越出解压目录：../../../startup/note.txt
    "#]],
    );
}

/// The file by which scanners are tested, put together here so that none stops the source.
#[test]
fn the_test_file_of_scanners() {
    let pieces = ["X5O!P%@AP[4", "\\PZX54(P^)", "7CC)7}$", "EICAR-STANDARD-", "ANTIVIRUS-TEST-", "FILE!$H+H*"];
    check(
        "x.com",
        pieces.concat().as_bytes(),
        expect![[r#"
            malicious 90
            +90 test-file #0
              x.com is the harmless file by which scanners of malware are tested (EICAR)
              x.com 是用于检验杀毒能力的无害测试文件（EICAR）
        "#]],
    );
}

#[test]
fn what_cannot_be_read_is_never_clean() {
    let entries = [Entry { name: "letter.txt", content: &[0x5a; 64], encrypted: true }];
    let (_, verdict) = judged("letter.zip", &zip(&entries));
    expect![[r#"
        incomplete 0
        +0 unread-locked #1
          letter.txt was not read: it is encrypted, and no password fits
          未读取 letter.txt：已加密，且没有可用的密码
    "#]]
    .assert_eq(&told(&verdict));
    let (_, verdict) = judged_with("letter.zip", &zip(&[entry("letter.txt", b"hello")]), &[]);
    assert_eq!((verdict.state, verdict.score), (State::Clean, 0));
}

#[test]
fn honest_files_stay_so() {
    for (name, bytes, expected) in [
        ("a.zip", zip(&[entry("a.txt", b"hello"), entry("b/c.json", b"{\"a\": 1}")]), State::Clean),
        ("a.rtf", b"{\\rtf1 hello}".to_vec(), State::Clean),
        ("a.html", b"<!DOCTYPE html><html><body><p>hello</p></body></html>".to_vec(), State::Clean),
        ("a.html", b"<!DOCTYPE html><html><body onload='a()'><p>hello</p></body></html>".to_vec(), State::Unknown),
        ("a.rtf", b"{\\rtf1{\\field{\\*\\fldinst HYPERLINK \"http://example.org/\"}}}".to_vec(), State::Unknown),
        ("a.txt", b"hello".to_vec(), State::Unknown),
        ("a.exe", program(), State::Unknown),
        ("a.eml", mail("a.txt", b"hello"), State::Clean),
        ("a.zip", zip(&[entry("a.exe", &program())]), State::Unknown),
    ] {
        let (_, verdict) = judged(name, &bytes);
        assert_eq!(verdict.state, expected, "{name}: {}", told(&verdict));
    }
}
