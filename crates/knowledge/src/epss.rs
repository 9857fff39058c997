//! FIRST EPSS scores.
