//! Accounts, links and tokens for the command line. *IO: the database.* Called by `commands`, `daemon`, `demo`.

use super::error::Error;
use super::{paths, secret};
use crate::model::clock::{self, SignedDuration, Timestamp};
use crate::model::ids::UserId;
use crate::model::token::TokenWish;
use crate::model::user::{LinkPurpose, Role, User};
use crate::store::{self, Store, Transaction, links, tokens, users};

/// How long a set-password link works: somebody may read the log after the weekend.
const SET_PASSWORD_FOR: SignedDuration = SignedDuration::from_hours(72);
/// How long a sign-in link works.
const SIGN_IN_FOR: SignedDuration = SignedDuration::from_hours(24);

/// The way in for the first administrator: creates the account if there is no administrator, and gives a
/// one-time link to choose its password. Gives another link as long as no administrator has a password, since
/// the first may have been lost with a log; none afterwards.
pub async fn ensure_admin(store: &Store, email: &str, public_url: &str) -> Result<Option<String>, Error> {
    let email = parse_email(email)?;
    let now = clock::now();
    let admin = store
        .write(move |tx| {
            if !users::has_admin(tx)? {
                match users::by_email(tx, &email)? {
                    Some(user) => users::set_role(tx, user.id, Role::Admin)?,
                    None => drop(users::insert(tx, &email, Role::Admin, now)?),
                }
            }
            users::admin_without_password(tx)
        })
        .await?;
    match admin {
        Some(admin) => link(store, admin, LinkPurpose::SetPassword, public_url).await.map(Some),
        None => Ok(None),
    }
}

/// A one-time link with which a person chooses a password.
pub async fn set_password_link(store: &Store, email: &str, public_url: &str) -> Result<String, Error> {
    link(store, known(store, email).await?, LinkPurpose::SetPassword, public_url).await
}

/// A one-time link that signs a person in, for the demonstration rack.
pub async fn sign_in_link(store: &Store, email: &str, public_url: &str) -> Result<String, Error> {
    link(store, known(store, email).await?, LinkPurpose::SignIn, public_url).await
}

/// A new API token of an account: shown now and never again.
pub async fn create_token(store: &Store, email: &str, wish: TokenWish) -> Result<String, Error> {
    let user = known(store, email).await?.id;
    let (token, now) = (new_token()?, clock::now());
    let hash = secret::digest(&token);
    store.write(move |tx| tokens::insert(tx, &hash, user, &wish, now)).await?;
    Ok(token)
}

/// A new account without a password; [`set_password_link`] opens it.
pub async fn add_user(store: &Store, email: &str, role: Role) -> Result<UserId, Error> {
    let email = parse_email(email)?;
    let (wanted, now) = (email.clone(), clock::now());
    match store.write(move |tx| users::insert(tx, &wanted, role, now)).await {
        Err(error) if error.is_constraint() => Err(Error::UserExists { email }),
        outcome => Ok(outcome?),
    }
}

/// A fresh API token.
pub(super) fn new_token() -> Result<String, Error> {
    Ok(format!("{}{}", secret::TOKEN_PREFIX, secret::generate()?))
}

/// An e-mail address in lower case.
pub(super) fn parse_email(text: &str) -> Result<String, Error> {
    let email = text.trim().to_lowercase();
    let strange = |c: char| c.is_whitespace() || c.is_control() || "<>\"'`,;\\".contains(c);
    let good = email.len() <= 254
        && !email.contains(strange)
        && email
            .split_once('@')
            .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'));
    if good { Ok(email) } else { Err(Error::NotAnEmail { seen: text.chars().take(80).collect() }) }
}

async fn known(store: &Store, email: &str) -> Result<User, Error> {
    let email = parse_email(email)?;
    let wanted = email.clone();
    let found = store.read(move |conn| users::by_email(conn, &wanted)).await?;
    found.ok_or(Error::NoSuchUser { email })
}

async fn link(store: &Store, user: User, purpose: LinkPurpose, public_url: &str) -> Result<String, Error> {
    let link = NewLink::make(purpose, public_url)?;
    let url = link.url.clone();
    store.write(move |tx| link.insert(tx, user.id)).await?;
    Ok(url)
}

/// A one-time link that is known to nobody yet, not even to the database.
#[derive(Clone)]
pub(super) struct NewLink {
    hash: [u8; 32],
    purpose: LinkPurpose,
    expires: Timestamp,
    /// The whole address, to be shown or mailed once.
    pub(super) url: String,
}

impl NewLink {
    /// A fresh link.
    pub(super) fn make(purpose: LinkPurpose, public_url: &str) -> Result<Self, Error> {
        let secret = secret::generate()?;
        let lasts = match purpose {
            LinkPurpose::SetPassword | LinkPurpose::ConfirmEmail => SET_PASSWORD_FOR,
            LinkPurpose::SignIn => SIGN_IN_FOR,
        };
        let url = format!("{}{}", public_url.trim_end_matches('/'), paths::link(&secret));
        Ok(Self { hash: secret::digest(&secret), purpose, expires: clock::now() + lasts, url })
    }

    /// Makes it work, for that account.
    pub(super) fn insert(&self, tx: &Transaction<'_>, user: UserId) -> store::Result<()> {
        links::insert(tx, &self.hash, user, self.purpose, self.expires)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_judged_and_lowered() {
        assert_eq!(parse_email(" Ada@Lab.Example ").unwrap(), "ada@lab.example");
        assert!(parse_email("admin@localhost").is_ok());
        for text in
            ["", "ada", "@lab", "ada@", "a b@lab", "a@b@c", "a<b@c", &format!("{}@x", "a".repeat(300))]
        {
            assert!(parse_email(text).is_err(), "{text}");
        }
    }
}
