//! The rules and sequences that come with the agent: the name of the file, and what is in it.

pub const SIGMA: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/sigma.rs"));
pub const SEQUENCES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/sequences.rs"));
