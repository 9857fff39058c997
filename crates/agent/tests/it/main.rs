//! The guard against ransomware as an attacker and as honest programs meet it: what was there before is there afterwards,
//! and nobody honest is stopped.
//!
//! Nothing here is ransomware. The stand-ins scramble files that a test made, in a directory that this test made, and
//! refuse to work anywhere else: see `yard` for the fence and `refusals` for the proof that it holds.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod attacks;
mod canaries;
mod checks;
mod control;
mod disks;
mod documents;
mod execution;
mod execution_races;
mod guard;
mod honest;
mod inventory;
mod isolated;
mod keeper;
mod large;
mod led;
mod loads;
mod manifest;
mod needs;
mod noise;
mod parts;
mod raw;
mod refusals;
mod rpm;
mod scrambler;
mod serve;
mod story;
mod update;
mod watch;
mod yard;
