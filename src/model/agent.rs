//! What the web and the API know of a set of nodes: the views and wishes that every agent speaks. *Pure.*

use super::audit::Actor;
use super::block::Collisions;
use super::board::BoardModel;
use super::chip::Chip;
use super::clock::Timestamp;
use super::deployment::{DeploymentState, Progress, Request, StepEvent};
use super::discovery::PortName;
use super::environment::OsFamily;
use super::expected::Expected;
use super::explanation::Explanation;
use super::group::Limits;
use super::ids::{BlockId, DeploymentId, EnvironmentId, QueueId, ReservationId, UserId};
use super::net::MacAddr;
use super::node::{BootTarget, NodeName};
use super::problem::Problem;
use super::quarantine::Quarantine;
use super::queue::QueueState;
use super::reservation::{PartitionSize, ReservationState};
use super::secret::Secret;
use super::ssh_key::PublicKey;
use super::version::Version;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// A node as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeView {
    /// Its name.
    pub name: NodeName,
    /// Its model.
    pub model: BoardModel,
    /// What people read of its board: the model, or what the revision code tells of one that is not known.
    pub board: String,
    /// Its address.
    pub address: Ipv4Addr,
    /// Its serial number in hex, once seen.
    pub serial: Option<String>,
    /// Switch and port, once known.
    pub port: Option<String>,
    /// Why it cannot be reserved, if an administrator keeps it back.
    pub quarantine: Option<Quarantine>,
    /// Who has it now, and until when; free otherwise.
    pub taken: Option<Taken>,
    /// Who has booked it for later, by start.
    pub later: Vec<Taken>,
}

impl NodeView {
    /// Whether it can be reserved from now on.
    pub fn is_free(&self) -> bool {
        self.taken.is_none() && self.quarantine.is_none()
    }
}

/// A node as administrators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RackNode {
    /// What everybody sees.
    pub node: NodeView,
    /// Its hardware address.
    pub mac: MacAddr,
    /// The switch port that feeds it.
    pub port: Option<PortName>,
    /// Where it boots the next time.
    pub boot_target: BootTarget,
}

impl RackNode {
    /// The version of what administrators edit of it.
    pub fn version(&self) -> Version {
        let Self { node, mac, port, .. } = self;
        let port = port.as_ref().map(ToString::to_string);
        Version::of(&(node.name.as_str(), mac.to_string(), node.address, node.model.as_str(), port))
    }
}

/// Who has a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The reservation.
    pub reservation: ReservationId,
    /// The owner's e-mail address.
    pub owner: String,
    /// From when.
    pub start: Timestamp,
    /// Until when.
    pub end: Timestamp,
}

/// A node's row in a calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarRow {
    /// The node.
    pub node: NodeView,
    /// What is booked on it, by start.
    pub booked: Vec<Booking>,
    /// When it is kept for a group or for nobody, by start.
    pub blocked: Vec<BlockView>,
}

/// Which nodes a block is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScopeWish {
    /// All.
    All,
    /// Those of a model.
    Model(BoardModel),
    /// Those at the switch of that name.
    Switch(String),
    /// These.
    Nodes(Vec<NodeName>),
}

/// A time in which nodes are kept, as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockView {
    /// Its row.
    pub id: BlockId,
    /// From when.
    pub start: Timestamp,
    /// Until when.
    pub end: Timestamp,
    /// Why.
    pub reason: String,
    /// Which nodes.
    pub scope: ScopeWish,
    /// The name of the group that may book in it; nobody if none.
    pub group: Option<String>,
}

/// A wish to keep nodes for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockWish {
    /// Which nodes.
    pub scope: ScopeWish,
    /// From when.
    pub start: Timestamp,
    /// Until when.
    pub end: Timestamp,
    /// Why.
    pub reason: String,
    /// The name of the group that may book in it; nobody if none.
    pub group: Option<String>,
    /// What becomes of reservations that lie in it.
    pub collisions: Collisions,
}

/// What a group shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupWish {
    /// What it is called.
    pub name: String,
    /// What its members may book.
    pub limits: Limits,
    /// Their e-mail addresses.
    pub members: Vec<String>,
}

/// A piece of a node's time in a calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booking {
    /// The reservation.
    pub reservation: ReservationId,
    /// The owner's e-mail address.
    pub owner: String,
    /// From when.
    pub start: Timestamp,
    /// Until when, or when it was over before that.
    pub end: Timestamp,
    /// Where it stands.
    pub state: ReservationState,
}

/// Which nodes somebody wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// These.
    Named(Vec<NodeName>),
    /// So many that are free, of a model if one is given.
    Any {
        /// How many.
        count: u32,
        /// The model; any if not given.
        model: Option<BoardModel>,
    },
}

/// An environment as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvironmentView {
    /// Its row.
    pub id: EnvironmentId,
    /// Its name.
    pub name: String,
    /// One line.
    pub description: String,
    /// The system on it.
    pub family: OsFamily,
    /// The account people sign in with.
    pub ssh_user: String,
    /// Smallest card, in bytes.
    pub disk_bytes: u64,
    /// What is written, in bytes.
    pub used_bytes: u64,
    /// Names the content.
    pub digest: String,
    /// The processors it boots on; none if that is not known, and every board is offered.
    pub boots_on: Option<Vec<Chip>>,
}

/// An environment that boots on nodes of a reservation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The environment.
    pub environment: EnvironmentView,
    /// The nodes of the reservation that it boots on; at least one.
    pub nodes: Vec<NodeName>,
    /// How long it takes on the slowest of them.
    pub expected: Expected,
}

/// A reservation with the state of each node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReservationView {
    /// Its row.
    pub id: ReservationId,
    /// The name of the bin.
    pub name: String,
    /// The owner's account.
    pub owner: UserId,
    /// The owner's e-mail address.
    pub owner_email: String,
    /// From when.
    pub start: Timestamp,
    /// Until when.
    pub end: Timestamp,
    /// When it ends by itself unless it is configured; only while it is held.
    pub held_until: Option<Timestamp>,
    /// Where it stands.
    pub state: ReservationState,
    /// The environment's name, once configured.
    pub environment: Option<String>,
    /// Its nodes.
    pub nodes: Vec<NodeDeploymentView>,
}

/// One node of a reservation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeDeploymentView {
    /// The node.
    pub node: NodeName,
    /// Its model.
    pub model: BoardModel,
    /// What people read of its board: the model, or what the revision code tells of one that is not known.
    pub board: String,
    /// Its address.
    pub address: Ipv4Addr,
    /// The port of its SSH server.
    pub ssh_port: u16,
    /// The name of the environment that it gets, once configured.
    pub environment: Option<String>,
    /// The account to sign in with, once configured.
    pub ssh_user: Option<String>,
    /// The host key of the deployed system, as a line of `known_hosts` without the host.
    pub host_key: Option<String>,
    /// Its deployment, once that exists.
    pub deployment: Option<DeploymentId>,
    /// Where the deployment stands.
    pub state: DeploymentState,
    /// The state to come back to, or the one in which it was lost.
    pub saved_state: Option<DeploymentState>,
    /// Since when.
    pub state_since: Timestamp,
    /// How far, in long states.
    pub progress: Option<Progress>,
    /// What a person asked and nobody has taken up yet.
    pub request: Option<Request>,
    /// The last failure.
    pub problem: Option<Problem>,
    /// What the node does now, if it was given up; only where one reservation is shown alone.
    pub boot: Option<Explanation>,
    /// The history, oldest first; only where one reservation is shown alone.
    pub events: Vec<StepEvent>,
}

/// Who asks: rights are judged by the agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The account.
    pub user: UserId,
    /// Whether it is an administrator's.
    pub is_admin: bool,
    /// Who that is and from where, for the audit log.
    pub actor: Actor,
}

/// A wish to reserve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReserveWish {
    /// Which nodes.
    pub nodes: Choice,
    /// Whether less than all of them will do; at least one.
    pub as_many_as_possible: bool,
    /// From when; now if not given.
    pub start: Option<Timestamp>,
    /// For how many hours.
    pub hours: i64,
    /// The name of the bin.
    pub name: String,
}

/// A wish for nodes as soon as there are enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueWish {
    /// For how many nodes.
    pub count: u32,
    /// Of which model; any if not given.
    pub model: Option<BoardModel>,
    /// For how many hours.
    pub hours: u32,
    /// The name of the bin.
    pub name: String,
}

/// A wish in the queue as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueView {
    /// Its row.
    pub id: QueueId,
    /// The owner's e-mail address.
    pub owner: String,
    /// Whether it is the caller's.
    pub is_own: bool,
    /// What the bin will be called.
    pub name: String,
    /// For how many nodes.
    pub count: u32,
    /// Of which model; any if not given.
    pub model: Option<BoardModel>,
    /// For how many hours.
    pub hours: u32,
    /// Since when.
    pub since: Timestamp,
    /// Where it stands.
    pub state: QueueState,
    /// Its place from 1, while it waits.
    pub position: Option<u32>,
    /// When it begins at the latest, as far as is known.
    pub estimate: Option<Timestamp>,
}

/// What makes a request the same as one that came before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// The account's word for it.
    pub key: String,
    /// The digest of what is asked.
    pub request: [u8; 32],
}

/// A wish to configure, which starts the deployment when it is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigureWish {
    /// The environment's name.
    pub environment: String,
    /// How large the root partition becomes.
    pub partition_size: PartitionSize,
    /// The system password; generated if not given.
    pub password: Option<Secret>,
    /// Keys beside the account's.
    pub ssh_keys: Vec<PublicKey>,
    /// A script to run at the end.
    pub user_script: Option<String>,
    /// Whether to update packages.
    pub system_update: bool,
    /// What is otherwise on single nodes.
    pub nodes: BTreeMap<NodeName, NodeWish>,
}

/// What is otherwise on one node; what is not given is as on all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeWish {
    /// Another environment, by name.
    pub environment: Option<String>,
    /// Another size of the root partition.
    pub partition_size: Option<PartitionSize>,
    /// Another script; an empty one: none.
    pub user_script: Option<String>,
}

/// What configuring gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configured {
    /// The password, if it was generated: shown now and never again.
    pub generated_password: Option<Secret>,
}
