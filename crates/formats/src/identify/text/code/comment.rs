//! What several lines are inside of: comments, documentation, and code that is shown in a text.

use super::Tally;
use super::line::Line;
use crate::kind::Kind;

/// What a line is inside of, from an earlier line on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Comment {
    No,
    C,
    /// Until the same three quotes come again.
    Python([u8; 3]),
    Pod,
    /// Code in a text of Markdown.
    Fence,
    /// A text up to a mark.
    Document,
}

/// What follows a comment that opens and closes on the same line.
pub fn behind(line: &[u8]) -> &[u8] {
    let bare = line.trim_ascii_start();
    let end = bare.strip_prefix(b"/*").and_then(|rest| memchr::memmem::find(rest, b"*/"));
    end.map_or(line, |end| &bare[end + 4..])
}

impl Tally {
    /// Comments and documentation over several lines say nothing by their words, and something by their marks.
    pub(super) fn inside_comment(&mut self, line: &Line) -> bool {
        if self.comment != Comment::No {
            let ends = match self.comment {
                Comment::No => true,
                Comment::C => line.has(b"*/"),
                Comment::Python(quotes) => line.has(&quotes),
                Comment::Document => line.bare == self.mark,
                Comment::Fence => line.starts(b"```") || line.starts(b"~~~"),
                Comment::Pod => line.starts(b"=cut"),
            };
            if ends {
                self.comment = Comment::No;
            }
            return true;
        }
        if line.starts(b"```") || line.starts(b"~~~") {
            self.comment = Comment::Fence;
            return true;
        }
        if line.starts(b"/*") {
            if !line.has(b"*/") {
                self.comment = Comment::C;
            }
            return true;
        }
        if let Some(quotes) = documentation(line) {
            if memchr::memmem::find_iter(line.bare, &quotes).count() % 2 == 1 {
                self.comment = Comment::Python(quotes);
            }
            self.sign(line, Kind::Python, 4);
            return true;
        }
        const POD: [&[u8]; 8] =
            [b"=head1 ", b"=head2 ", b"=pod", b"=over", b"=encoding ", b"=begin ", b"=for ", b"=item "];
        if !line.indented && POD.iter().any(|word| line.starts(word)) {
            self.sign(line, Kind::Perl, 10);
            self.comment = Comment::Pod;
            return true;
        }
        false
    }
}

/// The three quotes that a line of Python opens a text with, alone or behind a letter or a name.
fn documentation(line: &Line) -> Option<[u8; 3]> {
    let at = memchr::memmem::find(line.bare, b"\"\"\"").or_else(|| memchr::memmem::find(line.bare, b"'''"))?;
    let (front, quotes) = line.bare.split_at(at);
    let opens = matches!(front, [] | [b'r' | b'u' | b'b']) || front.ends_with(b"= ");
    quotes.first_chunk().copied().filter(|_| opens)
}
