//! People and their rights. *Pure.*

use super::ids::UserId;
use super::ssh_key::PublicKey;
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
}

impl LinkPurpose {
    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SetPassword => "set_password",
            Self::SignIn => "sign_in",
        }
    }

    /// The purpose of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::SetPassword, Self::SignIn].into_iter().find(|purpose| purpose.as_str() == word)
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
