//! Finding the boards at switch ports: what agents can do, and how the local one does. *IO: the database.* For
//! administrators alone. A wish becomes a row; the detector of the daemon takes it up.

use super::discovery::admit;
use super::error::Result;
use super::local::Local;
use crate::detect::{self, Refusal};
use crate::model::agent::Caller;
use crate::model::clock;
use crate::model::detection::{DetectWish, Detection, DetectionView};
use crate::model::ids::DetectionId;
use crate::store::{Connection, detections, switches};
use async_trait::async_trait;

const WISH: &str = "detecting boards";

/// Finding the boards at switch ports.
#[async_trait]
pub trait Detections: Send + Sync {
    /// The switches that boards can be looked for at, by name.
    async fn switches(&self, caller: &Caller) -> Result<Vec<String>>;

    /// Starts a detection.
    async fn detect(&self, caller: &Caller, wish: DetectWish) -> Result<DetectionId>;

    /// The latest detections without their logs, the newest first.
    async fn detections(&self, caller: &Caller) -> Result<Vec<DetectionView>>;

    /// One detection with its log.
    async fn detection(&self, caller: &Caller, id: DetectionId) -> Result<DetectionView>;

    /// Asks a detection to stop: the ports get back the power they had.
    async fn cancel_detection(&self, caller: &Caller, id: DetectionId) -> Result<()>;
}

#[async_trait]
impl Detections for Local {
    async fn switches(&self, caller: &Caller) -> Result<Vec<String>> {
        admit(caller, WISH)?;
        self.read(|conn| Ok(switches::list(conn)?.into_iter().map(|switch| switch.name).collect())).await
    }

    async fn detect(&self, caller: &Caller, wish: DetectWish) -> Result<DetectionId> {
        admit(caller, WISH)?;
        let id = self.write(move |tx| Ok(detect::start(tx, &wish, clock::now())?)).await?;
        tracing::info!(user = caller.user.0, detection = id.0, "detection started");
        Ok(id)
    }

    async fn detections(&self, caller: &Caller) -> Result<Vec<DetectionView>> {
        admit(caller, WISH)?;
        self.read(|conn| detections::list(conn)?.into_iter().map(|found| view(conn, found)).collect()).await
    }

    async fn detection(&self, caller: &Caller, id: DetectionId) -> Result<DetectionView> {
        admit(caller, WISH)?;
        self.read(move |conn| {
            let found = detections::by_id(conn, id)?.ok_or(Refusal::NoSuchDetection { id })?;
            Ok(DetectionView { events: detections::events(conn, id)?, ..view(conn, found)? })
        })
        .await
    }

    async fn cancel_detection(&self, caller: &Caller, id: DetectionId) -> Result<()> {
        admit(caller, WISH)?;
        self.write(move |tx| Ok(detect::cancel(tx, id, clock::now())?)).await
    }
}

fn view(conn: &Connection, detection: Detection) -> Result<DetectionView> {
    let switch = switches::by_id(conn, detection.switch)?.map(|switch| switch.name).unwrap_or_default();
    Ok(DetectionView { detection, switch, events: Vec::new() })
}
