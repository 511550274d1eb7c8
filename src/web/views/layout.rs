//! What every page has around it. *Pure.*

use super::parts;
use crate::web::assets::{ICON, SCRIPT, STYLE};
use crate::web::notices::{Notice, Tone};
use crate::web::paths;
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// What every page has around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::web) struct Chrome {
    /// The title of the page.
    pub(in crate::web) title: String,
    /// The part of the site that it belongs to.
    pub(in crate::web) tab: Option<Tab>,
    /// Who is signed in.
    pub(in crate::web) who: Option<Who>,
    /// The token of every form.
    pub(in crate::web) csrf: String,
    /// Said once.
    pub(in crate::web) notice: Option<Notice>,
}

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::web) struct Who {
    pub(in crate::web) email: String,
    pub(in crate::web) is_admin: bool,
}

/// The parts of the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::web) enum Tab {
    Reserve,
    Configure,
    Manage,
    Discovered,
    Network,
    Settings,
}

impl Tab {
    const ALL: [Self; 6] =
        [Self::Reserve, Self::Configure, Self::Manage, Self::Discovered, Self::Network, Self::Settings];

    fn shown(self) -> (&'static str, &'static str) {
        match self {
            Self::Reserve => ("Reserve", paths::RESERVE),
            Self::Configure => ("Configure", paths::CONFIGURE),
            Self::Manage => ("Manage", paths::MANAGE),
            Self::Discovered => ("Discovered", paths::DISCOVERED),
            Self::Network => ("Network", paths::NETWORK),
            Self::Settings => ("Settings", paths::SETTINGS),
        }
    }

    fn is_for(self, who: &Who) -> bool {
        match self {
            Self::Discovered | Self::Network => who.is_admin,
            Self::Reserve | Self::Configure | Self::Manage | Self::Settings => true,
        }
    }
}

/// How a page is kept up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refresh {
    /// It is not.
    Never,
    /// By the script; without it the browser loads the page again by itself. For pages without text fields.
    Always,
    /// By the script; without it by a link, so that nobody loses what they typed.
    ByLink,
}

/// A whole document.
pub(super) fn document(chrome: &Chrome, refresh: Refresh, body: &Markup) -> String {
    let title = &chrome.title;
    // A secret that is shown once must not be gone before it is copied.
    let has_secret = chrome.notice.as_ref().is_some_and(|notice| notice.secret.is_some());
    let refresh = if refresh == Refresh::Always && has_secret { Refresh::ByLink } else { refresh };
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · pimaster" }
                link rel="icon" type="image/svg+xml" href=(ICON.path());
                link rel="stylesheet" href=(STYLE.path());
                script src=(SCRIPT.path()) defer {}
                @if refresh == Refresh::Always {
                    noscript { meta http-equiv="refresh" content="10"; }
                }
            }
            body {
                a.skip href="#main" { "Skip to the page" }
                (head(chrome))
                main #main {
                    h1 { (title) }
                    @if let Some(notice) = &chrome.notice { (said(notice)) }
                    @if refresh != Refresh::Never { (freshness(refresh)) }
                    (body)
                }
            }
        }
    }
    .into_string()
}

fn head(chrome: &Chrome) -> Markup {
    html! {
        header.site {
            a.brand href="/" { (PreEscaped(ICON.body)) span { "pimaster" } }
            @if let Some(who) = &chrome.who {
                nav aria-label="Main" {
                    @for tab in Tab::ALL.into_iter().filter(|tab| tab.is_for(who)) {
                        @let (name, path) = tab.shown();
                        a href=(path) aria-current=[(chrome.tab == Some(tab)).then_some("page")] { (name) }
                    }
                }
                form.who method="post" action=(paths::SIGN_OUT) {
                    (parts::csrf(&chrome.csrf))
                    span { (who.email) @if who.is_admin { " (administrator)" } }
                    button.quiet { "Sign out" }
                }
            }
        }
    }
}

fn said(notice: &Notice) -> Markup {
    let (class, role) = match notice.tone {
        Tone::Good => ("good", "status"),
        Tone::Bad => ("bad", "alert"),
    };
    html! {
        div class={ "notice " (class) } role=(role) {
            p { (notice.text) }
            @if let Some((label, secret)) = &notice.secret {
                p { (label) ": " code.copy { (secret) } }
                p.hint { "It is shown only now: copy it before you leave this page." }
            }
        }
    }
}

fn freshness(refresh: Refresh) -> Markup {
    html! {
        p.offline role="status" hidden { "The connection to pimaster is lost; trying again." }
        noscript {
            p.hint {
                @if refresh == Refresh::Always { "This page is loaded again every 10 seconds. " }
                a href="" { "Refresh now" }
            }
        }
    }
}
