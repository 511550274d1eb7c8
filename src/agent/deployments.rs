//! Deployments: asking something of several at once, and looking back. *IO: the database.*

use super::error::{Error, Result};
use super::local::Local;
use super::{act, look};
use crate::model::agent::Caller;
use crate::model::audit::Action;
use crate::model::clock;
use crate::model::deployment::Request;
use crate::model::history::{DeploymentView, LARGEST_PAGE, PastPage, PastWish};
use crate::model::ids::DeploymentId;
use crate::model::node::NodeName;
use crate::store::{Connection, Transaction, audit, history, nodes};
use async_trait::async_trait;

/// What happened to each node of a wish for several.
pub type Outcomes = Vec<(NodeName, Result<()>)>;

/// What an agent knows of deployments beyond the present reservations.
#[async_trait]
pub trait Deployments: Send + Sync {
    /// Asks something of what is deployed on each of some nodes. What is refused for one is still asked of the others.
    async fn request_each(&self, caller: &Caller, nodes: &[NodeName], request: Request) -> Result<Outcomes>;

    /// Past and present deployments, the newest first: the caller's own, or everybody's for an administrator.
    async fn past(&self, caller: &Caller, wish: PastWish) -> Result<PastPage>;

    /// One deployment with its whole history, for its owner and administrators.
    async fn deployment(&self, caller: &Caller, id: DeploymentId) -> Result<DeploymentView>;
}

#[async_trait]
impl Deployments for Local {
    async fn request_each(&self, caller: &Caller, nodes: &[NodeName], request: Request) -> Result<Outcomes> {
        let (by, now) = (caller.clone(), clock::now());
        let mut names = nodes.to_vec();
        names.sort();
        names.dedup();
        let ask = move |tx: &Transaction<'_>| {
            let mut outcomes = Vec::new();
            for name in names {
                let outcome = match act::request(tx, &by, &name, request) {
                    Err(Error::Store(failure)) => return Err(failure.into()),
                    outcome => outcome,
                };
                if outcome.is_ok() {
                    let subject = format!("{name}: {}", request.as_str());
                    audit::record(tx, &by.actor, Action::Requested, &subject, now)?;
                }
                outcomes.push((name, outcome));
            }
            Ok(outcomes)
        };
        let outcomes = self.write(ask).await?;
        let asked = outcomes.iter().filter(|(_, outcome)| outcome.is_ok()).count();
        let of = outcomes.len();
        tracing::info!(user = caller.user.0, asked, of, request = request.as_str(), "requested of several");
        Ok(outcomes)
    }

    async fn past(&self, caller: &Caller, wish: PastWish) -> Result<PastPage> {
        let owner = (!(wish.is_of_all && caller.is_admin)).then_some(caller.user);
        let look = move |conn: &Connection| {
            let node = wish.node.as_ref().map(|name| {
                let found = nodes::by_name(conn, name.as_str())?;
                found.map(|node| node.id).ok_or_else(|| Error::NoSuchNode { name: name.to_string() })
            });
            let count = wish.count.clamp(1, LARGEST_PAGE);
            let mut deployments = history::list(conn, node.transpose()?, owner, wish.before, count + 1)?;
            let most = usize::try_from(count).unwrap_or(usize::MAX);
            let has_more = deployments.len() > most;
            deployments.truncate(most);
            let next = deployments.last().map(|last| last.id).filter(|_| has_more);
            Ok(PastPage { deployments, next })
        };
        self.read(look).await
    }

    async fn deployment(&self, caller: &Caller, id: DeploymentId) -> Result<DeploymentView> {
        let by = caller.clone();
        let look = move |conn: &Connection| {
            let found = history::by_id(conn, id)?.ok_or(Error::NoSuchDeployment { id })?;
            look::admitted(conn, &by, found.past.reservation)?;
            Ok(found)
        };
        self.read(look).await
    }
}
