//! What is forgotten when there are more files than may be kept.
//!
//! First go files that one host alone has and that nothing is known of, of those hosts that have most of them: who makes up files
//! pushes out his own. Of one host the oldest go first. Then go others that nothing is known of, then the rest, each by when they
//! were last seen. A file that was forgotten and comes again is as unknown as it was on its first day: that never raises it.

use crate::file::File;
use model::Digest;
use std::cmp::Reverse;
use std::collections::HashMap;

/// One in so many goes at a time, so that looking for them is paid by as many sightings.
const SHARE: usize = 4;

/// Forgets down to well below the limit; how many went.
pub(crate) fn forget(files: &mut HashMap<Digest, File>, files_max: usize, is_known: impl Fn(&Digest) -> bool) -> u64 {
    let before = files.len();
    let goal = files_max - files_max / SHARE;
    let mut going = before.saturating_sub(goal);
    for digest in singles(files, &is_known).into_iter().take(going) {
        files.remove(&digest);
    }
    going = files.len().saturating_sub(goal);
    if going > 0 {
        for digest in others(files, &is_known).into_iter().take(going) {
            files.remove(&digest);
        }
    }
    u64::try_from(before - files.len()).unwrap_or(u64::MAX)
}

/// Files of one host each, those first that have the most newer ones of their host before them.
fn singles(files: &HashMap<Digest, File>, is_known: impl Fn(&Digest) -> bool) -> Vec<Digest> {
    let alone = files.iter().filter(|(digest, _)| !is_known(digest));
    let mut of_hosts: Vec<_> =
        alone.filter_map(|(digest, file)| file.only_host().map(|host| (host, Reverse(file.last), *digest))).collect();
    of_hosts.sort_unstable();
    let (mut host_before, mut newer) = (None, 0_usize);
    let mut ordered = Vec::with_capacity(of_hosts.len());
    for (host, last, digest) in of_hosts {
        newer = if host_before == Some(host) { newer + 1 } else { 0 };
        host_before = Some(host);
        ordered.push((Reverse(newer), last.0, digest));
    }
    ordered.sort_unstable();
    ordered.into_iter().map(|(_, _, digest)| digest).collect()
}

fn others(files: &HashMap<Digest, File>, is_known: impl Fn(&Digest) -> bool) -> Vec<Digest> {
    let many = files.iter().filter(|(digest, file)| is_known(digest) || file.only_host().is_none());
    let mut ordered: Vec<_> = many.map(|(digest, file)| (is_known(digest), file.last, *digest)).collect();
    ordered.sort_unstable();
    ordered.into_iter().map(|(_, _, digest)| digest).collect()
}
