//! The form that values are compared in: the same for indicators, for what traffic holds, and for what is kept of it, so
//! that looking forward and looking back find the same. A value that has no form cannot be named by an indicator.

use crate::IndicatorKind;

/// No form is longer: an index of PostgreSQL takes rows of at most 2,704 bytes, and a longer value is no indicator.
pub const BYTES_MAX: usize = 2000;
/// Addresses that are read from one header of a mail.
const EMAILS_MAX: usize = 256;

/// A name of the DNS or of a host: small letters, no dot at its end.
pub fn domain(name: &[u8]) -> Option<String> {
    let name = name.strip_suffix(b".").unwrap_or(name);
    bounded(String::from_utf8_lossy(name).to_ascii_lowercase())
}

/// A host, with its port where one was said, and a target on it: the host in small letters, no scheme. A target that
/// names its host itself gives its path only. What is too long is kept without its query.
pub fn url(host: &[u8], target: &[u8]) -> Option<String> {
    let host = host.trim_ascii();
    if host.is_empty() {
        return None;
    }
    let path = path(target)?;
    let whole = String::from_utf8_lossy(host).to_ascii_lowercase() + &String::from_utf8_lossy(path);
    if whole.len() <= BYTES_MAX { Some(whole) } else { bounded(without_query(&whole).to_owned()) }
}

/// The path of a target, with its query: of `/path`, and of `scheme://host/path`.
fn path(target: &[u8]) -> Option<&[u8]> {
    if target.starts_with(b"/") {
        return Some(target);
    }
    let scheme = target.iter().position(|byte| !byte.is_ascii_alphanumeric())?;
    let rest = target.get(scheme..)?.strip_prefix(b"://")?;
    match rest.iter().position(|byte| *byte == b'/') {
        Some(at) => rest.get(at..),
        None => Some(b"/"),
    }
}

pub(crate) fn without_query(url: &str) -> &str {
    url.split('?').next().unwrap_or_default()
}

/// A form of [`url`] without the port of its host, where it has one.
pub(crate) fn without_port(url: &str) -> Option<String> {
    let (host, path) = url.split_at_checked(url.find('/')?)?;
    let (host, port) = host.rsplit_once(':')?;
    port.bytes().all(|byte| byte.is_ascii_digit()).then(|| format!("{host}{path}"))
}

/// An address of mail: something, one `@`, and a host.
pub fn email(address: &str) -> Option<String> {
    let address = address.trim().trim_end_matches('.');
    let (local, host) = address.split_once('@')?;
    let plain_local = |c: char| !(c.is_whitespace() || c.is_control() || is_separator(c) || matches!(c, '@' | '/'));
    let plain_host = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '[' | ']' | ':');
    let is_one =
        !local.is_empty() && !host.is_empty() && local.chars().all(plain_local) && host.chars().all(plain_host);
    if is_one { bounded(address.to_lowercase()) } else { None }
}

/// The addresses in a header or in a command of mail, in their form.
pub fn emails(text: &[u8]) -> impl Iterator<Item = String> {
    let text = String::from_utf8_lossy(text);
    let found: Vec<String> = text
        .split(|c: char| c.is_whitespace() || c.is_control() || is_separator(c))
        .filter_map(email)
        .take(EMAILS_MAX)
        .collect();
    found.into_iter()
}

/// Labels of a name that are asked about, from the whole name to its last label.
pub(crate) const LABELS_MAX: usize = 128;

/// Tells every value under which an indicator of this kind can name a form, some perhaps more than once: of a name also
/// those above it, of a URL also what is left without its query or port, of an account also the account alone. Networks
/// are not told: an address has too many.
pub fn names(kind: IndicatorKind, form: &str, each: &mut dyn FnMut(&str)) {
    match kind {
        IndicatorKind::Domain => {
            let mut rest = Some(form);
            for _ in 0..LABELS_MAX {
                let Some(name) = rest else { return };
                each(name);
                rest = name.split_once('.').map(|(_, above)| above);
            }
        }
        IndicatorKind::Url => {
            each(form);
            each(without_query(form));
            if let Some(form) = without_port(form) {
                each(&form);
                each(without_query(&form));
            }
        }
        IndicatorKind::Account => {
            each(form);
            each(without_domain(form));
        }
        _ => each(form),
    }
}

/// What stands between addresses in a list of them.
fn is_separator(c: char) -> bool {
    matches!(c, ',' | ';' | '<' | '>' | '(' | ')' | '"' | '\\' | ':')
}

/// An account as it was said, with its domain or realm.
pub fn account(account: &str) -> Option<String> {
    bounded(clean(account).to_lowercase())
}

/// A form of [`account`] without `DOMAIN\` and without `@realm`.
pub(crate) fn without_domain(account: &str) -> &str {
    let own = account.rsplit_once('\\').map_or(account, |(_, own)| own);
    match own.split_once('@') {
        Some((name, _)) if !name.is_empty() => name,
        _ => own,
    }
}

/// The last part of a path, by `/` and by `\`.
pub fn file_name(path: &str) -> Option<String> {
    let path = clean(path).trim_end_matches(['/', '\\']);
    let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
    bounded(clean(name).to_lowercase())
}

/// The digits of a digest, without what stands between them.
pub fn digits(digest: &str) -> String {
    digest.chars().filter(|c| *c != ':').map(|c| c.to_ascii_lowercase()).collect()
}

/// Without what a sender fills a field with.
fn clean(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\0')
}

fn bounded(form: String) -> Option<String> {
    (!form.is_empty() && form.len() <= BYTES_MAX).then_some(form)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// An indicator that meets a form is one of the names of it, which is what an index of forms is asked by.
        #[test]
        fn what_meets_a_form_is_among_its_names(
            form in "[a-b.:/?@\\\\0-1]{1,12}", asked in "[a-b.:/?@\\\\0-1]{1,12}", cut in 0usize..12,
        ) {
            for kind in [IndicatorKind::Domain, IndicatorKind::Url, IndicatorKind::Account, IndicatorKind::FileName] {
                for value in [&asked, &form, &form.chars().skip(cut).collect(), &form.chars().take(cut).collect()] {
                    let set = crate::Indicators::new(vec![crate::Indicator { kind, value: value.as_str().into() }]);
                    let mut named = false;
                    names(kind, &form, &mut |name| named |= name == value);
                    prop_assert_eq!(set.held(kind, &form).is_some(), named, "{:?} {} {}", kind, form, value);
                }
            }
        }
    }

    #[test]
    fn names_of_hosts() {
        assert_eq!(domain(b"WWW.Evil.example.").as_deref(), Some("www.evil.example"));
        assert_eq!(domain(b"a\xff.example").as_deref(), Some("a\u{fffd}.example"));
        assert_eq!((domain(b""), domain(b"."), domain(&[b'a'; BYTES_MAX + 1])), (None, None, None));
    }

    #[test]
    fn addresses_of_requests() {
        let form = |host: &str, target: &str| url(host.as_bytes(), target.as_bytes()).unwrap_or_default();
        assert_eq!(form("Drop.example:8080", "/A?b"), "drop.example:8080/A?b");
        assert_eq!(form("drop.example", "http://Drop.example/a"), "drop.example/a");
        assert_eq!(form("drop.example", "http://drop.example"), "drop.example/");
        assert_eq!(
            (form("drop.example", "*"), form("", "/a"), form("drop.example", "drop.example:443")),
            Default::default()
        );
        assert_eq!(form("drop.example", &format!("/a?{}", "q".repeat(BYTES_MAX))), "drop.example/a");
        assert_eq!(form("drop.example", &"/a".repeat(BYTES_MAX)), "");
        assert_eq!(without_port("drop.example:8080/a:1").as_deref(), Some("drop.example/a:1"));
        assert_eq!((without_port("drop.example/a:1"), without_port("[::1]/a")), (None, None));
    }

    #[test]
    fn addresses_of_mail_stand_in_commands_and_in_headers() {
        let found = |text: &str| emails(text.as_bytes()).collect::<Vec<_>>().join(" ");
        assert_eq!(found("<Bob@Evil.Example>"), "bob@evil.example");
        assert_eq!(found("\"B, O\" <b@x.y>,\r\n\tC <c@localhost>; undisclosed"), "b@x.y c@localhost");
        assert_eq!(found("<@relay:bob@x.y> mailto:d@x.y. =?utf-8?Q?a@b?= a@b@c /o=x/@y"), "bob@x.y d@x.y");
        assert_eq!(found("张三@例子.example"), "张三@例子.example");
    }

    #[test]
    fn accounts_and_file_names() {
        assert_eq!(account(" CORP\\Bob\0").as_deref(), Some("corp\\bob"));
        let own: Vec<&str> = ["corp\\bob", "bob@corp.example", "corp\\bob@x", "bob", "@x"].map(without_domain).into();
        assert_eq!(own, ["bob", "bob", "bob", "bob", "@x"]);
        let names = ["C:\\Temp\\Evil.EXE", "/tmp/evil.exe", "share\\dir/", "Ünï.DOC", "\\", ""].map(file_name);
        let names: Vec<String> = names.into_iter().map(Option::unwrap_or_default).collect();
        assert_eq!(names, ["evil.exe", "evil.exe", "dir", "ünï.doc", "", ""]);
        assert_eq!(digits("AA:0b"), "aa0b");
    }

    proptest! {
        /// What is kept is asked about in its form: making the form again changes nothing.
        #[test]
        fn a_form_is_its_own_form(text in "\\PC{0,40}") {
            let again = |form: Option<String>, make: &dyn Fn(&str) -> Option<String>| {
                form.clone().and_then(|form| make(&form)) == form
            };
            prop_assert!(again(account(&text), &account));
            prop_assert!(again(file_name(&text), &file_name));
            prop_assert!(emails(text.as_bytes()).all(|found| email(&found) == Some(found.clone())));
        }
    }
}
