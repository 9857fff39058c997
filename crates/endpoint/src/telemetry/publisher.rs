//! Whose file it is that runs: its SHA-256, and the package that has it. What was found is kept for as long as the file is
//! the same, so that a program is read once however often it starts.

use super::event::{FileFacts, Publisher, Text};
use crate::kernel::files::open_regular;
use crate::kernel::processes::Program;
use crate::packages::{Databases, Stock};
use crate::sums;
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// What must be known of files that run, from this machine or from a test.
pub trait Vouch {
    fn vouch(&mut self, number: i32, program: &Program) -> FileFacts;
    /// The name of a user.
    fn user(&mut self, number: u32) -> Option<String>;
}

/// The packages of this machine, and what was read before.
#[derive(Debug)]
pub struct Publishers {
    stock: Stock,
    /// When it was looked at whether packages changed.
    looked: Instant,
    known: HashMap<Key, FileFacts>,
    users: HashMap<u32, Option<String>>,
}

type Key = (u64, u64, (i64, i64));

/// Larger programs are not read.
const PROGRAM_BYTES_MAX: u64 = 512 << 20;
/// Files whose facts are kept; beyond, all are read anew.
const KNOWN_MAX: usize = 20_000;
const USERS_BYTES_MAX: u64 = 4 << 20;
/// While packages are installed everything changes all the time.
const LOOK_EVERY: Duration = Duration::from_secs(2);

impl Publishers {
    /// What package managers have written, and write later; nothing where there are none.
    pub fn of(databases: &Databases) -> Publishers {
        let stock = Stock::open(databases);
        Publishers { stock, looked: Instant::now(), known: HashMap::new(), users: HashMap::new() }
    }

    /// The facts of a file that was opened, whose path is given.
    ///
    /// # Errors
    /// When it cannot be read, or is too large.
    pub fn of_file(&mut self, path: &Path, file: File) -> io::Result<FileFacts> {
        let metadata = file.metadata()?;
        let key = (metadata.dev(), metadata.ino(), (metadata.ctime(), metadata.ctime_nsec()));
        self.look_for_packages();
        if let Some(known) = self.known.get(&key) {
            return Ok(known.clone());
        }
        // Longer ones are not begun with.
        let too_large = || io::Error::from(io::ErrorKind::FileTooLarge);
        if metadata.len() > PROGRAM_BYTES_MAX {
            return Err(too_large());
        }
        let packages = self.stock.current();
        let packaged = packages.of(path);
        let (sums, _) = sums::of(file, packaged.is_some_and(|packaged| packaged.asks_md5()), PROGRAM_BYTES_MAX)?
            .ok_or_else(too_large)?;
        let publisher = match packaged {
            Some(packaged) if packaged.is(&sums) == Some(true) => Publisher::Package { name: packaged.package.into() },
            Some(packaged) => Publisher::Altered { name: packaged.package.into() },
            None => Publisher::Nobody,
        };
        let facts = FileFacts { sha256: Some(Text::from(&sums.sha256.to_string())), publisher };
        if self.known.len() >= KNOWN_MAX {
            self.known.clear();
        }
        self.known.insert(key, facts.clone());
        Ok(facts)
    }

    /// What a package brought is not called altered, or nobody's, for longer than a moment.
    fn look_for_packages(&mut self) {
        if self.looked.elapsed() >= LOOK_EVERY {
            self.looked = Instant::now();
            if self.stock.refresh() {
                self.known.clear();
            }
        }
    }
}

impl Vouch for Publishers {
    fn vouch(&mut self, number: i32, program: &Program) -> FileFacts {
        let key = (program.device, program.inode, program.changed);
        self.look_for_packages();
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_file_is_of_the_package_that_states_its_content() {
        let folder = tempfile::tempdir().unwrap();
        let info = folder.path().join("info");
        fs::create_dir(&info).unwrap();
        fs::write(info.join("empty:amd64.md5sums"), "d41d8cd98f00b204e9800998ecf8427e  usr/bin/empty\nx\n").unwrap();
        let mut publishers = Publishers::of(&Databases { dpkg: info.clone(), ..Databases::default() });
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
        // A package comes whose file that is.
        let digits = "415290769594460e2e485922904f345d";
        fs::write(info.join("tool.md5sums"), format!("{digits}  tmp/empty\n")).unwrap();
        publishers.looked -= LOOK_EVERY;
        let facts = publishers.of_file(Path::new("/tmp/empty"), File::open(&file).unwrap()).unwrap();
        assert_eq!(facts.publisher, Publisher::Package { name: Text::from("tool") });
    }

    #[test]
    fn users_have_names() {
        let users = users(b"root:x:0:0::/root:/bin/sh\nnonsense\nsecond:x:0:0::/:\nweb:x:33:33::/:/bin/false\n");
        assert_eq!(users.get(&0), Some(&Some("root".into())));
        assert_eq!(users.get(&33), Some(&Some("web".into())));
        assert_eq!(users.len(), 2);
    }
}
