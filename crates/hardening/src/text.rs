//! What of foreign text may enter a script: host names and ids come from hostile input, so only listed letters pass.

/// A computer name that a script can compare: its first label, at most 15 letters, digits, `-` and `_`.
///
/// `None` for a name with anything else in it; such a host is known by its product id.
pub fn computer_name(name: &str) -> Option<String> {
    let label = name.split('.').next().unwrap_or_default().trim();
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    // Windows cuts the NetBIOS name, which is what COMPUTERNAME holds, at 15 characters.
    (!label.is_empty() && label.chars().all(good))
        .then(|| label.chars().take(15).collect::<String>().to_ascii_uppercase())
}

/// A Windows product id as the registry holds it: `00371-177-0000061-85305`.
pub fn product_id(text: &str) -> Option<String> {
    let text = text.trim();
    let good = |c: char| c.is_ascii_alphanumeric() || c == '-';
    ((8..=40).contains(&text.len()) && text.chars().all(good)).then(|| text.to_owned())
}

/// A service's short name.
pub fn service_name(text: &str) -> Option<String> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    ((1..=64).contains(&text.len()) && text.chars().all(good)).then(|| text.to_ascii_lowercase())
}

/// A text in the letters of a file name: lower-case ASCII letters, digits and `-`, at most 64, never empty.
pub fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars().map(|c| c.to_ascii_lowercase()) {
        if slug.len() >= 64 {
            break;
        }
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "plan".to_owned() } else { slug.to_owned() }
}

/// A value inside `set "NAME=value"` of a batch file: printable ASCII without quotes, with `%` doubled.
pub fn batch_value(text: &str) -> String {
    printable(text).replace('%', "%%")
}

/// A text inside a single-quoted PowerShell string.
pub fn powershell_value(text: &str) -> String {
    printable(text).replace('\'', "''")
}

/// A text in a comment or an `echo`: nothing in it means anything to a shell.
pub fn plain(text: &str) -> String {
    let good = |c: char| c.is_ascii_alphanumeric() || " .,:/_-()".contains(c);
    text.chars().take(200).map(|c| if good(c) { c } else { '?' }).collect()
}

fn printable(text: &str) -> String {
    text.chars().filter(|c| (' '..='~').contains(c) && *c != '"').collect()
}

/// Text in HTML, in an element or a quoted attribute.
pub fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Direction marks turn a line round; control characters have no place in a document.
            c if c.is_control() && c != '\n' => out.push('\u{fffd}'),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
