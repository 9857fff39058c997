//! The machine that is read and set: its files below a folder, and its programs, each with a time limit.

use crate::kernel::files::open_regular;
use model::Message;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Of what a program says; the rest is not looked at.
const SAID_BYTES_MAX: u64 = 256 << 10;
const PROGRAM_WITHIN: Duration = Duration::from_secs(20);
/// What a program said is waited for no longer once it has ended: a child of it may hold its output.
const SAID_WITHIN: Duration = Duration::from_secs(1);
const PLACES: &[&str] = &["usr/sbin", "usr/bin", "sbin", "bin"];
const TICK: Duration = Duration::from_millis(5);

#[derive(Debug, Clone)]
pub struct Machine {
    root: PathBuf,
}

/// What came of a program.
#[derive(Debug, Default)]
pub struct Said {
    pub went: bool,
    pub out: String,
    pub error: String,
}

impl Machine {
    /// The one whose files lie below a folder: `/`, or what a test made.
    pub fn new(root: impl Into<PathBuf>) -> Machine {
        Machine { root: root.into() }
    }

    /// Where an absolute path is.
    pub fn path(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// What is in a file, which must not be larger.
    pub fn file(&self, path: &str, bytes_max: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        open_regular(&self.path(path))?.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > bytes_max { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
    }

    /// Puts a file in its place in one piece, with the owner and the permissions of what stands there.
    pub fn put(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        // What is named by a link stays where it is.
        let path = self.path(path);
        let path = fs::canonicalize(&path).unwrap_or(path);
        let before = fs::metadata(&path).ok();
        let new = beside(&path);
        let _ = fs::remove_file(&new);
        let mode = before.as_ref().map_or(0o644, |before| before.mode() & 0o7777);
        let written = written(&new, bytes, mode, before.map(|before| (before.uid(), before.gid())));
        let put = written.and_then(|()| fs::rename(&new, &path));
        if put.is_err() {
            let _ = fs::remove_file(&new);
        }
        put?;
        path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    }

    /// Removes a file; one that is not there is gone.
    pub fn remove(&self, path: &str) -> io::Result<()> {
        match fs::remove_file(self.path(path)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            gone => gone,
        }
    }

    /// Writes a value of the kernel.
    pub fn tell_kernel(&self, path: &str, value: &str) -> io::Result<()> {
        OpenOptions::new().write(true).open(self.path(path))?.write_all(value.as_bytes())
    }

    pub fn program(&self, name: &str) -> Option<PathBuf> {
        let places = PLACES.iter().map(|place| self.root.join(place).join(name));
        places.into_iter().find(|path| path.is_file())
    }

    /// Runs a program to its end, with nothing of this one's environment.
    ///
    /// # Errors
    /// When there is none, it cannot be started, or does not end in time.
    pub fn run(&self, name: &str, arguments: &[&str]) -> Result<Said, Message> {
        let missing = || Message::new("baseline.no-program").with("program", name);
        let failed = |error: &io::Error| program_failed(name).reason("why", error);
        let path = self.program(name).ok_or_else(missing)?;
        let mut command = Command::new(path);
        command.args(arguments).env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("LC_ALL", "C");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).current_dir("/").process_group(0);
        let mut child = command.spawn().map_err(|error| failed(&error))?;
        let (out, error) = (heard(child.stdout.take()), heard(child.stderr.take()));
        let went = ended(&mut child).map_err(|error| failed(&error))?;
        let text = |from: Receiver<Vec<u8>>| {
            String::from_utf8_lossy(&from.recv_timeout(SAID_WITHIN).unwrap_or_default()).into_owned()
        };
        Ok(Said { went, out: text(out), error: text(error) })
    }
}

pub fn program_failed(name: &str) -> Message {
    Message::new("baseline.program-failed").with("program", name)
}

impl Said {
    /// Its first line of what went wrong, short.
    pub fn why(&self) -> String {
        let line = [&self.error, &self.out].into_iter().flat_map(|text| text.lines()).find(|line| !line.is_empty());
        line.unwrap_or("-").chars().take(200).collect()
    }
}

/// A name in the same folder that no reader of it takes for a file of its own.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.redoubt-new"))
}

fn written(path: &Path, bytes: &[u8], mode: u32, owner: Option<(u32, u32)>) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    if let Some((user, group)) = owner {
        fchown(&file, Some(user), Some(group))?;
    }
    file.set_permissions(Permissions::from_mode(mode))?;
    file.sync_all()
}

/// What comes out of a pipe, read by somebody else so that nobody waits for it.
fn heard(pipe: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (to, from) = channel();
    if let Some(mut pipe) = pipe {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = pipe.by_ref().take(SAID_BYTES_MAX).read_to_end(&mut bytes);
            let _ = to.send(bytes);
            // One that says more must not wait for a reader.
            let _ = io::copy(&mut pipe, &mut io::sink());
        });
    }
    from
}

/// Whether it ended well; with its children it is killed when it takes too long.
fn ended(child: &mut Child) -> io::Result<bool> {
    let until = Instant::now() + PROGRAM_WITHIN;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.success());
        }
        if Instant::now() >= until {
            if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
                let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
            }
            let _ = child.wait();
            return Err(io::ErrorKind::TimedOut.into());
        }
        std::thread::sleep(TICK);
    }
}
