//! The form of the mail server. *Pure.*

use super::{Errors, Fields};
use crate::model::mail::{MailSettings, Security};
use crate::web::accounts::parse_email;

/// What was typed, but for the password.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::web) struct MailForm {
    pub(in crate::web) is_enabled: bool,
    pub(in crate::web) host: String,
    pub(in crate::web) port: String,
    pub(in crate::web) security: Security,
    pub(in crate::web) user: String,
    pub(in crate::web) from: String,
}

/// What becomes of the password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::web) enum Password {
    /// The stored one stays.
    Kept,
    /// There is none.
    Dropped,
    /// This one, to be sealed.
    Typed(String),
}

impl MailForm {
    /// What was typed.
    pub(in crate::web) fn read(fields: &Fields) -> Self {
        let text = |name| fields.one(name).trim().to_owned();
        Self {
            is_enabled: fields.has("is_enabled"),
            host: text("host"),
            port: text("port"),
            security: Security::from_word(fields.one("security")).unwrap_or_default(),
            user: text("user"),
            from: text("from"),
        }
    }

    /// The form of stored settings.
    pub(in crate::web) fn of(settings: MailSettings) -> Self {
        let MailSettings { is_enabled, host, port, security, user, from, .. } = settings;
        Self { is_enabled, host, port: port.to_string(), security, user, from }
    }

    /// The settings, still without their password, and what becomes of that. A stored password goes to the server
    /// it was typed for and to no other.
    pub(in crate::web) fn judge(
        &self,
        password: &str,
        stored: &MailSettings,
    ) -> Result<(MailSettings, Password), Errors> {
        let mut errors = Errors::default();
        let port = errors.keep("port", port(&self.port));
        if !self.host.chars().all(|c| c.is_ascii_alphanumeric() || "-._:".contains(c)) {
            errors.add("host", format!("`{}` is no name or address of a server", self.host));
        }
        let from = match self.from.as_str() {
            "" => Some(String::new()),
            from => errors.keep("from", parse_email(from)),
        };
        if self.is_enabled {
            for (field, text) in [("host", &self.host), ("from", &self.from)] {
                if text.is_empty() {
                    errors.add(field, "needed to send mails");
                }
            }
        }
        let kept = self.keep_password(password, stored, &mut errors);
        match (port, from) {
            (Some(port), Some(from)) if errors.is_empty() => {
                let (host, user) = (self.host.clone(), self.user.clone());
                let (is_enabled, security) = (self.is_enabled, self.security);
                let sealed_password = String::new();
                Ok((MailSettings { is_enabled, host, port, security, user, sealed_password, from }, kept))
            }
            _ => Err(errors),
        }
    }

    fn keep_password(&self, password: &str, stored: &MailSettings, errors: &mut Errors) -> Password {
        if self.user.is_empty() {
            return Password::Dropped;
        }
        if self.security == Security::None {
            errors.add(
                "security",
                "a password is not sent in clear; choose STARTTLS or TLS, or leave the user empty",
            );
        }
        if !password.is_empty() {
            return Password::Typed(password.to_owned());
        }
        let is_same = (&self.host, &self.user) == (&stored.host, &stored.user);
        if !is_same || stored.sealed_password.is_empty() {
            errors.add("password", "type the password; a stored one stays only for the same server and user");
        }
        Password::Kept
    }
}

fn port(text: &str) -> Result<u16, String> {
    let wrong = || format!("`{text}` is no port; expected 1 to 65535, usually 587 (STARTTLS) or 465 (TLS)");
    text.parse().ok().filter(|port| *port != 0).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "is_enabled=1&host=mail.lab&port=587&security=starttls&from=Pi@lab.example";

    fn judge(text: &str, password: &str, stored: &MailSettings) -> Result<(MailSettings, Password), Errors> {
        MailForm::read(&Fields::parse(text.as_bytes())).judge(password, stored)
    }

    #[test]
    fn every_wrong_field_is_named() {
        let check = |text: &str, wrong: &[&str]| {
            let errors = judge(text, "", &MailSettings::default()).err().unwrap_or_default();
            for field in ["host", "port", "security", "user", "password", "from"] {
                assert_eq!(errors.at(field).is_some(), wrong.contains(&field), "{text}: {field}");
            }
        };
        check(GOOD, &[]);
        check("port=587", &[]);
        check("is_enabled=1&port=0", &["host", "port", "from"]);
        check("host=a%20b&port=x&from=a", &["host", "port", "from"]);
        check("port=25&security=none&user=pi", &["security", "password"]);
    }

    #[test]
    fn a_password_stays_with_its_server() {
        let (mut stored, password) =
            judge(&format!("{GOOD}&user=pi"), "secret", &MailSettings::default()).unwrap();
        assert_eq!((password, stored.from.as_str()), (Password::Typed("secret".into()), "pi@lab.example"));
        stored.sealed_password = "sealed".into();
        let kept = |text: &str| judge(text, "", &stored).map(|(_, password)| password);
        assert_eq!(kept(&format!("{GOOD}&user=pi")), Ok(Password::Kept));
        assert_eq!(kept(GOOD), Ok(Password::Dropped));
        assert!(kept(&format!("{GOOD}&user=other")).unwrap_err().at("password").is_some());
        let elsewhere = GOOD.replace("mail.lab", "evil.lab");
        assert!(kept(&format!("{elsewhere}&user=pi")).unwrap_err().at("password").is_some());
    }
}
