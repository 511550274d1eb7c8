//! The sections of the settings page about what a person is told: mails, and the feed for calendar programs. *Pure.*

use super::parts;
use crate::model::notification::{LONGEST_NOTICE_MINUTES, Notifications};
use crate::web::forms::Errors;
use crate::web::paths;
use crate::web::reader::Reader;
use maud::{Markup, html};

/// What a person is told.
#[derive(Debug)]
pub(in crate::web) struct Told {
    pub(in crate::web) wants: Notifications,
    /// What the rules of booking say, in minutes.
    pub(in crate::web) site_minutes: u32,
    /// Whether mails are sent at all.
    pub(in crate::web) has_mail: bool,
    /// Whether there is a feed.
    pub(in crate::web) has_feed: bool,
}

/// The sections of the settings page.
pub(super) fn sections(told: &Told, errors: &Errors, csrf: &str, reader: &Reader) -> Markup {
    html! {
        (notifications(told, errors, csrf, reader))
        (feed(told, csrf, reader))
    }
}

fn notifications(told: &Told, errors: &Errors, csrf: &str, reader: &Reader) -> Markup {
    let Told { wants, site_minutes, has_mail, .. } = told;
    let (invalid, described) = parts::marks(errors, "notice_minutes");
    let boxes = [
        ("before_end", reader.say("notifications-before-end"), wants.before_end),
        ("outcome", reader.say("notifications-outcome"), wants.outcome),
        ("turn", reader.say("notifications-turn"), wants.turn),
    ];
    html! {
        section.card {
            h2 { (reader.say("notifications-title")) }
            p.hint { (reader.say("notifications-what")) }
            @if !has_mail { p.hint { (reader.say("notifications-no-mail")) } }
            form.fields method="post" action=(paths::SETTINGS_NOTIFICATIONS) {
                (parts::csrf(csrf))
                @for (name, label, is_on) in boxes {
                    label.option { input type="checkbox" name=(name) checked[is_on]; span { (label) } }
                }
                label { (reader.with("notifications-minutes", &[("minutes", (*site_minutes).into())]))
                    input type="number" name="notice_minutes" min="1" max=(LONGEST_NOTICE_MINUTES) value=[wants.minutes]
                        aria-invalid=[invalid] aria-describedby=[described];
                }
                (parts::wrong(errors, "notice_minutes"))
                button.main { (reader.say("notifications-save")) }
            }
        }
    }
}

fn feed(told: &Told, csrf: &str, reader: &Reader) -> Markup {
    let make = if told.has_feed { "feed-again" } else { "feed-make" };
    html! {
        section.card {
            h2 { (reader.say("feed-title")) }
            p.hint { (reader.say("feed-what")) }
            form.fields method="post" action=(paths::SETTINGS_FEED) {
                (parts::csrf(csrf))
                button.main[!told.has_feed] { (reader.say(make)) }
                @if told.has_feed { p.hint { (reader.say("feed-again-what")) } }
            }
            @if told.has_feed {
                form.fields method="post" action=(paths::SETTINGS_FEED_REVOKE) {
                    (parts::csrf(csrf))
                    button.quiet { (reader.say("feed-revoke")) }
                }
            }
        }
    }
}
