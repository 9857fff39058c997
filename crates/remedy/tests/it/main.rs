//! The flow as people read it, and what holds for every host.

mod case;
mod lore;
mod properties;
mod stories;
