//! The page as a whole. *Pure.*

use super::{access, environments, nodes, script, templates};
use crate::model::agent::{Offer, ReservationView};
use crate::model::ssh_key::PublicKey;
use crate::model::template::Template;
use crate::web::forms::Errors;
use crate::web::forms::configure::{Configure, OTHER_SIZE, SIZES};
use crate::web::paths;
use crate::web::reader::Reader;
use crate::web::views::layout::{Chrome, Refresh, document};
use crate::web::views::{hold, parts};
use maud::{Markup, html};

/// The page on which is said what shall be put on a reservation's nodes.
#[derive(Debug)]
pub(in crate::web) struct Page {
    pub(in crate::web) chrome: Chrome,
    pub(in crate::web) reservation: ReservationView,
    /// The environments that boot on at least one of the nodes.
    pub(in crate::web) offers: Vec<Offer>,
    /// How many others there are.
    pub(in crate::web) unfit: usize,
    /// Keys of the owner's account.
    pub(in crate::web) account_keys: Vec<PublicKey>,
    /// The reader's own.
    pub(in crate::web) templates: Vec<Template>,
    pub(in crate::web) form: Configure,
    pub(in crate::web) errors: Errors,
}

/// The page on which is said what shall be put on a reservation's nodes.
pub(in crate::web) fn page(page: &Page) -> String {
    let Page { chrome, reservation, templates, errors, form, .. } = page;
    let reader = &chrome.reader;
    let names: Vec<&str> = reservation.nodes.iter().map(|node| node.node.as_str()).collect();
    let body = html! {
        p {
            strong { (reservation.name) } ": " (names.join(", ")) ", "
            (reader.say("configure-from")) " " (parts::moment(reservation.start, reader)) " "
            (reader.say("configure-until")) " " (parts::moment(reservation.end, reader))
        }
        @if let Some(until) = reservation.held_until { (hold::countdown(until, reader)) }
        (templates::choose(templates, reservation.id, &chrome.csrf, reader))
        form.fields.wide method="post" action=(paths::configure(reservation.id)) {
            (parts::csrf(&chrome.csrf))
            @if let Some(text) = errors.at("form") { p.wrong role="alert" { (text) } }
            (environments::field(page))
            (size_field(form, errors, reader))
            (access::fields(page))
            (extras(form, errors, reader))
            (nodes::fields(page))
            div.actions {
                button.main {
                    @if reservation.start > reader.now { (reader.say("configure-later")) }
                    @else { (reader.say("configure-now")) }
                }
                p.hint { (reader.say("configure-overwritten")) }
            }
            (templates::save(page))
        }
        (give_back(reservation, &chrome.csrf, reader))
    };
    document(chrome, Refresh::Never, &body)
}

/// A size in the reader's words.
pub(super) fn size_shown(size: &str, reader: &Reader) -> String {
    match size {
        "whole" => reader.say("configure-size-whole"),
        OTHER_SIZE => reader.say("configure-size-other"),
        size => size.replace("GB", " GB"),
    }
}

fn size_field(form: &Configure, errors: &Errors, reader: &Reader) -> Markup {
    let (invalid, described) = parts::marks(errors, "partition_size");
    html! {
        fieldset.card {
            legend { (reader.say("configure-size")) }
            (parts::wrong(errors, "partition_size"))
            div.row {
                @for value in SIZES.into_iter().chain([OTHER_SIZE]) {
                    label.option {
                        input type="radio" name="partition_size" value=(value) checked[form.size == value];
                        span { (size_shown(value, reader)) }
                    }
                }
                input.inline type="text" name="other_size" value=(form.other_size)
                    placeholder=(reader.say("configure-size-example"))
                    aria-label=(reader.say("configure-size-other-name"))
                    aria-invalid=[invalid] aria-describedby=[described];
            }
        }
    }
}

fn extras(form: &Configure, errors: &Errors, reader: &Reader) -> Markup {
    html! {
        fieldset.card {
            legend { (reader.say("configure-end")) }
            (script::editor("user_script", &reader.say("configure-script"), &form.user_script, 8, errors, reader))
            label.option {
                input type="checkbox" name="system_update" checked[form.system_update];
                span { (reader.say("configure-update")) }
            }
        }
    }
}

fn give_back(reservation: &ReservationView, csrf: &str, reader: &Reader) -> Markup {
    html! {
        form.apart method="post" action=(paths::release(reservation.id)) {
            (parts::csrf(csrf))
            button.quiet { (reader.say("configure-cancel")) }
        }
    }
}
