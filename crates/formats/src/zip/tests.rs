use crate::kit::{Entry, apart, deflated, facts, oddities, reading, stored, tree, zip};
use crate::{Kind, Limits, take_apart};
use expect_test::expect;

#[test]
fn an_archive_tells_its_entries_and_itself() {
    let bytes = zip(&[stored("a.txt", b"abc"), deflated("b/", b""), deflated("b/c.txt", &[b'c'; 99])]);
    let reading = reading(Kind::Zip, &bytes);
    expect![[""]].assert_eq(&oddities(&reading));
    expect![[r#"
        zip.entries = 3
        zip.folders = 1
        zip.encrypted = 0
        zip.packed_bytes = 112
        zip.unpacked_bytes = 102
        zip.names = ["a.txt", "b/", "b/c.txt"]
        zip.methods = ["stored", "deflate"]
        zip.made_by = ["unix"]
        zip.oldest = "2020-01-01 00:00:00"
        zip.newest = "2020-01-01 00:00:00"
    "#]]
    .assert_eq(&facts(&reading.vectors));
    expect![[r#"
        x | zip 390
          a.txt | txt 3
          b/ | empty 0 | deflate
          b/c.txt | txt 99 | deflate
    "#]]
    .assert_eq(&tree(&apart(&bytes)));
}

#[test]
fn what_the_two_headers_say_is_compared() {
    let hidden = Entry { listed: false, ..stored("hidden.txt", b"h") };
    let renamed = Entry { local_name: "b.exe", ..stored("b.txt", b"b") };
    let mut bytes = [b"front".to_vec(), zip(&[renamed, hidden, stored("A.txt", b"a"), stored("a.TXT", b"x")])].concat();
    bytes.extend(b"behind");
    expect![[r#"
        x | zip 335
          ! zip.data-before bytes=5 @0
          ! zip.unlisted-entries entries=1
          ! zip.name-differs local="b.exe" name="b.txt" @5
          ! zip.duplicate-name name="a.TXT" @256
          ! zip.data-behind bytes=6 @329
          b.txt | txt 1
          A.txt | txt 1
          a.TXT | txt 1
          hidden.txt | txt 1
          txt 6
    "#]]
    .assert_eq(&tree(&apart(&bytes)));
}

#[test]
fn an_archive_without_its_end_is_read_from_the_front() {
    let bytes = zip(&[stored("a.txt", b"abc"), deflated("c.txt", &[b'c'; 99])]);
    let end = memchr::memmem::find(&bytes, b"PK\x01\x02").unwrap();
    expect![[r#"
        x | zip 177
          ! zip.no-directory
          a.txt | txt 3
          c.txt | txt 99 | deflate
    "#]]
    .assert_eq(&tree(&apart(&bytes[..end])));
    expect![[r#"
        x | zip 174
          ! zip.no-directory
          a.txt | txt 3
          c.txt | txt 96 | deflate | partial: file.damaged
    "#]]
    .assert_eq(&tree(&apart(&bytes[..end - 3])));
}

/// `7z a -pjust-a-test`, with `-mem=ZipCrypto` and with `-mem=AES256`, of one file.
#[rustfmt::skip]
const TRADITIONAL: &str = "504b030414000100000098927a5d38c1936d380000002c00000005000000612e74787483f900996b91158ddafcb8804521d029efc56c8e7521e3b352bdd9ef1bf599d94e1393ccb37bddfdb1cf9c22f5ed994a1d83bd5d21ce1d44504b01023f0314000100000098927a5d38c1936d380000002c000000050024000000000000002080a48100000000612e7478740a00200000000000010018008c07c1dbd27ddd0100000000000000000000000000000000504b05060000000001000100570000005b0000000000";
#[rustfmt::skip]
const AES256: &str = "504b030433000100630098927a5d00000000480000002c00000005000b00612e747874019907000200414503000036e91af252fa8d89cf86f9006fcad64a9145ceccdb95a62d49b7dbba0ca05510ba6f97f82bbbb8fb19c94eda8c6973994deb03a6a9d6e76cd11292e47a7590da9ab3d9b8e6486090504b01023f0333000100630098927a5d00000000480000002c00000005002f000000000000002080a48100000000612e7478740a00200000000000010018008c07c1dbd27ddd01000000000000000000000000000000000199070002004145030000504b0506000000000100010062000000760000000000";

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|at| u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).unwrap()).collect()
}

#[test]
fn passwords_open_what_is_encrypted() {
    let passwords = ["wrong".to_owned(), "just-a-test".to_owned()];
    for archive in [TRADITIONAL, AES256] {
        let archive = unhex(archive);
        let open = take_apart("x", &archive, &Limits::default(), &passwords, &|| false);
        assert_eq!(tree(&open.children[0]), "a.txt | txt 44 | encrypted\n");
        let shut = take_apart("x", &archive, &Limits::default(), &passwords[..1], &|| false);
        assert_eq!(tree(&shut.children[0]), "a.txt | - | encrypted | failed: file.encrypted\n");
        assert!(open.is_complete() && !shut.is_complete());
    }
}
