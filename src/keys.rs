//! The secrets of this pimaster: SSH key pairs, the session key and the key that seals, made once, kept in files of mode 0600.
//!
//! *IO: the folder `keys/` of the data folder.* Called by `nfs_prep` (the installer's host key), `deploy` (its
//! own key, the nodes' host keys), `web` and `mail` (the session key, what is sealed) and `sim`. No key here opens anything but what
//! it is named after.

mod certificate;
mod seal;

pub use seal::{Sealed, Sealer};

use crate::model::clock;
use crate::model::ssh_key::PublicKey;
use ssh_key::{Algorithm, LineEnding, PrivateKey};
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Two threads that make the same key must not share a draft.
static DRAFTS: AtomicU64 = AtomicU64::new(0);

/// The folder of secrets.
#[derive(Debug, Clone)]
pub struct KeyFolder {
    path: PathBuf,
}

/// An ed25519 key pair in OpenSSH form.
#[derive(Clone)]
pub struct KeyPair {
    /// The private key, `-----BEGIN OPENSSH PRIVATE KEY-----`.
    pub private: String,
    /// The public key.
    pub public: PublicKey,
}

impl std::fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyPair({})", self.public)
    }
}

/// What can go wrong with keys.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read or written.
    #[error(
        "cannot use the key file {path}; check that the data folder belongs to the user that runs pimaster"
    )]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file holds no key.
    #[error("{path} holds no ed25519 key in OpenSSH form; move it away and start again to make a new one")]
    Content {
        /// The file.
        path: PathBuf,
    },
    /// No certificate can be made for that name.
    #[error("cannot make a certificate for `{host}`; expected a host name or an address in web.public_url")]
    Certificate {
        /// The name.
        host: String,
    },
    /// The system's random source failed.
    #[error("cannot make a key: the system's random source failed")]
    Generate,
}

impl KeyFolder {
    /// Opens `keys/` under the data folder and creates it with mode 0700.
    pub fn open(data: &Path) -> Result<Self, Error> {
        let path = data.join("keys");
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path)
            .map_err(|source| Error::File { path: path.clone(), source })?;
        Ok(Self { path })
    }

    /// The key with which pimaster signs in to nodes.
    pub fn pimaster(&self) -> Result<KeyPair, Error> {
        self.pair("pimaster_ed25519", "pimaster")
    }

    /// The host key of the installer in the NFS root.
    pub fn installer_host(&self) -> Result<KeyPair, Error> {
        self.pair("installer_host_ed25519", "installer")
    }

    /// The host key of what is deployed on a node: the same at each deployment.
    pub fn node_host(&self, node: &crate::model::node::NodeName) -> Result<KeyPair, Error> {
        self.pair(&format!("node_{node}_host_ed25519"), node.as_str())
    }

    /// The secret that signs session cookies.
    pub fn session_secret(&self) -> Result<[u8; 32], Error> {
        self.secret("session_secret")
    }

    /// What seals texts in the database.
    pub fn sealer(&self) -> Result<Sealer, Error> {
        Sealer::new(&self.secret("seal_secret")?)
    }

    /// The file with key and certificate of the pages for that host name or address; each has its own.
    pub fn web_certificate(&self, host: &str) -> Result<PathBuf, Error> {
        let named: String =
            host.chars().map(|it| if it.is_ascii_alphanumeric() { it } else { '_' }).collect();
        let path = self.path.join(format!("web_{named}.pem"));
        if !path.exists() {
            let year = clock::now().to_zoned(clock::TimeZone::UTC).year();
            write_once(&path, certificate::make(host, year.into())?.as_bytes())?;
        }
        Ok(path)
    }

    fn secret(&self, file: &str) -> Result<[u8; 32], Error> {
        let path = self.path.join(file);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut fresh = [0u8; 32];
                getrandom::fill(&mut fresh).map_err(|_| Error::Generate)?;
                write_once(&path, &fresh)?
            }
            Err(source) => return Err(Error::File { path, source }),
        };
        bytes.try_into().map_err(|_| Error::Content { path })
    }

    fn pair(&self, file: &str, comment: &str) -> Result<KeyPair, Error> {
        let path = self.path.join(file);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                write_once(&path, KeyPair::generate(comment)?.private.as_bytes())?
            }
            Err(source) => return Err(Error::File { path, source }),
        };
        let text = String::from_utf8(text).map_err(|_| Error::Content { path: path.clone() })?;
        KeyPair::parse(&text).ok_or(Error::Content { path })
    }
}

impl KeyPair {
    /// A fresh pair.
    pub fn generate(comment: &str) -> Result<Self, Error> {
        let mut seed = [0u8; 32];
        getrandom::fill(&mut seed).map_err(|_| Error::Generate)?;
        let pair = ssh_key::private::Ed25519Keypair::from_seed(&seed);
        let key = PrivateKey::new(pair.into(), comment).map_err(|_| Error::Generate)?;
        Self::of(&key).ok_or(Error::Generate)
    }

    /// Reads an OpenSSH private key.
    pub fn parse(text: &str) -> Option<Self> {
        let key = PrivateKey::from_openssh(text).ok()?;
        if key.algorithm() == Algorithm::Ed25519 { Self::of(&key) } else { None }
    }

    fn of(key: &PrivateKey) -> Option<Self> {
        let private = key.to_openssh(LineEnding::LF).ok()?.to_string();
        let public = PublicKey::parse(&key.public_key().to_openssh().ok()?).ok()?;
        Some(Self { private, public })
    }
}

/// Writes a new secret so that it is whole or not there, and gives back what is there afterwards: two starts at
/// the same time agree on one.
fn write_once(path: &Path, content: &[u8]) -> Result<Vec<u8>, Error> {
    let failed = |source| Error::File { path: path.to_owned(), source };
    let number = DRAFTS.fetch_add(1, Ordering::Relaxed);
    let draft = path.with_extension(format!("draft-{}-{number}", std::process::id()));
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)
        .map_err(failed)?;
    file.write_all(content).and_then(|()| file.sync_all()).map_err(failed)?;
    match fs::hard_link(&draft, path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(failed(error)),
        Ok(()) | Err(_) => fs::remove_file(&draft).map_err(failed)?,
    }
    fs::read(path).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn keys_are_made_once_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let keys = KeyFolder::open(folder.path()).unwrap();
        let first = keys.pimaster().unwrap();
        assert_eq!(keys.pimaster().unwrap().public, first.public);
        assert_eq!(keys.session_secret().unwrap(), keys.session_secret().unwrap());
        let sealed = keys.sealer().unwrap().seal(Sealed::MailBody, "text").unwrap();
        assert_eq!(keys.sealer().unwrap().open(Sealed::MailBody, &sealed).as_deref(), Some("text"));
        assert_ne!(keys.installer_host().unwrap().public.blob(), first.public.blob());
        for entry in fs::read_dir(folder.path().join("keys")).unwrap() {
            assert_eq!(entry.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_broken_key_file_is_named_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let keys = KeyFolder::open(folder.path()).unwrap();
        let path = folder.path().join("keys/pimaster_ed25519");
        fs::write(&path, "rubbish").unwrap();
        assert!(keys.pimaster().unwrap_err().to_string().contains("pimaster_ed25519"));
        assert_eq!(fs::read(&path).unwrap(), b"rubbish");
    }
}
