//! What holds for all rooms together: limits, ends, real files.

mod cut;
mod limits;
mod real;
mod table;
