//! Roots that are known by their keys (`data/roots.pem`): whether a chain leads to one of them, or only says so.

use super::{Certificate, Checked, certificates};
use std::sync::OnceLock;
use x509_parser::pem::Pem;

const FILE: &[u8] = include_bytes!("../../../../data/roots.pem");

/// Where a chain leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    Known,
    /// Nobody here knows it: it may be that of a house, or of anybody.
    Unknown,
    /// It has the name of one that is known, and another key.
    Forged,
}

/// The roots, read once.
pub fn roots() -> &'static [Certificate<'static>] {
    static BYTES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    static ROOTS: OnceLock<Vec<Certificate<'static>>> = OnceLock::new();
    ROOTS.get_or_init(|| {
        let read = || Pem::iter_from_buffer(FILE).filter_map(|pem| pem.ok().map(|pem| pem.contents)).collect();
        let all: Vec<&'static [u8]> = BYTES.get_or_init(read).iter().map(Vec::as_slice).collect();
        certificates(&all)
    })
}

/// Where a chain leads to, by its last certificate and those on the way: a root may stand there as another root made it.
pub(super) fn root_of(links: &[&Certificate]) -> Root {
    let Some(last) = links.last() else { return Root::Unknown };
    if links.iter().any(|link| roots().iter().any(|root| root.has_key_of(link))) {
        return Root::Known;
    }
    let mut named = roots().iter().filter(|root| root.subject_der() == last.issuer_der()).peekable();
    match named.peek() {
        None => Root::Unknown,
        Some(_) if last.is_self_issued() => Root::Forged,
        Some(_) => {
            let checked: Vec<Checked> = named.map(|root| last.signed_by(root)).collect();
            if checked.contains(&Checked::Right) {
                Root::Known
            } else if checked.iter().any(|checked| matches!(checked, Checked::Unknown(_))) {
                Root::Unknown
            } else {
                Root::Forged
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn all_roots_are_read_and_none_is_there_twice() {
        let text = String::from_utf8_lossy(FILE);
        let stated: BTreeSet<&str> = text.lines().filter_map(|line| line.strip_prefix("SHA-256 ")).collect();
        let found: BTreeSet<String> =
            roots().iter().map(|root| crate::exe::hex(&super::super::Hash::Sha256.of(&[root.whole]))).collect();
        assert_eq!(found.iter().map(String::as_str).collect::<BTreeSet<_>>(), stated);
        assert_eq!(roots().len(), stated.len());
        assert!(roots().iter().all(Certificate::is_self_issued));
        assert!(roots().iter().any(|root| root.common_name().as_deref() == Some("DigiCert Trusted Root G4")));
    }
}
