//! Bombs and other files that would have a program work without end.

use crate::kit::{apart, deflated, gzip, stored, tar, tar_entry, tree, zip};
use crate::{Limit, Limits, Outcome, Part, take_apart};
use expect_test::expect;
use std::time::{Duration, Instant};

fn within(limits: &Limits, bytes: &[u8]) -> Part {
    let start = Instant::now();
    let part = take_apart("x", bytes, limits, &[], &|| start.elapsed() > Duration::from_secs(60));
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    part
}

fn small() -> Limits {
    Limits { file_bytes: 1 << 20, expanded_bytes: 4 << 20, ..Limits::default() }
}

#[test]
fn a_file_in_a_file_in_a_file_is_read_so_deep() {
    let mut bytes = b"the innermost".to_vec();
    for depth in 0..30 {
        bytes = zip(&[stored(&format!("{depth}.zip"), &bytes)]);
    }
    let part = within(&Limits::default(), &bytes);
    let deepest = part.all().last().unwrap();
    assert_eq!((part.all().count(), &deepest.outcome), (17, &Outcome::Limited(Limit::Depth)));
    assert!(!part.is_complete());
}

#[test]
fn a_bomb_of_archives_in_archives_ends_at_the_bytes_it_may_unpack() {
    let mut bytes = vec![0; 900_000];
    for level in 0..4 {
        let inner: Vec<Vec<u8>> = (0..8_u8).map(|copy| [bytes.as_slice(), &[copy, level]].concat()).collect();
        let names: Vec<String> = (0..8).map(|copy| format!("{copy}.zip")).collect();
        bytes = zip(&inner.iter().zip(&names).map(|(inner, name)| deflated(name, inner)).collect::<Vec<_>>());
    }
    let part = within(&small(), &bytes);
    assert!(part.all().any(|part| part.outcome == Outcome::Limited(Limit::ExpandedBytes)));
    assert!(!part.is_complete());
}

#[test]
fn copies_of_a_bomb_are_unpacked_once() {
    let mut bytes = vec![0; 900_000];
    for _ in 0..5 {
        let names: Vec<String> = (0..16).map(|copy| format!("{copy}.zip")).collect();
        bytes = zip(&names.iter().map(|name| deflated(name, &bytes)).collect::<Vec<_>>());
    }
    let part = within(&Limits::default(), &bytes);
    assert!(part.is_complete());
    assert_eq!(part.all().count(), 5 * 16 + 1);
}

#[test]
fn a_stream_that_unpacks_to_gigabytes_ends() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let zeros = vec![0; 1 << 20];
    for _ in 0..300 {
        std::io::Write::write_all(&mut encoder, &zeros).unwrap();
    }
    let part = within(&Limits::default(), &encoder.finish().unwrap());
    assert_eq!(part.children[0].outcome, Outcome::Limited(Limit::FileBytes));
    assert!(!part.is_complete());
}

#[test]
fn what_a_header_declares_is_not_believed() {
    // A member that says it has 10 GB, and has three bytes.
    let mut bytes = gzip(b"abc");
    let end = bytes.len();
    bytes[end - 4..].copy_from_slice(&0x8000_0000_u32.to_le_bytes());
    expect![[r#"
        x | gzip 32
          a.txt | txt 3 | deflate | partial: file.damaged
    "#]]
    .assert_eq(&tree(&apart(&bytes)));
}

#[test]
fn entries_that_share_their_bytes_are_told_and_end() {
    // A thousand entries of the directory point at one header.
    let zeros = vec![0; 1 << 19];
    let one = zip(&[deflated("a", &zeros)]);
    let directory = memchr::memmem::rfind(&one, b"PK\x01\x02").unwrap();
    let end = memchr::memmem::rfind(&one, b"PK\x05\x06").unwrap();
    let mut bytes = one[..directory].to_vec();
    for number in 0..1000_u16 {
        let mut entry = one[directory..end].to_vec();
        entry[36] = number as u8;
        bytes.extend(entry);
    }
    let size = (bytes.len() - directory) as u32;
    let mut record = one[end..].to_vec();
    record[8..10].copy_from_slice(&1000_u16.to_le_bytes());
    record[10..12].copy_from_slice(&1000_u16.to_le_bytes());
    record[12..16].copy_from_slice(&size.to_le_bytes());
    bytes.extend(record);
    let part = within(&small(), &bytes);
    let codes: Vec<&str> = part.oddities.iter().map(|oddity| oddity.message.code.as_str()).collect();
    assert!(codes.contains(&"zip.overlapping-entries"), "{codes:?}");
    assert!(!part.is_complete());
}

#[test]
fn what_contains_itself_ends() {
    // A gzip stream whose content is itself would do; these contain each other as often as there is room.
    let mut bytes = tar(&[tar_entry("a", b'0', "", b"abc")]);
    for _ in 0..11 {
        bytes = tar(&[tar_entry("self.tar", b'0', "", &bytes), tar_entry("again.tar", b'0', "", &bytes)]);
    }
    let part = within(&Limits::default(), &bytes);
    assert_eq!(part.all().count(), 2 * 11 + 2);
    // An entry that is the whole archive again: its data begin where the archive does.
    let mut quine = zip(&[stored("quine.zip", b"")]);
    let size = quine.len() as u32;
    let directory = memchr::memmem::rfind(&quine, b"PK\x01\x02").unwrap();
    for at in [18, 22, directory + 20, directory + 24] {
        quine[at..at + 4].copy_from_slice(&size.to_le_bytes());
    }
    assert!(!within(&Limits::default(), &quine).is_complete());
}

#[test]
fn many_parts_are_as_many_as_there_may_be() {
    let entries: Vec<Vec<u8>> =
        (0..6_000).map(|number| tar_entry(&number.to_string(), b'0', "", &[number as u8])).collect();
    let part = within(&Limits::default(), &tar(&entries));
    assert_eq!(part.children.len(), 5_000);
    assert!(!part.is_complete());
}

#[test]
fn late_is_a_limit_as_well() {
    let entries: Vec<Vec<u8>> =
        (0..600).map(|number| tar_entry(&number.to_string(), b'0', "", format!("{number}").as_bytes())).collect();
    let part = take_apart("x", &tar(&entries), &Limits::default(), &[], &|| true);
    assert!(!part.is_complete() && part.children.len() < 300);
}

#[test]
fn names_of_parts_are_looked_over() {
    expect![[r#"
        x | zip 194
          ! name.traversal name="../../a" @71
          ! name.absolute name="/b" @124
          ../../a | txt 1
          /b | txt 1
    "#]]
    .assert_eq(&tree(&apart(&zip(&[stored("../../a", b"a"), stored("/b", b"b")]))));
}
