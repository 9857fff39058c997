//! What the packages of this machine say of their files, as dpkg or rpm has written it.

mod stock;

pub use stock::Stock;

use crate::sums::Sums;
use inventory::linux::rpm::{self, FileDigest};
use model::Message;
use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

#[derive(Debug, Default)]
pub struct Packages {
    /// By path without the first stroke.
    files: BTreeMap<Box<[u8]>, Sum>,
    names: Vec<String>,
    unread: Vec<Unread>,
}

/// Where package managers have written what they installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Databases {
    /// A folder such as `/var/lib/dpkg/info`, and beside it.
    pub dpkg: PathBuf,
    /// A folder such as `/var/lib/rpm`, with `rpmdb.sqlite` or `Packages`.
    pub rpm: PathBuf,
}

/// What packages say cannot be read.
#[derive(Debug)]
pub struct Unread {
    path: PathBuf,
    why: Message,
}

impl Unread {
    pub fn message(&self) -> Message {
        Message::new("exec.packages-unread").with("path", self.path.display()).reason("cause", self.why.clone())
    }
}

/// The content of a file as it was installed.
#[derive(Debug, Clone, Copy)]
struct Sum {
    /// An MD5, or the first half of a SHA-256: of as many files as there are no two have the same half, nor can one be made.
    digest: [u8; 16],
    is_md5: bool,
    package: u32,
}

/// What a package says of a file.
#[derive(Debug, Clone, Copy)]
pub struct Packaged<'p> {
    pub package: &'p str,
    sum: Sum,
}

/// What moves when packages come, go or change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stamp([Option<(u64, SystemTime)>; 6]);

impl Default for Databases {
    fn default() -> Databases {
        Databases { dpkg: PathBuf::from("/var/lib/dpkg/info"), rpm: PathBuf::from("/var/lib/rpm") }
    }
}

impl Packaged<'_> {
    /// Whether it takes the MD5 of a file to say whether it is the one.
    pub fn asks_md5(&self) -> bool {
        self.sum.is_md5
    }

    /// Whether a file is as it was installed. None when the sum that this takes was not made.
    pub fn is(&self, sums: &Sums) -> Option<bool> {
        match self.sum.is_md5 {
            true => sums.md5.map(|md5| md5 == self.sum.digest),
            false => Some(sums.sha256.0[..16] == self.sum.digest),
        }
    }
}

/// What never runs, and is most of what packages have.
const NEVER_RUN: &[&[u8]] = &[
    b"usr/share/doc/",
    b"usr/share/man/",
    b"usr/share/locale/",
    b"usr/share/icons/",
    b"usr/share/fonts/",
    b"usr/share/zoneinfo/",
    b"usr/share/info/",
    b"usr/include/",
    b"boot/",
];
/// Files of packages that are known at most.
const FILES_MAX: usize = 5_000_000;
/// The database of rpm has the name of every file.
const DATABASE_BYTES_MAX: u64 = 768 << 20;

impl Packages {
    /// What stands in the databases; nothing where there is none. One that is there and cannot be read, or not to its end,
    /// vouches for what was read, and is named by [`Packages::unread`].
    pub fn read(databases: &Databases) -> Packages {
        let mut packages = Packages::default();
        let Databases { dpkg, rpm } = databases;
        for (path, read) in [(dpkg, packages.take_dpkg(dpkg)), (rpm, packages.take_rpm(rpm))] {
            if let Err(why) = read {
                tracing::warn!(path = %path.display(), cause = ?why, "what packages say cannot be read");
                packages.unread.push(Unread { path: path.clone(), why });
            }
        }
        packages
    }

    /// Databases that are there and could not be read.
    pub fn unread(&self) -> &[Unread] {
        &self.unread
    }

    fn take_dpkg(&mut self, folder: &Path) -> Result<(), Message> {
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        let moved = optional(&beside(folder, "diversions"))?;
        let diversions = Diversions::read(&moved);
        for entry in entries {
            let path = entry?.path();
            if path.extension() == Some(OsStr::new("md5sums"))
                && let Some(name) = path.file_stem().and_then(OsStr::to_str)
            {
                // `libc6:amd64`
                let name = name.split(':').next().unwrap_or(name);
                // It may be gone by now.
                self.take_sums(name, &optional(&path)?, &diversions);
            }
        }
        self.take_settings(&optional(&beside(folder, "status"))?);
        Ok(())
    }

    fn take_rpm(&mut self, folder: &Path) -> Result<(), Message> {
        let [database, log, older] = of_rpm(folder);
        let (bytes, log) = match optional(&database)? {
            bytes if bytes.is_empty() => (optional(&older)?, Vec::new()),
            bytes => (bytes, optional(&log)?),
        };
        if bytes.is_empty() {
            return Ok(());
        }
        let wrong = |place| Message::new("linux.database").with("where", place);
        let mut take = |package: &str, path: &[u8], digest: FileDigest| {
            let number = self.number(package);
            let (digest, is_md5) = match digest {
                FileDigest::Md5(md5) => (md5, true),
                FileDigest::Sha256(whole) => (*whole.first_chunk::<16>().unwrap_or(&[0; 16]), false),
            };
            if let Some(name) = path.strip_prefix(b"/") {
                self.insert(name, Sum { digest, is_md5, package: number });
            }
        };
        let broken = rpm::files(&bytes, (!log.is_empty()).then_some(&*log), &mut take).map_err(wrong)?;
        if broken > 0 {
            tracing::warn!(broken, "packages of rpm say nothing that can be read");
        }
        Ok(())
    }

    /// By which one sees that packages changed.
    pub fn stamp(databases: &Databases) -> Stamp {
        // Whoever only looks into a database of SQLite leaves an empty log for a moment.
        let changed = |path: &Path| {
            let metadata = fs::metadata(path).ok().filter(|metadata| metadata.is_dir() || metadata.len() > 0)?;
            Some((metadata.len(), metadata.modified().ok()?))
        };
        let Databases { dpkg, rpm } = databases;
        let [database, log, older] = of_rpm(rpm);
        let dpkg = [changed(dpkg), changed(&beside(dpkg, "status")), changed(&beside(dpkg, "diversions"))];
        let [folder, status, diversions] = dpkg;
        Stamp([folder, status, diversions, changed(&database), changed(&log), changed(&older)])
    }

    /// What a package says of the file of a path; where `/bin` is `/usr/bin`, either name will do.
    pub fn of(&self, path: &Path) -> Option<Packaged<'_>> {
        let name = path.as_os_str().as_bytes().strip_prefix(b"/")?;
        let other = name.strip_prefix(b"usr/").map_or_else(|| [b"usr/", name].concat(), <[u8]>::to_vec);
        let sum = self.files.get(name).or_else(|| self.files.get(other.as_slice()))?;
        let package = usize::try_from(sum.package).ok().and_then(|number| self.names.get(number))?;
        Some(Packaged { package, sum: *sum })
    }

    pub fn len(&self) -> usize {
        self.files.len()
    }

    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    fn take_sums(&mut self, package: &str, sums: &[u8], diversions: &Diversions) {
        let number = self.number(package);
        for line in sums.split(|byte| *byte == b'\n') {
            if let Some((digits, name)) = line.split_at_checked(32)
                && let (Some(md5), Some(name)) = (md5(digits), name.strip_prefix(b"  "))
            {
                let sum = Sum { digest: md5, is_md5: true, package: number };
                self.insert(diversions.place(package, name), sum);
            }
        }
    }

    /// What administrators may change, with the sum that was installed: ` /etc/init.d/x d41d8cd98f00b204e9800998ecf8427e`.
    fn take_settings(&mut self, status: &[u8]) {
        let (mut package, mut inside) = (String::new(), false);
        for line in status.split(|byte| *byte == b'\n') {
            if let Some(name) = line.strip_prefix(b"Package: ") {
                package = String::from_utf8_lossy(name).into_owned();
            }
            if !line.starts_with(b" ") {
                inside = line == b"Conffiles:";
            } else if inside {
                let mut words = line.split(|byte| *byte == b' ').skip(1);
                if let (Some(path), Some(md5)) = (words.next(), words.next().and_then(md5))
                    && let Some(name) = path.strip_prefix(b"/")
                {
                    let package = self.number(&package);
                    self.insert(name, Sum { digest: md5, is_md5: true, package });
                }
            }
        }
    }

    fn number(&mut self, package: &str) -> u32 {
        if self.names.last().is_none_or(|last| last != package) {
            self.names.push(package.to_owned());
        }
        u32::try_from(self.names.len() - 1).unwrap_or(u32::MAX)
    }

    fn insert(&mut self, name: &[u8], sum: Sum) {
        if self.files.len() < FILES_MAX && !NEVER_RUN.iter().any(|folder| name.starts_with(folder)) {
            self.files.insert(name.into(), sum);
        }
    }
}

/// Files that lie elsewhere than their package says, since another package has the name: three lines each, what is moved,
/// where it is, and the package whose file is not.
#[derive(Debug, Default)]
struct Diversions<'d>(HashMap<&'d [u8], (&'d [u8], &'d [u8])>);

impl<'d> Diversions<'d> {
    fn read(text: &'d [u8]) -> Diversions<'d> {
        let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
        let three = |three: &[&'d [u8]]| match three {
            [from, to, package] => Some((from.strip_prefix(b"/")?, (to.strip_prefix(b"/")?, *package))),
            _ => None,
        };
        Diversions(lines.chunks(3).filter_map(three).collect())
    }

    fn place<'n>(&self, package: &str, name: &'n [u8]) -> &'n [u8]
    where
        'd: 'n,
    {
        match self.0.get(name) {
            Some((to, owner)) if *owner != package.as_bytes() => to,
            _ => name,
        }
    }
}

/// The database of rpm, the log beside it, and the database before SQLite.
fn of_rpm(folder: &Path) -> [PathBuf; 3] {
    ["rpmdb.sqlite", "rpmdb.sqlite-wal", "Packages"].map(|name| folder.join(name))
}

fn beside(folder: &Path, name: &str) -> std::path::PathBuf {
    folder.parent().unwrap_or(folder).join(name)
}

fn optional(path: &Path) -> io::Result<Vec<u8>> {
    let file = match fs::File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        file => file?,
    };
    if file.metadata()?.len() > DATABASE_BYTES_MAX {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut bytes = Vec::new();
    file.take(DATABASE_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn md5(digits: &[u8]) -> Option<[u8; 16]> {
    let mut sum = [0; 16];
    if digits.len() != 32 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    for (byte, two) in sum.iter_mut().zip(digits.chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok()?;
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const EMPTY: &str = "d41d8cd98f00b204e9800998ecf8427e";

    /// A database such as dpkg has, in a folder.
    fn database(files: &[(&str, String)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("info")).unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    /// Of dpkg alone.
    fn of_dpkg(info: &Path) -> Packages {
        Packages::read(&Databases { dpkg: info.to_owned(), rpm: PathBuf::from("/nowhere") })
    }

    fn package<'p>(packages: &'p Packages, path: &str) -> Option<&'p str> {
        packages.of(Path::new(path)).map(|packaged| packaged.package)
    }

    #[test]
    fn a_file_is_known_by_its_package_and_its_sum() {
        let sums = format!("{EMPTY}  usr/bin/empty\nnonsense\nd41d8cd9  usr/bin/short\n{EMPTY}  usr/share/doc/x\n");
        let folder = database(&[("info/tool:amd64.md5sums", sums)]);
        let packages = of_dpkg(&folder.path().join("info"));
        assert_eq!(packages.len(), 1);
        assert_eq!(package(&packages, "/usr/bin/empty"), Some("tool"));
        assert_eq!(package(&packages, "/bin/empty"), Some("tool"), "where one is the other");
        assert_eq!(package(&packages, "/usr/bin/short"), None);
        let is = |content: &[u8], with_md5| {
            let (sums, _) = crate::sums::of(content, with_md5, u64::MAX).unwrap().unwrap();
            packages.of(Path::new("/usr/bin/empty")).unwrap().is(&sums)
        };
        assert_eq!((is(b"", true), is(b"x", true), is(b"", false)), (Some(true), Some(false), None));
        assert!(of_dpkg(Path::new("/nowhere/info")).is_empty());
    }

    #[test]
    fn what_was_moved_for_another_package_is_known_where_it_is() {
        let folder = database(&[
            ("info/old.md5sums", format!("{EMPTY}  usr/bin/x\n")),
            ("info/other.md5sums", format!("{}  usr/bin/x\n", EMPTY.replace('d', "0"))),
            ("diversions", "/usr/bin/x\n/usr/bin/x.old\nother\n".to_owned()),
        ]);
        let packages = of_dpkg(&folder.path().join("info"));
        assert_eq!(package(&packages, "/usr/bin/x"), Some("other"));
        assert_eq!(package(&packages, "/usr/bin/x.old"), Some("old"));
    }

    #[test]
    fn settings_are_known_as_they_were_installed() {
        let status = format!(
            "Package: cron\nStatus: install ok installed\nConffiles:\n /etc/init.d/cron {EMPTY}\n /etc/x newconffile\n\
            Description: x\n /etc/not {EMPTY}\n\nPackage: b\nConffiles:\n /etc/b {EMPTY} obsolete\n"
        );
        let folder = database(&[("status", status)]);
        let packages = of_dpkg(&folder.path().join("info"));
        assert_eq!((package(&packages, "/etc/init.d/cron"), package(&packages, "/etc/b")), (Some("cron"), Some("b")));
        assert_eq!(packages.len(), 2);
    }

    #[test]
    fn a_file_of_rpm_is_known_by_its_sha256_and_what_it_becomes_is_not() {
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../inventory/tests/golden/rpm");
        let folder = tempfile::tempdir().unwrap();
        let databases = Databases { dpkg: PathBuf::from("/nowhere"), rpm: folder.path().to_owned() };
        let (none, file) = (Packages::stamp(&databases), Path::new("/opt/epoch/a-file-with-a-rather-long-name-1"));
        assert!(Packages::read(&databases).is_empty());
        for names in [&["Packages"][..], &["rpmdb.sqlite", "rpmdb.sqlite-wal"]] {
            for name in names {
                fs::copy(golden.join(name), folder.path().join(name)).unwrap();
            }
            assert_ne!(Packages::stamp(&databases), none);
            let packages = Packages::read(&databases);
            assert!(packages.unread().is_empty());
            assert_eq!((packages.len(), package(&packages, file.to_str().unwrap())), (67, Some("epoch")), "{names:?}");
            let is = |content: &[u8]| {
                let (sums, _) = crate::sums::of(content, false, u64::MAX).unwrap().unwrap();
                let packaged = packages.of(file).unwrap();
                (packaged.asks_md5(), packaged.is(&sums))
            };
            assert_eq!((is(b""), is(b"x")), ((false, Some(true)), (false, Some(false))));
        }
        fs::write(folder.path().join("rpmdb.sqlite"), "no database").unwrap();
        assert_eq!(
            Packages::read(&databases).unread().len(),
            1,
            "what is there and cannot be read is not taken for nothing"
        );
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_readers(text in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut packages = Packages::default();
            let diversions = Diversions::read(&text);
            packages.take_sums("x", &text, &diversions);
            packages.take_settings(&text);
        }
    }
}
