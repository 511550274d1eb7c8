//! A page that only says something. *Pure.*

use super::layout::{Chrome, Refresh, document};
use crate::web::reader::Reader;
use maud::html;

/// Says something and leads back.
pub(in crate::web) fn page(reader: Reader, title: String, text: &str) -> String {
    let chrome =
        Chrome { title, tab: None, who: None, csrf: String::new(), notice: None, ending: Vec::new(), reader };
    let body = html! {
        section.card.narrow {
            p { (text) }
            p { a href="/" { (chrome.reader.say("to-start")) } }
        }
    };
    document(&chrome, Refresh::Never, &body)
}
