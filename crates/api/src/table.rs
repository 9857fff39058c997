//! Tables to take away: CSV that a spreadsheet opens without running anything, and JSON.

use crate::Problem;
use crate::wire::hosts::TableFormat;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use words::Language;

/// A column: the key of its heading in the words, and how its cell is shown.
pub type Column<T> = (&'static str, fn(&T) -> String);

/// A file to download with all rows.
pub fn download<T: Serialize>(
    name: &str,
    format: TableFormat,
    language: Language,
    columns: &[Column<T>],
    rows: &[T],
) -> Result<Response, Problem> {
    let (extension, media_type, bytes) = match format {
        TableFormat::Csv => ("csv", "text/csv; charset=utf-8", csv(language, columns, rows).into_bytes()),
        TableFormat::Json => ("json", "application/json", serde_json::to_vec_pretty(rows).map_err(Problem::internal)?),
    };
    Ok(file(&format!("redoubt-{name}.{extension}"), media_type, bytes))
}

/// Bytes as a file that the browser saves.
pub fn file(name: &str, media_type: &str, bytes: Vec<u8>) -> Response {
    // A header takes ASCII: the plain name has nothing else, and the second one is the name itself.
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || ".-_".contains(c) { c } else { '_' }).collect();
    let disposition = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", percent(name));
    ([(header::CONTENT_TYPE, media_type.to_owned()), (header::CONTENT_DISPOSITION, disposition)], bytes).into_response()
}

fn percent(text: &str) -> String {
    use std::fmt::Write;
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b".-_".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

fn csv<T>(language: Language, columns: &[Column<T>], rows: &[T]) -> String {
    // The byte order mark makes spreadsheets read UTF-8.
    let mut out = String::from("\u{feff}");
    let headings = columns.iter().map(|(key, _)| words::word(&format!("api.column-{key}"), language));
    line(&mut out, headings);
    for row in rows {
        line(&mut out, columns.iter().map(|(_, cell)| cell(row)));
    }
    out
}

/// One line of CSV (RFC 4180) whose cells are never formulas.
pub fn line(out: &mut String, cells: impl Iterator<Item = String>) {
    for (index, cell) in cells.enumerate() {
        if index > 0 {
            out.push(',');
        }
        out.push_str(&quoted(&neutral(cell)));
    }
    out.push_str("\r\n");
}

/// A cell that a spreadsheet would take for a formula gets an apostrophe, which spreadsheets hide.
fn neutral(cell: String) -> String {
    let first = cell.trim_start_matches([' ', '\u{a0}', '\u{3000}']).chars().next();
    let formula = first.is_some_and(|c| "=+-@\t\r\n|%＝＋－＠".contains(c)) && cell.parse::<f64>().is_err();
    if formula { format!("'{cell}") } else { cell }
}

fn quoted(cell: &str) -> String {
    if cell.contains(['"', ',', '\n', '\r', ';', '\t']) || cell.starts_with(' ') {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

/// A value that may not be known: empty then.
pub fn shown(value: Option<impl std::fmt::Display>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cells: &[&str], expected: &str) {
        let mut out = String::new();
        line(&mut out, cells.iter().map(|cell| (*cell).to_owned()));
        assert_eq!(out, format!("{expected}\r\n"));
    }

    #[test]
    fn a_cell_is_never_a_formula() {
        check(&["=1+1", "@SUM(A1)", "+cmd", "-2+3", " =x", "＝1"], "'=1+1,'@SUM(A1),'+cmd,'-2+3,' =x,'＝1");
        check(&["-5", "1e3", "plain"], "-5,1e3,plain");
        check(&["\tx", "|calc"], "\"'\tx\",'|calc");
    }

    #[test]
    fn quotes_commas_and_line_ends_stay_in_their_cell() {
        check(&["a,b", "say \"hi\"", "two\nlines", ""], "\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\",");
    }

    #[test]
    fn a_chinese_file_name_survives_in_the_header() {
        let response = file("主机-1.cmd", "text/plain", Vec::new());
        let value = response.headers()[header::CONTENT_DISPOSITION].to_str().unwrap();
        assert_eq!(value, "attachment; filename=\"__-1.cmd\"; filename*=UTF-8''%E4%B8%BB%E6%9C%BA-1.cmd");
    }
}
