//! One transfer: all bytes are the file.

use super::Transfer;
use crate::proto::Event;
use crate::session::{FileEnd, FileId, NewFile, Place, Progress, Protocol, Side, Sink};

pub struct Conversation {
    transfer: Transfer,
    /// The file, and who sends it.
    file: Option<(FileId, Side)>,
    said: bool,
}

impl Conversation {
    pub fn about(about: &[u8]) -> Self {
        Conversation { transfer: Transfer::about(about), file: None, said: false }
    }

    /// The file that a side sends; it begins with the side's first byte.
    fn file(&mut self, side: Side, sink: &mut dyn Sink) -> Option<FileId> {
        self.said = true;
        if self.file.is_none() && self.transfer.is_file() {
            let id = sink.open_file(NewFile { side, name: &self.transfer.name, size: None });
            self.file = Some((id, side));
        }
        self.file.filter(|(_, sender)| *sender == side).map(|(id, _)| id)
    }

    fn close_file(&mut self, end: FileEnd, sink: &mut dyn Sink) {
        if let Some((id, _)) = self.file.take() {
            sink.close_file(id, end, Event::FtpData(&self.transfer), Place::exchange(0));
        }
    }

    fn tell(&mut self, sink: &mut dyn Sink) {
        if std::mem::take(&mut self.said) {
            sink.event(Event::FtpData(&self.transfer), Place::exchange(0));
        }
    }
}

impl Protocol for Conversation {
    fn data(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Progress {
        if let Some(id) = self.file(side, sink) {
            sink.file_data(id, data);
        }
        Progress::all(data)
    }

    fn gap(&mut self, side: Side, _rest: &[u8], length: u64, sink: &mut dyn Sink) -> Progress {
        if let Some(id) = self.file(side, sink) {
            sink.file_gap(id, length);
        }
        Progress::took(0)
    }

    fn close(&mut self, side: Side, _rest: &[u8], sink: &mut dyn Sink) {
        if self.file.is_some_and(|(_, sender)| sender == side) {
            self.close_file(FileEnd::Complete, sink);
            self.tell(sink);
        }
    }

    fn end(&mut self, sink: &mut dyn Sink) {
        self.close_file(FileEnd::Truncated, sink);
        self.tell(sink);
    }
}
