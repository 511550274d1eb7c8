//! The forms in which an image is brought in and an environment is changed. *Pure.* What they say is judged by the agent.

use super::Fields;
use crate::model::environment::Environment;
use crate::model::image_import::{ImportWish, Source};
use crate::model::sharing::EnvironmentChange;

/// What was typed of an image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::web) struct ImportForm {
    pub(in crate::web) name: String,
    pub(in crate::web) description: String,
    pub(in crate::web) ssh_user: String,
    pub(in crate::web) is_for_site: bool,
    /// The file of the folder; empty if one is sent.
    pub(in crate::web) file: String,
}

impl ImportForm {
    /// The texts of a form.
    pub(in crate::web) fn read(fields: &Fields) -> Self {
        let text = |name| fields.one(name).trim().to_owned();
        Self {
            name: text("name"),
            description: text("description"),
            ssh_user: text("ssh_user"),
            is_for_site: fields.has("site"),
            file: fields.one("file").to_owned(),
        }
    }

    /// The wish.
    pub(in crate::web) fn wish(&self) -> ImportWish {
        ImportWish {
            name: self.name.clone(),
            description: self.description.clone(),
            ssh_user: (!self.ssh_user.is_empty()).then(|| self.ssh_user.clone()),
            is_for_site: self.is_for_site,
            source: match self.file.as_str() {
                "" => Source::Upload,
                file => Source::Folder(file.to_owned()),
            },
        }
    }
}

/// What was typed of an environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::web) struct EnvironmentForm {
    pub(in crate::web) name: String,
    pub(in crate::web) description: String,
    pub(in crate::web) ssh_user: String,
}

impl EnvironmentForm {
    /// The texts of a form.
    pub(in crate::web) fn read(fields: &Fields) -> Self {
        let text = |name| fields.one(name).trim().to_owned();
        Self { name: text("name"), description: text("description"), ssh_user: text("ssh_user") }
    }

    /// The form of an environment as it is.
    pub(in crate::web) fn of(environment: &Environment) -> Self {
        let Environment { name, description, ssh_user, .. } = environment;
        Self { name: name.clone(), description: description.clone(), ssh_user: ssh_user.clone() }
    }

    /// The wish.
    pub(in crate::web) fn wish(&self) -> EnvironmentChange {
        let Self { name, description, ssh_user } = self.clone();
        EnvironmentChange { name, description, ssh_user }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_says_where_the_image_comes_from() {
        let read = |text: &str| ImportForm::read(&Fields::parse(text.as_bytes())).wish();
        let sent = read("name=+mine+&description=&ssh_user=&file=");
        assert_eq!((sent.name.as_str(), sent.ssh_user, sent.is_for_site), ("mine", None, false));
        assert_eq!(sent.source, Source::Upload);
        let there = read("name=a&ssh_user=pi&site=1&file=a.img.xz");
        assert_eq!((there.ssh_user.as_deref(), there.is_for_site), (Some("pi"), true));
        assert_eq!(there.source, Source::Folder("a.img.xz".into()));
    }
}
