//! Saved forms: choosing, deleting, saving one. *Pure.*

use super::page::Page;
use crate::model::ids::ReservationId;
use crate::model::template::{LONGEST_NAME, Template};
use crate::web::paths;
use crate::web::reader::Reader;
use crate::web::views::parts;
use maud::{Markup, html};

/// The reader's templates: one fills the form. Nothing if there are none.
pub(super) fn choose(templates: &[Template], id: ReservationId, csrf: &str, reader: &Reader) -> Markup {
    html! {
        @if !templates.is_empty() {
            details.card.wide #templates {
                summary { (reader.say("template-choose")) }
                ul.tokens {
                    @for template in templates {
                        li {
                            a href=(paths::configure_from(id, template.id)) { (template.name) }
                            span.facts { (template.contents.environment) }
                            form method="post" action=(paths::delete_template(template.id)) {
                                (parts::csrf(csrf))
                                input type="hidden" name="back" value=(paths::configure(id));
                                button.quiet aria-label={ (reader.say("template-delete")) " " (template.name) } {
                                    (reader.say("template-delete"))
                                }
                            }
                        }
                    }
                }
                p.hint { (reader.say("template-choose-what")) }
            }
        }
    }
}

/// Saves the form as it stands. Stands behind the button that deploys, which the return key presses.
pub(super) fn save(page: &Page) -> Markup {
    let Page { chrome, form, errors, reservation, .. } = page;
    let reader = &chrome.reader;
    let (invalid, described) = parts::marks(errors, "template");
    html! {
        details.card.apart #save-template open[invalid.is_some()] {
            summary { (reader.say("template-save")) }
            label { (reader.say("template-name"))
                input type="text" name="template" value=(form.template) maxlength=(LONGEST_NAME)
                    aria-invalid=[invalid] aria-describedby=[described];
            }
            (parts::wrong(errors, "template"))
            p.hint { (reader.say("template-what")) }
            button formaction=(paths::save_template(reservation.id)) formnovalidate { (reader.say("template-save")) }
        }
    }
}
