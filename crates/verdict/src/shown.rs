//! Values of files as parameters of messages: short, and without letters that a terminal or a page acts on.

use model::Param;

/// Letters of one value.
const LETTERS_MAX: usize = 160;

/// A text as a person may see it.
pub fn shown(text: &str) -> String {
    let mut out = String::new();
    for (count, letter) in text.chars().enumerate() {
        if count == LETTERS_MAX {
            out.push('…');
            break;
        }
        if letter.is_control() || turns_or_hides(letter) {
            out.extend(letter.escape_unicode());
        } else {
            out.push(letter);
        }
    }
    out
}

/// A parameter of an oddity, where it is a value and no sentence.
pub fn shown_param(param: &Param) -> Option<String> {
    match param {
        Param::Number(number) => Some(number.to_string()),
        Param::Text(text) => Some(shown(text)),
        Param::List(texts) => texts.first().map(|text| shown(text)),
        Param::Reason(_) => None,
    }
}

fn turns_or_hides(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn what_a_page_would_act_on_is_spelled() {
        assert_eq!(shown("a\u{202e}fdp.exe\n纵深"), "a\\u{202e}fdp.exe\\u{a}纵深");
        assert_eq!(shown(&"x".repeat(500)).chars().count(), 161);
    }
}
