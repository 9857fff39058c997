//! How far files are trusted in an isolated network: by how they spread, who vouches for them and what they were seen with.
//!
//! Hosts tell which files they have and what those were seen with ([`Sighting`]); the server tells what it knows of files
//! ([`Facts`]) and what was rolled out on purpose ([`Deployment`]). All of it is folded into a [`Network`] of bounded size,
//! and a [`View`] of it at one moment says of each file where it stands, with every term of the sum in words.
//!
//! Who a sighting is of, its host and its group, is what the server made sure of, never what a host says of itself.
//!
//! Pure: no clock, no files, no network. The order of sightings does not matter, and one that comes twice changes nothing,
//! as long as nothing had to be forgotten ([`Network::counts`] tells).

mod arrival;
mod baseline;
mod deployment;
mod explanation;
mod facts;
mod file;
mod forget;
mod graph;
mod hash;
mod introductions;
mod measures;
mod names;
mod network;
mod sighting;
mod sketch;
mod standing;
mod velocity;
pub mod weights;
mod words;

pub use deployment::Deployment;
pub use explanation::{Change, Explanation, Without, explain};
pub use facts::{Analysis, Facts, Publisher};
pub use network::{Counts, Limits, Network, fold};
pub use sighting::{Place, Program, Remote, Sighting, Source, UserRole};
pub use standing::{Name, Standing, Term, View, standing, table};
pub use weights::Weights;
