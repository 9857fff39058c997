//! What the readers of executables share: how their facts are declared and told, entropy, and texts out of foreign bytes.

pub(crate) mod entropy;
mod fact;
mod text;
#[cfg(test)]
mod told;

pub use entropy::entropy;
pub use fact::{Fact, Odd};
#[cfg(test)]
pub use fact::{assert_declared, assert_tables};
pub(crate) use fact::{facts, odd};
pub use text::{hex, list, spelled, text_at, until_zero};
#[cfg(test)]
pub use told::told;
