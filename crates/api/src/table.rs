//! Tables to take away: CSV that a spreadsheet opens without running anything, and JSON.

use crate::Problem;
use crate::wire::hosts::TableFormat;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use query::csv::{BYTE_ORDER_MARK, line};
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
    let mut out = String::from(BYTE_ORDER_MARK);
    let headings = columns.iter().map(|(key, _)| words::word(&format!("api.column-{key}"), language));
    line(&mut out, headings);
    for row in rows {
        line(&mut out, columns.iter().map(|(_, cell)| cell(row)));
    }
    out
}

/// A value that may not be known: empty then.
pub fn shown(value: Option<impl std::fmt::Display>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chinese_file_name_survives_in_the_header() {
        let response = file("主机-1.cmd", "text/plain", Vec::new());
        let value = response.headers()[header::CONTENT_DISPOSITION].to_str().unwrap();
        assert_eq!(value, "attachment; filename=\"__-1.cmd\"; filename*=UTF-8''%E4%B8%BB%E6%9C%BA-1.cmd");
    }
}
