//! What `/proc` says of processes, and the kernel's own word of each that begins and ends.

use super::notice::{CONNECTOR_HEAD_BYTES, EXEC, NETLINK_HEAD_BYTES, What, notice};
use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::path::PathBuf;

/// A process, told from a later one with the same number by when it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcessId {
    pub number: i32,
    /// Ticks of the clock since the machine began.
    pub began: u64,
}

/// The file that a process runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Program {
    /// As the kernel tells it; ` (deleted)` behind it when the file is gone.
    pub path: PathBuf,
    pub device: u64,
    pub inode: u64,
    /// Seconds and nanoseconds at which its inode was changed last: any write, cut or rename of it moves this.
    pub changed: (i64, i64),
}

/// What `/proc/N/stat` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    pub parent: i32,
    pub began: u64,
}

/// Of a thread or a process.
pub fn stat(number: i32) -> io::Result<Stat> {
    let text = fs::read(format!("/proc/{number}/stat"))?;
    parse_stat(&text).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
}

fn parse_stat(text: &[u8]) -> Option<Stat> {
    // The name of a process stands in brackets and may hold anything, brackets too.
    let behind = text.iter().rposition(|byte| *byte == b')')?;
    let fields = std::str::from_utf8(text.get(behind + 2..)?).ok()?;
    let mut fields = fields.split_ascii_whitespace();
    let parent = fields.nth(1)?.parse().ok()?;
    let began = fields.nth(17)?.parse().ok()?;
    Some(Stat { parent, began })
}

/// The process that a thread belongs to.
pub fn process_of(thread: i32) -> io::Result<i32> {
    let status = fs::read_to_string(format!("/proc/{thread}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("Tgid:"));
    line.and_then(|number| number.trim().parse().ok()).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
}

/// The file that a process runs; none of a thread of the kernel.
pub fn program(number: i32) -> io::Result<Program> {
    use std::os::unix::fs::MetadataExt;
    let link = format!("/proc/{number}/exe");
    let metadata = fs::metadata(&link)?;
    Ok(Program {
        path: fs::read_link(&link)?,
        device: metadata.dev(),
        inode: metadata.ino(),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
    })
}

/// The arguments of a process.
pub fn arguments(number: i32) -> io::Result<Vec<Vec<u8>>> {
    let line = fs::read(format!("/proc/{number}/cmdline"))?;
    let line = line.strip_suffix(b"\0").unwrap_or(&line);
    Ok(line.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect())
}

/// Whether a thread is one of this process.
pub fn is_own(thread: i32) -> bool {
    // SAFETY: numbers in, a number out; signal 0 is none.
    unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, 0) == 0 }
}

/// Tells a process to stop for now, or for ever.
pub fn signal(number: i32, signal: i32) {
    // SAFETY: plain call with numbers; one below two is nobody's to stop.
    if number > 1 {
        unsafe { libc::kill(number, signal) };
    }
}

/// All processes there are.
pub fn all() -> io::Result<Vec<i32>> {
    let numbers = fs::read_dir("/proc")?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    Ok(numbers.collect())
}

/// A beginning or an end of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Forked {
        parent: i32,
        child: i32,
    },
    Began {
        process: i32,
    },
    Ended {
        process: i32,
    },
    /// Some were lost.
    Lost,
}

/// The kernel's word of each process that begins, starts another program, and ends.
#[derive(Debug)]
pub struct Connector(OwnedFd);

const CONNECTOR: i32 = 11;
/// So much is kept by the kernel while nobody reads.
const KEPT_BYTES: i32 = 8 << 20;

impl Connector {
    /// # Errors
    /// When the kernel cannot, or does not let this process.
    pub fn new() -> io::Result<Connector> {
        Connector::that_keeps(KEPT_BYTES)
    }

    /// One for which the kernel keeps so many bytes while nobody reads.
    ///
    /// # Errors
    /// When the kernel cannot, or does not let this process.
    pub fn that_keeps(kept: i32) -> io::Result<Connector> {
        let flags = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
        // SAFETY: numbers in, a descriptor of our own out.
        let socket = unsafe { libc::socket(libc::AF_NETLINK, flags, CONNECTOR) };
        if socket < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: nobody else has it.
        let socket = unsafe { OwnedFd::from_raw_fd(socket) };
        // SAFETY: a structure of numbers, for which zeros are values.
        let mut address: libc::sockaddr_nl = unsafe { std::mem::zeroed() };
        address.nl_family = libc::AF_NETLINK as u16;
        address.nl_groups = 1;
        let length = size_of::<libc::sockaddr_nl>() as u32;
        // SAFETY: the address and the number live as long as the calls.
        let bound = unsafe {
            libc::setsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, (&raw const kept).cast(), 4);
            libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length)
        };
        if bound != 0 {
            return Err(io::Error::last_os_error());
        }
        rustix::io::write(&socket, &listen())?;
        Ok(Connector(socket))
    }

    /// Only of programs that begin: nobody is woken for the rest.
    ///
    /// # Errors
    /// When the kernel cannot, or does not let this process.
    pub fn of_beginnings() -> io::Result<Connector> {
        let connector = Connector::new()?;
        let step = |code: u32, jt: u8, jf: u8, k: u32| libc::sock_filter { code: code as u16, jt, jf, k };
        // The filter reads numbers as networks have them, which the kernel wrote as this machine has them.
        let began = u32::from_be_bytes(EXEC.to_ne_bytes());
        let mut steps = [
            step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, (NETLINK_HEAD_BYTES + CONNECTOR_HEAD_BYTES) as u32),
            step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 1, began),
            step(libc::BPF_RET | libc::BPF_K, 0, 0, u32::MAX),
            step(libc::BPF_RET | libc::BPF_K, 0, 0, 0),
        ];
        let filter = libc::sock_fprog { len: steps.len() as u16, filter: steps.as_mut_ptr() };
        // SAFETY: the filter and its steps live as long as the call, which copies them.
        let set = unsafe {
            let length = size_of::<libc::sock_fprog>() as u32;
            let socket = connector.0.as_raw_fd();
            libc::setsockopt(socket, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, (&raw const filter).cast(), length)
        };
        if set == 0 { Ok(connector) } else { Err(io::Error::last_os_error()) }
    }

    /// The next message as the kernel wrote it.
    ///
    /// # Errors
    /// `AGAIN` when there is none now, `NOBUFS` once after some were lost.
    pub fn receive<'b>(&self, buffer: &'b mut [u8]) -> rustix::io::Result<&'b [u8]> {
        let read = rustix::io::read(&self.0, &mut *buffer)?;
        Ok(buffer.get(..read).unwrap_or_default())
    }

    /// What happened since the last time.
    pub fn read(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        let mut buffer = [0_u8; 4096];
        loop {
            match self.receive(&mut buffer) {
                Ok(message) => changes.extend(change(message)),
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::NOBUFS) => changes.push(Change::Lost),
                Err(_) => return changes,
            }
        }
    }
}

impl From<OwnedFd> for Connector {
    /// One that another process made.
    fn from(connector: OwnedFd) -> Connector {
        Connector(connector)
    }
}

impl AsFd for Connector {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// The message that asks for all of it.
fn listen() -> Vec<u8> {
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_ne_bytes()).collect::<Vec<u8>>();
    let total = (NETLINK_HEAD_BYTES + CONNECTOR_HEAD_BYTES + 4) as u32;
    // Length, kind (done) and flags, sequence, process; whom it is for, sequence, acknowledgement, length and flags; listen.
    words(&[total, 3, 0, 0, 1, 1, 0, 0, 4, 1])
}

/// Of what the kernel says, what lineages are made of.
fn change(message: &[u8]) -> Option<Change> {
    match notice(message)?.what {
        What::Forked { parent, child } => Some(Change::Forked { parent, child }),
        What::Began { process } => Some(Change::Began { process }),
        What::Ended { process, .. } => Some(Change::Ended { process }),
        What::User { .. } | What::Traced { .. } | What::Thread { .. } | What::Other => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_hides_nothing() {
        let text = b"42 (a ) b (c) R 7 42 1 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 98765 1000 1 18446744073709551615";
        assert_eq!(parse_stat(text), Some(Stat { parent: 7, began: 98_765 }));
        assert_eq!(parse_stat(b"42 (a"), None);
        assert_eq!(parse_stat(b""), None);
    }

    #[test]
    fn this_process_is_there() {
        let me = i32::try_from(std::process::id()).unwrap();
        assert_eq!(process_of(me).unwrap(), me);
        assert!(is_own(me) && !is_own(1));
        assert!(stat(me).unwrap().began > 0);
        assert!(all().unwrap().contains(&me));
        assert!(arguments(me).unwrap()[0].ends_with(program(me).unwrap().path.file_name().unwrap().as_encoded_bytes()));
    }

    #[test]
    fn who_wants_to_hear_of_beginnings_hears_nothing_else() {
        let Ok(connector) = Connector::of_beginnings() else {
            eprintln!("SKIPPED: the kernel tells nobody but root of processes");
            return;
        };
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let number = i32::try_from(child.id()).unwrap();
        child.wait().unwrap();
        let told = connector.read();
        assert!(told.contains(&Change::Began { process: number }), "{told:?}");
        assert!(told.iter().all(|change| matches!(change, Change::Began { .. })), "{told:?}");
    }

    #[test]
    fn the_kernel_tells_of_children() {
        let Ok(connector) = Connector::new() else {
            eprintln!("SKIPPED: the kernel tells nobody but root of processes");
            return;
        };
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let number = i32::try_from(child.id()).unwrap();
        child.wait().unwrap();
        let told = connector.read();
        let me = i32::try_from(std::process::id()).unwrap();
        assert!(told.contains(&Change::Forked { parent: me, child: number }), "{told:?}");
        assert!(told.contains(&Change::Began { process: number }), "{told:?}");
        assert!(told.contains(&Change::Ended { process: number }), "{told:?}");
    }
}
