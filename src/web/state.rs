//! What every handler shares. *IO: none of its own.*

use super::cookie::Signer;
use super::error::Error;
use super::limiter::Limiter;
use super::notices::Notices;
use super::password::Hasher;
use super::server::Config;
use crate::agent::Agent;
use crate::keys::{KeyFolder, Sealer};
use crate::model::clock::TimeZone;
use crate::store::Store;
use std::sync::{Arc, Mutex};
use tokio_util::sync::CancellationToken;

/// What every handler shares; clones share it.
#[derive(Clone)]
pub(super) struct App(Arc<Shared>);

/// The parts.
pub(super) struct Shared {
    pub(super) store: Store,
    pub(super) agent: Arc<dyn Agent>,
    pub(super) signer: Signer,
    pub(super) hasher: Hasher,
    /// Seals texts that the database must keep readable.
    pub(super) sealer: Sealer,
    /// How people reach it, for links.
    pub(super) public_url: String,
    /// The zone in which pages show times.
    pub(super) zone: TimeZone,
    pub(super) limiter: Mutex<Limiter>,
    pub(super) notices: Mutex<Notices>,
    /// Cancelled at shutdown: event streams end.
    pub(super) streams: CancellationToken,
    /// Each open event stream holds a clone: how many there are sets their pace.
    pub(super) watchers: Arc<()>,
}

impl App {
    /// Reads the session secret and prepares the rest.
    pub(super) fn new(
        config: &Config,
        store: Store,
        agent: Arc<dyn Agent>,
        keys: &KeyFolder,
        streams: CancellationToken,
    ) -> Result<Self, Error> {
        let signer = Signer::new(keys.session_secret()?, config.secure_cookies);
        Ok(Self(Arc::new(Shared {
            store,
            agent,
            signer,
            hasher: Hasher::new()?,
            sealer: keys.sealer()?,
            public_url: config.public_url.clone(),
            zone: config.time_zone.clone(),
            limiter: Mutex::default(),
            notices: Mutex::default(),
            streams,
            watchers: Arc::default(),
        })))
    }
}

impl std::ops::Deref for App {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0
    }
}
