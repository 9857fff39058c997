//! The thread that writes the log. It takes everything that waits, writes it, makes it last once for all of it, and only
//! then says so to each.

use super::{Batch, MAGIC, path};
use crate::disk::Disk;
use crate::error::{Error, Refused};
use std::fs::File;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Batches that wait for the disk; who would add another waits.
const WAITING_MAX: usize = 256;
/// Bytes written before they are made to last, at most: an acknowledgement must not wait for ever more.
const GROUP_BYTES_MAX: usize = 1 << 25;

/// What the writer asks of who keeps the rows. All is called on its thread, in the order of the log.
pub(crate) trait Accepts: Send {
    /// Whether a batch is to be written: false when it is known already.
    fn is_due(&mut self, batch: &Batch) -> Result<bool, Refused>;
    /// It is written to the file of that number, and lasts.
    fn lasts(&mut self, batch: Batch, file: u64);
    /// Nothing that was said to be due since the last that lasts was written.
    fn failed(&mut self);
}

enum Command {
    Append {
        batch: Batch,
        record: Vec<u8>,
        done: SyncSender<Result<bool, Refused>>,
    },
    /// Go on in a new file; the number of the last one before it is told.
    Rotate {
        done: SyncSender<Result<u64, Error>>,
    },
}

/// The door to the writer.
pub(crate) struct Log {
    commands: Mutex<Option<SyncSender<Command>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Log {
    /// Begins a new file of that number.
    pub fn open(folder: PathBuf, number: u64, disk: Disk, accepts: Box<dyn Accepts>) -> Result<Log, Error> {
        let (commands, waiting) = sync_channel(WAITING_MAX);
        let file = create(&disk, &folder, number)?;
        let mut writer = Writer { folder: folder.clone(), number, file: Some(file), disk, accepts };
        let run = move || writer.run(&waiting);
        let thread = std::thread::Builder::new().name("lake-log".to_owned()).spawn(run);
        let thread = Mutex::new(Some(thread.map_err(Error::disk(&folder))?));
        Ok(Log { commands: Mutex::new(Some(commands)), thread })
    }

    /// Writes a batch; returns when it lasts. False when it was known already.
    pub fn append(&self, batch: Batch, record: Vec<u8>) -> Result<bool, Refused> {
        let (done, told) = sync_channel(1);
        self.send(Command::Append { batch, record, done })?;
        told.recv().map_err(|_| Error::Closed)?
    }

    /// Goes on in a new file and gives the number of the last one before it.
    pub fn rotate(&self) -> Result<u64, Error> {
        let (done, told) = sync_channel(1);
        self.send(Command::Rotate { done })?;
        told.recv().map_err(|_| Error::Closed)?
    }

    fn send(&self, command: Command) -> Result<(), Error> {
        // Waiting for room must not keep others from asking.
        let commands = crate::lock_of(&self.commands).clone().ok_or(Error::Closed)?;
        commands.send(command).map_err(|_| Error::Closed)
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        drop(crate::lock_of(&self.commands).take());
        if let Some(thread) = crate::lock_of(&self.thread).take() {
            let _ = thread.join();
        }
    }
}

struct Writer {
    folder: PathBuf,
    number: u64,
    /// Gone after it failed: what a disk did with what it could not make to last nobody knows, so nothing is added.
    file: Option<File>,
    disk: Disk,
    accepts: Box<dyn Accepts>,
}

/// A batch on its way, and who waits for it.
type Waiting = (Batch, SyncSender<Result<bool, Refused>>);

impl Writer {
    fn run(&mut self, commands: &Receiver<Command>) {
        while let Ok(first) = commands.recv() {
            let (mut group, mut bytes, mut rotate) = (Vec::new(), Vec::new(), None);
            let mut next = Some(first);
            while let Some(command) = next.take() {
                match command {
                    Command::Append { batch, record, done } => self.add(batch, &record, done, &mut group, &mut bytes),
                    Command::Rotate { done } => rotate = Some(done),
                }
                if rotate.is_none() && bytes.len() < GROUP_BYTES_MAX {
                    next = commands.try_recv().ok();
                }
            }
            self.write(group, &bytes);
            if let Some(done) = rotate {
                let _ = done.send(self.rotate());
            }
        }
    }

    fn add(
        &mut self,
        batch: Batch,
        record: &[u8],
        done: SyncSender<Result<bool, Refused>>,
        group: &mut Vec<Waiting>,
        bytes: &mut Vec<u8>,
    ) {
        match self.accepts.is_due(&batch) {
            Ok(true) => {
                bytes.extend(super::framed(record));
                group.push((batch, done));
            }
            // Known: but it may be in the same group, and then it lasts only with it.
            Ok(false) if group.is_empty() => drop(done.send(Ok(false))),
            Ok(false) => {
                let lasts = self.write(std::mem::take(group), &std::mem::take(bytes));
                let _ = done.send(if lasts { Ok(false) } else { Err(Error::Closed.into()) });
            }
            Err(refused) => drop(done.send(Err(refused))),
        }
    }

    /// Makes a group last and tells everybody; false when it does not.
    fn write(&mut self, group: Vec<Waiting>, bytes: &[u8]) -> bool {
        if group.is_empty() {
            return true;
        }
        match self.put(bytes) {
            Ok(()) => {
                for (batch, done) in group {
                    self.accepts.lasts(batch, self.number);
                    let _ = done.send(Ok(true));
                }
                true
            }
            Err(error) => {
                tracing::warn!(%error, "the log cannot be written");
                self.accepts.failed();
                self.file = None;
                let at = path(&self.folder, self.number);
                for (_, done) in group {
                    let source = std::io::Error::new(error.kind(), error.to_string());
                    let _ = done.send(Err(Error::Disk { path: at.clone(), source }.into()));
                }
                false
            }
        }
    }

    fn put(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        if self.file.is_none() {
            self.next_file().map_err(|error| match error {
                Error::Disk { source, .. } => source,
                other => std::io::Error::other(other.to_string()),
            })?;
        }
        let at = path(&self.folder, self.number);
        let Some(file) = &mut self.file else { return Ok(()) };
        self.disk.write(file, &at, bytes)?;
        self.disk.sync(file, &at)
    }

    fn rotate(&mut self) -> Result<u64, Error> {
        let last = self.number;
        self.next_file()?;
        Ok(last)
    }

    fn next_file(&mut self) -> Result<(), Error> {
        let number = self.number + 1;
        let file = create(&self.disk, &self.folder, number);
        // A name that is there already is that of an attempt that failed: it holds nothing that was acknowledged.
        self.number = number;
        self.file = Some(file?);
        Ok(())
    }
}

fn create(disk: &Disk, folder: &std::path::Path, number: u64) -> Result<File, Error> {
    let at = path(folder, number);
    let begun = || {
        let mut file = disk.create(&at)?;
        disk.write(&mut file, &at, MAGIC)?;
        disk.sync(&file, &at)?;
        disk.sync_folder(folder)?;
        Ok(file)
    };
    begun().map_err(Error::disk(&at))
}
