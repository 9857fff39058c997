//! The interpreter that the first line of a script names.

use crate::kind::Kind;

/// The kind of a script by its first line.
pub fn kind(head: &[u8]) -> Option<Kind> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let rest = head.strip_prefix(b"#!")?;
    let line = rest.split(|byte| matches!(byte, b'\n' | b'\r')).next()?;
    let line = &line[..line.len().min(256)];
    // Rust's attributes of a whole file begin alike.
    if line.starts_with(b"[") {
        return None;
    }
    let words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let mut names = words.map(|word| word.rsplit(|byte| *byte == b'/').next().unwrap_or_default());
    let first = names.next()?;
    let name = if first == b"env" || first == b"busybox" {
        // Options of `env`, and what it sets, stand in front of the name.
        names.find(|word| !word.starts_with(b"-") && !word.contains(&b'='))?
    } else {
        first
    };
    if !line.contains(&b'/') && !name.iter().all(u8::is_ascii_alphanumeric) {
        return None;
    }
    by_interpreter(name, head).or(Some(Kind::OtherScript))
}

fn by_interpreter(name: &[u8], head: &[u8]) -> Option<Kind> {
    let name = name.to_ascii_lowercase();
    let name = name.strip_suffix(b".exe").unwrap_or(&name);
    // Versions follow the name, and a machine may follow them: `python3.11`, `tclsh8.6`, `perl5.36-x86_64-linux-gnu`.
    let plain = name.iter().position(|byte| byte.is_ascii_digit() || *byte == b'.').filter(|at| *at > 1);
    Some(match &name[..plain.unwrap_or(name.len())] {
        b"sh" | b"bash" | b"dash" | b"ash" | b"ksh" | b"mksh" | b"zsh" | b"csh" | b"tcsh" | b"fish" | b"rc" => {
            return Some(inside_shell(head).unwrap_or(Kind::Shell));
        }
        b"bats" | b"openrc-run" | b"runscript" | b"sh-ex" | b"rbash" | b"sash" | b"yash" | b"posh" => Kind::Shell,
        b"python" | b"pypy" | b"pythonw" | b"jython" | b"uv" | b"sage" => Kind::Python,
        b"perl" | b"cperl" => Kind::Perl,
        b"ruby" | b"jruby" | b"rake" | b"macruby" => Kind::Ruby,
        b"node" | b"nodejs" | b"iojs" | b"deno" | b"bun" | b"gjs" | b"qjs" | b"rhino" | b"phantomjs" | b"d8" => {
            Kind::JavaScript
        }
        b"ts-node" | b"tsx" => Kind::TypeScript,
        b"php" | b"php-cgi" => Kind::Php,
        b"lua" | b"luajit" | b"texlua" => Kind::Lua,
        b"tclsh" | b"wish" | b"expect" | b"tixwish" | b"jimsh" => Kind::Tcl,
        b"awk" | b"gawk" | b"mawk" | b"nawk" => Kind::Awk,
        b"sed" => Kind::Sed,
        b"make" | b"gmake" => Kind::Makefile,
        b"pwsh" | b"powershell" => Kind::PowerShell,
        b"osascript" => Kind::AppleScript,
        b"rscript" | b"r" => Kind::RScript,
        b"emacs" => Kind::EmacsLisp,
        b"cmake" => Kind::CMake,
        _ => return None,
    })
}

/// Scripts that start as a shell's and hand themselves to another interpreter say so in an editor's line.
fn inside_shell(head: &[u8]) -> Option<Kind> {
    let first = crate::bytes::head(head, 256);
    let says = |mode: &[u8]| crate::bytes::contains(first, mode);
    if says(b"-*- perl -*-") || says(b"-*-perl-*-") || says(b"exec perl ") || says(b"eval 'exec perl") {
        return Some(Kind::Perl);
    }
    if says(b"exec tclsh") || says(b"exec wish") {
        return Some(Kind::Tcl);
    }
    None
}
