//! The editor of a script: a text area that says how long it is. *Pure.*

use crate::model::reservation::LONGEST_SCRIPT_BYTES;
use crate::web::forms::Errors;
use crate::web::reader::Reader;
use crate::web::views::parts;
use maud::{Markup, html};

/// The editor of a script; the script of the page counts on, and refuses what is too long before it is sent.
pub(super) fn editor(
    name: &str,
    label: &str,
    text: &str,
    rows: u32,
    errors: &Errors,
    reader: &Reader,
) -> Markup {
    let (invalid, wrong) = parts::marks(errors, name);
    let measure = format!("{name}-length");
    let described = wrong.map_or_else(|| measure.clone(), |wrong| format!("{wrong} {measure}"));
    let too_long = reader.with("configure-script-most", &[("most", LONGEST_SCRIPT_BYTES.into())]);
    html! {
        label { (label)
            textarea name=(name) rows=(rows) spellcheck="false" autocapitalize="off" autocomplete="off" wrap="off"
                placeholder="#!/bin/sh" maxlength=(LONGEST_SCRIPT_BYTES) data-most=(LONGEST_SCRIPT_BYTES)
                data-wrong=(too_long) data-measure=(measure) aria-invalid=[invalid] aria-describedby=(described) {
                // A browser drops the first line break of a text area.
                "\n" (text)
            }
        }
        p.hint #(measure) {
            (reader.say("configure-script-lines")) " " span { (text.lines().count()) } ", "
            (reader.say("configure-script-bytes")) " " span { (text.len()) } " / " (LONGEST_SCRIPT_BYTES)
        }
        (parts::wrong(errors, name))
    }
}
