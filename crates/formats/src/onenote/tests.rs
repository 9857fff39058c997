use super::store::{FILE, LIST};
use super::{PACKAGE, STORE};
use crate::Kind;
use crate::kit::{apart, reading, told, tree};
use expect_test::expect;

const MAGIC: &[u8] = b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3";

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn header(form: &[u8; 16], length: usize) -> Vec<u8> {
    let mut header = [MAGIC, &[0; 32], form].concat();
    header.resize(length, 0);
    header
}

fn embedded(data: &[u8], size: u64) -> Vec<u8> {
    [&FILE[..], &size.to_le_bytes(), &[0; 12], data].concat()
}

/// Values of a set: texts, and a container where one is named.
fn set(texts: &[(u32, &str)], container: bool) -> Vec<u8> {
    let ids = texts.iter().map(|(id, _)| *id).chain(container.then_some(0x2000_1d9b));
    let mut set = (texts.len() as u16 + u16::from(container)).to_le_bytes().to_vec();
    set.extend(ids.flat_map(u32::to_le_bytes));
    for (_, text) in texts {
        let text = wide(&format!("{text}\0"));
        set.extend([&(text.len() as u32).to_le_bytes()[..], &text].concat());
    }
    set
}

fn node(id: u32, data: &[u8]) -> Vec<u8> {
    // Places of four bytes that count bytes, and sizes of four.
    let head = id | (data.len() as u32 + 4) << 10 | 1 << 23 | 1 << 27;
    [&head.to_le_bytes()[..], data].concat()
}

#[test]
fn files_in_pages_are_parts() {
    let bytes = [vec![0; 64], embedded(b"one", 3), vec![0; 9], embedded(b"two", 300)].concat();
    let children = reading(Kind::OneNote, &bytes).children;
    let texts: Vec<_> = children.iter().map(|child| child.bytes(&bytes).unwrap()).collect();
    assert_eq!(texts, [b"one", b"two"]);
    assert!(matches!(children[1].content, crate::Content::Partial(..)));
}

#[test]
fn files_are_called_as_their_pages_say() {
    let id: Vec<u8> = (1..=16).collect();
    let text = "<ifndf>{04030201-0605-0807-090a-0b0c0d0e0f10}";
    let mut bytes = header(&STORE, 1024);
    let (set_at, file_at) = (bytes.len(), bytes.len() + 512);
    let references = [&0x8000_0001_u32.to_le_bytes()[..], &7_u32.to_le_bytes()].concat();
    let texts = [(0x1c00_1d9c, "invoice.hta"), (0x1c00_1cf3, "A page"), (0x1c00_1c22, "open the file")];
    let object = [references, set(&texts, true)].concat();
    bytes.extend(&object);
    bytes.resize(file_at, 0);
    bytes.extend(embedded(b"<script>1</script>", 18));
    let counted = |text: &str| [&(text.len() as u32).to_le_bytes()[..], &wide(text)].concat();
    let container = [&7_u32.to_le_bytes()[..], &[0x36, 0, 8, 0, 1], &counted(text), &counted(".hta")].concat();
    let place = |at: usize, size: usize| [(at as u32).to_le_bytes(), (size as u32).to_le_bytes()].concat();
    let nodes = [
        node(0x72, &container),
        node(0xa4, &[place(set_at, object.len()), vec![0; 10]].concat()),
        node(0x94, &[place(file_at, 54), id].concat()),
        node(0xff, &[]),
    ];
    bytes.extend([&LIST[..], &[0; 8], &nodes.concat()].concat());
    let part = apart(&bytes);
    expect![[r#"
        x | onenote 1779
          invoice.hta | html 18
            script-1.js | txt 1
        onenote.form = "store"
        onenote.embedded = 1
        onenote.files = ["invoice.hta"]
        onenote.titles = ["A page"]
        onenote.texts = ["open the file"]
    "#]]
    .assert_eq(&(tree(&part) + &told(&part, "onenote")));
}

/// An object with a header of 32 bits.
fn object(kind: u32, compound: bool, data: &[u8]) -> Vec<u8> {
    let head = 2 | u32::from(compound) << 2 | kind << 3 | (data.len() as u32) << 17;
    [&head.to_le_bytes()[..], data].concat()
}

fn id(number: u8) -> Vec<u8> {
    [vec![number << 3 | 4], vec![number; 16]].concat()
}

#[test]
fn a_package_comes_apart() {
    let blob = [&[3 << 1 | 1][..], b"MZ!"].concat();
    let values = set(&[(0x1c00_1d9c, "setup.exe")], true);
    let properties = [&0x8000_0001_u32.to_le_bytes()[..], &7_u32.to_le_bytes(), &values].concat();
    let data = [&[3][..], &id(5), &[1, (properties.len() as u8) << 1 | 1], &properties].concat();
    let end = [1 << 2 | 1];
    let bytes = [
        header(&PACKAGE, 68),
        object(0x7a, true, &[0; 17]),
        object(0x15, true, &[0]),
        object(1, true, &[id(1), vec![0, 5]].concat()),
        object(0x18, false, &[id(4), vec![9, 3, 3, 3]].concat()),
        object(5, false, &[id(5), id(2), vec![5, 3, 3]].concat()),
        object(0x16, false, &data),
        end.to_vec(),
        object(1, true, &[id(2), vec![0, 21]].concat()),
        object(2, false, &blob),
        end.to_vec(),
        vec![0x15 << 2 | 1],
        (0x7a_u16 << 2 | 3).to_le_bytes().to_vec(),
    ];
    let part = apart(&bytes.concat());
    expect![[r#"
        x | onenote 285
          setup.exe | txt 3
        onenote.form = "package"
        onenote.embedded = 1
        onenote.files = ["setup.exe"]
    "#]]
    .assert_eq(&(tree(&part) + &told(&part, "onenote")));
    let behind = apart(&[bytes.concat(), b"behind the end".to_vec()].concat());
    assert_eq!(behind.children.len(), 2);
    let cut = bytes.concat();
    for length in 68..cut.len() {
        assert!(!apart(&cut[..length]).is_complete(), "{length}");
    }
}

#[test]
fn a_package_of_nothing_known_is_no_empty_notebook() {
    let bytes = [header(&PACKAGE, 1068), b"MZ and more".to_vec()].concat();
    let part = apart(&bytes);
    expect![[r#"
        onenote.form = "package"
        onenote.embedded = failed: file.damaged
        onenote.embedded = 0
    "#]]
    .assert_eq(&told(&part, "onenote"));
    assert!(!part.is_complete());
}
