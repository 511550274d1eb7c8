//! Questions about the rest of the world: from the cache, or from an upstream server. *IO: through `exchange`.*
//!
//! ```text
//! cache ─► the same question under way? wait for its answer ─► each server in turn, twice ─► cache
//! ```
//!
//! Called by `server`. That equal questions share one answer also ends loops: an upstream server that asks pimaster
//! back waits for itself, and the time runs out once.

use super::cache::{Cache, Key};
use super::exchange;
use super::upstreams::Upstreams;
use super::wire::Reply;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use hickory_proto::op::ResponseCode;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};

/// How long one server has to answer.
const PATIENCE: Duration = Duration::from_millis(1_200);
/// How long an answer may take altogether: clients ask again after 5 s (resolv.conf(5)).
const LONGEST: Duration = Duration::from_millis(4_500);
/// How often a server that keeps silent is asked: UDP loses packets.
const ROUNDS: u8 = 2;
/// Questions to upstream servers at once; each holds a socket.
const MOST_AT_ONCE: usize = 256;

type Pending = Shared<BoxFuture<'static, Reply>>;

/// Answers from upstream.
#[derive(Debug, Clone)]
pub(super) struct Forwarder(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    upstreams: Upstreams,
    cache: Mutex<Cache>,
    pending: Mutex<HashMap<Key, Pending>>,
    places: Semaphore,
}

impl Forwarder {
    /// Asks these servers.
    pub(super) fn new(upstreams: Upstreams) -> Self {
        Self(Arc::new(Inner {
            upstreams,
            cache: Mutex::default(),
            pending: Mutex::default(),
            places: Semaphore::new(MOST_AT_ONCE),
        }))
    }

    /// The answer; SERVFAIL if nobody gives one.
    pub(super) async fn resolve(&self, key: Key) -> Reply {
        if let Some(reply) = self.0.cache().get(&key, Instant::now()) {
            return reply;
        }
        let pending = self.pending(key);
        pending.await
    }

    /// The answer to come: of the same question that is under way, or of this one.
    fn pending(&self, key: Key) -> Pending {
        let mut pending = self.0.pending();
        if let Some(same) = pending.get(&key) {
            return same.clone();
        }
        let asked = UnderWay { key: key.clone(), inner: Arc::clone(&self.0) };
        pending.entry(key).or_insert(asked.answered().boxed().shared()).clone()
    }
}

/// A question that is asked now; whatever becomes of it, it is no longer under way then.
struct UnderWay {
    key: Key,
    inner: Arc<Inner>,
}

impl UnderWay {
    async fn answered(self) -> Reply {
        let reply = self.inner.ask(&self.key).await;
        self.inner.cache().put(self.key.clone(), reply.clone(), Instant::now());
        reply
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        // Dropped after the lock: it may be what waits in the table that is dropped here.
        let ended = self.inner.pending().remove(&self.key);
        drop(ended);
    }
}

impl Inner {
    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pending(&self) -> MutexGuard<'_, HashMap<Key, Pending>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, key: &Key) -> Reply {
        let failed = || Reply::code(ResponseCode::ServFail);
        let asking = async {
            let Ok(_place) = self.places.acquire().await else { return failed() };
            self.ask_all(key).await.unwrap_or_else(failed)
        };
        timeout(LONGEST, asking).await.unwrap_or_else(|_| failed())
    }

    /// Asks each server until one knows, or that there is nothing to know; those that keep silent once more.
    async fn ask_all(&self, key: &Key) -> Option<Reply> {
        let mut servers = self.upstreams.current().await;
        let mut worst = None;
        for _ in 0..ROUNDS {
            let mut silent = Vec::new();
            for server in servers {
                let patience = Instant::now() + PATIENCE;
                match timeout_at(patience, exchange::ask(server, key)).await {
                    Ok(Ok(reply)) if is_settled(reply.code) => {
                        self.upstreams.answered(server);
                        return Some(reply);
                    }
                    Ok(Ok(reply)) => worst = Some(reply),
                    Ok(Err(cause)) => tracing::debug!(%server, %cause, "cannot ask"),
                    Err(_) => silent.push(server),
                }
            }
            servers = silent;
        }
        worst
    }
}

/// Whether another server would say the same.
fn is_settled(code: ResponseCode) -> bool {
    matches!(code, ResponseCode::NoError | ResponseCode::NXDomain)
}
