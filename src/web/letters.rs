//! The mails that people get, in the language of who asked for them. *IO: none but the random source, to seal them.*
//! Called by `routes` and `notifier`, which write them to the outbox in the transaction of what they speak of; `mail`
//! sends them.

use super::error::Error;
use super::reader::Reader;
use super::state::App;
use super::{paths, views};
use crate::keys::{Sealed, Sealer};
use crate::model::clock::Timestamp;
use crate::model::mail::NewLetter;
use crate::model::notification::NoticeKind;
use crate::store::notices::Due;

/// What every mail needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Desk<'a> {
    pub(super) sealer: &'a Sealer,
    /// How people reach the pages.
    pub(super) public_url: &'a str,
}

/// Shows an administrator that mails arrive.
pub(super) fn test(app: &App, reader: &Reader, to: &str) -> Result<NewLetter, Error> {
    letter(app, reader, to, "letter-test-subject", reader.say("letter-test"))
}

/// Asks who has made an account whether the address is theirs.
pub(super) fn confirm(app: &App, reader: &Reader, to: &str, link: &str) -> Result<NewLetter, Error> {
    letter(app, reader, to, "letter-confirm-subject", reader.with("letter-confirm", &[("link", link.into())]))
}

/// Tells the owner of an account that somebody wanted to make one with their address.
pub(super) fn exists(app: &App, reader: &Reader, to: &str) -> Result<NewLetter, Error> {
    letter(app, reader, to, "letter-exists-subject", reader.say("letter-exists"))
}

/// Lets the owner of an account choose a new password.
pub(super) fn reset(app: &App, reader: &Reader, to: &str, link: &str) -> Result<NewLetter, Error> {
    letter(app, reader, to, "letter-reset-subject", reader.with("letter-reset", &[("link", link.into())]))
}

/// Tells the owner of an account that it can be used.
pub(super) fn accepted(app: &App, reader: &Reader, to: &str) -> Result<NewLetter, Error> {
    letter(app, reader, to, "letter-accepted-subject", reader.say("letter-accepted"))
}

/// Tells somebody that their reservation ends soon.
pub(super) fn before_end(desk: &Desk<'_>, reader: &Reader, due: &Due) -> Result<NewLetter, Error> {
    let subject = reader.with("letter-end-subject", &[("name", due.name.as_str().into())]);
    let values = [
        ("name", due.name.as_str().into()),
        ("end", moment(due.end, reader).into()),
        ("left", views::away(due.end, reader).into()),
        ("link", link(desk, due).into()),
    ];
    write(desk, reader, &due.email, subject, &reader.with("letter-end", &values))
}

/// Tells somebody what came of their deployments: each node with whether it is deployed.
pub(super) fn outcome(
    desk: &Desk<'_>,
    reader: &Reader,
    due: &Due,
    nodes: &[(String, bool)],
) -> Result<NewLetter, Error> {
    let named = |wanted: bool| {
        let names = nodes.iter().filter(|(_, is_deployed)| *is_deployed == wanted);
        names.map(|(name, _)| name.as_str()).collect::<Vec<_>>()
    };
    let (deployed, undone) = (named(true), named(false));
    let name = ("name", due.name.as_str().into());
    let subject = if undone.is_empty() { "letter-deployed-subject" } else { "letter-undone-subject" };
    let list = |names: &[&str]| if names.is_empty() { "-".to_owned() } else { names.join(", ") };
    let values = [
        name.clone(),
        ("deployed", list(&deployed).into()),
        ("undone", list(&undone).into()),
        ("link", link(desk, due).into()),
    ];
    let text = if undone.is_empty() { "letter-deployed" } else { "letter-undone" };
    write(desk, reader, &due.email, reader.with(subject, &[name]), &reader.with(text, &values))
}

/// Tells somebody what was asked for by who did it: their turn in the queue, or that a block took their nodes.
pub(super) fn asked(
    desk: &Desk<'_>,
    reader: &Reader,
    due: &Due,
    kind: NoticeKind,
) -> Result<NewLetter, Error> {
    let name = ("name", due.name.as_str().into());
    let values = [name.clone(), ("end", moment(due.end, reader).into()), ("link", link(desk, due).into())];
    let (subject, text) = match kind {
        NoticeKind::Turn => ("letter-turn-subject", "letter-turn"),
        NoticeKind::BeforeEnd | NoticeKind::Outcome | NoticeKind::GivenBack => {
            ("letter-given-back-subject", "letter-given-back")
        }
    };
    write(desk, reader, &due.email, reader.with(subject, &[name]), &reader.with(text, &values))
}

fn letter(app: &App, reader: &Reader, to: &str, subject: &str, text: String) -> Result<NewLetter, Error> {
    let desk = Desk { sealer: &app.sealer, public_url: &app.public_url };
    write(&desk, reader, to, reader.say(subject), &text)
}

/// Every mail says from where it comes.
fn write(
    desk: &Desk<'_>,
    reader: &Reader,
    to: &str,
    subject: String,
    text: &str,
) -> Result<NewLetter, Error> {
    let foot = reader.with("letter-foot", &[("url", desk.public_url.into())]);
    let sealed_body = desk.sealer.seal(Sealed::MailBody, &format!("{text}\n\n-- \n{foot}\n"))?;
    Ok(NewLetter { to: to.to_owned(), subject, sealed_body })
}

fn link(desk: &Desk<'_>, due: &Due) -> String {
    format!("{}{}", desk.public_url.trim_end_matches('/'), paths::reservation(due.reservation))
}

fn moment(at: Timestamp, reader: &Reader) -> String {
    at.to_zoned(reader.zone.clone()).strftime("%Y-%m-%d %H:%M %Z").to_string()
}
