//! Opens files for whoever holds the other end of the line: each in a copy of this process.
//!
//! This process reads nothing of a file and of a report only how long it is. It has one thread, so that a copy of it is
//! whole.

use crate::guesser::Guesser;
use crate::rules::Rules;
use crate::{confine, copy, sys};
use analysis::{Ended, GRACE, How, READY, REPORT_BYTES_MAX, REQUEST_BYTES_MAX, Request};
use model::Message;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use std::fs::File;
use std::io::{self, IoSliceMut, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// Serves until the other end is closed.
///
/// # Errors
/// When the rules cannot be read, or the line breaks.
pub fn serve(line: OwnedFd, rules: Option<&Path>, model: Option<&Path>) -> io::Result<()> {
    let mut line = Some(UnixStream::from(line));
    let rules = rules.map(Rules::load).transpose()?;
    let guesser = match model.map(Guesser::load).transpose() {
        Ok(guesser) => guesser,
        Err(why) => return line.as_mut().map_or(Ok(()), |line| refuse(line, &why)),
    };
    copy::make_ready();
    confine::make_ready()?;
    sys::data_bytes();
    if !confine::no_files()? {
        eprintln!("redoubt-open: this kernel has no Landlock; files are kept away by a filter of calls only");
    }
    if let Some(line) = &mut line {
        line.write_all(READY)?;
    }
    while let Some((request, file)) = line.as_mut().map(asked).transpose()?.flatten() {
        let (ended, report) = open(&mut line, &request, file, rules.as_ref(), guesser.as_ref())?;
        if let Some(line) = &mut line {
            tell(line, &ended, &report)?;
        }
    }
    Ok(())
}

/// The next request and the file that came with it; none when the other end is closed.
fn asked(line: &mut UnixStream) -> io::Result<Option<(Request, File)>> {
    let mut length = [0; 4];
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut beside = RecvAncillaryBuffer::new(&mut space);
    let received = recvmsg(&*line, &mut [IoSliceMut::new(&mut length)], &mut beside, RecvFlags::CMSG_CLOEXEC)?;
    if received.bytes == 0 {
        return Ok(None);
    }
    let mut files = beside.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(files) => Some(files),
        _ => None,
    });
    let file = files.next().and_then(|mut files| files.next());
    line.read_exact(length.get_mut(received.bytes..).unwrap_or_default())?;
    let length = u32::from_le_bytes(length) as usize;
    let (Some(file), true) = (file, length <= REQUEST_BYTES_MAX) else {
        return Err(io::Error::from(io::ErrorKind::InvalidData));
    };
    let mut text = vec![0; length];
    line.read_exact(&mut text)?;
    Ok(Some((serde_json::from_slice(&text)?, File::from(file))))
}

/// Has a copy of this process open a file, and watches over it.
fn open(
    line: &mut Option<UnixStream>,
    request: &Request,
    file: File,
    rules: Option<&Rules>,
    guesser: Option<&Guesser>,
) -> io::Result<(Ended, Vec<u8>)> {
    let (told, tells) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    let original = sys::own_id();
    let process = match sys::fork()? {
        sys::Side::Copy => {
            // A reader that was taken over shall not speak on the line, which is the standard input as well.
            drop((told, line.take()));
            let done = rustix::stdio::dup2_stdin(&tells).map_err(io::Error::from);
            let done = done.and_then(|()| copy::open(request, &file, rules, guesser, original));
            let code = match done.and_then(|report| File::from(tells).write_all(&report)) {
                Ok(()) => 0,
                Err(error) => {
                    eprintln!("redoubt-open: a copy cannot open its file: {error}");
                    1
                }
            };
            sys::end(code);
        }
        sys::Side::Original(process) => process,
    };
    drop((tells, file));
    let until = Instant::now() + Duration::from_secs(request.costs.seconds) + GRACE;
    let (report, stopped) = gather(&File::from(told), until);
    if stopped.is_some() {
        sys::kill(process);
    }
    let gone = sys::wait(process)?;
    let how = match (stopped, sys::signal_of(gone.status), sys::exit_code_of(gone.status)) {
        (Some(why), _, _) => why,
        (None, Some(libc::SIGXCPU), _) => How::Late,
        (None, Some(signal), _) => How::Signal(signal),
        (None, None, Some(0)) => How::Done,
        (None, None, _) => How::Failed,
    };
    let report = if how == How::Done { report } else { Vec::new() };
    let cpu_ms = u64::try_from(gone.cpu.as_millis()).unwrap_or(u64::MAX);
    Ok((Ended { how, cpu_ms, peak_bytes: gone.peak_bytes, report_bytes: report.len() }, report))
}

/// What a copy tells until it is gone, or why it was not listened to any longer.
fn gather(told: &File, until: Instant) -> (Vec<u8>, Option<How>) {
    let mut report = Vec::new();
    let mut portion = [0; 64 << 10];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return (report, Some(How::Late));
        }
        let wait = Timespec::try_from(left).unwrap_or(Timespec { tv_sec: 1, tv_nsec: 0 });
        let mut watched = [PollFd::from_borrowed_fd(told.as_fd(), PollFlags::IN)];
        match poll(&mut watched, Some(&wait)) {
            Ok(0) => return (report, Some(How::Late)),
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => return (report, Some(How::Failed)),
        }
        match (&*told).read(&mut portion) {
            Ok(0) => return (report, None),
            Ok(count) => report.extend_from_slice(portion.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return (report, Some(How::Failed)),
        }
        if report.len() > REPORT_BYTES_MAX {
            return (report, Some(How::TooMuch));
        }
    }
}

/// Tells that this process cannot begin, and why.
fn refuse(line: &mut UnixStream, why: &Message) -> io::Result<()> {
    let text = serde_json::to_vec(why)?;
    line.write_all(b"-")?;
    line.write_all(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes())?;
    line.write_all(&text)
}

fn tell(line: &mut UnixStream, ended: &Ended, report: &[u8]) -> io::Result<()> {
    let head = serde_json::to_vec(ended)?;
    line.write_all(&u32::try_from(head.len()).unwrap_or(u32::MAX).to_le_bytes())?;
    line.write_all(&head)?;
    line.write_all(report)
}
