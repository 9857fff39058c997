//! Readers of network traffic: from the bytes of a capture to packets, from packets to streams, from streams to the
//! events of each protocol.
//!
//! Everything here is a function of bytes: no IO, no clock, no threads. Flows, files on disk, workers and the network
//! card are the business of `sensor`.

pub mod bytes;
pub mod capture;
pub mod community;
pub mod filter;
pub mod json;
pub mod packet;
pub mod proto;
pub mod session;
pub mod tcp;
#[cfg(test)]
mod testing;
