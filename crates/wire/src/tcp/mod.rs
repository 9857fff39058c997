//! TCP: the two byte streams of a connection put together from segments, and the state the connection is in.

mod half;
mod session;

pub use half::{Chunk, Counts, Half, Overlap};
pub use session::{Rules, Session, State, Taken};

#[cfg(test)]
mod tests;
