//! Files and what is known of them.
//!
//! A [`Report`] is what is known of one file. A [`Crew`] has files opened by [`Opener`]s, processes that read each of them
//! where nothing can be harmed. A [`Worker`] takes files from a [`Queue`] and gives their reports back; their bytes lie in
//! a [`Vault`].

mod compiled;
mod crew;
pub mod guesser;
pub mod likeness;
pub mod line;
mod opener;
pub mod passwords;
pub mod pivots;
pub mod regular;
pub mod report;
pub mod rules;
pub mod vault;
mod worker;

pub use compiled::CompiledRules;
pub use crew::{Crew, Opened};
pub use guesser::type_model;
pub use opener::{Costs, Ended, Error, GRACE, How, Opener, READY, REQUEST_BYTES_MAX, Request, Setup, program};
pub use report::{REPORT_BYTES_MAX, Report, Versions};
pub use vault::Vault;
pub use worker::{Figures, Queue, Standing, Task, Worker};
