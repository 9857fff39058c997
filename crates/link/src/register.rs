//! Who may deliver: tokens that let collectors enrol, and the collectors with their certificates.
//!
//! A file that is only ever added to has a line for each change and lasts before anybody is told; the last line of a
//! token or collector is how it stands. Only collectors that are in it, with certificates that are in it, are taken: with
//! the file gone everybody enrols again. Of a token only the digest is kept.

use crate::authority::Authority;
use crate::certificate::{AskedKey, Peer, hex, is_group, read_request};
use crate::disk::{self, Disk};
use crate::error::{Error, NotEnrolled};
use crate::spool::lock_of;
use jiff::{SignedDuration, Timestamp};
use rustls::pki_types::CertificateDer;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

/// Tokens are for a roll-out, not for ever.
pub const TOKEN_LASTS_MAX: SignedDuration = SignedDuration::from_hours(24 * 30);
pub const TOKEN_USES_MAX: u32 = 10_000;
const TOKENS_MAX: usize = 1000;
const COLLECTORS_MAX: usize = 20_000;
/// Certificates of one collector that are good at a time: one that is used, and a few whose receipt was never told.
const CERTIFICATES_MAX: usize = 4;
/// Bytes of what a machine calls itself.
const MACHINE_BYTES_MAX: usize = 200;
/// Bytes of the file; more than the largest number of collectors needs many times over.
const FILE_BYTES_MAX: u64 = 1 << 30;
/// A collector whose certificates ended so long ago makes room for others.
const GONE_AFTER: SignedDuration = SignedDuration::from_hours(24 * 30);
/// Lines beside those that say how things stand, after which the file is written anew when it is opened.
const LINES_SPARE: usize = 1000;

/// The register, open. One process has it at a time.
pub struct Register {
    authority: Arc<Authority>,
    path: PathBuf,
    disk: Disk,
    /// Held by whoever changes something, while the disk is written too.
    writing: Mutex<Writing>,
    /// Held for a moment only: every batch that comes is asked about here.
    book: Mutex<Book>,
    changed: watch::Sender<u64>,
    _lock: File,
}

/// A token as it stands, without what would let somebody use it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// SHA-256 of the token: names it, and is of no use to enrol.
    pub digest: String,
    pub group: String,
    pub uses_left: u32,
    pub made: Timestamp,
    pub not_after: Timestamp,
}

/// A collector that enrolled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collector {
    /// Its name: the group and a number.
    pub collector: String,
    pub group: String,
    /// What the machine called itself when it enrolled; nobody checked it.
    pub machine: String,
    pub enrolled: Timestamp,
    /// Digest of the token it enrolled with.
    pub token: String,
    pub certificates: Vec<Certificate>,
    pub revoked: Option<Timestamp>,
}

/// A certificate that a collector was given and that may be good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// Its serial number, in hexadecimal.
    pub serial: String,
    /// SHA-256 of its public key.
    pub key: String,
    pub not_after: Timestamp,
}

/// A line of the file.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<Token>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    collector: Option<Collector>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dropped_token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dropped_collector: Option<String>,
}

#[derive(Default)]
struct Book {
    tokens: BTreeMap<String, Token>,
    collectors: BTreeMap<String, Collector>,
}

struct Writing {
    /// Gone after it failed and could not be set back.
    file: Option<File>,
    bytes: u64,
}

/// What a collector is given.
pub(crate) struct Issued {
    pub certificate: CertificateDer<'static>,
    pub authority: CertificateDer<'static>,
}

impl Register {
    /// Opens the register in a folder (`collectors.log`), or makes one.
    pub fn open(folder: &Path, authority: Arc<Authority>) -> Result<Register, Error> {
        Register::open_on(folder, authority, Disk::default())
    }

    /// The same on a disk of a test's own.
    pub fn open_on(folder: &Path, authority: Arc<Authority>, disk: Disk) -> Result<Register, Error> {
        disk::private_folder(folder).map_err(Error::disk(folder))?;
        let lock = folder.join("collectors.lock");
        let lock = disk::locked(&lock).map_err(Error::disk(&lock))?.ok_or_else(|| Error::InUse(folder.to_owned()))?;
        let path = folder.join("collectors.log");
        let (book, writing) = open(&path, &disk)?;
        let (changed, _) = watch::channel(0);
        let (book, writing) = (Mutex::new(book), Mutex::new(writing));
        Ok(Register { authority, path, disk, writing, book, changed, _lock: lock })
    }

    pub fn authority(&self) -> &Arc<Authority> {
        &self.authority
    }

    /// Makes a token with which so many collectors of a group can enrol until it ends. It is told here and never again.
    pub fn make_token(&self, group: &str, uses: u32, lasts: SignedDuration, now: Timestamp) -> Result<String, Error> {
        if !is_group(group) {
            return Err(Error::Group(group.chars().take(80).collect()));
        }
        let text = hex(&rand::random::<[u8; 32]>());
        let not_after = now.checked_add(lasts.min(TOKEN_LASTS_MAX)).map_err(Error::certificate)?;
        let token = Token {
            digest: digest(&text),
            group: group.to_owned(),
            uses_left: uses.min(TOKEN_USES_MAX),
            made: now,
            not_after,
        };
        let mut writing = lock_of(&self.writing);
        let is_ended = |token: &&Token| token.not_after <= now;
        let ended: Vec<Token> = lock_of(&self.book).tokens.values().filter(is_ended).cloned().collect();
        for dropped in ended {
            self.put(&mut writing, Line { dropped_token: Some(dropped.digest), ..Line::default() })?;
        }
        if lock_of(&self.book).tokens.len() >= TOKENS_MAX {
            return Err(Error::TooManyTokens { max: TOKENS_MAX });
        }
        self.put(&mut writing, Line { token: Some(token), ..Line::default() })?;
        Ok(text)
    }

    /// The tokens that have not ended.
    pub fn tokens(&self, now: Timestamp) -> Vec<Token> {
        lock_of(&self.book).tokens.values().filter(|token| token.not_after > now).cloned().collect()
    }

    /// Nobody enrols with it any more. False when there is none.
    pub fn drop_token(&self, digest: &str) -> Result<bool, Error> {
        let mut writing = lock_of(&self.writing);
        if !lock_of(&self.book).tokens.contains_key(digest) {
            return Ok(false);
        }
        self.put(&mut writing, Line { dropped_token: Some(digest.to_owned()), ..Line::default() })?;
        Ok(true)
    }

    pub fn collectors(&self) -> Vec<Collector> {
        lock_of(&self.book).collectors.values().cloned().collect()
    }

    pub fn collector(&self, name: &str) -> Option<Collector> {
        lock_of(&self.book).collectors.get(name).cloned()
    }

    /// Cuts a collector off: its streams end, and none of its certificates is taken any more.
    pub fn revoke(&self, collector: &str, now: Timestamp) -> Result<(), Error> {
        let mut writing = lock_of(&self.writing);
        let unknown = || Error::UnknownCollector(collector.chars().take(80).collect());
        let known = lock_of(&self.book).collectors.get(collector).cloned().ok_or_else(unknown)?;
        if known.revoked.is_some() {
            return Ok(());
        }
        let revoked = Collector { revoked: Some(now), ..known };
        self.put(&mut writing, Line { collector: Some(revoked), ..Line::default() })
    }

    /// Serial numbers that were revoked and would be good without that.
    pub fn revoked_serials(&self, now: Timestamp) -> Vec<String> {
        let book = lock_of(&self.book);
        let revoked = book.collectors.values().filter(|collector| collector.revoked.is_some());
        let certificates = revoked.flat_map(|collector| &collector.certificates);
        certificates.filter(|certificate| certificate.not_after > now).map(|one| one.serial.clone()).collect()
    }

    /// Told of every change.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Whether a certificate that the authority made is still taken.
    pub(crate) fn is_good(&self, peer: &Peer, now: Timestamp) -> bool {
        let book = lock_of(&self.book);
        let collector = book.collectors.get(&peer.collector).filter(|collector| collector.revoked.is_none());
        let certificate =
            collector.and_then(|known| known.certificates.iter().find(|certificate| certificate.serial == peer.serial));
        certificate.is_some_and(|certificate| certificate.not_after > now)
    }

    /// A certificate for whoever has a token. Asked again with the same token and key, as when the answer did not arrive,
    /// it is the same collector and takes no further use.
    pub(crate) fn enrol(
        &self,
        token: &str,
        request: &[u8],
        machine: &str,
        now: Timestamp,
    ) -> Result<Issued, NotEnrolled> {
        let mut writing = lock_of(&self.writing);
        let token = lock_of(&self.book).tokens.get(&digest(token)).filter(|token| token.not_after > now).cloned();
        // Without a token nothing that costs is done.
        let mut token = token.ok_or(NotEnrolled::Token)?;
        let asked = read_request(request).map_err(|_| NotEnrolled::Request)?;
        let is_same = |known: &&Collector| {
            known.token == token.digest && known.certificates.iter().any(|certificate| certificate.key == asked.digest)
        };
        let known = lock_of(&self.book).collectors.values().find(is_same).cloned();
        if let Some(known) = known {
            return self.issue(&mut writing, known, &asked, None, now);
        }
        token.uses_left = token.uses_left.checked_sub(1).ok_or(NotEnrolled::Token)?;
        self.make_room(&mut writing, now)?;
        let collector = Collector {
            collector: format!("{}/{:016x}", token.group, rand::random::<u64>()),
            group: token.group.clone(),
            machine: plain(machine),
            enrolled: now,
            token: token.digest.clone(),
            certificates: Vec::new(),
            revoked: None,
        };
        self.issue(&mut writing, collector, &asked, Some(token), now)
    }

    /// Another certificate for a collector that shows a good one.
    pub(crate) fn renew(&self, peer: &Peer, request: &[u8], now: Timestamp) -> Result<Issued, NotEnrolled> {
        if !self.is_good(peer, now) {
            return Err(NotEnrolled::Revoked);
        }
        let asked = read_request(request).map_err(|_| NotEnrolled::Request)?;
        let mut writing = lock_of(&self.writing);
        let known = lock_of(&self.book).collectors.get(&peer.collector).cloned().ok_or(NotEnrolled::Revoked)?;
        self.issue(&mut writing, known, &asked, None, now)
    }

    fn issue(
        &self,
        writing: &mut Writing,
        mut collector: Collector,
        asked: &AskedKey,
        token: Option<Token>,
        now: Timestamp,
    ) -> Result<Issued, NotEnrolled> {
        if collector.revoked.is_some() {
            return Err(NotEnrolled::Revoked);
        }
        let made = self.authority.collector(asked, &collector.collector, now).map_err(|_| NotEnrolled::Request)?;
        collector.certificates.retain(|certificate| certificate.not_after > now);
        let too_many = (collector.certificates.len() + 1).saturating_sub(CERTIFICATES_MAX);
        collector.certificates.drain(..too_many);
        let key = asked.digest.clone();
        collector.certificates.push(Certificate { serial: made.serial, key, not_after: made.not_after });
        let line = Line { token, collector: Some(collector), ..Line::default() };
        self.put(writing, line).map_err(|error| {
            tracing::warn!(%error, "the register cannot be written");
            NotEnrolled::Failed
        })?;
        Ok(Issued { certificate: made.der, authority: self.authority.certificate().clone() })
    }

    fn make_room(&self, writing: &mut Writing, now: Timestamp) -> Result<(), NotEnrolled> {
        let gone = |collector: &&Collector| {
            let last = collector.certificates.iter().map(|certificate| certificate.not_after).max();
            last.is_none_or(|last| now.duration_since(last) > GONE_AFTER)
        };
        let dropped = {
            let book = lock_of(&self.book);
            if book.collectors.len() < COLLECTORS_MAX {
                return Ok(());
            }
            book.collectors.values().find(gone).ok_or(NotEnrolled::TooMany)?.collector.clone()
        };
        let line = Line { dropped_collector: Some(dropped), ..Line::default() };
        self.put(writing, line).map_err(|_| NotEnrolled::Failed)
    }

    /// Writes a change, makes it last, and only then does it count.
    fn put(&self, writing: &mut Writing, line: Line) -> Result<(), Error> {
        writing.write(&self.disk, &self.path, &line).map_err(Error::disk(&self.path))?;
        lock_of(&self.book).take(line);
        self.changed.send_modify(|changes| *changes += 1);
        Ok(())
    }
}

fn open(path: &Path, disk: &Disk) -> Result<(Book, Writing), Error> {
    let file = disk.open(path).map_err(Error::disk(path))?;
    let length = file.metadata().map_err(Error::disk(path))?.len();
    let damaged = |cause: String| Error::Damaged { path: path.to_owned(), cause };
    if length > FILE_BYTES_MAX {
        return Err(damaged(format!("{length} bytes are too many")));
    }
    let bytes = std::fs::read(path).map_err(Error::disk(path))?;
    // What is behind the last line was cut off while it was written, and nobody was told of it.
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let (mut book, mut lines) = (Book::default(), 0);
    for line in bytes.get(..whole).unwrap_or_default().split_inclusive(|byte| *byte == b'\n') {
        lines += 1;
        // Half of what is known of who may deliver is worse than nothing: somebody looks at it.
        book.take(serde_json::from_slice(line).map_err(|error| damaged(format!("line {lines}: {error}")))?);
    }
    if lines > book.tokens.len() + book.collectors.len() + LINES_SPARE {
        let writing = write_anew(&book, disk, path).map_err(Error::disk(path))?;
        return Ok((book, writing));
    }
    if whole < bytes.len() {
        disk.cut(&file, path, whole as u64).map_err(Error::disk(path))?;
    }
    // The name of a file that is new lasts too.
    path.parent().map_or(Ok(()), |folder| disk.sync_folder(folder)).map_err(Error::disk(path))?;
    Ok((book, Writing { file: Some(file), bytes: whole as u64 }))
}

/// How things stand, without how they came to.
fn write_anew(book: &Book, disk: &Disk, path: &Path) -> std::io::Result<Writing> {
    let mut bytes = Vec::new();
    let tokens = book.tokens.values().map(|token| Line { token: Some(token.clone()), ..Line::default() });
    let collectors =
        book.collectors.values().map(|collector| Line { collector: Some(collector.clone()), ..Line::default() });
    for line in tokens.chain(collectors) {
        serde_json::to_writer(&mut bytes, &line)?;
        bytes.push(b'\n');
    }
    disk.put(path, &bytes)?;
    Ok(Writing { file: Some(disk.open(path)?), bytes: bytes.len() as u64 })
}

impl Book {
    fn take(&mut self, line: Line) {
        if let Some(token) = line.token {
            self.tokens.insert(token.digest.clone(), token);
        }
        if let Some(collector) = line.collector {
            self.collectors.insert(collector.collector.clone(), collector);
        }
        line.dropped_token.map(|digest| self.tokens.remove(&digest));
        line.dropped_collector.map(|name| self.collectors.remove(&name));
    }
}

impl Writing {
    fn write(&mut self, disk: &Disk, path: &Path, line: &Line) -> std::io::Result<()> {
        let mut bytes = serde_json::to_vec(line)?;
        bytes.push(b'\n');
        let mut file = self.file.take().ok_or_else(|| std::io::Error::other("it failed before"))?;
        let written = file
            .seek(SeekFrom::Start(self.bytes))
            .and_then(|_| disk.write(&mut file, path, &bytes))
            .and_then(|()| disk.sync(&file, path));
        match written {
            Ok(()) => self.bytes += bytes.len() as u64,
            // When it cannot be cut off nobody knows what is there, and nothing more is written.
            Err(error) => {
                disk.cut(&file, path, self.bytes)?;
                self.file = Some(file);
                return Err(error);
            }
        }
        self.file = Some(file);
        Ok(())
    }
}

fn digest(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}

/// What a machine calls itself, as text that can be shown.
fn plain(machine: &str) -> String {
    let mut text = String::new();
    for char in machine.chars().filter(|char| !char.is_control()) {
        if text.len() + char.len_utf8() > MACHINE_BYTES_MAX {
            break;
        }
        text.push(char);
    }
    text
}
