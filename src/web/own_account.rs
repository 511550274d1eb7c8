//! What people do with their own account, for the pages and the API alike. *IO: the database; a blocking thread for
//! hashes.*

use super::accounts::new_token;
use super::error::Error;
use super::secret;
use super::state::App;
use crate::keys::Sealed;
use crate::model::audit::{Action, Actor};
use crate::model::clock;
use crate::model::credential::Platform;
use crate::model::ids::{TokenId, UserId};
use crate::model::ssh_key::PublicKey;
use crate::model::token::{Token, TokenWish};
use crate::model::user::User;
use crate::model::version::{Seen, Stale};
use crate::store::{self, Transaction, audit, credentials, sessions, tokens, users};

/// Whose account, and who that is for the audit log.
#[derive(Debug, Clone)]
pub(super) struct Owner {
    pub(super) id: UserId,
    pub(super) actor: Actor,
}

/// Stores SSH keys, if they still are what the editor saw.
pub(super) async fn set_keys(
    app: &App,
    owner: &Owner,
    keys: Vec<PublicKey>,
    seen: Seen,
) -> Result<Result<(), Stale>, Error> {
    let id = owner.id;
    let store = move |tx: &Transaction<'_>| -> store::Result<Result<(), Stale>> {
        let present = users::by_id(tx, id)?.map(|user| user.keys_version());
        if let Err(stale) = present.map_or(Ok(()), |present| seen.judge(&present)) {
            return Ok(Err(stale));
        }
        users::set_ssh_keys(tx, id, &keys).map(Ok)
    };
    Ok(app.store.write(store).await?)
}

/// Whether that is the present password; an account without one has any.
pub(super) async fn knows_password(app: &App, user: &User, password: String) -> Result<bool, Error> {
    match user.password_hash.clone() {
        Some(stored) => app.hasher.verify(password, Some(stored)).await,
        None => Ok(true),
    }
}

/// Sets a password that was judged, and ends all sessions but one.
pub(super) async fn set_password(
    app: &App,
    owner: &Owner,
    password: String,
    kept: Option<[u8; 32]>,
) -> Result<(), Error> {
    let hash = app.hasher.hash(password).await?;
    let (Owner { id, actor }, now) = (owner.clone(), clock::now());
    let set = move |tx: &Transaction<'_>| {
        users::set_password(tx, id, &hash)?;
        audit::record(tx, &actor, Action::PasswordSet, "", now)?;
        sessions::delete_others(tx, id, kept.as_ref())
    };
    Ok(app.store.write(set).await?)
}

/// Makes a token; gives its secret, known now and never again.
pub(super) async fn make_token(app: &App, owner: &Owner, wish: TokenWish) -> Result<(String, Token), Error> {
    let text = new_token()?;
    let (Owner { id: user, actor }, hash, now) = (owner.clone(), secret::digest(&text), clock::now());
    let make = move |tx: &Transaction<'_>| -> store::Result<Token> {
        audit::record(tx, &actor, Action::TokenMade, &format!("{}: {}", wish.name, wish.scopes), now)?;
        let id = tokens::insert(tx, &hash, user, &wish, now)?;
        let expires_at = wish.expires_at(now);
        Ok(Token { id, name: wish.name, scopes: wish.scopes, created_at: now, expires_at, last_use: None })
    };
    let token = app.store.write(make).await?;
    Ok((text, token))
}

/// Revokes a token; says whether there was one.
pub(super) async fn revoke_token(app: &App, owner: &Owner, id: TokenId) -> Result<bool, Error> {
    let (Owner { id: user, actor }, now) = (owner.clone(), clock::now());
    let revoke = move |tx: &Transaction<'_>| -> store::Result<bool> {
        let was_there = tokens::delete(tx, user, id)?;
        if was_there {
            audit::record(tx, &actor, Action::TokenRevoked, &format!("token {id}"), now)?;
        }
        Ok(was_there)
    };
    Ok(app.store.write(revoke).await?)
}

/// Ends a session elsewhere; says whether there was one.
pub(super) async fn end_session(app: &App, owner: &Owner, name: String) -> Result<bool, Error> {
    let (Owner { id: user, actor }, now) = (owner.clone(), clock::now());
    let end = move |tx: &Transaction<'_>| -> store::Result<bool> {
        let was_there = sessions::delete_named(tx, user, &name)?;
        if was_there {
            audit::record(tx, &actor, Action::SessionEnded, "", now)?;
        }
        Ok(was_there)
    };
    Ok(app.store.write(end).await?)
}

/// Stores an account at another testbed, judged before; its password is sealed.
pub(super) async fn set_credential(
    app: &App,
    owner: &Owner,
    platform: Platform,
    (login, password): (String, String),
) -> Result<(), Error> {
    let sealed = app.sealer.seal(Sealed::Credential, &password).map_err(Error::Keys)?;
    let (Owner { id: user, actor }, now) = (owner.clone(), clock::now());
    let set = move |tx: &Transaction<'_>| {
        credentials::set(tx, user, platform, (&login, &sealed), now)?;
        audit::record(tx, &actor, Action::PasswordSet, &format!("for {login} at {}", platform.shown()), now)
    };
    Ok(app.store.write(set).await?)
}

/// Removes an account at another testbed; says whether there was one.
pub(super) async fn remove_credential(app: &App, owner: &Owner, platform: Platform) -> Result<bool, Error> {
    let (Owner { id: user, actor }, now) = (owner.clone(), clock::now());
    let remove = move |tx: &Transaction<'_>| -> store::Result<bool> {
        let was_there = credentials::remove(tx, user, platform)?;
        if was_there {
            audit::record(tx, &actor, Action::PasswordSet, &format!("none for {}", platform.shown()), now)?;
        }
        Ok(was_there)
    };
    Ok(app.store.write(remove).await?)
}
