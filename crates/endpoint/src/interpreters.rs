//! Programs that run whatever they are given, and what that is.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interpreter {
    /// What it is given with `-c` is what whoever started it would have typed.
    Shell,
    Other,
}

const SHELLS: &[&str] = &["sh", "bash", "dash", "zsh", "ksh", "fish", "busybox"];
const OTHERS: &[&str] =
    &["python", "perl", "ruby", "node", "php", "lua", "tclsh", "java", "mono", "awk", "gawk", "mawk", "guile"];

/// Whether a program is one, by its name.
pub fn interpreter(path: &Path) -> Option<Interpreter> {
    let name = path.file_name()?.to_str()?;
    let plain = name.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '.' || letter == '-');
    if SHELLS.contains(&plain) {
        Some(Interpreter::Shell)
    } else {
        OTHERS.contains(&plain).then_some(Interpreter::Other)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// It talks with a person, or reads what it is told.
    Nothing,
    Code,
    Script(PathBuf),
}

/// What an interpreter is given to run, by its arguments.
pub fn given(interpreter: Interpreter, arguments: &[Vec<u8>]) -> Given {
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
}
