//! The settings page: SSH keys, password, API tokens. *Pure.*

use super::configure::key_line;
use super::layout::{Chrome, Refresh, document};
use super::link::password_fields;
use super::parts;
use crate::model::clock::Timestamp;
use crate::model::ssh_key::PublicKey;
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
    pub(in crate::web) errors: Errors,
    pub(in crate::web) now: Timestamp,
}

/// The settings page.
pub(in crate::web) fn page(page: &Page) -> String {
    let body = html! {
        div.columns {
            (keys(page))
            (password(page))
            (tokens(page))
        }
    };
    document(&page.chrome, Refresh::Never, &body)
}

fn keys(page: &Page) -> Markup {
    let stored = || page.keys.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    let text = page.typed_keys.clone().unwrap_or_else(stored);
    let (invalid, described) = parts::marks(&page.errors, "ssh_keys");
    html! {
        section.card {
            h2 { "SSH keys" }
            p.hint { "Installed on every node that you deploy from now on." }
            @if !page.keys.is_empty() {
                ul.keys { @for key in &page.keys { li { (key_line(key)) } } }
            }
            form.fields method="post" action=(paths::SETTINGS_KEYS) {
                (parts::csrf(&page.chrome.csrf))
                label { "Public keys, one per line"
                    textarea name="ssh_keys" rows="5" spellcheck="false" placeholder="ssh-ed25519 AAAAC3... you@host"
                        aria-invalid=[invalid] aria-describedby=[described] { "\n" (text) }
                }
                (parts::wrong(&page.errors, "ssh_keys"))
                button.main { "Save the keys" }
            }
        }
    }
}

fn password(page: &Page) -> Markup {
    let (invalid, described) = parts::marks(&page.errors, "password");
    html! {
        section.card {
            h2 { "Password" }
            p.hint { "A new password signs out your other browsers." }
            form.fields method="post" action=(paths::SETTINGS_PASSWORD) {
                (parts::csrf(&page.chrome.csrf))
                @if page.has_password {
                    label { "Present password"
                        input type="password" name="password" autocomplete="current-password" required
                            aria-invalid=[invalid] aria-describedby=[described];
                    }
                }
                (parts::wrong(&page.errors, "password"))
                (password_fields(&page.errors))
                button.main { "Change the password" }
            }
        }
    }
}

fn tokens(page: &Page) -> Markup {
    let (invalid, described) = parts::marks(&page.errors, "token_name");
    html! {
        section.card {
            h2 { "API tokens" }
            p.hint {
                "For programs: they may do what you may. " a href=(paths::OPENAPI) { "The API's document" } "."
            }
            @if !page.tokens.is_empty() {
                ul.tokens {
                    @for token in &page.tokens {
                        li {
                            span.node-name { (token.name) }
                            span.far { "made " (parts::moment(token.created_at, page.now)) }
                            form method="post" action=(paths::revoke(token.id)) {
                                (parts::csrf(&page.chrome.csrf))
                                button.quiet aria-label={ "Revoke " (token.name) } { "Revoke" }
                            }
                        }
                    }
                }
            }
            form.fields method="post" action=(paths::SETTINGS_TOKENS) {
                (parts::csrf(&page.chrome.csrf))
                label { "What the token is for"
                    input type="text" name="name" maxlength="64" required
                        aria-invalid=[invalid] aria-describedby=[described];
                }
                (parts::wrong(&page.errors, "token_name"))
                button.main { "Make a token" }
            }
        }
    }
}
