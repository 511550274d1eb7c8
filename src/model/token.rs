//! API tokens: what each may do, and for how long. *Pure.*
//!
//! A token never does more than its account may. Its scope is a list of words as in OAuth 2.0 (RFC 6749, 3.3).

use super::clock::{SignedDuration, Timestamp};
use super::ids::TokenId;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// How long a token works if nothing is said, in days.
pub const DEFAULT_DAYS: u32 = 90;
/// How long a token with an end may work, in days.
pub const LONGEST_DAYS: u32 = 366;
/// The longest name of a token, in characters.
const LONGEST_NAME: usize = 64;

/// A thing that tokens may be allowed. None of them includes another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// See what the account may see: every GET.
    Read,
    /// Reserve, deploy, extend and end what is the account's own.
    Reserve,
    /// Change the account: its keys, password, sessions, tokens and credentials.
    Account,
    /// Do what only administrators may, also with what is others'.
    Admin,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 4] = [Self::Read, Self::Reserve, Self::Account, Self::Admin];

    /// The word in the database, in the API and in `WWW-Authenticate`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Reserve => "reserve",
            Self::Account => "account",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = NotAScope;
    fn from_str(word: &str) -> Result<Self, NotAScope> {
        let found = Self::ALL.into_iter().find(|scope| scope.as_str() == word);
        found.ok_or_else(|| NotAScope { seen: word.chars().take(40).collect() })
    }
}

/// A word that is no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{seen}` is no scope; expected read, reserve, account or admin")]
pub struct NotAScope {
    seen: String,
}

/// What a token may do. Written as words with blanks between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scopes(BTreeSet<Scope>);

impl Scopes {
    /// Everything that the account may.
    pub fn all() -> Self {
        Self(Scope::ALL.into())
    }

    /// Whether that is among them.
    pub fn has(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    /// The first of these that is not among another's.
    pub fn beyond(&self, others: &Self) -> Option<Scope> {
        self.iter().find(|scope| !others.has(*scope))
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = Scope> {
        self.0.iter().copied()
    }

    /// The words.
    pub fn words(&self) -> Vec<String> {
        self.iter().map(|scope| scope.to_string()).collect()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().collect())
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words().join(" "))
    }
}

impl FromStr for Scopes {
    type Err = NotAScope;
    fn from_str(words: &str) -> Result<Self, NotAScope> {
        words.split_whitespace().map(str::parse).collect()
    }
}

/// How long a new token works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// So many days.
    Days(u32),
    /// Until it is revoked: only if somebody says so.
    Unlimited,
}

/// A sound wish for a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenWish {
    /// What its owner calls it.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// How long it works.
    pub lifetime: Lifetime,
}

/// Why a token is not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// Its name.
    #[error(
        "the name has {seen} characters; expected 1 to {LONGEST_NAME} on one line, such as what uses the token"
    )]
    Name {
        /// How many characters it has.
        seen: usize,
    },
    /// It may do nothing.
    #[error("no scope was chosen; expected at least one of read, reserve, account, admin")]
    NoScope,
    /// It lasts no time, or too long.
    #[error("{seen} days are not possible; expected 1 to {LONGEST_DAYS}, or that it never expires")]
    Days {
        /// How many were asked for.
        seen: u32,
    },
}

impl BadToken {
    /// The field that must change.
    pub fn field(&self) -> &'static str {
        match self {
            Self::Name { .. } => "name",
            Self::NoScope => "scopes",
            Self::Days { .. } => "days",
        }
    }
}

impl TokenWish {
    /// A token that may do everything until it is revoked, for who has the machine itself.
    pub fn unlimited(name: &str) -> Self {
        Self { name: name.to_owned(), scopes: Scopes::all(), lifetime: Lifetime::Unlimited }
    }

    /// Judges a wish.
    pub fn judge(name: &str, scopes: Scopes, lifetime: Lifetime) -> Result<Self, BadToken> {
        let name = name.trim();
        let seen = name.chars().count();
        if !(1..=LONGEST_NAME).contains(&seen) || name.chars().any(char::is_control) {
            return Err(BadToken::Name { seen });
        }
        if scopes.0.is_empty() {
            return Err(BadToken::NoScope);
        }
        match lifetime {
            Lifetime::Days(seen) if !(1..=LONGEST_DAYS).contains(&seen) => Err(BadToken::Days { seen }),
            Lifetime::Days(_) | Lifetime::Unlimited => Ok(Self { name: name.to_owned(), scopes, lifetime }),
        }
    }

    /// When it stops working.
    pub fn expires_at(&self, now: Timestamp) -> Option<Timestamp> {
        match self.lifetime {
            Lifetime::Days(days) => Some(now + SignedDuration::from_hours(i64::from(days) * 24)),
            Lifetime::Unlimited => None,
        }
    }
}

/// An API token as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its row.
    pub id: TokenId,
    /// What its owner calls it.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working, if ever.
    pub expires_at: Option<Timestamp>,
    /// When it was last used and from where, to the minute; never if none.
    pub last_use: Option<LastUse>,
}

/// When and from where a token was last used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastUse {
    /// When.
    pub at: Timestamp,
    /// From which address; empty if it was not by network.
    pub from: String,
}

impl Token {
    /// Whether a use is worth a write: one a minute, and each new address.
    pub fn is_news(&self, from: &str, now: Timestamp) -> bool {
        let known = self.last_use.as_ref();
        known.is_none_or(|last| {
            last.from != from || now.duration_since(last.at) >= SignedDuration::from_mins(1)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_words() {
        let scopes: Scopes = "reserve  read".parse().unwrap();
        assert_eq!(scopes.to_string(), "read reserve");
        assert!(scopes.has(Scope::Read) && !scopes.has(Scope::Admin));
        assert_eq!(Scopes::all().beyond(&scopes), Some(Scope::Account));
        assert_eq!(scopes.beyond(&Scopes::all()), None);
        assert!("read write".parse::<Scopes>().unwrap_err().to_string().contains("`write`"));
    }

    #[test]
    fn wishes_are_judged() {
        let judge = |name: &str, scopes: &str, lifetime| {
            TokenWish::judge(name, scopes.parse().unwrap(), lifetime).map_err(|error| error.field())
        };
        assert_eq!(judge(" nightly ", "read", Lifetime::Days(1)).unwrap().name, "nightly");
        assert!(judge("x", "read", Lifetime::Unlimited).is_ok());
        for name in ["", " ", "a\nb", &"x".repeat(65)] {
            assert_eq!(judge(name, "read", Lifetime::Days(1)), Err("name"), "{name:?}");
        }
        assert_eq!(judge("x", "", Lifetime::Days(1)), Err("scopes"));
        for days in [0, LONGEST_DAYS + 1] {
            assert_eq!(judge("x", "read", Lifetime::Days(days)), Err("days"));
        }
    }

    #[test]
    fn a_use_is_noted_once_a_minute_and_from_each_address() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let last_use = Some(LastUse { at: now, from: "192.0.2.1".into() });
        let scopes = Scopes::all();
        let mut token =
            Token { id: TokenId(1), name: "x".into(), scopes, created_at: now, expires_at: None, last_use };
        let after = |seconds| now + SignedDuration::from_secs(seconds);
        assert!(!token.is_news("192.0.2.1", after(59)));
        assert!(token.is_news("192.0.2.1", after(60)));
        assert!(token.is_news("192.0.2.2", after(1)));
        token.last_use = None;
        assert!(token.is_news("", now));
    }
}
