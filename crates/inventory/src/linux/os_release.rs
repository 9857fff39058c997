//! `os-release` (freedesktop.org, os-release(5)): which distribution it is.

use super::{OsRelease, Reading, lines, tidy, value};

/// Reads the file. Later lines win, as they do in a shell.
pub fn read(bytes: &[u8]) -> Reading<OsRelease> {
    let mut reading = Reading::<OsRelease>::default();
    for (number, line) in lines(bytes) {
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        let Some(at) = line.iter().position(|byte| *byte == b'=') else {
            reading.odd("linux.no-assignment", number);
            continue;
        };
        let (key, rest) = line.split_at(at);
        let text = Some(unquoted(&value(rest.get(1..).unwrap_or_default()))).filter(|text| !text.is_empty());
        let os = &mut reading.value;
        match key {
            b"ID" => os.id = text,
            b"ID_LIKE" => os.like = text,
            b"NAME" => os.name = text,
            b"VERSION" => os.version = text,
            b"VERSION_ID" => os.version_id = text,
            b"PRETTY_NAME" => os.pretty_name = text,
            _ => {}
        }
    }
    if reading.value == OsRelease::default() {
        reading.odd("linux.os-unnamed", 1);
    }
    reading
}

/// A value as a shell reads it: in quotes or not, with the character behind a backslash as it stands.
fn unquoted(text: &str) -> String {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''));
    let inner = match quote {
        Some(quote) => text.get(1..).unwrap_or_default().trim_end_matches(quote),
        None => text,
    };
    if quote == Some('\'') {
        return tidy(inner);
    }
    let mut plain = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        plain.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    tidy(&plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, want: &str) {
        let os = read(text.as_bytes()).value;
        let shown = [os.id, os.name, os.version_id, os.pretty_name].map(|part| part.unwrap_or_else(|| "-".to_owned()));
        assert_eq!(shown.join(" | "), want);
    }

    #[test]
    fn distributions_say_who_they_are() {
        check(
            "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nID=debian\n",
            "debian | Debian GNU/Linux | 12 | Debian GNU/Linux 12 (bookworm)",
        );
        check(
            "NAME=\"openEuler\"\nVERSION=\"24.03 (LTS-SP3)\"\nID=\"openEuler\"\nVERSION_ID=\"24.03\"\nPRETTY_NAME=\"openEuler 24.03 (LTS-SP3)\"\n",
            "openEuler | openEuler | 24.03 | openEuler 24.03 (LTS-SP3)",
        );
        check(
            "NAME=\"Kylin Linux Advanced Server\"\nID=\"kylin\"\nVERSION_ID=\"V10\"\r\n",
            "kylin | Kylin Linux Advanced Server | V10 | -",
        );
        check("NAME='single \\quoted'\nID=a\\ b # no comment\n", "a b # no comment | single \\quoted | - | -");
    }

    #[test]
    fn what_is_no_assignment_is_told_by_its_line() {
        let reading = read(b"ID=debian\nhello\n\x1b[2J\n");
        assert_eq!(reading.oddities.iter().map(|odd| odd.line).collect::<Vec<_>>(), [Some(2), Some(3)]);
        assert_eq!(read(b"").oddities[0].message.code, "linux.os-unnamed");
        assert_eq!(read(b"NAME=\"a\x1b[31mb\"").value.name.as_deref(), Some("a [31mb"));
    }
}
