//! Single packed streams: gzip (RFC 1952), bzip2, xz, LZMA, Zstandard (RFC 8878), LZ4 and the LZW of `compress`. Each has
//! one part, which is what the program of that name would write.

use crate::budget::Budget;
use crate::bytes::{slice, u16_le, u32_le};
use crate::decode;
use crate::gather::text;
use crate::kind::Kind;
use crate::names;
use crate::reading::{Child, Reading, Storage};
use crate::unpack::{Unpacked, unpack};
use crate::vector::{Value, vectors};
use model::Message;
use std::io::{self, Read};

vectors! { "gzip":
    "name" text "Name of the file that was packed.";
    "comment" text "Comment of the first member.";
    "time" time "When the file that was packed was changed.";
    "system" integer "Number of the system on which it was packed.";
    "members" integer "Streams that follow one another.";
}

/// Unpacks a stream of that kind.
pub fn read(kind: Kind, bytes: &[u8], budget: &mut Budget) -> Reading {
    let mut reading = Reading::default();
    let length = bytes.len();
    let mut behind = None;
    let (name, storage, unpacked) = match kind {
        Kind::Gzip => {
            let mut members = Gunzip::new(bytes);
            let unpacked = unpack(&mut members, length, budget);
            let name = gzip_facts(bytes, &members, &mut reading);
            behind = members.behind();
            (name, "deflate", unpacked)
        }
        Kind::Bzip2 => (String::new(), "bzip2", unpack(decode::bzip2(bytes), length, budget)),
        Kind::Xz => (String::new(), "xz", unpack(decode::xz(bytes), length, budget)),
        Kind::Lzma => (String::new(), "lzma", tried(decode::lzma(bytes), length, budget)),
        Kind::Zstd => (String::new(), "zstd", tried(decode::zstd(bytes), length, budget)),
        Kind::Lz4 => (String::new(), "lz4", ended_lz4(bytes, unpack(decode::lz4(bytes), length, budget))),
        _ => {
            let source = decode::compress(bytes).ok_or_else(|| io::ErrorKind::InvalidData.into());
            (String::new(), "lzw", tried(source, length, budget))
        }
    };
    names::look(&mut reading, &name, 0);
    let child = Child { name, content: unpacked.content(), storage: Storage::Packed(storage), at: Some(0) };
    // A limit is a fact by then.
    let _ = reading.child(budget, child);
    if let Some(behind) = behind.filter(|behind| *behind < length) {
        let count = i64::try_from(length - behind).unwrap_or(i64::MAX);
        reading.odd_at(Message::new("gzip.data-behind").number("bytes", count), behind as u64);
        let _ = reading.child(budget, Child::range("", behind..length));
    }
    reading
}

fn tried(source: io::Result<impl Read>, length: usize, budget: &mut Budget) -> Unpacked {
    source.map_or(Unpacked::Broken(Vec::new()), |source| unpack(source, length, budget))
}

/// The decoder of LZ4 takes a stream that is cut off between two blocks for whole: a frame ends with an empty block, and
/// with four bytes of a checksum where its flags say so.
fn ended_lz4(bytes: &[u8], unpacked: Unpacked) -> Unpacked {
    let checksum = if bytes.get(4).is_some_and(|flags| flags & 4 != 0) { 4 } else { 0 };
    let end = bytes.len().checked_sub(4 + checksum).and_then(|at| u32_le(bytes, at));
    match unpacked {
        Unpacked::Whole(bytes) if end != Some(0) => Unpacked::Broken(bytes),
        other => other,
    }
}

/// Members of gzip one after the other.
struct Gunzip<'a> {
    bytes: &'a [u8],
    member: Option<(decode::Inflate<'a>, crc32fast::Hasher, u32)>,
    /// Where the next member begins, or what follows the last one.
    at: usize,
    members: u32,
}

/// What stands in front of a member.
#[derive(Default)]
struct Head<'a> {
    time: u32,
    system: u8,
    name: &'a [u8],
    comment: &'a [u8],
    data: usize,
}

impl<'a> Gunzip<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Gunzip { bytes, member: None, at: 0, members: 0 }
    }

    /// Where something else than members begins. Tapes are filled up with zeros, which are nothing.
    fn behind(&self) -> Option<usize> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let first = rest.iter().position(|byte| *byte != 0)?;
        (self.member.is_none() && self.members > 0).then_some(self.at + first)
    }
}

impl Read for Gunzip<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some((inflate, crc, size)) = &mut self.member else {
                let Some(head) = gzip_head(self.bytes, self.at) else {
                    return if self.members == 0 { Err(io::ErrorKind::InvalidData.into()) } else { Ok(0) };
                };
                let data = self.bytes.get(head.data..).unwrap_or_default();
                self.at = head.data;
                self.members = self.members.saturating_add(1);
                self.member = Some((decode::inflate(data), crc32fast::Hasher::new(), 0));
                continue;
            };
            let count = inflate.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                crc.update(&buffer[..count]);
                *size = size.wrapping_add(count as u32);
                return Ok(count);
            }
            let trailer = self.at + inflate.used();
            let told = (u32_le(self.bytes, trailer), u32_le(self.bytes, trailer + 4));
            if told != (Some(crc.clone().finalize()), Some(*size)) {
                return Err(io::ErrorKind::InvalidData.into());
            }
            self.at = trailer + 8;
            self.member = None;
        }
    }
}

fn gzip_head(bytes: &[u8], at: usize) -> Option<Head<'_>> {
    let fixed = slice(bytes, at, 10).filter(|head| head.starts_with(&[0x1f, 0x8b, 8]))?;
    let flags = fixed[3];
    let mut head = Head { time: u32_le(fixed, 4)?, system: fixed[9], data: at + 10, ..Head::default() };
    if flags & 4 != 0 {
        head.data += 2 + usize::from(u16_le(bytes, head.data)?);
    }
    let text = |data: &mut usize| {
        let rest = bytes.get(*data..)?;
        let text = &rest[..memchr::memchr(0, rest)?];
        *data += text.len() + 1;
        Some(text)
    };
    if flags & 8 != 0 {
        head.name = text(&mut head.data)?;
    }
    if flags & 16 != 0 {
        head.comment = text(&mut head.data)?;
    }
    if flags & 2 != 0 {
        head.data += 2;
    }
    Some(head)
}

fn gzip_facts(bytes: &[u8], members: &Gunzip, reading: &mut Reading) -> String {
    let head = gzip_head(bytes, 0).unwrap_or_default();
    let name = names::decode(head.name);
    text(reading, NAMESPACE, "name", name.as_str());
    text(reading, NAMESPACE, "comment", names::decode(head.comment));
    if head.time != 0 {
        reading.know_at(NAMESPACE, "time", Value::Time(i64::from(head.time) * 1_000_000), 4);
    }
    reading.know_at(NAMESPACE, "system", u32::from(head.system), 9);
    reading.know(NAMESPACE, "members", members.members);
    name
}

#[cfg(test)]
mod tests {
    use crate::Kind;
    use crate::kit::{apart, facts, gzip, reading, tree};
    use expect_test::expect;

    #[test]
    fn members_are_one_file_and_what_is_behind_is_another() {
        let bytes = [gzip(b"one "), gzip(b"two"), b"more".to_vec()].concat();
        expect![[r#"
            x | gzip 69
              ! gzip.data-behind bytes=4 @65
              a.txt | txt 7 | deflate
              txt 4
        "#]]
        .assert_eq(&tree(&apart(&bytes)));
        expect![[r#"
            gzip.name = "a.txt"
            gzip.time = 1s
            gzip.system = 3
            gzip.members = 2
        "#]]
        .assert_eq(&facts(&reading(Kind::Gzip, &bytes).vectors));
    }

    #[test]
    fn every_program_has_its_stream() {
        // Made by the programs themselves of `seq 9 | tr -d '\n'`, as they print it.
        #[rustfmt::skip]
        const STREAMS: &[(Kind, &str)] = &[
            (Kind::Gzip, "1f8b08006678086b000333343236313533b7b004002639f4cb09000000"),
            (Kind::Bzip2, "425a6839314159265359fc89191800000008003fe02000220d0c0832621e0def29c177245385090fc8919180"),
            (Kind::Xz, "fd377a585a000004e6d6b4460200210116000000742fe5a301000831323334353637383900000000fa3919dfbbc95d99000121096c18c5d51fb6f37d010000000004595a"),
            (Kind::Lzma, "5d00008000ffffffffffffffff00188c82b6c411345c4ee7107de0fffd148000"),
            (Kind::Zstd, "28b52ffd045849000031323334353637383983aee640"),
            (Kind::Compress, "1f9d903164cca051c3c60d1c3900"),
            (Kind::Lz4, "04224d186440a7090000803132333435363738390000000067ad7b93"),
        ];
        for (kind, stream) in STREAMS {
            let bytes: Vec<u8> =
                (0..stream.len() / 2).map(|at| u8::from_str_radix(&stream[at * 2..at * 2 + 2], 16).unwrap()).collect();
            let reading = reading(*kind, &bytes);
            assert_eq!(reading.children[0].bytes(&bytes), Some(b"123456789".as_slice()), "{kind}");
            // Nothing in a stream of `compress` says where it ends.
            if *kind == Kind::Compress {
                continue;
            }
            let cut = crate::kit::reading(*kind, &bytes[..bytes.len() - 5]);
            assert!(!matches!(cut.children[0].content, crate::Content::Bytes(_)), "{kind}");
        }
    }
}
