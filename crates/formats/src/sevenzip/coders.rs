//! Coders of a folder, put together as the header says. None is made before what it asks for in memory is known.

use super::header::{Coder, Folder};
use crate::budget::Budget;
use crate::decode::{self, LZMA_MEMORY_KIB_MAX};
use crate::limits::Limit;
use aes::cipher::{BlockCipherDecrypt, KeyInit};
use lzma_rust2::Lzma2Reader;
use lzma_rust2::filter::bcj::BcjReader;
use lzma_rust2::filter::bcj2::Bcj2Reader;
use lzma_rust2::filter::delta::DeltaReader;
use model::Message;
use sha2::{Digest, Sha256};
use std::io::{self, BufReader, Read};

/// Rounds of deriving a key, as a power of two: the usual one is 19.
const ROUNDS_POWER_MAX: u8 = 20;
/// What a thousand rounds cost, in steps of a budget.
const STEPS_PER_ROUNDS: u64 = 2;
/// Memory of one decoder of PPMd.
const PPMD_BYTES_MAX: u32 = 128 << 20;
/// Memory of all decoders of one folder together.
const MEMORY_KIB_MAX: u64 = 320 << 10;

/// Why a folder cannot be decoded.
pub enum Stop {
    Failed(Message),
    Limited(Limit),
}

/// The name of a method.
pub fn label(id: &[u8]) -> String {
    let name = match id {
        [0] => "copy",
        [3] => "delta",
        [4] | [3, 3, 1, 3] => "x86",
        [5] | [3, 3, 2, 5] => "powerpc",
        [6] | [3, 3, 4, 1] => "ia64",
        [7] | [3, 3, 5, 1] => "arm",
        [8] | [3, 3, 7, 1] => "armt",
        [9] | [3, 3, 8, 5] => "sparc",
        [10] => "arm64",
        [11] => "riscv",
        [0x21] => "lzma2",
        [3, 1, 1] => "lzma",
        [3, 3, 1, 0x1b] => "bcj2",
        [3, 4, 1] => "ppmd",
        [4, 1, 8] => "deflate",
        [4, 1, 9] => "deflate64",
        [4, 2, 2] => "bzip2",
        [4, 0xf7, 0x11, 1] => "zstd",
        [4, 0xf7, 0x11, 4] => "lz4",
        [6, 0xf1, 7, 1] => "aes",
        other => return other.iter().map(|byte| format!("{byte:02x}")).collect(),
    };
    name.to_owned()
}

pub fn is_encrypted(folder: &Folder) -> bool {
    folder.coders.iter().any(|coder| coder.id == [6, 0xf1, 7, 1])
}

/// A folder whose decoders are being put together.
pub struct Assembly<'a, 'b, 'c> {
    pub bytes: &'a [u8],
    pub packed: &'b [(u64, u64)],
    pub folder: &'b Folder,
    pub password: Option<&'b str>,
    pub budget: &'b mut Budget<'c>,
    pub memory_kib: u64,
}

type Source<'a> = Box<dyn Read + 'a>;

impl<'a> Assembly<'a, '_, '_> {
    /// What comes out at the end.
    pub fn whole(&mut self) -> Result<Source<'a>, Stop> {
        let output = self.folder.main_output().ok_or_else(damaged)?;
        self.output(output, 0)
    }

    fn output(&mut self, output: usize, depth: usize) -> Result<Source<'a>, Stop> {
        if depth > self.folder.coders.len() {
            return Err(damaged());
        }
        let (mut first_input, mut first_output) = (0, 0);
        for coder in &self.folder.coders {
            if output < first_output + coder.outputs {
                let inputs: Result<Vec<Source>, Stop> =
                    (first_input..first_input + coder.inputs).map(|input| self.input(input, depth)).collect();
                let size = self.folder.sizes.get(output).copied().ok_or_else(damaged)?;
                return self.decoder(coder, inputs?, size);
            }
            first_input += coder.inputs;
            first_output += coder.outputs;
        }
        Err(damaged())
    }

    fn input(&mut self, input: usize, depth: usize) -> Result<Source<'a>, Stop> {
        if let Some((_, output)) = self.folder.pairs.iter().find(|(other, _)| *other == input) {
            return self.output(*output, depth + 1);
        }
        let number = self.folder.packed.iter().position(|other| *other == input).ok_or_else(damaged)?;
        let (at, size) = self.packed.get(self.folder.first + number).copied().ok_or_else(damaged)?;
        let at = usize::try_from(at).map_err(|_| damaged())?;
        let rest = self.bytes.get(at..).ok_or_else(damaged)?;
        let size = usize::try_from(size).unwrap_or(usize::MAX).min(rest.len());
        self.budget.pass(size).map_err(Stop::Limited)?;
        Ok(Box::new(&rest[..size]))
    }

    fn remember(&mut self, kib: u64) -> Result<(), Stop> {
        self.memory_kib += kib;
        if self.memory_kib > MEMORY_KIB_MAX {
            return Err(Stop::Failed(crate::unpack::unknown_method("memory")));
        }
        Ok(())
    }

    fn decoder(&mut self, coder: &Coder, inputs: Vec<Source<'a>>, size: u64) -> Result<Source<'a>, Stop> {
        let properties = coder.properties.as_slice();
        if coder.id == [3, 3, 1, 0x1b] {
            return Ok(Box::new(Bcj2Reader::try_new(inputs, size).map_err(|_| damaged())?));
        }
        let mut inputs = inputs;
        let (Some(input), true) = (inputs.pop(), inputs.is_empty()) else { return Err(damaged()) };
        let four = |at: usize| crate::bytes::u32_le(properties, at).ok_or_else(damaged);
        Ok(match label(&coder.id).as_str() {
            "copy" => input,
            "delta" => Box::new(DeltaReader::new(input, usize::from(properties.first().copied().unwrap_or(0)) + 1)),
            "x86" => Box::new(BcjReader::new_x86(input, 0)),
            "powerpc" => Box::new(BcjReader::new_ppc(input, 0)),
            "ia64" => Box::new(BcjReader::new_ia64(input, 0)),
            "arm" => Box::new(BcjReader::new_arm(input, 0)),
            "armt" => Box::new(BcjReader::new_arm_thumb(input, 0)),
            "sparc" => Box::new(BcjReader::new_sparc(input, 0)),
            "arm64" => Box::new(BcjReader::new_arm64(input, 0)),
            "riscv" => Box::new(BcjReader::new_riscv(input, 0)),
            "lzma" => {
                self.remember(u64::from(four(1)?.min(LZMA_MEMORY_KIB_MAX << 10)) >> 10)?;
                Box::new(decode::lzma_raw(BufReader::new(input), properties, size).map_err(|_| too_big())?)
            }
            "lzma2" => {
                let power = u32::from(properties.first().copied().ok_or_else(damaged)?);
                // Half powers of two from 4 KiB on.
                let dictionary =
                    if power > 37 { u64::from(u32::MAX) } else { u64::from(2 | power & 1) << (power / 2 + 11) };
                let dictionary = u32::try_from(dictionary).map_err(|_| too_big())?;
                self.remember(u64::from(dictionary) >> 10)?;
                let reader = Lzma2Reader::new_mem_limit(BufReader::new(input), dictionary, LZMA_MEMORY_KIB_MAX, None);
                Box::new(reader.map_err(|_| too_big())?)
            }
            "ppmd" => {
                let (order, memory) = (u32::from(properties.first().copied().ok_or_else(damaged)?), four(1)?);
                if memory > PPMD_BYTES_MAX {
                    return Err(too_big());
                }
                self.remember(u64::from(memory) >> 10)?;
                let reader = ppmd_rust::Ppmd7Decoder::new(BufReader::new(input), order, memory);
                Box::new(reader.map_err(|_| damaged())?.take(size))
            }
            "deflate" => Box::new(flate2::read::DeflateDecoder::new(input)),
            "deflate64" => Box::new(deflate64::Deflate64Decoder::new(input)),
            "bzip2" => Box::new(bzip2::read::MultiBzDecoder::new(input)),
            "lz4" => Box::new(lz4_flex::frame::FrameDecoder::new(input)),
            "zstd" => {
                let mut decoder = zstd::stream::read::Decoder::new(input).map_err(|_| damaged())?;
                decoder.window_log_max(27).map_err(|_| damaged())?;
                Box::new(decoder)
            }
            "aes" => Box::new(self.decrypted(input, properties)?),
            method => return Err(Stop::Failed(crate::unpack::unknown_method(method))),
        })
    }

    fn decrypted(&mut self, input: Source<'a>, properties: &[u8]) -> Result<Decrypted<'a>, Stop> {
        let Some(password) = self.password else { return Err(Stop::Failed(crate::unpack::encrypted())) };
        let first = properties.first().copied().ok_or_else(damaged)?;
        let second = properties.get(1).copied().unwrap_or(0);
        let lengths = |bit: u8, nibble: u8| usize::from(first >> bit & 1) + usize::from(nibble);
        let salt = lengths(7, second >> 4);
        let vector_bytes = lengths(6, second & 15);
        let salt_bytes = properties.get(2..2 + salt).ok_or_else(damaged)?;
        let vector = properties.get(2 + salt..2 + salt + vector_bytes).ok_or_else(damaged)?;
        let power = first & 0x3f;
        if power > ROUNDS_POWER_MAX {
            return Err(Stop::Failed(crate::unpack::unknown_method("aes-rounds")));
        }
        self.budget.step((STEPS_PER_ROUNDS << power) / 1000 + 1).map_err(Stop::Limited)?;
        let key = derive(password, salt_bytes, power);
        let mut block = [0; 16];
        block.iter_mut().zip(vector).for_each(|(to, from)| *to = *from);
        let cipher = aes::Aes256::new_from_slice(&key).map_err(|_| damaged())?;
        Ok(Decrypted { input, cipher, block, ready: Vec::new(), given: 0 })
    }
}

fn damaged() -> Stop {
    Stop::Failed(crate::unpack::damaged())
}

fn too_big() -> Stop {
    Stop::Failed(crate::unpack::unknown_method("memory"))
}

/// The key: a hash over salt, password and counter, as often as two to a power.
fn derive(password: &str, salt: &[u8], power: u8) -> [u8; 32] {
    let password: Vec<u8> = password.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut hash = Sha256::new();
    for round in 0..1_u64 << power {
        hash.update(salt);
        hash.update(&password);
        hash.update(round.to_le_bytes());
    }
    hash.finalize().into()
}

/// AES-256 with chained blocks.
struct Decrypted<'a> {
    input: Source<'a>,
    cipher: aes::Aes256,
    block: [u8; 16],
    ready: Vec<u8>,
    given: usize,
}

impl Read for Decrypted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.ready.len() {
            self.ready.clear();
            self.given = 0;
            self.input.by_ref().take(1 << 14).read_to_end(&mut self.ready)?;
            let whole = self.ready.len() / 16 * 16;
            self.ready.truncate(whole);
            for chunk in self.ready.chunks_exact_mut(16) {
                let mut packed = [0; 16];
                packed.copy_from_slice(chunk);
                let mut block = packed.into();
                self.cipher.decrypt_block(&mut block);
                chunk
                    .iter_mut()
                    .zip(block.iter().zip(self.block))
                    .for_each(|(to, (plain, before))| *to = plain ^ before);
                self.block = packed;
            }
        }
        let rest = &self.ready[self.given..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.given += count;
        Ok(count)
    }
}
