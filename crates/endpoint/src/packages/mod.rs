//! What the packages of this machine say of their files, as dpkg has written it.

mod stock;

pub use stock::Stock;

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::SystemTime;

#[derive(Debug, Default)]
pub struct Packages {
    /// By path without the first stroke.
    files: BTreeMap<Box<[u8]>, Sum>,
    names: Vec<String>,
}

#[derive(Debug, Clone, Copy)]
struct Sum {
    md5: [u8; 16],
    package: u32,
}

/// What a package says of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packaged<'p> {
    pub package: &'p str,
    /// The MD5 of its content as installed.
    pub md5: &'p [u8; 16],
}

/// What moves when packages come, go or change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stamp([Option<SystemTime>; 3]);

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

impl Packages {
    /// What dpkg has written in a folder such as `/var/lib/dpkg/info`, and beside it.
    ///
    /// # Errors
    /// When the folder is there and cannot be read.
    pub fn of_dpkg(folder: &Path) -> io::Result<Packages> {
        let mut packages = Packages::default();
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(packages),
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
                packages.take_sums(name, &optional(&path)?, &diversions);
            }
        }
        packages.take_settings(&optional(&beside(folder, "status"))?);
        Ok(packages)
    }

    /// By which one sees that packages changed.
    pub fn stamp(folder: &Path) -> Stamp {
        let changed = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
        Stamp([changed(folder), changed(&beside(folder, "status")), changed(&beside(folder, "diversions"))])
    }

    /// What a package says of the file of a path; where `/bin` is `/usr/bin`, either name will do.
    pub fn of(&self, path: &Path) -> Option<Packaged<'_>> {
        let name = path.as_os_str().as_bytes().strip_prefix(b"/")?;
        let other = name.strip_prefix(b"usr/").map_or_else(|| [b"usr/", name].concat(), <[u8]>::to_vec);
        let sum = self.files.get(name).or_else(|| self.files.get(other.as_slice()))?;
        let package = usize::try_from(sum.package).ok().and_then(|number| self.names.get(number))?;
        Some(Packaged { package, md5: &sum.md5 })
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
                self.insert(diversions.place(package, name), Sum { md5, package: number });
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
                    self.insert(name, Sum { md5, package });
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

fn beside(folder: &Path, name: &str) -> std::path::PathBuf {
    folder.parent().unwrap_or(folder).join(name)
}

fn optional(path: &Path) -> io::Result<Vec<u8>> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        read => read,
    }
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

    fn package<'p>(packages: &'p Packages, path: &str) -> Option<&'p str> {
        packages.of(Path::new(path)).map(|packaged| packaged.package)
    }

    #[test]
    fn a_file_is_known_by_its_package_and_its_sum() {
        let sums = format!("{EMPTY}  usr/bin/empty\nnonsense\nd41d8cd9  usr/bin/short\n{EMPTY}  usr/share/doc/x\n");
        let folder = database(&[("info/tool:amd64.md5sums", sums)]);
        let packages = Packages::of_dpkg(&folder.path().join("info")).unwrap();
        assert_eq!(packages.len(), 1);
        assert_eq!(package(&packages, "/usr/bin/empty"), Some("tool"));
        assert_eq!(package(&packages, "/bin/empty"), Some("tool"), "where one is the other");
        assert_eq!(package(&packages, "/usr/bin/short"), None);
        assert_eq!(packages.of(Path::new("/usr/bin/empty")).unwrap().md5[..2], [0xd4, 0x1d]);
        assert!(Packages::of_dpkg(Path::new("/nowhere/info")).unwrap().is_empty());
    }

    #[test]
    fn what_was_moved_for_another_package_is_known_where_it_is() {
        let folder = database(&[
            ("info/old.md5sums", format!("{EMPTY}  usr/bin/x\n")),
            ("info/other.md5sums", format!("{}  usr/bin/x\n", EMPTY.replace('d', "0"))),
            ("diversions", "/usr/bin/x\n/usr/bin/x.old\nother\n".to_owned()),
        ]);
        let packages = Packages::of_dpkg(&folder.path().join("info")).unwrap();
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
        let packages = Packages::of_dpkg(&folder.path().join("info")).unwrap();
        assert_eq!((package(&packages, "/etc/init.d/cron"), package(&packages, "/etc/b")), (Some("cron"), Some("b")));
        assert_eq!(packages.len(), 2);
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
