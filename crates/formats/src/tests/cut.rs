//! Lists that end at a limit say so, one entry behind it: what was not read may hold anything.

use crate::kit::{apart, compound};
use crate::{Limit, State};

/// The file is not complete, and the fact says that it was cut.
#[track_caller]
fn check(bytes: &[u8], fact: &str) {
    let part = apart(bytes);
    let limited = |vector: &crate::Vector| {
        format!("{}.{}", vector.namespace, vector.name) == fact && vector.state == State::Limited(Limit::Entries)
    };
    assert!(part.vectors.iter().any(limited), "{}", crate::kit::facts(&part.vectors));
    assert!(!part.is_complete());
}

/// A record of a folder of an optical disc.
fn record(sector: u32, size: u32, flags: u8, name: &[u8]) -> Vec<u8> {
    let mut record = vec![0; 33];
    record[2..6].copy_from_slice(&sector.to_le_bytes());
    record[10..14].copy_from_slice(&size.to_le_bytes());
    (record[25], record[32]) = (flags, name.len() as u8);
    record.extend(name);
    record.resize(record.len().max(34).next_multiple_of(2), 0);
    record[0] = record.len() as u8;
    record
}

fn disc(root: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 2048 * 18];
    let mut put = |at: usize, data: &[u8]| bytes[at..at + data.len()].copy_from_slice(data);
    put(2048 * 16, b"\x01CD001\x01");
    put(2048 * 16 + 156, &record(18, root.len() as u32, 2, &[0]));
    put(2048 * 17, b"\xffCD001\x01");
    [bytes, root.to_vec()].concat()
}

#[test]
fn a_folder_of_a_disc_that_is_too_long() {
    let blank = {
        let mut sector = record(18, 2048, 2, &[0]);
        sector.resize(2048, 0);
        sector
    };
    let last = {
        let mut sector = record(0, 4, 0, b"R.VBS;1");
        sector.resize(2048, 0);
        sector
    };
    check(&disc(&[blank.repeat((4 << 20) / 2048), last.clone()].concat()), "iso.entries");
    assert!(apart(&disc(&[blank.repeat((4 << 20) / 2048 - 1), last].concat())).children.len() == 1);
    // Fifty records fill most of a sector.
    let sector = {
        let mut sector = record(0, 0, 2, b"A").repeat(50);
        sector.resize(2048, 0);
        sector
    };
    check(&disc(&sector.repeat(401)), "iso.entries");
}

#[test]
fn archives_with_too_many_folders() {
    let lha = {
        let head = [&b"-lhd-"[..], &[0; 12], &[0x20, 0, 1], b"a", &[0, 0]].concat();
        let sum = head.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        [&[head.len() as u8, sum][..], &head].concat()
    };
    check(&lha.repeat(20_001), "lha.entries");
    assert!(apart(&lha.repeat(20_000)).is_complete());
    let arj = |kind: u8| {
        let mut fields = vec![30, 11, 1, 2, 0, 0, kind];
        fields.resize(30, 0);
        fields.extend(b"a\0\0");
        let (length, sum) = ((fields.len() as u16).to_le_bytes(), crc32fast::hash(&fields).to_le_bytes());
        [&[0x60, 0xea][..], &length, &fields, &sum, &[0, 0]].concat()
    };
    let archive = |count: usize| [arj(2), arj(3).repeat(count), b"\x60\xea\0\0".to_vec()].concat();
    check(&archive(20_001), "arj.entries");
    assert!(apart(&archive(20_000)).is_complete());
}

#[test]
fn a_message_with_too_many_attachments() {
    let message = |count: usize| {
        let names: Vec<String> =
            (0..count).map(|number| format!("__attach_version1.0_#{number:08X}/__substg1.0_3704001E")).collect();
        let mut streams: Vec<(&str, &[u8])> = vec![("__properties_version1.0", &[0; 32])];
        streams.extend(names.iter().map(|name| (name.as_str(), &b""[..])));
        compound(&streams)
    };
    check(&message(2001), "msg.attachments");
}

#[test]
fn a_project_with_too_many_modules_and_a_file_with_too_many_projects() {
    let packed = |bytes: &[u8]| {
        let chunks = bytes.chunks(3000).map(|chunk| {
            let data: Vec<u8> = chunk.chunks(8).flat_map(|eight| [&[0], eight].concat()).collect();
            [&(0xb000 | (data.len() as u16 - 1)).to_le_bytes()[..], &data].concat()
        });
        [vec![1], chunks.collect::<Vec<_>>().concat()].concat()
    };
    let dir = |modules: usize| packed(&[&[0x19, 0, 1, 0, 0, 0, b'a'][..]].concat().repeat(modules));
    check(&compound(&[("Macros/VBA/dir", &dir(1001))]), "vba.modules");
    let names: Vec<String> = (0..17).map(|number| format!("{number}/VBA/dir")).collect();
    let dir = dir(1);
    let streams: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), dir.as_slice())).collect();
    check(&compound(&streams), "vba.projects");
}
