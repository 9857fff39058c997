//! One host from many observations: who is who, which fact wins, and where sources disagree.

mod facts;
mod group;

pub use facts::merge;
pub(crate) use group::file_name;
pub use group::{grouped, hosts, snapshots};

use model::{HostFacts, HostId};
use sha2::{Digest, Sha256};

/// The id of a machine, from what identifies it: name, domain and Windows product id; without a name, its lowest MAC
/// or address. The same machine gets the same id in every import.
pub fn identity(facts: &HostFacts) -> HostId {
    let key = identity_key(facts);
    let digest = Sha256::digest(key.as_bytes());
    HostId(digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect())
}

fn identity_key(facts: &HostFacts) -> String {
    let lower = |text: &Option<String>| text.as_deref().unwrap_or_default().trim().to_lowercase();
    if facts.name.is_some() {
        return format!("name\0{}\0{}\0{}", lower(&facts.name), lower(&facts.domain), lower(&facts.product_id));
    }
    if let Some(mac) = facts.macs.first() {
        return format!("mac\0{mac}");
    }
    if let Some(address) = facts.addresses.first() {
        return format!("address\0{address}");
    }
    format!("product\0{}\0{}", lower(&facts.product_id), facts.os.name.as_deref().unwrap_or_default())
}
