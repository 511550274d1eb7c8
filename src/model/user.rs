//! People and their rights. *Pure.*

use super::clock::Timestamp;
use super::ids::UserId;
use super::ssh_key::PublicKey;
use super::version::Version;
use serde::{Deserialize, Serialize};

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its row.
    pub id: UserId,
    /// The e-mail address, lower case, unique.
    pub email: String,
    /// What the account may do.
    pub role: Role,
    /// The argon2id hash in PHC form; none until a password is set by link.
    pub password_hash: Option<String>,
    /// Keys installed on everything this person deploys.
    pub ssh_keys: Vec<PublicKey>,
}

impl User {
    /// The version of what administrators change.
    pub fn version(&self) -> Version {
        Version::of(&(&self.email, self.role))
    }

    /// The version of the keys.
    pub fn keys_version(&self) -> Version {
        Version::of(&self.ssh_keys)
    }
}

impl Account {
    /// The version of what administrators change: the same as that of its [`User`].
    pub fn version(&self) -> Version {
        Version::of(&(&self.email, self.role))
    }
}

/// An account as administrators see it in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its row.
    pub id: UserId,
    /// The e-mail address.
    pub email: String,
    /// What the person is called, if they said.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Whether it can be signed in to.
    pub has_password: bool,
    /// When the e-mail address was shown to be theirs.
    pub confirmed_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// The last sign-in.
    pub seen_at: Option<Timestamp>,
    /// How many of its reservations are not over.
    pub reservations: u32,
}

/// Who may make an account. Administrators set it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SignUpPolicy {
    /// Whether people may sign up by themselves.
    pub is_open: bool,
    /// The domains that their addresses must be of, such as `lab.example`; of any if there are none.
    pub domains: Vec<String>,
    /// Whether a confirmed address is enough: no administrator has to accept the account.
    pub confirmed_is_enough: bool,
}

impl Default for SignUpPolicy {
    fn default() -> Self {
        Self { is_open: true, domains: Vec::new(), confirmed_is_enough: false }
    }
}

/// Why nobody of that address may sign up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignUpRefused {
    /// Administrators make the accounts.
    #[error("nobody signs up here by themselves; ask an administrator for an account")]
    Closed,
    /// The address is of another domain.
    #[error("the address is of `{seen}`; expected one of {}", allowed.join(", "))]
    Domain {
        /// The domain.
        seen: String,
        /// The domains that may.
        allowed: Vec<String>,
    },
}

impl SignUpPolicy {
    /// The name under which it is stored.
    pub const NAME: &str = "sign_up";

    /// Whether somebody with that address (lower case) may sign up. Sub-domains are domains of their own.
    pub fn judge(&self, email: &str) -> Result<(), SignUpRefused> {
        if !self.is_open {
            return Err(SignUpRefused::Closed);
        }
        let domain = email.rsplit('@').next().unwrap_or_default();
        if self.domains.is_empty() || self.domains.iter().any(|allowed| allowed == domain) {
            return Ok(());
        }
        Err(SignUpRefused::Domain { seen: domain.to_owned(), allowed: self.domains.clone() })
    }
}

/// What an account may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Signed up, waiting for an administrator: may do nothing.
    Pending,
    /// May reserve and deploy.
    User,
    /// May do everything.
    Admin,
}

impl Role {
    /// The word in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::User => "user",
            Self::Admin => "admin",
        }
    }

    /// The role of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Pending, Self::User, Self::Admin].into_iter().find(|role| role.as_str() == word)
    }
}

/// What a one-time link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkPurpose {
    /// Choose a password.
    SetPassword,
    /// Sign in, for the demonstration rack.
    SignIn,
    /// Show that an e-mail address is one's own.
    ConfirmEmail,
}

impl LinkPurpose {
    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SetPassword => "set_password",
            Self::SignIn => "sign_in",
            Self::ConfirmEmail => "confirm_email",
        }
    }

    /// The purpose of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::SetPassword, Self::SignIn, Self::ConfirmEmail]
            .into_iter()
            .find(|purpose| purpose.as_str() == word)
    }
}

/// The shortest password that is accepted, in characters.
pub const SHORTEST_PASSWORD: usize = 10;

/// Why a password is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the password has {seen} characters; expected at least {SHORTEST_PASSWORD} and at most 128")]
pub struct WeakPassword {
    seen: usize,
}

/// Whether a password may be set: 10 to 128 characters, of any kind.
pub fn judge_password(password: &str) -> Result<(), WeakPassword> {
    let seen = password.chars().count();
    if (SHORTEST_PASSWORD..=128).contains(&seen) { Ok(()) } else { Err(WeakPassword { seen }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_other_domains_may_not_sign_up() {
        let policy = SignUpPolicy { domains: vec!["lab.example".into()], ..SignUpPolicy::default() };
        assert_eq!(policy.judge("ada@lab.example"), Ok(()));
        for email in ["ada@example", "ada@evil-lab.example", "ada@sub.lab.example", "lab.example@evil"] {
            assert!(matches!(policy.judge(email), Err(SignUpRefused::Domain { .. })), "{email}");
        }
        assert_eq!(SignUpPolicy::default().judge("ada@anywhere"), Ok(()));
        let closed = SignUpPolicy { is_open: false, ..SignUpPolicy::default() };
        assert_eq!(closed.judge("ada@lab.example"), Err(SignUpRefused::Closed));
    }
}
