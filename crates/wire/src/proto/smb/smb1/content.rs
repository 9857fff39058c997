//! What reads and writes carry: content of files, and remote calls through pipes.

use super::Reading;
use crate::proto::smb::events::{Command, Status};
use crate::proto::smb::files::{Carrier, Piece, Said};
use crate::proto::smb::state::{Core, Stream};

impl Reading<'_> {
    /// File content or remote calls in a read or a write.
    pub(super) fn carried(
        &mut self,
        command: u8,
        file: u16,
        is_write: bool,
        offset: u64,
        data: &[u8],
        length: u64,
    ) -> Option<Stream> {
        let handle = self.handle(file);
        let status = if is_write { Status::None } else { self.header.status };
        if self.through_pipe(command, file, data, status) || self.core.files.get(&handle)?.is_pipe() {
            return None;
        }
        if length == 0 {
            return None;
        }
        let (session, tree) = (self.session(), self.tree());
        let command = Command::One(command);
        let piece = Piece { handle, offset, data, command, session, tree, status, is_write, side: self.side };
        self.core.mark_program("smb1.program-to-admin-share", &piece, self.sink);
        let Core { files, dialect, transactions, .. } = &mut *self.core;
        files.piece(&piece, transactions, dialect, self.sink);
        let here = data.len() as u64;
        Some(Stream { handle, is_write, offset: offset.checked_add(here)?, left: length.saturating_sub(here) })
    }

    /// Gives what is said to a pipe or by it to the calls in it; false when there are none.
    pub(super) fn through_pipe(&mut self, command: u8, file: u16, data: &[u8], status: Status) -> bool {
        let (session, tree) = (self.session(), self.tree());
        let handle = self.handle(file);
        self.core.know_share(handle, session, tree, self.sink);
        let Core { files, dialect, transactions, .. } = &mut *self.core;
        let command = Command::One(command);
        let mut carrier = || {
            let transaction = *transactions;
            *transactions += 1;
            Carrier { command, session, tree, transaction }
        };
        files.pipe_data(&handle, &Said { side: self.side, data, status }, &mut carrier, dialect, self.sink)
    }
}
