//! Work in the running system: states `user_conf`, `system_update`, `user_script`. *IO: through [`Hands`].*
//!
//! Only fixed texts are run; the user's script lies on the card since `system_conf`.

use super::hands::Hands;
use super::verb::Tail;
use super::{Report, Trouble};
use crate::deploy::remote::{Exit, Output};
use crate::model::boot_event::System;
use crate::model::environment::OsFamily;
use crate::model::problem::Problem;
use crate::model::verb::USER_SCRIPT_PATH;

const UPDATE: &str = "DEBIAN_FRONTEND=noninteractive apt-get -y -q update && \
                      DEBIAN_FRONTEND=noninteractive apt-get -y -q -o Dpkg::Options::=--force-confold upgrade";

/// Goes before each command: what it did is on the card when the state ends, since a hard reboot may cut the
/// power a second later. The command's status stays.
const SYNCED: &str = "trap sync EXIT; ";

/// `user_conf`: accounts are written to the card in `system_conf`; what is left is that the way in works.
pub(super) async fn conf(hands: &mut Hands) -> Result<(), Trouble> {
    hands.session(System::Deployed).await.map(drop)
}

/// `system_update`.
pub(super) async fn update(hands: &mut Hands) -> Result<(), Trouble> {
    match hands.job.environment.family {
        OsFamily::PiCore => {
            hands.note("piCore has no package update; left out").await;
            Ok(())
        }
        OsFamily::RaspberryPiOs | OsFamily::Ubuntu | OsFamily::Debian => {
            let (exit, tail) = command(hands, UPDATE).await?;
            let advice = "Look at the output; then choose hard reboot to try again.";
            judge(hands, "the package update", exit, &tail, advice).await
        }
    }
}

/// `user_script`.
pub(super) async fn script(hands: &mut Hands) -> Result<(), Trouble> {
    let run = match hands.job.environment.family {
        OsFamily::PiCore => format!("sudo -n {USER_SCRIPT_PATH}"),
        OsFamily::RaspberryPiOs | OsFamily::Ubuntu | OsFamily::Debian => USER_SCRIPT_PATH.to_owned(),
    };
    let (exit, tail) = command(hands, &run).await?;
    let advice = "Mend the script and reserve again; hard reboot runs it once more as it is.";
    judge(hands, "the user's script", exit, &tail, advice).await
}

/// Runs a command; each line is a sign of life.
async fn command(hands: &mut Hands, text: &str) -> Result<(Exit, Tail), Trouble> {
    let text = format!("{SYNCED}{text}");
    let started = hands.session(System::Deployed).await?.remote.exec(&text, Vec::new()).await;
    let mut tail = Tail::default();
    let outcome = match started {
        Ok(mut running) => loop {
            match running.next().await {
                Ok(Output::Line(line) | Output::Complaint(line)) => {
                    tail.push(&line);
                    hands.tell(Report::Progressed(None)).await;
                }
                Ok(Output::Ended(exit)) => break Ok(exit),
                Err(broken) => break Err(broken),
            }
        },
        Err(broken) => Err(broken),
    };
    match outcome {
        Ok(exit) => Ok((exit, tail)),
        Err(broken) => {
            hands.session = None;
            Err(broken.into())
        }
    }
}

async fn judge(hands: &Hands, what: &str, exit: Exit, tail: &Tail, advice: &str) -> Result<(), Trouble> {
    let said = if tail.text().is_empty() { "nothing" } else { tail.text() };
    if exit == Exit::Status(0) {
        hands.note(format!("{what} {exit}; it said: {said}")).await;
        return Ok(());
    }
    Err(Trouble::pointless(Problem::new(format!("{what} {exit}; it said: {said}"), "status 0", advice)))
}
