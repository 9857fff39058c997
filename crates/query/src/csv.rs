//! CSV that a spreadsheet opens without running anything.

/// The byte order mark, which makes spreadsheets read UTF-8.
pub const BYTE_ORDER_MARK: &str = "\u{feff}";

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
}
