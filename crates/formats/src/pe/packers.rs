//! Names of sections that packers and protectors leave, as their makers' programs write them.

#[rustfmt::skip]
const SECTIONS: &[(&str, &str)] = &[
    ("UPX0", "UPX"), ("UPX1", "UPX"), ("UPX2", "UPX"), ("UPX!", "UPX"),
    (".aspack", "ASPack"), (".adata", "ASPack"), ("ASPack", "ASPack"), (".ASPack", "ASPack"),
    (".MPRESS1", "MPRESS"), (".MPRESS2", "MPRESS"),
    (".vmp0", "VMProtect"), (".vmp1", "VMProtect"), (".vmp2", "VMProtect"),
    (".themida", "Themida"), ("Themida", "Themida"), (".winlice", "WinLicense"),
    (".enigma1", "Enigma"), (".enigma2", "Enigma"),
    (".petite", "Petite"), ("PEC2TO", "PECompact"), ("PECompact2", "PECompact"),
    (".nsp0", "NsPack"), (".nsp1", "NsPack"), (".nsp2", "NsPack"), ("nsp0", "NsPack"), ("nsp1", "NsPack"),
    ("FSG!", "FSG"), ("MEW", "MEW"), (".perplex", "Perplex"), ("kkrunchy", "kkrunchy"), (".yP", "Y0da"), (".y0da", "Y0da"),
    ("PELOCKnt", "PELock"), (".svkp", "SVKP"), (".taz", "PESpin"), (".neolit", "NeoLite"), (".neolite", "NeoLite"),
    ("BitArts", "Crunch"), ("DAStub", "DAStub"), (".packed", "RLPack"), (".RLPack", "RLPack"), (".shrink1", "Shrinker"),
    (".spack", "SimplePack"), ("_winzip_", "WinZip"), (".WWPACK", "WWPack"), (".wwp32", "WWPack"), (".ccg", "CCG"),
    (".boom", "Boomerang"), (".charmve", "Pin"), ("!EPack", "EPack"),
    (".gentee", "Gentee"), (".mackt", "ImpRec"), (".maskpe", "MaskPE"), ("ProCrypt", "ProCrypt"), (".pklstb", "PKLite"),
    (".seau", "SeauSFX"), (".sforce3", "StarForce"), (".tsuarch", "TSULoader"), (".tsustub", "TSULoader"), (".Upack", "Upack"),
];

/// Whose name that is.
pub fn by_section(raw: &[u8; 8]) -> Option<&'static str> {
    let name = &raw[..raw.iter().position(|byte| *byte == 0).unwrap_or(raw.len())];
    // A name has eight bytes at most, and longer ones are cut.
    SECTIONS.iter().find(|(known, _)| crate::bytes::head(known.as_bytes(), 8) == name).map(|(_, packer)| *packer)
}
