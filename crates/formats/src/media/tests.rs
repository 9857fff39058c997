use crate::kit::{apart, shared, told, tree};
use expect_test::{Expect, expect};

#[track_caller]
fn check(bytes: &[u8], expected: Expect) {
    let part = apart(bytes);
    expected.assert_eq(&(tree(&part) + &told(&part, "media")));
}

fn chunk(name: &[u8], data: &[u8]) -> Vec<u8> {
    let sum = crc32fast::hash(&[name, data].concat());
    [&(data.len() as u32).to_be_bytes()[..], name, data, &sum.to_be_bytes()].concat()
}

fn png(chunks: &[Vec<u8>]) -> Vec<u8> {
    let header = chunk(b"IHDR", &[0, 0, 0, 2, 0, 0, 0, 3, 8, 0, 0, 0, 0]);
    [b"\x89PNG\r\n\x1a\n".to_vec(), header, chunks.concat(), chunk(b"IEND", b"")].concat()
}

#[test]
fn what_stands_behind_a_picture_is_a_part() {
    let picture = png(&[chunk(b"tEXt", b"Software\0a program"), chunk(b"abCd", b"x"), chunk(b"IDAT", b"")]);
    let behind = crate::kit::zip(&[crate::kit::stored("a.txt", b"hello")]);
    check(
        &[picture.clone(), behind].concat(),
        expect![[r#"
        x | png 213
          ! media.data-behind bytes=113 @100
          ! zip.data-before bytes=100 @0
          zip 113
            a.txt | txt 5
          a.txt | txt 5 | same as 2
        media.width = 2
        media.height = 3
        media.pieces = 5
        media.texts = ["Software=a program"]
        media.unusual_chunks = ["abCd"]
        media.bytes = 100
        media.appended_bytes = 113
        media.appended_entropy = 3.033
    "#]],
    );
    check(
        &[&picture[..], b"\n\0\0"].concat(),
        expect![[r#"
        x | png 103
        media.width = 2
        media.height = 3
        media.pieces = 5
        media.texts = ["Software=a program"]
        media.unusual_chunks = ["abCd"]
        media.bytes = 100
        media.appended_bytes = 3
    "#]],
    );
    check(
        &picture[..60],
        expect![[r#"
        x | png 60
          ! media.cut-off
        media.width = 2
        media.height = 3
        media.pieces = 1
        media.bytes = failed: file.damaged
    "#]],
    );
    let exif = b"Exif\0\0II*\0\x08\0\0\0\x02\0\x31\x01\x02\0\x04\0\0\0abc\0\x25\x88\x04\0\x01\0\0\0\0\0\0\0\0\0\0\0";
    let segment =
        |marker: u8, data: &[u8]| [&[0xff, marker][..], &(data.len() as u16 + 2).to_be_bytes(), data].concat();
    let jpeg = [
        vec![0xff, 0xd8],
        segment(0xe0, b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0"),
        segment(0xe1, exif),
        segment(0xfe, b"a comment"),
        segment(0xc0, &[8, 0, 5, 0, 7, 1, 1, 0x11, 0]),
        segment(0xda, &[1, 1, 0, 0, 0x3f, 0]),
        b"\x01\xff\0\xff\xd0\x02\xff\xd9behind the end".to_vec(),
    ];
    check(
        &jpeg.concat(),
        expect![[r#"
        x | jpeg 126
          ! media.data-behind bytes=14 @112
          txt 14
        media.software = "abc"
        media.has_position = true
        media.width = 7
        media.height = 5
        media.pieces = 5
        media.comments = ["a comment"]
        media.bytes = 112
        media.appended_bytes = 14
        media.appended_entropy = 2.896
    "#]],
    );
    check(
        b"GIF89a\x01\0\x02\0\x80\0\0\0\0\0\xff\xff\xff!\xfe\x05hello\0,\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0;behind",
        expect![[r#"
            x | gif 50
              ! media.data-behind bytes=6 @44
              txt 6
            media.width = 1
            media.height = 2
            media.pieces = 3
            media.comments = ["hello"]
            media.bytes = 44
            media.appended_bytes = 6
            media.appended_entropy = 2.585
        "#]],
    );
    check(
        b"RIFF\x04\0\0\0WAVEbehind",
        expect![[r#"
        x | wav 18
          ! media.data-behind bytes=6 @12
          txt 6
        media.pieces = 1
        media.bytes = 12
        media.appended_bytes = 6
        media.appended_entropy = 2.585
    "#]],
    );
}

#[test]
fn real_pictures_end_where_they_say() {
    for name in [
        "media-optical-cd-symbolic.symbolic.png",
        "uninterruptible-power-supply.png",
        "testGIF.gif",
        "testOCR.jpg",
        "testJPEG_commented_xnviewmp026.jpg",
    ] {
        let Some(bytes) = shared(name) else { return };
        let part = apart(&bytes);
        assert!(part.is_complete() && part.oddities.is_empty(), "{name}: {}", tree(&part));
    }
}

#[test]
fn sounds_fonts_and_pictures_of_other_kinds_end_as_well() {
    let program = b"MZ and what is behind it";
    let behind = |bytes: &[u8], kind: &str| {
        let part = apart(&[bytes, program].concat());
        assert_eq!(part.file.as_ref().unwrap().identified.kind.label(), kind);
        let at = part.children.last().and_then(|child| child.at);
        assert_eq!(at, Some(bytes.len() as u64), "{}{}", tree(&part), told(&part, "media"));
        assert!(part.oddities.iter().any(|oddity| oddity.message.code == "media.data-behind"), "{kind}");
        let alone = apart(bytes);
        assert!(alone.is_complete() && alone.children.is_empty(), "{}{}", tree(&alone), told(&alone, "media"));
    };
    let short = |number: u16| number.to_le_bytes();
    let entry = |tag: u16, kind: u16, count: u32, value: u32| {
        [&short(tag)[..], &short(kind), &count.to_le_bytes(), &value.to_le_bytes()].concat()
    };
    // Two strips, whose places and lengths stand in lists behind the directory.
    let directory =
        [entry(256, 3, 1, 7), entry(257, 3, 1, 5), entry(273, 4, 2, 62), entry(279, 3, 2, 8 << 16 | 4)].concat();
    let strips = [70_u32.to_le_bytes(), 74_u32.to_le_bytes()].concat();
    let tiff = [&b"II*\0\x08\0\0\0"[..], &short(4), &directory, &[0; 4], &strips, &[1; 12]].concat();
    behind(&tiff, "tiff");
    let frame = [&b"\xff\xfb\x90\x44"[..], &[0; 413]].concat();
    let tags = [&b"TAG"[..], &[0; 125]].concat();
    let id3 = b"ID3\x03\0\0\0\0\0\x0f\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    behind(&[&id3[..], &frame.repeat(4), &tags].concat(), "mp3");
    behind(&frame.repeat(4), "mp3");
    let page = [&b"OggS"[..], &[0; 22], &[2, 8, 3], b"\x01vorbis\0", b"abc"].concat();
    behind(&page.repeat(2), "ogg");
    let font =
        |at: u32| [&b"\0\x01\0\0\0\x01\0\x10\0\0\0\0head\0\0\0\0"[..], &at.to_be_bytes(), &[0, 0, 0, 8]].concat();
    let collection = [&b"ttcf\0\x01\0\0\0\0\0\x01\0\0\0\x10"[..], &font(44), &[1; 8]].concat();
    behind(&collection, "ttc");
}

#[test]
fn files_in_tags_of_sounds_are_parts() {
    let text = [&b"TIT2\0\0\0\x05\0\0\0name"[..]].concat();
    let object = [&b"GEOB\0\0\0\x11\0\0\0type\0a\0b\0"[..], b"hello!!"].concat();
    let tag = [text, object].concat();
    let head = [&b"ID3\x03\0\0\0\0\0"[..], &[tag.len() as u8]].concat();
    let frame = [&b"\xff\xfb\x90\x44"[..], &[0; 413]].concat();
    check(
        &[head, tag, frame.repeat(3)].concat(),
        expect![[r#"
        x | mp3 1303
          txt 7
        media.pieces = 3
        media.texts = ["TIT2=name"]
        media.bytes = 1303
        media.appended_bytes = 0
    "#]],
    );
}

#[test]
fn a_drawing_gives_its_scripts() {
    let drawing = b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"a()\"><a xlink:href=\"http://example.org/\"/>\
        <script href=\"b.js\"/><script>alert('hello')</script></svg>";
    let part = apart(drawing);
    expect![[r#"
        x | svg 148
          script-1.js | txt 14
        html.scripts = 1
        html.password_fields = 0
        html.data_uris = 0
        html.hidden_elements = 0
        html.script_sources = ["b.js"]
        html.handlers = ["onload"]
        html.links = ["http://example.org/"]
    "#]]
    .assert_eq(&(tree(&part) + &told(&part, "html")));
}
