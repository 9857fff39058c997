use super::*;
use proptest::prelude::*;

/// Walks over a capture as a source would and gives the frames' times and sizes, or the damage.
fn walk(input: &[u8]) -> Vec<String> {
    let (mut reader, mut at, mut seen) = (Reader::default(), 0usize, Vec::new());
    loop {
        match reader.step(input.get(at..).unwrap_or_default()) {
            Step::Frame { frame, used } => {
                at += used;
                seen.push(format!("{} {:?} {}/{}", frame.time_ns, frame.link.0, frame.data.len(), frame.wire_length));
            }
            Step::Skip { used } => at += used,
            Step::NeedMore(_) => return seen,
            Step::Broken(damage) => {
                seen.push(format!("{damage:?}"));
                return seen;
            }
        }
        if at > input.len() {
            return seen;
        }
    }
}

fn classic(magic: [u8; 4], number: impl Fn(u32) -> [u8; 4]) -> Vec<u8> {
    let mut file = magic.to_vec();
    file.extend([0; 16]);
    file.extend(number(1));
    for value in [1_500_000_000, 7, 4, 60] {
        file.extend(number(value));
    }
    file.extend([1, 2, 3, 4]);
    file
}

#[test]
fn classic_captures_are_read_in_both_orders_and_units() {
    let big = classic([0xa1, 0xb2, 0xc3, 0xd4], u32::to_be_bytes);
    let little = classic([0x4d, 0x3c, 0xb2, 0xa1], u32::to_le_bytes);
    assert_eq!(walk(&big), ["1500000000000007000 1 4/60"]);
    assert_eq!(walk(&little), ["1500000000000000007 1 4/60"]);
}

#[test]
fn a_record_longer_than_any_frame_is_damage() {
    let mut file = classic([0xd4, 0xc3, 0xb2, 0xa1], u32::to_le_bytes);
    file.extend([0; 8]);
    file.extend(u32::MAX.to_le_bytes());
    file.extend([0; 4]);
    assert_eq!(walk(&file), ["1500000000000007000 1 4/60", "RecordTooLong(4294967295)"]);
    assert_eq!(walk(b"MZ is no capture"), ["NotACapture"]);
}

fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let length = (12 + body.len().next_multiple_of(4)) as u32;
    let mut block = [kind.to_le_bytes(), length.to_le_bytes()].concat();
    block.extend(body);
    block.resize(length as usize - 4, 0);
    block.extend(length.to_le_bytes());
    block
}

#[test]
fn pcapng_keeps_each_interface_s_clock() {
    let mut file = block(0x0a0d_0d0a, &[&0x1a2b_3c4du32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8]].concat());
    // Two interfaces: microseconds by default, and 2^-10 seconds with an offset of ten seconds.
    file.extend(block(1, &[1, 0, 0, 0, 0, 0, 4, 0]));
    file.extend(block(
        1,
        &[&[101, 0, 0, 0, 0, 0, 4, 0][..], &[9, 0, 1, 0, 0x8a, 0, 0, 0], &[14, 0, 8, 0, 10, 0, 0, 0, 0, 0, 0, 0]]
            .concat(),
    ));
    let packet = |interface: u32, low: u32| {
        let numbers = [interface, 0, low, 2, 2].map(u32::to_le_bytes).concat();
        block(6, &[&numbers[..], &[9, 9]].concat())
    };
    file.extend(packet(0, 5));
    file.extend(block(5, &[0; 16]));
    file.extend(packet(1, 1024));
    file.extend(packet(2, 1));
    assert_eq!(walk(&file), ["5000 1 2/2", "11000000000 101 2/2", "NoSuchInterface(2)"]);
}

proptest! {
    #[test]
    fn no_input_panics_or_stands_still(tail in proptest::collection::vec(any::<u8>(), 0..200), kind in 0usize..3) {
        let mut file = match kind {
            0 => classic([0xd4, 0xc3, 0xb2, 0xa1], u32::to_le_bytes),
            1 => block(0x0a0d_0d0a, &[&0x1a2b_3c4du32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8]].concat()),
            _ => Vec::new(),
        };
        file.extend(tail);
        walk(&file);
    }
}
