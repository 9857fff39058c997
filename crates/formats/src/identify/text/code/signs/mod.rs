//! Signs of languages: what the first letter, the first word and the parts of a line speak for.

mod compiled;
mod embedded;
mod javascript;
mod letters;
mod other;
mod parts;
mod perl;
mod python;
mod shared;
mod shell;
mod windows;

use super::Tally;
use super::line::Line;

impl Tally {
    /// The first family to which a word says something has it; they are asked in an order in which what is more certain
    /// comes first.
    pub(super) fn by_word(&mut self, line: &Line) {
        let _ = self.by_word_of_python(line)
            || self.by_word_of_shell(line)
            || self.by_word_of_perl(line)
            || self.by_word_of_javascript(line)
            || self.by_word_of_windows(line)
            || self.by_word_of_embedded(line)
            || self.by_word_of_compiled(line)
            || self.by_word_of_other(line);
    }
}
