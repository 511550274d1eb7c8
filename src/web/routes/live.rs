//! The stream that says when something changed. *IO: waits for the agent.*
//!
//! It carries a count and nothing else: the script looks again at the fragment of its page, with its own rights.

use crate::store::Changes;
use crate::web::extract::SignedIn;
use crate::web::refusal::Refusal;
use crate::web::state::App;
use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

/// A large rack changes hundreds of times a second; nobody reads faster than this.
const AT_MOST_EACH: Duration = Duration::from_millis(500);
/// Each so many open streams slow all of them by the same again: together they ask for at most 100 fragments a second,
/// however many people watch.
const STREAMS_AT_A_TIME: u32 = 50;
/// Then the browser connects again by itself, which checks the session again.
const LONGEST: Duration = Duration::from_secs(600);
/// Proxies end connections on which nothing is said.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

struct Watcher {
    changes: Changes,
    /// Counts among the open streams.
    watchers: Arc<()>,
    streams: CancellationToken,
    end: Instant,
    /// The next hint is sent at once, the later ones with a pause before them.
    is_first: bool,
}

/// Says `changed` at the beginning and after each change, at most twice a second, less often if many people watch.
pub(super) async fn events(State(app): State<App>, _: SignedIn) -> Result<impl IntoResponse, Refusal> {
    let watcher = Watcher {
        changes: app.agent.changes(),
        watchers: Arc::clone(&app.watchers),
        streams: app.streams.clone(),
        end: Instant::now() + LONGEST,
        is_first: true,
    };
    let hints = stream::unfold(watcher, |mut watcher| async move {
        let count = watcher.next().await?;
        let event = Event::default().event("changed").data(count.to_string());
        Some((Ok::<_, Infallible>(event), watcher))
    });
    // Some proxies collect an answer before they pass it on.
    let headers = [(HeaderName::from_static("x-accel-buffering"), "no"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, Sse::new(hints).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))))
}

impl Watcher {
    /// The next count, or none when the stream shall end.
    async fn next(&mut self) -> Option<u64> {
        let streams = self.streams.clone();
        let end = self.end;
        tokio::select! {
            () = streams.cancelled() => None,
            () = sleep_until(end) => None,
            count = self.hint() => count,
        }
    }

    async fn hint(&mut self) -> Option<u64> {
        if !std::mem::take(&mut self.is_first) {
            // One is held by the server itself.
            sleep(pause(Arc::strong_count(&self.watchers).saturating_sub(1))).await;
            self.changes.changed().await.ok()?;
        }
        Some(self.changes.take_count())
    }
}

/// The time between two hints on each of so many streams.
fn pause(streams: usize) -> Duration {
    let crowd = u32::try_from(streams).unwrap_or(u32::MAX) / STREAMS_AT_A_TIME;
    AT_MOST_EACH.saturating_mul(crowd.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_people_together_ask_no_more_than_some() {
        let check = |streams, millis| assert_eq!(pause(streams), Duration::from_millis(millis), "{streams}");
        check(1, 500);
        check(49, 500);
        check(50, 1000);
        check(200, 2500);
        for streams in 1..2000_u32 {
            let each_second = f64::from(streams) / pause(usize::try_from(streams).unwrap()).as_secs_f64();
            assert!(each_second <= 100.0, "{streams} streams: {each_second} hints a second");
        }
    }
}
