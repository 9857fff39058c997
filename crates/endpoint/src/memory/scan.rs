//! Goes over the memory of all processes, a bounded piece at a time, and goes on where it was.

use super::facts::{Code, Finding, Parent, ProcessFacts, RegionFacts};
use super::judge::judge;
use super::look::Memory;
use super::maps::{Origin, Region};
use crate::kernel::processes;
use crate::telemetry::event::Publisher;
use crate::telemetry::facts::{Calendar, bounded, look};
use crate::telemetry::publisher::{Publishers, Vouch};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

/// What a pass may cost.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// Of memory, tables and files that are read. The process at hand is finished, and a file is read whole: once, for
    /// as long as it is the same.
    pub bytes: u64,
    pub time: Duration,
}

impl Default for Budget {
    fn default() -> Budget {
        Budget { bytes: 64 << 20, time: Duration::from_millis(250) }
    }
}

/// What a pass came to.
#[derive(Debug, Default)]
pub struct Pass {
    pub processes: u64,
    pub regions: u64,
    pub bytes: u64,
    /// Findings, the new ones only.
    pub findings: Vec<Finding>,
    /// Processes that could not be looked at and are still there.
    pub unread: Vec<i32>,
    /// Processes with more regions, or more written pages, than are looked at.
    pub cut: Vec<i32>,
    /// All processes were looked at since the last time this was said.
    pub complete: bool,
}

#[derive(Debug)]
pub struct Scanner {
    publishers: Publishers,
    left: VecDeque<i32>,
    /// What was told of processes that are there.
    told: BTreeMap<(i32, u64), BTreeSet<(u64, u32)>>,
}

const ANCESTORS_MAX: usize = 8;
const STATUS_BYTES_MAX: u64 = 16 << 10;
/// Files that are larger are not read to find out whose they are; all of one is read at once.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// Programs and libraries that make code while they run, by the beginning of their file's name.
const MAKERS: &[&str] = &[
    "java",
    "libjvm.so",
    "node",
    "libnode.so",
    "chrome",
    "chromium",
    "firefox",
    "libxul.so",
    "libmozjs",
    "libv8",
    "libjavascriptcoregtk",
    "mono",
    "libmonosgen",
    "dotnet",
    "libcoreclr.so",
    "libclrjit.so",
    "luajit",
    "libluajit",
    "qemu-",
    "libpcre2-",
    "libpcre.so",
    "libffi.so",
    "libLLVM",
    "libgccjit.so",
    "php",
    "ruby",
    "libruby",
    "beam.smp",
    "deno",
    "wine",
    "gjs",
    "libQt5Qml",
    "libQt6Qml",
    "postgres",
    "liborc-",
    "guile",
    "libguile",
];

impl Scanner {
    pub fn new(publishers: Publishers) -> Scanner {
        Scanner { publishers, left: VecDeque::new(), told: BTreeMap::new() }
    }

    /// Looks at as many processes as the budget allows.
    ///
    /// # Errors
    /// When processes cannot be listed.
    pub fn pass(&mut self, budget: Budget) -> io::Result<Pass> {
        let begin = Instant::now();
        let calendar = Calendar::now();
        if self.left.is_empty() {
            self.left = processes::all()?.into();
        }
        let mut pass = Pass::default();
        while pass.bytes < budget.bytes && begin.elapsed() < budget.time {
            let Some(number) = self.left.pop_front() else { break };
            if self.process(number, &calendar, &mut pass).is_err() && processes::stat(number).is_ok() {
                pass.unread.push(number);
            }
        }
        pass.complete = self.left.is_empty();
        if pass.complete {
            self.forget()?;
        }
        Ok(pass)
    }

    /// Looks at one process, and tells all there is of it.
    ///
    /// # Errors
    /// When it is gone, or may not be looked at.
    pub fn one(&mut self, number: i32) -> io::Result<Vec<Finding>> {
        self.told.retain(|(known, _), _| *known != number);
        let mut pass = Pass::default();
        self.process(number, &Calendar::now(), &mut pass)?;
        Ok(pass.findings)
    }

    /// What was told of processes that are gone.
    fn forget(&mut self) -> io::Result<()> {
        let there: BTreeSet<_> = processes::all()?.into_iter().collect();
        self.told.retain(|(number, _), _| there.contains(number));
        Ok(())
    }

    fn process(&mut self, number: i32, calendar: &Calendar, pass: &mut Pass) -> io::Result<()> {
        let facts = look(number, calendar)?;
        let Some(program) = &facts.program else { return Ok(()) };
        let mut memory = Memory::open(number)?;
        let (regions, cut) = memory.executable()?;
        let publisher = self.publishers.vouch(number, program).publisher;
        let mut process = ProcessFacts {
            pid: number,
            began: facts.began,
            path: program.path.to_string_lossy().into_owned(),
            publisher,
            tracer: tracer(number),
            ..ProcessFacts::default()
        };
        let calls = memory.calls();
        pass.processes += 1;
        let mut is_cut = cut;
        let mut findings = Vec::new();
        for region in &regions {
            pass.regions += 1;
            let mut about = memory.facts(region, &calls);
            is_cut |= matches!(about.code, Code::Differs(difference) if difference.cut);
            if judge(&process, &about).reasons.is_empty() {
                continue;
            }
            self.whose(&mut memory, &mut about);
            findings.push(about);
        }
        if !findings.is_empty() {
            process.lineage = lineage(facts.parent);
            process.jit = self.maker(&process, &regions, &mut memory);
        }
        // A process that became another while it was looked at is looked at the next time.
        if look(number, calendar)?.program.as_ref() != Some(program) {
            return Ok(());
        }
        if is_cut {
            pass.cut.push(number);
        }
        pass.bytes += memory.bytes;
        let told = self.told.entry((number, facts.began)).or_default();
        for about in findings {
            let finding = judge(&process, &about);
            if told.insert((finding.facts.region.start, finding.points)) {
                pass.findings.push(finding);
            }
        }
        Ok(())
    }

    /// Whose the file behind a region is. Only asked where something else is odd, as it means to read all of it.
    fn whose(&mut self, memory: &mut Memory, about: &mut RegionFacts) {
        if let Origin::File { path } = &about.region.origin {
            about.publisher = self.publisher(memory, &about.region, path);
        }
    }

    fn publisher(&mut self, memory: &mut Memory, region: &Region, path: &str) -> Publisher {
        let Ok(file) = memory.file(region) else { return Publisher::Unread };
        let Some(length) = file.metadata().ok().map(|it| it.len()).filter(|length| *length <= FILE_BYTES_MAX) else {
            return Publisher::Unread;
        };
        memory.bytes += length;
        self.publishers.of_file(Path::new(path), file).map_or(Publisher::Unread, |facts| facts.publisher)
    }

    /// What in a process makes code while it runs, if a package vouches for it.
    fn maker(&mut self, process: &ProcessFacts, regions: &[Region], memory: &mut Memory) -> Option<String> {
        let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        let makes = |name: &str| MAKERS.iter().any(|maker| name.starts_with(maker));
        if makes(&name(&process.path)) && matches!(process.publisher, Publisher::Package { .. }) {
            return Some(name(&process.path));
        }
        for region in regions {
            if let Origin::File { path } = &region.origin
                && makes(&name(path))
                && matches!(self.publisher(memory, region, path), Publisher::Package { .. })
            {
                return Some(name(path));
            }
        }
        None
    }
}

/// The bytes of a region that was found, for whoever scans them where nothing can be harmed: `redoubt-open` with rules of
/// YARA. At most so many; none when the process became another.
///
/// # Errors
/// When it is gone, or may not be looked at.
pub fn content(finding: &Finding, bytes_max: usize) -> io::Result<Vec<u8>> {
    let process = &finding.process;
    let mut memory = Memory::open(process.pid)?;
    // The ticks of the clock are the same however often it is asked; the calendar may be set.
    const SAME_WITHIN: u64 = 1_000_000_000;
    if look(process.pid, &Calendar::now())?.began.abs_diff(process.began) > SAME_WITHIN {
        return Err(io::ErrorKind::NotFound.into());
    }
    Ok(memory.content(&finding.facts.region, bytes_max))
}

fn tracer(number: i32) -> Option<i32> {
    let status = bounded(&format!("/proc/{number}/status"), STATUS_BYTES_MAX).ok()?;
    let status = String::from_utf8_lossy(&status).into_owned();
    let line = status.lines().find_map(|line| line.strip_prefix("TracerPid:"))?;
    line.trim().parse().ok().filter(|tracer| *tracer > 0)
}

fn lineage(parent: i32) -> Vec<Parent> {
    let mut next = parent;
    let above = std::iter::from_fn(|| {
        let pid = next;
        next = processes::stat(pid).ok()?.parent;
        let path = processes::program(pid).map_or(String::new(), |program| program.path.to_string_lossy().into_owned());
        (pid > 0).then_some(Parent { pid, path })
    });
    above.take(ANCESTORS_MAX).collect()
}
