//! The key that orders are signed with: made at the first start, and kept as a secret beside the database.

use crate::files;
use policy::orders::Signer;
use std::io::{self, Read};
use std::path::Path;

/// Bytes of a key file: PKCS#8 of Ed25519 has less than a hundred.
const KEY_BYTES_MAX: u64 = 4096;

/// The key of a folder, made if there is none.
pub fn signer(folder: &Path) -> io::Result<Signer> {
    files::private_folder(folder)?;
    let path = folder.join("signing.key");
    let bytes = match std::fs::File::open(&path) {
        Ok(file) => {
            let mut bytes = Vec::new();
            file.take(KEY_BYTES_MAX).read_to_end(&mut bytes)?;
            bytes
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let made = Signer::generate().map_err(io::Error::other)?;
            files::write_private(&path, &made)?;
            made
        }
        Err(error) => return Err(error),
    };
    // A key that cannot be read is never replaced: endpoints would believe nothing any more.
    let damaged =
        |why| io::Error::new(io::ErrorKind::InvalidData, format!("`{}` is no key to sign with: {why}", path.display()));
    Signer::from_pkcs8(&bytes).map_err(damaged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let first = signer(&folder.path().join("policy")).unwrap().public();
        assert_eq!(signer(&folder.path().join("policy")).unwrap().public(), first);
        std::fs::write(folder.path().join("policy/signing.key"), "damaged").unwrap();
        assert!(signer(&folder.path().join("policy")).is_err());
    }
}
