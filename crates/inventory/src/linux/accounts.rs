//! Accounts: `passwd`, `shadow` and `group` (passwd(5), shadow(5), crypt(5)). Of a password it is kept whether there is
//! one, whether it is locked and how it is hashed; the hash itself never leaves this module.

use super::{Account, Group, Password, Reading, lines, number, some, value};
use std::collections::HashMap;

/// Accounts of one machine; one that is in a directory of many more lists none of them here.
pub const ACCOUNTS_MAX: usize = 50_000;

/// Groups whose members are, or can make themselves, the administrator: through `sudo`, a container's mount of the whole
/// disk, or the bytes of the disk.
const POWERFUL: &[&str] =
    &["root", "sudo", "wheel", "admin", "docker", "lxd", "incus-admin", "libvirt", "disk", "shadow"];

/// Reads `passwd` with what `shadow` says of the same names; without it nothing is known of passwords.
pub fn read(passwd: &[u8], shadow: Option<&[u8]>) -> Reading<Vec<Account>> {
    let mut reading = Reading::<Vec<Account>>::default();
    let secrets = shadow.map(secrets).unwrap_or_default();
    for (line_number, line) in lines(passwd) {
        if is_blank(line) {
            continue;
        }
        let Some(mut account) = account(line) else {
            reading.odd("linux.no-account", line_number);
            continue;
        };
        let mut secret = secrets.get(&account.name).copied().unwrap_or_default();
        match field(line, 1) {
            b"x" => {}
            // Everybody can read this file.
            own => {
                secret = Secret { changed_day: secret.changed_day, ..Secret::of(own) };
                if secret.scheme.is_some() {
                    reading.odd("linux.hash-in-passwd", line_number);
                }
            }
        }
        account.password = secret.password;
        account.scheme = secret.scheme.map(str::to_owned);
        account.changed_day = secret.changed_day;
        if !reading.push(account, ACCOUNTS_MAX) {
            break;
        }
    }
    reading
}

/// Reads `group`: those groups whose members are as good as the administrator, where they have members.
pub fn groups(bytes: &[u8]) -> Reading<Vec<Group>> {
    let mut reading = Reading::<Vec<Group>>::default();
    for (line_number, line) in lines(bytes) {
        if is_blank(line) {
            continue;
        }
        let (name, id) = (value(field(line, 0)), number(field(line, 2)));
        let (false, Some(group_id)) = (name.is_empty(), id) else {
            reading.odd("linux.no-group", line_number);
            continue;
        };
        if !POWERFUL.contains(&name.as_str()) {
            continue;
        }
        let members = field(line, 3).split(|byte| *byte == b',').filter_map(some).take(ACCOUNTS_MAX).collect();
        reading.value.push(Group { name, group_id, members });
    }
    reading
}

fn account(line: &[u8]) -> Option<Account> {
    let shell = value(field(line, 6));
    let name = value(field(line, 0));
    let login = !["/nologin", "/false", "/sync", "/halt", "/shutdown"].iter().any(|end| shell.ends_with(end));
    Some(Account {
        name: Some(name).filter(|name| !name.is_empty())?,
        user_id: number(field(line, 2))?,
        group_id: number(field(line, 3))?,
        home: value(field(line, 5)),
        // An empty field means `/bin/sh`.
        shell,
        login,
        ..Account::default()
    })
}

/// What is kept of a password.
#[derive(Clone, Copy, Default)]
struct Secret {
    password: Password,
    scheme: Option<&'static str>,
    changed_day: Option<u32>,
}

fn secrets(shadow: &[u8]) -> HashMap<String, Secret> {
    let entries = lines(shadow).filter(|(_, line)| !is_blank(line)).take(ACCOUNTS_MAX);
    let secret = |line| Secret { changed_day: number(field(line, 2)), ..Secret::of(field(line, 1)) };
    entries.map(|(_, line)| (value(field(line, 0)), secret(line))).collect()
}

impl Secret {
    fn of(field: &[u8]) -> Secret {
        // `!` in front locks what stands behind it; `*` fits nothing.
        let hash = field.trim_ascii_start();
        let open = hash.iter().position(|byte| *byte != b'!').and_then(|at| hash.get(at..)).unwrap_or_default();
        let locked = hash.starts_with(b"!");
        let scheme = scheme(open);
        let password = match scheme {
            Some(_) if locked => Password::Locked,
            Some(_) => Password::Set,
            None if hash.is_empty() => Password::Empty,
            None => Password::Never,
        };
        Secret { password, scheme, changed_day: None }
    }
}

/// The scheme that a hash names in front (crypt(5)); thirteen letters without a name are the first of all.
fn scheme(hash: &[u8]) -> Option<&'static str> {
    const NAMED: &[(&[u8], &str)] = &[
        (b"$y$", "yescrypt"),
        (b"$gy$", "gost-yescrypt"),
        (b"$7$", "scrypt"),
        (b"$2", "bcrypt"),
        (b"$6$", "sha512"),
        (b"$5$", "sha256"),
        (b"$sm3$", "sm3"),
        (b"$sha1", "sha1"),
        (b"$md5", "sun-md5"),
        (b"$1$", "md5"),
        (b"$3$", "nt"),
        (b"$", "unknown"),
        (b"_", "bsdi-des"),
    ];
    let named = NAMED.iter().find(|(start, _)| hash.starts_with(start)).map(|(_, name)| *name);
    let letters = |bytes: &[u8]| bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/'));
    named.or_else(|| (hash.len() == 13 && letters(hash)).then_some("des"))
}

fn field(line: &[u8], at: usize) -> &[u8] {
    line.split(|byte| *byte == b':').nth(at).unwrap_or_default()
}

/// Comments, and the lines that ask a directory for more.
fn is_blank(line: &[u8]) -> bool {
    line.trim_ascii().is_empty() || matches!(line.first(), Some(b'#' | b'+' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/usr/sbin:/usr/sbin/nologin\nkeeper:x:1000:1000:,,,:/home/keeper:/bin/sh\n\
        old:aXbQOIBOcvBlE:1001:1001::/home/old:\nopen::1002:1002::/:/bin/sh\nstray:x:1003:1003::/:/bin/sh\nbroken\n+nis\n";
    const SHADOW: &str = "root:$y$j9T$SALT$SECRETSECRET:19700:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\nkeeper:!$6$SALT$SECRETSECRET:19800::::::\n\
        open:!!:19000::::::\n";

    #[test]
    fn a_password_is_told_by_its_state_and_never_by_its_hash() {
        let reading = read(PASSWD.as_bytes(), Some(SHADOW.as_bytes()));
        let shown: Vec<_> =
            reading.value.iter().map(|a| format!("{} {:?} {:?} {}", a.name, a.password, a.scheme, a.login)).collect();
        assert_eq!(
            shown,
            [
                "root Set Some(\"yescrypt\") true",
                "daemon Never None false",
                "keeper Locked Some(\"sha512\") true",
                "old Set Some(\"des\") true",
                "open Empty None true",
                "stray Unknown None true",
            ]
        );
        let codes: Vec<_> = reading.oddities.iter().map(|odd| (odd.message.code.as_str(), odd.line.unwrap())).collect();
        assert_eq!(codes, [("linux.hash-in-passwd", 4), ("linux.no-account", 7)]);
        let kept = format!("{} {reading:?}", serde_json::to_string(&reading.value).unwrap());
        assert!(!kept.contains("SECRET") && !kept.contains("SALT") && !kept.contains("aXbQ"), "{kept}");
    }

    #[test]
    fn without_shadow_nothing_is_known_of_passwords() {
        let reading = read(PASSWD.as_bytes(), None);
        assert_eq!(reading.value[0].password, Password::Unknown);
        assert_eq!(reading.value[0].changed_day, None);
    }

    #[test]
    fn schemes_are_told_apart() {
        for (hash, want) in [
            ("$2b$10$abc", Some("bcrypt")),
            ("$5$a$b", Some("sha256")),
            ("$1$a$b", Some("md5")),
            ("$sm3$a$b", Some("sm3")),
            ("$9$a", Some("unknown")),
            ("*", None),
            ("*LK*", None),
            ("NP", None),
        ] {
            assert_eq!(Secret::of(hash.as_bytes()).scheme, want, "{hash}");
        }
    }

    #[test]
    fn groups_that_make_administrators_are_kept() {
        let reading = groups(b"root:x:0:\nsudo:x:27:ann,ben\nusers:x:100:eve\ndocker:x:999:ci\nbad\n");
        let shown: Vec<_> = reading.value.iter().map(|g| format!("{} {}", g.name, g.members.join("+"))).collect();
        assert_eq!(shown, ["root ", "sudo ann+ben", "docker ci"]);
        assert_eq!(reading.oddities[0].line, Some(5));
    }
}
