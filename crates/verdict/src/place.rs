//! The parts of a file side by side, each with what is known of it and where it stands.

use crate::found::Found;
use formats::{Outcome, Part, State};
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// All parts, in the order in which one reads them: a part comes before the parts inside it.
pub struct Places<'a> {
    all: Vec<Place<'a>>,
}

/// One part.
pub struct Place<'a> {
    pub part: &'a Part,
    /// Which place it is.
    pub index: usize,
    /// The part that it stands in.
    pub parent: Option<usize>,
    /// Steps from the file that came from outside.
    pub depth: usize,
    /// The parts at any depth in it.
    pub inside: Range<usize>,
    /// The place whose reading holds for it: its own, or where the same bytes were met first.
    told: usize,
    facts: HashMap<(&'a str, &'a str), Vec<&'a State>>,
    found: Option<&'a Found>,
}

impl<'a> Places<'a> {
    /// Lays out a file with everything inside it.
    pub fn of(root: &'a Part, found: &'a BTreeMap<usize, Found>) -> Self {
        let mut all = Vec::new();
        // A stack of our own: how deep the parts stand is nothing that our own stack should hang on.
        let mut waiting = vec![(root, None, 0)];
        while let Some((part, parent, depth)) = waiting.pop() {
            let index = all.len();
            all.push(Place {
                part,
                index,
                parent,
                depth,
                inside: index + 1..index + 1,
                told: index,
                facts: facts(part),
                found: found.get(&part.number),
            });
            waiting.extend(part.children.iter().rev().map(|child| (child, Some(index), depth + 1)));
        }
        let mut places = Places { all };
        places.join();
        places
    }

    /// Sets where each part ends, and who tells for those that were met before.
    fn join(&mut self) {
        let by_number: HashMap<usize, usize> = self.all.iter().map(|place| (place.part.number, place.index)).collect();
        for index in (0..self.all.len()).rev() {
            if let Some(parent) = self.all[index].parent {
                let end = self.all[index].inside.end;
                let inside = &mut self.all[parent].inside;
                inside.end = inside.end.max(end);
            }
            if let Outcome::Same(number) = self.all[index].part.outcome
                && let Some(told) = by_number.get(&number)
            {
                self.all[index].told = *told;
            }
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &Place<'a>> {
        self.all.iter()
    }

    pub fn parent(&self, place: &Place<'a>) -> Option<&Place<'a>> {
        place.parent.and_then(|parent| self.all.get(parent))
    }

    /// What it stands in, the nearest first.
    pub fn around<'p>(&'p self, place: &Place<'a>) -> impl Iterator<Item = &'p Place<'a>> {
        std::iter::successors(self.parent(place), |place| self.parent(place))
    }

    /// The parts at any depth in it. What is in a part that was met before is told there.
    pub fn inside(&self, place: &Place<'a>) -> impl Iterator<Item = &Place<'a>> {
        self.all.get(self.told(place).inside.clone()).unwrap_or_default().iter()
    }

    /// The parts that stand in it and in nothing between.
    pub fn children(&self, place: &Place<'a>) -> impl Iterator<Item = &Place<'a>> {
        let index = self.told(place).index;
        self.inside(place).filter(move |inside| inside.parent == Some(index))
    }

    /// What is known of a fact, as often as it is told.
    pub fn fact(&self, place: &Place<'a>, namespace: &'static str, name: &'static str) -> &[&'a State] {
        self.told(place).facts.get(&(namespace, name)).map_or(&[], Vec::as_slice)
    }

    /// The place whose reading holds for it.
    pub fn told(&self, place: &Place<'a>) -> &Place<'a> {
        // What a part is the same as was met before it, and was read itself.
        self.all.get(place.told).unwrap_or(&self.all[place.index])
    }

    /// What was found in its bytes.
    pub fn found(&self, place: &Place<'a>) -> Option<&'a Found> {
        place.found.or(self.told(place).found)
    }
}

fn facts(part: &Part) -> HashMap<(&str, &str), Vec<&State>> {
    let mut facts: HashMap<_, Vec<_>> = HashMap::new();
    for vector in &part.vectors {
        facts.entry((vector.namespace, vector.name)).or_default().push(&vector.state);
    }
    facts
}
