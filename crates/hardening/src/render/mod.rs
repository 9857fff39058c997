//! Renderings of a [`crate::Procedure`].

pub mod cmd;
pub mod registry;
pub mod powershell;
