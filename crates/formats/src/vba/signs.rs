//! What sources of macros name: procedures that run by themselves, and calls that reach out of the document. These are
//! facts and no judgement; many honest macros have some of them.

use super::{NAMESPACE, TEXTS_MAX};
use crate::gather::Gathered;
use crate::reading::Reading;

/// Procedures that a program of Office calls by their name.
#[rustfmt::skip]
const AUTO_RUN: &[&str] = &[
    "AutoExec", "AutoOpen", "AutoClose", "AutoExit", "AutoNew", "Auto_Open", "Auto_Close", "Auto_Ope", "Document_Open",
    "DocumentOpen", "Document_Close", "DocumentBeforeClose", "Document_BeforeClose", "DocumentChange", "Document_New",
    "NewDocument", "Workbook_Open", "Workbook_Activate", "Workbook_Close", "Workbook_BeforeClose", "Workbook_Deactivate",
    "Workbook_SheetActivate", "Worksheet_Activate", "Worksheet_Calculate", "Worksheet_Change", "Worksheet_SelectionChange",
];
/// Endings of procedures that run on what happens to a control or a form.
#[rustfmt::skip]
const AUTO_ENDINGS: &[&str] = &[
    "_Painted", "_Painting", "_GotFocus", "_LostFocus", "_MouseHover", "_MouseMove", "_Layout", "_Resize", "_Click",
    "_Change", "_BeforeNavigate2", "_BeforeScriptExecute", "_DocumentComplete", "_DownloadBegin", "_DownloadComplete",
    "_FileDownload", "_NavigateComplete2", "_NavigateError", "_ProgressChange", "_PropertyChange", "_SetSecureLockIcon",
    "_StatusTextChange", "_TitleChange", "_OnConnecting", "_BeforeDropOrPaste", "_Initialize", "_Activate",
];
/// Words of the language and of its libraries, whole.
#[rustfmt::skip]
const CALLS: &[&str] = &[
    "AddFromString", "AutomationSecurity", "CallByName", "CallWindowProc", "ChDir", "CopyFile", "CopyHere", "CreateFile",
    "CreateObject", "CreateProcess", "CreateRemoteThread", "CreateTextFile", "CreateThread", "DDEInitiate", "Environ",
    "EnumSystemLanguageGroups", "Exec", "ExecQuery", "ExecuteExcel4Macro", "ExecuteStatement", "FileCopy", "FindWindow",
    "FollowHyperlink", "GetObject", "GetProcAddress", "HeapAlloc", "InternetOpen", "Kill", "LoadLibrary", "MacScript",
    "MkDir", "NtAllocateVirtualMemory", "OpenTextFile", "RegDelete", "RegRead", "RegWrite", "ResponseBody", "RmDir",
    "RtlMoveMemory", "Run", "SaveToFile", "SendKeys", "SetThreadContext", "SetTimer", "Shell", "ShellExecute",
    "ShellExecuteA", "StrReverse", "URLDownloadToFile", "URLDownloadToFileA", "VBProject", "VirtualAlloc", "VirtualAllocEx",
    "VirtualProtect", "WriteByte", "WriteProcessMemory", "WriteText",
];
/// Pieces that stand inside of words, mostly in texts.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "adodb.stream", "bitsadmin", "certutil", "cmd.exe", "cmd /c", "cscript", "iexplore", "internetexplorer.application",
    "javascript:", "mshta", "msxml2.serverxmlhttp", "msxml2.xmlhttp", "microsoft.xmlhttp", "outlook.application", "powershell",
    "regsvr32", "rundll32", "schedule.service", "schtasks", "scripting.filesystemobject", "scriptcontrol",
    "shell.application", "start-bitstransfer", "vbscript", "winhttp.winhttprequest", "winmgmts:", "wmic", "wscript.shell",
    "wscript.network", "appdata", "\\currentversion\\run",
];
/// Bytes of sources that are looked at in one file.
const LOOKED_BYTES_MAX: usize = 16 << 20;
/// Bytes of one line: what is longer is data.
const LINE_BYTES_MAX: usize = 1 << 16;

/// What is gathered over the sources of a file.
pub struct Signs {
    auto_run: Gathered,
    calls: Gathered,
    declared: Gathered,
    urls: Gathered,
    looked: usize,
    limited: bool,
}

impl Default for Signs {
    fn default() -> Self {
        let list = || Gathered::new(TEXTS_MAX);
        Signs { auto_run: list(), calls: list(), declared: list(), urls: list(), looked: 0, limited: false }
    }
}

impl Signs {
    /// Looks over a source.
    pub fn look(&mut self, source: &str) {
        self.looked = self.looked.saturating_add(source.len());
        if self.looked > LOOKED_BYTES_MAX {
            self.limited = true;
            return;
        }
        for line in source.lines() {
            let mut line = line.to_owned();
            self.limited |= crate::gather::cut(&mut line, LINE_BYTES_MAX);
            let code = without_comment(&line);
            if !is_attribute(code) {
                self.line(code);
            }
        }
    }

    fn line(&mut self, code: &str) {
        if let Some(name) = procedure(code)
            && (AUTO_RUN.iter().any(|auto| auto.eq_ignore_ascii_case(name))
                || AUTO_ENDINGS.iter().any(|ending| ends_ignoring_case(name, ending)))
        {
            self.auto_run.push(name);
        }
        if let Some(declared) = declaration(code) {
            self.declared.push(declared);
        }
        for word in code.split(|letter: char| !letter.is_alphanumeric() && letter != '_').filter(|word| word.len() > 2)
        {
            if let Some(call) = CALLS.iter().find(|call| call.eq_ignore_ascii_case(word)) {
                self.calls.push(*call);
            }
        }
        let lower = code.to_ascii_lowercase();
        PIECES.iter().filter(|piece| lower.contains(**piece)).for_each(|piece| self.calls.push(*piece));
        for scheme in ["http://", "https://", "ftp://", "file://"] {
            for (at, _) in lower.match_indices(scheme) {
                let rest = &code[at..];
                let end = rest.find(|letter: char| letter.is_whitespace() || "\"'<>()".contains(letter));
                self.urls.push(&rest[..end.unwrap_or(rest.len())]);
            }
        }
    }

    pub fn state(self, reading: &mut Reading) {
        self.auto_run.state(reading, NAMESPACE, "auto_run");
        self.calls.state(reading, NAMESPACE, "calls");
        self.declared.state(reading, NAMESPACE, "declared");
        self.urls.state(reading, NAMESPACE, "urls");
        if self.limited {
            let limit = crate::limits::Limit::TextBytes;
            reading.state(NAMESPACE, "calls", crate::vector::State::Limited(limit), None);
        }
    }
}

fn ends_ignoring_case(name: &str, ending: &str) -> bool {
    let start = name.len().checked_sub(ending.len());
    start.and_then(|start| name.get(start..)).is_some_and(|end| end.eq_ignore_ascii_case(ending))
}

/// A line up to its comment: an apostrophe outside of a text, or the word for one at the beginning.
fn without_comment(line: &str) -> &str {
    let trimmed = line.trim_start();
    if trimmed.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("rem ")) {
        return "";
    }
    let mut quoted = false;
    for (at, letter) in line.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            '\'' if !quoted => return &line[..at],
            _ => {}
        }
    }
    line
}

fn is_attribute(code: &str) -> bool {
    code.trim_start().starts_with("Attribute ")
}

/// Whether a source has a line besides attributes, options, comments and empty ones.
pub fn has_code(source: &str) -> bool {
    source.lines().map(|line| without_comment(line).trim()).any(|code| {
        let option = code.get(..7).is_some_and(|word| word.eq_ignore_ascii_case("option "));
        !code.is_empty() && !is_attribute(code) && !option
    })
}

/// A source without what may be written in another way: attributes, comments, blanks, and the case of letters.
pub fn code(source: &str) -> String {
    let lines = source.lines().map(without_comment).filter(|line| !is_attribute(line) && !line.trim().is_empty());
    let letters = lines.flat_map(|line| line.chars().filter(|letter| !letter.is_whitespace()).chain(['\n']));
    letters.flat_map(char::to_lowercase).collect()
}

/// The name of the procedure that a line begins.
fn procedure(code: &str) -> Option<&str> {
    let mut words = code.split_whitespace();
    let mut word = words.next()?;
    while ["private", "public", "friend", "static", "global"].iter().any(|other| other.eq_ignore_ascii_case(word)) {
        word = words.next()?;
    }
    if !["sub", "function"].iter().any(|other| other.eq_ignore_ascii_case(word)) {
        return None;
    }
    words.next()?.split('(').next()
}

/// The function of a library that a line declares.
fn declaration(code: &str) -> Option<String> {
    let lower = code.to_ascii_lowercase();
    let at = lower.find("declare ")?;
    let library = quoted(code, at + lower.get(at..)?.find(" lib ")?)?;
    let alias = lower.get(at..)?.find(" alias ").and_then(|alias| quoted(code, at + alias));
    let name = alias.or_else(|| {
        let words: Vec<&str> = code.get(at..)?.split_whitespace().collect();
        let lib = words.iter().position(|word| word.eq_ignore_ascii_case("lib"))?;
        words.get(lib.checked_sub(1)?).map(|name| (*name).to_owned())
    })?;
    Some(format!("{library}!{name}"))
}

fn quoted(code: &str, at: usize) -> Option<String> {
    code.get(at..)?.split('"').nth(1).map(str::to_owned)
}
