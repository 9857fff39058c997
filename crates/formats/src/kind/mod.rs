//! Types of files: what each is called, which media type it has, and which names it usually goes by.

mod table;

pub use table::Kind;

use std::fmt;

/// What a type of file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    /// Runs, or is linked into what runs: machine code and byte code.
    Executable,
    /// Text that an interpreter runs.
    Script,
    /// Text that a compiler or a style engine reads.
    Source,
    Document,
    Mail,
    /// Holds other files.
    Archive,
    /// Holds one stream of packed bytes.
    Compressed,
    /// Holds a disk, a partition or a file system.
    DiskImage,
    Image,
    Audio,
    Video,
    Font,
    Drawing,
    Database,
    /// Recorded traffic.
    Capture,
    /// Keys, certificates, signatures, what holds secrets.
    Crypto,
    /// What an operating system or a desktop acts on: shortcuts, registry, logs, dumps.
    System,
    /// Structured text.
    Markup,
    Text,
    Data,
}

impl Group {
    /// The name it has in records.
    pub fn label(self) -> &'static str {
        match self {
            Group::Executable => "executable",
            Group::Script => "script",
            Group::Source => "source",
            Group::Document => "document",
            Group::Mail => "mail",
            Group::Archive => "archive",
            Group::Compressed => "compressed",
            Group::DiskImage => "disk-image",
            Group::Image => "image",
            Group::Audio => "audio",
            Group::Video => "video",
            Group::Font => "font",
            Group::Drawing => "drawing",
            Group::Database => "database",
            Group::Capture => "capture",
            Group::Crypto => "crypto",
            Group::System => "system",
            Group::Markup => "markup",
            Group::Text => "text",
            Group::Data => "data",
        }
    }
}

/// What the table says of a kind.
struct Facts {
    label: &'static str,
    group: Group,
    mime: &'static str,
    extensions: &'static [&'static str],
    base: Option<Kind>,
}

impl Kind {
    /// Its short name, the same in records, rules and on the command line.
    pub fn label(self) -> &'static str {
        self.facts().label
    }

    /// Its media type: the registered one, else the one that is in use.
    pub fn mime(self) -> &'static str {
        self.facts().mime
    }

    pub fn group(self) -> Group {
        self.facts().group
    }

    /// Extensions it usually has, in lower case and without the dot, the most usual first.
    pub fn extensions(self) -> &'static [&'static str] {
        self.facts().extensions
    }

    /// What it is built on: every `docx` is a `zip` and every `svg` is `xml`, and neither is a disguise of the other.
    pub fn base(self) -> Option<Kind> {
        self.facts().base
    }

    /// Whether it is the other kind or built on it.
    pub fn is(self, other: Kind) -> bool {
        let mut kind = Some(self);
        while let Some(this) = kind {
            if this == other {
                return true;
            }
            kind = this.base();
        }
        false
    }

    /// Whether its bytes are text.
    pub fn is_text(self) -> bool {
        self.is(Kind::Txt)
    }

    /// The kind with that label.
    pub fn from_label(label: &str) -> Option<Kind> {
        Kind::ALL.iter().copied().find(|kind| kind.label() == label)
    }

    /// The kinds that usually have this extension, which is in lower case and without its dot.
    pub fn with_extension(extension: &str) -> impl Iterator<Item = Kind> {
        Kind::ALL.iter().copied().filter(move |kind| kind.extensions().contains(&extension))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn labels_are_short_and_unique() {
        let labels: BTreeSet<_> = Kind::ALL.iter().map(|kind| kind.label()).collect();
        assert_eq!(labels.len(), Kind::ALL.len());
        for label in labels {
            let plain = label.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
            assert!(plain && !label.is_empty() && label.len() <= 16, "`{label}`");
        }
        assert!(Kind::ALL.len() > 120);
    }

    #[test]
    fn a_label_finds_its_kind() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_label(kind.label()), Some(*kind));
        }
        assert_eq!(Kind::from_label("no-such-kind"), None);
    }

    #[test]
    fn media_types_are_a_type_and_a_subtype() {
        const TYPES: &[&str] =
            &["application", "audio", "font", "image", "inode", "message", "model", "multipart", "text", "video"];
        for kind in Kind::ALL {
            let (kind_type, subtype) = kind.mime().split_once('/').unwrap_or_default();
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-+._".contains(&byte);
            assert!(TYPES.contains(&kind_type), "{kind}: `{}`", kind.mime());
            assert!(!subtype.is_empty() && subtype.bytes().all(plain), "{kind}: `{}`", kind.mime());
        }
    }

    #[test]
    fn extensions_are_bare_and_in_lower_case() {
        for kind in Kind::ALL {
            let unique: BTreeSet<_> = kind.extensions().iter().collect();
            assert_eq!(unique.len(), kind.extensions().len(), "{kind}");
            for extension in kind.extensions() {
                let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_+".contains(&byte);
                assert!(!extension.is_empty() && extension.bytes().all(plain), "{kind}: `{extension}`");
            }
        }
    }

    #[test]
    fn what_a_kind_is_built_on_comes_to_an_end() {
        for kind in Kind::ALL {
            let steps = std::iter::successors(Some(*kind), |kind| kind.base()).take(9).count();
            assert!(steps < 5, "{kind}");
        }
        assert!(Kind::Docm.is(Kind::Zip) && Kind::Svg.is(Kind::Txt) && !Kind::Zip.is(Kind::Docm));
    }
}
