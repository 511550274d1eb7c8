//! The NFS exports that follow the deployments. *IO: through the trait.*
//!
//! A rack of 200 nodes changes its boot targets in the same moment; one run of `exportfs` serves all who asked
//! before it started.

use crate::model::problem::Problem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Mutex;

/// Makes the exports equal to the nodes that install.
#[async_trait::async_trait]
pub trait Exports: Send + Sync {
    /// Reads which nodes install and exports accordingly.
    async fn sync(&self) -> Result<(), Problem>;
}

/// Lets those who ask at the same time share one run.
pub(super) struct Gate {
    exports: Arc<dyn Exports>,
    asked: AtomicU64,
    served: Mutex<u64>,
}

impl Gate {
    pub(super) fn new(exports: Arc<dyn Exports>) -> Self {
        Self { exports, asked: AtomicU64::new(0), served: Mutex::new(0) }
    }

    /// Returns after a run that started after this was called.
    pub(super) async fn sync(&self) -> Result<(), Problem> {
        let ticket = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let mut served = self.served.lock().await;
        if *served >= ticket {
            return Ok(());
        }
        let reaches = self.asked.load(Ordering::SeqCst);
        self.exports.sync().await?;
        *served = reaches;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counted(AtomicU64);

    #[async_trait::async_trait]
    impl Exports for Counted {
        async fn sync(&self) -> Result<(), Problem> {
            tokio::task::yield_now().await;
            let run = self.0.fetch_add(1, Ordering::SeqCst);
            if run == 0 { Err(Problem::new("a", "b", "c")) } else { Ok(()) }
        }
    }

    #[tokio::test]
    async fn many_who_ask_share_a_run_and_a_failure_is_only_the_askers() {
        let counted = Arc::new(Counted(AtomicU64::new(0)));
        let gate = Gate::new(counted.clone());
        let outcomes = futures_util::future::join_all((0..50).map(|_| gate.sync())).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_err()).count(), 1);
        assert_eq!(counted.0.load(Ordering::SeqCst), 2);
        gate.sync().await.unwrap();
        assert_eq!(counted.0.load(Ordering::SeqCst), 3);
    }
}
