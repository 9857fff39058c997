//! What is held against one lineage.

use crate::damage::{Account, Damage};
use crate::kernel::files::FileKey;
use crate::kernel::freezer::Freezer;
use crate::kernel::processes::Program;
use crate::undo::Ranges;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::time::Instant;

/// The file of a program, as it is now: its device, its inode, and when that was changed last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProgramKey(u64, u64, (i64, i64));

impl ProgramKey {
    pub fn of(program: &Program) -> ProgramKey {
        ProgramKey(program.device, program.inode, program.changed)
    }
}

/// All that is known of what a lineage did.
#[derive(Debug)]
pub struct Case {
    pub account: Account,
    /// The numbers under which what was in files is kept.
    pub kept: BTreeMap<FileKey, u64>,
    /// Those of which only parts are kept.
    pub ranges: BTreeMap<FileKey, Ranges>,
    /// Files that it may be changing.
    pub open: BTreeMap<FileKey, Open>,
    /// Files that were not there before it made them; and those of them that are noise.
    pub made: BTreeSet<FileKey>,
    pub noise: BTreeSet<FileKey>,
    /// The worst that was done to each file.
    pub damage: BTreeMap<FileKey, Damage>,
    /// The program of the one that began it.
    pub program: Option<ProgramKey>,
    /// Processes that are written down as acting for it.
    pub members: BTreeSet<i32>,
    pub stopped: bool,
    /// Where its processes are held until they are gone; none where there are no such groups.
    pub freezer: Option<Freezer>,
    /// What it did was undone, or let be.
    pub closed: bool,
    /// It was told that nothing more can be kept of what it changes.
    pub told_full: bool,
    /// When it did something last.
    pub last: Instant,
}

/// A file that is open for changing, as the kernel handed it over.
#[derive(Debug)]
pub struct Open {
    pub file: File,
    pub number: u64,
    /// It is surely open for changing.
    pub surely: bool,
    /// When its inode was changed last, as far as it was looked at.
    pub changed: Option<(i64, i64)>,
}

impl Case {
    pub fn new(now: Instant) -> Case {
        Case {
            account: Account::default(),
            kept: BTreeMap::new(),
            ranges: BTreeMap::new(),
            open: BTreeMap::new(),
            made: BTreeSet::new(),
            noise: BTreeSet::new(),
            damage: BTreeMap::new(),
            program: None,
            members: BTreeSet::new(),
            stopped: false,
            freezer: None,
            closed: false,
            told_full: false,
            last: now,
        }
    }
}
