//! What is wrong with a form, field by field. *Pure.*

use crate::agent;
use std::borrow::Cow;

/// What is wrong with a form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::web) struct Errors(Vec<(Cow<'static, str>, String)>);

impl Errors {
    /// Notes an error beside a field.
    pub(in crate::web) fn add(&mut self, field: impl Into<Cow<'static, str>>, text: impl Into<String>) {
        self.0.push((field.into(), text.into()));
    }

    /// One error beside a field.
    pub(in crate::web) fn one(field: impl Into<Cow<'static, str>>, text: impl Into<String>) -> Self {
        Self(vec![(field.into(), text.into())])
    }

    /// Keeps the value, or notes why there is none.
    pub(in crate::web) fn keep<T, E: ToString>(
        &mut self,
        field: &'static str,
        value: Result<T, E>,
    ) -> Option<T> {
        value.map_err(|error| self.add(field, error.to_string())).ok()
    }

    /// Takes over the errors of another part of the form.
    pub(in crate::web) fn take(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The error beside a field.
    pub(in crate::web) fn at(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == field).map(|(_, text)| text.as_str())
    }

    /// The first field that is wrong, and why.
    pub(in crate::web) fn first(&self) -> Option<(&str, &str)> {
        self.0.first().map(|(field, text)| (field.as_ref(), text.as_str()))
    }

    /// Whether nothing is wrong.
    pub(in crate::web) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&agent::Error> for Errors {
    /// An agent's refusal stands beside its field, or above the form.
    fn from(error: &agent::Error) -> Self {
        Self::one(error.field().unwrap_or("form"), agent_text(error))
    }
}

/// A refusal of the agent in words: what was seen, what to do.
pub(in crate::web) fn agent_text(error: &agent::Error) -> String {
    format!("{error}. {}", error.fix())
}
