//! A file and everything inside it, as a tree.

use crate::budget::Budget;
use crate::guess::{self, Model};
use crate::hashes::{Hashes, hashes_beside};
use crate::identify::{By, Identified, identify};
use crate::kind::{Group, Kind};
use crate::limits::{Limit, Limits};
use crate::oddity::Oddity;
use crate::read::read;
use crate::reading::{Child, Content, Reading, Storage};
use crate::vector::{State, Vector};
use model::Message;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// A file, and the files inside it as its children.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Its place in the tree, counted as one reads it: a part comes before the parts inside it.
    pub number: usize,
    /// The last piece of its path.
    pub name: String,
    /// Its name or path as the container spells it. Never a path to write to.
    pub path: String,
    pub storage: Storage,
    /// Where the container keeps it.
    pub at: Option<u64>,
    pub outcome: Outcome,
    /// What its bytes are, where they were had.
    pub file: Option<File>,
    pub vectors: Vec<Vector>,
    pub oddities: Vec<Oddity>,
    pub children: Vec<Part>,
}

/// What the bytes of a part are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    pub size: u64,
    pub identified: Identified,
    pub hashes: Hashes,
}

/// How far the reading of a part came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Read,
    /// The same bytes were met before: facts and parts are told there.
    Same(usize),
    /// Some of its bytes were had and read, and the rest is damaged or missing.
    Partial(Message),
    /// Its bytes could not be had.
    Failed(Message),
    /// It was not read, because this limit was met.
    Limited(Limit),
}

impl Part {
    /// Whether everything in this part and inside it was read. What was not may hold anything: such a file is not clean.
    pub fn is_complete(&self) -> bool {
        let read = matches!(self.outcome, Outcome::Read | Outcome::Same(_));
        let known = |vector: &Vector| matches!(vector.state, State::Known(_) | State::Absent);
        read && self.vectors.iter().all(known) && self.children.iter().all(Part::is_complete)
    }

    /// This part and all parts inside it, in the order of their numbers.
    pub fn all(&self) -> Box<dyn Iterator<Item = &Part> + '_> {
        Box::new(std::iter::once(self).chain(self.children.iter().flat_map(Part::all)))
    }
}

/// Takes a file apart: what it is, what it says, and the same of every file inside it.
///
/// `is_late` is asked now and then whether the time for it is over. `passwords` are tried on what is encrypted.
pub fn take_apart(name: &str, bytes: &[u8], limits: &Limits, passwords: &[String], is_late: &dyn Fn() -> bool) -> Part {
    take_apart_with(name, bytes, limits, passwords, is_late, None, &mut |_, _| {})
}

/// Takes a file apart, and hands each part that has bytes of its own to `visit` once, before the parts inside it. The
/// `model` is asked of what has no sign of its type.
pub fn take_apart_with(
    name: &str,
    bytes: &[u8],
    limits: &Limits,
    passwords: &[String],
    is_late: &dyn Fn() -> bool,
    model: Option<&dyn Model>,
    visit: &mut dyn FnMut(&Part, &[u8]),
) -> Part {
    let budget = Budget::new(limits, is_late);
    let mut walk = Walk { limits, passwords, budget, numbers: 0, seen: HashMap::new(), model, visit };
    let part = walk.part(name, Storage::Plain, None);
    walk.bytes(part, bytes, 0)
}

struct Walk<'a> {
    limits: &'a Limits,
    passwords: &'a [String],
    budget: Budget<'a>,
    numbers: usize,
    /// Parts by the SHA-256 of their bytes.
    seen: HashMap<[u8; 32], (usize, File)>,
    model: Option<&'a dyn Model>,
    visit: &'a mut dyn FnMut(&Part, &[u8]),
}

impl Walk<'_> {
    /// The next part, of which nothing is known yet.
    fn part(&mut self, path: &str, storage: Storage, at: Option<u64>) -> Part {
        let number = self.numbers;
        self.numbers += 1;
        let name = path.rsplit(['/', '\\']).find(|piece| !piece.is_empty()).unwrap_or(path);
        Part {
            number,
            name: name.to_owned(),
            path: path.to_owned(),
            storage,
            at,
            outcome: Outcome::Read,
            file: None,
            vectors: Vec::new(),
            oddities: Vec::new(),
            children: Vec::new(),
        }
    }

    fn child(&mut self, child: &Child, container: &[u8], depth: usize) -> Part {
        let mut part = self.part(&child.name, child.storage.clone(), child.at);
        match &child.content {
            Content::Failed(message) => part.outcome = Outcome::Failed(message.clone()),
            Content::Limited(limit) => part.outcome = Outcome::Limited(*limit),
            Content::Bytes(bytes) => part = self.bytes(part, bytes, depth),
            Content::Partial(bytes, message) => {
                part = self.bytes(part, bytes, depth);
                part.outcome = Outcome::Partial(message.clone());
            }
            // Going through the same bytes once more costs as much as unpacking them.
            Content::Range(range) => match (container.get(range.clone()), self.budget.expand(range.len())) {
                (None, _) => part.outcome = Outcome::Failed(crate::unpack::damaged()),
                (_, Err(limit)) => part.outcome = Outcome::Limited(limit),
                (Some(bytes), Ok(())) => part = self.bytes(part, bytes, depth),
            },
        }
        part
    }

    fn bytes(&mut self, mut part: Part, bytes: &[u8], depth: usize) -> Part {
        let digest: [u8; 32] = Sha256::digest(bytes).into();
        if let Some((number, file)) = self.seen.get(&digest) {
            part.file = Some(file.clone());
            part.outcome = Outcome::Same(*number);
            return part;
        }
        let (mut identified, mut asked) = (identify(bytes), Reading::default());
        if let Some(model) = self.model {
            guess::ask(model, bytes, &mut identified, &mut self.budget, &mut asked);
        }
        let file = File { size: bytes.len() as u64, identified, hashes: hashes_beside(digest, bytes) };
        self.seen.insert(digest, (part.number, file.clone()));
        let identified = file.identified.clone();
        part.file = Some(file);
        if bytes.len() as u64 > self.limits.file_bytes {
            part.outcome = Outcome::Limited(Limit::FileBytes);
            part.vectors = asked.vectors;
            (self.visit)(&part, bytes);
            return part;
        }
        let mut reading = self.read(&part.name, &identified, bytes);
        reading.vectors.splice(0..0, asked.vectors);
        (part.vectors, part.oddities) = (std::mem::take(&mut reading.vectors), std::mem::take(&mut reading.oddities));
        (self.visit)(&part, bytes);
        for mut child in reading.children {
            if depth >= self.limits.depth {
                child.content = Content::Limited(Limit::Depth);
            }
            part.children.push(self.child(&child, bytes, depth + 1));
            // From here on it is not needed, and the parts behind it take their own room.
            drop(child);
        }
        part
    }

    /// What the reader of its type makes of some bytes, and those of the types that they are as well.
    fn read(&mut self, name: &str, identified: &Identified, bytes: &[u8]) -> Reading {
        let is_open = identified.kind == Kind::Txt || identified.by == By::Model;
        let kind = if is_open { script_by_name(name) } else { None };
        let mut reading = read(kind.unwrap_or(identified.kind), bytes, &mut self.budget, self.passwords);
        for also in &identified.also {
            let start = usize::try_from(also.at).unwrap_or(usize::MAX).min(bytes.len());
            if also.kind.is(Kind::Zip) || matches!(also.kind, Kind::Pdf | Kind::Tar | Kind::Iso) {
                // The sign of these does not stand where they begin.
                reading.append(read(also.kind, bytes, &mut self.budget, self.passwords));
            } else if start > 0 && start < bytes.len() {
                // The limit is a fact by then.
                let _ = reading.child(&mut self.budget, Child::range("", start..bytes.len()));
            }
        }
        reading
    }
}

/// The language of a script that is told by nothing but its name. A few lines may be text in any language, and it is the
/// name by which a system chooses what runs them.
fn script_by_name(name: &str) -> Option<Kind> {
    let extension = name.rsplit_once('.')?.1.to_ascii_lowercase();
    Kind::with_extension(&extension).find(|kind| kind.group() == Group::Script)
}
