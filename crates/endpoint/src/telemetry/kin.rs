//! Which process comes from which, for as long as anybody may ask: those that are there, and the last that ended.

use super::event::{Common, Running, Text, User};
use std::collections::{HashMap, HashSet, VecDeque};

/// A process that was heard of.
#[derive(Debug, Clone, Default)]
pub struct Member {
    /// Nanoseconds since 1970; 0 where nobody knows.
    pub began: u64,
    /// Its parent as it was when it began, told from a later one by when that began.
    pub parent: Option<(i32, u64)>,
    pub running: Option<Common<Running>>,
    pub line: Text,
    ended: bool,
}

#[derive(Debug, Default)]
pub struct Kin {
    members: HashMap<i32, Member>,
    ended: VecDeque<(i32, u64)>,
}

/// Processes that ended and are remembered: what they did may be heard of later, and children name them.
pub const ENDED_MAX: usize = 16_384;
/// Processes that are remembered at all; the kernel of Linux has no more.
pub const MEMBERS_MAX: usize = 4 << 20;

impl Kin {
    pub fn get(&self, number: i32) -> Option<&Member> {
        self.members.get(&number)
    }

    /// Those above a member, the parent first. One whose number is another's by now ends the row.
    pub fn above<'k>(&'k self, member: &'k Member, max: usize) -> impl Iterator<Item = (i32, &'k Member)> {
        let mut next = member.parent;
        std::iter::from_fn(move || {
            let (number, began) = next?;
            let above = self.members.get(&number).filter(|above| began == 0 || above.began == began)?;
            next = above.parent;
            Some((number, above))
        })
        .take(max)
    }

    /// A process that was there before anybody looked. What is known of it already is newer.
    pub fn present(&mut self, number: i32, parent: i32, began: u64, running: Common<Running>) {
        if self.members.get(&number).is_some_and(|known| !known.ended && known.running.is_some()) {
            return;
        }
        let mut member = Member { began, parent: self.known(parent), ..Member::default() };
        member.runs(Some(running));
        self.insert(number, member);
    }

    /// A parent by its number, for children that come when it is not known yet as well.
    fn known(&self, number: i32) -> Option<(i32, u64)> {
        (number > 0).then(|| (number, self.members.get(&number).map_or(0, |member| member.began)))
    }

    pub fn forked(&mut self, parent: i32, child: i32, time: u64) {
        let above = self.members.get(&parent);
        let (running, line) = above.map(|above| (above.running.clone(), above.line.clone())).unwrap_or_default();
        let member = Member { began: time, parent: self.known(parent), running, line, ended: false };
        self.insert(child, member);
    }

    /// A process runs another program; none where it was gone before one could look.
    pub fn began(&mut self, number: i32, running: Option<(Common<Running>, i32, u64)>) {
        let heard_of = self.members.get(&number).is_some_and(|member| !member.ended);
        if !heard_of {
            let (parent, began) = running.as_ref().map_or((0, 0), |(_, parent, began)| (*parent, *began));
            let member = Member { began, parent: self.known(parent), ..Member::default() };
            self.insert(number, member);
        }
        if let Some(member) = self.members.get_mut(&number) {
            member.runs(running.map(|(running, ..)| running));
        }
    }

    /// What a process runs it runs for another user from here on.
    pub fn becomes(&mut self, number: i32, user: User) {
        let running = self.members.get_mut(&number).and_then(|member| member.running.as_mut());
        if let Some(running) = running.filter(|running| running.user != user) {
            *running = Common::new(Running { user, ..Running::clone(running) });
        }
    }

    pub fn ended(&mut self, number: i32) {
        let Some(member) = self.members.get_mut(&number) else { return };
        member.ended = true;
        self.ended.push_back((number, member.began));
        while self.ended.len() > ENDED_MAX {
            let Some((number, began)) = self.ended.pop_front() else { break };
            if self.members.get(&number).is_some_and(|member| member.ended && member.began == began) {
                self.members.remove(&number);
            }
        }
    }

    /// Only these are there: the ends of others were lost.
    pub fn only(&mut self, numbers: &[i32]) {
        let there: HashSet<_> = numbers.iter().collect();
        let gone = self.members.iter().filter(|(number, member)| !member.ended && !there.contains(number));
        for number in gone.map(|(number, _)| *number).collect::<Vec<_>>() {
            self.ended(number);
        }
    }

    fn insert(&mut self, number: i32, member: Member) {
        if self.members.len() < MEMBERS_MAX || self.members.contains_key(&number) {
            self.members.insert(number, member);
        }
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.members.len()
    }
}
