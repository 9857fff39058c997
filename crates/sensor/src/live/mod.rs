//! Frames from a network card: one ring of the kernel for each worker, conversations spread over them by the kernel.

mod evidence;
#[expect(unsafe_code, reason = "talks to the kernel over shared memory")]
mod ring;

pub use evidence::Evidence;
pub use ring::KernelCounts;

use crate::output::Output;
use crate::{Counts, LiveIndicators, Options, Sighting, Worker, findings};
use evidence::Recent;
use model::Finding;
use ring::Ring;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use wire::filter::Instruction;

/// How long a worker waits for frames before it looks whether it is to stop.
const WAIT_MS: i32 = 100;
/// Between two times that outputs are told what was found meanwhile.
const BEAT: Duration = Duration::from_secs(2);

/// What is captured, and how.
#[derive(Debug, Clone)]
pub struct Live {
    pub interface: String,
    pub options: Options,
    pub workers: usize,
    /// Memory of each worker's ring.
    pub ring_bytes: usize,
    pub promiscuous: bool,
    /// Compiled classic BPF; everything when empty.
    pub filter: Vec<Instruction>,
    /// Indicators that are looked for; the set can be replaced meanwhile.
    pub indicators: Option<Arc<LiveIndicators>>,
    /// Where frames go that show what was found.
    pub evidence: Option<Arc<Evidence>>,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no network interface `{0}`")]
    NoInterface(String),
    #[error("cannot capture on `{interface}`: {step}")]
    Capture { interface: String, step: &'static str, source: io::Error },
    #[error("a worker of the sensor failed")]
    Worker,
    #[error("cannot write records")]
    Write(#[source] io::Error),
}

/// Counters that can be looked at while the capture runs.
#[derive(Debug, Default)]
pub struct Gauge {
    pub frames: AtomicU64,
    pub bytes: AtomicU64,
    /// Conversations, and those of them that were given up to make room.
    pub flows: AtomicU64,
    pub evicted: AtomicU64,
    /// Frames that are not as they should be.
    pub odd: AtomicU64,
    /// Findings that did not fit.
    pub shed: AtomicU64,
    /// Frames the kernel had no room for: the workers were too slow.
    pub dropped: AtomicU64,
    /// Times the kernel's ring was full and stood still.
    pub freezes: AtomicU64,
}

/// What a capture came to.
#[derive(Debug, Default)]
pub struct Summary {
    pub counts: Counts,
    pub kernel: KernelCounts,
    pub findings: Vec<Finding>,
    pub sightings: Vec<Sighting>,
}

/// Captures until `stop` is set. `outputs` makes the outputs of each worker; `ready` is called once all rings are open.
pub fn capture(
    live: &Live,
    outputs: &(dyn Fn(usize) -> Vec<Box<dyn Output>> + Sync),
    gauge: &Gauge,
    stop: &AtomicBool,
    ready: impl FnOnce(),
) -> Result<Summary, Error> {
    let workers = live.workers.max(1);
    // All rings are open before any is read: a frame that comes between would go to a ring nobody looks at.
    let rings: Vec<Ring> = (0..workers).map(|_| Ring::open(live)).collect::<Result<_, _>>()?;
    ready();
    let parts: Vec<Result<Summary, Error>> = std::thread::scope(|scope| {
        if let Some(evidence) = live.evidence.as_deref() {
            scope.spawn(|| evidence.write_until_closed());
        }
        let running: Vec<_> = rings
            .into_iter()
            .enumerate()
            .map(|(number, ring)| scope.spawn(move || work(live, ring, outputs(number), gauge, stop)))
            .collect();
        let parts = running.into_iter().map(|worker| worker.join().unwrap_or(Err(Error::Worker))).collect();
        // The file is whole before the capture is told to be over.
        if let Some(evidence) = live.evidence.as_deref() {
            evidence.close();
        }
        parts
    });
    let mut summary = Summary::default();
    for part in parts {
        summary.add(part?);
    }
    // The card deals conversations: those of two hosts may be spread over several workers.
    summary.findings = findings::merged(std::mem::take(&mut summary.findings));
    Ok(summary)
}

fn work(
    live: &Live,
    mut ring: Ring,
    outputs: Vec<Box<dyn Output>>,
    gauge: &Gauge,
    stop: &AtomicBool,
) -> Result<Summary, Error> {
    const STATISTICS_EVERY: Duration = Duration::from_secs(1);
    let mut recent = live.evidence.clone().map(Recent::new);
    let mut outputs = outputs;
    outputs.extend(recent.as_ref().map(Recent::output));
    let mut worker = Worker::new(live.options, outputs).watch_for(live.indicators.clone());
    let (mut number, mut known) = (0, Known::default());
    let (mut looked, mut beaten) = (Instant::now(), Instant::now());
    let failed = |step| {
        let interface = live.interface.clone();
        move |source| Error::Capture { interface, step, source }
    };
    while !stop.load(Ordering::Relaxed) {
        let (mut frames, mut bytes) = (0, 0);
        ring.next_block(WAIT_MS, &mut |frame| {
            number += 1;
            frames += 1;
            bytes += u64::from(frame.wire_length);
            worker.frame(frame, number);
            if let Some(recent) = &mut recent {
                recent.frame(frame);
            }
        })
        .map_err(failed("reading the ring"))?;
        gauge.frames.fetch_add(frames, Ordering::Relaxed);
        gauge.bytes.fetch_add(bytes, Ordering::Relaxed);
        if looked.elapsed() >= STATISTICS_EVERY {
            looked = Instant::now();
            gauge_kernel(&mut ring, gauge).map_err(failed("reading the statistics"))?;
            worker.tick(now_ns());
            known.gauge(&worker, gauge);
            if let Some(recent) = &mut recent {
                recent.settle();
            }
        }
        if beaten.elapsed() >= BEAT {
            beaten = Instant::now();
            worker.beat();
        }
    }
    gauge_kernel(&mut ring, gauge).map_err(failed("reading the statistics"))?;
    worker.finish().map_err(Error::Write)?;
    if let Some(recent) = &mut recent {
        recent.settle();
    }
    known.gauge(&worker, gauge);
    let findings = worker.findings().all().cloned().collect();
    let sightings = worker.sightings().cloned().collect();
    Ok(Summary { counts: worker.counts, kernel: ring.counts, findings, sightings })
}

/// What a worker's counters were when they were last added to the gauge.
#[derive(Default)]
struct Known {
    flows: u64,
    evicted: u64,
    odd: u64,
    shed: u64,
}

impl Known {
    fn gauge(&mut self, worker: &Worker, gauge: &Gauge) {
        let Counts { flows, evicted, odd, .. } = &worker.counts;
        let now = [*flows, *evicted, odd.values().sum(), worker.shed()];
        let before = [&mut self.flows, &mut self.evicted, &mut self.odd, &mut self.shed];
        let all = [&gauge.flows, &gauge.evicted, &gauge.odd, &gauge.shed];
        for ((now, before), all) in now.into_iter().zip(before).zip(all) {
            all.fetch_add(now.saturating_sub(std::mem::replace(before, now)), Ordering::Relaxed);
        }
    }
}

fn now_ns() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

fn gauge_kernel(ring: &mut Ring, gauge: &Gauge) -> io::Result<()> {
    let new = ring.statistics()?;
    gauge.dropped.fetch_add(new.dropped, Ordering::Relaxed);
    gauge.freezes.fetch_add(new.freezes, Ordering::Relaxed);
    Ok(())
}

impl Summary {
    fn add(&mut self, part: Summary) {
        self.counts.add(&part.counts);
        self.kernel.received += part.kernel.received;
        self.kernel.dropped += part.kernel.dropped;
        self.kernel.freezes += part.kernel.freezes;
        self.findings.extend(part.findings);
        self.sightings.extend(part.sightings);
    }
}
