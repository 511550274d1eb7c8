//! The forms of the settings page and of the set-password link. *Pure.*

use super::{Errors, Fields};
use crate::model::token::{BadToken, DEFAULT_DAYS, Lifetime, Scope, TokenWish};
use crate::model::user::judge_password;

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

/// What was typed for a new token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::web) struct TokenForm {
    pub(in crate::web) name: String,
    pub(in crate::web) scopes: Vec<String>,
    pub(in crate::web) days: String,
    pub(in crate::web) never: bool,
}

impl Default for TokenForm {
    /// As it is first shown: enough to reserve and to look.
    fn default() -> Self {
        let scopes = [Scope::Read, Scope::Reserve].map(|scope| scope.to_string()).to_vec();
        Self { name: String::new(), scopes, days: DEFAULT_DAYS.to_string(), never: false }
    }
}

impl TokenForm {
    /// The texts of a form.
    pub(in crate::web) fn read(fields: &Fields) -> Self {
        let text = |name| fields.one(name).trim().to_owned();
        Self {
            name: text("name"),
            scopes: fields.all("scopes"),
            days: text("days"),
            never: fields.has("never"),
        }
    }

    /// Whether that box is ticked.
    pub(in crate::web) fn has(&self, scope: Scope) -> bool {
        self.scopes.iter().any(|word| word == scope.as_str())
    }

    /// The wish, or what is wrong with each field: `token_` and its name.
    pub(in crate::web) fn judge(&self) -> Result<TokenWish, Errors> {
        let mut errors = Errors::default();
        let scopes = errors
            .keep("token_scopes", self.scopes.iter().map(|word| word.parse()).collect::<Result<_, _>>());
        let days = self.days.parse().map_err(|_| format!("`{}` is no number of days.", self.days));
        let lifetime = if self.never {
            Some(Lifetime::Unlimited)
        } else {
            errors.keep("token_days", days).map(Lifetime::Days)
        };
        let (Some(scopes), Some(lifetime)) = (scopes, lifetime) else { return Err(errors) };
        TokenWish::judge(&self.name, scopes, lifetime).map_err(|bad| {
            let field = match bad {
                BadToken::Name { .. } => "token_name",
                BadToken::NoScope => "token_scopes",
                BadToken::Days { .. } => "token_days",
            };
            Errors::one(field, format!("{bad}."))
        })
    }
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
    fn each_wrong_field_of_a_token_has_its_error() {
        let judge = |text: &str| TokenForm::read(&fields(text)).judge();
        let good = "name=+nightly+&scopes=read&scopes=reserve&days=30";
        let wish = judge(good).unwrap();
        assert_eq!((wish.name.as_str(), wish.scopes.to_string().as_str()), ("nightly", "read reserve"));
        assert_eq!(judge(&format!("{good}&never=on")).unwrap().lifetime, Lifetime::Unlimited);
        let check = |from: &str, to: &str, field: &str| {
            let errors = judge(&good.replace(from, to)).unwrap_err();
            assert!(errors.at(field).is_some(), "{to}: {errors:?}");
        };
        check("+nightly+", "", "token_name");
        check("+nightly+", "a%0Ab", "token_name");
        check("scopes=read&scopes=reserve", "", "token_scopes");
        check("scopes=read", "scopes=write", "token_scopes");
        check("days=30", "days=", "token_days");
        check("days=30", "days=367", "token_days");
    }
}
