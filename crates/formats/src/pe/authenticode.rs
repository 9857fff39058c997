//! Signatures of programs (Authenticode, Microsoft's "Windows Authenticode Portable Executable Signature Format", 2008):
//! what was signed, by whom and when, whether it is right, and whether who signed could. Whether to trust is asked elsewhere.

use super::image::{Image, SECURITY};
use super::{facts, oddities};
use crate::bytes::{slice, u16_le, u32_le};
use crate::cms::der::{self, Item};
use crate::cms::{
    Certificate, Chain, Checked, Fault, Hash, Purpose, SignedData, Signer, Stamp, Wrong, certificates, signed_data,
    stamp,
};
use crate::exe::{hex, spelled};
use crate::{Limit, Reading, Value};
use model::Message;

/// Signatures in one file: one by SHA-1 and one by SHA-256 is what is met.
const SIGNATURES_MAX: usize = 16;
const TEXT_BYTES_MAX: usize = 2_048;
const CMS: u16 = 2;

const INDIRECT_DATA: &str = "1.3.6.1.4.1.311.2.1.4";
const OPUS_INFO: &str = "1.3.6.1.4.1.311.2.1.12";
const NESTED: &str = "1.3.6.1.4.1.311.2.4.1";

/// Tells the signatures.
pub fn read(image: &Image, reading: &mut Reading) {
    let covered = Covered::of(image);
    let mut hashes = Hashes { covered: &covered, known: Vec::new() };
    facts::AUTHENTIHASH.known(reading, Value::Digest(hashes.of(Hash::Sha256).to_vec()));
    let Some(directory) = image.directory(SECURITY).filter(|directory| directory.size > 0) else {
        facts::SIGNATURES_COUNT.known(reading, 0_u32);
        for fact in [facts::SIGNATURE_SUBJECT, facts::SIGNATURE_TIME] {
            fact.absent(reading);
        }
        return;
    };
    // Here alone the address is one in the file.
    let (at, size) = (directory.address as usize, directory.size as usize);
    let Some(table) = slice(image.bytes, at, size) else {
        oddities::TABLE_OUTSIDE.note_with(reading, |message| message.with("table", "security"));
        facts::SIGNATURES_COUNT.failed(reading, oddities::TABLE_OUTSIDE.message().with("table", "security"));
        return;
    };
    facts::SIGNATURE_OFFSET.number(reading, at);
    let mut messages = entries(table, reading);
    let mut count = 0;
    // Signatures within others are put behind them.
    let mut next = 0;
    while let Some(message) = messages.get(next).copied() {
        next += 1;
        let Some(data) = signed_data(message).filter(|data| data.content_type == INDIRECT_DATA) else {
            oddities::SIGNATURE_UNREADABLE.note_at(reading, at);
            continue;
        };
        count += 1;
        for nested in data.signers.iter().flat_map(|signer| signer.added(NESTED)) {
            if messages.len() < SIGNATURES_MAX {
                messages.push(nested.whole);
            }
        }
        signature(&data, &mut hashes, reading);
    }
    facts::SIGNATURES_COUNT.number(reading, count);
    if messages.len() >= SIGNATURES_MAX {
        facts::SIGNATURES_COUNT.limited(reading, Limit::Entries);
    }
}

/// The entries of the table, each with its length in front and filled up to eight bytes.
fn entries<'a>(table: &'a [u8], reading: &mut Reading) -> Vec<&'a [u8]> {
    let (mut messages, mut at, mut belongs) = (Vec::new(), 0, 0);
    while let (Some(length), Some(kind)) = (u32_le(table, at), u16_le(table, at + 6)) {
        let Some(entry) = slice(table, at, length as usize).filter(|entry| entry.len() > 8) else { break };
        if kind == CMS && messages.len() < SIGNATURES_MAX {
            messages.push(&entry[8..]);
        }
        let message = der::item(&entry[8..]).map_or(entry.len() - 8, |(item, _)| item.whole.len());
        // Bytes behind the message are in nobody's way and covered by nothing; some makers of installers use them.
        belongs += entry.len().saturating_sub(8 + message + 7);
        at += entry.len().next_multiple_of(8);
    }
    let unused = belongs + table.len().saturating_sub(at);
    if messages.is_empty() {
        oddities::SIGNATURE_UNREADABLE.note(reading);
    } else if unused > 8 {
        oddities::SIGNATURE_PADDED.note_with(reading, |message| message.number("bytes", unused as i64));
    }
    messages
}

fn signature(data: &SignedData, hashes: &mut Hashes, reading: &mut Reading) {
    let content = data.content_bytes().unwrap_or_default();
    match data.content.and_then(stated_digest) {
        Some((oid, stated)) => {
            facts::SIGNATURE_DIGEST.known(reading, Value::Digest(stated.to_vec()));
            match Hash::from_oid(&oid) {
                Some(hash) => {
                    facts::SIGNATURE_DIGEST_ALGORITHM.known(reading, hash.label());
                    let matches = hashes.of(hash) == stated;
                    facts::SIGNATURE_DIGEST_MATCHES.known(reading, matches);
                    if !matches {
                        oddities::SIGNATURE_DIGEST_WRONG.note(reading);
                    }
                }
                None => {
                    facts::SIGNATURE_DIGEST_MATCHES.failed(reading, unknown(&oid));
                    facts::SIGNATURE_DIGEST_ALGORITHM.known(reading, oid);
                }
            }
        }
        None => facts::SIGNATURE_DIGEST.failed(reading, oddities::SIGNATURE_UNREADABLE.message()),
    }
    let among = certificates(&data.certificates);
    // Authenticode has one signer; more stand in signatures within the signature.
    let Some(signer) = data.signers.first() else {
        oddities::SIGNATURE_UNREADABLE.note(reading);
        return;
    };
    facts::SIGNATURE_CONTENT_MATCHES.maybe(reading, signer.digest_matches(content));
    let stamp = stamp(signer, &among);
    match signer.certificate(&among) {
        Some(certificate) => {
            who(certificate, signer, content, reading);
            whence(&certificate.chain(&among), stamp.as_ref(), reading);
        }
        None => {
            facts::SIGNATURE_SUBJECT.absent(reading);
            facts::SIGNATURE_SERIAL.known(reading, hex(signer.serial));
        }
    }
    program(signer, reading);
    when(stamp, reading);
}

fn who(certificate: &Certificate, signer: &Signer, content: &[u8], reading: &mut Reading) {
    facts::SIGNATURE_SUBJECT.known(reading, certificate.subject());
    facts::SIGNATURE_SIGNER.maybe(reading, certificate.common_name());
    facts::SIGNATURE_ISSUER.known(reading, certificate.issuer());
    facts::SIGNATURE_SERIAL.known(reading, hex(certificate.serial()));
    facts::SIGNATURE_THUMBPRINT.known(reading, Value::Digest(certificate.thumbprint()));
    let (from, until) = certificate.validity();
    facts::SIGNATURE_NOT_BEFORE.known(reading, Value::Time(from));
    facts::SIGNATURE_NOT_AFTER.known(reading, Value::Time(until));
    match signer.check(certificate, content) {
        Checked::Right => facts::SIGNATURE_RIGHT.known(reading, true),
        Checked::Wrong => {
            facts::SIGNATURE_RIGHT.known(reading, false);
            oddities::SIGNATURE_WRONG.note(reading);
        }
        Checked::Unknown(algorithm) => facts::SIGNATURE_RIGHT.failed(reading, unknown(&algorithm)),
    }
}

/// Who says that the signer is who he says, and whether he may.
fn whence(chain: &Chain, stamp: Option<&Stamp>, reading: &mut Reading) {
    facts::SIGNATURE_CHAIN.known(reading, chain.links.iter().map(|link| link.subject()).collect::<Vec<_>>());
    let thumbprints: Vec<_> = chain.links.iter().map(|link| hex(&link.thumbprint())).collect();
    facts::SIGNATURE_CHAIN_THUMBPRINTS.known(reading, thumbprints);
    for (of, fault) in &chain.faults {
        let odd = match fault {
            Fault::Forged => oddities::SIGNATURE_CHAIN_WRONG,
            Fault::MayNotIssue => oddities::SIGNATURE_ISSUER_UNFIT,
            Fault::Unknown(_) => continue,
        };
        odd.note_with(reading, |message| message.with("subject", of.subject()));
    }
    match chain.is_right() {
        _ if !chain.is_linked() => facts::SIGNATURE_CHAIN_RIGHT.absent(reading),
        Checked::Unknown(algorithm) => facts::SIGNATURE_CHAIN_RIGHT.failed(reading, unknown(&algorithm)),
        checked => facts::SIGNATURE_CHAIN_RIGHT.known(reading, checked == Checked::Right),
    }
    facts::SIGNATURE_ROOT_KNOWN.known(reading, chain.is_rooted());
    let is_for_code = chain.is_for(Purpose::SigningCode);
    facts::SIGNATURE_CODE_SIGNING.known(reading, is_for_code);
    if !is_for_code {
        oddities::SIGNATURE_NOT_FOR_CODE.note(reading);
    }
    // Without a stamp nobody knows when it was, and today is no answer: it may have been valid then.
    let Some(time) = stamp.and_then(Stamp::sure_time) else {
        facts::SIGNATURE_VALID_WHEN_SIGNED.absent(reading);
        return;
    };
    let late = chain.not_valid_at(time);
    facts::SIGNATURE_VALID_WHEN_SIGNED.known(reading, late.is_none());
    if let Some(of) = late {
        oddities::SIGNATURE_OUT_OF_TIME.note_with(reading, |message| message.with("subject", of.subject()));
    }
}

fn unknown(algorithm: &str) -> Message {
    oddities::ALGORITHM_UNKNOWN.message().with("algorithm", algorithm)
}

/// What the signer says of the program: its name, and an address.
fn program(signer: &Signer, reading: &mut Reading) {
    let Some(info) = signer.attribute(OPUS_INFO) else { return };
    for part in info.items() {
        let Some((inner, _)) = der::item(part.content) else { continue };
        let (fact, text) = match (part.tag, inner.tag) {
            (0xa0, _) => (facts::SIGNATURE_PROGRAM, spc_string(inner)),
            // An address, or the name of a file.
            (0xa1, 0x80) => (facts::SIGNATURE_URL, spelled(crate::bytes::head(inner.content, TEXT_BYTES_MAX))),
            (0xa1, 0xa2) => match der::item(inner.content) {
                Some((inner, _)) => (facts::SIGNATURE_URL, spc_string(inner)),
                None => continue,
            },
            _ => continue,
        };
        fact.maybe(reading, Some(text).filter(|text| !text.is_empty()));
    }
}

/// Letters of 16 bits with the high byte first, or of 8.
fn spc_string(item: Item) -> String {
    let bytes = crate::bytes::head(item.content, TEXT_BYTES_MAX);
    if item.tag != 0x80 || !item.content.len().is_multiple_of(2) {
        return spelled(bytes);
    }
    let units = bytes.chunks_exact(2).map(|two| u16::from_be_bytes([two[0], two[1]]));
    char::decode_utf16(units).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

fn when(stamp: Option<Stamp>, reading: &mut Reading) {
    let Some(stamp) = stamp else {
        facts::SIGNATURE_TIME.absent(reading);
        return;
    };
    facts::SIGNATURE_TIME.maybe(reading, stamp.time.map(Value::Time));
    facts::SIGNATURE_TIME_KIND.known(reading, stamp.kind);
    facts::SIGNATURE_TIME_SUBJECT.maybe(reading, stamp.subject);
    facts::SIGNATURE_TIME_MATCHES.maybe(reading, stamp.matches);
    if stamp.matches == Some(false) || stamp.checked == Some(Checked::Wrong) {
        oddities::STAMP_WRONG.note(reading);
    }
    for fault in stamp.faults {
        let odd = match fault.what {
            Wrong::SelfMade => oddities::STAMP_SELF_MADE,
            Wrong::Forged => oddities::STAMP_CHAIN_WRONG,
            Wrong::MayNotIssue => oddities::STAMP_ISSUER_UNFIT,
            Wrong::Purpose => oddities::STAMP_NOT_FOR_STAMPS,
            Wrong::OutOfTime => oddities::STAMP_OUT_OF_TIME,
        };
        odd.note_with(reading, |message| message.with("subject", fault.subject));
    }
    facts::SIGNATURE_TIME_ROOT_KNOWN.known(reading, stamp.rooted);
    for (fact, checked) in
        [(facts::SIGNATURE_TIME_RIGHT, stamp.checked), (facts::SIGNATURE_TIME_CHAIN_RIGHT, stamp.chain)]
    {
        match checked {
            Some(Checked::Unknown(algorithm)) => fact.failed(reading, unknown(&algorithm)),
            checked => fact.maybe(reading, checked.map(|checked| checked == Checked::Right)),
        }
    }
}

/// The algorithm and the hash of the file in what was signed.
fn stated_digest(content: Item<'_>) -> Option<(String, &[u8])> {
    let info = content.items().nth(1).filter(|item| item.tag == der::SEQUENCE)?;
    let mut parts = info.items();
    let oid = parts.next()?.first(der::OID)?.dotted()?;
    let stated = parts.next().filter(|item| item.tag == der::OCTETS)?;
    Some((oid, stated.content))
}

/// The pieces of a file that a signature covers: all but the checksum, the place that says where signatures are, and
/// these.
struct Covered<'a>(Vec<&'a [u8]>);

impl<'a> Covered<'a> {
    fn of(image: &Image<'a>) -> Self {
        let file = image.bytes.len();
        let checksum = image.optional + 64;
        let entry = image.optional + if image.wide { 108 } else { 92 } + 4 + SECURITY * 8;
        let has_entry = image.directories.len() > SECURITY;
        let table = image.directory(SECURITY).map(|table| (table.address as usize, table.size as usize));
        let (start, end) = match table.filter(|(start, _)| *start > entry && *start <= file) {
            Some((start, size)) => (start, start.saturating_add(size).min(file)),
            None => (file, file),
        };
        let entry = if has_entry { entry..entry + 8 } else { start..start };
        let pieces = [0..checksum, checksum + 4..entry.start, entry.end..start, end..file];
        let pieces = pieces.into_iter().filter_map(|piece| image.bytes.get(piece.start.min(file)..piece.end.min(file)));
        Covered(pieces.collect())
    }
}

/// Hashes of the file, each made once.
struct Hashes<'c, 'a> {
    covered: &'c Covered<'a>,
    known: Vec<(Hash, Vec<u8>)>,
}

impl Hashes<'_, '_> {
    fn of(&mut self, hash: Hash) -> &[u8] {
        let at = self.known.iter().position(|(known, _)| *known == hash).unwrap_or_else(|| {
            self.known.push((hash, hash.of(&self.covered.0)));
            self.known.len() - 1
        });
        &self.known[at].1
    }
}
