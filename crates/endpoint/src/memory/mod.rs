//! What runs in memory and is in no file, or not as in its file.
//!
//! [`scan::Scanner`] goes over all processes with a budget, [`look`] reads what can run, [`judge`] says what that is worth.
//! Nobody is stopped. What is not seen: code that was written and removed between two looks; who wrote it, when that was
//! `process_vm_writev` and nobody is attached any more; pages of a shared mapping, which are the file's own; memory that is
//! written and made to run only for a moment; data that steers honest code.

mod elf;
pub mod facts;
pub mod judge;
mod look;
pub mod maps;
pub mod scan;
