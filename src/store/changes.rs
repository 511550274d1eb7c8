//! Hints that something was committed, for those who follow the database. *Pure, but for the pause.*

use std::time::Duration;
use tokio::sync::watch::{self, error::RecvError};
use tokio::time::{Instant, sleep_until};

/// Between two hints to the same follower: each reads the database, and a rack that is switched on commits hundreds of
/// times a second.
const PAUSE: Duration = Duration::from_millis(20);

/// Wakes its owner after commits: at once after a quiet moment, else a little later, for all that came meanwhile.
#[derive(Debug, Clone)]
pub struct Changes {
    commits: watch::Receiver<u64>,
    last: Option<Instant>,
}

impl Changes {
    pub(super) fn of(commits: watch::Receiver<u64>) -> Self {
        Self { commits, last: None }
    }

    /// Waits for a commit that this follower has not been told of. An error when the database is closed.
    pub async fn changed(&mut self) -> Result<(), RecvError> {
        if let Some(last) = self.last {
            sleep_until(last + PAUSE).await;
        }
        self.commits.changed().await?;
        self.last = Some(Instant::now());
        Ok(())
    }

    /// How many commits there were; the follower counts as told of them.
    pub fn take_count(&mut self) -> u64 {
        *self.commits.borrow_and_update()
    }

    /// Whether there was a commit that this follower has not been told of.
    pub fn has_changed(&self) -> Result<bool, RecvError> {
        self.commits.has_changed()
    }

    /// Counts the follower as told of everything.
    pub fn mark_unchanged(&mut self) {
        self.commits.mark_unchanged();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_first_is_told_at_once_and_many_more_are_told_together() {
        let (commits, receiver) = watch::channel(0);
        let mut changes = Changes::of(receiver);
        let begun = Instant::now();
        commits.send_modify(|count| *count += 1);
        changes.changed().await.unwrap();
        assert_eq!(begun.elapsed(), Duration::ZERO);
        for _ in 0..100 {
            commits.send_modify(|count| *count += 1);
        }
        changes.changed().await.unwrap();
        assert_eq!((begun.elapsed(), changes.take_count()), (PAUSE, 101));
        assert!(!changes.has_changed().unwrap());
        drop(commits);
        assert!(changes.changed().await.is_err());
    }
}
