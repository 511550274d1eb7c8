//! Tracing: one line per event on standard error, which the journal keeps.
//!
//! *IO: standard error.* Called by the command line once. Levels: `error` pimaster itself is broken; `warn` a
//! person should look; `info` what an administrator follows (a deployment's states, who signed in); `debug`
//! each packet, transfer and request. Fields: `node`, `deployment`, `address`, `mac`, `file`, `bytes`, `millis`.

use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Starts logging; the environment variable `PIMASTER_LOG` wins over `filter`.
pub fn init(filter: &str) {
    let chosen = std::env::var("PIMASTER_LOG").unwrap_or_else(|_| filter.to_owned());
    let filter = EnvFilter::builder().parse_lossy(chosen);
    let colour = std::io::stderr().is_terminal();
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colour).with_target(true);
    let subscriber = subscriber.with_writer(std::io::stderr);
    // The journal has its own clock; a second time stamp on each line only hides the text.
    let started = match std::env::var_os("JOURNAL_STREAM") {
        Some(_) => subscriber.without_time().try_init(),
        None => subscriber.try_init(),
    };
    // Another subscriber is there already only in tests, and then theirs is as good.
    drop(started);
}
