//! The page on which is said what shall be put on a reservation's nodes. *Pure.*

use super::layout::{Chrome, Refresh, document};
use super::parts;
use crate::model::agent::{EnvironmentView, ReservationView};
use crate::model::reservation::LONGEST_SCRIPT_BYTES;
use crate::model::ssh_key::PublicKey;
use crate::model::user::SHORTEST_PASSWORD;
use crate::web::forms::Errors;
use crate::web::forms::configure::{Configure, OTHER_SIZE};
use crate::web::paths;
use crate::web::reader::Reader;
use maud::{Markup, html};

/// The page on which is said what shall be put on a reservation's nodes.
#[derive(Debug)]
pub(in crate::web) struct Page {
    pub(in crate::web) chrome: Chrome,
    pub(in crate::web) reservation: ReservationView,
    pub(in crate::web) environments: Vec<EnvironmentView>,
    /// Keys of the owner's account.
    pub(in crate::web) account_keys: Vec<PublicKey>,
    pub(in crate::web) form: Configure,
    pub(in crate::web) errors: Errors,
}

/// The page on which is said what shall be put on a reservation's nodes.
pub(in crate::web) fn page(page: &Page) -> String {
    let Page { chrome, reservation, environments, errors, form, .. } = page;
    let reader = &chrome.reader;
    let names: Vec<&str> = reservation.nodes.iter().map(|node| node.node.as_str()).collect();
    let body = html! {
        p {
            strong { (reservation.name) } ": " (names.join(", ")) ", from " (parts::moment(reservation.start, reader))
            " until " (parts::moment(reservation.end, reader))
        }
        form.fields.wide method="post" action=(paths::configure(reservation.id)) {
            (parts::csrf(&chrome.csrf))
            @if let Some(text) = errors.at("form") { p.wrong role="alert" { (text) } }
            (environment_field(environments, form, errors))
            (size_field(form, errors))
            (access(page))
            (extras(form, errors))
            div.actions {
                button.main { @if reservation.start > reader.now { "Deploy at the start" } @else { "Deploy now" } }
                p.hint { "The cards of all nodes are overwritten." }
            }
        }
        (give_back(reservation, &chrome.csrf))
    };
    document(chrome, Refresh::Never, &body)
}

/// Reservations that can be configured, to choose one.
#[derive(Debug)]
pub(in crate::web) struct Choice {
    pub(in crate::web) chrome: Chrome,
    pub(in crate::web) reservations: Vec<ReservationView>,
}

/// Reservations that can be configured, to choose one.
pub(in crate::web) fn choice(page: &Choice) -> String {
    let body = html! {
        @if page.reservations.is_empty() {
            section.card {
                p { "No reservation waits for its configuration." }
                p { a href=(paths::RESERVE) { "Reserve nodes" } " first, or see the ones in use under "
                    a href=(paths::MANAGE) { "Manage" } "." }
            }
        }
        @for reservation in &page.reservations {
            section.card {
                h2 { a href=(paths::configure(reservation.id)) { (reservation.name) } }
                p { (reservation.nodes.len()) " nodes, from " (parts::moment(reservation.start, &page.chrome.reader))
                    " until " (parts::moment(reservation.end, &page.chrome.reader)) }
                p {
                    @match &reservation.environment {
                        Some(environment) => { "Configured with " strong { (environment) } "; can still be changed." }
                        None => "Not configured yet.",
                    }
                }
            }
        }
    };
    document(&page.chrome, Refresh::Never, &body)
}

fn environment_field(environments: &[EnvironmentView], form: &Configure, errors: &Errors) -> Markup {
    html! {
        fieldset.card {
            legend { "Environment" }
            (parts::wrong(errors, "environment"))
            @if environments.is_empty() {
                p { "There are no environments yet. An administrator imports one with "
                    code { "pimaster image import" } "." }
            }
            @for (at, environment) in environments.iter().enumerate() {
                @let chosen = if form.environment.is_empty() { at == 0 } else { form.environment == environment.name };
                label.option {
                    input type="radio" name="environment" value=(environment.name) required checked[chosen];
                    span.node-name { (environment.name) }
                    span.facts {
                        (environment.family.shown()) " · " (parts::bytes(environment.used_bytes)) " to write · card of "
                        (parts::bytes(environment.disk_bytes)) " or more · sign in as " code { (environment.ssh_user) }
                    }
                    @if !environment.description.is_empty() { span.far { (environment.description) } }
                }
            }
        }
    }
}

fn size_field(form: &Configure, errors: &Errors) -> Markup {
    let sizes = [
        ("whole", "the whole card"),
        ("2GB", "2 GB"),
        ("5GB", "5 GB"),
        ("10GB", "10 GB"),
        (OTHER_SIZE, "other"),
    ];
    let (invalid, described) = parts::marks(errors, "partition_size");
    html! {
        fieldset.card {
            legend { "Root partition" }
            (parts::wrong(errors, "partition_size"))
            div.row {
                @for (value, shown) in sizes {
                    label.option {
                        input type="radio" name="partition_size" value=(value) checked[form.size == value];
                        span { (shown) }
                    }
                }
                input.inline type="text" name="other_size" value=(form.other_size) placeholder="7GB, or bytes"
                    aria-label="Other size" aria-invalid=[invalid] aria-describedby=[described];
            }
        }
    }
}

fn access(page: &Page) -> Markup {
    let Page { form, errors, account_keys, .. } = page;
    let (password_invalid, password_described) = parts::marks(errors, "password");
    let (keys_invalid, keys_described) = parts::marks(errors, "ssh_keys");
    html! {
        fieldset.card {
            legend { "Access" }
            label { "Password of the system, empty to have one made"
                input type="password" name="password" autocomplete="new-password" minlength=(SHORTEST_PASSWORD)
                    maxlength="128" aria-invalid=[password_invalid] aria-describedby=[password_described];
            }
            (parts::wrong(errors, "password"))
            p { "SSH keys of the account, installed on every node:" }
            @if account_keys.is_empty() {
                p.hint { "None yet. " a href=(paths::SETTINGS) { "Add one in the settings" } ", or give one here." }
            } @else {
                ul.keys {
                    @for key in account_keys { li { (key_line(key, &page.chrome.reader)) } }
                }
            }
            label { "More SSH keys for these nodes, one per line"
                textarea name="ssh_keys" rows="2" spellcheck="false" placeholder="ssh-ed25519 AAAAC3... you@host"
                    aria-invalid=[keys_invalid] aria-describedby=[keys_described] { (form.ssh_keys) }
            }
            (parts::wrong(errors, "ssh_keys"))
        }
    }
}

fn extras(form: &Configure, errors: &Errors) -> Markup {
    let (invalid, described) = parts::marks(errors, "user_script");
    html! {
        fieldset.card {
            legend { "At the end" }
            label { "Script to run as root, at most " (LONGEST_SCRIPT_BYTES / 1024) " KiB"
                textarea name="user_script" rows="5" spellcheck="false" placeholder="#!/bin/sh"
                    aria-invalid=[invalid] aria-describedby=[described] { "\n" (form.user_script) }
            }
            (parts::wrong(errors, "user_script"))
            label.option {
                input type="checkbox" name="system_update" checked[form.system_update];
                span { "Update the packages of the system (takes minutes)" }
            }
        }
    }
}

/// A key as people recognise it.
pub(super) fn key_line(key: &PublicKey, reader: &Reader) -> Markup {
    html! {
        span.node-name { @if key.comment().is_empty() { (reader.say("key-no-comment")) } @else { (key.comment()) } }
        " " span.facts { (key.algorithm()) } " " code.fingerprint { (key.fingerprint()) }
    }
}

fn give_back(reservation: &ReservationView, csrf: &str) -> Markup {
    html! {
        form.apart method="post" action=(paths::release(reservation.id)) {
            (parts::csrf(csrf))
            button.quiet { "Cancel the reservation" }
        }
    }
}
