//! What can be deployed: the list, bringing an image in, and one environment with its form. *Pure.*

use super::discovered::field;
use super::layout::{Chrome, Refresh, document};
use super::shapes::Shape;
use super::{imports, parts, states};
use crate::model::ids::UserId;
use crate::model::image_import::Import;
use crate::model::sharing::{CatalogueEntry, Sharing};
use crate::web::forms::Errors;
use crate::web::forms::environment::{EnvironmentForm, ImportForm};
use crate::web::paths;
use crate::web::reader::Reader;
use maud::{Markup, html};

/// All environments that somebody may use.
#[derive(Debug)]
pub(in crate::web) struct Page {
    pub(in crate::web) chrome: Chrome,
    pub(in crate::web) looks: Looks,
    /// Files that can be imported without being sent.
    pub(in crate::web) incoming: Vec<String>,
    pub(in crate::web) form: ImportForm,
    pub(in crate::web) errors: Errors,
}

/// What changes on the page.
#[derive(Debug)]
pub(in crate::web) struct Looks {
    pub(in crate::web) entries: Vec<CatalogueEntry>,
    pub(in crate::web) imports: Vec<Import>,
    pub(in crate::web) is_admin: bool,
}

/// One environment with its form.
#[derive(Debug)]
pub(in crate::web) struct One {
    pub(in crate::web) chrome: Chrome,
    pub(in crate::web) entry: CatalogueEntry,
    pub(in crate::web) user: UserId,
    pub(in crate::web) is_admin: bool,
    pub(in crate::web) form: EnvironmentForm,
    pub(in crate::web) errors: Errors,
}

/// All environments that somebody may use.
pub(in crate::web) fn page(page: &Page) -> String {
    let Page { chrome, looks, incoming, form, errors } = page;
    let reader = &chrome.reader;
    let body = html! {
        div data-live=(paths::ENVIRONMENTS_LIVE) data-events=(paths::EVENTS) { (shown(looks, &chrome.csrf, reader)) }
        (bring_in(form, errors, incoming, looks.is_admin, chrome))
    };
    document(chrome, Refresh::ByLink, &body)
}

/// What changes on the page, alone.
pub(in crate::web) fn fragment(looks: &Looks, csrf: &str, reader: &Reader) -> String {
    shown(looks, csrf, reader).into_string()
}

fn shown(looks: &Looks, csrf: &str, reader: &Reader) -> Markup {
    html! {
        (imports::list(&looks.imports, csrf, reader))
        section.card {
            @if looks.entries.is_empty() { p { (reader.say("environments-empty")) } } @else {
                div.scroll {
                    table {
                        thead {
                            tr {
                                th { (reader.say("environments-name")) }
                                th { (reader.say("environments-sharing")) }
                                th { (reader.say("environments-sizes")) }
                                th { (reader.say("environments-imported")) }
                                th { (reader.say("environments-uses")) }
                            }
                        }
                        tbody { @for entry in &looks.entries { (row(entry, looks, csrf, reader)) } }
                    }
                }
            }
        }
    }
}

fn row(entry: &CatalogueEntry, looks: &Looks, csrf: &str, reader: &Reader) -> Markup {
    let it = &entry.environment;
    let digest = it.digest.to_string();
    let short: String = digest.chars().take(12).collect();
    html! {
        tr id={ "environment-" (it.name) } {
            td {
                a href=(paths::environment(it.id)) { strong { (it.name) } }
                br; (it.description)
                p.facts { (it.family.shown()) " · " (reader.say("environments-user")) " " code { (it.ssh_user) } }
            }
            td {
                (badge(entry.sharing, reader))
                p.facts { @match &entry.owner { Some((_, email)) => (email), None => (reader.say("environments-of-site")) } }
                @if !entry.refusal.is_empty() { p.facts { (reader.say("environments-refused")) " " (entry.refusal) } }
                @if looks.is_admin && entry.sharing == Sharing::Asked { (review(entry, csrf, reader)) }
            }
            td {
                (reader.say("environments-card")) " " (parts::bytes(it.disk_bytes)) br;
                (reader.say("environments-written")) " " (parts::bytes(it.used_bytes)) br;
                (reader.say("environments-stored")) " " (parts::bytes(it.stored_bytes))
                p.facts { code title=(digest) { (short) } }
            }
            td {
                (parts::moment(it.imported_at, reader))
                p.facts {
                    @if entry.imported_by.is_empty() { (reader.say("environments-command-line")) } @else { (entry.imported_by) }
                }
            }
            td { (reader.with("environments-used", &[("count", entry.used_by.len().into())])) }
        }
    }
}

fn badge(sharing: Sharing, reader: &Reader) -> Markup {
    match sharing {
        Sharing::Private => states::badge("idle", Shape::Bar, &reader.say("sharing-private")),
        Sharing::Asked => states::badge("wait", Shape::Clock, &reader.say("sharing-asked")),
        Sharing::Shared => states::badge("good", Shape::Ring, &reader.say("sharing-shared")),
        Sharing::Default => states::badge("good", Shape::Tick, &reader.say("sharing-default")),
    }
}

/// Accepts, or refuses with a reason.
fn review(entry: &CatalogueEntry, csrf: &str, reader: &Reader) -> Markup {
    let it = &entry.environment;
    html! {
        div.actions {
            (share(entry, "share", &reader.say("sharing-accept"), csrf))
            details.confirm id={ "refuse-" (it.name) } {
                summary { (reader.say("sharing-refuse-ask")) }
                form method="post" action=(paths::environment_sharing(it.id)) {
                    (parts::csrf(csrf))
                    label { (reader.say("quarantine-reason")) input type="text" name="reason" required maxlength="200"; }
                    button.danger name="do" value="refuse" { (reader.say("sharing-refuse")) }
                }
            }
        }
    }
}

fn share(entry: &CatalogueEntry, word: &str, text: &str, csrf: &str) -> Markup {
    html! {
        form method="post" action=(paths::environment_sharing(entry.environment.id)) {
            (parts::csrf(csrf))
            button name="do" value=(word) aria-label={ (text) ": " (entry.environment.name) } { (text) }
        }
    }
}

fn bring_in(
    form: &ImportForm,
    errors: &Errors,
    incoming: &[String],
    is_admin: bool,
    chrome: &Chrome,
) -> Markup {
    let reader = &chrome.reader;
    html! {
        details.apart #import open[!errors.is_empty()] {
            summary { (reader.say("import-title")) }
            form.card.fields.narrow method="post" action=(paths::IMPORTS) {
                (parts::csrf(&chrome.csrf))
                @if let Some(text) = errors.at("form") { p.wrong role="alert" { (text) } }
                p.hint { (reader.say("import-what")) }
                (field("name", &reader.say("environments-name"), &form.name, errors))
                (field("description", &reader.say("import-description"), &form.description, errors))
                (field("ssh_user", &reader.say("import-user"), &form.ssh_user, errors))
                @if is_admin {
                    label.option {
                        input type="checkbox" name="site" value="1" checked[form.is_for_site];
                        span { (reader.say("import-for-site")) }
                    }
                    label { (reader.say("import-source"))
                        select name="file" {
                            option value="" { (reader.say("import-source-upload")) }
                            @for file in incoming { option value=(file) selected[form.file == *file] { (file) } }
                        }
                    }
                    (parts::wrong(errors, "file"))
                    p.hint { (reader.say("import-source-what")) }
                }
                button.main { (reader.say("import-begin")) }
            }
        }
    }
}

/// One environment with its form.
pub(in crate::web) fn one(page: &One) -> String {
    let One { chrome, entry, user, is_admin, form, errors } = page;
    let (reader, it) = (&chrome.reader, &entry.environment);
    let is_changed = entry.is_changed_by(*user, *is_admin);
    let body = html! {
        div.split {
            @if is_changed {
                form.card.fields method="post" action=(paths::environment(it.id)) {
                    (parts::csrf(&chrome.csrf))
                    @if let Some(text) = errors.at("form") { p.wrong role="alert" { (text) } }
                    (field("name", &reader.say("environments-name"), &form.name, errors))
                    (field("description", &reader.say("environments-description"), &form.description, errors))
                    (field("ssh_user", &reader.say("environments-user"), &form.ssh_user, errors))
                    button.main { (reader.say("node-save")) }
                }
            } @else {
                section.card { p { (it.description) } p.facts { (it.family.shown()) } }
            }
            section.card {
                (badge(entry.sharing, reader))
                @if !entry.refusal.is_empty() { p { (reader.say("environments-refused")) " " (entry.refusal) } }
                p.facts { "BLAKE3 " code { (it.digest) } }
                (used(entry, reader))
                (sharing(entry, *user, *is_admin, chrome))
                @if is_changed { (removal(entry, &chrome.csrf, reader)) }
            }
        }
        p { a href=(paths::ENVIRONMENTS) { (reader.say("environments-all")) } }
    };
    document(chrome, Refresh::Never, &body)
}

fn used(entry: &CatalogueEntry, reader: &Reader) -> Markup {
    html! {
        p { (reader.with("environments-used", &[("count", entry.used_by.len().into())])) }
        ul { @for it in &entry.used_by { li.facts { (it.reservation) " " (it.name) " · " (it.owner) } } }
    }
}

fn sharing(entry: &CatalogueEntry, user: UserId, is_admin: bool, chrome: &Chrome) -> Markup {
    let (reader, csrf, state) = (&chrome.reader, chrome.csrf.as_str(), entry.sharing);
    let is_owner = entry.is_owned_by(user);
    html! {
        div.actions {
            @if is_admin && state == Sharing::Asked { (review(entry, csrf, reader)) }
            @if is_admin && matches!(state, Sharing::Private | Sharing::Default) {
                (share(entry, "share", &reader.say("sharing-share"), csrf))
            }
            @if is_admin && state != Sharing::Default { (share(entry, "default", &reader.say("sharing-make-default"), csrf)) }
            @if is_owner && !is_admin && state == Sharing::Private { (share(entry, "ask", &reader.say("sharing-ask"), csrf)) }
            @if (is_admin && state.is_for_all()) || (is_owner && state == Sharing::Asked) {
                (share(entry, "private", &reader.say("sharing-make-private"), csrf))
            }
        }
    }
}

fn removal(entry: &CatalogueEntry, csrf: &str, reader: &Reader) -> Markup {
    let it = &entry.environment;
    html! {
        details.confirm id={ "remove-" (it.id) } {
            summary { (reader.say("switch-remove-ask")) }
            form method="post" action=(paths::environment_remove(it.id)) {
                (parts::csrf(csrf))
                p { (reader.say("environments-remove-effect")) }
                button.danger { (reader.with("switch-remove", &[("switch", it.name.as_str().into())])) }
            }
        }
    }
}
