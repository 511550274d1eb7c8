//! The forms of the settings page and of the set-password link. *Pure.*

use super::{Errors, Fields};
use crate::model::user::judge_password;

/// The longest name of a token, in characters.
const LONGEST_NAME: usize = 64;

/// A new password, typed twice.
pub(in crate::web) fn new_password(fields: &Fields) -> Result<String, Errors> {
    let (new, again) = (fields.one("new_password"), fields.one("again"));
    let mut errors = Errors::default();
    errors.keep("new_password", judge_password(new));
    if new != again {
        errors.add("again", "The two passwords differ; type the same one twice.");
    }
    if errors.is_empty() { Ok(new.to_owned()) } else { Err(errors) }
}

/// The name of a new token.
pub(in crate::web) fn token_name(fields: &Fields) -> Result<String, Errors> {
    let name = fields.one("name").trim();
    let seen = name.chars().count();
    if (1..=LONGEST_NAME).contains(&seen) && !name.chars().any(char::is_control) {
        return Ok(name.to_owned());
    }
    let text =
        format!("The name has {seen} characters; expected 1 to {LONGEST_NAME}, such as what uses the token.");
    Err(Errors::one("token_name", text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Fields {
        Fields::parse(text.as_bytes())
    }

    #[test]
    fn passwords_are_typed_twice() {
        assert_eq!(
            new_password(&fields("new_password=correct+horse&again=correct+horse")).unwrap(),
            "correct horse"
        );
        let errors = new_password(&fields("new_password=short&again=other")).unwrap_err();
        assert!(errors.at("new_password").is_some() && errors.at("again").is_some());
    }

    #[test]
    fn tokens_have_names() {
        assert_eq!(token_name(&fields("name=+nightly+")).unwrap(), "nightly");
        for text in ["name=", "", "name=a%0Ab", &format!("name={}", "x".repeat(65))] {
            assert!(token_name(&fields(text)).is_err(), "{text}");
        }
    }
}
