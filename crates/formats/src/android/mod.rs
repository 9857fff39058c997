//! Packages of Android: byte code (DEX), the manifest in binary XML, and how the package is signed.

pub mod dex;
pub mod manifest;
pub mod package;

#[cfg(test)]
mod tests;
