//! The pieces of a program: how large, what they may, how even their bytes are.

use super::image::{CODE, EXECUTE, Image, READ, Section, WRITE};
use super::{facts, oddities, packers};
use crate::exe::{Fact, entropy, hex};
use crate::{Limit, Reading};
use md5::Digest as _;

/// Sections can be laid over one another, so that a small file has much to hash: so many times its size is hashed, and
/// then no more.
const HASHED_TIMES_MAX: usize = 3;
/// Code of compilers has 6 to 6.8 bits in a byte; what packers leave has 7.2 and more.
const PACKED_ENTROPY: f64 = 7.2;
/// Few bytes are even by chance.
const PACKED_BYTES_MIN: usize = 1024;
/// Oddities of the same kind say no more after so many.
const NOTES_MAX: usize = 16;

/// Tells the sections.
pub fn read(image: &Image, reading: &mut Reading) {
    let sections = &image.sections;
    let all = |fact: Fact, reading: &mut Reading, text: &dyn Fn(&Section) -> String| {
        fact.known(reading, sections.iter().map(text).collect::<Vec<_>>());
    };
    all(facts::SECTIONS, reading, &|section| image.long_name(section).into_owned());
    all(facts::SECTIONS_ADDRESSES, reading, &|section| format!("{:#x}", section.address));
    all(facts::SECTIONS_VIRTUAL_SIZES, reading, &|section| section.virtual_size.to_string());
    all(facts::SECTIONS_OFFSETS, reading, &|section| format!("{:#x}", section.offset));
    all(facts::SECTIONS_RAW_SIZES, reading, &|section| section.raw_size.to_string());
    all(facts::SECTIONS_FLAGS, reading, &flags);
    content(image, reading);
    shape(image, reading);
}

fn flags(section: &Section) -> String {
    let named = [(READ, "r"), (WRITE, "w"), (EXECUTE, "x")];
    let mut text: String = named.iter().filter(|(flag, _)| section.may(*flag)).map(|(_, letter)| *letter).collect();
    for (flag, name) in [
        (CODE, " code"),
        (0x40, " data"),
        (0x80, " bss"),
        (0x0200_0000, " discardable"),
        (0x1000_0000, " shared"),
        (0x0800_0000, " not-paged"),
    ] {
        if section.may(flag) {
            text.push_str(name);
        }
    }
    text
}

fn content(image: &Image, reading: &mut Reading) {
    let (mut entropies, mut md5s, mut sha256s) = (Vec::new(), Vec::new(), Vec::new());
    let mut left = image.bytes.len().saturating_mul(HASHED_TIMES_MAX);
    let mut notes = 0;
    for section in &image.sections {
        let bytes = section.bytes(image.bytes);
        let Some(rest) = left.checked_sub(bytes.len()) else { break };
        left = rest;
        let bits = entropy(bytes);
        entropies.push(format!("{bits:.4}"));
        md5s.push(hex(&md5::Md5::digest(bytes)));
        sha256s.push(hex(&sha2::Sha256::digest(bytes)));
        if bits > PACKED_ENTROPY && bytes.len() >= PACKED_BYTES_MIN && section.may(EXECUTE) && notes < NOTES_MAX {
            notes += 1;
            let name = image.long_name(section).into_owned();
            let entropy = format!("{bits:.2}");
            oddities::SECTION_PACKED
                .note_with(reading, |message| message.with("section", name).with("entropy", entropy));
        }
    }
    let more = entropies.len() < image.sections.len();
    for (fact, texts) in
        [(facts::SECTIONS_ENTROPIES, entropies), (facts::SECTIONS_MD5, md5s), (facts::SECTIONS_SHA256, sha256s)]
    {
        fact.known(reading, texts);
        if more {
            fact.limited(reading, Limit::FileBytes);
        }
    }
}

type Check<'c> = &'c dyn Fn(&Section) -> bool;

/// Notes what no linker does.
fn shape(image: &Image, reading: &mut Reading) {
    let odd = |section: &Section| {
        let used = section.raw_name.iter().take_while(|byte| **byte != 0).count();
        let rest = section.raw_name.get(used..).unwrap_or_default();
        used == 0 || !section.raw_name[..used].iter().all(u8::is_ascii_graphic) || rest.iter().any(|byte| *byte != 0)
    };
    let file = image.bytes.len() as u64;
    let beyond = |section: &Section| section.raw_size != 0 && section.end_in_file() > file;
    let writable = |section: &Section| section.may(WRITE | EXECUTE);
    let filled = |section: &Section| section.may(EXECUTE) && section.raw_size == 0 && section.virtual_size > 0;
    let checks: [(_, Check); 4] = [
        (oddities::SECTION_ODD_NAME, &odd),
        (oddities::SECTION_BEYOND_FILE, &beyond),
        (oddities::SECTION_WRITABLE_CODE, &writable),
        (oddities::SECTION_FILLED_LATER, &filled),
    ];
    for (oddity, check) in checks {
        for section in image.sections.iter().filter(|section| check(section)).take(NOTES_MAX) {
            oddity.note_with(reading, |message| message.with("section", image.long_name(section)));
        }
    }
    let mut ordered: Vec<_> = image.sections.iter().collect();
    ordered.sort_by_key(|section| section.address);
    let over = ordered.windows(2).filter(|two| two[0].end() > u64::from(two[1].address)).take(NOTES_MAX);
    for two in over {
        oddities::SECTIONS_OVERLAP.note_with(reading, |message| message.with("section", image.long_name(two[1])));
    }
    for section in &image.sections {
        if let Some(packer) = packers::by_section(&section.raw_name) {
            let name = &section.name;
            oddities::PACKER.note_with(reading, |message| message.with("section", name).with("packer", packer));
        }
    }
}
