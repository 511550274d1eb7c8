//! The page on which people make an account. *Pure.*

use super::layout::{Chrome, Refresh, document};
use super::link::password_fields;
use super::parts;
use crate::model::user::SignUpPolicy;
use crate::web::forms::Errors;
use crate::web::forms::sign_up::SignUp;
use crate::web::paths;
use crate::web::reader::Reader;
use maud::{Markup, html};

/// The page on which people make an account.
#[derive(Debug)]
pub(in crate::web) struct Page {
    pub(in crate::web) chrome: Chrome,
    pub(in crate::web) policy: SignUpPolicy,
    pub(in crate::web) form: SignUp,
    pub(in crate::web) errors: Errors,
}

/// The page on which people make an account.
pub(in crate::web) fn page(page: &Page) -> String {
    let reader = &page.chrome.reader;
    let body = html! {
        @if page.policy.is_open { (form(page)) } @else {
            section.card.narrow {
                p { (reader.say("sign-up-closed")) }
                (back(reader))
            }
        }
    };
    document(&page.chrome, Refresh::Never, &body)
}

/// What must happen before a new account can be signed in to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::web) enum Next {
    /// An administrator accepts it.
    Accepted,
    /// Its owner confirms the address.
    Confirmed,
    /// Both.
    ConfirmedAndAccepted,
}

/// What is said afterwards, whether or not the address had an account already: nobody learns who has one.
pub(in crate::web) fn done(chrome: &Chrome, email: &str, next: Next) -> String {
    let reader = &chrome.reader;
    let values = [("email", email.into())];
    let body = html! {
        section.card.narrow {
            @match next {
                Next::Accepted => {
                    p { (reader.with("sign-up-done", &values)) }
                    p.hint { (reader.say("sign-up-done-before")) }
                }
                Next::Confirmed => p { (reader.with("sign-up-mailed", &values)) },
                Next::ConfirmedAndAccepted => {
                    p { (reader.with("sign-up-mailed", &values)) }
                    p { (reader.say("sign-up-mailed-accepted")) }
                }
            }
            (back(reader))
        }
    };
    document(chrome, Refresh::Never, &body)
}

fn form(page: &Page) -> Markup {
    let Page { chrome, policy, form, errors } = page;
    let reader = &chrome.reader;
    let (email_invalid, email_described) = parts::marks(errors, "email");
    let (name_invalid, name_described) = parts::marks(errors, "name");
    html! {
        form.card.narrow.fields method="post" action=(paths::SIGN_UP) {
            (parts::csrf(&chrome.csrf))
            @if let Some(text) = errors.at("form") { p.wrong role="alert" { (text) } }
            label { (reader.say("sign-in-email"))
                input type="email" name="email" value=(form.email) autocomplete="username" required
                    aria-invalid=[email_invalid] aria-describedby=[email_described];
            }
            (parts::wrong(errors, "email"))
            @if !policy.domains.is_empty() {
                p.hint { (reader.with("sign-up-domains", &[("domains", policy.domains.join(", ").into())])) }
            }
            label { (reader.say("sign-up-name"))
                input type="text" name="name" value=(form.name) autocomplete="name" maxlength="80"
                    aria-invalid=[name_invalid] aria-describedby=[name_described];
            }
            (parts::wrong(errors, "name"))
            (password_fields(errors, reader))
            button.main { (reader.say("sign-up-do")) }
            (back(reader))
        }
    }
}

fn back(reader: &Reader) -> Markup {
    html! { p { a href=(paths::SIGN_IN) { (reader.say("sign-up-back")) } } }
}
