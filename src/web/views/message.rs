//! A page that only says something. *Pure.*

use super::layout::{Chrome, Refresh, document};
use maud::html;

/// Says something and leads back.
pub(in crate::web) fn page(title: &str, text: &str) -> String {
    let chrome = Chrome { title: title.to_owned(), tab: None, who: None, csrf: String::new(), notice: None };
    let body = html! {
        section.card.narrow {
            p { (text) }
            p { a href="/" { "To the start" } }
        }
    };
    document(&chrome, Refresh::Never, &body)
}
