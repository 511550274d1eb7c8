//! `pimaster ctl reserve --wait-for-nodes`: waits in the queue until there are enough nodes. *IO: through `api`, output.*

use super::answers::{Queued, Reservation};
use super::api::{Answer, Api};
use super::failure::Failure;
use super::reserve::note;
use super::table::minute;
use super::wish;
use crate::cli::ReserveOptions;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use ureq::http::Method;

/// Between two looks.
const LOOK_EACH: Duration = Duration::from_secs(3);
/// So many looks in a row may find nobody: a pimaster that is started again.
const SILENT_LOOKS: u32 = 20;

/// Reserves, or waits until that is possible.
pub(super) fn reserve(api: &Api, options: &ReserveOptions) -> Result<Answer, Failure> {
    match api.create("/reservations", &wish::reserve(options)) {
        Err(failure) if options.wait_for_nodes && failure.is_not_free() => {}
        other => return other,
    }
    let queued: Queued = api.ask(&Method::POST, "/queue", Some(&wish::wait(options)))?.read()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|cause| Failure::io("cannot start waiting", cause))?;
    let id = runtime.block_on(wait(api, queued))?;
    let answer = api.get(&format!("/reservations/{id}"))?;
    // Read here, so that what cannot be read is told before anything is done with it.
    let _: Reservation = answer.read()?;
    Ok(answer)
}

async fn wait(api: &Api, mut queued: Queued) -> Result<i64, Failure> {
    let stop = signal(SignalKind::interrupt());
    let mut stop = stop.map_err(|cause| Failure::io("cannot listen for Ctrl-C", cause))?;
    let (path, mut told, mut silent) = (format!("/queue/{}", queued.id), String::new(), 0);
    loop {
        if let Some(id) = queued.reservation {
            return Ok(id);
        }
        if queued.state != "waiting" {
            return Err(Failure::Undone(format!("wish {} left the queue", queued.id)));
        }
        let line = place(&queued);
        if line != told {
            note(&line)?;
            told = line;
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EACH) => {}
            _ = stop.recv() => {
                // Nobody would take the nodes when they come.
                drop(api.ask(&Method::DELETE, &path, None));
                return Err(Failure::Interrupted("stopped waiting; the wish left the queue".into()));
            }
        }
        // Blocks this thread, which has nothing else to do: Ctrl-C is seen right after.
        match api.get(&path) {
            Ok(answer) => (queued, silent) = (answer.read()?, 0),
            Err(Failure::Unreachable { .. }) if silent < SILENT_LOOKS => silent += 1,
            Err(failure) => return Err(failure),
        }
    }
}

fn place(queued: &Queued) -> String {
    let position = queued.position.map(|it| it.to_string()).unwrap_or_else(|| "?".into());
    let when = queued.estimate.as_deref().map_or_else(
        || "nobody knows when it begins".to_owned(),
        |at| format!("it begins at {} at the latest, as far as is known", minute(at)),
    );
    format!("wish {}: number {position} in the queue; {when}", queued.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_in_the_queue_is_told() {
        let queued = Queued {
            id: 7,
            state: "waiting".into(),
            reservation: None,
            position: Some(2),
            estimate: Some("2026-03-01T14:00:00Z".into()),
        };
        let expect = "wish 7: number 2 in the queue; it begins at 2026-03-01 14:00 UTC at the latest, as far as is known";
        assert_eq!(place(&queued), expect);
        let unknown = Queued { estimate: None, ..queued };
        assert!(place(&unknown).ends_with("nobody knows when it begins"));
    }
}
