//! The signature of a program: hashes of its pages, who it is, what it may, and a signed message about these
//! (`cs_blobs.h` of XNU). Whether to trust is asked elsewhere.

use super::file::File;
use super::{facts, oddities};
use crate::bytes::{slice, u8_at, u32_be};
use crate::cms::{Checked, Hash, certificates, signed_data};
use crate::exe::{list, spelled, text_at};
use crate::{Limit, Reading, Value};

const COMMAND: &[u32] = &[0x1d];
const SUPER_BLOB: u32 = 0xfade_0cc0;
const CODE_DIRECTORY: u32 = 0xfade_0c02;
const ENTITLEMENTS: u32 = 0xfade_7171;
const WRAPPER: u32 = 0xfade_0b01;
const BLOBS_MAX: usize = 64;
const PAGES_MAX: usize = 1 << 20;
const TEXT_BYTES_MAX: usize = 2_048;
const ENTITLEMENTS_BYTES_MAX: usize = 1 << 16;

const FLAGS: &[(u32, &str)] = &[
    (0x0000_0001, "host"),
    (0x0000_0002, "adhoc"),
    (0x0000_0100, "hard"),
    (0x0000_0200, "kill"),
    (0x0000_0400, "check-expiration"),
    (0x0000_0800, "restrict"),
    (0x0000_1000, "enforcement"),
    (0x0000_2000, "require-library-validation"),
    (0x0001_0000, "runtime"),
    (0x0002_0000, "linker-signed"),
];

/// Tells the signature.
pub fn read(file: &File, reading: &mut Reading) {
    let (Some(at), Some(size)) = (file.field(COMMAND, 8), file.field(COMMAND, 12)) else {
        facts::SIGNED.known(reading, false);
        facts::ENTITLEMENTS.absent(reading);
        return;
    };
    facts::SIGNED.known(reading, true);
    let bytes = file.piece(at.into(), size.into());
    let blobs = blobs(bytes);
    let of = |magic: u32| blobs.iter().copied().filter(move |blob| u32_be(blob, 0) == Some(magic));
    // The last one has the strongest hash; the first is there for older systems.
    let Some(directory) = of(CODE_DIRECTORY).next_back() else {
        oddities::SIGNATURE_UNREADABLE.note_at(reading, at as usize);
        return;
    };
    if code_directory(file, directory, reading).is_none() {
        oddities::SIGNATURE_UNREADABLE.note_at(reading, at as usize);
    }
    entitlements(of(ENTITLEMENTS).next(), reading);
    let first = of(CODE_DIRECTORY).next().unwrap_or(directory);
    if let Some(message) = of(WRAPPER).next().and_then(|blob| blob.get(8..)).filter(|message| !message.is_empty()) {
        signer(message, first, reading);
    }
}

/// The blobs that the outer one lists, each as long as it says.
fn blobs(bytes: &[u8]) -> Vec<&[u8]> {
    if u32_be(bytes, 0) != Some(SUPER_BLOB) {
        return Vec::new();
    }
    let count = u32_be(bytes, 8).map_or(0, |count| count as usize).min(BLOBS_MAX);
    let entry = |number: usize| {
        let at = u32_be(bytes, 12 + number * 8 + 4)? as usize;
        slice(bytes, at, u32_be(bytes, at.checked_add(4)?)? as usize)
    };
    (0..count).filter_map(entry).collect()
}

fn code_directory(file: &File, blob: &[u8], reading: &mut Reading) -> Option<()> {
    let field = |number: usize| u32_be(blob, number * 4);
    let (version, flags, hashes_at, identifier_at) = (field(2)?, field(3)?, field(4)?, field(5)?);
    let (pages, limit) = (field(7)? as usize, field(8)?);
    let (hash_bytes, kind, page_bits) = (usize::from(u8_at(blob, 36)?), u8_at(blob, 37)?, u8_at(blob, 39)?);
    facts::SIGNATURE_FLAGS.known(reading, list(flags, FLAGS));
    facts::SIGNATURE_IDENTIFIER.maybe(reading, text_at(blob, identifier_at as usize, TEXT_BYTES_MAX));
    let team_at = if version >= 0x2_0200 { field(12) } else { None };
    let team = team_at.filter(|at| *at != 0).and_then(|at| text_at(blob, at as usize, TEXT_BYTES_MAX));
    facts::SIGNATURE_TEAM.maybe(reading, team);
    let hash = match kind {
        1 => Hash::Sha1,
        // The third kind is the second one cut to twenty bytes.
        2 | 3 => Hash::Sha256,
        4 => Hash::Sha384,
        _ => {
            let why = oddities::ALGORITHM_UNKNOWN.message().with("algorithm", kind);
            facts::SIGNATURE_PAGES_MATCH.failed(reading, why);
            return Some(());
        }
    };
    facts::SIGNATURE_DIGEST_ALGORITHM.known(reading, hash.label());
    let mut name = hash.of(&[blob]);
    name.truncate(20);
    facts::SIGNATURE_CDHASH.known(reading, Value::Digest(name));
    let stated = slice(blob, hashes_at as usize, pages.checked_mul(hash_bytes)?)?;
    if pages > PAGES_MAX {
        facts::SIGNATURE_PAGES_MATCH.limited(reading, Limit::Entries);
        return Some(());
    }
    let covered = file.piece(0, limit.into());
    // A page size of zero means one page over everything.
    let page = if page_bits == 0 { covered.len().max(1) } else { 1_usize.checked_shl(page_bits.into())? };
    let found = covered.chunks(page);
    let matches = hash_bytes > 0
        && found.len() == pages
        && found.zip(stated.chunks(hash_bytes)).all(|(page, stated)| hash.of(&[page]).starts_with(stated));
    facts::SIGNATURE_PAGES_MATCH.known(reading, matches);
    if !matches {
        oddities::SIGNATURE_PAGES_WRONG.note(reading);
    }
    Some(())
}

fn entitlements(blob: Option<&[u8]>, reading: &mut Reading) {
    let Some(text) = blob.and_then(|blob| blob.get(8..)) else {
        facts::ENTITLEMENTS.absent(reading);
        return;
    };
    facts::ENTITLEMENTS.known(reading, spelled(crate::bytes::head(text, ENTITLEMENTS_BYTES_MAX)));
    if text.len() > ENTITLEMENTS_BYTES_MAX {
        facts::ENTITLEMENTS.limited(reading, Limit::TextBytes);
    }
}

/// The message is about the first code directory, which is not in it.
fn signer(message: &[u8], directory: &[u8], reading: &mut Reading) {
    let Some(data) = signed_data(message) else {
        oddities::SIGNATURE_UNREADABLE.note(reading);
        return;
    };
    let among = certificates(&data.certificates);
    let Some(signer) = data.signers.first() else { return };
    facts::SIGNATURE_CONTENT_MATCHES.maybe(reading, signer.digest_matches(directory));
    let Some(certificate) = signer.certificate(&among) else {
        facts::SIGNATURE_SUBJECT.absent(reading);
        return;
    };
    facts::SIGNATURE_SUBJECT.known(reading, certificate.subject());
    let chain: Vec<_> = certificate.chain(&among).links.iter().map(|link| link.subject()).collect();
    facts::SIGNATURE_CHAIN.known(reading, chain);
    match signer.check(certificate, directory) {
        Checked::Right => facts::SIGNATURE_RIGHT.known(reading, true),
        Checked::Wrong => {
            facts::SIGNATURE_RIGHT.known(reading, false);
            oddities::SIGNATURE_WRONG.note(reading);
        }
        Checked::Unknown(algorithm) => {
            let why = oddities::ALGORITHM_UNKNOWN.message().with("algorithm", algorithm);
            facts::SIGNATURE_RIGHT.failed(reading, why);
        }
    }
}
