//! The page for a forgotten password. *Pure.*

use super::layout::{Chrome, Refresh, document};
use super::parts;
use crate::web::forms::Errors;
use crate::web::paths;
use crate::web::reader::Reader;
use maud::{Markup, html};

/// The page for a forgotten password.
#[derive(Debug)]
pub(in crate::web) struct Page {
    pub(in crate::web) chrome: Chrome,
    /// The address that was typed.
    pub(in crate::web) typed: String,
    pub(in crate::web) errors: Errors,
}

/// The page for a forgotten password.
pub(in crate::web) fn page(page: &Page) -> String {
    let reader = &page.chrome.reader;
    let (invalid, described) = parts::marks(&page.errors, "email");
    let body = html! {
        form.card.narrow.fields method="post" action=(paths::FORGOTTEN) {
            (parts::csrf(&page.chrome.csrf))
            p { (reader.say("forgotten-what")) }
            label { (reader.say("sign-in-email"))
                input type="email" name="email" value=(page.typed) autocomplete="username" required autofocus
                    aria-invalid=[invalid] aria-describedby=[described];
            }
            (parts::wrong(&page.errors, "email"))
            button.main { (reader.say("forgotten-do")) }
            (back(reader))
        }
    };
    document(&page.chrome, Refresh::Never, &body)
}

/// What is said afterwards, whether or not there is such an account: nobody learns who has one.
pub(in crate::web) fn done(chrome: &Chrome, email: &str) -> String {
    let reader = &chrome.reader;
    let body = html! {
        section.card.narrow {
            p { (reader.with("forgotten-done", &[("email", email.into())])) }
            (back(reader))
        }
    };
    document(chrome, Refresh::Never, &body)
}

fn back(reader: &Reader) -> Markup {
    html! { p { a href=(paths::SIGN_IN) { (reader.say("sign-up-back")) } } }
}
