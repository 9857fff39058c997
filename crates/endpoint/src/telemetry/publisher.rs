//! Whose file it is that runs: its SHA-256, and the package that has it. What was found is kept for as long as the file is
//! the same, so that a program is read once however often it starts.

use super::event::{FileFacts, Publisher, Text};
use crate::kernel::files::open_regular;
use crate::kernel::processes::Program;
use md5::Md5;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What must be known of files that run, from this machine or from a test.
pub trait Vouch {
    fn vouch(&mut self, number: i32, program: &Program) -> FileFacts;
    /// The name of a user.
    fn user(&mut self, number: u32) -> Option<String>;
}

/// The packages of this machine, and what was read before.
#[derive(Debug, Default)]
pub struct Publishers {
    packages: Vec<Text>,
    /// By path without the first stroke: the package and the MD5 it states.
    files: HashMap<Box<[u8]>, (u32, [u8; 16])>,
    known: HashMap<Key, FileFacts>,
    users: HashMap<u32, Option<String>>,
}

type Key = (u64, u64, (i64, i64));

/// Larger programs are not read.
const PROGRAM_BYTES_MAX: u64 = 512 << 20;
/// Files whose facts are kept; beyond, all are read anew.
const KNOWN_MAX: usize = 20_000;
/// Files of packages that are kept by name.
const FILES_MAX: usize = 2_000_000;
const SUMS_BYTES_MAX: u64 = 64 << 20;
const USERS_BYTES_MAX: u64 = 4 << 20;

impl Publishers {
    /// What dpkg has written in a folder such as `/var/lib/dpkg/info`; nothing when there is none.
    ///
    /// # Errors
    /// When the folder is there and cannot be read.
    pub fn of_dpkg(folder: &Path) -> io::Result<Publishers> {
        let mut publishers = Publishers::default();
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(publishers),
            entries => entries?,
        };
        for entry in entries {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if let Some(package) = name.strip_suffix(".md5sums") {
                let mut bytes = Vec::new();
                File::open(&path)?.take(SUMS_BYTES_MAX).read_to_end(&mut bytes)?;
                publishers.take(package, &bytes);
            }
        }
        Ok(publishers)
    }

    fn take(&mut self, package: &str, sums: &[u8]) {
        let Ok(number) = u32::try_from(self.packages.len()) else { return };
        self.packages.push(Text::from(package.split(':').next().unwrap_or(package)));
        for line in sums.split(|byte| *byte == b'\n') {
            if let Some((digits, name)) = line.split_at_checked(32)
                && let (Some(sum), Some(name)) = (md5(digits), name.strip_prefix(b"  "))
                && !name.starts_with(b"usr/share/doc/")
                && self.files.len() < FILES_MAX
            {
                self.files.insert(name.into(), (number, sum));
            }
        }
    }

    fn stated(&self, path: &Path) -> Option<(Text, [u8; 16])> {
        let name = path.as_os_str().as_bytes().strip_prefix(b"/")?;
        // Where `/bin` is `/usr/bin`, packages say either.
        let other = name.strip_prefix(b"usr/").map_or_else(|| [b"usr/", name].concat(), <[u8]>::to_vec);
        let (number, sum) = self.files.get(name).or_else(|| self.files.get(other.as_slice()))?;
        Some((self.packages.get(usize::try_from(*number).ok()?)?.clone(), *sum))
    }

    /// The facts of a file that was opened, whose path is given.
    ///
    /// # Errors
    /// When it cannot be read, or is too large.
    pub fn of_file(&mut self, path: &Path, file: File) -> io::Result<FileFacts> {
        let metadata = file.metadata()?;
        let key = (metadata.dev(), metadata.ino(), (metadata.ctime(), metadata.ctime_nsec()));
        if let Some(known) = self.known.get(&key) {
            return Ok(known.clone());
        }
        if metadata.len() > PROGRAM_BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let stated = self.stated(path);
        let (sha256, md5) = digests(file, stated.is_some())?;
        let publisher = match stated {
            Some((name, sum)) if md5 == Some(sum) => Publisher::Package { name },
            Some((name, _)) => Publisher::Altered { name },
            None => Publisher::Nobody,
        };
        let facts = FileFacts { sha256: Some(sha256), publisher };
        if self.known.len() >= KNOWN_MAX {
            self.known.clear();
        }
        self.known.insert(key, facts.clone());
        Ok(facts)
    }
}

impl Vouch for Publishers {
    fn vouch(&mut self, number: i32, program: &Program) -> FileFacts {
        let key = (program.device, program.inode, program.changed);
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        // What runs by its own link; by its path once the process is gone. Either must be the file that was seen.
        let same = |file: &File| {
            let metadata = file.metadata();
            metadata.is_ok_and(|it| (it.dev(), it.ino(), (it.ctime(), it.ctime_nsec())) == key)
        };
        let opened = open_regular(Path::new(&format!("/proc/{number}/exe"))).ok().filter(same);
        let opened = opened.or_else(|| open_regular(&program.path).ok().filter(same));
        opened.and_then(|file| self.of_file(&program.path, file).ok()).unwrap_or_default()
    }

    fn user(&mut self, number: u32) -> Option<String> {
        if let Some(known) = self.users.get(&number) {
            return known.clone();
        }
        // One that came since: everything is read anew, and one that is not there is remembered too.
        let text = super::facts::bounded("/etc/passwd", USERS_BYTES_MAX).unwrap_or_default();
        self.users = users(&text);
        self.users.entry(number).or_insert(None).clone()
    }
}

fn users(text: &[u8]) -> HashMap<u32, Option<String>> {
    let text = String::from_utf8_lossy(text);
    let user = |line: &str| {
        let mut fields = line.split(':');
        let name = fields.next()?.to_owned();
        Some((fields.nth(1)?.parse().ok()?, Some(name)))
    };
    let mut users = HashMap::new();
    for (number, name) in text.lines().filter_map(user) {
        users.entry(number).or_insert(name);
    }
    users
}

fn digests(mut file: File, with_md5: bool) -> io::Result<(Text, Option<[u8; 16]>)> {
    let (mut sha256, mut md5, mut portion) = (Sha256::new(), Md5::new(), vec![0; 256 << 10]);
    loop {
        let read = file.read(&mut portion)?;
        let some = portion.get(..read).unwrap_or_default();
        if some.is_empty() {
            return Ok((digits(&sha256.finalize()), with_md5.then(|| md5.finalize().into())));
        }
        sha256.update(some);
        if with_md5 {
            md5.update(some);
        }
    }
}

fn digits(bytes: &[u8]) -> Text {
    use std::fmt::Write;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    Text::from(&text)
}

fn md5(digits: &[u8]) -> Option<[u8; 16]> {
    let mut sum = [0; 16];
    for (byte, two) in sum.iter_mut().zip(digits.chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok()?;
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_of_the_package_that_states_its_content() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("empty:amd64.md5sums"), "d41d8cd98f00b204e9800998ecf8427e  usr/bin/empty\nx\n")
            .unwrap();
        let mut publishers = Publishers::of_dpkg(folder.path()).unwrap();
        let file = folder.path().join("empty");
        fs::write(&file, "").unwrap();
        let mut of = |path: &str| publishers.of_file(Path::new(path), File::open(&file).unwrap()).unwrap();
        let facts = of("/bin/empty");
        assert_eq!(facts.publisher, Publisher::Package { name: Text::from("empty") }, "where one is the other");
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(facts.sha256, Some(Text::from(empty)));
        std::thread::sleep(std::time::Duration::from_millis(20));
        fs::write(&file, "x").unwrap();
        let mut of = |path: &str| publishers.of_file(Path::new(path), File::open(&file).unwrap()).unwrap();
        assert_eq!(of("/usr/bin/empty").publisher, Publisher::Altered { name: Text::from("empty") });
        std::thread::sleep(std::time::Duration::from_millis(20));
        fs::write(&file, "y").unwrap();
        let mut of = |path: &str| publishers.of_file(Path::new(path), File::open(&file).unwrap()).unwrap();
        assert_eq!(of("/tmp/empty").publisher, Publisher::Nobody);
        assert_eq!(Publishers::of_dpkg(Path::new("/nowhere")).unwrap().files.len(), 0);
    }

    #[test]
    fn users_have_names() {
        let users = users(b"root:x:0:0::/root:/bin/sh\nnonsense\nsecond:x:0:0::/:\nweb:x:33:33::/:/bin/false\n");
        assert_eq!(users.get(&0), Some(&Some("root".into())));
        assert_eq!(users.get(&33), Some(&Some("web".into())));
        assert_eq!(users.len(), 2);
    }
}
