//! The server as a whole, through its API and on its own disk.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod behaviour;
mod captures;
mod checks;
mod collectors;
mod endpoints;
mod files;
mod files_settings;
mod fleet;
mod hunts;
mod imports;
mod main_job;
mod queries;
mod releases;
mod rollouts;
mod security;
mod shared_lake;
mod story;
mod support;
mod trouble;
