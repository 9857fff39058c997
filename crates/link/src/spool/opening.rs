//! What is found when a spool is opened, and how the newest file goes on.

use super::format::{self, Found, HEADER_BYTES};
use super::state::{State, StateFile};
use super::{Damage, Kept, Notice, Segment, path};
use crate::disk::Disk;
use crate::error::Error;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

/// Finds what is kept, and the newest file to add to.
pub(crate) fn open(folder: &Path, disk: &Disk) -> Result<(Kept, File), Error> {
    found(folder, disk).map_err(Error::disk(folder))
}

fn found(folder: &Path, disk: &Disk) -> io::Result<(Kept, File)> {
    let state_path = folder.join("state");
    let mut segments = segments(folder)?;
    let had_state = state_path.metadata().is_ok_and(|data| data.len() > 0);
    let (state, known) = StateFile::open(&state_path, disk)?;
    let mut notices = Vec::new();
    let aside_bytes = aside_bytes(folder);
    let newest = newest(folder, disk, &mut segments, &mut notices)?;
    let mut kept = Kept { segments, state, next: 0, rotate_due: false, aside_bytes, notices: Vec::new() };
    notices.into_iter().for_each(|notice| kept.notice(notice));
    let mut anew = false;
    match known {
        None if kept.segments.is_empty() && newest.is_none() => {
            if had_state {
                kept.notice(Notice { path: state_path, at: 0, what: Damage::State });
            }
            kept.state.state = State { acknowledged: -1, ..State::default() };
            anew = true;
        }
        None => {
            let first = kept.segments.front().map_or(0, |segment| segment.first);
            kept.notice(Notice { path: state_path, at: 0, what: Damage::State });
            kept.state.state = State { acknowledged: first - 1, ..State::default() };
            let spool = newest.as_ref().and_then(|newest| newest.spool);
            spool.map_or_else(|| anew = true, |spool| kept.state.state.spool = spool);
        }
        // There is always a file, so somebody took it away, and how far it went nobody knows.
        Some(_) if kept.segments.is_empty() => {
            kept.notice(Notice { path: folder.to_owned(), at: 0, what: Damage::Missing });
            anew = true;
        }
        Some(_) => {}
    }
    // What is behind the place may have been acknowledged, and its numbers must not be given again.
    anew |= newest.as_ref().is_some_and(|newest| newest.broken);
    if anew {
        kept.state.state.spool = rand::random();
    }
    let behind = kept.state.state.acknowledged + 1;
    kept.next = newest.as_ref().map_or(behind, |newest| newest.next.max(behind));
    let goes_on = newest.filter(|newest| newest.next == kept.next && !anew).and_then(|newest| newest.file);
    let file = match goes_on {
        Some(file) => file,
        None => begin(&mut kept, folder, disk)?,
    };
    kept.state.keep()?;
    disk.sync_folder(folder)?;
    Ok((kept, file))
}

/// A new file, in the place of one of the same number in which there is nothing.
pub(super) fn begin(kept: &mut Kept, folder: &Path, disk: &Disk) -> io::Result<File> {
    let at = path(folder, kept.next);
    let header = format::header(kept.state.state.spool, kept.next);
    let mut file = disk.create(&at)?;
    disk.write(&mut file, &at, &header)?;
    disk.sync(&file, &at)?;
    disk.sync_folder(folder)?;
    let segment = Segment { first: kept.next, bytes: header.len() as u64 };
    match kept.segments.back_mut() {
        Some(last) if last.first == segment.first => *last = segment,
        _ => kept.segments.push_back(segment),
    }
    Ok(file)
}

fn segments(folder: &Path) -> io::Result<VecDeque<Segment>> {
    let mut segments = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().into_string().unwrap_or_default();
        let first = name.strip_suffix(".spool").and_then(|first| first.parse().ok());
        // Only as they are named here: another spelling of a number would be found under this one.
        let Some(first) = first.filter(|first| *first >= 0 && *first <= crate::batch::SEQUENCE_MAX) else { continue };
        if path(folder, first).file_name() == Some(&entry.file_name()) && entry.file_type()?.is_file() {
            segments.push(Segment { first, bytes: entry.metadata()?.len() });
        }
    }
    segments.sort_by_key(|segment| segment.first);
    Ok(segments.into())
}

fn aside_bytes(folder: &Path) -> u64 {
    let names = std::fs::read_dir(folder.join("aside")).into_iter().flatten();
    names.filter_map(|entry| Some(entry.ok()?.metadata().ok()?.len())).sum()
}

/// The newest file: up to where it is whole.
struct Newest {
    /// Absent when there is nothing in it.
    file: Option<File>,
    spool: Option<u64>,
    next: i64,
    /// Something in it is damaged so that nobody knows how many batches there were.
    broken: bool,
}

fn newest(
    folder: &Path,
    disk: &Disk,
    segments: &mut VecDeque<Segment>,
    notices: &mut Vec<Notice>,
) -> io::Result<Option<Newest>> {
    let Some(&Segment { first, bytes }) = segments.back() else { return Ok(None) };
    let at = path(folder, first);
    if bytes < HEADER_BYTES {
        // A crash while it was begun: nothing was added to it. The numbers before it were all given.
        let spool = spool_of(segments, folder);
        return Ok(Some(Newest { file: None, spool, next: first, broken: false }));
    }
    let mut file = disk.open(&at)?;
    let mut header = Vec::new();
    file.by_ref().take(HEADER_BYTES).read_to_end(&mut header)?;
    let said = format::read_header(&header).filter(|(_, said)| *said == first);
    if said.is_none() {
        notices.push(aside(folder, disk, &at, first, 0, Damage::Header));
    }
    let (mut next, mut whole, mut broken) = (first, HEADER_BYTES, false);
    let mut reader = BufReader::new(&file);
    loop {
        match format::next(&mut reader)? {
            Found::Record { sequence, bytes, batch } if sequence == next => {
                next += 1;
                whole += bytes;
                // It may be the end, of which nobody was told that it lasts: then its number is passed over and told.
                if batch.is_none() {
                    notices.push(aside(folder, disk, &at, first, whole - bytes, Damage::Batch));
                }
                continue;
            }
            Found::End => break,
            Found::Torn => notices.push(Notice { path: at.clone(), at: whole, what: Damage::TornEnd }),
            Found::Broken | Found::Record { .. } => {
                notices.push(aside(folder, disk, &at, first, whole, Damage::Batch));
                broken = true;
            }
        }
        break;
    }
    if whole < bytes {
        disk.cut(&file, &at, whole)?;
    }
    file.seek(SeekFrom::Start(whole))?;
    if let Some(segment) = segments.back_mut() {
        segment.bytes = whole;
    }
    let spool = said.map(|(spool, _)| spool).or_else(|| spool_of(segments, folder));
    Ok(Some(Newest { file: Some(file).filter(|_| said.is_some()), spool, next, broken }))
}

/// The spool that the newest file with a sound header tells.
fn spool_of(segments: &VecDeque<Segment>, folder: &Path) -> Option<u64> {
    segments.iter().rev().find_map(|segment| {
        let mut header = Vec::new();
        File::open(path(folder, segment.first)).ok()?.take(HEADER_BYTES).read_to_end(&mut header).ok()?;
        Some(format::read_header(&header)?.0)
    })
}

/// Keeps a copy of a damaged file. That there is no room for one must not keep the spool from opening.
fn aside(folder: &Path, disk: &Disk, file: &Path, first: i64, at: u64, what: Damage) -> Notice {
    let aside = folder.join("aside").join(format!("{first:020}-{at}.damaged"));
    if !aside.exists() {
        let _ = std::fs::read(file).and_then(|bytes| disk.put(&aside, &bytes));
    }
    let path = if aside.exists() { aside } else { file.to_owned() };
    Notice { path, at, what }
}
