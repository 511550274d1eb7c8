//! One mail over SMTP (RFC 5321). *IO: TCP to the mail server.* Called by `worker`; the door of lettre.

use super::schedule::{Failure, Lasts, lasts};
use crate::model::mail::{DueLetter, MailSettings, Security};
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use std::error::Error as _;
use std::time::Duration;

/// For one command and its reply, and for the whole exchange.
const COMMAND_WITHIN: Duration = Duration::from_secs(20);
pub(super) const EXCHANGE_WITHIN: Duration = Duration::from_secs(120);

/// Hands a mail to the server. `password` is none if nobody signs in.
pub(super) async fn send(
    settings: &MailSettings,
    password: Option<String>,
    due: &DueLetter,
    body: String,
) -> Result<(), Failure> {
    let message = message(settings, due, body)?;
    let transport = transport(settings, password).map_err(|error| failure(&error))?;
    match tokio::time::timeout(EXCHANGE_WITHIN, transport.send(message)).await {
        Ok(sent) => sent.map(drop).map_err(|error| failure(&error)),
        Err(_) => Err(Failure {
            lasts: Lasts::Perhaps,
            text: format!("the server took longer than {} s", EXCHANGE_WITHIN.as_secs()),
        }),
    }
}

/// The same mail has the same `Message-ID` at each try: who gets it twice can tell.
fn message(settings: &MailSettings, due: &DueLetter, body: String) -> Result<Message, Failure> {
    let domain = settings.from.rsplit('@').next().unwrap_or_default();
    let id = format!("<pimaster-{}-{}@{domain}>", due.id, due.created_at.as_millisecond());
    let wrong = |lasts, text: String| Failure { lasts, text };
    let from = settings.from.parse::<Mailbox>().map_err(|error| {
        wrong(Lasts::Perhaps, format!("`{}` cannot be written as a sender: {error}", settings.from))
    })?;
    let to = due.letter.to.parse::<Mailbox>().map_err(|error| {
        wrong(Lasts::ForGood, format!("`{}` cannot be written as a recipient: {error}", due.letter.to))
    })?;
    Message::builder()
        .message_id(Some(id))
        .date(due.created_at.into())
        .from(from)
        .to(to)
        .subject(due.letter.subject.clone())
        .header(ContentType::TEXT_PLAIN)
        .body(body)
        .map_err(|error| wrong(Lasts::ForGood, format!("the mail cannot be written: {error}")))
}

fn transport(
    settings: &MailSettings,
    password: Option<String>,
) -> Result<AsyncSmtpTransport<Tokio1Executor>, Error> {
    let tls = || TlsParameters::new(settings.host.clone());
    let tls = match settings.security {
        Security::None => Tls::None,
        Security::StartTls => Tls::Required(tls()?),
        Security::Tls => Tls::Wrapper(tls()?),
    };
    // "Dangerous" is that it starts without TLS: it is set in the next line.
    let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(settings.host.clone())
        .tls(tls)
        .port(settings.port)
        .timeout(Some(COMMAND_WITHIN));
    let builder = match password {
        Some(password) => builder.credentials(Credentials::new(settings.user.clone(), password)),
        None => builder,
    };
    Ok(builder.build())
}

/// With its causes: the outermost says little.
fn failure(error: &Error) -> Failure {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let inner = error.to_string();
        if !text.contains(&inner) {
            text = format!("{text}: {inner}");
        }
        cause = error.source();
    }
    let lasts = error.status().map_or(Lasts::Perhaps, |code| lasts(code.into()));
    Failure { lasts, text }
}
