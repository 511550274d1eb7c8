//! What administrators do with accounts, for the pages and the API alike. *IO: the database; the agent, to give nodes
//! back.*

use super::accounts::{self, NewLink};
use super::error::Error;
use super::letters;
use super::reader::Reader;
use super::state::App;
use crate::agent::{self, Whose};
use crate::model::agent::Caller;
use crate::model::audit::{Action, Actor};
use crate::model::clock::{self, Timestamp};
use crate::model::ids::UserId;
use crate::model::user::{LinkPurpose, Role, SignUpPolicy, User};
use crate::model::version::{Seen, Stale};
use crate::store::{self, Transaction, audit, links, outbox, sessions, site, users};

/// Why something was not done with an account.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error("there is no such account")]
    Nobody,
    #[error("an account has the address already")]
    Exists,
    #[error("this is the only administrator")]
    LastAdmin,
    #[error("you cannot remove your own account")]
    Own,
    #[error(transparent)]
    Stale(#[from] Stale),
    #[error(transparent)]
    Agent(#[from] agent::Error),
    #[error(transparent)]
    Failure(#[from] Error),
}

impl From<store::Error> for Trouble {
    fn from(error: store::Error) -> Self {
        Self::Failure(error.into())
    }
}

type Result<T> = std::result::Result<T, Trouble>;

/// Makes an account for somebody; gives it and the link with which they choose a password.
pub(super) async fn add(app: &App, by: &Actor, email: String, role: Role) -> Result<(UserId, String)> {
    let link = NewLink::make(LinkPurpose::SetPassword, &app.public_url)?;
    let (url, actor, now) = (link.url.clone(), by.clone(), clock::now());
    let create = move |tx: &Transaction<'_>| -> store::Result<Option<UserId>> {
        if users::by_email(tx, &email)?.is_some() {
            return Ok(None);
        }
        let user = users::insert(tx, &email, role, now)?;
        link.insert(tx, user)?;
        audit::record(tx, &actor, Action::RoleChanged, &format!("{email}: new, {}", role.as_str()), now)?;
        Ok(Some(user))
    };
    let user = app.store.write(create).await?.ok_or(Trouble::Exists)?;
    Ok((user, url))
}

/// Changes what an account may do, if it still is what the editor saw; who is accepted is told by mail, in the
/// language of who accepts.
pub(super) async fn change_role(
    app: &App,
    by: &Actor,
    reader: &Reader,
    id: UserId,
    (role, seen): (Role, Seen),
) -> Result<User> {
    let (actor, now) = (by.clone(), clock::now());
    let accepted = letters::accepted(app, reader, &known(app, id).await?.email)?;
    let change = move |tx: &Transaction<'_>| -> store::Result<Result<User>> {
        let Some(user) = users::present(tx, id)? else { return Ok(Err(Trouble::Nobody)) };
        if let Err(stale) = seen.judge(&user.version()) {
            return Ok(Err(stale.into()));
        }
        if role != Role::Admin && users::is_last_admin(tx, id)? {
            return Ok(Err(Trouble::LastAdmin));
        }
        users::set_role(tx, id, role)?;
        if role == Role::Pending {
            sessions::delete_others(tx, id, None)?;
            // The one that confirms the address could accept the account again.
            links::delete_all(tx, id)?;
        }
        let subject = format!("{}: {} to {}", user.email, user.role.as_str(), role.as_str());
        audit::record(tx, &actor, Action::RoleChanged, &subject, now)?;
        if user.role == Role::Pending && role != Role::Pending && outbox::is_enabled(tx)? {
            outbox::insert(tx, &accepted, now)?;
        }
        Ok(Ok(User { role, ..user }))
    };
    app.store.write(change).await?
}

/// Makes a link with which somebody chooses a new password; gives their address and the link.
pub(super) async fn make_link(app: &App, by: &Actor, id: UserId) -> Result<(String, String)> {
    let user = known(app, id).await?;
    let link = accounts::set_password_link(&app.store, &user.email, &app.public_url).await?;
    let (actor, now, email) = (by.clone(), clock::now(), user.email.clone());
    app.store.write(move |tx| audit::record(tx, &actor, Action::LinkMade, &email, now)).await?;
    Ok((user.email, link))
}

/// Gives back what an account has reserved, then removes it, if it still is what the editor saw.
pub(super) async fn remove(app: &App, by: &Caller, id: UserId, seen: Seen) -> Result<User> {
    if id == by.user {
        return Err(Trouble::Own);
    }
    seen.judge(&known(app, id).await?.version())?;
    let reservations = app.agent.reservations(by, Whose::All).await?;
    for reservation in reservations.iter().filter(|reservation| reservation.owner == id) {
        app.agent.release(by, reservation.id).await?;
    }
    let (actor, now) = (by.actor.clone(), clock::now());
    app.store.write(move |tx| take_away(tx, id, &actor, now)).await?
}

/// Stores who may sign up, if that still is what the editor saw.
pub(super) async fn set_policy(app: &App, by: &Actor, policy: SignUpPolicy, seen: Seen) -> Result<()> {
    let (actor, now) = (by.clone(), clock::now());
    let store = move |tx: &Transaction<'_>| -> store::Result<Result<()>> {
        if let Err(stale) = site::replace(tx, SignUpPolicy::NAME, &policy, &seen)? {
            return Ok(Err(stale.into()));
        }
        audit::record(tx, &actor, Action::SettingChanged, "who may sign up", now).map(Ok)
    };
    app.store.write(store).await?
}

fn take_away(tx: &Transaction<'_>, id: UserId, actor: &Actor, now: Timestamp) -> store::Result<Result<User>> {
    let Some(user) = users::present(tx, id)? else { return Ok(Err(Trouble::Nobody)) };
    if users::is_last_admin(tx, id)? {
        return Ok(Err(Trouble::LastAdmin));
    }
    users::remove(tx, id, now)?;
    audit::record(tx, actor, Action::AccountRemoved, &user.email, now)?;
    Ok(Ok(user))
}

async fn known(app: &App, id: UserId) -> Result<User> {
    app.store.read(move |conn| users::present(conn, id)).await?.ok_or(Trouble::Nobody)
}
