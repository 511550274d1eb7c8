//! The mail server and the outbox, for administrators. *Pure.*

use super::layout::{Chrome, Refresh, document};
use super::shapes::Shape;
use super::{parts, states};
use crate::model::mail::{LetterState, ListedLetter, Security};
use crate::model::version::Version;
use crate::web::forms::Errors;
use crate::web::forms::mail::MailForm;
use crate::web::paths;
use crate::web::reader::Reader;
use maud::{Markup, html};

/// The page.
#[derive(Debug)]
pub(in crate::web) struct Page {
    pub(in crate::web) chrome: Chrome,
    pub(in crate::web) form: MailForm,
    /// What is stored, if it is no longer what the form was made from.
    pub(in crate::web) stale: Option<MailForm>,
    pub(in crate::web) version: Version,
    /// Whether a password is stored; it is never shown.
    pub(in crate::web) has_password: bool,
    /// Whether mails are sent now, whatever is typed.
    pub(in crate::web) is_enabled: bool,
    pub(in crate::web) letters: Vec<ListedLetter>,
    pub(in crate::web) errors: Errors,
}

/// The page.
pub(in crate::web) fn page(page: &Page) -> String {
    let Page { chrome, letters, .. } = page;
    let body = html! {
        div.columns {
            (server(page))
            (test(page))
        }
        div data-live=(paths::MAIL_LIVE) data-events=(paths::EVENTS) { (outbox(letters, &chrome.reader)) }
    };
    document(chrome, Refresh::ByLink, &body)
}

/// The outbox, without the page around it.
pub(in crate::web) fn fragment(letters: &[ListedLetter], reader: &Reader) -> String {
    outbox(letters, reader).into_string()
}

fn server(page: &Page) -> Markup {
    let Page { chrome, form, errors, .. } = page;
    let reader = &chrome.reader;
    let text = |name: &str, label: &str, value: &str| {
        let (invalid, described) = parts::marks(errors, name);
        html! {
            label { (label)
                input type="text" name=(name) value=(value) autocomplete="off"
                    aria-invalid=[invalid] aria-describedby=[described];
            }
            (parts::wrong(errors, name))
        }
    };
    html! {
        section.card {
            h2 { (reader.say("mail-server")) }
            p.hint { (reader.say("mail-server-what")) }
            form.fields method="post" action=(paths::MAIL) {
                (parts::csrf(&chrome.csrf))
                (parts::version(&page.version))
                @if let Some(stored) = &page.stale { (stale(form, stored, reader)) }
                label.option {
                    input type="checkbox" name="is_enabled" checked[form.is_enabled];
                    span { (reader.say("mail-enabled")) }
                }
                (text("host", &reader.say("mail-host"), &form.host))
                (text("port", &reader.say("mail-port"), &form.port))
                (security(page))
                (text("from", &reader.say("mail-from"), &form.from))
                (text("user", &reader.say("mail-user"), &form.user))
                (password(page))
                button.main { (reader.say("mail-save")) }
            }
        }
    }
}

fn security(page: &Page) -> Markup {
    let reader = &page.chrome.reader;
    let (invalid, described) = parts::marks(&page.errors, "security");
    let name = |security| match security {
        Security::None => reader.say("mail-security-none"),
        Security::StartTls => reader.say("mail-security-starttls"),
        Security::Tls => reader.say("mail-security-tls"),
    };
    html! {
        label { (reader.say("mail-security"))
            select name="security" aria-invalid=[invalid] aria-describedby=[described] {
                @for security in Security::ALL {
                    option value=(security.as_str()) selected[security == page.form.security] { (name(security)) }
                }
            }
        }
        (parts::wrong(&page.errors, "security"))
    }
}

fn password(page: &Page) -> Markup {
    let reader = &page.chrome.reader;
    let (invalid, described) = parts::marks(&page.errors, "password");
    html! {
        label { (reader.say("sign-in-password"))
            input type="password" name="password" autocomplete="new-password"
                aria-invalid=[invalid] aria-describedby=[described];
        }
        (parts::wrong(&page.errors, "password"))
        @if page.has_password { p.hint { (reader.say("mail-password-stored")) } }
    }
}

fn test(page: &Page) -> Markup {
    let (chrome, reader) = (&page.chrome, &page.chrome.reader);
    html! {
        section.card {
            h2 { (reader.say("mail-test")) }
            @if page.is_enabled {
                p.hint { (reader.say("mail-test-what")) }
                form method="post" action=(paths::MAIL_TEST) {
                    (parts::csrf(&chrome.csrf))
                    button.main { (reader.say("mail-test-do")) }
                }
            } @else {
                p.hint { (reader.say("mail-off")) }
            }
        }
    }
}

fn outbox(letters: &[ListedLetter], reader: &Reader) -> Markup {
    html! {
        section.card {
            h2 { (reader.say("mail-outbox")) }
            @if letters.is_empty() { p.hint { (reader.say("mail-outbox-empty")) } } @else {
                div.scroll {
                    table {
                        thead {
                            tr {
                                th { (reader.say("mail-written")) }
                                th { (reader.say("mail-to")) }
                                th { (reader.say("mail-subject")) }
                                th { (reader.say("mail-state")) }
                            }
                        }
                        tbody { @for letter in letters { (row(letter, reader)) } }
                    }
                }
            }
        }
    }
}

fn row(letter: &ListedLetter, reader: &Reader) -> Markup {
    html! {
        tr {
            td { (parts::moment(letter.created_at, reader)) }
            td { (letter.to) }
            td { (letter.subject) }
            td {
                @match letter.state {
                    LetterState::Sent => (states::badge("good", Shape::Tick, &reader.say("mail-sent"))),
                    LetterState::GivenUp => (states::badge("bad", Shape::Cross, &reader.say("mail-given-up"))),
                    LetterState::Waiting => {
                        (states::badge("busy", Shape::Half, &reader.say("mail-waiting")))
                        @if letter.tries > 0 {
                            br; (reader.with("mail-tries", &[("count", letter.tries.into())]))
                            " " (parts::moment(letter.next_try_at, reader))
                        }
                    }
                }
                @if !letter.last_error.is_empty() { br; span.wrong { (letter.last_error) } }
            }
        }
    }
}

/// What is stored where something else was typed.
fn stale(typed: &MailForm, stored: &MailForm, reader: &Reader) -> Markup {
    let yes = |form: &MailForm| if form.is_enabled { "✓" } else { "–" };
    let fields = [
        (reader.say("mail-enabled"), yes(typed), yes(stored)),
        (reader.say("mail-host"), &typed.host, &stored.host),
        (reader.say("mail-port"), &typed.port, &stored.port),
        (reader.say("mail-security"), typed.security.as_str(), stored.security.as_str()),
        (reader.say("mail-from"), &typed.from, &stored.from),
        (reader.say("mail-user"), &typed.user, &stored.user),
    ];
    html! {
        p.wrong role="alert" { (reader.say("stale")) }
        @for (label, typed, stored) in fields {
            @if typed != stored { p.hint { (label) ": " (reader.say("stale-stored")) " " (stored) } }
        }
    }
}
