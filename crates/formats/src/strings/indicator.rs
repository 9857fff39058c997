//! What an indicator is.

use serde::{Deserialize, Serialize};

/// One resource that a file names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FileIndicator))]
pub struct Indicator {
    pub kind: IndicatorKind,
    /// As the file spells it; names of hosts and schemes in lower case.
    pub value: String,
    /// Where in the file it stands, or where what it was decoded from begins.
    pub at: u64,
    pub layer: Layer,
    /// So many honest files name it that it says nothing: schemas, vendors, lists of revoked certificates.
    pub common: bool,
}

/// What an indicator names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FileIndicatorKind))]
#[serde(rename_all = "kebab-case")]
pub enum IndicatorKind {
    Url,
    Domain,
    /// A hidden service of Tor.
    Onion,
    Ipv4,
    Ipv6,
    Email,
    /// A key of the Windows registry.
    RegistryKey,
    /// A path of Windows.
    Path,
    /// A path on another machine, `\\machine\share`.
    UncPath,
    /// A named pipe.
    Pipe,
    /// A named object that processes share, mostly so that only one of them runs.
    Mutex,
    UserAgent,
    /// Where the symbols of a program were when it was linked.
    PdbPath,
    /// An address of Bitcoin or of what was made after it, with its checksum right.
    Wallet,
}

/// How the bytes speak of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FileIndicatorLayer))]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    Ascii,
    Utf16,
    Base64,
    Hex,
    /// From its end to its beginning.
    Reversed,
}

impl IndicatorKind {
    pub const ALL: [IndicatorKind; 14] = [
        IndicatorKind::Url,
        IndicatorKind::Domain,
        IndicatorKind::Onion,
        IndicatorKind::Ipv4,
        IndicatorKind::Ipv6,
        IndicatorKind::Email,
        IndicatorKind::RegistryKey,
        IndicatorKind::Path,
        IndicatorKind::UncPath,
        IndicatorKind::Pipe,
        IndicatorKind::Mutex,
        IndicatorKind::UserAgent,
        IndicatorKind::PdbPath,
        IndicatorKind::Wallet,
    ];

    /// The name it has in records.
    pub fn label(self) -> &'static str {
        match self {
            IndicatorKind::Url => "url",
            IndicatorKind::Domain => "domain",
            IndicatorKind::Onion => "onion",
            IndicatorKind::Ipv4 => "ipv4",
            IndicatorKind::Ipv6 => "ipv6",
            IndicatorKind::Email => "email",
            IndicatorKind::RegistryKey => "registry-key",
            IndicatorKind::Path => "path",
            IndicatorKind::UncPath => "unc-path",
            IndicatorKind::Pipe => "pipe",
            IndicatorKind::Mutex => "mutex",
            IndicatorKind::UserAgent => "user-agent",
            IndicatorKind::PdbPath => "pdb-path",
            IndicatorKind::Wallet => "wallet",
        }
    }
}

impl Layer {
    pub const ALL: [Layer; 5] = [Layer::Ascii, Layer::Utf16, Layer::Base64, Layer::Hex, Layer::Reversed];

    /// The name it has in records.
    pub fn label(self) -> &'static str {
        match self {
            Layer::Ascii => "ascii",
            Layer::Utf16 => "utf-16",
            Layer::Base64 => "base64",
            Layer::Hex => "hex",
            Layer::Reversed => "reversed",
        }
    }
}
