//! The flow as people read it, and what holds for every host.

mod case;
mod fleet;
mod lore;
mod properties;
mod stories;
