//! Text in messages of Windows.

/// UTF-16 in little endian; a half of a pair that stands alone becomes a replacement character.
pub fn utf16(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).map(|pair| match pair {
        [low, high] => u16::from_le_bytes([*low, *high]),
        _ => 0,
    });
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// UTF-16 up to its first zero: the text and how many bytes it took.
pub fn utf16_terminated(bytes: &[u8]) -> (String, usize) {
    let end = bytes.chunks_exact(2).position(|pair| pair == [0, 0]);
    match end {
        Some(end) => (utf16(bytes.get(..end * 2).unwrap_or_default()), end * 2 + 2),
        None => (utf16(bytes), bytes.len()),
    }
}

/// Text of one byte a character up to its first zero: the text and how many bytes it took.
pub fn oem_terminated(bytes: &[u8]) -> (String, usize) {
    let end = memchr::memchr(0, bytes);
    let text = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
    (String::from_utf8_lossy(text).into_owned(), end.map_or(bytes.len(), |end| end + 1))
}
