//! Sessions.

pub const COOKIE: &str = "redoubt_session";
