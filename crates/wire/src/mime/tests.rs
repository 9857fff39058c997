use super::*;

/// Reads a message; gives its files by name, and what is known of it.
fn read(message: &[u8]) -> (Vec<(String, Vec<u8>)>, Mail) {
    let (mut reader, mut files, mut open) = (Reader::digesting(true), Vec::new(), None);
    let mut take = |reader: &Reader, step: Step, files: &mut Vec<(String, Vec<u8>)>| {
        if let Some((_, content)) = &mut open {
            Vec::extend_from_slice(content, reader.content());
        }
        if step.ended {
            files.extend(open.take());
        }
        if let Some(name) = step.began {
            open = Some((String::from_utf8_lossy(&name).into_owned(), Vec::new()));
        }
    };
    for line in message.split(|byte| *byte == b'\n') {
        let step = reader.line(line.strip_suffix(b"\r").unwrap_or(line), true);
        take(&reader, step, &mut files);
    }
    let step = reader.finish(true);
    take(&reader, step, &mut files);
    (files, reader.mail)
}

const MESSAGE: &[u8] = b"From: Ana <ana@example.org>\r\nTo: a@example.org,\r\n b@example.org\r\nSubject: hi\r\n\
Content-Type: multipart/mixed;\r\n boundary=\"outer\"\r\n\r\npreamble\r\n--outer\r\n\r\nSee http://example.org/x and\r\nhttps://example.com.\r\n\
--outer\r\nContent-Type: application/zip; name=\"a.zip\"\r\nContent-Transfer-Encoding: base64\r\n\r\nSGVsbG8s\r\nIHdvcmxkIQ==\r\n\
--outer\r\nContent-Disposition: attachment; filename*0*=utf-8''na%20; filename*1=me.txt\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n1 =3D =\r\none\r\n2\r\n\
--outer\r\nContent-Type: message/rfc822; name=inner.msg\r\n\r\nSubject: inner\r\nContent-Disposition: attachment; filename=in.bin\r\n\r\nraw\r\n--outer--\r\nepilogue\r\n";

#[test]
fn parts_become_files_with_their_names_and_bytes() {
    let (files, mail) = read(MESSAGE);
    let shown: Vec<_> = files.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect();
    assert_eq!(shown, [("a.zip", &b"Hello, world!"[..]), ("na me.txt", b"1 = one\r\n2"), ("in.bin", b"raw")]);
    assert_eq!(mail.field("subject"), Some(&b"hi"[..]));
    assert_eq!(mail.attachments, [&b"a.zip"[..], b"na me.txt", b"inner.msg", b"in.bin"]);
    let urls: Vec<_> = mail.shown_urls().collect();
    assert_eq!(urls, [&b"example.org/x"[..], b"example.com."]);
    assert_eq!(mail.status, Status::Done);
    let mut out = Vec::new();
    mail.write(&mut crate::json::Object::new(&mut out), false);
    assert!(String::from_utf8(out).unwrap().contains(r#""to":["a@example.org","b@example.org"]"#));
}

#[test]
fn uuencoded_text_is_a_file() {
    let (files, _) = read(b"\r\ntext\r\nbegin 644 cat.txt\r\n#0V%T\r\n`\r\nend\r\nmore\r\n");
    assert_eq!(files, [("cat.txt".to_owned(), b"Cat".to_vec())]);
}

#[test]
fn a_part_that_breaks_off_ends_with_its_message() {
    let cut = MESSAGE.get(..MESSAGE.iter().position(|byte| *byte == b'I').unwrap() + 300).unwrap();
    let (_, mail) = read(cut);
    assert_eq!(mail.status, Status::Done);
}

#[test]
fn pieces_of_a_long_line_are_one_line() {
    let mut reader = Reader::default();
    for line in
        [&b"Content-Disposition: attachment; filename=x"[..], b"Content-Transfer-Encoding: quoted-printable", b""]
    {
        reader.line(line, true);
    }
    let mut content = Vec::new();
    for (piece, ended) in [(&b"a=3"[..], false), (b"Db=", false), (b"", true), (b"c", true)] {
        reader.line(piece, ended);
        content.extend_from_slice(reader.content());
    }
    assert_eq!(content, b"a=bc");
}

proptest::proptest! {
    #[test]
    fn no_message_panics(message in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400)) {
        read(&message);
    }

    #[test]
    fn no_mutation_panics(at in 0usize..700, byte in proptest::prelude::any::<u8>()) {
        let mut message = MESSAGE.to_vec();
        if let Some(slot) = message.get_mut(at) { *slot = byte; }
        read(&message);
    }
}
