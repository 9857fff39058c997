//! `redoubt file`: files judged here, rules for that, and files sent to a server.

mod found;
mod given;
pub mod rules;
pub mod scan;
pub mod send;
