//! How far a walk through a file and the files inside it goes. Every limit has a name, so that what it cut off can say so.

/// What bounds the reading of one file with everything inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Files within files within files: so many steps down.
    pub depth: usize,
    /// Files inside one file, over all steps.
    pub children: usize,
    /// Bytes of one file, whether it came from outside or was unpacked.
    pub file_bytes: u64,
    /// Bytes that are unpacked for one file from outside, all together.
    pub expanded_bytes: u64,
    /// Work on one file from outside, in records and in KiB that went through a decoder.
    pub steps: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { depth: 15, children: 5_000, file_bytes: 100 << 20, expanded_bytes: 400 << 20, steps: 4 << 20 }
    }
}

/// A limit by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Limit {
    Depth,
    Children,
    FileBytes,
    ExpandedBytes,
    /// Entries of one table, directory or list inside a file.
    Entries,
    /// Steps along a chain that a file describes: sectors, references, siblings.
    Steps,
    /// Characters of one text.
    TextBytes,
    /// The time that was given for all of it.
    Time,
}

impl Limit {
    /// The name it has in records.
    pub fn label(self) -> &'static str {
        match self {
            Limit::Depth => "depth",
            Limit::Children => "children",
            Limit::FileBytes => "file-bytes",
            Limit::ExpandedBytes => "expanded-bytes",
            Limit::Entries => "entries",
            Limit::Steps => "steps",
            Limit::TextBytes => "text-bytes",
            Limit::Time => "time",
        }
    }
}
