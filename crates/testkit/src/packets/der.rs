//! As much of DER and BER as messages of Kerberos and of RDP's opening take.

pub fn element(tag: &[u8], value: &[u8]) -> Vec<u8> {
    let length = match value.len() {
        short @ 0..=127 => vec![short as u8],
        long @ 128..=255 => vec![0x81, long as u8],
        long => [&[0x82][..], &(long as u16).to_be_bytes()].concat(),
    };
    [tag, &length, value].concat()
}

pub fn context(number: u8, value: &[u8]) -> Vec<u8> {
    element(&[0xa0 | number], value)
}

pub fn sequence(members: &[Vec<u8>]) -> Vec<u8> {
    element(&[0x30], &members.concat())
}

pub fn integer(value: u32) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    let skip = bytes.iter().take_while(|byte| **byte == 0).count().min(3);
    let rest = &bytes[skip..];
    // A number is negative when its first bit is set.
    let rest = if rest[0] & 0x80 != 0 { [&[0], rest].concat() } else { rest.to_vec() };
    element(&[2], &rest)
}

pub fn octets(value: &[u8]) -> Vec<u8> {
    element(&[4], value)
}
