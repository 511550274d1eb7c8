//! Passwords of accounts: argon2id, on blocking threads. *IO: the random source.* Called by `routes`.

use super::error::Error;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, Params, PasswordHasher, PasswordVerifier};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
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
        Ok(Self { turns: Arc::new(Semaphore::new(AT_ONCE)), nobody: nobody()?.into() })
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

/// A hash of no known password: random bits in place of one. To compute a hash at the start would keep its 19 MiB in
/// the idle daemon.
fn nobody() -> Result<String, Error> {
    let (mut salt, mut output) = ([0; 16], [0; Params::DEFAULT_OUTPUT_LEN]);
    getrandom::fill(&mut salt).and_then(|()| getrandom::fill(&mut output)).map_err(|_| Error::Random)?;
    let (memory, time, lanes) = (Params::DEFAULT_M_COST, Params::DEFAULT_T_COST, Params::DEFAULT_P_COST);
    let (salt, output) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(output));
    Ok(format!("$argon2id$v=19$m={memory},t={time},p={lanes}${salt}${output}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_verified_as_slowly_as_somebody() {
        let cost = |stored: &str| stored.split('$').take(4).map(str::to_owned).collect::<Vec<_>>();
        let (nobody, somebody) = (nobody().unwrap(), hash("correct horse").unwrap());
        assert_eq!(cost(&nobody), cost(&somebody));
        assert_eq!(nobody.len(), somebody.len());
        PasswordHash::new(&nobody).unwrap();
    }

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
