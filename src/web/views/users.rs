//! The accounts, for administrators. *Pure.*

use super::layout::{Chrome, Refresh, document};
use super::shapes::Shape;
use super::{parts, states};
use crate::model::ids::UserId;
use crate::model::user::{Account, Role, SignUpPolicy};
use crate::model::version::Version;
use crate::web::forms::Errors;
use crate::web::paths;
use crate::web::reader::Reader;
use maud::{Markup, html};

/// The accounts.
#[derive(Debug)]
pub(in crate::web) struct Page {
    pub(in crate::web) chrome: Chrome,
    /// The account that looks: it cannot remove itself.
    pub(in crate::web) own: UserId,
    pub(in crate::web) accounts: Vec<Account>,
    /// Who may sign up, or what was typed and could not be stored.
    pub(in crate::web) policy: SignUpPolicy,
    /// What is stored, and its version.
    pub(in crate::web) stored: SignUpPolicy,
    pub(in crate::web) version: Version,
    /// The address that was typed for a new account.
    pub(in crate::web) typed: String,
    /// The domains that were typed, if they could not be stored.
    pub(in crate::web) typed_domains: Option<String>,
    pub(in crate::web) errors: Errors,
}

/// The accounts.
pub(in crate::web) fn page(page: &Page) -> String {
    let body = html! {
        p { a href=(paths::RULES) { (page.chrome.reader.say("rules-title")) } }
        section.card { (table(page)) }
        div.columns {
            (add(page))
            (policy(page))
        }
    };
    document(&page.chrome, Refresh::Never, &body)
}

fn table(page: &Page) -> Markup {
    let reader = &page.chrome.reader;
    html! {
        div.scroll {
            table {
                thead {
                    tr {
                        th { (reader.say("users-account")) }
                        th { (reader.say("users-role")) }
                        th { (reader.say("users-made")) }
                        th { (reader.say("users-seen")) }
                        th { (reader.say("users-reservations")) }
                        th { (reader.say("users-actions")) }
                    }
                }
                tbody { @for account in &page.accounts { (row(page, account)) } }
            }
        }
    }
}

fn row(page: &Page, account: &Account) -> Markup {
    let reader = &page.chrome.reader;
    html! {
        tr {
            td {
                strong { (account.email) }
                @if !account.name.is_empty() { br; (account.name) }
                @if account.confirmed_at.is_some() { br; span.far { (reader.say("users-confirmed")) } }
            }
            td { (role(account.role, reader)) }
            td { (parts::moment(account.created_at, reader)) }
            td { @match account.seen_at { Some(at) => (parts::moment(at, reader)), None => (reader.say("users-never")) } }
            td { (account.reservations) }
            td { (actions(page, account)) }
        }
    }
}

fn role(role: Role, reader: &Reader) -> Markup {
    match role {
        Role::Pending => states::badge("warn", Shape::Triangle, &reader.say("role-pending")),
        Role::User => states::badge("good", Shape::Tick, &reader.say("role-user")),
        Role::Admin => states::badge("busy", Shape::Half, &reader.say("role-admin")),
    }
}

fn actions(page: &Page, account: &Account) -> Markup {
    let (reader, csrf) = (&page.chrome.reader, &page.chrome.csrf);
    let to = |role: Role, text: &str| {
        html! {
            form method="post" action=(paths::user_role(account.id)) {
                (parts::csrf(csrf))
                (parts::version(&account.version()))
                button.quiet name="role" value=(role.as_str()) aria-label={ (reader.say(text)) ": " (account.email) } {
                    (reader.say(text))
                }
            }
        }
    };
    html! {
        div.actions {
            @match account.role {
                Role::Pending => (to(Role::User, "users-accept")),
                Role::User => {
                    (to(Role::Admin, "users-promote"))
                    (to(Role::Pending, "users-revoke"))
                }
                Role::Admin => (to(Role::User, "users-demote")),
            }
            form method="post" action=(paths::user_link(account.id)) {
                (parts::csrf(csrf))
                button.quiet aria-label={ (reader.say("users-link")) ": " (account.email) } { (reader.say("users-link")) }
            }
            @if account.id != page.own { (remove(account, csrf, reader)) }
        }
    }
}

fn remove(account: &Account, csrf: &str, reader: &Reader) -> Markup {
    html! {
        details.confirm id={ "remove-" (account.id) } {
            summary { (reader.say("users-remove-ask")) }
            form method="post" action=(paths::user_remove(account.id)) {
                (parts::csrf(csrf))
                (parts::version(&account.version()))
                p { (reader.with("users-remove-effect", &[("count", account.reservations.into())])) }
                button.danger { (reader.with("users-remove", &[("email", account.email.as_str().into())])) }
            }
        }
    }
}

fn add(page: &Page) -> Markup {
    let reader = &page.chrome.reader;
    let (invalid, described) = parts::marks(&page.errors, "email");
    html! {
        section.card {
            h2 { (reader.say("users-add")) }
            p.hint { (reader.say("users-add-what")) }
            form.fields method="post" action=(paths::USERS) {
                (parts::csrf(&page.chrome.csrf))
                label { (reader.say("sign-in-email"))
                    input type="email" name="email" value=(page.typed) required
                        aria-invalid=[invalid] aria-describedby=[described];
                }
                (parts::wrong(&page.errors, "email"))
                label.option {
                    input type="checkbox" name="role" value=(Role::Admin.as_str());
                    span { (reader.say("administrator")) }
                }
                button.main { (reader.say("users-add-do")) }
            }
        }
    }
}

fn policy(page: &Page) -> Markup {
    let (reader, policy) = (&page.chrome.reader, &page.policy);
    let (invalid, described) = parts::marks(&page.errors, "domains");
    let domains = page.typed_domains.clone().unwrap_or_else(|| policy.domains.join(", "));
    html! {
        section.card {
            h2 { (reader.say("policy-title")) }
            form.fields method="post" action=(paths::USERS_POLICY) {
                (parts::csrf(&page.chrome.csrf))
                (parts::version(&page.version))
                @if let Some(text) = page.errors.at("policy") {
                    p.wrong role="alert" { (text) }
                    p.hint { (reader.say("stale-stored")) " " (reader.say("policy-open")) ": "
                        (yes(page.stored.is_open)) " · " (reader.say("policy-domains")) ": "
                        (page.stored.domains.join(", ")) " · " (reader.say("policy-confirmed")) ": "
                        (yes(page.stored.confirmed_is_enough)) }
                }
                label.option {
                    input type="checkbox" name="is_open" checked[policy.is_open];
                    span { (reader.say("policy-open")) }
                }
                label { (reader.say("policy-domains"))
                    input type="text" name="domains" value=(domains) placeholder="lab.example, uni.example"
                        aria-invalid=[invalid] aria-describedby=[described];
                }
                (parts::wrong(&page.errors, "domains"))
                label.option {
                    input type="checkbox" name="confirmed_is_enough" checked[policy.confirmed_is_enough];
                    span { (reader.say("policy-confirmed")) }
                }
                button.main { (reader.say("policy-save")) }
            }
        }
    }
}

fn yes(is_so: bool) -> &'static str {
    if is_so { "✓" } else { "–" }
}
