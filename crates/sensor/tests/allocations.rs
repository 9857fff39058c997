//! On the way of a packet of a conversation that goes on, nothing is allocated.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(unsafe_code, reason = "an allocator that counts")]

use sensor::output::{Eve, Output};
use sensor::{Options, Worker};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use wire::capture::{Frame, LinkType};

thread_local! {
    static ALLOCATED: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call goes on to the system's allocator with the layout it came with, and what that gives is given on. Counting
// touches no memory of the caller and allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATED.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller promises a layout of a size above nought.
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let _ = ALLOCATED.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller promises memory of this allocator with this layout, which is the system's.
        unsafe { System.realloc(memory, layout, size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as above; the memory is not used again.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const CLIENT: ([u8; 4], u16) = ([10, 0, 0, 1], 40_000);
const SERVER: ([u8; 4], u16) = ([10, 0, 0, 2], 80);

/// An Ethernet frame with a TCP segment.
fn segment(
    from: ([u8; 4], u16),
    to: ([u8; 4], u16),
    sequence: u32,
    acknowledged: u32,
    flags: u8,
    data: &[u8],
) -> Vec<u8> {
    let mut frame = vec![0; 12];
    frame.extend([8, 0, 0x45, 0]);
    frame.extend((40 + data.len() as u16).to_be_bytes());
    frame.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
    frame.extend(from.0);
    frame.extend(to.0);
    frame.extend(from.1.to_be_bytes());
    frame.extend(to.1.to_be_bytes());
    frame.extend(sequence.to_be_bytes());
    frame.extend(acknowledged.to_be_bytes());
    frame.extend([0x50, flags, 0x20, 0, 0, 0, 0, 0]);
    frame.extend(data);
    frame
}

/// Feeds frames and says how often memory was allocated for all of them.
fn allocated(worker: &mut Worker, frames: &[Vec<u8>], first: u64) -> u64 {
    let before = ALLOCATED.get();
    for (number, data) in (first..).zip(frames) {
        let time_ns = 1_500_000_000_000_000_000 + number as i64 * 1_000_000;
        worker.frame(&Frame { time_ns, link: LinkType::ETHERNET, wire_length: data.len() as u32, data }, number);
    }
    ALLOCATED.get() - before
}

fn worker() -> Worker {
    Worker::new(Options::default(), vec![Box::new(Eve::new(std::io::sink())) as Box<dyn Output>])
}

#[test]
fn a_download_that_goes_on_allocates_nothing() {
    const SYN: u8 = 0x02;
    const ACK: u8 = 0x10;
    let body = [0x41; 1400];
    let head = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 100000000\r\n\r\n";
    let opening = vec![
        segment(CLIENT, SERVER, 0, 0, SYN, b""),
        segment(SERVER, CLIENT, 0, 1, SYN | ACK, b""),
        segment(CLIENT, SERVER, 1, 1, ACK, b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n"),
        segment(SERVER, CLIENT, 1, 28, ACK, head),
    ];
    let sequence = |number: usize| (1 + head.len() + number * body.len()) as u32;
    let downloads = |from: usize, to: usize| -> Vec<Vec<u8>> {
        let pair = |number| {
            let data = segment(SERVER, CLIENT, sequence(number), 28, ACK, &body);
            [data, segment(CLIENT, SERVER, 28, sequence(number + 1), ACK, b"")]
        };
        (from..to).flat_map(pair).collect()
    };
    let mut worker = worker();
    allocated(&mut worker, &opening, 1);
    allocated(&mut worker, &downloads(0, 200), 5);
    let frames = downloads(200, 4200);
    let count = allocated(&mut worker, &frames, 405);
    assert_eq!(count, 0, "of {} frames", frames.len());
}

#[test]
fn a_conversation_nobody_knows_allocates_nothing() {
    const ACK: u8 = 0x10;
    let noise = |from: u32, to: u32| -> Vec<Vec<u8>> {
        let data = |number: u32| [number.wrapping_mul(0x9e37_79b9) as u8 | 0x80; 700];
        (from..to).map(|number| segment(CLIENT, SERVER, number * 700, 1, ACK, &data(number))).collect()
    };
    let mut worker = worker();
    allocated(&mut worker, &noise(0, 500), 1);
    let frames = noise(500, 4500);
    assert_eq!(allocated(&mut worker, &frames, 501), 0, "of {} frames", frames.len());
}
