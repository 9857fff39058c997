//! `redoubt-agent`: protects a machine.

fn main() {}
