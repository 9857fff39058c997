//! The tree: one group has nothing above it, every other has one that is there, and nobody is above himself.

use super::{Bad, BreakGlass, Setting, Settings};
use crate::ids::GroupId;
use crate::said::{number, says_its_message};
use model::Message;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Groups from the root down to the lowest, at most.
pub const DEPTH_MAX: usize = 8;
pub const GROUPS_MAX: usize = 10_000;
const NAME_CHARS_MAX: usize = 64;
/// How many groups a message about a circle names.
const SHOWN_MAX: usize = 10;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    pub id: GroupId,
    /// As people know it; no two groups have one that differs in case only.
    pub name: String,
    /// None for the root.
    pub parent: Option<GroupId>,
    #[serde(default)]
    pub settings: Settings,
}

/// All groups, and the glass that is broken in them.
#[derive(Debug, Clone, PartialEq)]
pub struct Tree {
    groups: BTreeMap<GroupId, Group>,
    root: GroupId,
    pub(super) break_glass: Vec<BreakGlass>,
}

/// Why groups are no tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupError {
    TooMany { count: usize },
    BadId { group: GroupId },
    BadName { group: GroupId, name: String },
    TwoOfId { group: GroupId },
    TwoOfName { name: String, first: GroupId, second: GroupId },
    NoRoot,
    TwoRoots { first: GroupId, second: GroupId },
    NoParent { group: GroupId, parent: GroupId },
    Cycle { path: Vec<GroupId> },
    TooDeep { group: GroupId, depth: usize },
    Unknown { group: GroupId },
    Setting { group: GroupId, setting: Setting, bad: Bad },
    BreakGlass { why: Message },
}

says_its_message!(GroupError);

impl GroupError {
    /// What is wrong, and where.
    pub fn message(&self) -> Message {
        let of = |code: &str, group: &GroupId| Message::new(code).with("group", group);
        match self {
            GroupError::TooMany { count } => Message::new("policy.groups-too-many")
                .number("count", number(*count))
                .number("most", number(GROUPS_MAX)),
            GroupError::BadId { group } => of("policy.group-id", group),
            GroupError::BadName { group, name } => of("policy.group-name", group).with("name", name),
            GroupError::TwoOfId { group } => of("policy.group-twice", group),
            GroupError::TwoOfName { name, first, second } => {
                Message::new("policy.group-same-name").with("name", name).with("first", first).with("second", second)
            }
            GroupError::NoRoot => Message::new("policy.group-no-root"),
            GroupError::TwoRoots { first, second } => {
                Message::new("policy.group-two-roots").with("first", first).with("second", second)
            }
            GroupError::NoParent { group, parent } => of("policy.group-no-parent", group).with("parent", parent),
            GroupError::Cycle { path } => {
                let shown: Vec<_> = path.iter().take(SHOWN_MAX).map(ToString::to_string).collect();
                Message::new("policy.group-cycle").with("path", shown.join(" → "))
            }
            GroupError::TooDeep { group, depth } => {
                of("policy.group-too-deep", group).number("depth", number(*depth)).number("most", number(DEPTH_MAX))
            }
            GroupError::Unknown { group } => of("policy.group-unknown", group),
            GroupError::Setting { group, setting, bad } => {
                of("policy.group-setting", group).reason("setting", setting.name()).reason("why", bad.message())
            }
            GroupError::BreakGlass { why } => why.clone(),
        }
    }
}

impl Tree {
    /// Takes groups that are one tree, whole or not at all. An empty one is none: there is always a root.
    ///
    /// # Errors
    /// With what is wrong and where; the first that is found in the order of ids.
    pub fn new(groups: Vec<Group>, break_glass: Vec<BreakGlass>) -> Result<Tree, GroupError> {
        if groups.len() > GROUPS_MAX {
            return Err(GroupError::TooMany { count: groups.len() });
        }
        let groups = by_id(groups)?;
        names(&groups)?;
        let root = root(&groups)?;
        let tree = Tree { groups, root, break_glass };
        for group in tree.groups.values() {
            tree.path(&group.id)?;
            let bad = |(setting, bad)| GroupError::Setting { group: group.id.clone(), setting, bad };
            group.settings.check().map_err(bad)?;
        }
        for glass in &tree.break_glass {
            tree.known(&glass.group)?;
            glass.check().map_err(|why| GroupError::BreakGlass { why })?;
        }
        Ok(tree)
    }

    /// Glass that was broken, whether it still is or not.
    pub fn broken_glass(&self) -> &[BreakGlass] {
        &self.break_glass
    }

    pub fn root(&self) -> &GroupId {
        &self.root
    }

    pub fn get(&self, group: &GroupId) -> Option<&Group> {
        self.groups.get(group)
    }

    /// By id.
    pub fn iter(&self) -> impl Iterator<Item = &Group> {
        self.groups.values()
    }

    /// From the root down to a group.
    ///
    /// # Errors
    /// When there is no such group.
    pub fn path(&self, group: &GroupId) -> Result<Vec<&Group>, GroupError> {
        let mut path = vec![self.known(group)?];
        while let Some(last) = path.last()
            && let Some(parent) = &last.parent
        {
            let no_parent = || GroupError::NoParent { group: last.id.clone(), parent: parent.clone() };
            let above = self.groups.get(parent).ok_or_else(no_parent)?;
            if let Some(from) = path.iter().position(|below| below.id == above.id) {
                let circle = path.iter().skip(from).chain([&above]).map(|group| group.id.clone());
                return Err(GroupError::Cycle { path: circle.collect() });
            }
            path.push(above);
        }
        if path.len() > DEPTH_MAX {
            return Err(GroupError::TooDeep { group: group.clone(), depth: path.len() });
        }
        path.reverse();
        Ok(path)
    }

    /// A group and all below it, by id.
    pub fn below(&self, group: &GroupId) -> Vec<&GroupId> {
        let is_below =
            |other: &&GroupId| self.path(other).is_ok_and(|path| path.iter().any(|above| above.id == *group));
        self.groups.keys().filter(is_below).collect()
    }

    fn known(&self, group: &GroupId) -> Result<&Group, GroupError> {
        self.groups.get(group).ok_or_else(|| GroupError::Unknown { group: group.clone() })
    }
}

fn by_id(groups: Vec<Group>) -> Result<BTreeMap<GroupId, Group>, GroupError> {
    let mut by_id = BTreeMap::new();
    for group in groups {
        if !group.id.is_plain() {
            return Err(GroupError::BadId { group: group.id });
        }
        if let Some(twice) = by_id.insert(group.id.clone(), group) {
            return Err(GroupError::TwoOfId { group: twice.id });
        }
    }
    Ok(by_id)
}

fn names(groups: &BTreeMap<GroupId, Group>) -> Result<(), GroupError> {
    let mut taken = BTreeMap::new();
    for group in groups.values() {
        let name = group.name.trim();
        let is_long = name.chars().count() > NAME_CHARS_MAX;
        if name.is_empty() || is_long || name.chars().any(char::is_control) {
            return Err(GroupError::BadName { group: group.id.clone(), name: group.name.clone() });
        }
        if let Some(first) = taken.insert(name.to_lowercase(), &group.id) {
            let (first, second) = (first.clone(), group.id.clone());
            return Err(GroupError::TwoOfName { name: group.name.clone(), first, second });
        }
    }
    Ok(())
}

fn root(groups: &BTreeMap<GroupId, Group>) -> Result<GroupId, GroupError> {
    let mut roots = groups.values().filter(|group| group.parent.is_none());
    match (roots.next(), roots.next()) {
        (Some(root), None) => Ok(root.id.clone()),
        (Some(first), Some(second)) => Err(GroupError::TwoRoots { first: first.id.clone(), second: second.id.clone() }),
        // Where all have something above them, some are above themselves, or it is not there.
        (None, _) => match groups.keys().next() {
            None => Err(GroupError::NoRoot),
            Some(any) => circle(groups, any),
        },
    }
}

/// What a tree without a root has in its place.
fn circle(groups: &BTreeMap<GroupId, Group>, from: &GroupId) -> Result<GroupId, GroupError> {
    let rootless = Tree { groups: groups.clone(), root: from.clone(), break_glass: Vec::new() };
    match rootless.path(from) {
        Ok(_) => Err(GroupError::NoRoot),
        Err(error) => Err(error),
    }
}
