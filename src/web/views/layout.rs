//! What every page has around it. *Pure.*

use super::parts;
use crate::model::notification::Ending;
use crate::web::assets::{ICON, SCRIPT, STYLE};
use crate::web::notices::{Notice, Tone};
use crate::web::paths;
use crate::web::reader::Reader;
use crate::web::words::Language;
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
    /// Reservations of who is signed in that end soon.
    pub(in crate::web) ending: Vec<Ending>,
    /// For whom it is made.
    pub(in crate::web) reader: Reader,
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
    Environments,
    Nodes,
    Switches,
    Discovered,
    Network,
    Users,
    Mail,
    Audit,
    Settings,
}

impl Tab {
    const ALL: [Self; 12] = [
        Self::Reserve,
        Self::Configure,
        Self::Manage,
        Self::Environments,
        Self::Nodes,
        Self::Switches,
        Self::Discovered,
        Self::Network,
        Self::Users,
        Self::Mail,
        Self::Audit,
        Self::Settings,
    ];

    fn shown(self, reader: &Reader) -> (String, &'static str) {
        match self {
            Self::Reserve => (reader.say("nav-reserve"), paths::RESERVE),
            Self::Configure => (reader.say("nav-configure"), paths::CONFIGURE),
            Self::Manage => (reader.say("nav-manage"), paths::MANAGE),
            Self::Environments => (reader.say("nav-environments"), paths::ENVIRONMENTS),
            Self::Nodes => (reader.say("nav-nodes"), paths::NODES),
            Self::Switches => (reader.say("nav-switches"), paths::SWITCHES),
            Self::Discovered => (reader.say("nav-discovered"), paths::DISCOVERED),
            Self::Network => (reader.say("nav-network"), paths::NETWORK),
            Self::Users => (reader.say("nav-users"), paths::USERS),
            Self::Mail => (reader.say("nav-mail"), paths::MAIL),
            Self::Audit => (reader.say("nav-audit"), paths::AUDIT),
            Self::Settings => (reader.say("nav-settings"), paths::SETTINGS),
        }
    }

    fn is_for(self, who: &Who) -> bool {
        match self {
            Self::Nodes
            | Self::Switches
            | Self::Discovered
            | Self::Network
            | Self::Users
            | Self::Mail
            | Self::Audit => who.is_admin,
            Self::Reserve | Self::Configure | Self::Manage | Self::Environments | Self::Settings => true,
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
    let Chrome { title, reader, .. } = chrome;
    // A secret that is shown once must not be gone before it is copied.
    let has_secret = chrome.notice.as_ref().is_some_and(|notice| notice.secret.is_some());
    let refresh = if refresh == Refresh::Always && has_secret { Refresh::ByLink } else { refresh };
    html! {
        (DOCTYPE)
        html lang=(reader.language.tag()) {
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
                a.skip href="#main" { (reader.say("skip")) }
                (head(chrome))
                main #main {
                    h1 { (title) }
                    @if let Some(notice) = &chrome.notice { (said(notice, reader)) }
                    @if !chrome.ending.is_empty() { (ending(&chrome.ending, reader)) }
                    @if refresh != Refresh::Never { (freshness(refresh, reader)) }
                    (body)
                }
                (foot(chrome))
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
                nav aria-label=(chrome.reader.say("nav-main")) {
                    @for tab in Tab::ALL.into_iter().filter(|tab| tab.is_for(who)) {
                        @let (name, path) = tab.shown(&chrome.reader);
                        a href=(path) aria-current=[(chrome.tab == Some(tab)).then_some("page")] { (name) }
                    }
                }
                form.who method="post" action=(paths::SIGN_OUT) {
                    (parts::csrf(&chrome.csrf))
                    span { (who.email) @if who.is_admin { " (" (chrome.reader.say("administrator")) ")" } }
                    button.quiet { (chrome.reader.say("sign-out")) }
                }
            }
        }
    }
}

/// The zone of the times, and the other languages. Pages that only say something have no token for a form.
fn foot(chrome: &Chrome) -> Markup {
    let reader = &chrome.reader;
    let short = reader.now.to_zoned(reader.zone.clone()).strftime("%Z").to_string();
    let zone = match reader.zone.iana_name() {
        Some(name) if name != short => format!("{name} ({short})"),
        Some(_) | None => short,
    };
    html! {
        footer.site {
            p.hint { (reader.with("times-in", &[("zone", zone.into())])) }
            @if !chrome.csrf.is_empty() {
                form method="post" action=(paths::LANGUAGE) {
                    (parts::csrf(&chrome.csrf))
                    @for language in Language::ALL.into_iter().filter(|other| *other != reader.language) {
                        button.quiet name="language" value=(language.tag()) lang=(language.tag()) { (language.name()) }
                    }
                }
            }
        }
    }
}

fn said(notice: &Notice, reader: &Reader) -> Markup {
    let (class, role) = match notice.tone {
        Tone::Good => ("good", "status"),
        Tone::Bad => ("bad", "alert"),
    };
    html! {
        div class={ "notice " (class) } role=(role) {
            p { (notice.text) }
            @if !notice.lines.is_empty() { ul { @for line in &notice.lines { li { (line) } } } }
            @if let Some((label, secret)) = &notice.secret {
                p { (label) ": " code.copy { (secret) } }
                p.hint { (reader.say("shown-once")) }
            }
        }
    }
}

fn ending(ending: &[Ending], reader: &Reader) -> Markup {
    html! {
        div.notice.soon role="status" {
            @for soon in ending {
                @if soon.is_turn { p {
                    (reader.with("ending-turn", &[("name", soon.name.as_str().into())])) " "
                    a href=(paths::configure(soon.id)) { (reader.say("nav-configure")) }
                } } @else { p {
                    (reader.with("ending-soon", &[("name", soon.name.as_str().into())])) " "
                    (parts::moment(soon.end, reader)) " "
                    a href=(paths::reservation(soon.id)) { (reader.say("ending-extend")) }
                } }
            }
        }
    }
}

fn freshness(refresh: Refresh, reader: &Reader) -> Markup {
    html! {
        p.offline role="status" hidden { (reader.say("offline")) " " span.age { } " s" }
        noscript {
            p.hint {
                @if refresh == Refresh::Always { (reader.say("reload-each")) " " }
                a href="" { (reader.say("refresh-now")) }
            }
        }
    }
}
