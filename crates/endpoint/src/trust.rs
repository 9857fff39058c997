//! Which programs may act for themselves: those of packages as they were installed, those that somebody allowed, and
//! nothing that only looks so. A program that runs whatever it is given is as good as that.

use crate::interpreters::{Given, Interpreter, given, interpreter};
use crate::kernel::files::open_regular;
use crate::kernel::processes::Program;
use crate::packages::Packages;
use sha2::{Digest, Sha256};
use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

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
        if let Some(packaged) = self.packages.of(path) {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            let sha256: [u8; 32] = Sha256::digest(&bytes).into();
            return Ok(formats::hashes(&bytes).md5 == *packaged.md5 || self.allowed.contains(&sha256));
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

    #[test]
    fn a_program_of_a_package_is_known_by_its_sum() {
        let folder = tempfile::tempdir().unwrap();
        let info = folder.path().join("info");
        fs::create_dir(&info).unwrap();
        fs::write(info.join("tool.md5sums"), "d41d8cd98f00b204e9800998ecf8427e  usr/bin/empty\n").unwrap();
        let trust = Trust::new(Packages::of_dpkg(&info).unwrap());
        let file = folder.path().join("empty");
        fs::write(&file, b"").unwrap();
        assert!(trust.is_good(Path::new("/usr/bin/empty"), File::open(&file).unwrap()).unwrap());
        fs::write(&file, b"x").unwrap();
        assert!(!trust.is_good(Path::new("/usr/bin/empty"), File::open(&file).unwrap()).unwrap());
    }
}
