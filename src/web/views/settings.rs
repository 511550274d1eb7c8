//! The settings page: SSH keys, password, API tokens. *Pure.*

use super::configure::key_line;
use super::layout::{Chrome, Refresh, document};
use super::link::password_fields;
use super::notifications::{self, Told};
use super::parts;
use crate::model::ssh_key::PublicKey;
use crate::store::sessions::Listed;
use crate::store::tokens::Token;
use crate::web::forms::Errors;
use crate::web::paths;
use maud::{Markup, html};

/// The settings page.
#[derive(Debug)]
pub(in crate::web) struct Page {
    pub(in crate::web) chrome: Chrome,
    pub(in crate::web) keys: Vec<PublicKey>,
    /// What was typed, if it could not be stored.
    pub(in crate::web) typed_keys: Option<String>,
    /// Whether the account has a password that must be given to change it.
    pub(in crate::web) has_password: bool,
    pub(in crate::web) tokens: Vec<Token>,
    pub(in crate::web) sessions: Vec<Listed>,
    pub(in crate::web) told: Told,
    pub(in crate::web) errors: Errors,
}

/// The settings page.
pub(in crate::web) fn page(page: &Page) -> String {
    let body = html! {
        div.columns {
            (keys(page))
            (password(page))
            (notifications::sections(&page.told, &page.errors, &page.chrome.csrf, &page.chrome.reader))
            (tokens(page))
            (sessions(page))
        }
    };
    document(&page.chrome, Refresh::Never, &body)
}

fn keys(page: &Page) -> Markup {
    let reader = &page.chrome.reader;
    let stored = || page.keys.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    let text = page.typed_keys.clone().unwrap_or_else(stored);
    let (invalid, described) = parts::marks(&page.errors, "ssh_keys");
    html! {
        section.card {
            h2 { (reader.say("settings-keys")) }
            p.hint { (reader.say("settings-keys-what")) }
            @if !page.keys.is_empty() {
                ul.keys { @for key in &page.keys { li { (key_line(key, reader)) } } }
            }
            form.fields method="post" action=(paths::SETTINGS_KEYS) {
                (parts::csrf(&page.chrome.csrf))
                label { (reader.say("settings-keys-label"))
                    textarea name="ssh_keys" rows="5" spellcheck="false" placeholder="ssh-ed25519 AAAAC3... you@host"
                        aria-invalid=[invalid] aria-describedby=[described] { "\n" (text) }
                }
                (parts::wrong(&page.errors, "ssh_keys"))
                button.main { (reader.say("settings-keys-save")) }
            }
        }
    }
}

fn password(page: &Page) -> Markup {
    let reader = &page.chrome.reader;
    let (invalid, described) = parts::marks(&page.errors, "password");
    html! {
        section.card {
            h2 { (reader.say("settings-password")) }
            p.hint { (reader.say("settings-password-what")) }
            form.fields method="post" action=(paths::SETTINGS_PASSWORD) {
                (parts::csrf(&page.chrome.csrf))
                @if page.has_password {
                    label { (reader.say("settings-password-present"))
                        input type="password" name="password" autocomplete="current-password" required
                            aria-invalid=[invalid] aria-describedby=[described];
                    }
                }
                (parts::wrong(&page.errors, "password"))
                (password_fields(&page.errors, reader))
                button.main { (reader.say("settings-password-do")) }
            }
        }
    }
}

fn tokens(page: &Page) -> Markup {
    let reader = &page.chrome.reader;
    let (invalid, described) = parts::marks(&page.errors, "token_name");
    html! {
        section.card {
            h2 { (reader.say("settings-tokens")) }
            p.hint {
                (reader.say("settings-tokens-what")) " " a href=(paths::OPENAPI) { (reader.say("settings-tokens-document")) }
            }
            @if !page.tokens.is_empty() {
                ul.tokens {
                    @for token in &page.tokens {
                        li {
                            span.node-name { (token.name) }
                            span.far { (reader.say("settings-token-made-at")) " " (parts::moment(token.created_at, &page.chrome.reader)) }
                            form method="post" action=(paths::revoke(token.id)) {
                                (parts::csrf(&page.chrome.csrf))
                                button.quiet aria-label=(reader.with("settings-token-revoke-name", &[("name", token.name.as_str().into())])) {
                                    (reader.say("settings-token-revoke"))
                                }
                            }
                        }
                    }
                }
            }
            form.fields method="post" action=(paths::SETTINGS_TOKENS) {
                (parts::csrf(&page.chrome.csrf))
                label { (reader.say("settings-token-what-for"))
                    input type="text" name="name" maxlength="64" required
                        aria-invalid=[invalid] aria-describedby=[described];
                }
                (parts::wrong(&page.errors, "token_name"))
                button.main { (reader.say("settings-token-make")) }
            }
        }
    }
}

fn sessions(page: &Page) -> Markup {
    let reader = &page.chrome.reader;
    html! {
        section.card {
            h2 { (reader.say("settings-sessions")) }
            p.hint { (reader.say("settings-sessions-what")) }
            ul.tokens {
                @for session in &page.sessions {
                    li {
                        span.node-name { @if session.address.is_empty() { "?" } @else { (session.address) } }
                        span.far { (session.browser) }
                        span.far { (reader.say("settings-session-since")) " " (parts::moment(session.created_at, reader)) }
                        @if session.is_own { strong { (reader.say("settings-session-own")) } } @else {
                            form method="post" action=(paths::end_session(&session.name)) {
                                (parts::csrf(&page.chrome.csrf))
                                button.quiet { (reader.say("settings-session-end")) }
                            }
                        }
                    }
                }
            }
        }
    }
}
