//! Password and keys. *Pure.*

use super::page::Page;
use crate::model::ssh_key::PublicKey;
use crate::model::user::SHORTEST_PASSWORD;
use crate::web::forms::Errors;
use crate::web::paths;
use crate::web::reader::Reader;
use crate::web::views::parts;
use maud::{Markup, html};

/// How people get into the deployed systems.
pub(super) fn fields(page: &Page) -> Markup {
    let Page { form, errors, account_keys, chrome, .. } = page;
    let reader = &chrome.reader;
    let (invalid, described) = parts::marks(errors, "ssh_keys");
    html! {
        fieldset.card {
            legend { (reader.say("configure-access")) }
            (password(form.is_given, errors, reader))
            p { (reader.say("configure-account-keys")) }
            @if account_keys.is_empty() {
                p.hint {
                    (reader.say("configure-no-keys")) " "
                    a href=(paths::SETTINGS) { (reader.say("configure-add-keys")) }
                }
            } @else {
                ul.keys { @for key in account_keys { li { (key_line(key, reader)) } } }
            }
            label { (reader.say("configure-more-keys"))
                textarea name="ssh_keys" rows="2" spellcheck="false" placeholder="ssh-ed25519 AAAAC3... you@host"
                    aria-invalid=[invalid] aria-describedby=[described] { "\n" (form.ssh_keys) }
            }
            (parts::wrong(errors, "ssh_keys"))
        }
    }
}

/// Made or given; a given one is never sent back to the page.
fn password(is_given: bool, errors: &Errors, reader: &Reader) -> Markup {
    let (invalid, described) = parts::marks(errors, "password");
    html! {
        p #password-name { (reader.say("configure-password")) }
        label.option {
            input type="radio" name="password_is" value="made" checked[!is_given];
            span { (reader.say("configure-password-made")) }
        }
        div.row {
            label.option {
                input type="radio" name="password_is" value="given" checked[is_given];
                span { (reader.say("configure-password-given")) }
            }
            input.inline type="password" name="password" autocomplete="new-password" minlength=(SHORTEST_PASSWORD)
                maxlength="128" aria-labelledby="password-name" aria-invalid=[invalid] aria-describedby=[described];
        }
        (parts::wrong(errors, "password"))
    }
}

/// A key as people recognise it.
pub(in crate::web::views) fn key_line(key: &PublicKey, reader: &Reader) -> Markup {
    html! {
        span.node-name { @if key.comment().is_empty() { (reader.say("key-no-comment")) } @else { (key.comment()) } }
        " " span.facts { (key.algorithm()) } " " code.fingerprint { (key.fingerprint()) }
    }
}
