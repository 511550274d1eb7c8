//! Configuring: what shall be put on a reservation's nodes. *IO: the transaction it is given; a blocking thread
//! for the hash.* Called by `local`.

use super::environments::usable;
use super::error::{Error, Result};
use super::{look, password};
use crate::model::agent::{Caller, ConfigureWish};
use crate::model::clock::Timestamp;
use crate::model::environment::Environment;
use crate::model::ids::ReservationId;
use crate::model::reservation::{
    Configuration, LARGEST_PARTITION_BYTES, LONGEST_SCRIPT_BYTES, PartitionSize, Reservation,
    ReservationState,
};
use crate::model::ssh_key::PublicKey;
use crate::model::user::judge_password;
use crate::store::{Connection, Transaction, reservations, users};

/// Judges everything about a wish.
pub(super) fn judge(
    conn: &Connection,
    caller: &Caller,
    id: ReservationId,
    wish: &ConfigureWish,
    now: Timestamp,
) -> Result<(Reservation, Environment)> {
    let reservation = look::admitted(conn, caller, id)?;
    match reservation.state {
        ReservationState::Held | ReservationState::Configured => {}
        ReservationState::Active => return Err(Error::InUse { id }),
        ReservationState::Ending | ReservationState::Ended => return Err(Error::Over { id }),
    }
    if reservation.end <= now {
        return Err(Error::Over { id });
    }
    let environment = environment(conn, caller, &wish.environment)?;
    judge_size(wish.partition_size, &environment)?;
    if let Some(password) = &wish.password {
        judge_password(password)?;
    }
    if let Some(script) = &wish.user_script {
        judge_script(script)?;
    }
    Ok((reservation, environment))
}

/// The password's hash; with the password itself if it had to be made.
pub(super) async fn hash(given: Option<String>) -> Result<(String, Option<String>)> {
    let hashed = tokio::task::spawn_blocking(move || match given {
        Some(given) => Some((password::hash(&given)?, None)),
        None => {
            let made = password::generate()?;
            Some((password::hash(&made)?, Some(made)))
        }
    });
    hashed.await.ok().flatten().ok_or(Error::Hash)
}

/// Stores the configuration, if it still stands up to judgement.
pub(super) fn store(
    tx: &Transaction<'_>,
    caller: &Caller,
    id: ReservationId,
    wish: &ConfigureWish,
    password_hash: String,
    now: Timestamp,
) -> Result<()> {
    let (reservation, environment) = judge(tx, caller, id, wish, now)?;
    // The keys of the owner, also when an administrator configures for them.
    let account = users::by_id(tx, reservation.owner)?.map(|user| user.ssh_keys).unwrap_or_default();
    let configuration = Configuration {
        environment: environment.id,
        partition_size: wish.partition_size,
        password_hash,
        ssh_keys: merge(account, &wish.ssh_keys),
        user_script: wish.user_script.clone().filter(|script| !script.trim().is_empty()),
        system_update: wish.system_update,
    };
    Ok(reservations::configure(tx, id, &configuration)?)
}

fn environment(conn: &Connection, caller: &Caller, name: &str) -> Result<Environment> {
    if let Ok(entry) = usable(conn, caller, name) {
        return Ok(entry.environment);
    }
    let known = look::environments(conn, caller)?.into_iter().map(|environment| environment.name).collect();
    Err(Error::UnknownEnvironment { seen: name.to_owned(), known })
}

fn judge_size(size: PartitionSize, environment: &Environment) -> Result<()> {
    let PartitionSize::Bytes(seen) = size else { return Ok(()) };
    let layout = &environment.layout;
    let least = layout.partition(layout.root).map_or(0, |root| root.size_bytes);
    if seen < least {
        return Err(Error::PartitionSize { seen, least });
    }
    if seen > LARGEST_PARTITION_BYTES {
        return Err(Error::PartitionTooLarge { seen });
    }
    match layout.root_room_bytes() {
        Some(most) if seen > most => Err(Error::PartitionBlocked { seen, most }),
        Some(_) | None => Ok(()),
    }
}

fn judge_script(script: &str) -> Result<()> {
    if script.len() > LONGEST_SCRIPT_BYTES {
        return Err(Error::ScriptLength { seen: script.len() });
    }
    if script.contains('\0') { Err(Error::ScriptContent) } else { Ok(()) }
}

/// Account keys, then the given ones; each body once.
fn merge(account: Vec<PublicKey>, given: &[PublicKey]) -> Vec<PublicKey> {
    let mut keys: Vec<PublicKey> = Vec::new();
    for key in account.into_iter().chain(given.iter().cloned()) {
        if keys.iter().all(|known| known.blob() != key.blob()) {
            keys.push(key);
        }
    }
    keys
}
