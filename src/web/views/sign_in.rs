//! The sign-in page. *Pure.*

use super::layout::{Chrome, Refresh, document};
use super::parts;
use crate::web::paths;
use maud::html;

/// The sign-in page.
#[derive(Debug)]
pub(in crate::web) struct Page {
    pub(in crate::web) chrome: Chrome,
    /// What was typed before.
    pub(in crate::web) email: String,
    /// Where to go afterwards.
    pub(in crate::web) next: String,
    /// Why it did not work.
    pub(in crate::web) wrong: Option<String>,
}

/// The sign-in page.
pub(in crate::web) fn page(page: &Page) -> String {
    let body = html! {
        form.card.narrow.fields method="post" action=(paths::SIGN_IN) {
            (parts::csrf(&page.chrome.csrf))
            input type="hidden" name="next" value=(page.next);
            @if let Some(text) = &page.wrong { p.wrong role="alert" { (text) } }
            label { "E-mail address"
                input type="email" name="email" value=(page.email) autocomplete="username" required autofocus;
            }
            label { "Password"
                input type="password" name="password" autocomplete="current-password" required;
            }
            button.main { "Sign in" }
            p.hint { "No password yet, or lost? Ask an administrator for a link to choose one." }
        }
    };
    document(&page.chrome, Refresh::Never, &body)
}
