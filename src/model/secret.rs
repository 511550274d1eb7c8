//! A text that no log and no error may show. *Pure.*

use std::fmt;

/// A text that is shown only where it is asked for: its `Debug` is not it, and there is no `Display`.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(String);

impl Secret {
    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_does_not_show_it() {
        let secret = Secret::from("correct horse");
        assert_eq!((format!("{secret:?}").as_str(), secret.expose()), ("Secret", "correct horse"));
    }
}
