//! The forms of accounts: signing up, making one for somebody, and who may sign up. *Pure.*

use super::settings::new_password;
use super::{Errors, Fields};
use crate::model::user::{Role, SignUpPolicy};
use crate::web::accounts::parse_email;

/// The longest name of a person, in characters.
const LONGEST_NAME: usize = 80;

/// What was typed to sign up, but for the password.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::web) struct SignUp {
    pub(in crate::web) email: String,
    pub(in crate::web) name: String,
}

/// A sound wish to sign up.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::web) struct NewAccount {
    pub(in crate::web) email: String,
    pub(in crate::web) name: String,
    pub(in crate::web) password: String,
}

impl SignUp {
    /// The texts of a form.
    pub(in crate::web) fn read(fields: &Fields) -> Self {
        Self { email: fields.one("email").trim().to_owned(), name: fields.one("name").trim().to_owned() }
    }

    /// Judges the fields and whether the policy lets that address in.
    pub(in crate::web) fn judge(&self, fields: &Fields, policy: &SignUpPolicy) -> Result<NewAccount, Errors> {
        let mut errors = Errors::default();
        let email = errors.keep("email", parse_email(&self.email));
        if let Some(email) = &email {
            errors.keep("email", policy.judge(email));
        }
        errors.keep("name", person(&self.name));
        let password = new_password(fields).map_err(|wrong| errors.take(wrong)).ok();
        match email.zip(password) {
            Some((email, password)) if errors.is_empty() => {
                Ok(NewAccount { email, name: self.name.clone(), password })
            }
            Some(_) | None => Err(errors),
        }
    }
}

/// The policy that an administrator typed: domains by commas, blanks or lines.
pub(in crate::web) fn policy(fields: &Fields) -> Result<SignUpPolicy, Errors> {
    let words = fields.one("domains").split(|c: char| c.is_whitespace() || c == ',');
    let domains =
        domains(words.filter(|word| !word.is_empty())).map_err(|text| Errors::one("domains", text))?;
    Ok(SignUpPolicy {
        is_open: fields.has("is_open"),
        domains,
        confirmed_is_enough: fields.has("confirmed_is_enough"),
    })
}

/// Domains in lower case, each once; or what is wrong with the first that is none.
pub(in crate::web) fn domains<'a>(words: impl Iterator<Item = &'a str>) -> Result<Vec<String>, String> {
    let mut domains: Vec<String> = Vec::new();
    for word in words {
        let domain = word.trim_start_matches('@').to_lowercase();
        if parse_email(&format!("somebody@{domain}")).is_err() {
            return Err(format!(
                "`{word}` is no domain; expected one such as lab.example, several by commas."
            ));
        }
        if !domains.contains(&domain) {
            domains.push(domain);
        }
    }
    Ok(domains)
}

/// What an account may do, from a field.
pub(in crate::web) fn role(fields: &Fields) -> Option<Role> {
    Role::from_word(fields.one("role"))
}

/// A name may be left out.
fn person(name: &str) -> Result<(), String> {
    let seen = name.chars().count();
    if seen <= LONGEST_NAME && !name.chars().any(char::is_control) {
        return Ok(());
    }
    Err(format!("The name has {seen} characters; expected at most {LONGEST_NAME} on one line."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Fields {
        Fields::parse(text.as_bytes())
    }

    #[test]
    fn every_wrong_field_is_named() {
        let policy = SignUpPolicy { domains: vec!["lab.example".into()], ..SignUpPolicy::default() };
        let check = |text: &str, wrong: &[&str]| {
            let fields = fields(text);
            let errors = SignUp::read(&fields).judge(&fields, &policy).err().unwrap_or_default();
            for field in ["email", "name", "new_password", "again"] {
                assert_eq!(errors.at(field).is_some(), wrong.contains(&field), "{text}: {field}");
            }
        };
        check("email=Ada@Lab.Example&name=Ada&new_password=correct+horse&again=correct+horse", &[]);
        check("email=ada@lab.example&new_password=correct+horse&again=correct+horse", &[]);
        check("email=ada@else.example&new_password=correct+horse&again=correct+horse", &["email"]);
        check("email=ada&name=a%0Ab&new_password=short&again=x", &["email", "name", "new_password", "again"]);
        check("", &["email", "new_password"]);
    }

    #[test]
    fn domains_are_separated_somehow() {
        let policy = policy(&fields("is_open=1&domains=Lab.example,+@uni.example%0Alab.example")).unwrap();
        assert_eq!(policy.domains, ["lab.example", "uni.example"]);
        assert!(policy.is_open && !policy.confirmed_is_enough);
        assert!(super::policy(&fields("domains=a%40b")).unwrap_err().at("domains").is_some());
    }
}
