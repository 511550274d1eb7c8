//! `pimaster serve`: the daemon under a service manager. *IO: everything the daemon does; `sd_notify`.*

use crate::config::Config;
use crate::daemon::{self, Daemon};
use crate::web;

/// Runs until SIGTERM or SIGINT.
pub(super) async fn serve(config: Config) -> anyhow::Result<()> {
    keep_to_small_pages();
    daemon::allow_many_files()?;
    let (store, keys) = daemon::open(&config)?;
    let (email, public_url) = (config.admin_email.clone(), config.web.public_url.clone());
    if let Some(link) = web::ensure_admin(&store, &email, &public_url).await? {
        tracing::warn!(%email, %link, "no administrator has a password yet; this set-password link works once");
    }
    let shutdown = daemon::shutdown_on_signals()?;
    let daemon = Daemon::build(config, store, keys).await?;
    tracing::info!(pages = %public_url, version = env!("CARGO_PKG_VERSION"), "ready");
    notify(sd_notify::NotifyState::Ready);
    let stopping = shutdown.clone();
    let announce = tokio::spawn(async move {
        stopping.cancelled().await;
        notify(sd_notify::NotifyState::Stopping);
    });
    let outcome = daemon.run(shutdown).await;
    announce.abort();
    outcome
}

/// Keeps the kernel from backing the allocator's arenas with huge pages: of each, 2 MiB are resident however little of
/// it is used, a third of an idle daemon's memory.
fn keep_to_small_pages() {
    if let Err(error) = nix::sys::prctl::set_thp_disable(true) {
        tracing::debug!(%error, "memory may be taken in huge pages");
    }
}

/// Tells the service manager; without one there is nobody to tell.
fn notify(state: sd_notify::NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "the service manager cannot be told");
    }
}
