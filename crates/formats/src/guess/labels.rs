//! What the labels of the model are called here. Those of binary formats are left out: the table knows their signs.

use crate::kind::Kind;

/// The kind that a label stands for; none of one that has no name here, or says no more than "text" or "bytes".
pub fn kind_of(label: &str) -> Option<Kind> {
    Some(match label {
        "appleplist" => Kind::Plist,
        "asm" => Kind::Assembly,
        "asp" => Kind::Asp,
        "autoit" => Kind::AutoIt,
        "awk" => Kind::Awk,
        "batch" => Kind::Batch,
        "c" => Kind::CSource,
        "cmake" => Kind::CMake,
        "cpp" => Kind::Cpp,
        "cs" => Kind::CSharp,
        "css" | "scss" => Kind::Css,
        "csv" => Kind::Csv,
        "diff" => Kind::Diff,
        "eml" => Kind::Eml,
        "gemspec" | "gemfile" | "ruby" => Kind::Ruby,
        "go" => Kind::Go,
        "html" => Kind::Html,
        "ics" => Kind::ICalendar,
        "ini" => Kind::Ini,
        "internetshortcut" => Kind::InternetShortcut,
        "ipynb" | "json" => Kind::Json,
        "java" => Kind::Java,
        "javascript" => Kind::JavaScript,
        "jsonl" => Kind::JsonLines,
        "kotlin" => Kind::Kotlin,
        "latex" => Kind::Tex,
        "lua" => Kind::Lua,
        "m3u" => Kind::M3u,
        "m4" => Kind::M4,
        "makefile" => Kind::Makefile,
        "mht" => Kind::Mht,
        "pascal" => Kind::Pascal,
        "pem" => Kind::Pem,
        "perl" => Kind::Perl,
        "php" => Kind::Php,
        "po" => Kind::Po,
        "powershell" => Kind::PowerShell,
        "python" => Kind::Python,
        "r" => Kind::RScript,
        "rust" => Kind::Rust,
        "shell" => Kind::Shell,
        "sql" => Kind::Sql,
        "srt" => Kind::SubRip,
        "swift" => Kind::Swift,
        "tcl" => Kind::Tcl,
        "toml" => Kind::Toml,
        "tsv" => Kind::Tsv,
        "typescript" => Kind::TypeScript,
        "vba" => Kind::VbScript,
        "vtt" => Kind::WebVtt,
        "winregistry" => Kind::RegFile,
        "csproj" | "rdf" | "vcxproj" | "xml" => Kind::Xml,
        "svg" => Kind::Svg,
        "yaml" => Kind::Yaml,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_that_say_nothing_are_no_kind() {
        for label in ["txt", "unknown", "randomtxt", "randombytes", "pebin", "zip", "", "markdown"] {
            assert_eq!(kind_of(label), None, "{label}");
        }
        assert_eq!(kind_of("powershell"), Some(Kind::PowerShell));
    }
}
