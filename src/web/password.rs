//! Passwords of accounts: argon2id, on blocking threads. *IO: the random source.* Called by `routes`.

use super::error::Error;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Hashes at the same time: each takes 19 MiB and a core for some tens of milliseconds.
const AT_ONCE: usize = 2;

/// Hashes and verifies passwords.
pub(super) struct Hasher {
    turns: Arc<Semaphore>,
    /// Verified for unknown accounts, so that they take as long as known ones.
    nobody: Arc<str>,
}

impl Hasher {
    /// Prepares the hash of nobody.
    pub(super) fn new() -> Result<Self, Error> {
        let nobody = hash(&super::secret::generate()?)?;
        Ok(Self { turns: Arc::new(Semaphore::new(AT_ONCE)), nobody: nobody.into() })
    }

    /// The hash to store, in PHC form.
    pub(super) async fn hash(&self, password: String) -> Result<String, Error> {
        self.blocking(move || hash(&password)).await?
    }

    /// Whether the password is that of the stored hash; `None` for an unknown account, or one without a
    /// password, which takes as long and is always wrong.
    pub(super) async fn verify(&self, password: String, stored: Option<String>) -> Result<bool, Error> {
        let nobody = Arc::clone(&self.nobody);
        self.blocking(move || {
            let against = stored.as_deref().unwrap_or(&nobody);
            let parsed = PasswordHash::new(against).map_err(|_| Error::Hash)?;
            let fits = Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok();
            Ok(fits && stored.is_some())
        })
        .await?
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| Error::Hash)?;
        let done = tokio::task::spawn_blocking(move || {
            let answer = work();
            drop(turn);
            answer
        });
        done.await.map_err(|_| Error::Hash)
    }
}

fn hash(password: &str) -> Result<String, Error> {
    let hashed = Argon2::default().hash_password(password.as_bytes()).map_err(|_| Error::Hash)?;
    Ok(hashed.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_of_a_known_account_fits() {
        let hasher = Hasher::new().unwrap();
        let stored = hasher.hash("correct horse".into()).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(hasher.verify("correct horse".into(), Some(stored.clone())).await.unwrap());
        assert!(!hasher.verify("wrong horse".into(), Some(stored)).await.unwrap());
        assert!(!hasher.verify("correct horse".into(), None).await.unwrap());
    }
}
