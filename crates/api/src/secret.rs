//! Secrets: random tokens of which only a digest is kept, and password hashes (argon2id).
//!
//! Parameters of argon2id: 19 MiB, 2 passes, 1 lane (the OWASP recommendation for interactive login, 2024); each hash
//! string names its own, so they can be raised later without locking anybody out.

use crate::Problem;
use crate::state::App;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use model::Message;
use rand::{TryRng, rngs::SysRng};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Characters in a password.
pub const PASSWORD_MIN: usize = 10;
/// Bytes in a password: hashing must not become a way to keep the server busy.
const PASSWORD_BYTES_MAX: usize = 512;

/// 256 random bits as hexadecimal digits.
pub fn token() -> Result<String, Problem> {
    random_hex::<32>()
}

/// 120 random bits in groups that a person can type.
pub fn setup_token() -> Result<String, Problem> {
    let digits = random_hex::<15>()?;
    let groups: Vec<&str> = (0..digits.len()).step_by(6).filter_map(|at| digits.get(at..at + 6)).collect();
    Ok(groups.join("-"))
}

fn random_hex<const BYTES: usize>() -> Result<String, Problem> {
    let mut bytes = [0; BYTES];
    SysRng.try_fill_bytes(&mut bytes).map_err(Problem::internal)?;
    Ok(hex(&bytes))
}

/// What is kept of a token. A plain digest is enough: tokens are random, not chosen.
pub fn digest(secret: &str) -> String {
    hex(&Sha256::digest(secret.trim().as_bytes()))
}

pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// Compares without telling by time where two texts differ.
pub fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |differ, (x, y)| differ | (x ^ y)) == 0
}

/// Refuses a password that is too short or too long.
pub fn check_password(password: &str) -> Result<(), Problem> {
    if password.chars().count() < PASSWORD_MIN {
        return Err(Problem::bad_request(Message::new("api.password-short").number("min", PASSWORD_MIN as i64)));
    }
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(Problem::bad_request(Message::new("api.password-long").number("max", PASSWORD_BYTES_MAX as i64)));
    }
    Ok(())
}

/// Hashes a password off the async threads.
pub async fn hash(app: &App, password: String) -> Result<String, Problem> {
    let _turn = app.passwords.acquire().await.map_err(Problem::internal)?;
    tokio::task::spawn_blocking(move || hash_now(&password))
        .await
        .map_err(Problem::internal)?
        .map_err(Problem::internal)
}

/// Checks a password off the async threads. Without a hash (no such account) it works as long and says no.
///
/// The caller holds a turn of `app.passwords`, so that counting failures and checking belong together.
pub(crate) async fn verify(password: String, hash: Option<String>) -> Result<bool, Problem> {
    tokio::task::spawn_blocking(move || {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODY.clone());
        known & verify_now(&password, &hash)
    })
    .await
    .map_err(Problem::internal)
}

static NOBODY: LazyLock<String> = LazyLock::new(|| hash_now("nobody has this password").unwrap_or_default());

fn argon2id() -> Result<Argon2<'static>, argon2::Error> {
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(MEMORY_KIB, PASSES, LANES, None)?))
}

fn hash_now(password: &str) -> Result<String, String> {
    let mut salt = [0; 16];
    SysRng.try_fill_bytes(&mut salt).map_err(|error| error.to_string())?;
    let argon2 = argon2id().map_err(|error| error.to_string())?;
    let hash: PasswordHash =
        argon2.hash_password_with_salt(password.as_bytes(), &salt).map_err(|error| error.to_string())?;
    Ok(hash.to_string())
}

fn verify_now(password: &str, hash: &str) -> bool {
    if password.len() > PASSWORD_BYTES_MAX {
        return false;
    }
    match (PasswordHash::new(hash), argon2id()) {
        (Ok(parsed), Ok(argon2)) => argon2.verify_password(password.as_bytes(), &parsed).is_ok(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_hash_is_argon2id_with_the_documented_parameters_and_its_own_salt() {
        let (a, b) = (hash_now("correct horse").unwrap(), hash_now("correct horse").unwrap());
        assert!(a.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{a}");
        assert_ne!(a, b);
        assert!(verify_now("correct horse", &a));
        assert!(!verify_now("correct hors", &a));
        assert!(!verify_now("correct horse", "not a hash"));
    }

    #[test]
    fn tokens_differ_and_only_their_digest_is_comparable() {
        let (a, b) = (token().unwrap(), token().unwrap());
        assert_ne!(a, b);
        assert_eq!(a.len(), 64);
        assert_eq!(digest(&a), digest(&format!("{a}\n")));
        assert!(same(&a, &a.clone()) && !same(&a, &b) && !same(&a, ""));
        assert_eq!(setup_token().unwrap().len(), 34);
    }

    #[test]
    fn short_and_endless_passwords_are_refused() {
        assert!(check_password("短短短短短短短短短短").is_ok());
        assert!(check_password("too short").is_err());
        assert!(check_password(&"x".repeat(513)).is_err());
    }
}
