//! Who is whose child, and who answers for what is done.
//!
//! A process that is trusted acts for itself. One that is not begins a lineage, and everything it starts belongs to that,
//! be it trusted otherwise: a tool of the system does what whoever drives it wants.

use crate::kernel::processes::{Change, ProcessId, Program};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

/// A lineage of processes that began with one which is not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineageId(pub u64);

/// On whose account a process acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Trusted,
    Of(LineageId),
}

/// What must be asked about processes, from `/proc` or from a test.
pub trait Look {
    /// The parent of a process or thread, and when it began.
    fn process(&self, number: i32) -> Option<(i32, u64)>;
    /// The process that a thread is of.
    fn process_of(&self, thread: i32) -> Option<i32>;
    fn program(&self, number: i32) -> Option<Program>;
    /// Whether a process may act for itself by what it runs and with what arguments.
    fn is_trusted(&self, number: i32, program: &Program) -> bool;
}

#[derive(Debug, Clone)]
struct Node {
    began: u64,
    standing: Standing,
    /// What it ran when its standing was found; none when it has none yet to be found.
    program: Option<Program>,
    ended: bool,
}

/// The processes that were seen, and their lineages.
#[derive(Debug, Default)]
pub struct Tree {
    nodes: HashMap<i32, Node>,
    members: BTreeMap<LineageId, BTreeSet<i32>>,
    threads: HashMap<i32, i32>,
    /// Those that ended, the first one first: one hears later what they did.
    ended: VecDeque<i32>,
    last: u64,
}

/// Threads whose process is remembered.
const THREADS_MAX: usize = 10_000;
/// Processes that ended and are remembered.
const ENDED_MAX: usize = 4096;

impl Tree {
    /// On whose account a thread acts.
    pub fn standing(&mut self, thread: i32, look: &impl Look) -> Option<(ProcessId, Standing)> {
        let number = self.process_of(thread, look)?;
        let (_, began) = look.process(number)?;
        self.place(number, began);
        let standing = self.settled(number, look)?;
        Some((ProcessId { number, began }, standing))
    }

    /// Takes in what the kernel says of processes, in its order.
    pub fn changed(&mut self, change: Change, look: &impl Look) {
        match change {
            Change::Forked { parent, child } => {
                // Whoever had the number is gone.
                self.forget(child);
                let began = look.process(child).map_or(0, |(_, began)| began);
                if !self.nodes.contains_key(&parent) {
                    let Some((_, parent_began)) = look.process(parent) else { return };
                    self.place(parent, parent_began);
                }
                // What it is now, before what it starts is anything else.
                self.settled(parent, look);
                let Some(known) = self.nodes.get(&parent) else { return };
                let (standing, program) = (known.standing, known.program.clone());
                self.insert(child, Node { began, standing, program, ended: false });
            }
            // What it runs now is looked at while it does: by the time that it does something it may be another thing.
            Change::Began { process } => {
                if let Some(node) = self.nodes.get_mut(&process) {
                    node.program = None;
                    self.settled(process, look);
                }
            }
            Change::Ended { process } => self.ended(process),
            Change::Lost => self.threads.clear(),
        }
    }

    /// On whose account a process acted that may be gone by now.
    pub fn standing_of_gone(&mut self, number: i32, look: &impl Look) -> Option<Standing> {
        match self.nodes.get(&number) {
            Some(node) if node.ended => Some(node.standing),
            // One that is gone, and of whose end one hears in a moment, is who it was.
            known => {
                let was = known.map(|node| node.standing);
                self.standing(number, look).map(|(_, standing)| standing).or(was)
            }
        }
    }

    /// The processes of a lineage that are there, as far as is known.
    pub fn members(&self, lineage: LineageId) -> Vec<i32> {
        self.members.get(&lineage).into_iter().flatten().copied().collect()
    }

    fn process_of(&mut self, thread: i32, look: &impl Look) -> Option<i32> {
        // A process is its own first thread.
        if self.nodes.contains_key(&thread) {
            return Some(thread);
        }
        if let Some(number) = self.threads.get(&thread).filter(|number| self.nodes.contains_key(number)) {
            return Some(*number);
        }
        let number = look.process_of(thread)?;
        if self.threads.len() >= THREADS_MAX {
            self.threads.clear();
        }
        self.threads.insert(thread, number);
        Some(number)
    }

    /// Makes sure that a process has a place, with those above it that are not known yet.
    fn place(&mut self, number: i32, began: u64) {
        if let Some(node) = self.nodes.get_mut(&number) {
            // What was told when it forked did not know when it began.
            if (node.began == began || node.began == 0) && !node.ended {
                node.began = began;
                return;
            }
            self.forget(number);
        }
        // It was there before anybody looked: whom it comes from is not held against it, what it is itself is.
        self.insert(number, Node { began, standing: Standing::Trusted, program: None, ended: false });
    }

    /// The standing of a process for what it runs now.
    fn settled(&mut self, number: i32, look: &impl Look) -> Option<Standing> {
        let node = self.nodes.get(&number)?;
        if let Standing::Of(_) = node.standing {
            return Some(node.standing);
        }
        let program = look.program(number)?;
        if node.program.as_ref() == Some(&program) {
            return Some(node.standing);
        }
        let standing = if look.is_trusted(number, &program) { Standing::Trusted } else { self.begin() };
        let node = self.nodes.get_mut(&number)?;
        node.program = Some(program);
        node.standing = standing;
        self.join(number, standing);
        Some(standing)
    }

    fn begin(&mut self) -> Standing {
        self.last += 1;
        Standing::Of(LineageId(self.last))
    }

    fn insert(&mut self, number: i32, node: Node) {
        self.join(number, node.standing);
        self.nodes.insert(number, node);
    }

    fn join(&mut self, number: i32, standing: Standing) {
        if let Standing::Of(lineage) = standing {
            self.members.entry(lineage).or_default().insert(number);
        }
    }

    fn ended(&mut self, number: i32) {
        let Some(node) = self.nodes.get_mut(&number) else { return };
        node.ended = true;
        let standing = node.standing;
        self.leave(number, standing);
        self.ended.push_back(number);
        while self.ended.len() > ENDED_MAX {
            if let Some(first) = self.ended.pop_front()
                && self.nodes.get(&first).is_some_and(|node| node.ended)
            {
                self.nodes.remove(&first);
            }
        }
    }

    fn forget(&mut self, number: i32) {
        if let Some(node) = self.nodes.remove(&number) {
            self.leave(number, node.standing);
        }
    }

    fn leave(&mut self, number: i32, standing: Standing) {
        if let Standing::Of(lineage) = standing
            && let Some(members) = self.members.get_mut(&lineage)
        {
            members.remove(&number);
            if members.is_empty() {
                self.members.remove(&lineage);
            }
        }
    }

    /// A process acts for a lineage that another tree knew, if it is still there; and so do those below it.
    pub fn adopt(&mut self, number: i32, began: u64, lineage: LineageId, all: &[i32], look: &impl Look) {
        let mut left = vec![(number, began)];
        while let Some((number, began)) = left.pop() {
            if look.process(number).is_none_or(|(_, since)| since != began) {
                continue;
            }
            self.forget(number);
            let standing = Standing::Of(lineage);
            self.insert(number, Node { began, standing, program: None, ended: false });
            let children = all.iter().filter_map(|child| {
                let (parent, began) = look.process(*child)?;
                (parent == number).then_some((*child, began))
            });
            left.extend(children.filter(|(child, _)| !self.nodes.contains_key(child)).collect::<Vec<_>>());
        }
    }

    /// Numbers above which lineages are new, for one who goes on where another stopped.
    pub fn begin_after(&mut self, last: u64) {
        self.last = self.last.max(last);
    }

    /// The lineages that have a process.
    pub fn lineages(&self) -> impl Iterator<Item = LineageId> + '_ {
        self.members.keys().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::path::PathBuf;

    #[derive(Default)]
    struct World(RefCell<HashMap<i32, (i32, u64, &'static str)>>);

    impl World {
        fn put(&self, number: i32, parent: i32, program: &'static str) {
            let began = self.0.borrow().get(&number).map_or(number as u64, |known| known.1);
            self.0.borrow_mut().insert(number, (parent, began, program));
        }
    }

    impl Look for World {
        fn process(&self, number: i32) -> Option<(i32, u64)> {
            self.0.borrow().get(&number).map(|known| (known.0, known.1))
        }
        fn process_of(&self, thread: i32) -> Option<i32> {
            Some(thread / 10 * 10)
        }
        fn program(&self, number: i32) -> Option<Program> {
            let path = PathBuf::from(self.0.borrow().get(&number)?.2);
            let inode = path.as_os_str().len() as u64;
            Some(Program { path, device: 1, inode, changed: (0, 0) })
        }
        fn is_trusted(&self, _: i32, program: &Program) -> bool {
            program.path.starts_with("/usr")
        }
    }

    fn lineage(standing: Option<(ProcessId, Standing)>) -> Option<LineageId> {
        match standing?.1 {
            Standing::Of(lineage) => Some(lineage),
            Standing::Trusted => None,
        }
    }

    #[test]
    fn what_an_unknown_program_starts_is_on_its_account() {
        let (world, mut tree) = (World::default(), Tree::default());
        world.put(10, 1, "/usr/bin/bash");
        assert_eq!(lineage(tree.standing(10, &world)), None);
        world.put(20, 10, "/usr/bin/bash");
        tree.changed(Change::Forked { parent: 10, child: 20 }, &world);
        world.put(20, 10, "/tmp/tool");
        tree.changed(Change::Began { process: 20 }, &world);
        let tool = lineage(tree.standing(20, &world)).unwrap();
        // Its child runs something of the system, and a thread of that does it.
        world.put(30, 20, "/usr/bin/openssl");
        tree.changed(Change::Forked { parent: 20, child: 30 }, &world);
        tree.changed(Change::Began { process: 30 }, &world);
        assert_eq!(lineage(tree.standing(35, &world)), Some(tool));
        // Its parent ends; it is no other's child by that, nor are those it starts from then on.
        tree.changed(Change::Ended { process: 20 }, &world);
        world.0.borrow_mut().remove(&20);
        world.put(30, 1, "/usr/bin/openssl");
        tree.changed(Change::Forked { parent: 30, child: 40 }, &world);
        world.put(40, 30, "/usr/bin/rm");
        assert_eq!(lineage(tree.standing(40, &world)), Some(tool));
        assert_eq!(tree.members(tool), [30, 40]);
        // The shell acts for itself as before.
        assert_eq!(lineage(tree.standing(10, &world)), None);
    }

    #[test]
    fn a_number_that_is_used_again_is_another() {
        let (world, mut tree) = (World::default(), Tree::default());
        world.put(10, 1, "/tmp/tool");
        let first = lineage(tree.standing(10, &world)).unwrap();
        world.0.borrow_mut().insert(10, (1, 999, "/usr/bin/ls"));
        assert_eq!(lineage(tree.standing(10, &world)), None);
        assert_eq!(tree.members(first), [0; 0]);
        // Whoever starts something that is not trusted is not what he was.
        world.0.borrow_mut().insert(10, (1, 999, "/tmp/other"));
        assert_ne!(lineage(tree.standing(10, &world)), Some(first));
    }

    #[test]
    fn one_who_was_there_before_is_judged_by_itself() {
        let (world, mut tree) = (World::default(), Tree::default());
        world.put(10, 1, "/opt/own/starter");
        world.put(20, 10, "/usr/bin/bash");
        assert_eq!(lineage(tree.standing(20, &world)), None);
        assert!(lineage(tree.standing(10, &world)).is_some());
    }
}
