//! Texts that the database must keep so that they can be read again, such as the mail server's password: sealed
//! with a key of the folder, so that a copy of the database alone tells nothing.
//!
//! *IO: the system's random source.* ChaCha20-Poly1305 (RFC 8439) under a random nonce of 96 bits, of which a
//! testbed never makes the 2^32 where two might be the same; written as base64url of nonce and ciphertext.

use super::Error;
use crate::model::rack::Community;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use std::sync::Arc;

/// Seals and opens texts; clones share the key.
#[derive(Clone)]
pub struct Sealer(Arc<LessSafeKey>);

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer")
    }
}

/// What a text is for: what was sealed for one purpose does not open for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sealed {
    /// The password at the mail server.
    MailPassword,
    /// The text of a mail that waits.
    MailBody,
    /// The community of a switch.
    Community,
    /// The password of somebody's account at another testbed.
    Credential,
}

impl Sealed {
    fn name(self) -> &'static [u8] {
        match self {
            Self::MailPassword => b"mail password",
            Self::MailBody => b"mail body",
            Self::Community => b"switch community",
            Self::Credential => b"credential",
        }
    }
}

impl Sealer {
    /// With that key.
    pub(super) fn new(key: &[u8; 32]) -> Result<Self, Error> {
        let key = UnboundKey::new(&CHACHA20_POLY1305, key).map_err(|_| Error::Generate)?;
        Ok(Self(Arc::new(LessSafeKey::new(key))))
    }

    /// The sealed form of a text.
    pub fn seal(&self, what: Sealed, text: &str) -> Result<String, Error> {
        let mut nonce = [0u8; NONCE_LEN];
        getrandom::fill(&mut nonce).map_err(|_| Error::Generate)?;
        let mut sealed = text.as_bytes().to_vec();
        let unique = Nonce::assume_unique_for_key(nonce);
        self.0
            .seal_in_place_append_tag(unique, Aad::from(what.name()), &mut sealed)
            .map_err(|_| Error::Generate)?;
        Ok(URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat()))
    }

    /// The text again; none if it was sealed with another key, for another purpose, or changed since.
    pub fn open(&self, what: Sealed, sealed: &str) -> Option<String> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_LEN>()?;
        let mut sealed = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let text = self.0.open_in_place(nonce, Aad::from(what.name()), &mut sealed).ok()?;
        String::from_utf8(text.to_vec()).ok()
    }

    /// A community as the database keeps it.
    pub fn seal_community(&self, community: Community) -> Result<Community, Error> {
        match community {
            Community::Clear(text) => Ok(Community::Sealed { sealed: self.seal(Sealed::Community, &text)? }),
            sealed @ Community::Sealed { .. } => Ok(sealed),
        }
    }

    /// A community as the switch must hear it; none if it was sealed with another key.
    pub fn open_community(&self, community: &Community) -> Option<String> {
        match community {
            Community::Sealed { sealed } => self.open(Sealed::Community, sealed),
            Community::Clear(text) => Some(text.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_opens_for_the_same_purpose() {
        let (one, other) = (Sealer::new(&[1; 32]).unwrap(), Sealer::new(&[2; 32]).unwrap());
        let sealed = one.seal(Sealed::MailPassword, "naïve horse").unwrap();
        assert!(!sealed.contains("horse"));
        assert_ne!(one.seal(Sealed::MailPassword, "naïve horse").unwrap(), sealed, "never the same nonce");
        assert_eq!(one.open(Sealed::MailPassword, &sealed).as_deref(), Some("naïve horse"));
        assert_eq!(one.open(Sealed::MailBody, &sealed), None);
        assert_eq!(other.open(Sealed::MailPassword, &sealed), None);
        let mut changed = sealed.into_bytes();
        changed[20] = if changed[20] == b'A' { b'B' } else { b'A' };
        assert_eq!(one.open(Sealed::MailPassword, &String::from_utf8(changed).unwrap()), None);
        for rubbish in ["", "AAAA", "!"] {
            assert_eq!(one.open(Sealed::MailPassword, rubbish), None);
        }
    }
}
