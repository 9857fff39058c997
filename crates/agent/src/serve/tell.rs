//! What happened, as a server is told it.

use super::essentials::Essentials;
use endpoint::behaviour::alarm::{Alarm, Level};
use endpoint::damage::Tripped;
use endpoint::execution::Ruled;
use endpoint::guard::Culprit;
use endpoint::memory::facts::Finding;
use endpoint::memory::maps::Origin as Behind;
use endpoint::packages::{Databases, Packages};
use endpoint::sums;
use endpoint::telemetry::event::{Ancestor, Process, Publisher, Running};
use endpoint::undo;
use policy::telling::{
    self, FileUndone, InMemory, MemoryOrigin, MemoryReason, Program, Ran, Restored, Stopped, TEXT_BYTES_MAX, Undone,
};
use policy::{Digest, Origin};
use std::fs::File;
use std::path::{Path, PathBuf};

/// Of a list, and of all of it together as JSON: a line has room for it.
const LIST_MAX: usize = 1000;
const LIST_BYTES_MAX: usize = 160 << 10;
/// Of one text in what is told of many programs at once.
const SHORT_BYTES_MAX: usize = 1024;
/// Larger programs are told without their sum.
const PROGRAM_BYTES_MAX: u64 = 1 << 30;

pub fn ran(ruled: Ruled, essentials: &Essentials) -> Ran {
    let Ruled { subject, verdict, outcome, program, user, bytes, count, .. } = ruled;
    Ran {
        kind: subject.kind,
        essential: essentials.has(&subject.path),
        path: cut(subject.path, TEXT_BYTES_MAX),
        sha256: subject.sha256,
        origin: subject.origin,
        writer: subject.writer,
        parent: program.map(|path| shown(&path, TEXT_BYTES_MAX)),
        user,
        bytes: Some(bytes),
        outcome,
        verdict,
        count,
    }
}

pub fn stopped(
    incident: String,
    program: Option<PathBuf>,
    culprit: Option<Box<Culprit>>,
    processes: usize,
    why: Tripped,
    databases: &Databases,
) -> Stopped {
    let (image, arguments, ancestors) = match culprit {
        Some(culprit) => (culprit.image, culprit.arguments, culprit.ancestors),
        None => (None, Vec::new(), Vec::new()),
    };
    let line: Vec<_> = arguments.iter().map(|argument| String::from_utf8_lossy(argument)).collect();
    let program = program.map(|path| {
        let (sha256, origin) = image.map_or((None, None), |image| content(image, &path, databases));
        let command_line = (!line.is_empty()).then(|| cut(line.join(" "), TEXT_BYTES_MAX));
        Program { path: shown(&path, TEXT_BYTES_MAX), sha256, origin, command_line }
    });
    let ancestor =
        |path: PathBuf| Program { path: shown(&path, SHORT_BYTES_MAX), sha256: None, origin: None, command_line: None };
    Stopped {
        incident,
        program,
        ancestors: ancestors.into_iter().map(ancestor).collect(),
        processes: count(processes),
        touched: count(why.files),
        points: why.points,
        reasons: why.reasons,
    }
}

/// The sum of a program, and who vouches for it.
fn content(image: File, path: &Path, databases: &Databases) -> (Option<Digest>, Option<Origin>) {
    let packages = Packages::read(databases);
    let packaged = packages.of(path);
    let Ok(Some((sums, _))) = sums::of(image, packaged.is_some_and(|packaged| packaged.asks_md5()), PROGRAM_BYTES_MAX)
    else {
        return (None, None);
    };
    let origin = match packaged {
        Some(packaged) if packaged.is(&sums) == Some(true) => Origin::Package { name: packaged.package.to_owned() },
        Some(packaged) => Origin::ChangedPackage { name: packaged.package.to_owned() },
        None => Origin::Nobody,
    };
    (Some(sums.sha256), Some(origin))
}

pub fn restored(incident: String, of: &undo::Restored) -> Restored {
    let file = |how: Undone, path: &Path, why: Option<&String>| FileUndone {
        path: shown(path, TEXT_BYTES_MAX),
        how,
        why: why.map(|why| cut(why.clone(), SHORT_BYTES_MAX)),
    };
    // What went wrong first: lists may be cut.
    let failed = of.failed.iter().map(|(path, why)| file(Undone::Failed, path, Some(why)));
    let beside = of.beside.iter().map(|path| file(Undone::Beside, path, None));
    let restored = of.restored.iter().map(|path| file(Undone::Restored, path, None));
    let evidence = of.evidence.iter().map(|path| file(Undone::Evidence, path, None));
    let mut room = LIST_BYTES_MAX;
    let fits = |file: &FileUndone| {
        let bytes = serde_json::to_vec(file).map_or(usize::MAX, |bytes| bytes.len() + 1);
        room.checked_sub(bytes).inspect(|left| room = *left).is_some()
    };
    let files = failed.chain(beside).chain(restored).chain(evidence).take(LIST_MAX).take_while(fits).collect();
    Restored {
        incident,
        restored: count(of.restored.len()),
        beside: count(of.beside.len()),
        evidence: count(of.evidence.len()),
        failed: count(of.failed.len()),
        files,
    }
}

pub fn alarm(alarm: Alarm) -> telling::Alarm {
    let process = alarm.process.as_ref();
    telling::Alarm {
        rule: cut(alarm.rule, SHORT_BYTES_MAX),
        message: alarm.message,
        level: match alarm.level {
            Level::Informational => telling::Level::Informational,
            Level::Low => telling::Level::Low,
            Level::Medium => telling::Level::Medium,
            Level::High => telling::Level::High,
            Level::Critical => telling::Level::Critical,
        },
        tags: alarm.tags,
        program: process.and_then(Process::running).map(running),
        ancestors: process.map(|process| process.ancestors.iter().map(ancestor).collect()).unwrap_or_default(),
    }
}

pub fn in_memory(finding: Finding) -> InMemory {
    let place = crate::memory::place(&finding);
    let Finding { process, facts, points, reasons } = finding;
    let program =
        |path: String, origin| Program { path: cut(path, SHORT_BYTES_MAX), sha256: None, origin, command_line: None };
    let region = facts.region;
    let bytes = region.bytes();
    let (origin, path) = match region.origin {
        Behind::Anonymous => (MemoryOrigin::Anonymous, None),
        Behind::Heap => (MemoryOrigin::Heap, None),
        Behind::Stack => (MemoryOrigin::Stack, None),
        Behind::Memfd { name } => (MemoryOrigin::Memfd, Some(name)),
        Behind::Deleted { path } => (MemoryOrigin::Deleted, Some(path)),
        Behind::File { path } => (MemoryOrigin::File, Some(path)),
        Behind::Kernel => (MemoryOrigin::Kernel, None),
    };
    InMemory {
        program: program(process.path, origin_of(&process.publisher)),
        ancestors: process.lineage.into_iter().map(|parent| program(parent.path, None)).collect(),
        process: process.pid.unsigned_abs(),
        origin,
        path: path.map(|path| cut(path, TEXT_BYTES_MAX)),
        place,
        bytes,
        write: region.write,
        points,
        reasons: reasons
            .into_iter()
            .map(|reason| MemoryReason { points: reason.points, message: reason.message })
            .collect(),
    }
}

fn origin_of(publisher: &Publisher) -> Option<Origin> {
    match publisher {
        Publisher::Package { name } => Some(Origin::Package { name: name.to_string() }),
        Publisher::Altered { name } => Some(Origin::ChangedPackage { name: name.to_string() }),
        Publisher::Nobody => Some(Origin::Nobody),
        Publisher::Unread => None,
    }
}

pub fn running(of: &Running) -> Program {
    Program {
        path: cut(of.path.to_string(), TEXT_BYTES_MAX),
        sha256: of.file.sha256.as_ref().and_then(|digits| digits.parse().ok()),
        origin: origin_of(&of.file.publisher),
        command_line: Some(cut(of.arguments.join(" "), TEXT_BYTES_MAX)),
    }
}

fn ancestor(of: &Ancestor) -> Program {
    Program {
        path: cut(of.path.to_string(), SHORT_BYTES_MAX),
        sha256: None,
        origin: None,
        command_line: Some(cut(of.line.to_string(), SHORT_BYTES_MAX)),
    }
}

fn shown(path: &Path, bytes_max: usize) -> String {
    cut(path.to_string_lossy().into_owned(), bytes_max)
}

pub fn cut(mut text: String, bytes_max: usize) -> String {
    text.truncate(text.floor_char_boundary(bytes_max));
    text
}

fn count(of: usize) -> u64 {
    u64::try_from(of).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::telling::LINE_BYTES_MAX;

    #[test]
    fn what_was_undone_fits_into_a_line_whatever_files_are_called() {
        let long = |number: usize| PathBuf::from(format!("/{number}/{}", "\u{1}".repeat(3000)));
        let of = undo::Restored {
            restored: (0..5000).map(long).collect(),
            failed: vec![("/x".into(), "no".repeat(100_000))],
            ..undo::Restored::default()
        };
        let told = restored("1-2-3".to_owned(), &of);
        assert_eq!((told.restored, told.failed, told.files[0].how), (5000, 1, Undone::Failed));
        assert!(told.files.len() > 5 && serde_json::to_vec(&told).unwrap().len() < LINE_BYTES_MAX);
    }
}
