//! The relation graph weapon – vulnerability – system.
