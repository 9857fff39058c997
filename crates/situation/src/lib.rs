//! The whole picture: assesses hosts and fleets, answers what-if, makes the demo network.

pub mod demo;
