//! fanotify: the kernel asks before files are opened, changed and read, and waits for the answer.
//!
//! An answer that does not come holds up whoever asked, so that whoever reads [`Group::read`] never opens anything that is
//! watched, and always answers.

use serde::{Deserialize, Serialize};
use std::ffi::{CStr, CString};
use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Somebody opens a file; asked before. `O_TRUNC` has not cut it yet.
pub const OPEN: u64 = libc::FAN_OPEN_PERM;
/// Somebody opens a file to run it: a program, its loader, a script or its interpreter; asked before. [`OPEN`] comes after it.
pub const RUN: u64 = libc::FAN_OPEN_EXEC_PERM;
/// Somebody reads, writes, maps or cuts what is in a file; asked before, with the range (Linux 6.14).
pub const CONTENT: u64 = 0x0010_0000;
/// Somebody who might have written closed it.
pub const CLOSED: u64 = libc::FAN_CLOSE_WRITE;
/// Of what is in a directory, not only of itself.
pub const CHILDREN: u64 = libc::FAN_EVENT_ON_CHILD;
pub const CREATED: u64 = libc::FAN_CREATE;
pub const DELETED: u64 = libc::FAN_DELETE;
pub const MOVED_FROM: u64 = libc::FAN_MOVED_FROM;
pub const MOVED_TO: u64 = libc::FAN_MOVED_TO;
/// Of directories as well.
pub const DIRECTORIES: u64 = libc::FAN_ONDIR;

const OVERFLOW: u64 = libc::FAN_Q_OVERFLOW;
const INFO_RANGE: u8 = 6;
const INFO_DIRECTORY_AND_NAME: u8 = 2;
/// Bytes of events that are read at a time; one has 24, and what comes with it.
const BUFFER_BYTES: usize = 32 << 10;
/// What a `file_handle` begins with, and what may come behind that.
const HANDLE_HEAD_BYTES: usize = 8;
const HANDLE_BYTES_MAX: usize = 128;

/// What the kernel tells.
#[derive(Debug)]
pub enum Event {
    /// About a file, with which it comes open for reading; nothing that is done with that is asked about.
    File(FileEvent),
    /// An entry of a directory, which comes as its handle.
    Entry { mask: u64, directory: Handle, name: Vec<u8>, thread: i32 },
    /// There were more events than the kernel keeps: some are lost.
    Overflow,
}

#[derive(Debug)]
pub struct FileEvent {
    pub mask: u64,
    pub file: File,
    /// The thread that does it.
    pub thread: i32,
    /// The bytes that are about to be read or changed, as far as the kernel says.
    pub range: Option<Range<u64>>,
}

impl FileEvent {
    /// The kernel waits for an answer.
    pub fn is_question(&self) -> bool {
        self.mask & (OPEN | RUN | CONTENT) != 0
    }
}

/// A file or directory as the kernel names it, whatever its path is by now.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Handle {
    kind: i32,
    bytes: Vec<u8>,
}

impl Handle {
    /// The handle of something on a filesystem.
    pub fn of(path: &Path) -> io::Result<Handle> {
        Handle::at(libc::AT_FDCWD, &c_path(path)?, 0)
    }

    /// The handle of a file that is open.
    pub fn of_file(file: &File) -> io::Result<Handle> {
        Handle::at(file.as_raw_fd(), c"", libc::AT_EMPTY_PATH)
    }

    fn at(folder: i32, path: &CStr, flags: i32) -> io::Result<Handle> {
        let mut buffer = [0_u8; HANDLE_HEAD_BYTES + HANDLE_BYTES_MAX];
        buffer[..4].copy_from_slice(&u32::try_from(HANDLE_BYTES_MAX).unwrap_or(0).to_ne_bytes());
        let mut mount = 0;
        let (call, at) = (libc::SYS_name_to_handle_at, path.as_ptr());
        // SAFETY: the buffer has the eight bytes that a `file_handle` begins with and the room that it says.
        let done = unsafe { libc::syscall(call, folder, at, buffer.as_mut_ptr(), &raw mut mount, flags) };
        if done != 0 {
            return Err(io::Error::last_os_error());
        }
        Handle::read(&buffer).map(|(handle, _)| handle).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
    }

    /// Opens it for writing, by whatever name or none, on the filesystem of something that is open.
    ///
    /// # Errors
    /// When it is gone.
    pub fn open(&self, on: BorrowedFd) -> io::Result<File> {
        let mut bytes = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX).to_ne_bytes().to_vec();
        bytes.extend(self.kind.to_ne_bytes());
        bytes.extend(&self.bytes);
        let flags = libc::O_WRONLY | libc::O_NONBLOCK | libc::O_CLOEXEC;
        // SAFETY: the bytes are a `file_handle` with as many behind its head as that says.
        let file = unsafe { libc::syscall(libc::SYS_open_by_handle_at, on.as_raw_fd(), bytes.as_mut_ptr(), flags) };
        match i32::try_from(file) {
            // SAFETY: the kernel opened it for us, and nobody else has it.
            Ok(file) if file >= 0 => Ok(unsafe { File::from_raw_fd(file) }),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// A handle at the beginning of some bytes, and how many it takes.
    fn read(bytes: &[u8]) -> Option<(Handle, usize)> {
        let length = u32::from_ne_bytes(bytes.get(..4)?.try_into().ok()?) as usize;
        let kind = i32::from_ne_bytes(bytes.get(4..8)?.try_into().ok()?);
        Some((Handle { kind, bytes: bytes.get(8..8 + length)?.to_vec() }, 8 + length))
    }
}

/// What a group is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Asked before things happen.
    Deciding,
    /// Asked before something runs or is opened, by a group that leaves what is in files to those of [`Purpose::Deciding`].
    Running,
    /// Told of entries of directories after things happened.
    Noticing,
}

/// Those who ask and are told about marked places.
#[derive(Debug)]
pub struct Group(OwnedFd);

/// Where a mark is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    Inode,
    Filesystem,
}

impl Group {
    /// # Errors
    /// When the kernel cannot, or does not let this process.
    pub fn new(purpose: Purpose) -> io::Result<Group> {
        let flags = match purpose {
            Purpose::Deciding => libc::FAN_CLASS_PRE_CONTENT | libc::FAN_REPORT_TID,
            Purpose::Running => libc::FAN_CLASS_CONTENT | libc::FAN_REPORT_TID,
            Purpose::Noticing => libc::FAN_CLASS_NOTIF | libc::FAN_REPORT_DFID_NAME,
        } | libc::FAN_CLOEXEC
            | libc::FAN_NONBLOCK
            | libc::FAN_UNLIMITED_QUEUE
            | libc::FAN_UNLIMITED_MARKS;
        let files = (libc::O_RDONLY | libc::O_CLOEXEC | libc::O_LARGEFILE | libc::O_NOATIME).cast_unsigned();
        // SAFETY: numbers in, a descriptor of our own out.
        let group = unsafe { libc::fanotify_init(flags, files) };
        if group < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: nobody else has it.
        Ok(Group(unsafe { OwnedFd::from_raw_fd(group) }))
    }

    /// Asks or tells about a place from now on.
    ///
    /// # Errors
    /// When there is none, or its filesystem cannot.
    pub fn watch(&self, path: &Path, scope: Scope, mask: u64) -> io::Result<()> {
        let scope = match scope {
            Scope::Inode => 0,
            Scope::Filesystem => libc::FAN_MARK_FILESYSTEM,
        };
        let path = c_path(path)?;
        self.mark(libc::FAN_MARK_ADD | scope, mask, libc::AT_FDCWD, path.as_ptr())
    }

    /// Asks or tells no more about a place of its own.
    ///
    /// # Errors
    /// When it was not asked about.
    pub fn unwatch(&self, path: &Path, mask: u64) -> io::Result<()> {
        let path = c_path(path)?;
        self.mark(libc::FAN_MARK_REMOVE, mask, libc::AT_FDCWD, path.as_ptr())
    }

    /// Asks nothing more about what is in a file, until [`Group::care`]. Not even when it changes.
    ///
    /// # Errors
    /// When the kernel has no room.
    pub fn let_be(&self, file: BorrowedFd) -> io::Result<()> {
        let flags = libc::FAN_MARK_ADD | libc::FAN_MARK_IGNORED_MASK | libc::FAN_MARK_IGNORED_SURV_MODIFY;
        self.mark(flags, CONTENT, file.as_raw_fd(), std::ptr::null())
    }

    /// Asks about what is in a file again.
    ///
    /// # Errors
    /// When it was asked about all the time, which is no harm.
    pub fn care(&self, file: BorrowedFd) -> io::Result<()> {
        self.mark(libc::FAN_MARK_REMOVE | libc::FAN_MARK_IGNORED_MASK, CONTENT, file.as_raw_fd(), std::ptr::null())
    }

    /// Asks nothing of a mask about a file any more, by whatever name, until somebody writes into it, the kernel forgets it, or
    /// [`Group::ask_all`]. Changes through a shared mapping do not end it.
    ///
    /// # Errors
    /// When the kernel has no room.
    pub fn pass(&self, file: BorrowedFd, mask: u64) -> io::Result<()> {
        let flags = libc::FAN_MARK_ADD | libc::FAN_MARK_IGNORED_MASK | libc::FAN_MARK_EVICTABLE;
        self.mark(flags, mask, file.as_raw_fd(), std::ptr::null())
    }

    /// Asks nothing more when a file is opened, by whatever name, until the kernel forgets it or [`Group::ask`]. Not even when
    /// somebody writes into it.
    ///
    /// # Errors
    /// When the kernel has no room, or cannot.
    pub fn let_open(&self, file: BorrowedFd) -> io::Result<()> {
        let survives = libc::FAN_MARK_IGNORED_SURV_MODIFY | libc::FAN_MARK_EVICTABLE;
        let flags = libc::FAN_MARK_ADD | libc::FAN_MARK_IGNORED_MASK | survives;
        self.mark(flags, OPEN, file.as_raw_fd(), std::ptr::null())
    }

    /// Ends [`Group::let_open`] for what has a name.
    ///
    /// # Errors
    /// When it was asked about all the time, which is no harm.
    pub fn ask_when_opened(&self, path: &Path) -> io::Result<()> {
        let path = c_path(path)?;
        self.mark(libc::FAN_MARK_REMOVE | libc::FAN_MARK_IGNORED_MASK, OPEN, libc::AT_FDCWD, path.as_ptr())
    }

    /// Ends [`Group::pass`] and [`Group::let_open`] for a file.
    ///
    /// # Errors
    /// When it was asked about all the time, which is no harm.
    pub fn ask(&self, file: BorrowedFd, mask: u64) -> io::Result<()> {
        self.mark(libc::FAN_MARK_REMOVE | libc::FAN_MARK_IGNORED_MASK, mask, file.as_raw_fd(), std::ptr::null())
    }

    /// Ends [`Group::pass`] and [`Group::let_open`] for all files, and every watch of an inode.
    ///
    /// # Errors
    /// When the kernel does not.
    pub fn ask_all(&self) -> io::Result<()> {
        self.mark(libc::FAN_MARK_FLUSH, 0, libc::AT_FDCWD, std::ptr::null())
    }

    /// Asks nobody about anything any more.
    ///
    /// # Errors
    /// When the kernel does not.
    pub fn ask_nobody(&self) -> io::Result<()> {
        self.mark(libc::FAN_MARK_FLUSH | libc::FAN_MARK_FILESYSTEM, 0, libc::AT_FDCWD, std::ptr::null())?;
        self.ask_all()
    }

    fn mark(&self, flags: u32, mask: u64, at: i32, path: *const libc::c_char) -> io::Result<()> {
        // SAFETY: the path, if there is one, lives as long as the call.
        match unsafe { libc::fanotify_mark(self.0.as_raw_fd(), flags, mask, at, path) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// The events that are there; none when there are none now.
    ///
    /// # Errors
    /// When the group cannot be read.
    pub fn read(&self) -> io::Result<Vec<Event>> {
        self.read_some(BUFFER_BYTES)
    }

    /// The same, of so many bytes at most; one event of an entry has some hundreds.
    ///
    /// # Errors
    /// When the group cannot be read, or there is no room for a single event.
    pub fn read_some(&self, bytes: usize) -> io::Result<Vec<Event>> {
        let mut buffer = [MaybeUninit::<u8>::uninit(); BUFFER_BYTES];
        match rustix::io::read(&self.0, &mut buffer[..bytes.min(BUFFER_BYTES)]) {
            Ok((read, _)) => Ok(events(read)),
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => Ok(Vec::new()),
            // The file of an event cannot be opened for us: whoever asked was told no by the kernel, and goes on.
            Err(error) => Err(error.into()),
        }
    }

    /// Answers a question.
    ///
    /// # Errors
    /// When nobody waits for it any more.
    pub fn answer(&self, event: &FileEvent, may: bool) -> io::Result<()> {
        let response = libc::fanotify_response {
            fd: event.file.as_raw_fd(),
            response: if may { libc::FAN_ALLOW } else { libc::FAN_DENY },
        };
        let mut bytes = [0_u8; 8];
        bytes[..4].copy_from_slice(&response.fd.to_ne_bytes());
        bytes[4..].copy_from_slice(&response.response.to_ne_bytes());
        rustix::io::write(&self.0, &bytes).map(drop).map_err(Into::into)
    }
}

impl From<OwnedFd> for Group {
    /// One that another process made.
    fn from(group: OwnedFd) -> Group {
        Group(group)
    }
}

impl AsFd for Group {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn c_path(path: &Path) -> io::Result<CString> {
    CString::new(path.as_os_str().as_bytes()).map_err(io::Error::other)
}

/// The head of an event as the kernel writes it.
struct Head {
    length: usize,
    head_length: usize,
    mask: u64,
    file: i32,
    thread: i32,
}

const HEAD_BYTES: usize = 24;

fn head(bytes: &[u8]) -> Option<Head> {
    let word = |at: usize| Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let head = Head {
        length: word(0)? as usize,
        head_length: usize::from(u16::from_ne_bytes(bytes.get(6..8)?.try_into().ok()?)),
        mask: u64::from_ne_bytes(bytes.get(8..16)?.try_into().ok()?),
        file: word(16)?.cast_signed(),
        thread: word(20)?.cast_signed(),
    };
    (head.length >= HEAD_BYTES && head.head_length >= HEAD_BYTES && head.head_length <= head.length).then_some(head)
}

fn events(mut bytes: &[u8]) -> Vec<Event> {
    let mut events = Vec::new();
    while let Some(head) = head(bytes) {
        let Some(more) = bytes.get(head.head_length..head.length) else { break };
        if head.mask & OVERFLOW != 0 {
            events.push(Event::Overflow);
        } else if head.file >= 0 {
            // SAFETY: the kernel opened it for us with this event, and nobody else has it.
            let file = unsafe { File::from_raw_fd(head.file) };
            let range = infos(more).find_map(|(kind, body)| (kind == INFO_RANGE).then(|| range(body)).flatten());
            events.push(Event::File(FileEvent { mask: head.mask, file, thread: head.thread, range }));
        } else if let Some((directory, name)) =
            infos(more).find_map(|(kind, body)| (kind == INFO_DIRECTORY_AND_NAME).then(|| entry(body)).flatten())
        {
            events.push(Event::Entry { mask: head.mask, directory, name, thread: head.thread });
        }
        bytes = bytes.get(head.length..).unwrap_or_default();
    }
    events
}

/// What comes with an event: each a kind and its bytes behind the four that say so.
fn infos(mut bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let kind = *bytes.first()?;
        let length = usize::from(u16::from_ne_bytes(bytes.get(2..4)?.try_into().ok()?));
        let body = bytes.get(4..length)?;
        bytes = bytes.get(length..)?;
        Some((kind, body))
    })
}

fn range(body: &[u8]) -> Option<Range<u64>> {
    let at = u64::from_ne_bytes(body.get(4..12)?.try_into().ok()?);
    let count = u64::from_ne_bytes(body.get(12..20)?.try_into().ok()?);
    Some(at..at.saturating_add(count))
}

fn entry(body: &[u8]) -> Option<(Handle, Vec<u8>)> {
    // The filesystem stands before the handle, and the name behind it.
    let (handle, length) = Handle::read(body.get(8..)?)?;
    let name = body.get(8 + length..)?;
    let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
    Some((handle, name.get(..end)?.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_bytes_break_the_reader(mut bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            // No descriptor that is somebody's.
            for at in (16..bytes.len().saturating_sub(4)).step_by(4) {
                if i32::from_ne_bytes(bytes[at..at + 4].try_into().unwrap()) >= 0 {
                    bytes[at + 3] |= 0x80;
                }
            }
            events(&bytes);
        }
    }

    #[test]
    fn an_entry_is_read_as_the_kernel_writes_it() {
        let mut info = vec![INFO_DIRECTORY_AND_NAME, 0, 0, 0];
        info.extend([1; 8]);
        info.extend(4_u32.to_ne_bytes());
        info.extend(1_i32.to_ne_bytes());
        info.extend(b"abcd");
        info.extend(b"name\0\0\0\0");
        let length = u16::try_from(info.len()).unwrap();
        info[2..4].copy_from_slice(&length.to_ne_bytes());
        let mut bytes = u32::try_from(HEAD_BYTES + info.len()).unwrap().to_ne_bytes().to_vec();
        bytes.extend([3, 0, HEAD_BYTES as u8, 0]);
        bytes.extend(CREATED.to_ne_bytes());
        bytes.extend((-1_i32).to_ne_bytes());
        bytes.extend(42_i32.to_ne_bytes());
        bytes.extend(info);
        let twice = [bytes.clone(), bytes].concat();
        let read = events(&twice);
        assert_eq!(read.len(), 2);
        let Event::Entry { mask, directory, name, thread } = &read[1] else { panic!("{read:?}") };
        assert_eq!((*mask, name.as_slice(), *thread), (CREATED, &b"name"[..], 42));
        assert_eq!(*directory, Handle { kind: 1, bytes: b"abcd".to_vec() });
    }
}
