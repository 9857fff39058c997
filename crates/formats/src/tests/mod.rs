//! What holds for all rooms together: limits, ends, real files.

mod limits;
mod real;
mod table;
