//! The form in which is said what shall be put on a reservation's nodes. *Pure.* Called by `routes::configure`.

use super::{Errors, Fields, partition_size, ssh_keys};
use crate::model::agent::ConfigureWish;
use crate::model::user::judge_password;

/// The choice that takes the size from the field beside it.
pub(in crate::web) const OTHER_SIZE: &str = "other";

/// What was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::web) struct Configure {
    pub(in crate::web) environment: String,
    pub(in crate::web) size: String,
    pub(in crate::web) other_size: String,
    /// Never shown again; empty to have one made.
    pub(in crate::web) password: String,
    pub(in crate::web) ssh_keys: String,
    pub(in crate::web) user_script: String,
    pub(in crate::web) system_update: bool,
}

impl Default for Configure {
    /// An empty form: the whole card, a password that is made.
    fn default() -> Self {
        Self {
            environment: String::new(),
            size: "whole".into(),
            other_size: String::new(),
            password: String::new(),
            ssh_keys: String::new(),
            user_script: String::new(),
            system_update: false,
        }
    }
}

impl Configure {
    /// The texts of a form.
    pub(in crate::web) fn read(fields: &Fields) -> Self {
        Self {
            environment: fields.one("environment").to_owned(),
            size: fields.one("partition_size").to_owned(),
            other_size: fields.one("other_size").trim().to_owned(),
            password: fields.one("password").to_owned(),
            ssh_keys: fields.one("ssh_keys").to_owned(),
            // Browsers end the lines of a text area with CR LF, which no shell understands.
            user_script: fields.one("user_script").replace("\r\n", "\n"),
            system_update: fields.has("system_update"),
        }
    }

    /// The wish; what only the agent knows is judged there.
    pub(in crate::web) fn judge(&self) -> Result<ConfigureWish, Errors> {
        let mut errors = Errors::default();
        if self.environment.is_empty() {
            errors.add("environment", "Choose an environment.");
        }
        let size = if self.size == OTHER_SIZE { &self.other_size } else { &self.size };
        let size = errors.keep("partition_size", partition_size::parse(size));
        let keys = errors.keep("ssh_keys", ssh_keys::parse(&self.ssh_keys));
        let password = (!self.password.is_empty()).then(|| self.password.clone());
        if let Some(password) = &password {
            errors.keep("password", judge_password(password));
        }
        match (size, keys) {
            (Some(partition_size), Some(ssh_keys)) if errors.is_empty() => Ok(ConfigureWish {
                environment: self.environment.clone(),
                partition_size,
                password,
                ssh_keys,
                user_script: Some(self.user_script.clone()).filter(|script| !script.trim().is_empty()),
                system_update: self.system_update,
            }),
            (Some(_) | None, Some(_) | None) => Err(errors),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::reservation::PartitionSize;

    fn form(text: &str) -> Configure {
        Configure::read(&Fields::parse(text.as_bytes()))
    }

    #[test]
    fn a_good_form_is_a_wish() {
        let wish =
            form("environment=raspios&partition_size=5GB&user_script=%23!/bin/sh%0D%0Adate%0D%0A&password=")
                .judge()
                .unwrap();
        assert_eq!(wish.partition_size, PartitionSize::Bytes(5_000_000_000));
        assert_eq!(wish.user_script.as_deref(), Some("#!/bin/sh\ndate\n"));
        assert_eq!((wish.password, wish.system_update), (None, false));
        let other = form("environment=raspios&partition_size=other&other_size=7000000000&system_update=on");
        assert_eq!(other.judge().unwrap().partition_size, PartitionSize::Bytes(7_000_000_000));
    }

    #[test]
    fn each_wrong_field_has_its_error() {
        let check = |text: &str, field: &str| {
            let errors = form(text).judge().unwrap_err();
            assert!(errors.at(field).is_some(), "{text}");
        };
        check("partition_size=whole", "environment");
        check("environment=a&partition_size=other&other_size=", "partition_size");
        check("environment=a&partition_size=whole&ssh_keys=nonsense", "ssh_keys");
        check("environment=a&partition_size=whole&password=short", "password");
    }
}
