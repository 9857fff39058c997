//! Orders: what an endpoint is given to hold to, signed, so that whoever is on the way can neither change nor replay it.

mod envelope;
mod keys;
mod order;
mod refused;
mod release;
mod reputation;

pub use envelope::{ORDERS_BYTES_MAX, TABLE_BYTES_MAX};
pub use keys::{KEYS_MAX, KeyId, PublicKey, Signer, TrustedKeys};
pub use order::{Audience, CAPABILITIES, GuardOrders, Isolation, KeyChange, Orders, Recipient, open};
pub use refused::{FUTURE_SECONDS_MAX, Refused};
pub use release::{
    AgentOrders, BadRelease, Bundle, PROGRAM_BYTES_MAX, RELEASE_BYTES_MAX, Release, claimed_key, compare_versions,
    is_version, open_release, sum_of, this_target,
};
pub use reputation::{ReputationTable, TABLE_ENTRIES_MAX, open_table};

/// What is read behind a signature that holds, for fuzzing: it has to bear anything, too.
pub mod readers {
    use super::{BadRelease, Bundle, KeyId, Orders, Recipient, Refused, ReputationTable, order, release, reputation};

    /// # Errors
    /// As [`super::open`].
    pub fn orders(payload: &[u8], recipient: &Recipient, now: u64) -> Result<Orders, Refused> {
        order::read(payload, None, recipient, now)
    }

    /// # Errors
    /// As [`super::open_table`].
    pub fn table(payload: &[u8]) -> Result<ReputationTable, Refused> {
        reputation::read(payload)
    }

    /// # Errors
    /// As [`super::open_release`].
    pub fn release(payload: &[u8]) -> Result<Bundle<'_>, BadRelease> {
        release::read(payload, KeyId([0; 16]))
    }
}

#[cfg(test)]
mod tests;
