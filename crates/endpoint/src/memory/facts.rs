//! What is found of a process and of its regions that can run; the judge makes something of it.

use super::maps::Region;
use crate::telemetry::event::Publisher;
use serde::{Deserialize, Serialize};

/// What is known of a process whose memory is looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessFacts {
    pub pid: i32,
    /// Nanoseconds since 1970.
    pub began: u64,
    pub path: String,
    pub publisher: Publisher,
    /// Those it comes from, the parent first.
    pub lineage: Vec<Parent>,
    /// Another process is attached to it and can change it.
    pub tracer: Option<i32>,
    /// What makes code while it runs and is known for it: the program or a library of a package, by the name of its file.
    pub jit: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent {
    pub pid: i32,
    pub path: String,
}

/// What is known of a region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegionFacts {
    pub region: Region,
    /// Pages that hold something; none where the kernel does not say.
    pub pages: Option<u64>,
    pub begins: Begins,
    pub code: Code,
    /// Of the file behind it; unread where nobody asked.
    pub publisher: Publisher,
    /// Threads that wait in a call that they made from here.
    pub threads: Vec<i32>,
}

/// What a region begins with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Begins {
    /// The head of a program or library.
    Image,
    Zeros,
    #[default]
    Other,
    Unread,
}

/// How the code in memory compares with the file it is of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Code {
    /// No page was written to, by the kernel's word.
    Untouched,
    /// Pages were written to, and are as in the file.
    Same,
    Differs(Difference),
    /// It is not of a file.
    #[default]
    NoFile,
    /// The memory or the file cannot be read.
    Unread,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    pub pages: u64,
    pub bytes: u64,
    /// Where the first one is, in the process.
    pub first: u64,
    /// Every byte that differs is a breakpoint.
    pub breakpoints: bool,
    /// The file says that its code is changed when it is loaded.
    pub relocated: bool,
    /// Not all pages that were written to were compared.
    pub cut: bool,
}

/// What the judge makes of a region.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    pub process: ProcessFacts,
    pub facts: RegionFacts,
    pub points: u32,
    pub reasons: Vec<Reason>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Below zero when it speaks for the region.
    pub points: i32,
    pub message: model::Message,
}
