#![no_main]
//! A whole capture: its format, packets, fragments, streams, rooms, records; and a filter, in the line before it.

use sensor::output::Eve;
use sensor::{Options, Worker};
use std::io;
use wire::capture::{Reader, Step};
use wire::filter::{compile, parse};
use wire::packet::{Layer, Rules, decode};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(0);
    let (line, capture) = input.split_at(end);
    let filter = std::str::from_utf8(line).ok().and_then(|line| parse(line).ok().flatten());
    if let Some(filter) = &filter {
        let _ = compile(filter);
    }
    let options = Options { sha256: true, all_hashes: true, sessions: true, arp: true, ..Options::default() };
    let mut worker = Worker::new(options, vec![Box::new(Eve::new(io::sink()))]);
    let (mut reader, mut rest, mut number) = (Reader::default(), capture.get(1..).unwrap_or_default(), 0);
    loop {
        match reader.step(rest) {
            Step::Frame { used, frame } => {
                number += 1;
                worker.frame(&frame, number);
                if let Some(filter) = &filter {
                    decode(frame.link, frame.data, frame.wire_length, Rules::default(), &mut |layer| {
                        if let Layer::Packet(packet) = layer {
                            let _ = filter.wants(&packet);
                        }
                    });
                }
                rest = &rest[used..];
            }
            Step::Skip { used } if used > 0 => rest = rest.get(used..).unwrap_or_default(),
            _ => break,
        }
    }
    let _ = worker.finish();
});
