//! Groups of endpoints: a tree in which settings come down from above, and lists add up along the way.

mod break_glass;
mod diff;
mod effective;
mod settings;
mod tree;

pub use break_glass::{BREAK_GLASS_SECONDS_MAX, BreakGlass};
pub use diff::{Change, Direction, affected, diff};
pub use effective::{Effective, Listed, Overruled, Sourced};
pub use settings::{AgentVersion, Bad, LIST_MAX, Setting, Settings, Telemetry, Threshold};
pub use tree::{DEPTH_MAX, GROUPS_MAX, Group, GroupError, Tree};

#[cfg(test)]
mod tests;
