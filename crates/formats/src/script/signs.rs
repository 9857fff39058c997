//! What scripts name that reaches out of them. These are facts and no judgement: an installer has many of them.

/// Pieces of a script in lower case, with one blank where there were several; each stands for itself.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    // Objects of Windows.
    "activexobject", "wscript.shell", "wscript.network", "shell.application", "adodb.stream", "scripting.filesystemobject",
    "msxml2.xmlhttp", "msxml2.serverxmlhttp", "microsoft.xmlhttp", "winhttp.winhttprequest", "internetexplorer.application",
    "scriptcontrol", "schedule.service", "winmgmts:", "win32_process", "win32_shadowcopy", "savetofile", "responsebody",
    "createobject(", "getobject(", "callbyname", "executeglobal", "createtextfile", "regwrite", "specialfolders",
    "expandenvironmentstrings", "shellexecute", "deletefile", "createprocess", "script:http",
    // PowerShell.
    "-encodedcommand", "invoke-expression", "invoke-command", "invoke-webrequest", "invoke-restmethod", "downloadstring",
    "downloadfile", "downloaddata", "net.webclient", "frombase64string", "start-bitstransfer", "start-process", "add-type",
    "reflection.assembly", "[reflection", "gzipstream", "deflatestream", "memorystream", "executionpolicy bypass", "-windowstyle hidden",
    "-w hidden", "-noprofile", "-nop ", "virtualalloc", "createthread", "getprocaddress", "getdelegateforfunctionpointer",
    "writeprocessmemory", "marshal]::copy", "amsiutils", "amsiinitfailed", "set-mppreference", "add-mppreference", "scriptblock]::create",
    "new-object", "new-scheduledtask", "register-scheduledtask", "convertto-securestring", "get-credential", "invoke-mimikatz",
    "sekurlsa", "minidump", "downloadstringasync", "system.net.sockets", "tcpclient", "invoke-wmimethod", "invoke-cimmethod",
    // Programs that run or fetch for others.
    "certutil", "bitsadmin", "mshta", "regsvr32", "rundll32", "wmic", "cscript", "wscript ", "installutil", "regasm", "regsvcs",
    "msbuild", "cmstp", "odbcconf", "forfiles", "pcalua", "hh.exe", "msiexec", "powershell", "pwsh", "cmd /c", "cmd.exe", "comspec",
    "schtasks", "psexec", "nltest", "net user", "net localgroup", "net group", "whoami", "systeminfo", "procdump", "ntdsutil", "esentutl",
    "reg add", "reg save", "reg delete", "\\currentversion\\run", "netsh advfirewall", "netsh firewall", "sc stop", "sc config",
    "sc delete", "net stop", "taskkill", "attrib +h", "icacls", "takeown", "certreq", "diskshadow", "fsutil", "cipher /w",
    "regsvr32 /s /n /u /i:http", "/i:http", "rundll32 javascript", "javascript:", "vbscript:", "-decode ", "-urlcache", "/transfer",
    // What ransomware takes away first.
    "delete shadows", "vssadmin", "shadowcopy delete", "resize shadowstorage", "wbadmin delete", "delete catalog",
    "delete systemstatebackup", "bcdedit", "recoveryenabled no", "bootstatuspolicy ignoreallfailures", "wevtutil cl", "clear-eventlog",
    "disablerealtimemonitoring", "usn deletejournal",
    // Shells and what they pipe.
    "/dev/tcp/", "/dev/udp/", "base64 -d", "base64 --decode", "openssl enc", "chmod +x", "chmod 777", "nohup ", "crontab", "/etc/cron",
    "authorized_keys", "/etc/ld.so.preload", "ld_preload", "history -c", "unset histfile", "histfile=/dev/null", "iptables -f", "ufw disable",
    "setenforce 0", "/etc/shadow", "insmod ", "chattr +i", "chattr -i", "mkfifo", "nc -e", "ncat ", "socat ", "xmrig", "stratum+tcp",
    "wget ", "curl ", "python -c", "perl -e", "php -r", "docker.sock", "kill -9",
    // Python, PHP, JavaScript outside of browsers.
    "os.system", "os.execute", "io.popen", "subprocess.", "pty.spawn", "socket.socket", "base64.b64decode", "marshal.loads", "pickle.loads", "zlib.decompress",
    "__import__", "ctypes.", "urllib.request", "urlopen", "requests.get", "requests.post", "exec(compile", "child_process", "base64_decode", "gzinflate",
    "str_rot13", "shell_exec", "passthru", "proc_open", "preg_replace(\"/.*/e", "assert($_", "eval($_", "$_post[", "$_request[",
    "move_uploaded_file", "fsockopen", "document.write", "string.fromcharcode", "unescape(", "atob(", "createelement(\"script\"",
    "createelement('script'", "new function(", "settimeout(\"", "msfadmin", "mssavebblob", "mssaveoropenblob", "createobjecturl",
];
/// Words that stand alone: letters, digits or underscores on neither side.
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "eval", "execute", "iex", "iwr", "irm", "exec", "run", "shell", "chr", "chrw", "strreverse", "execscript", "fromcharcode",
    "popen", "system", "execve", "environ", "sendkeys",
];

/// The calls in a script, each once, in the order of the tables.
pub fn calls(source: &str) -> Vec<&'static str> {
    let lower = single_blanks(source);
    let bytes = lower.as_bytes();
    let mut calls: Vec<&'static str> = PIECES.iter().copied().filter(|piece| lower.contains(*piece)).collect();
    calls.extend(WORDS.iter().copied().filter(|word| has_word(bytes, word.as_bytes())));
    calls.extend(encoded_command(&lower));
    calls.extend(piped_to_shell(source));
    calls
}

/// A script in lower case, each run of blanks as one.
fn single_blanks(source: &str) -> String {
    let mut lower = String::with_capacity(source.len());
    let mut blank = false;
    for letter in source.chars() {
        let is_blank = matches!(letter, ' ' | '\t');
        if !(is_blank && blank) {
            lower.push(if is_blank { ' ' } else { letter.to_ascii_lowercase() });
        }
        blank = is_blank;
    }
    lower
}

/// Calls are followed by a bracket, a text or a blank; a name that goes on is another one.
fn has_word(bytes: &[u8], word: &[u8]) -> bool {
    let inside = |at: Option<usize>| {
        let byte = at.and_then(|at| bytes.get(at));
        byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'$' | b'/' | b'\\'))
    };
    memchr::memmem::find_iter(bytes, word).any(|at| {
        let behind = at + word.len();
        let called = bytes.get(behind).is_some_and(|byte| matches!(byte, b'(' | b' ' | b'"' | b'\'' | b'|'));
        !inside(at.checked_sub(1)) && called && (bytes.get(behind) != Some(&b' ') || goes_on(bytes, behind))
    })
}

/// Whether a blank is followed by an argument and not by prose or an assignment.
fn goes_on(bytes: &[u8], at: usize) -> bool {
    bytes.get(at + 1).is_some_and(|byte| matches!(byte, b'"' | b'\'' | b'(' | b'$' | b'%' | b'@'))
}

/// The option for an encoded command in any of the shortened ways that PowerShell takes, with a long word behind it.
fn encoded_command(lower: &str) -> Option<&'static str> {
    let mut words = lower.split_ascii_whitespace().peekable();
    while let Some(word) = words.next() {
        let name = word.trim_start_matches(['-', '/', '\u{2013}', '\u{2014}']);
        let shortened =
            name.len() < word.len() && !name.is_empty() && ("encodedcommand".starts_with(name) || name == "ec");
        if shortened && words.peek().is_some_and(|next| next.len() >= 24) && lower.contains("powershell") {
            return Some("encoded-command");
        }
    }
    None
}

/// What is fetched and run at once.
fn piped_to_shell(source: &str) -> Option<&'static str> {
    let shell = |rest: &str| {
        let word =
            rest.trim_start().trim_start_matches("sudo ").split([' ', ';', '&', '\'', '"']).next().unwrap_or_default();
        matches!(word.trim().rsplit('/').next(), Some("sh" | "bash" | "zsh" | "dash" | "python" | "python3" | "perl"))
    };
    let fetched = |line: &str| line.contains("curl ") || line.contains("wget ");
    let piped = |line: &str| line.split('|').skip(1).any(shell);
    source.lines().any(|line| fetched(line) && piped(line)).then_some("fetched-and-piped-to-shell")
}

/// Whether a text is rather in Basic than in a language with braces.
pub fn looks_basic(source: &str) -> bool {
    let count = |words: &[&str]| {
        let lower = source.to_ascii_lowercase();
        words.iter().map(|word| lower.matches(word).count()).sum::<usize>()
    };
    let braces = source.matches(['{', ';']).count();
    count(&["dim ", "end if", "end sub", "sub ", " then", "msgbox", "set ", "createobject(", "wscript."]) >= braces
}
