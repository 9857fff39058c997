//! The limits every reader keeps: what is larger is refused or cut with a note, never read into memory.

/// How much of foreign input is read. The defaults hold any real export and stop a hostile one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one file, packed or not.
    pub file_bytes: u64,
    /// Bytes of one line of text; a longer one is no line of any known export.
    pub line_bytes: usize,
    /// Lines of one text; more are no export, and every line costs more in memory than on disk.
    pub lines: usize,
    /// Hosts one file may describe.
    pub hosts: usize,
    /// Ports kept for one host.
    pub ports: usize,
    /// Updates kept for one host.
    pub updates: usize,
    /// Scanner items kept for one host.
    pub items: usize,
    /// Programs kept for one host.
    pub software: usize,
    /// Columns of a table.
    pub columns: usize,
    /// Depth of XML elements.
    pub depth: usize,
    /// Attributes of one XML element.
    pub attributes: usize,
    /// Bytes of text kept of one value, such as a title or a service banner.
    pub text_bytes: usize,
    /// Entries of one archive.
    pub entries: usize,
    /// Bytes all entries of one archive may unpack to.
    pub unpacked_bytes: u64,
    /// Times an archive entry may grow while unpacking, once it is larger than a mebibyte.
    pub ratio: u64,
    /// Archives inside archives.
    pub nesting: usize,
    /// Oddities kept of one file.
    pub oddities: usize,
    /// Refusals told one by one of one file with all that is packed in it; the rest is counted.
    pub refusals: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            file_bytes: 256 << 20,
            line_bytes: 1 << 20,
            lines: 2_000_000,
            hosts: 200_000,
            ports: 70_000,
            updates: 20_000,
            items: 20_000,
            software: 20_000,
            columns: 512,
            depth: 64,
            attributes: 64,
            text_bytes: 4096,
            entries: 200_000,
            unpacked_bytes: 4 << 30,
            ratio: 200,
            nesting: 1,
            oddities: 200,
            refusals: 1000,
        }
    }
}
