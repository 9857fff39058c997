#![no_main]
//! What the kernel and its records say to the agent: messages of processes, regions of memory, tables of sockets and modules,
//! tables of the network, records of logons, arguments of interpreters. The first byte tells which.

use endpoint::interpreters::{Interpreter, given};
use endpoint::isolation;
use endpoint::kernel::notice::{Gaps, notice};
use endpoint::memory::maps::regions;
use endpoint::telemetry::event::Protocol;
use endpoint::telemetry::sources::{connections, logons, modules};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Some((first, rest)) = input.split_first() else { return };
    match first {
        0 => {
            let mut gaps = Gaps::default();
            rest.chunks(80).filter_map(notice).for_each(|notice| drop(gaps.before(&notice)));
        }
        1 => regions(rest).for_each(|region| {
            region.bytes();
            region.path();
        }),
        2 => connections::rows(Protocol::Tcp, rest).for_each(drop),
        3 => {
            let (before, after) = rest.split_at(rest.len() / 2);
            modules::changes(&modules::modules(before), &modules::modules(after));
        }
        4 => drop(logons::record(rest)),
        5 => drop(isolation::read_all(rest)),
        _ => {
            let arguments: Vec<Vec<u8>> = rest.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect();
            given(Interpreter::Shell, &arguments);
            given(Interpreter::Other, &arguments);
        }
    }
});
