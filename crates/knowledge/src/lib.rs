//! Weapons, vulnerabilities, systems and patches as one loaded value.

pub mod catalogue;
pub mod epss;
pub mod import;
pub mod kev;
