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
    /// Whether a link to choose another password can be mailed.
    pub(in crate::web) can_reset: bool,
    /// Why it did not work.
    pub(in crate::web) wrong: Option<String>,
}

/// The sign-in page.
pub(in crate::web) fn page(page: &Page) -> String {
    let reader = &page.chrome.reader;
    let body = html! {
        form.card.narrow.fields method="post" action=(paths::SIGN_IN) {
            (parts::csrf(&page.chrome.csrf))
            input type="hidden" name="next" value=(page.next);
            @if let Some(text) = &page.wrong { p.wrong role="alert" { (text) } }
            label { (reader.say("sign-in-email"))
                input type="email" name="email" value=(page.email) autocomplete="username" required autofocus;
            }
            label { (reader.say("sign-in-password"))
                input type="password" name="password" autocomplete="current-password" required;
            }
            button.main { (reader.say("sign-in-do")) }
            @if page.can_reset {
                p { a href=(paths::FORGOTTEN) { (reader.say("forgotten-title")) } }
            } @else {
                p.hint { (reader.say("sign-in-help")) }
            }
            p { a href=(paths::SIGN_UP) { (reader.say("sign-up-title")) } }
        }
    };
    document(&page.chrome, Refresh::Never, &body)
}
