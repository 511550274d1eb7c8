//! Groups of people and what they may book: what agents can do, and how the local one does. *IO: the database.*

use super::discovery::admit;
use super::error::{Error, Result};
use super::local::Local;
use crate::model::agent::{Caller, GroupWish};
use crate::model::audit::Action;
use crate::model::clock::{self, Timestamp};
use crate::model::group::{Group, judge_name};
use crate::model::ids::{GroupId, UserId};
use crate::store::{Transaction, audit, groups, users};
use async_trait::async_trait;

/// Groups of people, for administrators.
#[async_trait]
pub trait Groups: Send + Sync {
    /// Every group with its members, by name.
    async fn groups(&self, caller: &Caller) -> Result<Vec<Group>>;

    /// Makes a group.
    async fn make_group(&self, caller: &Caller, wish: GroupWish) -> Result<GroupId>;

    /// Changes name, limits and members of a group.
    async fn change_group(&self, caller: &Caller, id: GroupId, wish: GroupWish) -> Result<()>;

    /// Removes a group: its members are as all again, its blocks are for nobody.
    async fn remove_group(&self, caller: &Caller, id: GroupId) -> Result<()>;
}

#[async_trait]
impl Groups for Local {
    async fn groups(&self, caller: &Caller) -> Result<Vec<Group>> {
        admit(caller, "looking after groups")?;
        self.read(|conn| Ok(groups::list(conn)?)).await
    }

    async fn make_group(&self, caller: &Caller, wish: GroupWish) -> Result<GroupId> {
        admit(caller, "looking after groups")?;
        let (by, now) = (caller.clone(), clock::now());
        self.write(move |tx| {
            let name = judge_name(&wish.name)?;
            // A refusal undoes nothing: what can be refused comes first.
            let members = members(tx, &wish.members)?;
            let made = groups::insert(tx, &name, &wish.limits, now)?;
            let id = made.ok_or_else(|| Error::GroupExists { name: name.clone() })?;
            groups::set_members(tx, id, &members)?;
            record(tx, &by, &format!("group {name}: {} members", wish.members.len()), now)?;
            Ok(id)
        })
        .await
    }

    async fn change_group(&self, caller: &Caller, id: GroupId, wish: GroupWish) -> Result<()> {
        admit(caller, "looking after groups")?;
        let (by, now) = (caller.clone(), clock::now());
        self.write(move |tx| {
            let name = judge_name(&wish.name)?;
            if groups::by_name(tx, &name)?.is_some_and(|other| other != id) {
                return Err(Error::GroupExists { name });
            }
            let members = members(tx, &wish.members)?;
            if !groups::update(tx, id, &name, &wish.limits)? {
                return Err(unknown(id));
            }
            groups::set_members(tx, id, &members)?;
            record(tx, &by, &format!("group {name}: {} members", wish.members.len()), now)
        })
        .await
    }

    async fn remove_group(&self, caller: &Caller, id: GroupId) -> Result<()> {
        admit(caller, "looking after groups")?;
        let (by, now) = (caller.clone(), clock::now());
        self.write(move |tx| {
            let name = groups::name(tx, id)?.ok_or_else(|| unknown(id))?;
            groups::delete(tx, id)?;
            record(tx, &by, &format!("group {name} removed"), now)
        })
        .await
    }
}

fn members(tx: &Transaction<'_>, emails: &[String]) -> Result<Vec<UserId>> {
    let (mut found, mut unknown) = (Vec::new(), Vec::new());
    for email in emails {
        match users::by_email(tx, &email.trim().to_lowercase())? {
            Some(user) => found.push(user.id),
            None => unknown.push(email.clone()),
        }
    }
    if unknown.is_empty() { Ok(found) } else { Err(Error::UnknownAccounts { emails: unknown }) }
}

fn record(tx: &Transaction<'_>, by: &Caller, subject: &str, now: Timestamp) -> Result<()> {
    Ok(audit::record(tx, &by.actor, Action::SettingChanged, subject, now)?)
}

fn unknown(id: GroupId) -> Error {
    Error::NotKnown { what: format!("group {id}") }
}
