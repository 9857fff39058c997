//! Endings of names of hosts, and hosts that everybody names.

use super::IndicatorKind;
use std::collections::HashMap;
use std::sync::LazyLock;

/// What the last label of a name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Names end so, and little else does.
    Sure,
    /// Names end so, and files and members of objects do too.
    Maybe,
    None,
}

#[rustfmt::skip]
const SURE: &[&str] = &[
    "biz", "br", "ch", "club", "cn", "com", "cz", "de", "edu", "eu", "fr", "gov", "gr", "hk", "hu", "icu",
    "ir", "jp", "kp", "kr", "kz", "mil", "net", "nl", "onion", "online", "org", "pw", "ro", "ru", "sg", "shop", "sk",
    "su", "th", "tw", "ua", "uk", "uz", "vn", "wang", "website", "xyz", "ltd", "lan", "corp", "intranet", "asia", "za",
];
#[rustfmt::skip]
const MAYBE: &[&str] = &[
    "ae", "ai", "by", "cc", "es", "mobi", "rs", "am", "app", "ar", "at", "au", "az", "ba", "bd", "be", "bg", "bid", "ca", "cf", "cl", "click", "cloud", "co", "cool",
    "dev", "dk", "download", "ee", "eg", "fi", "fm", "fun", "ga", "ge", "gg", "gl", "gq", "group", "host", "hr", "id", "ie", "il", "in",
    "info", "int", "io", "is", "it", "jobs", "ke", "la", "li", "life", "link", "live", "lk", "lol", "lt", "lu", "lv", "ly", "ma", "md",
    "me", "mk", "ml", "mn", "monster", "mx", "my", "name", "news", "ng", "no", "np", "nz", "one", "pe", "ph", "pk", "pl", "pro", "pt",
    "qa", "re", "rest", "sa", "sbs", "se", "sh", "si", "site", "so", "space", "st", "store", "support", "tech", "tel", "tk", "to", "today",
    "top", "tr", "tv", "us", "uno", "vip", "vg", "win", "work", "world", "ws", "zip", "mov", "internal", "local", "test", "page", "run",
    "media", "network", "email", "center", "zone", "systems", "solutions", "agency", "best", "bar", "buzz", "cyou", "cfd", "quest",
];
/// Packages and name spaces of languages begin with these: `com.example`, `system.net`.
#[rustfmt::skip]
const PACKAGES: &[&str] = &[
    "com", "org", "net", "edu", "gov", "io", "java", "javax", "sun", "jdk", "android", "androidx", "kotlin", "scala", "system",
    "python", "self", "this", "window", "document", "os", "sys", "std", "core", "lib", "libs", "dev", "mod", "http", "https", "urn",
    "net6", "net7", "net8", "asp", "vb", "ado", "socket", "module", "exports", "process", "request", "response", "config", "app", "ctx",
];
/// Programs of DOS and Windows whose names end in `.com`.
#[rustfmt::skip]
const PROGRAMS: &[&str] = &[
    "command.com", "format.com", "more.com", "mode.com", "tree.com", "edit.com", "chcp.com", "diskcopy.com", "diskcomp.com",
    "graftabl.com", "graphics.com", "loadfix.com", "kb16.com", "win.com", "sys.com", "debug.com", "assign.com", "keyb.com",
];
/// Hosts, with all below them, that schemas, signatures, licences and documentation name.
#[rustfmt::skip]
const COMMON: &[&str] = &[
    "w3.org", "microsoft.com", "windows.com", "windowsupdate.com", "office.com", "openxmlformats.org", "xmlsoap.org", "oasis-open.org",
    "purl.org", "dublincore.org", "adobe.com", "iptc.org", "aiim.org", "npes.org", "opendocument.org", "openoffice.org",
    "libreoffice.org", "oasis-open.net", "verisign.com", "verisign.net", "symantec.com", "symcb.com", "symcd.com", "thawte.com",
    "digicert.com", "globalsign.com", "globalsign.net", "usertrust.com", "comodoca.com", "comodo.com", "sectigo.com", "entrust.net",
    "entrust.com", "godaddy.com", "starfieldtech.com", "geotrust.com", "letsencrypt.org", "lencr.org", "certum.pl", "startssl.com",
    "wosign.com", "trust-provider.com", "ssl.com", "quovadisglobal.com", "swisssign.net", "d-trust.net", "identrust.com",
    "apache.org", "gnu.org", "mozilla.org", "python.org", "opensource.org", "creativecommons.org", "unicode.org", "ietf.org",
    "iana.org", "iso.org", "debian.org", "ubuntu.com", "kernel.org", "freedesktop.org", "gnome.org", "kde.org", "sourceforge.net",
    "sourceware.org", "llvm.org", "openssl.org", "zlib.net", "libpng.org", "perl.org", "cpan.org", "php.net", "ruby-lang.org", "golang.org",
    "rust-lang.org", "java.com", "oracle.com", "sun.com", "ibm.com", "apple.com", "intel.com", "xfree86.org", "x.org", "inkscape.org",
    "example.com", "example.org", "example.net", "wikipedia.org", "schema.org", "json-schema.org", "ogp.me", "relaxng.org", "docbook.org",
    "nsis.sf.net", "sf.net", "innosetup.com", "jrsoftware.org", "installshield.com", "nih.gov", "nist.gov", "rfc-editor.org", "ecma-international.org",
];

static ENDINGS: LazyLock<HashMap<&str, Ending>> = LazyLock::new(|| {
    let maybe = MAYBE.iter().map(|label| (*label, Ending::Maybe));
    maybe.chain(SURE.iter().map(|label| (*label, Ending::Sure))).collect()
});

/// What a last label, in lower case, says.
pub fn ending(label: &str) -> Ending {
    // Labels of other alphabets are spelled so.
    if label.starts_with("xn--") && label.len() > 5 {
        return Ending::Sure;
    }
    ENDINGS.get(label).copied().unwrap_or(Ending::None)
}

pub fn is_first_of_package(label: &str) -> bool {
    PACKAGES.contains(&label)
}

pub fn is_program_of_dos(name: &str) -> bool {
    PROGRAMS.contains(&name)
}

/// Whether so many honest files name it that it says nothing.
pub fn is_common(kind: IndicatorKind, value: &str) -> bool {
    let host = match kind {
        IndicatorKind::Url => {
            let authority = value.split_once("://").map_or("", |(_, rest)| rest);
            let authority = authority.split(['/', '?', '#', '\\']).next().unwrap_or_default();
            let authority = authority.rsplit('@').next().unwrap_or_default();
            authority.split(':').next().unwrap_or_default()
        }
        IndicatorKind::Domain => value,
        IndicatorKind::Email => value.rsplit('@').next().unwrap_or_default(),
        _ => return false,
    };
    // The name itself and two labels, or three: what is registered, and what stands above it.
    let mut rest = host.trim_end_matches('.');
    loop {
        if COMMON.contains(&rest) {
            return true;
        }
        match rest.split_once('.') {
            Some((_, behind)) if behind.contains('.') => rest = behind,
            _ => return false,
        }
    }
}
