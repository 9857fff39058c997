//! What a worker tells its keeper: that it is to keep a descriptor, which comes with the letter, or to let go of one. A
//! letter that nobody read yet keeps its descriptor as well.

use super::page::SLOTS;
use super::{Held, Kind};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, SocketFlags, SocketType,
};
use std::ffi::OsStr;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A name is a path.
const BYTES_MAX: usize = 3 + libc::PATH_MAX as usize;
const KEEP: u8 = b'+';
const LET_GO: u8 = b'-';

#[derive(Debug)]
pub enum Letter {
    Keep(Held),
    LetGo { slot: u8 },
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
        ([LET_GO, slot], None) => Some(Letter::LetGo { slot: *slot }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::os::fd::AsFd;

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
        assert!(keep(worker.as_fd(), 1, Kind::Deciding, Path::new(&"x".repeat(5000)), keeper.as_fd()).is_err());
        send(worker.as_fd(), b"odd", &mut SendAncillaryBuffer::default()).unwrap();
        assert!(next(keeper.as_fd()).is_none());
    }
}
