//! A second answer to the question which type some bytes are: that of a trained model, for what the table of this crate
//! cannot tell. Text has few signs; a model has seen much of it.
//!
//! What a model is shown, how its labels are called here and what is believed of it is told here; it is run by whoever
//! has one. It is not asked of anything with a sign of its own.

mod labels;

pub use labels::kind_of;

use crate::budget::Budget;
use crate::identify::{By, Identified};
use crate::kind::Kind;
use crate::reading::Reading;
use crate::vector::{State, vectors};
use model::Message;

vectors! { "guess":
    "label" text "What the model of types takes it for, in the words of the model. It is asked where there is no sign of a type.";
    "score" real "How sure it is of that, from 0 to 1.";
    "own" text "What signs alone say: `txt` or `data`.";
    "sure" flag "Whether it is as sure as a label of this kind has to be.";
}

/// Bytes of each end that a model is shown.
const SHOWN_BYTES: usize = 1024;
/// Bytes of each end from which blanks are taken away first.
const BLOCK_BYTES: usize = 4096;
/// Stands where there are no bytes.
const PADDING: i32 = 256;
/// Fewer bytes than these say nothing.
const SAID_BYTES_MIN: usize = 8;

/// What one question costs, in steps of a budget.
const STEPS: u64 = 64;

/// Numbers that a model is shown of some bytes.
pub const FEATURES: usize = 2 * SHOWN_BYTES;

/// Something that guesses types.
pub trait Model {
    /// What it takes some bytes for.
    ///
    /// # Errors
    /// When it could not be run.
    fn guess(&self, features: &[i32; FEATURES]) -> Result<Guess, Message>;
}

/// What a model takes some bytes for.
#[derive(Debug, Clone, PartialEq)]
pub struct Guess {
    /// In its own words.
    pub label: String,
    pub score: f32,
    /// Whether that is enough for this label.
    pub is_sure: bool,
}

/// The bytes of both ends as numbers, without the blanks around them; none when there are too few.
pub fn features(bytes: &[u8]) -> Option<Box<[i32; FEATURES]>> {
    let is_said = |byte: &u8| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c);
    let block = bytes.len().min(BLOCK_BYTES);
    let (first, last) = (&bytes[..block], &bytes[bytes.len() - block..]);
    let first = &first[first.iter().position(is_said).unwrap_or(block)..];
    let last = &last[..last.iter().rposition(is_said).map_or(0, |at| at + 1)];
    let (first, last) = (&first[..first.len().min(SHOWN_BYTES)], &last[last.len().saturating_sub(SHOWN_BYTES)..]);
    if first.len() < SAID_BYTES_MIN {
        return None;
    }
    let mut features = Box::new([PADDING; FEATURES]);
    features.iter_mut().zip(first).for_each(|(feature, byte)| *feature = i32::from(*byte));
    features.iter_mut().rev().zip(last.iter().rev()).for_each(|(feature, byte)| *feature = i32::from(*byte));
    Some(features)
}

/// Asks a model of what the table could not tell. Its answer is a fact in any case; it is the type as well when it is sure
/// of one that goes with what is known.
pub fn ask(model: &dyn Model, bytes: &[u8], identified: &mut Identified, budget: &mut Budget, reading: &mut Reading) {
    if !is_open(identified) {
        return;
    }
    if let Err(limit) = budget.step(STEPS) {
        return reading.state(NAMESPACE, "label", State::Limited(limit), None);
    }
    let Some(features) = features(bytes) else {
        return reading.state(NAMESPACE, "label", State::Absent, None);
    };
    match model.guess(&features) {
        Err(why) => reading.state(NAMESPACE, "label", State::Failed(why), None),
        Ok(guess) => {
            reading.know(NAMESPACE, "own", identified.kind.label());
            if let Some(kind) = kind_of(&guess.label).filter(|kind| guess.is_sure && kind.is_text()) {
                (identified.kind, identified.by) = (kind, By::Model);
            }
            reading.know(NAMESPACE, "label", guess.label);
            reading.know(NAMESPACE, "score", f64::from(guess.score));
            reading.know(NAMESPACE, "sure", guess.is_sure);
        }
    }
}

/// Whether the table said no more than that it is text, or nothing.
fn is_open(identified: &Identified) -> bool {
    matches!(identified.kind, Kind::Txt | Kind::Data) && identified.also.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, Outcome, Part, State, identify, take_apart_with};

    fn shown(bytes: &[u8]) -> Vec<i32> {
        features(bytes).unwrap().to_vec()
    }

    #[test]
    fn both_ends_stand_at_the_ends() {
        let numbers = shown(b"abcdefgh");
        assert_eq!(numbers[..9], [97, 98, 99, 100, 101, 102, 103, 104, 256]);
        assert_eq!(numbers[FEATURES - 9..], [256, 97, 98, 99, 100, 101, 102, 103, 104]);
        assert_eq!(numbers[9..FEATURES - 9], [256; FEATURES - 18]);
    }

    #[test]
    fn blanks_in_front_of_the_beginning_and_behind_the_end_are_not_shown() {
        // Each end loses its own side only: what stands in front of the end is part of it.
        let numbers = shown(b" \t\r\n\x0b\x0cabcdefgh \n");
        assert_eq!(numbers[..11], [97, 98, 99, 100, 101, 102, 103, 104, 32, 10, 256]);
        let end = &numbers[FEATURES - 15..];
        assert_eq!(end, [256, 32, 9, 13, 10, 11, 12, 97, 98, 99, 100, 101, 102, 103, 104]);
    }

    #[test]
    fn of_much_only_the_ends_are_shown() {
        let mut bytes = vec![b'x'; 10_000];
        bytes[0] = b'a';
        bytes[1023] = b'b';
        bytes[10_000 - 1024] = b'c';
        bytes[9_999] = b'd';
        let numbers = shown(&bytes);
        assert_eq!((numbers[0], numbers[1023]), (97, 98));
        assert_eq!((numbers[1024], numbers[2047]), (99, 100));
        // Blanks are looked for in the first block only.
        let blank = [vec![b' '; 4095], b"a line of words".to_vec()].concat();
        assert_eq!(features(&blank), None);
        let blank = [vec![b' '; 4080], b"a line of words that goes on".to_vec()].concat();
        assert_eq!(
            shown(&blank)[..17],
            [97, 32, 108, 105, 110, 101, 32, 111, 102, 32, 119, 111, 114, 100, 115, 32, 256]
        );
    }

    #[test]
    fn few_bytes_say_nothing() {
        for bytes in [&b""[..], b"abcdefg", b"   abc    ", &[b' '; 5000]] {
            assert_eq!(features(bytes), None);
        }
    }

    struct Says(&'static str, bool);

    impl Model for Says {
        fn guess(&self, _: &[i32; FEATURES]) -> Result<Guess, Message> {
            match self.0 {
                "" => Err(Message::new("guess.failed")),
                label => Ok(Guess { label: label.to_owned(), score: 0.5, is_sure: self.1 }),
            }
        }
    }

    fn part(bytes: &[u8], model: &Says) -> Part {
        take_apart_with("x", bytes, &Limits::default(), &[], &|| false, Some(model), &mut |_, _| {})
    }

    fn kind(bytes: &[u8], label: &'static str, is_sure: bool) -> (Kind, By) {
        let identified = part(bytes, &Says(label, is_sure)).file.unwrap().identified;
        (identified.kind, identified.by)
    }

    const WORDS: &[u8] = b"some words that are no language";

    #[test]
    fn a_model_that_is_sure_names_what_has_no_sign() {
        assert_eq!(kind(WORDS, "python", true), (Kind::Python, By::Model));
        assert_eq!(kind(WORDS, "python", false), (Kind::Txt, By::Text));
        // Of no kind that is known here, and of one that text cannot be.
        assert_eq!(kind(WORDS, "markdown", true), (Kind::Txt, By::Text));
        assert_eq!(kind(WORDS, "png", true), (Kind::Txt, By::Text));
        let facts = crate::kit::facts(&part(WORDS, &Says("python", false)).vectors);
        assert_eq!(facts, "guess.own = \"txt\"\nguess.label = \"python\"\nguess.score = 0.5\nguess.sure = false\n");
    }

    #[test]
    fn a_model_is_not_asked_of_what_has_a_sign() {
        for bytes in [&b"#!/bin/sh\nls\n"[..], b"{\"a\": [1, 2, 3]}", b"\x89PNG\r\n\x1a\n0000000000"] {
            let part = part(bytes, &Says("perl", true));
            assert_eq!(part.file.unwrap().identified, identify(bytes));
            assert!(part.vectors.iter().all(|vector| vector.namespace != NAMESPACE));
        }
    }

    #[test]
    fn no_answer_is_told_as_such() {
        let failed = part(WORDS, &Says("", true));
        assert!(failed.vectors.iter().any(|vector| matches!(vector.state, State::Failed(_))));
        assert!(!failed.is_complete());
        let few = part(b"abc", &Says("python", true));
        assert_eq!((few.vectors[0].state.clone(), few.outcome.clone()), (State::Absent, Outcome::Read));
        assert!(few.is_complete());
    }
}
