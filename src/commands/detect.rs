//! `pimaster detect`: starts a detection and prints its log until it ends. *IO: the database, standard output.*
//!
//! Exit status 0 only if every port was tried and has its power again; 1 if it failed or was stopped.

use super::Output;
use super::rack::settle;
use crate::config::Config;
use crate::daemon::open_store;
use crate::detect;
use crate::model::clock;
use crate::model::detection::{DetectWish, DetectionState, parse_ports};
use crate::store::detections;
use anyhow::{Context, bail};
use std::time::Duration;

/// The daemon works in another process: its changes are looked for.
const LOOK_EACH: Duration = Duration::from_millis(300);

/// `pimaster detect`.
pub(super) async fn run(config: Config, switch: String, ports: String, out: Output) -> anyhow::Result<()> {
    let (store, name) = (open_store(&config)?, switch.clone());
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
        let Some(found) = found else { bail!("detection {id} is not known any more") };
        match found.state {
            DetectionState::Running => {}
            DetectionState::Done => return Ok(()),
            DetectionState::Cancelled => bail!("detection {id} was stopped before every port was tried"),
            DetectionState::Failed => match found.debt(&name) {
                Some(debt) => bail!("detection {id} failed: {debt}"),
                None => {
                    bail!("detection {id} failed: none of the ports could be tried; the reasons stand above")
                }
            },
        }
        tokio::time::sleep(LOOK_EACH).await;
    }
}
