#![no_main]
//! Orders and tables of reputation. A first byte of zero or one means the bytes as they are on the way; with another the rest is
//! signed here, for a signature would keep a fuzzer out of what is behind it.

use policy::orders::{PublicKey, Recipient, Signer, TrustedKeys, open, open_table, readers};
use policy::{EndpointId, GroupId};
use std::sync::LazyLock;

static SIGNER: LazyLock<Signer> = LazyLock::new(|| {
    let document = Signer::generate().expect("random numbers");
    Signer::from_pkcs8(&document).expect("a key that was just made")
});

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let keys = TrustedKeys::new([SIGNER.public()]);
    let us = Recipient { endpoint: EndpointId::new("host-1"), group: GroupId::new("offices") };
    let Some((first, rest)) = input.split_first() else { return };
    match first {
        0 => drop(open(rest, &keys, None, &us, u64::MAX / 2)),
        1 => drop(open_table(rest, &keys, None, u64::MAX / 2)),
        2 => drop(readers::table(rest)),
        3 => drop(std::str::from_utf8(rest).map(str::parse::<PublicKey>)),
        _ => drop(readers::orders(rest, &us, u64::MAX / 2)),
    }
});
