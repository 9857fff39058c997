//! What the machine is, told when that changes and every few hours.

use super::Parts;
use super::situation::Part;
use crate::signals::STOP;
use endpoint::inventory::{Settings, collect};
use inventory::linux::Document;
use jiff::Timestamp;
use link::{BATCH_BYTES_MAX, Spool};
use model::Message;
use policy::telling::INVENTORY_KIND;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

const EVERY: Duration = Duration::from_hours(6);
/// Between two looks at whether it may have changed, and between two times that all of it is looked at for that.
const LOOK_EVERY: Duration = Duration::from_mins(1);
const AT_MOST_EVERY: Duration = Duration::from_mins(10);
const TICK: Duration = Duration::from_millis(200);
/// What moves when software comes or goes, or accounts do.
const MOVES: &[&str] = &[
    "/var/lib/dpkg/status",
    "/var/lib/rpm/rpmdb.sqlite",
    "/var/lib/rpm/Packages",
    "/usr/lib/sysimage/rpm/rpmdb.sqlite",
    "/lib/apk/db/installed",
    "/etc/passwd",
    "/etc/shadow",
    "/etc/group",
    "/etc/hostname",
    "/etc/os-release",
    "/etc/systemd/system",
];

type Stamp = Vec<Option<SystemTime>>;

/// Tells from now on, in a thread of its own.
pub fn start(parts: Parts, spool: Spool) -> io::Result<JoinHandle<()>> {
    Builder::new().name("inventory".to_owned()).spawn(move || run(&parts, &spool))
}

fn run(parts: &Parts, spool: &Spool) {
    let mut told: Option<(Document, Instant)> = None;
    let mut looked = (Stamp::new(), Instant::now());
    while !STOP.load(Ordering::Relaxed) {
        let stamp = stamp();
        let is_due = told.as_ref().is_none_or(|(_, at)| at.elapsed() >= EVERY);
        let may_differ = stamp != looked.0 && looked.1.elapsed() >= AT_MOST_EVERY;
        if is_due || may_differ {
            looked = (stamp, Instant::now());
            match document() {
                Ok(document) if is_due || told.as_ref().is_none_or(|(known, _)| differs(known, &document)) => {
                    parts.situation.put(Part::Inventory, append(spool, &document).err().into_iter().collect());
                    told = Some((document, Instant::now()));
                }
                Ok(_) => {}
                Err(why) => parts.situation.degraded(Part::Inventory, why),
            }
        }
        wait();
    }
}

fn wait() {
    let until = Instant::now() + LOOK_EVERY;
    while Instant::now() < until && !STOP.load(Ordering::Relaxed) {
        std::thread::sleep(TICK);
    }
}

fn stamp() -> Stamp {
    let moved = |path: &&str| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    MOVES.iter().map(moved).collect()
}

fn document() -> Result<Document, Message> {
    let root = Path::new("/");
    collect(&Settings::new(PathBuf::from(root)), Timestamp::now())
        .map_err(|error| crate::inventory::cannot(root, &error))
}

/// Whether anything but the moment is another.
fn differs(one: &Document, other: &Document) -> bool {
    !inventory::linux::changes(one, other).is_empty()
}

fn append(spool: &Spool, document: &Document) -> Result<(), Message> {
    let bytes = serde_json::to_vec(document).unwrap_or_default();
    if bytes.len() > BATCH_BYTES_MAX {
        let number = |bytes: usize| i64::try_from(bytes).unwrap_or(i64::MAX);
        let large = Message::new("agent.inventory-large").number("bytes", number(bytes.len()));
        return Err(large.number("most", number(BATCH_BYTES_MAX)));
    }
    spool.append(INVENTORY_KIND, 1, &bytes).map(drop).map_err(|error| error.message())
}
