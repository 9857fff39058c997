//! Renderings of a [`crate::Procedure`].

pub mod cmd;
