//! Renderings of a [`crate::Procedure`].

pub mod cmd;
pub mod powershell;
pub mod registry;
