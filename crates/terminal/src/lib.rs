//! What the command lines of all programs have in common: help in the language of whoever asks, and lines that no terminal
//! obeys, whatever stands in the names that they show.

pub mod help;
mod shown;

pub use shown::{json_line, printable};
