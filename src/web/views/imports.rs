//! Images that are being made environments: the page of one, and the list of the latest. *Pure.*

use super::layout::{Chrome, Refresh, document};
use super::shapes::Shape;
use super::{parts, states};
use crate::model::image_import::{Import, ImportState, LARGEST_UPLOAD_BYTES, Source};
use crate::web::paths;
use crate::web::reader::Reader;
use maud::{Markup, html};

/// One import.
#[derive(Debug)]
pub(in crate::web) struct Page {
    pub(in crate::web) chrome: Chrome,
    pub(in crate::web) import: Import,
}

/// One import.
pub(in crate::web) fn page(page: &Page) -> String {
    let Page { chrome, import } = page;
    let reader = &chrome.reader;
    let waits = waits_for_file(import);
    let body = html! {
        @if waits {
            section.card.narrow {
                form.fields method="post" enctype="multipart/form-data" action=(paths::import_file(import.id)) {
                    // The token goes first: the file is read only behind it.
                    (parts::csrf(&chrome.csrf))
                    label { (reader.say("import-file"))
                        input type="file" name="file" required;
                    }
                    p.hint { (reader.with("import-file-what", &[("most", parts::bytes(LARGEST_UPLOAD_BYTES).into())])) }
                    button.main { (reader.say("import-send")) }
                }
            }
        }
        div data-live=(paths::import_live(import.id)) data-events=(paths::EVENTS) {
            (live(import, &chrome.csrf, reader))
        }
        p { a href=(paths::ENVIRONMENTS) { (reader.say("environments-all")) } }
    };
    document(chrome, if waits { Refresh::ByLink } else { Refresh::Always }, &body)
}

/// The import alone.
pub(in crate::web) fn fragment(import: &Import, csrf: &str, reader: &Reader) -> String {
    live(import, csrf, reader).into_string()
}

fn waits_for_file(import: &Import) -> bool {
    import.state == ImportState::Receiving
        && import.wish.source == Source::Upload
        && import.total_bytes == 0
        && import.done_bytes == 0
}

fn live(import: &Import, csrf: &str, reader: &Reader) -> Markup {
    html! {
        section.card {
            (far(import, reader))
            p.facts {
                (reader.say("import-by")) " " (import.by) " · " (reader.say("import-begun")) " "
                (parts::moment(import.started_at, reader))
            }
            @if import.state == ImportState::Done { p { (reader.say("import-done-what")) } }
            @if !import.state.is_over() {
                p.hint { (reader.say("import-goes-on")) }
                (cancel(import, csrf, reader))
            }
        }
    }
}

/// The latest imports.
pub(super) fn list(imports: &[Import], csrf: &str, reader: &Reader) -> Markup {
    html! {
        @if !imports.is_empty() {
            section.card {
                h2 { (reader.say("imports-title")) }
                ul.tokens {
                    @for import in imports {
                        li {
                            a href=(paths::import(import.id)) { (import.wish.name) } " " (far(import, reader))
                            span.far { (import.by) " · " (parts::away(import.started_at, reader)) }
                            @if !import.state.is_over() { (cancel(import, csrf, reader)) }
                        }
                    }
                }
            }
        }
    }
}

/// Where it stands, and how far it is.
fn far(import: &Import, reader: &Reader) -> Markup {
    let Import { state, done_bytes, total_bytes, problem, .. } = import;
    html! {
        @match state {
            ImportState::Receiving => (states::badge("wait", Shape::Clock, &reader.say("import-receiving"))),
            ImportState::Waiting => (states::badge("wait", Shape::Clock, &reader.say("import-waiting"))),
            ImportState::Unpacking => (states::badge("busy", Shape::Half, &reader.say("import-unpacking"))),
            ImportState::Storing => (states::badge("busy", Shape::Half, &reader.say("import-storing"))),
            ImportState::Done => (states::badge("good", Shape::Tick, &reader.say("import-done"))),
            ImportState::Failed => (states::badge("bad", Shape::Cross, &reader.say("import-failed"))),
            ImportState::Cancelled => (states::badge("idle", Shape::Bar, &reader.say("import-cancelled"))),
        }
        @if import.is_cancelled && !state.is_over() { " " (reader.say("import-stops")) }
        @if !state.is_over() && *total_bytes > 0 {
            p.progress {
                progress value=(done_bytes) max=(total_bytes) aria-label=(reader.say("import-progress")) { }
                span { (parts::bytes(*done_bytes)) " / " (parts::bytes(*total_bytes)) }
            }
        }
        @if !problem.is_empty() { p.wrong { (problem) } }
    }
}

fn cancel(import: &Import, csrf: &str, reader: &Reader) -> Markup {
    html! {
        @if !import.is_cancelled {
            form method="post" action=(paths::import_cancel(import.id)) {
                (parts::csrf(csrf))
                button.danger aria-label={ (reader.say("import-cancel")) ": " (import.wish.name) } { (reader.say("import-cancel")) }
            }
        }
    }
}
