//! E-mail: how it is sent, and what waits to be sent. *Pure.*

use super::clock::Timestamp;
use serde::{Deserialize, Serialize};

/// How the connection to the mail server is kept from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// Not at all: for a server on this machine or in a closed network.
    None,
    /// It begins in clear and must be encrypted before anything is said (RFC 3207), usually port 587.
    #[default]
    StartTls,
    /// It is encrypted from the beginning (RFC 8314, 3.3), usually port 465.
    Tls,
}

impl Security {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::None, Self::StartTls, Self::Tls];

    /// The word in the settings and in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::StartTls => "starttls",
            Self::Tls => "tls",
        }
    }

    /// The kind of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|security| security.as_str() == word)
    }
}

/// How mails are sent. Administrators set it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MailSettings {
    /// Whether mails are sent at all; if not, administrators hand links over.
    pub is_enabled: bool,
    /// Name or address of the server.
    pub host: String,
    /// Its TCP port.
    pub port: u16,
    /// How the connection is kept from others.
    pub security: Security,
    /// Who signs in to the server; empty for nobody.
    pub user: String,
    /// The user's password, sealed by `keys`; empty for none.
    pub sealed_password: String,
    /// The address that mails come from.
    pub from: String,
}

impl Default for MailSettings {
    fn default() -> Self {
        Self {
            is_enabled: false,
            host: String::new(),
            port: 587,
            security: Security::default(),
            user: String::new(),
            sealed_password: String::new(),
            from: String::new(),
        }
    }
}

impl MailSettings {
    /// The name under which they are stored.
    pub const NAME: &str = "mail";
}

/// What became of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LetterState {
    /// It is to be sent.
    Waiting,
    /// The server took it.
    Sent,
    /// It will not be sent.
    GivenUp,
}

impl LetterState {
    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::GivenUp => "given_up",
        }
    }

    /// The state of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Waiting, Self::Sent, Self::GivenUp].into_iter().find(|state| state.as_str() == word)
    }
}

/// A mail to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLetter {
    /// The address it goes to.
    pub to: String,
    /// The subject: one line.
    pub subject: String,
    /// The text, sealed by `keys`: it may hold a one-time link.
    pub sealed_body: String,
}

/// A mail whose turn it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueLetter {
    /// Its row.
    pub id: i64,
    /// What is sent.
    pub letter: NewLetter,
    /// When it was written.
    pub created_at: Timestamp,
    /// How often it was tried, with the try for which it is taken now.
    pub tries: u32,
}

/// A mail as administrators see it in a list, without its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedLetter {
    /// Its row: later ones are larger.
    pub id: i64,
    /// The address it goes to.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// What became of it.
    pub state: LetterState,
    /// How often it was tried.
    pub tries: u32,
    /// When it is tried next, if it waits.
    pub next_try_at: Timestamp,
    /// Why the last try failed; empty if none did.
    pub last_error: String,
}
