//! `pimaster detect`: starts a detection and prints its log until it ends. *IO: the database, standard output.*

use super::Output;
use super::rack::settle;
use crate::config::Config;
use crate::daemon::open_store;
use crate::detect;
use crate::model::clock;
use crate::model::detection::{DetectWish, parse_ports};
use crate::store::detections;
use anyhow::Context;
use std::time::Duration;

/// The daemon works in another process: its changes are looked for.
const LOOK_EACH: Duration = Duration::from_millis(300);

/// `pimaster detect`.
pub(super) async fn run(config: Config, switch: String, ports: String, out: Output) -> anyhow::Result<()> {
    let store = open_store(&config)?;
    let wish = DetectWish { switch, ports: parse_ports(&ports).context("--ports")? };
    let id = settle(&store, move |tx| detect::start(tx, &wish, clock::now())).await?;
    out.line(format_args!("detection {id}; the running daemon does it, also if this command is ended"))?;
    let mut shown = 0;
    loop {
        let look = store.read(move |conn| Ok((detections::by_id(conn, id)?, detections::events(conn, id)?)));
        let (found, lines) = look.await?;
        for line in lines.iter().skip(shown) {
            out.line(format_args!("{} {}", line.at.strftime("%H:%M:%S"), line.text))?;
        }
        shown = lines.len();
        if found.is_none_or(|found| found.ended_at.is_some()) {
            return Ok(());
        }
        tokio::time::sleep(LOOK_EACH).await;
    }
}
