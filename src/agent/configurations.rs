//! What stands around configuring: what can be put on a reservation's nodes, what was said already, saved forms.
//! *IO: reads and writes the database.*

use super::configure::judge_script;
use super::error::{Error, Result};
use super::local::Local;
use super::look;
use crate::model::agent::{Caller, ConfigureWish, NodeWish, Offer};
use crate::model::board::BoardModel;
use crate::model::chip;
use crate::model::clock;
use crate::model::expected::{Expected, expect};
use crate::model::ids::{EnvironmentId, NodeId, ReservationId, TemplateId};
use crate::model::node::{Node, NodeName};
use crate::model::reservation::Configuration;
use crate::model::template::{BadTemplate, Contents, MOST_TEMPLATES, Template, judge_name};
use crate::store::{Connection, Transaction, deployments, environments, nodes, templates, users};
use async_trait::async_trait;
use std::collections::{BTreeMap, HashSet};

/// What an agent knows around the configuration of a reservation.
#[async_trait]
pub trait Configurations: Send + Sync {
    /// The environments that boot on at least one of a reservation's nodes, by name.
    async fn offers(&self, caller: &Caller, id: ReservationId) -> Result<Vec<Offer>>;

    /// What was said last of a reservation's nodes, without the password; none before anything was.
    async fn configuration(&self, caller: &Caller, id: ReservationId) -> Result<Option<ConfigureWish>>;

    /// The caller's templates, by name.
    async fn templates(&self, caller: &Caller) -> Result<Vec<Template>>;

    /// Saves a template; one of the same name is replaced.
    async fn save_template(&self, caller: &Caller, name: &str, contents: Contents) -> Result<Template>;

    /// Deletes a template of the caller.
    async fn delete_template(&self, caller: &Caller, id: TemplateId) -> Result<()>;
}

#[async_trait]
impl Configurations for Local {
    async fn offers(&self, caller: &Caller, id: ReservationId) -> Result<Vec<Offer>> {
        let caller = caller.clone();
        self.read(move |conn| offers(conn, &caller, id)).await
    }

    async fn configuration(&self, caller: &Caller, id: ReservationId) -> Result<Option<ConfigureWish>> {
        let caller = caller.clone();
        let look = move |conn: &Connection| {
            let reservation = look::admitted(conn, &caller, id)?;
            let chosen = reservation.configuration.as_ref();
            let owner = users::by_id(conn, reservation.owner)?;
            let mut wish = chosen.map(|chosen| wish(conn, chosen)).transpose()?.flatten();
            if let Some(wish) = &mut wish {
                let account = owner.map(|owner| owner.ssh_keys).unwrap_or_default();
                wish.ssh_keys.retain(|key| account.iter().all(|own| own.blob() != key.blob()));
            }
            Ok(wish)
        };
        self.read(look).await
    }

    async fn templates(&self, caller: &Caller) -> Result<Vec<Template>> {
        let user = caller.user;
        self.read(move |conn| Ok(templates::list(conn, user)?)).await
    }

    async fn save_template(&self, caller: &Caller, name: &str, contents: Contents) -> Result<Template> {
        let (user, name, now) = (caller.user, judge_name(name)?, clock::now());
        contents.user_script.as_deref().map_or(Ok(()), judge_script)?;
        let save = move |tx: &Transaction<'_>| {
            let known = templates::list(tx, user)?;
            if known.len() >= MOST_TEMPLATES && known.iter().all(|it| it.name != name) {
                return Err(BadTemplate::TooMany.into());
            }
            let id = templates::save(tx, user, &name, &contents, now)?;
            Ok(Template { id, name, contents })
        };
        self.write(save).await
    }

    async fn delete_template(&self, caller: &Caller, id: TemplateId) -> Result<()> {
        let user = caller.user;
        let delete = move |tx: &Transaction<'_>| match templates::delete(tx, user, id)? {
            true => Ok(()),
            false => Err(Error::NotKnown { what: format!("template {id}") }),
        };
        self.write(delete).await
    }
}

fn offers(conn: &Connection, caller: &Caller, id: ReservationId) -> Result<Vec<Offer>> {
    let nodes = nodes_of(conn, &look::admitted(conn, caller, id)?.nodes)?;
    let mut offers = Vec::new();
    for environment in look::environments(conn, caller)? {
        let boots_on = environment.boots_on.as_deref();
        let fit: Vec<&Node> = nodes.iter().filter(|node| chip::fits(boots_on, node.model)).collect();
        let models: HashSet<BoardModel> = fit.iter().map(|node| node.model).collect();
        let mut slowest: Option<Expected> = None;
        for model in models {
            let expected = expected(conn, environment.id, model, environment.used_bytes)?;
            slowest = slowest.filter(|known| known.seconds >= expected.seconds).or(Some(expected));
        }
        let nodes: Vec<NodeName> = fit.into_iter().map(|node| node.name.clone()).collect();
        offers.extend(slowest.map(|expected| Offer { environment, nodes, expected }));
    }
    Ok(offers)
}

fn expected(conn: &Connection, id: EnvironmentId, model: BoardModel, used_bytes: u64) -> Result<Expected> {
    Ok(expect(deployments::seconds_before(conn, id, model)?, used_bytes))
}

/// The nodes of those rows, in their order.
pub(super) fn nodes_of(conn: &Connection, ids: &[NodeId]) -> Result<Vec<Node>> {
    let mut found = Vec::new();
    for id in ids {
        found.extend(nodes::by_id(conn, *id)?);
    }
    Ok(found)
}

/// A stored configuration in the words in which it was wished; none if its environment is gone.
fn wish(conn: &Connection, chosen: &Configuration) -> Result<Option<ConfigureWish>> {
    let name = |id: EnvironmentId| {
        let found = environments::by_id(conn, id)?;
        Ok::<_, Error>(found.map(|environment| environment.name))
    };
    let Some(environment) = name(chosen.environment)? else { return Ok(None) };
    let mut wish = ConfigureWish {
        environment,
        partition_size: chosen.partition_size,
        password: None,
        ssh_keys: chosen.ssh_keys.clone(),
        user_script: chosen.user_script.clone(),
        system_update: chosen.system_update,
        nodes: BTreeMap::new(),
    };
    for change in &chosen.changes {
        let Some(node) = nodes::by_id(conn, change.node)? else { continue };
        let own = NodeWish {
            environment: change.environment.map(name).transpose()?.flatten(),
            partition_size: change.partition_size,
            user_script: change.user_script.clone(),
        };
        wish.nodes.insert(node.name, own);
    }
    Ok(Some(wish))
}
