//! Which programs may act for themselves: those of packages as they were installed, those that somebody allowed, and
//! nothing that only looks so. A program that runs whatever it is given is as good as that.

use crate::kernel::files::open_regular;
use crate::kernel::processes::Program;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// What the packages of this machine say of their files.
#[derive(Debug, Default)]
pub struct Packages {
    /// The MD5 of a file by its path without the first stroke.
    files: BTreeMap<Vec<u8>, [u8; 16]>,
}

impl Packages {
    /// What dpkg has written in a folder such as `/var/lib/dpkg/info`.
    ///
    /// # Errors
    /// When the folder is there and cannot be read.
    pub fn of_dpkg(folder: &Path) -> io::Result<Packages> {
        let mut packages = Packages::default();
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(packages),
            entries => entries?,
        };
        for entry in entries {
            let path = entry?.path();
            // Only what runs is of interest; the rest is a hundred times as much.
            if path.extension() == Some(OsStr::new("md5sums")) {
                packages.take(&fs::read(path)?);
            }
        }
        Ok(packages)
    }

    fn take(&mut self, sums: &[u8]) {
        for line in sums.split(|byte| *byte == b'\n') {
            if let Some((digits, name)) = line.split_at_checked(32)
                && let (Some(sum), Some(name)) = (md5(digits), name.strip_prefix(b"  "))
                && PROGRAMS.iter().any(|folder| name.starts_with(folder))
            {
                self.files.insert(name.to_vec(), sum);
            }
        }
    }

    /// What a package says of a file; where `/bin` is `/usr/bin`, either name will do.
    fn sum(&self, path: &Path) -> Option<&[u8; 16]> {
        let name = path.as_os_str().as_bytes().strip_prefix(b"/")?;
        let other = name.strip_prefix(b"usr/").map_or_else(|| [b"usr/", name].concat(), <[u8]>::to_vec);
        self.files.get(name).or_else(|| self.files.get(&other))
    }
}

/// Where programs are in packages.
const PROGRAMS: &[&[u8]] = &[b"usr/bin/", b"usr/sbin/", b"usr/lib", b"usr/games/", b"bin/", b"sbin/", b"lib", b"opt/"];

fn md5(digits: &[u8]) -> Option<[u8; 16]> {
    let mut sum = [0; 16];
    for (byte, two) in sum.iter_mut().zip(digits.chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok()?;
    }
    Some(sum)
}

/// Who is trusted.
#[derive(Debug, Default)]
pub struct Trust {
    packages: Packages,
    /// By the SHA-256 of their content.
    allowed: BTreeSet<[u8; 32]>,
    /// What was found, by the file and when it was changed last.
    known: HashMap<(u64, u64, (i64, i64)), bool>,
}

/// Larger programs are not trusted.
const PROGRAM_BYTES_MAX: u64 = 1 << 30;
/// Programs whose verdict is remembered.
const KNOWN_MAX: usize = 20_000;

impl Trust {
    pub fn new(packages: Packages) -> Trust {
        Trust { packages, ..Trust::default() }
    }

    /// Trusts a program for what is in it, wherever it lies.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn allow(&mut self, path: &Path) -> io::Result<()> {
        self.allowed.insert(digest(&mut File::open(path)?)?);
        self.known.clear();
        Ok(())
    }

    /// Whether a process may act for itself.
    pub fn is_trusted(&mut self, number: i32, program: &Program) -> bool {
        self.is_trusted_program(number, program) && !self.runs_something_else(number, program)
    }

    fn is_trusted_program(&mut self, number: i32, program: &Program) -> bool {
        let key = (program.device, program.inode, program.changed);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        // By what runs, not by what lies there under the name by now.
        let trusted = File::open(format!("/proc/{number}/exe")).and_then(|file| self.is_good(&program.path, file));
        let trusted = trusted.unwrap_or(false);
        if self.known.len() >= KNOWN_MAX {
            self.known.clear();
        }
        self.known.insert(key, trusted);
        trusted
    }

    fn is_good(&self, path: &Path, mut file: File) -> io::Result<bool> {
        // Everybody waits while it is read.
        if file.metadata()?.len() > PROGRAM_BYTES_MAX {
            return Ok(false);
        }
        if let Some(sum) = self.packages.sum(path) {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            let sha256: [u8; 32] = Sha256::digest(&bytes).into();
            return Ok(formats::hashes(&bytes).md5 == *sum || self.allowed.contains(&sha256));
        }
        Ok(!self.allowed.is_empty() && self.allowed.contains(&digest(&mut file)?))
    }

    /// Whether a process runs a script or code out of its arguments that nobody vouches for.
    fn runs_something_else(&mut self, number: i32, program: &Program) -> bool {
        let Some(interpreter) = interpreter(&program.path) else { return false };
        let Ok(arguments) = crate::kernel::processes::arguments(number) else { return true };
        match given(interpreter, &arguments) {
            Given::Nothing => false,
            Given::Code => interpreter != Interpreter::Shell,
            Given::Script(script) => {
                // As that process finds it.
                let path = if script.is_absolute() {
                    PathBuf::from(format!("/proc/{number}/root")).join(script.strip_prefix("/").unwrap_or(&script))
                } else {
                    PathBuf::from(format!("/proc/{number}/cwd")).join(&script)
                };
                let real = fs::canonicalize(&path).unwrap_or(script);
                // A pipe says something else each time.
                let good = open_regular(&path).and_then(|file| self.is_good(&real, file));
                !good.unwrap_or(false)
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Interpreter {
    /// What it is given with `-c` is what whoever started it would have typed.
    Shell,
    Other,
}

const SHELLS: &[&str] = &["sh", "bash", "dash", "zsh", "ksh", "fish", "busybox"];
const OTHERS: &[&str] =
    &["python", "perl", "ruby", "node", "php", "lua", "tclsh", "java", "mono", "awk", "gawk", "mawk", "guile"];

fn interpreter(path: &Path) -> Option<Interpreter> {
    let name = path.file_name()?.to_str()?;
    let plain = name.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '.' || letter == '-');
    if SHELLS.contains(&plain) {
        Some(Interpreter::Shell)
    } else {
        OTHERS.contains(&plain).then_some(Interpreter::Other)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Given {
    /// It talks with a person, or reads what it is told.
    Nothing,
    Code,
    Script(PathBuf),
}

/// What an interpreter is given to run.
fn given(interpreter: Interpreter, arguments: &[Vec<u8>]) -> Given {
    let mut arguments = arguments.iter().skip(1);
    while let Some(argument) = arguments.next() {
        let is_code = match interpreter {
            Interpreter::Shell => {
                argument.starts_with(b"-") && !argument.starts_with(b"--") && argument.contains(&b'c')
            }
            Interpreter::Other => {
                matches!(argument.as_slice(), b"-c" | b"-e" | b"-E" | b"-r" | b"-m" | b"--eval" | b"-jar")
            }
        };
        if is_code {
            return Given::Code;
        }
        if argument == b"--" {
            return arguments.next().map_or(Given::Nothing, |script| Given::Script(OsStr::from_bytes(script).into()));
        }
        if !argument.starts_with(b"-") {
            return Given::Script(OsStr::from_bytes(argument).into());
        }
    }
    // What comes through a pipe may be anything; whoever wrote into it answers for it.
    Given::Nothing
}

fn digest(file: &mut File) -> io::Result<[u8; 32]> {
    let (mut digest, mut portion) = (Sha256::new(), vec![0; 64 << 10]);
    loop {
        match file.read(&mut portion)? {
            0 => return Ok(digest.finalize().into()),
            read => digest.update(portion.get(..read).unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(line: &str) -> Vec<Vec<u8>> {
        line.split(' ').map(|word| word.as_bytes().to_vec()).collect()
    }

    #[test]
    fn what_an_interpreter_runs_is_seen() {
        let script = |path: &str| Given::Script(path.into());
        for (line, expected) in [
            ("python3 -u /tmp/x.py --quick", script("/tmp/x.py")),
            ("python3 -c print()", Given::Code),
            ("python3 -m http.server", Given::Code),
            ("python3", Given::Nothing),
            ("perl -w -- x.pl", script("x.pl")),
        ] {
            assert_eq!(given(Interpreter::Other, &arguments(line)), expected, "{line}");
        }
        for (line, expected) in [
            ("bash", Given::Nothing),
            ("-bash", Given::Nothing),
            ("bash -lc ls", Given::Code),
            ("sh -e script.sh", script("script.sh")),
            ("bash --norc x", script("x")),
        ] {
            assert_eq!(given(Interpreter::Shell, &arguments(line)), expected, "{line}");
        }
        assert_eq!(interpreter(Path::new("/usr/bin/python3.11")), Some(Interpreter::Other));
        assert_eq!(interpreter(Path::new("/bin/dash")), Some(Interpreter::Shell));
        assert_eq!(interpreter(Path::new("/usr/bin/ls")), None);
    }

    #[test]
    fn a_program_of_a_package_is_known_by_its_sum() {
        let mut packages = Packages::default();
        packages.take(
            b"d41d8cd98f00b204e9800998ecf8427e  usr/bin/empty\nnonsense\nd41d8cd9  usr/bin/short\n\
            d41d8cd98f00b204e9800998ecf8427e  usr/share/doc/x\n",
        );
        assert_eq!(packages.files.len(), 1);
        assert!(packages.sum(Path::new("/usr/bin/empty")).is_some());
        assert!(packages.sum(Path::new("/bin/empty")).is_some(), "where one is the other");
        let trust = Trust::new(packages);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("empty");
        fs::write(&file, b"").unwrap();
        assert!(trust.is_good(Path::new("/usr/bin/empty"), File::open(&file).unwrap()).unwrap());
        fs::write(&file, b"x").unwrap();
        assert!(!trust.is_good(Path::new("/usr/bin/empty"), File::open(&file).unwrap()).unwrap());
    }
}
