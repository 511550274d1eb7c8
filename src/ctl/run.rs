//! The commands of the client, but for those that wait. *IO: through `api`, standard output.*

use super::answers::{self, Environment, Me, Node, Reservation};
use super::api::{Answer, Api};
use super::failure::Failure;
use super::table::plain;
use super::{login, reserve, ssh};
use crate::cli::{Ctl, CtlCommand};
use crate::model::node::NodeName;
use serde_json::json;
use std::io::Write;
use std::path::Path;
use ureq::http::Method;

/// Runs one command and tells on standard error why it was not done; gives the exit status.
pub fn run(options: &Ctl) -> u8 {
    match dispatch(options) {
        Ok(status) => status,
        Err(failure) => {
            // With standard error closed there is nobody left to tell; the status says it.
            drop(writeln!(std::io::stderr().lock(), "pimaster: {failure}"));
            failure.exit()
        }
    }
}

fn dispatch(options: &Ctl) -> Result<u8, Failure> {
    let is_json = options.json;
    let api = || login::chosen(options).and_then(|login| Api::new(&login));
    let done = match &options.command {
        CtlCommand::Login => log_in(options),
        CtlCommand::Nodes => {
            show(&api()?.get_all("/nodes")?, is_json, |found: Vec<Node>| answers::nodes(&found))
        }
        CtlCommand::Environments => {
            let answer = api()?.get_all("/environments")?;
            show(&answer, is_json, |found: Vec<Environment>| answers::environments(&found))
        }
        CtlCommand::Reserve(wish) => reserve::run(&api()?, wish, is_json),
        CtlCommand::Status { id: None } => {
            let answer = api()?.get_all("/reservations")?;
            show(&answer, is_json, |found: Vec<Reservation>| answers::reservations(&found))
        }
        CtlCommand::Status { id: Some(id) } => {
            show_reservation(&api()?.get(&format!("/reservations/{id}"))?, is_json)
        }
        CtlCommand::Ssh { node, identity, command } => {
            return ssh::run(&api()?, node, identity.as_deref(), command, is_json);
        }
        CtlCommand::Extend { id, hours } => {
            let (path, body) = (format!("/reservations/{id}/extend"), json!({ "hours": hours }));
            show_reservation(&api()?.ask(&Method::POST, &path, Some(&body))?, is_json)
        }
        CtlCommand::Destroy { target } => destroy(&api()?, target, is_json),
    };
    done.map(|()| 0)
}

fn log_in(options: &Ctl) -> Result<(), Failure> {
    let login = login::new(options)?;
    let answer = Api::new(&login)?.get("/me")?;
    let me: Me = answer.read()?;
    login::judge_scopes(&me)?;
    let path = login::store(&login)?;
    if options.json {
        return say(&answer.text);
    }
    say(&format!(
        "{} knows you as {}; the token is kept in {}",
        login.url,
        plain(&me.account),
        path.display()
    ))
}

fn destroy(api: &Api, target: &str, is_json: bool) -> Result<(), Failure> {
    if let Ok(id) = target.parse::<i64>() {
        let answer = api.ask(&Method::DELETE, &format!("/reservations/{id}"), None)?;
        return show_reservation(&answer, is_json);
    }
    let node = target.parse::<NodeName>().map_err(|error| {
        Failure::usage(format!("{error}"), "Give the number of a reservation or the name of a node.")
    })?;
    let answer = api.ask(&Method::POST, &format!("/nodes/{node}/destroy"), None)?;
    if is_json { say(&answer.text) } else { say(&format!("{node} will be taken down")) }
}

fn show_reservation(answer: &Answer, is_json: bool) -> Result<(), Failure> {
    show(answer, is_json, |found: Reservation| answers::reservation(&found))
}

/// Prints an answer as it came, or what is to be read of it.
fn show<T: serde::de::DeserializeOwned>(
    answer: &Answer,
    is_json: bool,
    render: impl FnOnce(T) -> String,
) -> Result<(), Failure> {
    if is_json { say(&answer.text) } else { say(render(answer.read()?).trim_end()) }
}

/// One line, or several, on standard output.
pub(super) fn say(text: &str) -> Result<(), Failure> {
    writeln!(std::io::stdout().lock(), "{text}")
        .map_err(|cause| Failure::io("cannot write to standard output", cause))
}

/// A file that the person named.
pub(super) fn read_file(path: &Path, fix: &str) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|error| Failure::usage(format!("{} cannot be read: {error}", path.display()), fix))
}
