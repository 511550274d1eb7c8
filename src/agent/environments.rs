//! What can be deployed, and who may: what agents can do with environments, and how the local one does. *IO: the database,
//! the data folder.* An import becomes a row; a task of the daemon takes it up.

use super::discovery::admit;
use super::error::{Error, Result};
use super::local::Local;
use super::upload::{LocalUpload, Upload};
use crate::model::agent::Caller;
use crate::model::audit::Action;
use crate::model::clock;
use crate::model::environment::Environment;
use crate::model::ids::ImportId;
use crate::model::image_import::{Import, ImportState, ImportWish, Source};
use crate::model::sharing::{
    BadEnvironment, CatalogueEntry, EnvironmentChange, SharingWish, judge_description, judge_name, judge_user,
};
use crate::store::{Connection, Transaction, audit, environments, imports};
use async_trait::async_trait;
use std::fs;

/// How many imports people look back at.
const IMPORTS: u32 = 10;

/// Bringing environments in, and looking after them.
#[async_trait]
pub trait Environments: Send + Sync {
    /// Every environment that the caller may deploy, with what is known of it: those offered first, then by name.
    async fn catalogue(&self, caller: &Caller) -> Result<Vec<CatalogueEntry>>;

    /// Changes what people read of an environment, and the account that they sign in with.
    async fn change_environment(&self, caller: &Caller, name: &str, change: EnvironmentChange) -> Result<()>;

    /// Changes who may use an environment.
    async fn share_environment(&self, caller: &Caller, name: &str, wish: SharingWish) -> Result<()>;

    /// Removes an environment that nobody uses.
    async fn remove_environment(&self, caller: &Caller, name: &str) -> Result<()>;

    /// Files that can be imported without being sent, by name; for administrators.
    async fn incoming(&self, caller: &Caller) -> Result<Vec<String>>;

    /// Begins an import: of a file that is to be sent, or of one that is there.
    async fn begin_import(&self, caller: &Caller, wish: ImportWish) -> Result<ImportId>;

    /// Takes the file of an import; `total` is its size as announced, or 0.
    async fn receive(&self, caller: &Caller, id: ImportId, file: &str, total: u64)
    -> Result<Box<dyn Upload>>;

    /// The latest imports: of everybody for administrators, else the caller's.
    async fn imports(&self, caller: &Caller) -> Result<Vec<Import>>;

    /// One import.
    async fn import(&self, caller: &Caller, id: ImportId) -> Result<Import>;

    /// Asks an import to stop.
    async fn cancel_import(&self, caller: &Caller, id: ImportId) -> Result<()>;
}

#[async_trait]
impl Environments for Local {
    async fn catalogue(&self, caller: &Caller) -> Result<Vec<CatalogueEntry>> {
        let (user, is_admin) = (caller.user, caller.is_admin);
        let mut found = self.read(|conn| Ok(environments::catalogue(conn)?)).await?;
        found.retain(|entry| entry.is_usable_by(user, is_admin));
        Ok(found)
    }

    async fn change_environment(&self, caller: &Caller, name: &str, wish: EnvironmentChange) -> Result<()> {
        wish.judge()?;
        let (by, name, now) = (caller.clone(), name.to_owned(), clock::now());
        let change = move |tx: &Transaction<'_>| {
            let entry = changeable(tx, &by, &name)?;
            let before = &entry.environment;
            if wish.name != before.name && environments::by_name(tx, &wish.name)?.is_some() {
                return Err(BadEnvironment::Taken { name: wish.name }.into());
            }
            // Who has it deployed signs in by that account, and so does pimaster.
            if wish.ssh_user != before.ssh_user {
                refuse_used(&entry)?;
            }
            environments::change(tx, before.id, &wish)?;
            let what = differences(before, &wish);
            if what.is_empty() {
                return Ok(());
            }
            Ok(audit::record(tx, &by.actor, Action::EnvironmentChanged, &format!("{name}: {what}"), now)?)
        };
        self.write(change).await
    }

    async fn share_environment(&self, caller: &Caller, name: &str, wish: SharingWish) -> Result<()> {
        let (by, name, now) = (caller.clone(), name.to_owned(), clock::now());
        let share = move |tx: &Transaction<'_>| {
            let entry = usable(tx, &by, &name)?;
            let (sharing, refusal) = wish.judge(&entry, by.user, by.is_admin)?;
            environments::set_sharing(tx, entry.environment.id, sharing, &refusal)?;
            let why = if refusal.is_empty() { refusal } else { format!(", refused: {refusal}") };
            let subject = format!("{name}: {} to {}{why}", entry.sharing.as_str(), sharing.as_str());
            Ok(audit::record(tx, &by.actor, Action::EnvironmentChanged, &subject, now)?)
        };
        self.write(share).await
    }

    async fn remove_environment(&self, caller: &Caller, name: &str) -> Result<()> {
        let (by, name, now) = (caller.clone(), name.to_owned(), clock::now());
        let remove = move |tx: &Transaction<'_>| {
            let entry = changeable(tx, &by, &name)?;
            refuse_used(&entry)?;
            environments::remove(tx, entry.environment.id, now)?;
            audit::record(tx, &by.actor, Action::EnvironmentChanged, &format!("{name}: removed"), now)?;
            Ok(entry.environment.id)
        };
        let id = self.write(remove).await?;
        // What is left if this does not end well goes at the next start.
        let folder = self.data.image(id);
        let gone = tokio::task::spawn_blocking(move || fs::remove_dir_all(&folder));
        if let Ok(Err(error)) = gone.await {
            tracing::warn!(environment = id.0, %error, "the files of a removed environment are left over");
        }
        tracing::info!(user = caller.user.0, environment = id.0, "environment removed");
        Ok(())
    }

    async fn incoming(&self, caller: &Caller) -> Result<Vec<String>> {
        admit(caller, "the folder for imports")?;
        let folder = self.data.incoming();
        let listed = tokio::task::spawn_blocking(move || {
            let entries = fs::read_dir(folder).into_iter().flatten().filter_map(std::result::Result::ok);
            let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
            let mut names: Vec<String> =
                files.filter_map(|file| file.file_name().into_string().ok()).collect();
            names.retain(|name| !name.starts_with('.'));
            names.sort();
            names
        });
        Ok(listed.await.unwrap_or_default())
    }

    async fn begin_import(&self, caller: &Caller, wish: ImportWish) -> Result<ImportId> {
        if wish.is_for_site {
            admit(caller, "an environment of the site")?;
        }
        judge_name(&wish.name).map_err(BadEnvironment::Name)?;
        judge_description(&wish.description)?;
        wish.ssh_user.as_deref().map_or(Ok(()), judge_user).map_err(BadEnvironment::User)?;
        if let Source::Folder(seen) = &wish.source
            && !self.incoming(caller).await?.contains(seen)
        {
            return Err(BadEnvironment::NoSuchFile { seen: seen.clone() }.into());
        }
        let (by, now) = (caller.clone(), clock::now());
        let begin = move |tx: &Transaction<'_>| {
            if environments::by_name(tx, &wish.name)?.is_some() {
                return Err(BadEnvironment::Taken { name: wish.name }.into());
            }
            if let Some(open) = imports::open_of(tx, by.user)? {
                return Err(BadEnvironment::Busy { id: open.id }.into());
            }
            let id = imports::insert(tx, &wish, by.user, now)?;
            let whose = if wish.is_for_site { "for the site" } else { "private" };
            let subject = format!("{}: import {id} begun, {whose}", wish.name);
            audit::record(tx, &by.actor, Action::EnvironmentChanged, &subject, now)?;
            Ok(id)
        };
        self.write(begin).await
    }

    async fn receive(
        &self,
        caller: &Caller,
        id: ImportId,
        file: &str,
        total: u64,
    ) -> Result<Box<dyn Upload>> {
        self.import(caller, id).await?;
        let file: String = file.chars().filter(|c| !c.is_control()).take(200).collect();
        let file = if file.is_empty() { "file".to_owned() } else { file };
        if !self.write(move |tx| Ok(imports::receive(tx, id, &file, total)?)).await? {
            return Err(BadEnvironment::NotReceiving { id }.into());
        }
        match LocalUpload::open(self.store.clone(), &self.data, id, total).await {
            Ok(upload) => Ok(Box::new(upload)),
            Err(error) => {
                let (why, now) = (error.to_string(), clock::now());
                let end =
                    move |tx: &Transaction<'_>| Ok(imports::finish(tx, id, ImportState::Failed, &why, now)?);
                self.write(end).await?;
                Err(error)
            }
        }
    }

    async fn imports(&self, caller: &Caller) -> Result<Vec<Import>> {
        let user = (!caller.is_admin).then_some(caller.user);
        self.read(move |conn| Ok(imports::list(conn, user, IMPORTS)?)).await
    }

    async fn import(&self, caller: &Caller, id: ImportId) -> Result<Import> {
        let (user, is_admin) = (caller.user, caller.is_admin);
        let found = self.read(move |conn| Ok(imports::by_id(conn, id)?)).await?;
        let mine = found.filter(|import| is_admin || import.user == user);
        mine.ok_or_else(|| BadEnvironment::NoSuchImport { id }.into())
    }

    async fn cancel_import(&self, caller: &Caller, id: ImportId) -> Result<()> {
        let import = self.import(caller, id).await?;
        let (by, now) = (caller.actor.clone(), clock::now());
        let cancel = move |tx: &Transaction<'_>| {
            imports::cancel(tx, id, now)?;
            let subject = format!("{}: import {id} is to stop", import.wish.name);
            Ok(audit::record(tx, &by, Action::EnvironmentChanged, &subject, now)?)
        };
        self.write(cancel).await
    }
}

/// The environment of that name, if the caller may deploy it. What they may not is as if it were not there.
pub(super) fn usable(conn: &Connection, caller: &Caller, name: &str) -> Result<CatalogueEntry> {
    let found = environments::by_name(conn, name)?.map(|it| environments::entry(conn, it)).transpose()?;
    let found = found.filter(|entry| entry.is_usable_by(caller.user, caller.is_admin));
    found.ok_or_else(|| BadEnvironment::NoSuch { name: name.to_owned() }.into())
}

fn changeable(conn: &Connection, caller: &Caller, name: &str) -> Result<CatalogueEntry> {
    let entry = usable(conn, caller, name)?;
    if entry.is_changed_by(caller.user, caller.is_admin) {
        return Ok(entry);
    }
    Err(BadEnvironment::NotYours { name: name.to_owned() }.into())
}

fn refuse_used(entry: &CatalogueEntry) -> Result<()> {
    if entry.used_by.is_empty() {
        return Ok(());
    }
    let (name, by) = (entry.environment.name.clone(), entry.used_by.clone());
    Err(Error::Environment(BadEnvironment::InUse { name, by }))
}

fn differences(before: &Environment, after: &EnvironmentChange) -> String {
    let pairs = [
        ("name", &before.name, &after.name),
        ("description", &before.description, &after.description),
        ("account", &before.ssh_user, &after.ssh_user),
    ];
    let changed = pairs.into_iter().filter(|(_, before, after)| before != after);
    changed
        .map(|(what, before, after)| format!("{what} `{before}` to `{after}`"))
        .collect::<Vec<_>>()
        .join(", ")
}
