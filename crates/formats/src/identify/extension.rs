//! Whether a name promises what the bytes are.

use crate::kind::{Group, Kind};

/// A name that promises another type than the bytes have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The extension, in lower case and without its dot.
    pub extension: String,
    /// The kinds that usually have it.
    pub promised: Vec<Kind>,
}

/// Compares the last extension of a name to the kind of the bytes. A name without an extension, or with one that no kind
/// has, promises nothing.
///
/// What one format is built on is no mismatch (a `docx` named `.zip`), nor is text in another notation than its name
/// says, as long as neither is run: between two notations content cannot always tell.
pub fn extension_mismatch(name: &str, kind: &Kind) -> Option<Mismatch> {
    let base = name.rsplit(['/', '\\']).next()?;
    let (_, extension) = base.trim_end_matches([' ', '.']).rsplit_once('.')?;
    let extension = extension.to_lowercase();
    // `libc.so.6` is a version, as `ls.1` is a chapter.
    if extension.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let promised: Vec<Kind> = Kind::with_extension(&extension).collect();
    let kept = promised.is_empty() || *kind == Kind::Empty || promised.iter().any(|promised| agrees(*kind, *promised));
    (!kept).then_some(Mismatch { extension, promised })
}

fn agrees(kind: Kind, promised: Kind) -> bool {
    kind.is(promised) || promised == Kind::Data || kind == Kind::Txt && promised.is_text() || same_use(kind, promised)
}

/// Two notations of text of which neither is run, or of which one is the other.
fn same_use(kind: Kind, promised: Kind) -> bool {
    let quiet = |kind: Kind| {
        kind.is_text() && matches!(kind.group(), Group::Text | Group::Markup | Group::Source) && !kind.is(Kind::Html)
    };
    // TypeScript without types is JavaScript.
    quiet(kind) && quiet(promised) || kind == Kind::JavaScript && promised == Kind::TypeScript
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_promises_something_else_is_told() {
        let told = |name: &str, kind: Kind| {
            extension_mismatch(name, &kind).map(|mismatch| (mismatch.extension, mismatch.promised))
        };
        assert_eq!(told("invoice.PDF", Kind::Pe), Some(("pdf".into(), vec![Kind::Pdf])));
        assert_eq!(told("photo.jpg", Kind::Jpeg), None);
        assert_eq!(told("a.jpg/readme", Kind::Txt), None);
        assert_eq!(told("report.pdf.exe", Kind::Pe), None);
        assert_eq!(told("report.docx", Kind::OoxmlEncrypted), None);
        assert_eq!(
            told("report.docx", Kind::Zip),
            Some(("docx".into(), vec![Kind::Docx, Kind::Ooxml, Kind::OoxmlEncrypted]))
        );
    }

    #[test]
    fn what_a_format_is_built_on_is_no_disguise() {
        assert_eq!(extension_mismatch("x.zip", &Kind::Docx), None);
        assert_eq!(extension_mismatch("x.xml", &Kind::Svg), None);
        assert_eq!(extension_mismatch("x.ini", &Kind::Yaml), None);
        assert!(extension_mismatch("x.csv", &Kind::PowerShell).is_some());
        assert!(extension_mismatch("x.html", &Kind::Hta).is_none());
        assert!(extension_mismatch("x.doc", &Kind::Rtf).is_some());
    }

    #[test]
    fn a_name_without_a_known_extension_promises_nothing() {
        for name in ["", ".", "README", "libc.so.6", "x.no-such-extension", ".bashrc"] {
            assert_eq!(extension_mismatch(name, &Kind::Elf), None, "{name}");
        }
    }

    #[test]
    fn windows_drops_dots_and_spaces_at_the_end() {
        assert!(extension_mismatch("x.pdf. .", &Kind::Pe).is_some());
    }
}
