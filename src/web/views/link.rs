//! The pages of one-time links: choose a password, or confirm to sign in. *Pure.*

use super::layout::{Chrome, Refresh, document};
use super::parts;
use crate::model::user::{LinkPurpose, SHORTEST_PASSWORD};
use crate::web::forms::Errors;
use crate::web::reader::Reader;
use maud::{Markup, html};

/// The page of a one-time link.
#[derive(Debug)]
pub(in crate::web) struct Page {
    pub(in crate::web) chrome: Chrome,
    /// Whose link it is.
    pub(in crate::web) email: String,
    pub(in crate::web) purpose: LinkPurpose,
    /// Where the form goes.
    pub(in crate::web) action: String,
    pub(in crate::web) errors: Errors,
}

/// The page of a one-time link.
pub(in crate::web) fn page(page: &Page) -> String {
    let body = match page.purpose {
        LinkPurpose::SetPassword => choose(page),
        LinkPurpose::SignIn | LinkPurpose::ConfirmEmail => confirm(page),
    };
    document(&page.chrome, Refresh::Never, &body)
}

fn choose(page: &Page) -> Markup {
    let reader = &page.chrome.reader;
    html! {
        form.card.narrow.fields method="post" action=(page.action) {
            (parts::csrf(&page.chrome.csrf))
            p { (reader.with("link-password-whose", &[("email", page.email.as_str().into())])) }
            input type="hidden" name="email" value=(page.email) autocomplete="username";
            (password_fields(&page.errors, reader))
            button.main { (reader.say("link-password-do")) }
        }
    }
}

/// A link is opened by mail scanners and previews too: it signs in only when the form is sent. With the script
/// that happens by itself.
fn confirm(page: &Page) -> Markup {
    let reader = &page.chrome.reader;
    html! {
        form.card.narrow.fields method="post" action=(page.action) data-auto {
            (parts::csrf(&page.chrome.csrf))
            p { (reader.say("link-once")) }
            button.main {
                @match page.purpose {
                    LinkPurpose::ConfirmEmail => (reader.with("link-confirm-do", &[("email", page.email.as_str().into())])),
                    LinkPurpose::SetPassword | LinkPurpose::SignIn => {
                        (reader.with("link-sign-in-do", &[("email", page.email.as_str().into())]))
                    }
                }
            }
        }
    }
}

/// A new password, twice.
pub(super) fn password_fields(errors: &Errors, reader: &Reader) -> Markup {
    let (new_invalid, new_described) = parts::marks(errors, "new_password");
    let (again_invalid, again_described) = parts::marks(errors, "again");
    html! {
        label { (reader.say("password-new"))
            input type="password" name="new_password" autocomplete="new-password" required
                minlength=(SHORTEST_PASSWORD) maxlength="128"
                aria-invalid=[new_invalid] aria-describedby=[new_described];
        }
        (parts::wrong(errors, "new_password"))
        p.hint { (reader.with("password-rule", &[("least", SHORTEST_PASSWORD.into())])) }
        label { (reader.say("password-again"))
            input type="password" name="again" autocomplete="new-password" required
                aria-invalid=[again_invalid] aria-describedby=[again_described];
        }
        (parts::wrong(errors, "again"))
    }
}
