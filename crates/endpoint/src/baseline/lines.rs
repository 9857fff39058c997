//! Files of lines that are a key, blanks and a value, as `/etc/login.defs`.

/// The value of a key: of several the last one counts, as for those who read such files.
pub fn value<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    text.lines().rev().find_map(|line| of(line, key))
}

/// The lines of a key, whole.
pub fn lines(text: &str, key: &str) -> Vec<String> {
    text.lines().filter(|line| is_of(line, key)).map(str::to_owned).collect()
}

/// The text with other lines for a key, where the first of them stood; at the end when there was none.
pub fn with(text: &str, key: &str, new: &[String]) -> String {
    let mut left = Some(new);
    let mut all = String::with_capacity(text.len() + 64);
    for line in text.split_inclusive('\n') {
        if is_of(line, key) {
            add(&mut all, left.take().unwrap_or_default());
        } else {
            all.push_str(line);
        }
    }
    if let Some(new) = left.filter(|new| !new.is_empty()) {
        if !all.is_empty() && !all.ends_with('\n') {
            all.push('\n');
        }
        add(&mut all, new);
    }
    all
}

fn add(all: &mut String, lines: &[String]) {
    for line in lines {
        all.push_str(line);
        all.push('\n');
    }
}

fn is_of(line: &str, key: &str) -> bool {
    line.split_ascii_whitespace().next() == Some(key)
}

fn of<'l>(line: &'l str, key: &str) -> Option<&'l str> {
    let mut words = line.split_ascii_whitespace();
    (words.next() == Some(key)).then(|| words.next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_put_where_it_was_and_what_was_there_comes_back() {
        let text = "# MAX 1\nMAX\t99\nOTHER 1\n MAX 50 \nEND 2";
        assert_eq!((value(text, "MAX"), value(text, "MIN"), value("MAX", "MAX")), (Some("50"), None, Some("")));
        let set = with(text, "MAX", &["MAX\t9".to_owned()]);
        assert_eq!(set, "# MAX 1\nMAX\t9\nOTHER 1\nEND 2");
        assert_eq!(with(&set, "MAX", &lines(text, "MAX")), "# MAX 1\nMAX\t99\n MAX 50 \nOTHER 1\nEND 2");
        assert_eq!(with("END 2", "MAX", &["MAX\t9".to_owned()]), "END 2\nMAX\t9\n");
        assert_eq!(with("END 2\nMAX\t9\n", "MAX", &[]), "END 2\n");
    }
}
