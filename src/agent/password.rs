//! Passwords of deployed systems: made and hashed for `/etc/shadow`. *IO: the system's random source.* Slow on
//! purpose: called by `configure` on a blocking thread.

use sha_crypt::{PasswordHasher, ShaCrypt};

/// Without `0 O 1 l I`, which people mistake for each other.
const LETTERS: &[u8] = b"abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// 14 of 57 letters are 81 bits.
const LENGTH: usize = 14;
/// crypt(3) takes at most 16 salt characters, which are 12 bytes, and cuts longer ones: the hash would never
/// match again.
const SALT_BYTES: usize = 12;

/// A password that can be read aloud; none if the random source fails.
pub(super) fn generate() -> Option<String> {
    let fair = u8::try_from(256 / LETTERS.len() * LETTERS.len()).ok()?;
    let mut password = String::new();
    while password.len() < LENGTH {
        let mut bytes = [0u8; 32];
        getrandom::fill(&mut bytes).ok()?;
        let letters = bytes.iter().filter(|byte| **byte < fair);
        let letters = letters.filter_map(|byte| LETTERS.get(usize::from(*byte) % LETTERS.len()));
        password.extend(letters.map(|letter| char::from(*letter)).take(LENGTH - password.len()));
    }
    Some(password)
}

/// The sha512-crypt hash; none if the random source fails.
pub(super) fn hash(password: &str) -> Option<String> {
    let mut salt = [0u8; SALT_BYTES];
    getrandom::fill(&mut salt).ok()?;
    let hashed = ShaCrypt::SHA512.hash_password_with_salt(password.as_bytes(), &salt).ok()?;
    Some(hashed.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha_crypt::PasswordVerifier;

    #[test]
    fn made_passwords_are_long_readable_and_different() {
        let (one, other) = (generate().unwrap(), generate().unwrap());
        assert_eq!(one.len(), LENGTH);
        assert_ne!(one, other);
        assert!(one.bytes().all(|letter| LETTERS.contains(&letter)));
        for mistaken in b"0O1lI" {
            assert!(!LETTERS.contains(mistaken));
        }
    }

    #[test]
    fn hashes_are_sha512_crypt_with_a_salt_that_crypt_takes_whole() {
        let hashed = hash("correct horse").unwrap();
        let fields: Vec<&str> = hashed.split('$').collect();
        assert_eq!((fields[1], fields[2], fields[3].len()), ("6", "rounds=5000", 16), "{hashed}");
        assert!(ShaCrypt::SHA512.verify_password(b"correct horse", hashed.as_str()).is_ok());
        assert!(ShaCrypt::SHA512.verify_password(b"wrong horse", hashed.as_str()).is_err());
    }

    /// The hash that crypt(3) of libxcrypt makes of this password and salt.
    #[test]
    fn hashes_are_those_of_crypt() {
        let theirs = "$6$rounds=5000$abcdefghijklmnop$q2YZbPhm1LySTIzZVDisu/y2CX1McrFsw529ViOLMxoKT.sfgjBo4aFu.\
                      hwtGjEDxRb6mn/TZMj7V4/1AUTLi1";
        assert!(ShaCrypt::SHA512.verify_password(b"correct horse", theirs).is_ok());
    }
}
