//! A letter for each piece, of a hash (FNV) of its bytes. Each byte waits for the one before it, so that several pieces at
//! a time take little longer than one.

const PRIME: u32 = 0x0193;
const START: u32 = 0x1967;
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Bytes of each piece that are taken at a time.
const BLOCK_BYTES: usize = 16;

/// A piece of which some bytes are in the hash.
struct Piece<'b> {
    number: usize,
    hash: u32,
    rest: &'b [u8],
}

/// The letters of some pieces, in their order.
pub fn of(pieces: &[&[u8]]) -> Vec<u8> {
    let mut letters = vec![0; pieces.len()];
    let begun = pieces.iter().enumerate().map(|(number, rest)| Piece { number, hash: START, rest });
    let mut pieces: Vec<_> = begun.collect();
    // The longest last, which is where is taken from: nobody shall wait for them alone in the end.
    pieces.sort_by_key(|piece| piece.rest.len());
    hash::<8>(&mut pieces, &mut letters);
    hash::<4>(&mut pieces, &mut letters);
    hash::<2>(&mut pieces, &mut letters);
    hash::<1>(&mut pieces, &mut letters);
    letters
}

/// Hashes the last so many pieces at a time, while there are so many.
fn hash<'b, const COUNT: usize>(pieces: &mut Vec<Piece<'b>>, letters: &mut [u8]) {
    while let Some(last) = pieces.last_chunk_mut::<COUNT>() {
        let shared = last.iter().map(|piece| piece.rest.len()).min().unwrap_or(0);
        let mut hashes = [START; COUNT];
        let mut bytes: [&[u8]; COUNT] = [&[]; COUNT];
        for ((piece, hash), bytes) in last.iter_mut().zip(&mut hashes).zip(&mut bytes) {
            *hash = piece.hash;
            (*bytes, piece.rest) = piece.rest.split_at(shared);
        }
        mix(&mut hashes, bytes, shared);
        last.iter_mut().zip(hashes).for_each(|(piece, hash)| piece.hash = hash);
        let first = pieces.len() - COUNT;
        for piece in pieces.extract_if(first.., |piece| piece.rest.is_empty()) {
            letters[piece.number] = ALPHABET[(piece.hash % 64) as usize];
        }
    }
}

/// Mixes so many bytes of each piece into its hash.
fn mix<const COUNT: usize>(hashes: &mut [u32; COUNT], bytes: [&[u8]; COUNT], length: usize) {
    let mut mixed = *hashes;
    let mut step = |bytes: [u8; COUNT]| {
        mixed.iter_mut().zip(bytes).for_each(|(hash, byte)| *hash = hash.wrapping_mul(PRIME) ^ u32::from(byte));
    };
    let blocks = bytes.map(|bytes| bytes.as_chunks::<BLOCK_BYTES>().0);
    for at in 0..length / BLOCK_BYTES {
        let block = blocks.map(|blocks| blocks.get(at).copied().unwrap_or_default());
        (0..BLOCK_BYTES).for_each(|place| step(block.map(|bytes| bytes[place])));
    }
    for at in length - length % BLOCK_BYTES..length {
        step(bytes.map(|bytes| bytes.get(at).copied().unwrap_or(0)));
    }
    *hashes = mixed;
}
