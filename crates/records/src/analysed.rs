//! Files that were analysed: what each part of one is and on which host it was seen, and what its readers say of it.

use crate::column::{Column, Holds, Kind, Value, column, number};

/// A part of a file, as it was seen on a host. What is not known is null.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AnalysedPart {
    /// When it was first seen there; microseconds since 1970.
    pub first: i64,
    pub analysed: i64,
    /// The host; absent for what a person sent in.
    pub host: Option<String>,
    /// What saw it: `upload`, `wire`, `folder`, `endpoint`.
    pub source: String,
    /// Of this part.
    pub sha256: Option<String>,
    /// Of the file that it is a part of; of the file itself the same.
    pub root_sha256: String,
    pub part: i64,
    /// Where inside.
    pub path: String,
    /// The last part of its path, in the form that is compared.
    pub file_names: Vec<String>,
    pub size: Option<i64>,
    pub kind: Option<String>,
    pub group: Option<String>,
    pub mime: Option<String>,
    pub md5: Option<String>,
    pub sha1: Option<String>,
    pub tlsh: Option<String>,
    pub ssdeep: Option<String>,
    pub imphash: Option<String>,
    pub rich_hash: Option<String>,
    /// SHA-1 of the certificates that it is signed with.
    pub certificates: Vec<String>,
    /// What it names, in the forms that are compared; what everybody names is left out.
    pub domains: Vec<String>,
    pub urls: Vec<String>,
    pub addresses: Vec<String>,
    pub emails: Vec<String>,
    /// Of the file that it is a part of, as the ledger says.
    pub verdict: String,
    pub score: i64,
    pub complete: bool,
    /// Rules of the ledger that were met in this part, and rules of YARA.
    pub reasons: Vec<String>,
    pub rules: Vec<String>,
    /// What is odd about it, by code.
    pub oddities: Vec<String>,
}

/// One fact about a part of a file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FileVector {
    pub analysed: i64,
    pub sha256: String,
    pub root_sha256: String,
    pub part: i64,
    pub namespace: String,
    /// With its namespace: `pe.imphash`.
    pub name: String,
    /// `flag`, `integer`, `real`, `text`, `digest`, `time`, `texts`; or why there is no value: `absent`, `failed`,
    /// `limited`.
    pub holds: String,
    /// A text or a digest; the limit that was met; the code of what failed.
    pub text: Option<String>,
    pub number: Option<i64>,
    pub real: Option<f64>,
    pub flag: Option<bool>,
    pub time: Option<i64>,
    pub texts: Vec<String>,
    /// Where in the part it stands.
    pub at: Option<i64>,
    /// Version of the readers.
    pub readers: String,
}

pub static FILES: Kind<AnalysedPart> = Kind { name: "file", version: 1, columns: PART };
pub static FILE_VECTORS: Kind<FileVector> = Kind { name: "file_vector", version: 1, columns: VECTOR };

const PART: &[Column<AnalysedPart>] = &[
    column("first", Holds::Time, false, |row| Value::Time(row.first)),
    column("analysed", Holds::Time, false, |row| Value::Time(row.analysed)),
    column("originator", Holds::Text, true, |row| Value::optional(row.host.as_deref())),
    column("source", Holds::Text, false, |row| Value::text(&row.source)),
    column("file_sha256", Holds::Text, true, |row| Value::optional(row.sha256.as_deref())),
    column("root_sha256", Holds::Text, false, |row| Value::text(&row.root_sha256)),
    column("part", Holds::Number, false, |row| Value::Number(row.part)),
    column("path", Holds::Text, false, |row| Value::text(&row.path)),
    column("file_names", Holds::Texts, false, |row| Value::Texts(&row.file_names)),
    column("size", Holds::Number, true, |row| number(row.size)),
    column("type", Holds::Text, true, |row| Value::optional(row.kind.as_deref())),
    column("type_group", Holds::Text, true, |row| Value::optional(row.group.as_deref())),
    column("mime", Holds::Text, true, |row| Value::optional(row.mime.as_deref())),
    column("md5", Holds::Text, true, |row| Value::optional(row.md5.as_deref())),
    column("sha1", Holds::Text, true, |row| Value::optional(row.sha1.as_deref())),
    column("tlsh", Holds::Text, true, |row| Value::optional(row.tlsh.as_deref())),
    column("ssdeep", Holds::Text, true, |row| Value::optional(row.ssdeep.as_deref())),
    column("imphash", Holds::Text, true, |row| Value::optional(row.imphash.as_deref())),
    column("rich_hash", Holds::Text, true, |row| Value::optional(row.rich_hash.as_deref())),
    column("certificates", Holds::Texts, false, |row| Value::Texts(&row.certificates)),
    column("domains", Holds::Texts, false, |row| Value::Texts(&row.domains)),
    column("urls", Holds::Texts, false, |row| Value::Texts(&row.urls)),
    column("addresses", Holds::Texts, false, |row| Value::Texts(&row.addresses)),
    column("emails", Holds::Texts, false, |row| Value::Texts(&row.emails)),
    column("verdict", Holds::Text, false, |row| Value::text(&row.verdict)),
    column("score", Holds::Number, false, |row| Value::Number(row.score)),
    column("complete", Holds::Flag, false, |row| Value::Flag(row.complete)),
    column("reasons", Holds::Texts, false, |row| Value::Texts(&row.reasons)),
    column("rules", Holds::Texts, false, |row| Value::Texts(&row.rules)),
    column("oddities", Holds::Texts, false, |row| Value::Texts(&row.oddities)),
];

const VECTOR: &[Column<FileVector>] = &[
    column("analysed", Holds::Time, false, |row| Value::Time(row.analysed)),
    column("file_sha256", Holds::Text, false, |row| Value::text(&row.sha256)),
    column("root_sha256", Holds::Text, false, |row| Value::text(&row.root_sha256)),
    column("part", Holds::Number, false, |row| Value::Number(row.part)),
    column("namespace", Holds::Text, false, |row| Value::text(&row.namespace)),
    column("name", Holds::Text, false, |row| Value::text(&row.name)),
    column("holds", Holds::Text, false, |row| Value::text(&row.holds)),
    column("text", Holds::Text, true, |row| Value::optional(row.text.as_deref())),
    column("number", Holds::Number, true, |row| number(row.number)),
    column("real", Holds::Real, true, |row| row.real.map_or(Value::Null, Value::Real)),
    column("flag", Holds::Flag, true, |row| row.flag.map_or(Value::Null, Value::Flag)),
    column("time", Holds::Time, true, |row| row.time.map_or(Value::Null, Value::Time)),
    column("texts", Holds::Texts, false, |row| Value::Texts(&row.texts)),
    column("at", Holds::Number, true, |row| number(row.at)),
    column("readers", Holds::Text, false, |row| Value::text(&row.readers)),
];
