//! The fields of a form, `application/x-www-form-urlencoded`. *Pure.*

use crate::model::version::Seen;

/// The fields of a form, in order; a name may come several times.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::web) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads a body; what is no form has no fields.
    pub(in crate::web) fn parse(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    /// The first value of that name; empty if there is none.
    pub(in crate::web) fn one(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// Every value of that name.
    pub(in crate::web) fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.clone()).collect()
    }

    /// What the person had before them: the hidden field `version`, if the form has one.
    pub(in crate::web) fn seen(&self) -> Seen {
        self.one("version").parse().map_or_else(|_| Seen::unsaid(), |version| Seen::one_of(vec![version]))
    }

    /// The fields whose names begin so: the rest of each name, and its value.
    pub(in crate::web) fn below<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().filter_map(move |(key, value)| Some((key.strip_prefix(prefix)?, value.as_str())))
    }

    /// Whether the field was sent, as boxes are that are ticked.
    pub(in crate::web) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }
}
