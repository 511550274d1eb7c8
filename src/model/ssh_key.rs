//! Public SSH keys as people paste them. *Pure.*
//!
//! Any key type is accepted as long as the text is a key: the type named inside the base64 blob must be the
//! type before it. Options (`command="..."`) in front are refused, so that a key is only a key.

use base64::Engine;
use serde::{Deserialize, Serialize};
use sha2::Digest;
use std::fmt;

/// One line of `authorized_keys`: type, base64 blob, comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey {
    algorithm: String,
    blob: String,
    comment: String,
}

/// Why a text is no public key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAKey {
    /// The text is a private key.
    #[error("this is a private key; paste the public half, the line in the file that ends in .pub")]
    Private,
    /// Several lines where one is expected.
    #[error("{lines} lines were given; expected one key on one line")]
    Lines {
        /// How many.
        lines: usize,
    },
    /// Not `type base64 [comment]`.
    #[error("`{seen}` is no public SSH key; expected one line such as `ssh-ed25519 AAAAC3... you@host`")]
    Shape {
        /// The beginning of the text.
        seen: String,
    },
    /// The blob does not belong to the type.
    #[error("the key says `{named}` but its body does not decode to such a key; copy the whole line again")]
    Body {
        /// The type in front.
        named: String,
    },
}

const TYPES: [&str; 9] = [
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "ssh-dss",
    "ssh-mldsa65",
];

impl PublicKey {
    /// Parses one line.
    pub fn parse(text: &str) -> Result<Self, NotAKey> {
        if text.contains("PRIVATE KEY") {
            return Err(NotAKey::Private);
        }
        let text = text.trim();
        let lines = text.lines().count();
        if lines > 1 {
            return Err(NotAKey::Lines { lines });
        }
        let shape = || NotAKey::Shape { seen: text.chars().take(40).collect() };
        let mut words = text.split_ascii_whitespace();
        let algorithm = words.next().filter(|word| TYPES.contains(word)).ok_or_else(shape)?;
        let blob = words.next().ok_or_else(shape)?;
        let comment: Vec<&str> = words.collect();
        if text.chars().any(char::is_control) {
            return Err(shape());
        }
        let body = || NotAKey::Body { named: algorithm.to_owned() };
        let bytes = base64::engine::general_purpose::STANDARD.decode(blob).map_err(|_| body())?;
        if inner_type(&bytes) != Some(algorithm.as_bytes()) || bytes.len() < algorithm.len() + 4 + 32 {
            return Err(body());
        }
        Ok(Self { algorithm: algorithm.to_owned(), blob: blob.to_owned(), comment: comment.join(" ") })
    }

    /// The key type, such as `ssh-ed25519`.
    pub fn algorithm(&self) -> &str {
        &self.algorithm
    }

    /// The base64 body; two keys are the same key when their bodies are.
    pub fn blob(&self) -> &str {
        &self.blob
    }

    /// The fingerprint as `ssh` shows it: `SHA256:` and the digest of the body, in base64 without padding.
    pub fn fingerprint(&self) -> String {
        let body = base64::engine::general_purpose::STANDARD.decode(&self.blob).unwrap_or_default();
        let digest = sha2::Sha256::digest(body);
        format!("SHA256:{}", base64::engine::general_purpose::STANDARD_NO_PAD.encode(digest))
    }

    /// What stands behind the key.
    pub fn comment(&self) -> &str {
        &self.comment
    }
}

/// The first length-prefixed string of a key blob (RFC 4253 section 6.6).
fn inner_type(bytes: &[u8]) -> Option<&[u8]> {
    let length = u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?);
    bytes.get(4..4 + usize::try_from(length).ok()?)
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.algorithm, self.blob)?;
        if self.comment.is_empty() { Ok(()) } else { write!(f, " {}", self.comment) }
    }
}

impl TryFrom<String> for PublicKey {
    type Error = NotAKey;
    fn try_from(text: String) -> Result<Self, NotAKey> {
        Self::parse(&text)
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        key.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ED25519: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUJ4PdLXeuFvbEcgOfcYoR/c7h2mtw6Xh2nHwxGxGAA ada@lab";

    #[test]
    fn short_modern_keys_are_keys() {
        let key = PublicKey::parse(ED25519).unwrap();
        assert_eq!(key.algorithm(), "ssh-ed25519");
        assert_eq!(key.comment(), "ada@lab");
        assert_eq!(key.to_string(), ED25519);
        assert_eq!(key.fingerprint(), "SHA256:OF9Nh4NLYh/mrNQVBYHAyByBInKC4IM5fmtpjR1dADE");
    }

    #[test]
    fn what_is_no_key_is_named() {
        let check = |text: &str, part: &str| {
            let error = PublicKey::parse(text).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        };
        check("hello", "is no public SSH key");
        check("ssh-ed25519", "is no public SSH key");
        check("ssh-ed25519 AAAA", "copy the whole line");
        check(&ED25519.replace("ssh-ed25519 ", "ssh-rsa "), "copy the whole line");
        check(&format!("{ED25519}\n{ED25519}"), "2 lines");
        check("-----BEGIN OPENSSH PRIVATE KEY-----", "private key");
        check(&format!("command=\"id\" {ED25519}"), "is no public SSH key");
    }
}
