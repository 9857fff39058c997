//! Releases of the agent: a program in an envelope, signed by whoever builds agents.
//!
//! The content is the length of the header (four bytes, big-endian), the header as JSON, and the program, packed with
//! Zstandard. The key is never the one of a server: a server orders which release runs, and cannot make one.

use super::KeyChange;
use super::envelope::{self, Domain};
use super::keys::{KEYS_MAX, KeyId, PublicKey, Signer, TrustedKeys};
use super::refused::Refused;
use crate::Digest;
use crate::said::{number, says_its_message};
use model::Message;
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Write};

/// Bytes of a bundle at most: what fits on the way to an endpoint.
pub const RELEASE_BYTES_MAX: usize = 64 << 20;
/// Bytes of a program at most.
pub const PROGRAM_BYTES_MAX: u64 = 256 << 20;
const HEADER_BYTES_MAX: usize = 64 << 10;
const VERSION_BYTES_MAX: usize = 64;
const TARGET_BYTES_MAX: usize = 64;
const NOTES_BYTES_MAX: usize = 16 << 10;
/// Programs of one version: one for each kind of machine.
const TARGETS_MAX: usize = 16;
/// Above it the last percent takes longer than all before it.
const LEVEL: i32 = 9;
/// Of the window that a packed program may ask for, as a power of two.
const WINDOW_LOG_MAX: u32 = 27;

/// What a bundle says of its program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    pub version: String,
    /// The kind of machine that it runs on, as compilers name it.
    pub target: String,
    pub bytes: u64,
    pub sha256: Digest,
    /// The oldest version that it may follow, where it does not follow every one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<String>,
    /// Seconds since 1970, UTC.
    #[serde(default)]
    pub made: u64,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub notes: String,
    /// Keys whose releases are believed once this one runs, and those whose are not any more.
    #[serde(default, skip_serializing_if = "KeyChange::is_nothing")]
    pub keys: KeyChange,
}

/// What orders say of the agent itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentOrders {
    pub version: String,
    /// The program that is to run, by the kind of machine.
    pub programs: BTreeMap<String, Digest>,
    /// Keys whose releases are believed by whoever believes none yet. Later ones come with releases.
    pub keys: BTreeSet<PublicKey>,
    /// It may take the place of a newer one.
    #[serde(default)]
    pub older: bool,
}

/// The kind of machine that this program runs on.
pub fn this_target() -> String {
    let arch = std::env::consts::ARCH;
    match () {
        () if cfg!(all(target_os = "linux", target_env = "musl")) => format!("{arch}-unknown-linux-musl"),
        () if cfg!(target_os = "linux") => format!("{arch}-unknown-linux-gnu"),
        () if cfg!(windows) => format!("{arch}-pc-windows-gnu"),
        () => format!("{arch}-unknown-{}", std::env::consts::OS),
    }
}

/// Whether a text can be a version: letters, digits, dots, plus and minus.
pub fn is_version(text: &str) -> bool {
    is_plain(text, VERSION_BYTES_MAX, b".+-") && text.starts_with(|first: char| first.is_ascii_digit())
}

fn is_plain(text: &str, most: usize, more: &[u8]) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
}

/// Which of two versions is the newer one: by numbers where there are numbers, and what is before a release (`1.2.0-rc.1`)
/// is older than it. What is behind a plus tells builds apart and no versions.
pub fn compare_versions(one: &str, other: &str) -> Ordering {
    let parts = |text: &str| -> (Vec<String>, Vec<String>) {
        let text = text.split_once('+').map_or(text, |(text, _)| text);
        let (release, before) = text.split_once('-').map_or((text, ""), |(release, before)| (release, before));
        let split = |text: &str| text.split('.').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        (split(release), split(before))
    };
    let ((release, before), (other_release, other_before)) = (parts(one), parts(other));
    compare_parts(&release, &other_release, "0").then_with(|| match (before.is_empty(), other_before.is_empty()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => compare_parts(&before, &other_before, ""),
    })
}

fn compare_parts(one: &[String], other: &[String], missing: &str) -> Ordering {
    let at = |parts: &[String], at: usize| parts.get(at).cloned().unwrap_or_else(|| missing.to_owned());
    for place in 0..one.len().max(other.len()) {
        let (one, other) = (at(one, place), at(other, place));
        let order = match (one.parse::<u64>(), other.parse::<u64>()) {
            (Ok(one), Ok(other)) => one.cmp(&other),
            // As everybody orders them: a number before a word.
            (Ok(_), Err(_)) if !other.is_empty() => Ordering::Less,
            (Err(_), Ok(_)) if !one.is_empty() => Ordering::Greater,
            _ => one.cmp(&other),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}

/// How many bytes there are and their SHA-256.
///
/// # Errors
/// When they cannot be read.
pub fn sum_of(mut from: impl Read) -> io::Result<(u64, Digest)> {
    let (mut sum, mut block) = (Summing::new(io::sink()), vec![0; 1 << 16]);
    loop {
        match from.read(&mut block) {
            Ok(0) => return Ok(sum.end()),
            Ok(read) => sum.write_all(block.get(..read).unwrap_or_default())?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

struct Summing<W> {
    to: W,
    bytes: u64,
    context: Context,
}

impl<W: Write> Summing<W> {
    fn new(to: W) -> Summing<W> {
        Summing { to, bytes: 0, context: Context::new(&SHA256) }
    }

    fn end(self) -> (u64, Digest) {
        let mut sum = Digest([0; 32]);
        sum.0.iter_mut().zip(self.context.finish().as_ref()).for_each(|(to, from)| *to = *from);
        (self.bytes, sum)
    }
}

impl<W: Write> Write for Summing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.context.update(bytes.get(..written).unwrap_or_default());
        self.bytes = self.bytes.saturating_add(written as u64);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Why a bundle is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadRelease {
    TooLarge {
        bytes: u64,
        most: u64,
    },
    /// Not what it should be, or not all of it.
    Damaged,
    UnknownKey {
        key: KeyId,
    },
    /// It says that a known key signed it, and that one did not.
    Forged {
        key: KeyId,
    },
    /// The signature holds, and still the header cannot be read; with the reason of the reader.
    Unreadable {
        why: String,
    },
    /// The header says what no header may say.
    Header {
        field: &'static str,
    },
    /// The program in it is not the one that the header names.
    OtherProgram,
    /// For another kind of machine.
    Target {
        target: String,
        here: String,
    },
    /// Older than what runs, and nobody ordered that.
    Older {
        version: String,
        runs: String,
    },
    /// It does not follow what runs.
    DoesNotFollow {
        version: String,
        follows: String,
        runs: String,
    },
    /// What was unpacked could not be written.
    Unwritten {
        why: String,
    },
    Keys(Refused),
}

says_its_message!(BadRelease);

impl BadRelease {
    pub fn message(&self) -> Message {
        match self {
            BadRelease::TooLarge { bytes, most } => {
                Message::new("policy.release-too-large").number("bytes", number(*bytes)).number("most", number(*most))
            }
            BadRelease::Damaged => Message::new("policy.release-damaged"),
            BadRelease::UnknownKey { key } => Message::new("policy.release-unknown-key").with("key", key),
            BadRelease::Forged { key } => Message::new("policy.release-forged").with("key", key),
            BadRelease::Unreadable { why } => Message::new("policy.release-unreadable").with("why", why),
            BadRelease::Header { field } => Message::new("policy.release-header").with("field", field),
            BadRelease::OtherProgram => Message::new("policy.release-other-program"),
            BadRelease::Target { target, here } => {
                Message::new("policy.release-target").with("target", target).with("here", here)
            }
            BadRelease::Older { version, runs } => {
                Message::new("policy.release-older").with("version", version).with("runs", runs)
            }
            BadRelease::DoesNotFollow { version, follows, runs } => Message::new("policy.release-does-not-follow")
                .with("version", version)
                .with("follows", follows)
                .with("runs", runs),
            BadRelease::Unwritten { why } => Message::new("policy.release-unwritten").with("why", why),
            BadRelease::Keys(why) => why.message(),
        }
    }
}

impl From<Refused> for BadRelease {
    fn from(why: Refused) -> BadRelease {
        match why {
            Refused::TooLarge { bytes, most } => BadRelease::TooLarge { bytes: bytes as u64, most: most as u64 },
            Refused::Damaged => BadRelease::Damaged,
            Refused::UnknownKey { key } => BadRelease::UnknownKey { key },
            Refused::Forged { key } => BadRelease::Forged { key },
            why => BadRelease::Keys(why),
        }
    }
}

impl Release {
    /// A bundle with this program; its size and digest are put in.
    ///
    /// # Errors
    /// When nobody would take it.
    pub fn seal(&self, program: &[u8], signer: &Signer) -> Result<Vec<u8>, BadRelease> {
        let unwritten = |error: io::Error| BadRelease::Unwritten { why: error.to_string() };
        let (bytes, sha256) = sum_of(program).map_err(unwritten)?;
        let release = Release { bytes, sha256, ..self.clone() };
        release.check()?;
        TrustedKeys::new([signer.public()]).may_change(signer.public().id(), &release.keys)?;
        let header = serde_json::to_vec(&release).map_err(|error| BadRelease::Unreadable { why: error.to_string() })?;
        let length = u32::try_from(header.len()).map_err(|_| BadRelease::Header { field: "notes" })?;
        let packed = zstd::encode_all(program, LEVEL).map_err(unwritten)?;
        let payload = [length.to_be_bytes().as_slice(), &header, &packed].concat();
        Ok(envelope::seal(Domain::Release, &payload, signer)?)
    }

    fn check(&self) -> Result<(), BadRelease> {
        if self.bytes > PROGRAM_BYTES_MAX {
            return Err(BadRelease::TooLarge { bytes: self.bytes, most: PROGRAM_BYTES_MAX });
        }
        let follows_is_good = self.follows.as_deref().is_none_or(is_version);
        let checks = [
            ("version", is_version(&self.version)),
            ("target", is_plain(&self.target, TARGET_BYTES_MAX, b"-_.")),
            ("bytes", self.bytes > 0),
            ("follows", follows_is_good),
            ("notes", self.notes.len() <= NOTES_BYTES_MAX),
            ("keys", self.keys.introduced.len() <= KEYS_MAX && self.keys.retired.len() <= KEYS_MAX),
        ];
        match checks.into_iter().find(|(_, is_good)| !is_good) {
            Some((field, _)) => Err(BadRelease::Header { field }),
            None => Ok(()),
        }
    }

    /// Whether it may take the place of what runs on a machine.
    ///
    /// # Errors
    /// With the reason.
    pub fn may_follow(&self, runs: &str, here: &str, older: bool) -> Result<(), BadRelease> {
        if self.target != here {
            return Err(BadRelease::Target { target: self.target.clone(), here: here.to_owned() });
        }
        let (version, runs) = (self.version.clone(), runs.to_owned());
        if !older && compare_versions(&version, &runs) == Ordering::Less {
            return Err(BadRelease::Older { version, runs });
        }
        match &self.follows {
            Some(follows) if compare_versions(&runs, follows) == Ordering::Less => {
                Err(BadRelease::DoesNotFollow { version, follows: follows.clone(), runs })
            }
            _ => Ok(()),
        }
    }
}

/// A bundle whose signature holds.
#[derive(Debug)]
pub struct Bundle<'a> {
    /// Who signed it.
    pub key: KeyId,
    pub release: Release,
    packed: &'a [u8],
}

impl Bundle<'_> {
    /// Writes the program. What was written is to be thrown away when this fails.
    ///
    /// # Errors
    /// When it is not the program that the header names, or cannot be written.
    pub fn unpack(&self, to: impl Write) -> Result<(), BadRelease> {
        let Release { bytes, sha256, .. } = &self.release;
        let mut decoder = zstd::stream::read::Decoder::new(self.packed).map_err(|_| BadRelease::Damaged)?;
        decoder.window_log_max(WINDOW_LOG_MAX).map_err(|_| BadRelease::Damaged)?;
        // One more than there may be, to see that there is more.
        let mut from = decoder.take(bytes.saturating_add(1));
        let (mut sum, mut block) = (Summing::new(to), vec![0; 1 << 16]);
        loop {
            let read = match from.read(&mut block) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => return Err(BadRelease::Damaged),
            };
            let written = sum.write_all(block.get(..read).unwrap_or_default());
            written.map_err(|error| BadRelease::Unwritten { why: error.to_string() })?;
        }
        if sum.end() == (*bytes, *sha256) { Ok(()) } else { Err(BadRelease::OtherProgram) }
    }
}

/// A bundle from outside. Its program is not looked at yet: see [`Bundle::unpack`].
///
/// # Errors
/// With the reason.
pub fn open_release<'a>(bytes: &'a [u8], keys: &TrustedKeys) -> Result<Bundle<'a>, BadRelease> {
    let opened = envelope::open(Domain::Release, bytes, keys)?;
    let bundle = read(opened.payload, opened.key)?;
    keys.may_change(opened.key, &bundle.release.keys)?;
    Ok(bundle)
}

/// Which key a bundle claims to be signed with; nothing of that is checked.
pub fn claimed_key(bytes: &[u8]) -> Option<KeyId> {
    envelope::claimed_key(bytes)
}

/// Everything behind the signature.
pub(super) fn read(payload: &[u8], key: KeyId) -> Result<Bundle<'_>, BadRelease> {
    let (length, rest) = payload.split_first_chunk::<4>().ok_or(BadRelease::Damaged)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| BadRelease::Damaged)?;
    if length > HEADER_BYTES_MAX {
        return Err(BadRelease::TooLarge { bytes: length as u64, most: HEADER_BYTES_MAX as u64 });
    }
    let (header, packed) = rest.split_at_checked(length).ok_or(BadRelease::Damaged)?;
    let unreadable = |error: serde_json::Error| BadRelease::Unreadable { why: error.to_string() };
    let release: Release = serde_json::from_slice(header).map_err(unreadable)?;
    release.check()?;
    Ok(Bundle { key, release, packed })
}

impl AgentOrders {
    /// Whether an endpoint can do anything with it.
    pub(super) fn check(&self) -> Result<(), Refused> {
        let is_good = is_version(&self.version)
            && self.keys.len() <= KEYS_MAX
            && self.programs.len() <= TARGETS_MAX
            && self.programs.keys().all(|target| is_plain(target, TARGET_BYTES_MAX, b"-_."));
        let why = || Message::new("policy.orders-agent-bad");
        if is_good { Ok(()) } else { Err(Refused::Content { why: why() }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::said::tests::speaks;
    use proptest::prelude::*;

    fn signer() -> Signer {
        Signer::from_pkcs8(&Signer::generate().unwrap()).unwrap()
    }

    fn release() -> Release {
        Release {
            version: "1.2.0".to_owned(),
            target: this_target(),
            bytes: 0,
            sha256: Digest([0; 32]),
            follows: Some("1.0".to_owned()),
            made: 7,
            notes: "fixes".to_owned(),
            keys: KeyChange::default(),
        }
    }

    #[test]
    fn a_program_comes_out_as_it_was_put_in() {
        let (signer, program) = (signer(), b"\x7fELF and more".repeat(10_000));
        let bytes = release().seal(&program, &signer).unwrap();
        let keys = TrustedKeys::new([signer.public()]);
        let bundle = open_release(&bytes, &keys).unwrap();
        let mut out = Vec::new();
        bundle.unpack(&mut out).unwrap();
        assert_eq!((out, bundle.release.bytes), (program.clone(), program.len() as u64));
        assert_eq!(bundle.release.sha256, sum_of(program.as_slice()).unwrap().1);
        assert_eq!(bundle.key, claimed_key(&bytes).unwrap());
    }

    #[test]
    fn what_nobody_believed_signed_or_somebody_changed_is_refused() {
        let (signer, other) = (signer(), super::tests::signer());
        let bytes = release().seal(b"program", &signer).unwrap();
        let keys = TrustedKeys::new([signer.public()]);
        let why = |bytes: &[u8], keys: &TrustedKeys| {
            let why = open_release(bytes, keys).map(|bundle| bundle.release).unwrap_err();
            speaks(&why.message());
            why
        };
        let key = signer.public().id();
        assert_eq!(why(&bytes, &TrustedKeys::new([other.public()])), BadRelease::UnknownKey { key });
        let mut changed = bytes.clone();
        changed[40] ^= 1;
        assert_eq!(why(&changed, &keys), BadRelease::Forged { key });
        assert_eq!(why(&bytes[..bytes.len() - 1], &keys), BadRelease::Damaged);
        // Signed by the same key for another purpose: it says nothing here.
        let orders = envelope::seal(Domain::Orders, b"{}", &signer).unwrap();
        assert_eq!(why(&orders, &keys), BadRelease::Forged { key });
        // One whose maker made a mistake, or lies.
        let lying = |header: &Release, packed: &[u8]| {
            let header = serde_json::to_vec(header).unwrap();
            let length = u32::try_from(header.len()).unwrap().to_be_bytes();
            envelope::seal(Domain::Release, &[length.as_slice(), &header, packed].concat(), &signer).unwrap()
        };
        let (bytes, sha256) = sum_of(b"program".as_slice()).unwrap();
        let named = Release { bytes, sha256, ..release() };
        let unpacked = |bytes: &[u8]| open_release(bytes, &keys).unwrap().unpack(io::sink());
        assert_eq!(unpacked(&lying(&named, &zstd::encode_all(&b"program"[..], 1).unwrap())), Ok(()));
        assert_eq!(
            unpacked(&lying(&named, &zstd::encode_all(&b"virus!!"[..], 1).unwrap())),
            Err(BadRelease::OtherProgram)
        );
        let bomb = zstd::encode_all(vec![0; 64 << 20].as_slice(), 1).unwrap();
        assert_eq!(unpacked(&lying(&named, &bomb)), Err(BadRelease::OtherProgram));
        assert_eq!(unpacked(&lying(&named, b"no zstd")), Err(BadRelease::Damaged));
        for bad in [
            Release { version: "x; rm".to_owned(), ..named.clone() },
            Release { target: "../up".to_owned(), ..named.clone() },
            Release { bytes: PROGRAM_BYTES_MAX + 1, ..named.clone() },
            Release { notes: "x".repeat(NOTES_BYTES_MAX + 1), ..named.clone() },
        ] {
            why(&lying(&bad, &[]), &keys);
        }
        let retires = KeyChange { retired: [key].into(), ..KeyChange::default() };
        assert!(matches!(why(&lying(&Release { keys: retires, ..named }, &[]), &keys), BadRelease::Keys(_)));
    }

    #[test]
    fn an_older_version_and_another_machine_are_refused_unless_ordered() {
        let (release, here) = (release(), this_target());
        assert_eq!(release.may_follow("1.1.9", &here, false), Ok(()));
        assert_eq!(release.may_follow("1.2.0", &here, false), Ok(()));
        let older = release.may_follow("1.10.0", &here, false).unwrap_err();
        assert!(matches!(older, BadRelease::Older { .. }), "{older:?}");
        assert_eq!(release.may_follow("1.10.0", &here, true), Ok(()));
        let jump = release.may_follow("0.9", &here, false).unwrap_err();
        let target = release.may_follow("1.1", "riscv64gc-unknown-linux-gnu", true).unwrap_err();
        assert!(matches!(target, BadRelease::Target { .. }));
        [older, jump, target].iter().for_each(|why| speaks(&why.message()));
    }

    #[test]
    fn versions_have_the_order_that_people_expect() {
        let ordered =
            ["0.9", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-rc.2", "1.0.0-rc.10", "1.0", "1.0.1", "1.2", "1.10"];
        for (at, one) in ordered.iter().enumerate() {
            for (other_at, other) in ordered.iter().enumerate() {
                assert_eq!(compare_versions(one, other), at.cmp(&other_at), "{one} {other}");
            }
        }
        assert_eq!(compare_versions("1.0", "1.0.0+build.7"), Ordering::Equal);
        assert!(is_version("1.0.0-rc.1+x") && !is_version("v1") && !is_version("1 0") && !is_version(""));
    }

    proptest! {
        #[test]
        fn no_bundle_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(bundle) = read(&bytes, KeyId([0; 16])) {
                let _ = bundle.unpack(io::sink());
            }
            let _ = open_release(&bytes, &TrustedKeys::default());
        }

        #[test]
        fn no_changed_header_panics(at in any::<prop::sample::Index>(), to in any::<u8>()) {
            let header = serde_json::to_vec(&release()).unwrap();
            let mut payload = [u32::try_from(header.len()).unwrap().to_be_bytes().as_slice(), &header, &[1, 2]].concat();
            let at = at.index(payload.len());
            payload[at] = to;
            if let Ok(bundle) = read(&payload, KeyId([0; 16])) {
                let _ = bundle.unpack(io::sink());
            }
        }

        #[test]
        fn one_version_is_newer_exactly_when_the_other_is_older(one in "[0-9a-c.+-]{0,8}", other in "[0-9a-c.+-]{0,8}") {
            prop_assert_eq!(compare_versions(&one, &other), compare_versions(&other, &one).reverse());
        }
    }
}
