//! Lists of texts from a file: each once, in the order they are met, so many of them and so long.

use crate::limits::Limit;
use crate::reading::Reading;
use crate::vector::{State, Value};
use std::collections::HashSet;

/// Bytes that one text of a list keeps.
const TEXT_BYTES_MAX: usize = 4096;

/// A list that grows up to a limit and remembers whether there was more.
pub struct Gathered {
    texts: Vec<String>,
    seen: HashSet<String>,
    most: usize,
    limited: Option<Limit>,
}

impl Gathered {
    /// An empty list that keeps so many.
    pub fn new(most: usize) -> Self {
        Gathered { texts: Vec::new(), seen: HashSet::new(), most, limited: None }
    }

    /// Keeps a text, unless it is empty or there already.
    pub fn push(&mut self, text: impl Into<String>) {
        let mut text = text.into();
        if cut(&mut text, TEXT_BYTES_MAX) {
            self.limited = Some(Limit::TextBytes);
        }
        if text.is_empty() || self.seen.contains(&text) {
            return;
        }
        if self.texts.len() >= self.most {
            self.limited = Some(Limit::Entries);
            return;
        }
        self.seen.insert(text.clone());
        self.texts.push(text);
    }

    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(String::as_str)
    }

    /// Makes it a fact: the texts, and behind them that there were more. An empty list is no fact.
    pub fn state(self, reading: &mut Reading, namespace: &'static str, name: &'static str) {
        if !self.texts.is_empty() {
            reading.know(namespace, name, Value::Texts(self.texts));
        }
        if let Some(limit) = self.limited {
            reading.state(namespace, name, State::Limited(limit), None);
        }
    }
}

/// Cuts a text to so many bytes, between two characters; says whether anything was cut off.
pub fn cut(text: &mut String, most: usize) -> bool {
    if text.len() <= most {
        return false;
    }
    text.truncate(text.floor_char_boundary(most));
    true
}

/// Keeps a text as a fact, cut where a text ends; an empty one is no fact.
pub fn text(reading: &mut Reading, namespace: &'static str, name: &'static str, text: impl Into<String>) {
    let mut text = text.into();
    let limited = cut(&mut text, TEXT_BYTES_MAX);
    if !text.is_empty() {
        reading.know(namespace, name, text);
    }
    if limited {
        reading.state(namespace, name, State::Limited(Limit::TextBytes), None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_keeps_each_once_and_says_when_there_was_more() {
        let mut list = Gathered::new(2);
        ["a", "", "b", "a", "c"].into_iter().for_each(|text| list.push(text));
        let mut reading = Reading::default();
        list.state(&mut reading, "x", "y");
        assert_eq!(reading.value("x", "y"), Some(&Value::Texts(vec!["a".into(), "b".into()])));
        assert_eq!(reading.vectors[1].state, State::Limited(Limit::Entries));
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let mut text = "aé".to_owned();
        assert!(cut(&mut text, 2));
        assert_eq!(text, "a");
    }
}
