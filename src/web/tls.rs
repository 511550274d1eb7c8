//! The certificate of the web port: read, watched, made. *IO: its files.* Called by `server` and `door`.
//!
//! A certificate that was renewed is taken up without a restart; a broken one is logged and the old one stays.

use crate::keys::{self, KeyFolder};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use tokio_rustls::TlsAcceptor;

/// How often files are looked at, when somebody comes.
const LOOK_EACH: Duration = Duration::from_secs(10);

/// Where the certificate comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Certificate {
    /// pimaster makes one and signs it itself.
    Own,
    /// PEM files of others.
    Files {
        /// The certificate, then those that signed it.
        chain: PathBuf,
        /// Its private key.
        key: PathBuf,
    },
}

/// What can be wrong with a certificate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read.
    #[error(
        "cannot read {path}; check web.tls_certificate and web.tls_key, and that pimaster's user may read them"
    )]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file holds something else.
    #[error("{path} holds no {expected} in PEM form ({cause})")]
    Content {
        /// The file.
        path: PathBuf,
        /// What should be there.
        expected: &'static str,
        /// What the reader saw.
        cause: String,
    },
    /// The two do not belong together, or the key is of an unknown kind.
    #[error(
        "the key in {key} does not fit the certificate in {chain}; expected the two files of one certificate"
    )]
    Pair {
        /// The file of the certificate.
        chain: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// Why.
        #[source]
        source: rustls::Error,
    },
    /// pimaster's own cannot be made.
    #[error(transparent)]
    Own(#[from] keys::Error),
    /// The TLS library refuses its own defaults.
    #[error("TLS cannot be set up")]
    Setup(#[source] rustls::Error),
}

/// What handshakes need.
#[derive(Clone)]
pub(super) struct Tls(Arc<ServerConfig>);

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}

impl Tls {
    /// Reads the certificate, or makes it for the host of `public_url`.
    pub(super) fn load(from: Certificate, keys: &KeyFolder, public_url: &str) -> Result<Self, Error> {
        let (chain, key) = match from {
            Certificate::Files { chain, key } => (chain, key),
            Certificate::Own => {
                let path = keys.web_certificate(host(public_url))?;
                (path.clone(), path)
            }
        };
        let watched = Watched::read(chain, key)?;
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(Error::Setup)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(watched));
        Ok(Self(Arc::new(config)))
    }

    /// What shakes one visitor's hand.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.0))
    }
}

/// The host of an address such as `https://pimaster.lab:9000`.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    match authority.strip_prefix('[') {
        Some(six) => six.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    }
}

/// A certificate whose files may change.
#[derive(Debug)]
struct Watched {
    chain: PathBuf,
    key: PathBuf,
    present: Mutex<Present>,
}

#[derive(Debug)]
struct Present {
    certified: Arc<CertifiedKey>,
    written: [Option<SystemTime>; 2],
    looked: Instant,
}

impl Watched {
    fn read(chain: PathBuf, key: PathBuf) -> Result<Self, Error> {
        let present = Present {
            written: [written(&chain), written(&key)],
            certified: Arc::new(certified(&chain, &key)?),
            looked: Instant::now(),
        };
        Ok(Self { chain, key, present: Mutex::new(present) })
    }

    /// The certificate at `now`, read again if its files changed since.
    fn at(&self, now: Instant) -> Arc<CertifiedKey> {
        let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        if now.duration_since(present.looked) >= LOOK_EACH {
            present.looked = now;
            let written = [written(&self.chain), written(&self.key)];
            if written != present.written {
                present.written = written;
                match certified(&self.chain, &self.key) {
                    Ok(certified) => {
                        tracing::info!(file = %self.chain.display(), "the certificate of the pages was renewed");
                        present.certified = Arc::new(certified);
                    }
                    Err(cause) => {
                        tracing::error!(%cause, "the new certificate cannot be used; the one before stays");
                    }
                }
            }
        }
        Arc::clone(&present.certified)
    }
}

impl ResolvesServerCert for Watched {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.at(Instant::now()))
    }
}

fn written(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|of| of.modified()).ok()
}

fn certified(chain: &Path, key: &Path) -> Result<CertifiedKey, Error> {
    let read = |path: &Path| fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source });
    let content =
        |path: &Path, expected, cause: String| Error::Content { path: path.to_owned(), expected, cause };
    let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&read(chain)?)
        .collect::<Result<_, _>>()
        .map_err(|cause| content(chain, "certificate", cause.to_string()))?;
    if certificates.is_empty() {
        return Err(content(chain, "certificate", "none is there".to_owned()));
    }
    let private = PrivateKeyDer::from_pem_slice(&read(key)?)
        .map_err(|cause| content(key, "private key", cause.to_string()))?;
    CertifiedKey::from_der(certificates, private, &ring::default_provider()).map_err(|source| Error::Pair {
        chain: chain.to_owned(),
        key: key.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_an_address() {
        for (url, expected) in [
            ("https://pimaster.lab:9000", "pimaster.lab"),
            ("https://10.20.0.1", "10.20.0.1"),
            ("https://[fd00::1]:9000", "fd00::1"),
            ("https://pimaster.lab/pi", "pimaster.lab"),
        ] {
            assert_eq!(host(url), expected, "{url}");
        }
    }

    #[test]
    fn a_renewed_certificate_is_taken_up_and_a_broken_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let keys = KeyFolder::open(folder.path()).unwrap();
        let (first, second) =
            (keys.web_certificate("a.lab").unwrap(), keys.web_certificate("b.lab").unwrap());
        let file = folder.path().join("used.pem");
        let put = |bytes: &[u8], minute: u64| {
            fs::write(&file, bytes).unwrap();
            let written = SystemTime::UNIX_EPOCH + Duration::from_secs(minute * 60);
            fs::File::options().write(true).open(&file).unwrap().set_modified(written).unwrap();
        };
        put(&fs::read(&first).unwrap(), 1);
        let watched = Watched::read(file.clone(), file.clone()).unwrap();
        let start = Instant::now();
        let of = |path: &Path| certified(path, path).unwrap().cert;
        assert_eq!(watched.at(start).cert, of(&first));
        put(&fs::read(&second).unwrap(), 2);
        assert_eq!(watched.at(start).cert, of(&first), "not looked at each time");
        assert_eq!(watched.at(start + LOOK_EACH).cert, of(&second));
        put(b"half a fi", 3);
        assert_eq!(watched.at(start + LOOK_EACH * 2).cert, of(&second));
    }

    #[test]
    fn files_that_cannot_be_used_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let keys = KeyFolder::open(folder.path()).unwrap();
        let (one, other) = (keys.web_certificate("a.lab").unwrap(), keys.web_certificate("b.lab").unwrap());
        let missing = folder.path().join("missing.pem");
        let empty = folder.path().join("empty.pem");
        fs::write(&empty, "").unwrap();
        let check = |chain: &Path, key: &Path, expected: &str| {
            let text = certified(chain, key).unwrap_err().to_string();
            assert!(text.contains(expected), "{text}");
        };
        check(&missing, &one, "missing.pem");
        check(&empty, &one, "empty.pem holds no certificate");
        check(&one, &empty, "empty.pem holds no private key");
        check(&one, &other, "does not fit");
    }
}
