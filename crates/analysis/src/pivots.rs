//! What two files may have in common exactly.

use crate::report::{Known, Report};

/// Facts by which files are found again, and what each is called then.
const PIVOTS: &[(&str, &str)] = &[
    ("pe.imphash", "imphash"),
    ("pe.rich.hash", "rich-hash"),
    ("pe.icon.sha256", "icon"),
    ("pe.authentihash", "authentihash"),
    ("pe.signature.thumbprint", "certificate"),
    ("pe.pdb.path", "pdb-path"),
    ("pe.version.original_name", "original-name"),
    ("pe.version.product_name", "product-name"),
    ("elf.telfhash", "telfhash"),
    ("elf.build_id", "build-id"),
    ("macho.signature.cdhash", "cdhash"),
    ("lnk.machine_id", "machine"),
    ("vba.module_hash", "macro-module"),
];

/// The pivot by which the files of a publisher are found: only what he signed, and as he did. A `certificate` may be in a
/// file whose signature is about other bytes.
pub const SIGNED_BY: &str = "signed-by";

/// What a file has in common with others that have the same, with what is inside it.
pub fn pivots(report: &Report) -> Vec<(String, String)> {
    let mut found = Vec::new();
    if let Some(file) = report.root().and_then(|root| root.file.as_ref()) {
        for (kind, digest) in [("md5", &file.md5), ("sha1", &file.sha1)] {
            found.extend(digest.iter().map(|digest| (kind.to_owned(), digest.clone())));
        }
    }
    let certificates = report.signers.iter().filter_map(|signer| signer.thumbprint.clone());
    found.extend(certificates.map(|thumbprint| (SIGNED_BY.to_owned(), thumbprint)));
    for fact in report.parts.iter().flat_map(|part| &part.facts) {
        let Some((_, kind)) = PIVOTS.iter().find(|(name, _)| *name == fact.name) else { continue };
        if let Known::Digest(value) | Known::Text(value) = &fact.value
            && !value.is_empty()
        {
            found.push(((*kind).to_owned(), value.clone()));
        }
    }
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pivot_is_a_fact_that_a_reader_tells() {
        let declared: Vec<String> =
            formats::declared().map(|declared| format!("{}.{}", declared.namespace, declared.name)).collect();
        let unknown: Vec<_> = PIVOTS.iter().filter(|(name, _)| !declared.iter().any(|known| known == name)).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }
}
