//! Endpoints: what may run there, what happens there, and how what was done to files is undone.
