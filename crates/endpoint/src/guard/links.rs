//! Second links, taken away for a moment from under those who count them.

use super::{Guard, Told, places};
use crate::kernel::fan::{self, FileEvent};
use crate::kernel::processes::{self, ProcessId};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Programs of the system that refuse a file which has another link.
const LINK_COUNTERS: &[&str] = &["gzip", "bzip2", "xz", "lzma", "lzip", "zstd", "pigz", "pbzip2", "lbzip2", "compress"];
/// How long they are given to count.
const BARE: Duration = Duration::from_secs(1);

/// Whether a program refuses files that have another link.
pub(super) fn counts_links(program: &Path) -> bool {
    program.file_name().and_then(OsStr::to_str).is_some_and(|name| LINK_COUNTERS.contains(&name))
}

/// A file whose second link was taken away for one who counts links.
pub(super) struct Bare {
    directory: u64,
    path: PathBuf,
    since: Instant,
}

impl Guard<'_> {
    /// Takes the second link to a file away from under one who refuses files that have two. Tells whether it is one.
    pub(super) fn bare_for(&mut self, process: Option<ProcessId>, event: &FileEvent) -> bool {
        let program = process.and_then(|process| processes::program(process.number).ok());
        if !program.is_some_and(|program| counts_links(&program.path)) {
            return false;
        }
        if event.mask & fan::OPEN == 0 {
            return true;
        }
        let path = places::path_of(&event.file);
        if let (Some(folder), Some(name)) = (path.parent(), path.file_name())
            && let Ok(metadata) = fs::metadata(folder)
            && fs::remove_file(self.places.shadow().path(metadata.ino(), name)).is_ok()
        {
            self.bare.push(Bare { directory: metadata.ino(), path, since: Instant::now() });
        }
        true
    }

    /// Gives files their second link again, if they are still there.
    pub(super) fn cover(&mut self) {
        let (old, young) =
            std::mem::take(&mut self.bare).into_iter().partition(|bare: &Bare| bare.since.elapsed() > BARE);
        self.bare = young;
        for Bare { directory, path, .. } in old {
            let number = self.images.new_number();
            let aside = self.images.path(number);
            let Some(name) = path.file_name() else { continue };
            if let Err(error) = self.places.shadow().look(directory, name, &path, &aside) {
                tracing::debug!(cause = %error, path = %path.display(), "a file has no second link");
            }
            if let Some(trouble) = self.places.ask_about(directory, name, &self.deciding) {
                (self.tell)(Told::Degraded { why: trouble.message() });
            }
        }
    }
}
