//! The command line of a shortcut as the program reads it that is started: for a shell it is a script.

/// Options of PowerShell behind which a value stands, as long as they are at most; any beginning of one names it.
const VALUED: &[&str] = &[
    "executionpolicy",
    "windowstyle",
    "version",
    "inputformat",
    "outputformat",
    "encodedcommand",
    "file",
    "configurationname",
];
/// Short names that are no beginning of these.
const VALUED_SHORT: &[&str] = &["ep", "ec", "if", "of", "cwd"];
/// Programs of Windows that run what they are given: their command lines are read as a batch file has them.
const STARTERS: &[&str] = &[
    "rundll32",
    "regsvr32",
    "wscript",
    "cscript",
    "msiexec",
    "certutil",
    "bitsadmin",
    "forfiles",
    "schtasks",
    "wmic",
    "conhost",
    "explorer",
    "curl",
    "ssh",
    "pcalua",
    "installutil",
    "msbuild",
    "hh",
    "control",
    "ftp",
    "scriptrunner",
    "workfolders",
];

/// A script, and what the names of such scripts end with.
#[derive(Debug, PartialEq, Eq)]
pub struct Script {
    pub extension: &'static str,
    pub source: String,
}

/// The script that a program makes of its arguments, if it is one that does.
pub fn script(program: &str, arguments: &str) -> Option<Script> {
    let name = program.trim().rsplit(['\\', '/']).next()?.to_ascii_lowercase();
    let name = name.strip_suffix(".exe").or(name.strip_suffix(".com")).unwrap_or(&name);
    let arguments = arguments.trim();
    let script = |extension, source| Some(Script { extension, source });
    match name {
        _ if arguments.is_empty() => None,
        "cmd" => {
            let (options, command) = cmd(arguments);
            script("bat", lines("cmd", options, command))
        }
        "powershell" | "pwsh" => {
            let (options, command) = powershell(arguments);
            script("ps1", lines("powershell", options, command))
        }
        "mshta" | "rundll32" if inline(arguments).is_some() => {
            inline(arguments).map(|(extension, source)| Script { extension, source: source.to_owned() })
        }
        "mshta" => script("bat", format!("mshta {arguments}\n")),
        _ => STARTERS.contains(&name).then(|| Script { extension: "bat", source: format!("{name} {arguments}\n") }),
    }
}

/// What a shell is told stands on a line of its own, so that it begins as a line of a script does.
fn lines(name: &str, options: &str, command: &str) -> String {
    let first = [name, options.trim()].join(" ");
    [first.trim_end(), &unquoted(command)].join("\n") + "\n"
}

/// The options of the command processor, and the command behind them.
fn cmd(arguments: &str) -> (&str, &str) {
    let mut at = 0;
    while let Some(found) = arguments.get(at..).and_then(|rest| rest.find('/')) {
        at += found + 1;
        // Behind this one all is the command, also without a blank.
        if arguments[at..].starts_with(['c', 'C', 'k', 'K', 'r', 'R']) {
            return arguments.split_at(at + 1);
        }
    }
    ("", arguments)
}

/// The options of PowerShell, and the command behind them.
fn powershell(arguments: &str) -> (&str, &str) {
    let mut rest = arguments;
    while let Some(option) = rest.strip_prefix(['-', '/', '\u{2013}', '\u{2014}', '\u{2015}']) {
        let (name, behind) = option.split_at(option.find([' ', '\t', ':', '"']).unwrap_or(option.len()));
        let name = name.to_ascii_lowercase();
        rest = behind.trim_start_matches([' ', '\t', ':']);
        let is = |whole: &str| !name.is_empty() && whole.starts_with(name.as_str());
        if is("command") {
            break;
        }
        if VALUED_SHORT.contains(&name.as_str()) || VALUED.iter().any(|whole| is(whole)) {
            rest = behind_value(rest).trim_start();
        }
    }
    arguments.split_at(arguments.len() - rest.len())
}

fn behind_value(rest: &str) -> &str {
    let quote = rest.strip_prefix('"').and_then(|inside| inside.find('"')).map(|end| end + 2);
    rest.get(quote.or(rest.find([' ', '\t'])).unwrap_or(rest.len())..).unwrap_or_default()
}

/// A command without the quotes around all of it, and without the signs that keep those within.
fn unquoted(command: &str) -> String {
    let command = command.trim();
    let Some(inside) = command.strip_prefix('"') else { return command.to_owned() };
    inside.strip_suffix('"').unwrap_or(inside).replace("\\\"", "\"")
}

/// A script that stands in the place of an address.
fn inline(arguments: &str) -> Option<(&'static str, &str)> {
    let lower = arguments.to_ascii_lowercase();
    let behind = |scheme: &str| lower.find(scheme).and_then(|at| arguments.get(at + scheme.len()..));
    let script = |extension, source: &'_ str| (extension, source.len());
    let (extension, length) = behind("javascript:")
        .map(|source| script("js", source))
        .or_else(|| behind("vbscript:").map(|source| script("vbs", source)))?;
    let source = arguments.get(arguments.len() - length..)?.trim();
    Some((extension, source.strip_suffix('"').filter(|_| arguments.starts_with('"')).unwrap_or(source)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(program: &str, arguments: &str, expected: Option<(&str, &str)>) {
        let script = script(program, arguments);
        assert_eq!(script.as_ref().map(|script| (script.extension, script.source.as_str())), expected, "{arguments}");
    }

    #[test]
    fn a_command_line_is_what_its_program_reads() {
        check(
            r"C:\Windows\System32\cmd.exe",
            "/v:on /c \"set a=b&& echo !a!\"",
            Some(("bat", "cmd /v:on /c\nset a=b&& echo !a!\n")),
        );
        check("%COMSPEC%\\..\\CMD.EXE", "/cstart x", Some(("bat", "cmd /c\nstart x\n")));
        check("cmd", "more", Some(("bat", "cmd\nmore\n")));
        check(
            "powershell.exe",
            "-nop -W Hidden -ep bypass -c \"IEX ('a'+'b')\"",
            Some(("ps1", "powershell -nop -W Hidden -ep bypass -c\nIEX ('a'+'b')\n")),
        );
        check("pwsh", "-noexit \"Get-Date; \\\"a\\\"\"", Some(("ps1", "powershell -noexit\nGet-Date; \"a\"\n")));
        check("powershell", "-Enc SQBFAFgA", Some(("ps1", "powershell -Enc SQBFAFgA\n\n")));
        check("mshta.exe", "\"javascript:alert('x');close()\"", Some(("js", "alert('x');close()")));
        check("mshta.exe", "vbscript:Execute(\"x\")", Some(("vbs", "Execute(\"x\")")));
        check("mshta.exe", "http://example.org/a.hta", Some(("bat", "mshta http://example.org/a.hta\n")));
        check(r"..\System32\rundll32.exe", "a.dll,Run", Some(("bat", "rundll32 a.dll,Run\n")));
        check("notepad.exe", "a.txt", None);
        check("cmd.exe", "  ", None);
        for odd in ["-", "/", "-c", "\"", "-ep", "-ep \"", "/c\"", "–é", "-é:é"] {
            for program in ["cmd", "powershell", "mshta", "é"] {
                script(program, odd);
            }
        }
    }
}
