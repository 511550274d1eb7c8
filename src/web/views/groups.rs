//! The groups of people and what they may book, for administrators. *Pure.*

use super::layout::{Chrome, Refresh, document};
use super::parts;
use crate::model::group::Group;
use crate::model::ids::GroupId;
use crate::web::forms::Errors;
use crate::web::forms::groups::GroupForm;
use crate::web::paths;
use maud::{Markup, html};

/// The groups.
#[derive(Debug)]
pub(in crate::web) struct Page {
    pub(in crate::web) chrome: Chrome,
    pub(in crate::web) groups: Vec<Group>,
    /// What was typed and could not be stored: for that group, or a new one.
    pub(in crate::web) typed: Option<(Option<GroupId>, GroupForm)>,
    pub(in crate::web) errors: Errors,
}

/// The groups.
pub(in crate::web) fn page(page: &Page) -> String {
    let reader = &page.chrome.reader;
    let body = html! {
        p { a href=(paths::RULES) { (reader.say("rules-title")) } }
        p.hint { (reader.say("groups-what")) }
        div.columns {
            @for group in &page.groups { (card(page, Some(group))) }
            (card(page, None))
        }
    };
    document(&page.chrome, Refresh::Never, &body)
}

/// A group, or a new one.
fn card(page: &Page, group: Option<&Group>) -> Markup {
    let reader = &page.chrome.reader;
    let id = group.map(|group| group.id);
    let typed = page.typed.as_ref().filter(|(of, _)| *of == id).map(|(_, form)| form.clone());
    let none = Errors::default();
    let errors = if typed.is_some() { &page.errors } else { &none };
    let form = typed.or_else(|| group.map(GroupForm::of)).unwrap_or_default();
    let action = id.map_or_else(|| paths::GROUPS.to_owned(), paths::group);
    let limits = [
        ("longest_hours", reader.say("rules-longest"), &form.longest_hours),
        ("longest_extended_hours", reader.say("rules-longest-extended"), &form.longest_extended_hours),
        ("node_hours", reader.say("groups-node-hours"), &form.node_hours),
        ("nodes_at_once", reader.say("groups-at-once"), &form.nodes_at_once),
    ];
    let (name_invalid, name_described) = parts::marks(errors, "name");
    let (members_invalid, members_described) = parts::marks(errors, "members");
    html! {
        section.card {
            h2 { @match group { Some(group) => (group.name), None => (reader.say("groups-new")) } }
            form.fields method="post" action=(action) {
                (parts::csrf(&page.chrome.csrf))
                label { (reader.say("groups-name"))
                    input type="text" name="name" value=(form.name) maxlength="64" required
                        aria-invalid=[name_invalid] aria-describedby=[name_described];
                }
                (parts::wrong(errors, "name"))
                label { (reader.say("groups-members"))
                    textarea name="members" rows="4" spellcheck="false"
                        aria-invalid=[members_invalid] aria-describedby=[members_described] { "\n" (form.members) }
                }
                (parts::wrong(errors, "members"))
                @for (name, label, value) in limits {
                    @let (invalid, described) = parts::marks(errors, name);
                    label { (label)
                        input type="number" name=(name) value=(value) min="1"
                            aria-invalid=[invalid] aria-describedby=[described];
                    }
                    (parts::wrong(errors, name))
                }
                button.main { (reader.say("groups-save")) }
            }
            @if let Some(group) = group {
                details id={ "remove-group-" (group.id) } {
                    summary { (reader.say("groups-remove-ask")) }
                    form.fields method="post" action=(paths::remove_group(group.id)) {
                        (parts::csrf(&page.chrome.csrf))
                        p.hint { (reader.say("groups-remove-effect")) }
                        button { (reader.with("groups-remove", &[("name", group.name.as_str().into())])) }
                    }
                }
            }
        }
    }
}
