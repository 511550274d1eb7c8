//! Secrets that travel: session ids, CSRF tokens, one-time links, API tokens. *IO: the system's random source.*
//!
//! 256 random bits as 43 characters of base64url; the database knows BLAKE3 digests only, for which no slow
//! hash is needed: such a secret cannot be guessed.

use super::error::Error;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// What API tokens begin with, so that people and scanners recognise them.
pub(super) const TOKEN_PREFIX: &str = "pm_";

/// A fresh secret.
pub(super) fn generate() -> Result<String, Error> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).map_err(|_| Error::Random)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// What the database knows of a secret.
pub(super) fn digest(secret: &str) -> [u8; 32] {
    *blake3::hash(secret.as_bytes()).as_bytes()
}

/// Whether two secrets are the same, in a time that does not tell where they differ.
pub(super) fn same(one: &str, other: &str) -> bool {
    // Equality of blake3::Hash takes constant time.
    blake3::hash(one.as_bytes()) == blake3::hash(other.as_bytes())
}
