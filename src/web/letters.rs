//! The mails that people get, in the language of who asked for them. *IO: none but the random source, to seal them.*
//! Called by `routes`, which write them to the outbox in the transaction of what they speak of; `mail` sends them.

use super::error::Error;
use super::reader::Reader;
use super::state::App;
use crate::keys::Sealed;
use crate::model::mail::NewLetter;

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

/// Every mail says from where it comes.
fn letter(app: &App, reader: &Reader, to: &str, subject: &str, text: String) -> Result<NewLetter, Error> {
    let foot = reader.with("letter-foot", &[("url", app.public_url.as_str().into())]);
    let sealed_body = app.sealer.seal(Sealed::MailBody, &format!("{text}\n\n-- \n{foot}\n"))?;
    Ok(NewLetter { to: to.to_owned(), subject: reader.say(subject), sealed_body })
}
