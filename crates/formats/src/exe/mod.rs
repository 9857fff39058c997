//! What the readers of executables share: how their facts are declared and told, entropy, and texts out of foreign bytes.

pub(crate) mod entropy;
mod fact;
#[cfg(test)]
pub(crate) mod kit;
mod text;

pub use entropy::entropy;
pub(crate) use fact::odd;
pub use fact::{Fact, Odd};
pub use text::{hex, list, spelled, text_at, until_zero};
