//! A message on its way through a conversation, with the file that is open in it.

use super::Reader;
use crate::session::{FileId, NewFile, Side, Sink};

#[derive(Default)]
pub struct Carried {
    pub reader: Reader,
    file: Option<FileId>,
}

impl Carried {
    pub fn new(digests: bool) -> Carried {
        Carried { reader: Reader::digesting(digests), file: None }
    }

    /// Takes a line, or a piece of one, and hands on what it adds to a file. Gives the file that is over with it.
    pub fn line(&mut self, line: &[u8], ended: bool, side: Side, sink: &mut dyn Sink) -> Option<FileId> {
        let step = self.reader.line(line, ended);
        let over = self.passed(step.ended, sink);
        if let Some(name) = step.began {
            self.file = Some(sink.open_file(NewFile { side, name: &name, size: None }));
        }
        over
    }

    /// Bytes of it were never captured.
    pub fn gap(&mut self, length: u64, sink: &mut dyn Sink) {
        self.reader.gap();
        if let Some(file) = self.file {
            sink.file_gap(file, length);
        }
    }

    /// The message is over. Gives the file that is over with it.
    pub fn finish(&mut self, complete: bool, sink: &mut dyn Sink) -> Option<FileId> {
        let step = self.reader.finish(complete);
        self.passed(step.ended, sink)
    }

    fn passed(&mut self, over: bool, sink: &mut dyn Sink) -> Option<FileId> {
        if let Some(file) = self.file
            && !self.reader.content().is_empty()
        {
            sink.file_data(file, self.reader.content());
        }
        if over { self.file.take() } else { None }
    }
}
