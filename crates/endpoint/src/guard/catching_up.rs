//! Taking over from a guard that ended without being told to. The kernel kept what happened to names and processes meanwhile,
//! and let nobody open anything; what that guard had read and not looked at yet is gone. Of one that ended with all that the
//! kernel kept for it, the journal is left.

use super::Guard;
use crate::lineage::LineageId;
use std::fs;

impl Guard<'_> {
    /// Marks every protected directory, and takes in what happened, before what stands in them is taken for what always did.
    pub(super) fn catch_up(&mut self) {
        let troubles = self.places.walk(&self.deciding, None);
        self.tell_all(&troubles);
        self.suspect = self.last_at_work();
        self.hear();
        self.explain();
        self.suspect = None;
        self.watch_all();
    }

    /// Begins behind a guard that is gone with all that the kernel kept for it. Where one that it watched is still there,
    /// names that went are on his account: nobody heard of the last moment.
    pub(super) fn follow(&mut self) {
        self.suspect = self.last_at_work().filter(|lineage| !self.tree.members(*lineage).is_empty());
        if self.suspect.is_some() {
            let troubles = self.places.walk(&self.deciding, None);
            self.tell_all(&troubles);
            self.explain();
            self.suspect = None;
        }
        self.watch_all();
    }

    /// The lineage that did something last, of those with which one is not done.
    fn last_at_work(&self) -> Option<LineageId> {
        let lineages = self.journal.all().iter().rev().map(|written| LineageId(written.entry.lineage()));
        lineages.into_iter().find(|lineage| self.cases.get(lineage).is_some_and(|case| !case.closed))
    }

    /// Names of which nobody tells any more that they are not what they were are on the account of whoever was at work last;
    /// without one, what had them is put where it lies for a while.
    fn explain(&mut self) {
        for (place, name) in self.places.not_as_kept() {
            if let Some(lineage) = self.suspect {
                self.look_at(&place, &name, Some(lineage), None);
                continue;
            }
            let aside = self.settings.unclaimed().join(self.images.new_number().to_string());
            let put = fs::create_dir_all(self.settings.unclaimed())
                .and_then(|()| self.places.shadow().look(place.inode, &name, &place.path.join(&name), &aside));
            if let Err(error) = put {
                tracing::warn!(cause = %error, path = %place.path.display(), "a second link is left lying");
            }
        }
    }
}
