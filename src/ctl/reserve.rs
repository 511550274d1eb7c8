//! `pimaster ctl reserve`: reserves, configures, and follows the deployment. *IO: through `api`, files, output.*
//!
//! A refused configuration gives the new reservation back: nothing is on its nodes, and a script that tries again
//! would find them taken by itself. Everything the person named is read before anything is reserved.

use super::answers::{self, Configured, Reservation};
use super::api::{Answer, Api};
use super::failure::Failure;
use super::follow::{Follower, Outlook, judge};
use super::queue;
use super::run::{read_file, say};
use super::wish::{self, Contents};
use crate::cli::{DeployOptions, ReserveOptions};
use serde_json::{Map, Value, json};
use std::io::Write;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use ureq::http::Method;

/// Between two looks.
const LOOK_EACH: Duration = Duration::from_secs(1);
/// So many looks in a row may find nobody: a pimaster that is started again.
const SILENT_LOOKS: u32 = 60;

/// Runs it.
pub(super) fn run(api: &Api, options: &ReserveOptions, is_json: bool) -> Result<(), Failure> {
    let contents = contents(api, &options.deploy)?;
    let answer = queue::reserve(api, options)?;
    let made: Reservation = answer.read()?;
    let Some(body) = wish::configure(&options.deploy, &contents) else {
        return if is_json { say(&answer.text) } else { show(&made) };
    };
    note(&format!("reservation {}: {}", made.id, names(&made)))?;
    let answer = configure(api, made.id, &body)?;
    let Configured { generated_password, reservation } = answer.read()?;
    if let (Some(password), false) = (&generated_password, is_json) {
        say(&format!("password {password} (shown once)"))?;
    }
    if !options.deploy.wait {
        return if is_json { say(&answer.text) } else { show(&reservation) };
    }
    // Without the password that was made the deployment would be of less use: it is printed however waiting ends.
    let (last, outlook) = wait(api, made.id).inspect_err(|_| {
        if is_json {
            drop(say(&answer.text));
        }
    })?;
    if is_json {
        let seen: Value = last.read()?;
        say(&json!({ "generated_password": generated_password, "reservation": seen }).to_string())?;
    } else {
        show(&last.read()?)?;
    }
    let Outlook::Undone(nodes) = outlook else { return Ok(()) };
    let seen = format!("not deployed: {}", nodes.join(", "));
    Err(Failure::Undone(format!(
        "{seen}\n  See `pimaster ctl status {}`, and the page of how each boots.",
        made.id
    )))
}

fn configure(api: &Api, id: i64, body: &Value) -> Result<Answer, Failure> {
    let path = format!("/reservations/{id}");
    api.ask(&Method::PUT, &format!("{path}/configuration"), Some(body)).inspect_err(|failure| {
        let given_back =
            matches!(failure, Failure::Refused { .. }) && api.ask(&Method::DELETE, &path, None).is_ok();
        let told = if given_back {
            format!("reservation {id} was given back")
        } else {
            format!("reservation {id} stays; end it with `pimaster ctl destroy {id}`")
        };
        // The failure itself is told next.
        drop(note(&told));
    })
}

fn show(reservation: &Reservation) -> Result<(), Failure> {
    say(answers::reservation(reservation).trim_end())
}

/// Looks until nothing happens by itself any more; gives the last answer.
fn wait(api: &Api, id: i64) -> Result<(Answer, Outlook), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|cause| Failure::io("cannot start waiting", cause))?;
    runtime.block_on(look_on(api, id))
}

async fn look_on(api: &Api, id: i64) -> Result<(Answer, Outlook), Failure> {
    let stop = signal(SignalKind::interrupt());
    let mut stop = stop.map_err(|cause| Failure::io("cannot listen for Ctrl-C", cause))?;
    let (path, mut follower, mut silent) = (format!("/reservations/{id}"), Follower::default(), 0);
    loop {
        // Blocks this thread, which has nothing else to do: Ctrl-C is seen right after.
        match api.get(&path) {
            Ok(answer) => {
                silent = 0;
                let seen: Reservation = answer.read()?;
                follower.lines(&seen).iter().try_for_each(|line| note(line))?;
                match judge(&seen) {
                    Outlook::Going => {}
                    outlook @ (Outlook::Deployed | Outlook::Undone(_)) => return Ok((answer, outlook)),
                }
            }
            Err(Failure::Unreachable { url, why }) if silent < SILENT_LOOKS => {
                if silent == 0 {
                    note(&format!("{url}: {why}; still trying"))?;
                }
                silent += 1;
            }
            Err(failure) => return Err(failure),
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EACH) => {}
            _ = stop.recv() => return Err(interrupted(id)),
        }
    }
}

fn interrupted(id: i64) -> Failure {
    Failure::Interrupted(format!(
        "stopped waiting; reservation {id} stays and its deployment goes on.\n  \
         Follow it with `pimaster ctl status {id}`, end it with `pimaster ctl destroy {id}`."
    ))
}

fn contents(api: &Api, options: &DeployOptions) -> Result<Contents, Failure> {
    let keys = options.key.iter().map(|path| read_file(path, "Name a file that ends in .pub."));
    let script = options.script.as_ref().map(|path| read_file(path, "Name a script.")).transpose()?;
    let mut password = None;
    if options.password_stdin {
        let mut line = String::new();
        let read = std::io::stdin().read_line(&mut line);
        read.map_err(|cause| Failure::io("cannot read standard input", cause))?;
        password = Some(line.trim_end_matches(['\r', '\n']).to_owned());
    }
    let template = options.template.as_ref().map(|name| template(api, name)).transpose()?;
    Ok(Contents { keys: keys.collect::<Result<_, _>>()?, script, password, template })
}

fn template(api: &Api, name: &str) -> Result<Map<String, Value>, Failure> {
    let known = api.get("/templates")?.read()?;
    wish::template(known, name).ok_or_else(|| Failure::Usage {
        seen: format!("no template is called `{name}`"),
        fix: "Save one on the page where reservations are configured.".to_owned(),
    })
}

fn names(reservation: &Reservation) -> String {
    reservation.nodes.iter().map(|node| node.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// A line for who watches: standard output is left to the result.
pub(super) fn note(line: &str) -> Result<(), Failure> {
    writeln!(std::io::stderr().lock(), "{line}")
        .map_err(|cause| Failure::io("cannot write to standard error", cause))
}
