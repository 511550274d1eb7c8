//! The settings page: SSH keys, password, API tokens. *Pure.*

use super::configure::key_line;
use super::layout::{Chrome, Refresh, document};
use super::link::password_fields;
use super::notifications::{self, Told};
use super::parts;
use crate::model::credential::{Credential, Platform};
use crate::model::token::{LONGEST_DAYS, Scope, Token};
use crate::model::user::{Role, User};
use crate::store::sessions::Listed;
use crate::web::forms::Errors;
use crate::web::forms::settings::TokenForm;
use crate::web::paths;
use crate::web::reader::Reader;
use maud::{Markup, html};

/// The settings page.
#[derive(Debug)]
pub(in crate::web) struct Page {
    pub(in crate::web) chrome: Chrome,
    pub(in crate::web) user: User,
    /// What was typed, if it could not be stored.
    pub(in crate::web) typed_keys: Option<String>,
    pub(in crate::web) tokens: Vec<Token>,
    /// The form of a new token.
    pub(in crate::web) token: TokenForm,
    pub(in crate::web) sessions: Vec<Listed>,
    pub(in crate::web) told: Told,
    pub(in crate::web) credentials: Vec<Credential>,
    /// The login that was typed for a testbed, if it could not be stored.
    pub(in crate::web) typed_login: Option<(Platform, String)>,
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
            (credentials(page))
        }
    };
    document(&page.chrome, Refresh::Never, &body)
}

fn keys(page: &Page) -> Markup {
    let reader = &page.chrome.reader;
    let stored = || page.user.ssh_keys.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    let text = page.typed_keys.clone().unwrap_or_else(stored);
    let (invalid, described) = parts::marks(&page.errors, "ssh_keys");
    html! {
        section.card {
            h2 { (reader.say("settings-keys")) }
            p.hint { (reader.say("settings-keys-what")) }
            @if !page.user.ssh_keys.is_empty() {
                ul.keys { @for key in &page.user.ssh_keys { li { (key_line(key, reader)) } } }
            }
            form.fields method="post" action=(paths::SETTINGS_KEYS) {
                (parts::csrf(&page.chrome.csrf))
                (parts::version(&page.user.keys_version()))
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
                @if page.user.password_hash.is_some() {
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
    html! {
        section.card {
            h2 { (reader.say("settings-tokens")) }
            p.hint {
                (reader.say("settings-tokens-what")) " " a href=(paths::OPENAPI) { (reader.say("settings-tokens-document")) }
            }
            @if !page.tokens.is_empty() {
                ul.tokens { @for token in &page.tokens { li { (one_token(token, &page.chrome)) } } }
            }
            (new_token(page))
        }
    }
}

fn one_token(token: &Token, chrome: &Chrome) -> Markup {
    let reader = &chrome.reader;
    html! {
        span.node-name { (token.name) }
        code { (token.scopes) }
        span.far { (reader.say("settings-token-made-at")) " " (parts::moment(token.created_at, reader)) }
        span.far {
            @match token.expires_at {
                Some(at) if at <= reader.now => strong { (reader.say("settings-token-expired")) },
                Some(at) => { (reader.say("settings-token-expires")) " " (parts::moment(at, reader)) },
                None => (reader.say("settings-token-expires-never")),
            }
        }
        span.far {
            @match &token.last_use {
                Some(last) => {
                    (reader.say("settings-token-used")) " " (parts::moment(last.at, reader)) " " (last.from)
                },
                None => (reader.say("settings-token-unused")),
            }
        }
        form method="post" action=(paths::revoke(token.id)) {
            (parts::csrf(&chrome.csrf))
            button.quiet aria-label=(reader.with("settings-token-revoke-name", &[("name", token.name.as_str().into())])) {
                (reader.say("settings-token-revoke"))
            }
        }
    }
}

fn new_token(page: &Page) -> Markup {
    let (reader, form) = (&page.chrome.reader, &page.token);
    let (invalid, described) = parts::marks(&page.errors, "token_name");
    let (days_invalid, days_described) = parts::marks(&page.errors, "token_days");
    html! {
        form.fields method="post" action=(paths::SETTINGS_TOKENS) {
            (parts::csrf(&page.chrome.csrf))
            label { (reader.say("settings-token-what-for"))
                input type="text" name="name" value=(form.name) maxlength="64" required
                    aria-invalid=[invalid] aria-describedby=[described];
            }
            (parts::wrong(&page.errors, "token_name"))
            fieldset {
                legend { (reader.say("settings-token-scopes")) }
                @for scope in Scope::ALL.into_iter().filter(|scope| *scope != Scope::Admin || page.user.role == Role::Admin) {
                    label.option {
                        input type="checkbox" name="scopes" value=(scope.as_str()) checked[form.has(scope)];
                        span { code { (scope) } " " (scope_text(scope, reader)) }
                    }
                }
            }
            (parts::wrong(&page.errors, "token_scopes"))
            label { (reader.with("settings-token-days", &[("most", LONGEST_DAYS.into())]))
                input type="number" name="days" value=(form.days) min="1" max=(LONGEST_DAYS)
                    aria-invalid=[days_invalid] aria-describedby=[days_described];
            }
            (parts::wrong(&page.errors, "token_days"))
            label.option {
                input type="checkbox" name="never" checked[form.never];
                span { (reader.say("settings-token-never")) }
            }
            button.main { (reader.say("settings-token-make")) }
        }
    }
}

fn scope_text(scope: Scope, reader: &Reader) -> String {
    match scope {
        Scope::Read => reader.say("scope-read"),
        Scope::Reserve => reader.say("scope-reserve"),
        Scope::Account => reader.say("scope-account"),
        Scope::Admin => reader.say("scope-admin"),
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

fn credentials(page: &Page) -> Markup {
    let reader = &page.chrome.reader;
    html! {
        section.card {
            h2 { (reader.say("credentials-title")) }
            p.hint { (reader.say("credentials-what")) }
            @for platform in Platform::ALL {
                h3 { (platform.shown()) }
                (credential(page, platform))
            }
        }
    }
}

/// The field beside which the errors of a testbed stand.
pub(in crate::web) fn credential_field(platform: Platform) -> &'static str {
    match platform {
        Platform::Grid5000 => "grid5000",
        Platform::IotLab => "iot-lab",
    }
}

fn credential(page: &Page, platform: Platform) -> Markup {
    let (reader, csrf, field) = (&page.chrome.reader, &page.chrome.csrf, credential_field(platform));
    let stored = page.credentials.iter().find(|it| it.platform == platform);
    let typed = page.typed_login.as_ref().filter(|(at, _)| *at == platform).map(|(_, login)| login.as_str());
    let login = typed.or_else(|| stored.map(|it| it.login.as_str())).unwrap_or_default();
    let (invalid, described) = parts::marks(&page.errors, field);
    let name = platform.shown();
    html! {
        @if let Some(it) = stored {
            form method="post" action=(paths::remove_credential(platform)) {
                (parts::csrf(csrf))
                p { (reader.say("credentials-set")) " " (parts::moment(it.set_at, reader)) " "
                    button.quiet aria-label=(reader.with("credentials-remove-name", &[("name", name.into())])) {
                        (reader.say("credentials-remove"))
                    }
                }
            }
        }
        form.fields method="post" action=(paths::credential(platform)) {
            (parts::csrf(csrf))
            label { (reader.say("credentials-login"))
                input type="text" name="login" value=(login) autocomplete="off" required
                    aria-invalid=[invalid] aria-describedby=[described.clone()];
            }
            label { (reader.say("sign-in-password"))
                input type="password" name="password" autocomplete="off" required
                    aria-invalid=[invalid] aria-describedby=[described];
            }
            (parts::wrong(&page.errors, field))
            button { (reader.with("credentials-save", &[("name", name.into())])) }
        }
    }
}
