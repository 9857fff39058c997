//! Passwords that are tried on what is encrypted: as they are kept, and as a file has them, one a line.

use model::Message;

/// Those that are tried where nobody said others: what people who exchange samples agreed on long ago, and what others
/// never changed.
pub const USUAL: &[&str] = &["infected", "virus", "malware", "password", "123456", "12345678", "1234", "admin"];

/// Each is tried on each thing that is encrypted, and formats of today make that slow on purpose.
pub const PASSWORDS_MAX: usize = 200;
pub const CHARS_MAX: usize = 128;
/// Bytes of a file of so many that are so long.
pub const FILE_BYTES_MAX: u64 = (PASSWORDS_MAX * (CHARS_MAX * 4 + 2)) as u64;

pub fn usual() -> Vec<String> {
    USUAL.iter().map(|&password| password.to_owned()).collect()
}

/// Passwords as a file has them. Blanks belong to them.
///
/// # Errors
/// With words, when there are too many, or one is too long.
pub fn read(text: &str) -> Result<Vec<String>, Message> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    checked(text.lines())
}

/// Passwords, each once, in the order in which they are tried; empty ones are none.
///
/// # Errors
/// With words, when there are too many, or one is too long.
pub fn checked<'a>(given: impl IntoIterator<Item = &'a str>) -> Result<Vec<String>, Message> {
    let mut passwords: Vec<String> = Vec::new();
    for (at, password) in given.into_iter().enumerate().filter(|(_, password)| !password.is_empty()) {
        if password.chars().count() > CHARS_MAX {
            let line = i64::try_from(at + 1).unwrap_or(i64::MAX);
            return Err(Message::new("analysis.password-long").number("line", line).number("max", CHARS_MAX as i64));
        }
        if !passwords.iter().any(|known| known == password) {
            passwords.push(password.to_owned());
        }
        if passwords.len() > PASSWORDS_MAX {
            return Err(Message::new("analysis.passwords-many").number("max", PASSWORDS_MAX as i64));
        }
    }
    Ok(passwords)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_one_a_line() {
        assert_eq!(
            read("\u{feff}infected\r\n\r\n two words \ninfected\n#1\n").unwrap(),
            ["infected", " two words ", "#1"]
        );
        assert_eq!(read("").unwrap(), Vec::<String>::new());
        assert_eq!(checked(USUAL.iter().copied()).unwrap(), usual());
    }

    #[test]
    fn more_than_can_be_tried_are_refused() {
        let many = |count: usize| (0..count).map(|number| format!("{number}\n")).collect::<String>();
        assert_eq!(read(&many(PASSWORDS_MAX)).unwrap().len(), PASSWORDS_MAX);
        assert_eq!(read(&many(PASSWORDS_MAX + 1)).unwrap_err().code, "analysis.passwords-many");
        assert!(read(&"密".repeat(CHARS_MAX)).is_ok());
        assert_eq!(read(&"密".repeat(CHARS_MAX + 1)).unwrap_err().code, "analysis.password-long");
    }
}
