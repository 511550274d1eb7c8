//! Configuring: what shall be put on a reservation's nodes. *IO: the transaction it is given; a blocking thread
//! for the hash.* Called by `local`.

use super::configurations::nodes_of;
use super::environments::usable;
use super::error::{Error, Kind, Result};
use super::obstacles::UnfitNode;
use super::{look, password};
use crate::model::agent::{Caller, ConfigureWish, NodeWish};
use crate::model::chip;
use crate::model::clock::Timestamp;
use crate::model::environment::Environment;
use crate::model::ids::ReservationId;
use crate::model::node::Node;
use crate::model::reservation::{
    Configuration, LARGEST_PARTITION_BYTES, LONGEST_SCRIPT_BYTES, NodeChange, PartitionSize, Reservation,
    ReservationState,
};
use crate::model::secret::Secret;
use crate::model::ssh_key::PublicKey;
use crate::model::user::judge_password;
use crate::store::{Connection, Transaction, reservations, users};

/// A wish that stands up to judgement.
pub(super) struct Judged {
    reservation: Reservation,
    environment: Environment,
    changes: Vec<NodeChange>,
}

/// Judges everything about a wish.
pub(super) fn judge(
    conn: &Connection,
    caller: &Caller,
    id: ReservationId,
    wish: &ConfigureWish,
    now: Timestamp,
) -> Result<Judged> {
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
        judge_password(password.expose())?;
    }
    wish.user_script.as_deref().map_or(Ok(()), judge_script)?;
    let changes = changes(conn, &reservation, wish, &environment, caller)?;
    Ok(Judged { reservation, environment, changes })
}

/// The password's hash; with the password itself if it had to be made.
pub(super) async fn hash(given: Option<Secret>) -> Result<(String, Option<Secret>)> {
    let hashed = tokio::task::spawn_blocking(move || match given {
        Some(given) => Some((password::hash(given.expose())?, None)),
        None => {
            let made = password::generate()?;
            Some((password::hash(&made)?, Some(Secret::from(made))))
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
    let Judged { reservation, environment, changes } = judge(tx, caller, id, wish, now)?;
    // The keys of the owner, also when an administrator configures for them.
    let account = users::by_id(tx, reservation.owner)?.map(|user| user.ssh_keys).unwrap_or_default();
    let configuration = Configuration {
        environment: environment.id,
        partition_size: wish.partition_size,
        password_hash,
        ssh_keys: merge(account, &wish.ssh_keys),
        user_script: wish.user_script.clone().filter(|script| !script.trim().is_empty()),
        system_update: wish.system_update,
        changes,
    };
    Ok(reservations::configure(tx, id, &configuration)?)
}

/// What is otherwise on single nodes; judges each node's environment and size together.
fn changes(
    conn: &Connection,
    reservation: &Reservation,
    wish: &ConfigureWish,
    common: &Environment,
    caller: &Caller,
) -> Result<Vec<NodeChange>> {
    let nodes = nodes_of(conn, &reservation.nodes)?;
    if let Some(node) = wish.nodes.keys().find(|name| nodes.iter().all(|node| node.name != **name)) {
        let known = nodes.into_iter().map(|node| node.name).collect();
        return Err(Error::ForeignNode { node: node.clone(), known });
    }
    let (mut changes, mut as_all) = (Vec::new(), Vec::new());
    for node in &nodes {
        let Some(own) = wish.nodes.get(&node.name) else {
            as_all.push(node);
            continue;
        };
        if own.environment.is_none() {
            as_all.push(node);
        }
        let change =
            change(conn, node, own, wish.partition_size, common, caller).map_err(|error| at(node, error))?;
        changes.extend(change);
    }
    judge_fit(common, &as_all)?;
    Ok(changes)
}

/// What is otherwise on that node; none if it is as on all.
fn change(
    conn: &Connection,
    node: &Node,
    own: &NodeWish,
    common_size: PartitionSize,
    common: &Environment,
    caller: &Caller,
) -> Result<Option<NodeChange>> {
    if *own == NodeWish::default() {
        return Ok(None);
    }
    let other = own.environment.as_deref().map(|name| environment(conn, caller, name)).transpose()?;
    if let Some(other) = &other {
        judge_fit(other, &[node])?;
    }
    judge_size(own.partition_size.unwrap_or(common_size), other.as_ref().unwrap_or(common))?;
    own.user_script.as_deref().map_or(Ok(()), judge_script)?;
    Ok(Some(NodeChange {
        node: node.id,
        environment: other.map(|other| other.id),
        partition_size: own.partition_size,
        user_script: own.user_script.clone(),
    }))
}

/// A refusal of what is wished for one node says so; pimaster's own failure stays what it is.
fn at(node: &Node, error: Error) -> Error {
    match error.kind() {
        Kind::Internal => error,
        Kind::NotFound | Kind::Forbidden | Kind::Invalid | Kind::Conflict => {
            Error::AtNode { node: node.name.clone(), error: Box::new(error) }
        }
    }
}

fn judge_fit(environment: &Environment, nodes: &[&Node]) -> Result<()> {
    let Some(boots_on) = &environment.boots_on else { return Ok(()) };
    let unfit = nodes.iter().filter(|node| !chip::fits(Some(boots_on), node.model));
    let nodes: Vec<UnfitNode> = unfit
        .map(|node| UnfitNode { node: node.name.clone(), board: node.model.shown_with(node.revision) })
        .collect();
    if nodes.is_empty() {
        return Ok(());
    }
    Err(Error::Unfit { environment: environment.name.clone(), nodes, boots_on: boots_on.clone() })
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

/// What can be a script.
pub(super) fn judge_script(script: &str) -> Result<()> {
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
