//! One file a command. A command reads its input, asks a room, and shows the answer.

pub mod agent_release;
pub mod analysis;
pub mod assess;
pub mod backup;
pub mod collector;
pub mod demo;
pub mod file;
pub mod fleet;
pub mod graph;
pub mod harden;
pub mod hunt;
pub mod import;
pub mod knowledge;
pub mod lake;
pub mod plan;
pub mod sensor;
pub mod up;

pub mod open;
pub use open::data_directory;
pub mod show;
pub mod sql;
