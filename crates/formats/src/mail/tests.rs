use crate::Kind;
use crate::kit::{apart, reading, shared, told, tree};
use expect_test::expect;

#[test]
fn a_mail_gives_its_bodies_and_attachments() {
    let part = apart(
        b"Received: from a by b; x\r\nReceived: from b by c\r\nFrom: =?utf-8?q?One?= <one@example.org>\r\nTo: two@example.org\r\n\
        Subject: a test\r\nDate: Mon, 28 Feb 2011 18:36:44 +0100\r\nMessage-ID: <1@example.org>\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/mixed;\r\n boundary=\"b1\"\r\n\r\npreamble\r\n--b1\r\nContent-Type: multipart/alternative; boundary=b2\r\n\r\n\
        --b2\r\nContent-Type: text/plain\r\n\r\nlook at http://example.org/a, please\r\n--b2\r\nContent-Type: text/html\r\n\
        Content-Transfer-Encoding: quoted-printable\r\n\r\n<a href=3D\"http://example.org/b\">b</a>\r\n--b2--\r\n\
        --b1\r\nContent-Type: application/octet-stream; name=\"other.txt\"\r\nContent-Disposition: attachment; filename=\"../a.txt\"\r\n\
        Content-Transfer-Encoding: base64\r\n\r\naGVs\r\nbG8=\r\n--b1\r\nContent-Type: message/rfc822\r\n\r\nFrom: three@example.org\r\n\
        Subject: inside\r\nDate: soon\r\n\r\nwords\r\n--b1--\r\n",
    );
    expect![[r#"
        x | eml 807
          ! mail.names-differ name="../a.txt" other="other.txt" @686
          ! name.traversal name="../a.txt" @686
          part-1.txt | txt 36
          part-2.html | html 36 | quoted-printable
          ../a.txt | txt 5 | base64
          part-4.eml | eml 61
            part-1.txt | txt 5
    "#]]
    .assert_eq(&tree(&part));
    expect![[r#"
        mail.from = "One <one@example.org>"
        mail.to = "two@example.org"
        mail.subject = "a test"
        mail.message_id = "<1@example.org>"
        mail.content_type = "multipart/mixed; boundary=\"b1\""
        mail.date = 1298914604s
        mail.received = ["from a by b; x", "from b by c"]
        mail.headers = ["received", "from", "to", "subject", "date", "message-id", "mime-version", "content-type"]
        mail.parts = 4
        mail.attachments = ["../a.txt"]
        mail.urls = ["http://example.org/a"]
    "#]]
    .assert_eq(&told(&part, "mail"));
}

#[test]
fn containers_in_containers_end() {
    let mut mail = b"From: a\nTo: b\nSubject: c\nMIME-Version: 1.0\n".to_vec();
    for depth in 0..3000 {
        mail.extend(format!("Content-Type: multipart/mixed; boundary=b{depth}\n\n--b{depth}\n").bytes());
    }
    assert!(!apart(&mail).is_complete());
    // A boundary that begins every other.
    let mail = [
        b"From: a\nTo: b\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n".to_vec(),
        b"--b\n\n".repeat(20_000),
    ]
    .concat();
    assert!(!apart(&mail).is_complete());
}

#[test]
fn a_box_is_its_mails() {
    let box_of =
        b"From a@example.org Mon Feb 28 2011\nFrom: a\nSubject: 1\n\none\n\nFrom b Mon\nFrom: b\nSubject: 2\n\ntwo\n";
    let children: Vec<_> = reading(Kind::Mbox, box_of).children;
    let texts: Vec<_> = children.iter().map(|child| String::from_utf8_lossy(child.bytes(box_of).unwrap())).collect();
    assert_eq!(texts, ["From: a\nSubject: 1\n\none\n\n", "From: b\nSubject: 2\n\ntwo\n"]);
}

#[test]
fn real_mails_are_read() {
    let Some(bytes) = shared("testRFC822_normal_zip") else { return };
    let part = apart(&bytes);
    expect![[r#"
        x | eml 2869
          part-1.txt | txt 83
          part-2.html | txt 93
          test.zip | zip 277 | base64
            text.txt | txt 120 | deflate
    "#]]
    .assert_eq(&tree(&part));
}
