//! What a worker tells its keeper: that it is to keep a descriptor, which comes with the letter, or to let go of one. A
//! letter that nobody read yet keeps its descriptor as well.

use super::page::SLOTS;
use super::{Held, Kind, Left};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, SocketFlags, SocketType,
};
use std::ffi::OsStr;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A name is a path.
const BYTES_MAX: usize = LEFT_BYTES + libc::PATH_MAX as usize;
const KEEP: u8 = b'+';
const LET_GO: u8 = b'-';
const RENEW: u8 = b'*';
const CARRY_ON: u8 = b'^';
const READY: u8 = b'!';
const LEFT: u8 = b'<';
const GO: u8 = b'.';
/// In front of the name in a letter about what was left: the three of any, and when, by whom, with how many answers.
const LEFT_BYTES: usize = 3 + 1 + 8 + 4 + 8;

#[derive(Debug)]
pub enum Letter {
    Keep(Held),
    LetGo {
        slot: u8,
    },
    /// Another program is to be tried as the next worker.
    Renew {
        program: PathBuf,
    },
    /// It proved itself: the keeper is to be that program as well.
    CarryOn {
        program: PathBuf,
    },
    /// To the keeper: whoever is to be the next worker is there.
    Ready,
    /// From a keeper: that was all, and its reader begins.
    Go,
}

/// The two ends: the keeper's, which waits for nobody, and the worker's.
///
/// # Errors
/// When the kernel has none.
pub fn ends() -> io::Result<(OwnedFd, OwnedFd)> {
    let (keeper, worker) =
        rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
    rustix::io::ioctl_fionbio(&keeper, true)?;
    Ok((keeper, worker))
}

/// # Errors
/// When there is no keeper.
pub fn keep(keeper: BorrowedFd, slot: u8, kind: Kind, name: &Path, what: BorrowedFd) -> io::Result<()> {
    let mut bytes = vec![KEEP, slot, kind as u8];
    bytes.extend(name.as_os_str().as_bytes());
    if bytes.len() > BYTES_MAX {
        return Err(io::Error::from(io::ErrorKind::InvalidFilename));
    }
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut with = SendAncillaryBuffer::new(&mut space);
    let descriptors = [what];
    with.push(SendAncillaryMessage::ScmRights(&descriptors));
    send(keeper, &bytes, &mut with)
}

/// # Errors
/// When there is no keeper.
pub fn let_go(keeper: BorrowedFd, slot: u8) -> io::Result<()> {
    send(keeper, &[LET_GO, slot], &mut SendAncillaryBuffer::default())
}

/// # Errors
/// When there is no keeper, or the name is too long.
pub fn renew(keeper: BorrowedFd, program: &Path) -> io::Result<()> {
    named(keeper, RENEW, program)
}

/// # Errors
/// As [`renew`].
pub fn carry_on(keeper: BorrowedFd, program: &Path) -> io::Result<()> {
    named(keeper, CARRY_ON, program)
}

/// # Errors
/// When nobody is there.
pub fn ready(keeper: BorrowedFd) -> io::Result<()> {
    send(keeper, &[READY], &mut SendAncillaryBuffer::default())
}

/// # Errors
/// When nobody is there.
pub fn go(next: BorrowedFd) -> io::Result<()> {
    send(next, &[GO], &mut SendAncillaryBuffer::default())
}

/// Hands over one of the descriptors that are kept.
///
/// # Errors
/// When nobody is there, or has no room.
pub fn hand(next: BorrowedFd, held: &Held) -> io::Result<()> {
    let (milliseconds, by, answered) = held.left.map_or((0, 0, 0), |left| {
        (u64::try_from(left.since.elapsed().as_millis()).unwrap_or(u64::MAX), left.by, left.answered)
    });
    let mut bytes = vec![LEFT, held.slot, held.kind as u8, u8::from(held.left.is_some())];
    bytes.extend(milliseconds.to_ne_bytes());
    bytes.extend(by.to_ne_bytes());
    bytes.extend(answered.to_ne_bytes());
    bytes.extend(held.name.as_os_str().as_bytes());
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut with = SendAncillaryBuffer::new(&mut space);
    let descriptors = [held.what.as_fd()];
    with.push(SendAncillaryMessage::ScmRights(&descriptors));
    send(next, &bytes, &mut with)
}

fn named(keeper: BorrowedFd, what: u8, program: &Path) -> io::Result<()> {
    let mut bytes = vec![what];
    bytes.extend(program.as_os_str().as_bytes());
    if bytes.len() > BYTES_MAX {
        return Err(io::Error::from(io::ErrorKind::InvalidFilename));
    }
    send(keeper, &bytes, &mut SendAncillaryBuffer::default())
}

fn send(keeper: BorrowedFd, bytes: &[u8], with: &mut SendAncillaryBuffer<'_, '_, '_>) -> io::Result<()> {
    loop {
        match rustix::net::sendmsg(keeper, &[IoSlice::new(bytes)], with, SendFlags::NOSIGNAL) {
            Err(rustix::io::Errno::INTR) => {}
            sent => return sent.map(drop).map_err(Into::into),
        }
    }
}

/// The next letter; none when there is none now. What is no letter is left out.
pub fn next(end: BorrowedFd) -> Option<Letter> {
    let mut bytes = [0; BYTES_MAX];
    loop {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut with = RecvAncillaryBuffer::new(&mut space);
        let read = rustix::net::recvmsg(end, &mut [IoSliceMut::new(&mut bytes)], &mut with, RecvFlags::CMSG_CLOEXEC);
        let read = match read {
            Ok(read) if read.bytes > 0 => read.bytes,
            Err(rustix::io::Errno::INTR) => continue,
            _ => return None,
        };
        let what = with.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
            _ => None,
        });
        if let Some(letter) = letter(bytes.get(..read).unwrap_or_default(), what) {
            return Some(letter);
        }
    }
}

fn letter(bytes: &[u8], what: Option<OwnedFd>) -> Option<Letter> {
    match (bytes, what) {
        ([KEEP, slot, kind, name @ ..], Some(what)) if *slot < SLOTS => {
            let kind = Kind::ALL.into_iter().find(|known| *known as u8 == *kind)?;
            let name = PathBuf::from(OsStr::from_bytes(name));
            Some(Letter::Keep(Held { slot: *slot, kind, name, what, left: None }))
        }
        ([LEFT, slot, kind, is_left, rest @ ..], Some(what)) if *slot < SLOTS => {
            let kind = Kind::ALL.into_iter().find(|known| *known as u8 == *kind)?;
            let (milliseconds, rest) = rest.split_first_chunk::<8>()?;
            let (by, rest) = rest.split_first_chunk::<4>()?;
            let (answered, name) = rest.split_first_chunk::<8>()?;
            let since = Duration::from_millis(u64::from_ne_bytes(*milliseconds));
            let left = Left {
                since: Instant::now().checked_sub(since).unwrap_or_else(Instant::now),
                by: i32::from_ne_bytes(*by),
                answered: u64::from_ne_bytes(*answered),
            };
            let name = PathBuf::from(OsStr::from_bytes(name));
            Some(Letter::Keep(Held { slot: *slot, kind, name, what, left: (*is_left == 1).then_some(left) }))
        }
        ([RENEW, name @ ..], None) => Some(Letter::Renew { program: PathBuf::from(OsStr::from_bytes(name)) }),
        ([CARRY_ON, name @ ..], None) => Some(Letter::CarryOn { program: PathBuf::from(OsStr::from_bytes(name)) }),
        ([READY], None) => Some(Letter::Ready),
        ([GO], None) => Some(Letter::Go),
        ([LET_GO, slot], None) => Some(Letter::LetGo { slot: *slot }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    #[test]
    fn what_is_sent_arrives_in_order_and_with_its_descriptor() {
        let (keeper, worker) = ends().unwrap();
        assert!(next(keeper.as_fd()).is_none());
        let file = File::open("/proc/self/stat").unwrap();
        keep(worker.as_fd(), 7, Kind::Noticing, Path::new("/a b"), file.as_fd()).unwrap();
        drop(file);
        let_go(worker.as_fd(), 3).unwrap();
        let Some(Letter::Keep(held)) = next(keeper.as_fd()) else { panic!("no letter") };
        assert_eq!((held.slot, held.kind, held.name.as_path()), (7, Kind::Noticing, Path::new("/a b")));
        assert!(std::io::read_to_string(File::from(held.what)).unwrap().starts_with(&std::process::id().to_string()));
        assert!(matches!(next(keeper.as_fd()), Some(Letter::LetGo { slot: 3 })));
        renew(worker.as_fd(), Path::new("/x.next")).unwrap();
        carry_on(worker.as_fd(), Path::new("/x")).unwrap();
        ready(worker.as_fd()).unwrap();
        go(worker.as_fd()).unwrap();
        let next_of = || next(keeper.as_fd()).unwrap();
        assert!(matches!(next_of(), Letter::Renew { program } if program == Path::new("/x.next")));
        assert!(matches!(next_of(), Letter::CarryOn { program } if program == Path::new("/x")));
        assert!(matches!((next_of(), next_of()), (Letter::Ready, Letter::Go)));
        let what = || File::open("/proc/self/stat").unwrap().into();
        let since = Instant::now().checked_sub(Duration::from_secs(1)).unwrap();
        for left in [None, Some(Left { since, by: 12, answered: 3 })] {
            let name = PathBuf::from("/mnt/é");
            hand(worker.as_fd(), &Held { slot: 5, kind: Kind::Deciding, name: name.clone(), what: what(), left })
                .unwrap();
            let Letter::Keep(held) = next_of() else { panic!("no letter") };
            assert_eq!((held.slot, held.kind, held.name), (5, Kind::Deciding, name));
            let told = held.left.map(|left| (left.by, left.answered, left.since.elapsed() >= Duration::from_secs(1)));
            assert_eq!(told, left.map(|_| (12, 3, true)));
        }
        assert!(keep(worker.as_fd(), 1, Kind::Deciding, Path::new(&"x".repeat(5000)), keeper.as_fd()).is_err());
        send(worker.as_fd(), b"odd", &mut SendAncillaryBuffer::default()).unwrap();
        assert!(next(keeper.as_fd()).is_none());
    }
}
