//! Which programs may act for themselves: those of packages as they were installed, those that somebody allowed, and
//! nothing that only looks so. A program that runs whatever it is given is as good as that.

use crate::interpreters::{Given, Interpreter, given, interpreter};
use crate::kernel::files::open_regular;
use crate::kernel::processes::Program;
use crate::packages::Packages;
use crate::sums;
use policy::Digest;
use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Who is trusted.
#[derive(Debug, Default)]
pub struct Trust {
    packages: Packages,
    /// By the SHA-256 of their content.
    allowed: BTreeSet<Digest>,
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
        // Whoever names it waits for as long as it takes.
        let sums = sums::of(File::open(path)?, false, u64::MAX)?;
        self.allowed.extend(sums.map(|(sums, _)| sums.sha256));
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

    fn is_good(&self, path: &Path, file: File) -> io::Result<bool> {
        let packaged = self.packages.of(path);
        if packaged.is_none() && self.allowed.is_empty() {
            return Ok(false);
        }
        // Everybody waits while it is read.
        let Some((sums, _)) = sums::of(file, packaged.is_some_and(|packaged| packaged.asks_md5()), PROGRAM_BYTES_MAX)?
        else {
            return Ok(false);
        };
        let as_installed = packaged.is_some_and(|packaged| packaged.is(&sums) == Some(true));
        Ok(as_installed || self.allowed.contains(&sums.sha256))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packages::Databases;

    #[test]
    fn a_program_of_a_package_is_known_by_its_sum() {
        let folder = tempfile::tempdir().unwrap();
        let info = folder.path().join("info");
        fs::create_dir(&info).unwrap();
        fs::write(info.join("tool.md5sums"), "d41d8cd98f00b204e9800998ecf8427e  usr/bin/empty\n").unwrap();
        let trust = Trust::new(Packages::read(&Databases { dpkg: info.clone(), ..Databases::default() }));
        let file = folder.path().join("empty");
        fs::write(&file, b"").unwrap();
        assert!(trust.is_good(Path::new("/usr/bin/empty"), File::open(&file).unwrap()).unwrap());
        fs::write(&file, b"x").unwrap();
        assert!(!trust.is_good(Path::new("/usr/bin/empty"), File::open(&file).unwrap()).unwrap());
    }
}
