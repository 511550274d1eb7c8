//! What people did: one line each, kept for administrators. *Pure.*

use super::clock::Timestamp;
use std::net::IpAddr;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Somebody made an account.
    SignedUp,
    /// Somebody signed in, by password or by link.
    SignedIn,
    /// A sign-in was refused.
    SignInRefused,
    /// An e-mail address was shown to be its owner's.
    EmailConfirmed,
    /// A password was set or changed.
    PasswordSet,
    /// An account may do more or less than before.
    RoleChanged,
    /// A one-time link was made for somebody.
    LinkMade,
    /// An account was removed.
    AccountRemoved,
    /// A session was ended from elsewhere.
    SessionEnded,
    /// An API token was made.
    TokenMade,
    /// An API token was revoked.
    TokenRevoked,
    /// A person's calendar feed got an address.
    FeedMade,
    /// The address of a calendar feed was revoked.
    FeedRevoked,
    /// A setting of the site was changed.
    SettingChanged,
    /// Nodes were reserved.
    Reserved,
    /// Somebody waits for nodes, or does no longer.
    Queued,
    /// A reservation was configured.
    Configured,
    /// A reservation was made longer.
    Extended,
    /// A reservation was given back.
    Released,
    /// Something was asked of what is deployed on a node.
    Requested,
    /// The nodes of the rack, or other devices, were changed.
    RackChanged,
    /// An environment was imported, changed, shared or removed.
    EnvironmentChanged,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 22] = [
        Self::SignedUp,
        Self::SignedIn,
        Self::SignInRefused,
        Self::EmailConfirmed,
        Self::PasswordSet,
        Self::RoleChanged,
        Self::LinkMade,
        Self::AccountRemoved,
        Self::SessionEnded,
        Self::TokenMade,
        Self::TokenRevoked,
        Self::FeedMade,
        Self::FeedRevoked,
        Self::SettingChanged,
        Self::Reserved,
        Self::Queued,
        Self::Configured,
        Self::Extended,
        Self::Released,
        Self::Requested,
        Self::RackChanged,
        Self::EnvironmentChanged,
    ];

    /// The word in the database and on the page.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignedUp => "signed_up",
            Self::SignedIn => "signed_in",
            Self::SignInRefused => "sign_in_refused",
            Self::EmailConfirmed => "email_confirmed",
            Self::PasswordSet => "password_set",
            Self::RoleChanged => "role_changed",
            Self::LinkMade => "link_made",
            Self::AccountRemoved => "account_removed",
            Self::SessionEnded => "session_ended",
            Self::TokenMade => "token_made",
            Self::TokenRevoked => "token_revoked",
            Self::FeedMade => "feed_made",
            Self::FeedRevoked => "feed_revoked",
            Self::SettingChanged => "setting_changed",
            Self::Reserved => "reserved",
            Self::Queued => "queued",
            Self::Configured => "configured",
            Self::Extended => "extended",
            Self::Released => "released",
            Self::Requested => "requested",
            Self::RackChanged => "rack_changed",
            Self::EnvironmentChanged => "environment_changed",
        }
    }

    /// The action of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == word)
    }
}

/// Who did something, and from where.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Actor {
    /// The e-mail address of the account; none for nobody who signed in.
    pub email: Option<String>,
    /// The address of their machine; none if it was not by network.
    pub from: Option<IpAddr>,
}

/// One line of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its row: later ones are larger.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// The e-mail address of who did it; empty for nobody who signed in.
    pub who: String,
    /// From which address; empty if it was not by network.
    pub address: String,
    /// What was done.
    pub action: Action,
    /// To whom or what, such as `ada@lab: user to admin`.
    pub subject: String,
}
