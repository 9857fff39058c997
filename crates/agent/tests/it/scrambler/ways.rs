//! What the stand-ins do to a file, one function a way.

use super::ring::Ring;
use super::told_one;
use super::tools::{by_dd, by_openssl, by_shell};
use crate::noise::Noise;
use crate::raw::{self, Block};
use crate::yard::{Inside, OUTSIDE};
use rustix::fs::{FallocateFlags, OFlags};
use rustix::pipe::SpliceFlags;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

const CHUNK: usize = 1 << 16;
const PART: usize = 4096;
const WORKERS: usize = 8;
/// Names are no longer on any of the file systems.
const NAME_MAX: usize = 255;

macro_rules! ways {
    ($($way:ident),+ $(,)?) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Way { $($way),+ }
        impl Way {
            pub const ALL: [Way; [$(Way::$way),+].len()] = [$(Way::$way),+];
            const NAMES: [&str; Way::ALL.len()] = [$(stringify!($way)),+];
        }
    };
}

ways! {
    InPlace,
    Mapped,
    TruncateRewrite,
    CopyUnlink,
    RenameOver,
    TruncateAppend,
    ReadThenUnlink,
    EverySixteenth,
    FrontTwentieth,
    Workers,
    ForkEach,
    ForkChain,
    Slow,
    Threads,
    ToolOpenssl,
    ToolDd,
    ToolShell,
    InPlaceRename,
    HardLink,
    CutByLink,
    SymbolicLink,
    BindMount,
    Direct,
    CopyRange,
    Splice,
    PunchHole,
    ProcFd,
    Ring,
}

impl Way {
    pub fn name(self) -> &'static str {
        Way::NAMES[self as usize]
    }

    /// True when empty files fare no better: there is nothing in them to scramble, but they can be renamed and removed.
    pub fn takes_names(self) -> bool {
        use Way::*;
        matches!(self, CopyUnlink | ReadThenUnlink | InPlaceRename | ToolOpenssl | ToolShell)
    }
}

/// Does it to all files. What is refused is left, as an attacker would.
pub fn all(inside: &Inside, way: Way, files: Vec<PathBuf>, pause: Duration) {
    match way {
        Way::Workers => {
            let forked = shares(&files).map(|share| raw::fork(|| each(inside, way, share, pause)));
            forked.collect::<Vec<_>>().into_iter().flatten().for_each(raw::wait);
        }
        Way::Threads => std::thread::scope(|scope| {
            for share in shares(&files) {
                scope.spawn(move || each(inside, way, share, pause));
            }
        }),
        Way::ForkEach => {
            for file in files {
                if let Ok(pid) = raw::fork(|| each(inside, way, [file], pause)) {
                    raw::wait(pid);
                }
            }
        }
        Way::ForkChain => chain(inside, way, &files),
        Way::ToolShell => by_shell(inside, &files),
        _ => each(inside, way, files, pause),
    }
}

/// Never the same process for long: each does a file, starts the next one, and a few more that do nothing else than that.
fn chain(inside: &Inside, way: Way, files: &[PathBuf]) {
    const IDLE: usize = 40;
    let Some((first, rest)) = files.split_first() else {
        raw::say("done\n");
        raw::leave();
    };
    each(inside, way, [first.clone()], Duration::ZERO);
    let _ = raw::fork(|| idle(IDLE));
    let _ = raw::fork(|| chain(inside, way, rest));
    raw::leave();
}

fn idle(left: usize) {
    if left > 0 {
        let _ = raw::fork(|| idle(left - 1));
    }
    raw::leave();
}

fn shares(files: &[PathBuf]) -> impl Iterator<Item = Vec<PathBuf>> {
    (0..WORKERS).map(|worker| files.iter().skip(worker).step_by(WORKERS).cloned().collect())
}

fn each(inside: &Inside, way: Way, files: impl IntoIterator<Item = PathBuf>, pause: Duration) {
    for file in files {
        if one(inside, way, &file).is_ok() {
            told_one();
        }
        std::thread::sleep(pause);
    }
}

fn one(inside: &Inside, way: Way, path: &Path) -> io::Result<()> {
    match way {
        Way::InPlace | Way::Workers | Way::ForkEach | Way::ForkChain | Way::Slow | Way::Threads | Way::BindMount => {
            in_place(&inside.open(path, OFlags::RDWR)?, path)
        }
        Way::Mapped => {
            let file = inside.open(path, OFlags::RDWR)?;
            let len = file.metadata()?.len() as usize;
            raw::mapped(&file, len, |bytes| scramble(bytes, path))
        }
        Way::TruncateRewrite => {
            let bytes = scrambled(inside, path)?;
            inside.open(path, OFlags::WRONLY | OFlags::TRUNC)?.write_all(&bytes)
        }
        Way::CopyUnlink => {
            let bytes = scrambled(inside, path)?;
            made(inside, &locked(path))?.write_all(&bytes)?;
            inside.unlink(path)
        }
        Way::RenameOver => {
            let (bytes, copy) = (scrambled(inside, path)?, locked(path));
            made(inside, &copy)?.write_all(&bytes)?;
            inside.rename(&copy, path)
        }
        Way::TruncateAppend => {
            let bytes = scrambled(inside, path)?;
            let (_parent, spelled) = inside.spelled(path)?;
            raw::truncate(&spelled, 0)?;
            inside.open(path, OFlags::WRONLY | OFlags::APPEND)?.write_all(&bytes)
        }
        Way::ReadThenUnlink => {
            let bytes = scrambled(inside, path)?;
            made(inside, &aside(path))?.write_all(&bytes)?;
            inside.unlink(path)
        }
        Way::EverySixteenth => every_sixteenth(&inside.open(path, OFlags::RDWR)?, path),
        Way::FrontTwentieth => {
            let file = inside.open(path, OFlags::RDWR)?;
            let len = file.metadata()?.len().div_ceil(20) as usize;
            part(&file, path, 0, len)
        }
        Way::ToolOpenssl => by_openssl(inside, path),
        Way::ToolDd => by_dd(inside, path),
        Way::ToolShell => Err(io::ErrorKind::Unsupported.into()),
        Way::InPlaceRename => {
            in_place(&inside.open(path, OFlags::RDWR)?, path)?;
            inside.rename(path, &locked(path))
        }
        Way::HardLink => {
            let link = aside(path);
            inside.link(path, &link)?;
            in_place(&inside.open(&link, OFlags::RDWR)?, path)
        }
        Way::CutByLink => {
            let (bytes, link) = (scrambled(inside, path)?, aside(path));
            inside.link(path, &link)?;
            let (_parent, spelled) = inside.spelled(&link)?;
            // By a name that was never asked about, and that nobody finds afterwards.
            let cut = raw::truncate(&spelled, 0);
            let file = cut.and_then(|()| inside.open(&link, OFlags::WRONLY | OFlags::APPEND));
            inside.unlink(&link)?;
            file?.write_all(&bytes)
        }
        Way::SymbolicLink => {
            let link = aside(path);
            inside.symlink(&Path::new("..").join(path), &link)?;
            in_place(&inside.open_through_links(&link, OFlags::RDWR)?, path)
        }
        Way::Direct => direct(&inside.open(path, OFlags::RDWR | OFlags::DIRECT)?, path),
        Way::CopyRange => copy_range(inside, path),
        Way::Splice => splice(inside, path),
        Way::PunchHole => {
            let bytes = scrambled(inside, path)?;
            let file = inside.open(path, OFlags::RDWR)?;
            if !bytes.is_empty() {
                let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
                rustix::fs::fallocate(&file, flags, 0, bytes.len() as u64)?;
            }
            file.write_all_at(&bytes, 0)
        }
        Way::ProcFd => {
            let bytes = scrambled(inside, path)?;
            let seen = inside.open(path, OFlags::RDONLY)?;
            // The same file again, by a name that is in no directory.
            let again = format!("/proc/self/fd/{}", seen.as_raw_fd());
            std::fs::OpenOptions::new().write(true).custom_flags(libc::O_CLOEXEC).open(again)?.write_all(&bytes)
        }
        Way::Ring => by_ring(inside, path),
    }
}

/// The stream of a file depends on its name and whose it is only, so that every part of it can be made anew.
fn stream(path: &Path) -> Noise {
    let seed = path
        .as_os_str()
        .as_bytes()
        .iter()
        .fold(0x5eed ^ super::noise(), |seed: u64, byte| seed.rotate_left(9) ^ u64::from(*byte));
    Noise::new(seed)
}

/// Never leaves the first byte as it was: a file of one byte is scrambled too.
fn scramble(bytes: &mut [u8], path: &Path) {
    let first = bytes.first().copied();
    stream(path).xor(bytes);
    if let (Some(now), Some(was)) = (bytes.first_mut(), first)
        && *now == was
    {
        *now ^= 0x5a;
    }
}

fn scrambled(inside: &Inside, path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    inside.open(path, OFlags::RDONLY)?.read_to_end(&mut bytes)?;
    scramble(&mut bytes, path);
    Ok(bytes)
}

fn made(inside: &Inside, path: &Path) -> io::Result<File> {
    inside.open(path, OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL)
}

/// The name that a scrambled copy has beside the original; a name that is long already becomes another one.
pub fn locked(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".locked");
    if name.len() > NAME_MAX {
        name = OsString::from(format!("{:016x}.locked", stream(path).next()));
    }
    path.with_file_name(name)
}

pub fn is_locked(path: &Path) -> bool {
    path.as_os_str().as_bytes().ends_with(b".locked")
}

pub fn share_of(path: &Path, shares: usize) -> usize {
    stream(path).below(shares)
}

/// A name outside of what is protected.
pub fn aside(path: &Path) -> PathBuf {
    Path::new(OUTSIDE).join(format!("{:016x}", stream(path).next()))
}

fn in_place(file: &File, path: &Path) -> io::Result<()> {
    let len = file.metadata()?.len();
    let mut offset = 0;
    while offset < len {
        offset += part(file, path, offset, CHUNK.min((len - offset) as usize)).map(|()| CHUNK as u64)?;
    }
    Ok(())
}

fn part(file: &File, path: &Path, offset: u64, len: usize) -> io::Result<()> {
    let mut bytes = vec![0; len];
    file.read_exact_at(&mut bytes, offset)?;
    scramble(&mut bytes, path);
    file.write_all_at(&bytes, offset)
}

fn every_sixteenth(file: &File, path: &Path) -> io::Result<()> {
    let len = file.metadata()?.len();
    for offset in (0..len).step_by(PART * 16) {
        part(file, path, offset, PART.min((len - offset) as usize))?;
    }
    Ok(())
}

/// Around the cache: whole blocks only, and what that makes too long is cut.
fn direct(file: &File, path: &Path) -> io::Result<()> {
    let len = file.metadata()?.len();
    let mut stream = stream(path);
    let mut block = Block([0; PART]);
    for offset in (0..len).step_by(PART) {
        let read = file.read_at(&mut block.0, offset)?;
        let was = block.0[0];
        stream.xor(&mut block.0[..read]);
        if block.0[0] == was {
            block.0[0] ^= 0x5a;
        }
        file.write_all_at(&block.0, offset)?;
    }
    file.set_len(len)
}

fn copy_range(inside: &Inside, path: &Path) -> io::Result<()> {
    let from = prepared(inside, path)?;
    let file = inside.open(path, OFlags::WRONLY)?;
    let (mut left, mut at, mut to) = (from.metadata()?.len(), 0, 0);
    while left > 0 {
        match rustix::fs::copy_file_range(&from, Some(&mut at), &file, Some(&mut to), left as usize)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => left -= n as u64,
        }
    }
    Ok(())
}

fn splice(inside: &Inside, path: &Path) -> io::Result<()> {
    let from = prepared(inside, path)?;
    let file = inside.open(path, OFlags::WRONLY)?;
    let (reading, writing) = rustix::pipe::pipe()?;
    let (mut at, mut to) = (0, 0);
    loop {
        let mut held = rustix::pipe::splice(&from, Some(&mut at), &writing, None, CHUNK, SpliceFlags::empty())?;
        if held == 0 {
            return Ok(());
        }
        while held > 0 {
            held -= rustix::pipe::splice(&reading, None, &file, Some(&mut to), held, SpliceFlags::empty())?;
        }
    }
}

/// A scrambled copy outside of what is protected.
pub fn prepared(inside: &Inside, path: &Path) -> io::Result<File> {
    let bytes = scrambled(inside, path)?;
    let mut file = inside.open(&aside(path), OFlags::RDWR | OFlags::CREATE | OFlags::TRUNC)?;
    file.write_all(&bytes)?;
    file.rewind()?;
    Ok(file)
}

fn by_ring(inside: &Inside, path: &Path) -> io::Result<()> {
    let file = inside.open(path, OFlags::RDWR)?;
    let mut ring = Ring::new()?;
    let mut bytes = vec![0; CHUNK];
    let mut offset = 0;
    loop {
        let read = ring.read(&file, &mut bytes, offset)?;
        if read == 0 {
            return Ok(());
        }
        scramble(&mut bytes[..read], path);
        let mut written = 0;
        while written < read {
            written += ring.write(&file, &bytes[written..read], offset + written as u64)?;
        }
        offset += read as u64;
    }
}
