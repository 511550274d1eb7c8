//! Why an agent refuses: what was seen, what was expected, which field, what to do. *Pure.*

use super::obstacles::{BlockedNode, Collision, QuarantinedNode, TakenNode, UnfitNode};
use crate::detect::Refusal;
use crate::model::board::BoardModel;
use crate::model::booking::BeyondRule;
use crate::model::chip::Chip;
use crate::model::clock::Timestamp;
use crate::model::device::BadDevice;
use crate::model::group::BadGroupName;
use crate::model::ids::{DeploymentId, ReservationId};
use crate::model::node::NodeName;
use crate::model::opening::Closed;
use crate::model::quarantine::BadReason;
use crate::model::queue::MOST_WISHES;
use crate::model::reservation::{BadPeriod, LARGEST_PARTITION_BYTES, LONGEST_SCRIPT_BYTES};
use crate::model::sharing::{BadEnvironment, Fault};
use crate::model::template::BadTemplate;
use crate::model::user::WeakPassword;
use crate::model::version::Stale;
use crate::store;
use std::fmt;

/// Result of asking an agent.
pub type Result<T> = std::result::Result<T, Error>;

/// Why an agent did not do what was asked; nothing was changed.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say what each variant is")]
pub enum Error {
    #[error("no node is called {name}")]
    NoSuchNode { name: String },
    #[error("there is no reservation {id}")]
    NoSuchReservation { id: ReservationId },
    #[error("there is no deployment {id}")]
    NoSuchDeployment { id: DeploymentId },
    #[error("reservation {id} belongs to {owner}")]
    NotYours { id: ReservationId, owner: String },
    #[error("{node} is not yours now")]
    NotYourNode { node: NodeName },
    #[error("no node was chosen; expected at least one")]
    NoNodes,
    #[error("no node is called {}", list(.names))]
    UnknownNodes { names: Vec<NodeName> },
    #[error("{}", list(.taken))]
    Taken { taken: Vec<TakenNode> },
    #[error("{free} {} are free then; expected {wanted}", .model.map_or_else(|| "nodes".to_owned(), |model| format!("nodes of the model {}", model.as_str())))]
    NotEnough { wanted: usize, free: usize, model: Option<BoardModel> },
    #[error("{}", list(.nodes))]
    Blocked { nodes: Vec<BlockedNode> },
    #[error(transparent)]
    Closed(#[from] Closed),
    #[error(
        "the block would begin at {start} and end at {end}; expected an end after its start and after now"
    )]
    BlockPeriod { start: Timestamp, end: Timestamp },
    #[error("reservations lie in the block: {}", list(.reservations))]
    Collides { reservations: Vec<Collision> },
    #[error("others wait for {} then", list(.nodes))]
    Awaited { nodes: Vec<NodeName> },
    #[error("there are {there} {} in the rack; expected at least the {wanted} that are to be waited for", .model.map_or_else(|| "nodes".to_owned(), |model| format!("nodes of the model {}", model.as_str())))]
    NeverEnough { wanted: usize, there: usize, model: Option<BoardModel> },
    #[error("{MOST_WISHES} of your wishes wait already; expected fewer")]
    QueueFull,
    #[error(transparent)]
    GroupName(#[from] BadGroupName),
    #[error("a group is called {name} already")]
    GroupExists { name: String },
    #[error("there is no account {}", list(.emails))]
    UnknownAccounts { emails: Vec<String> },
    #[error(transparent)]
    Rule(#[from] BeyondRule),
    #[error(transparent)]
    Period(#[from] BadPeriod),
    #[error("the name has {seen} characters; expected 1 to 64, without line breaks")]
    BinName { seen: usize },
    #[error("no environment is called `{seen}`; expected one of {}", list(.known))]
    UnknownEnvironment { seen: String, known: Vec<String> },
    #[error("{environment} does not boot on {}; it boots on {}", list(.nodes), boards(.boots_on))]
    Unfit { environment: String, nodes: Vec<UnfitNode>, boots_on: Vec<Chip> },
    #[error("{}{error}", unless_named(.node, .error))]
    AtNode { node: NodeName, error: Box<Error> },
    #[error("{node} is none of this reservation's nodes; expected one of {}", list(.known))]
    ForeignNode { node: NodeName, known: Vec<NodeName> },
    #[error(transparent)]
    Template(#[from] BadTemplate),
    #[error(
        "partition_size is {seen} bytes; expected at least {least} bytes, the root partition of the image"
    )]
    PartitionSize { seen: u64, least: u64 },
    #[error("partition_size is {seen} bytes; expected at most {LARGEST_PARTITION_BYTES} bytes (2 TiB)")]
    PartitionTooLarge { seen: u64 },
    #[error(
        "partition_size is {seen} bytes; expected at most {most} bytes, where the image's next partition begins"
    )]
    PartitionBlocked { seen: u64, most: u64 },
    #[error(transparent)]
    Password(#[from] WeakPassword),
    #[error("the user script has {seen} bytes; expected at most {LONGEST_SCRIPT_BYTES}")]
    ScriptLength { seen: usize },
    #[error("the user script holds a NUL character; expected a text")]
    ScriptContent,
    #[error("reservation {id} is being deployed or in use; its configuration can no longer change")]
    InUse { id: ReservationId },
    #[error("reservation {id} is over")]
    Over { id: ReservationId },
    #[error("nothing is deployed on {node}")]
    NotDeployed { node: NodeName },
    #[error("{node} is being taken down")]
    GoingDown { node: NodeName },
    #[error("the deployment on {node} has not begun: it waits for the node to be free")]
    Waiting { node: NodeName },
    #[error("{} cannot be reserved while the boards at that port are looked for", list(.nodes))]
    Detected { nodes: Vec<NodeName> },
    #[error("{}", list(.nodes))]
    Quarantined { nodes: Vec<QuarantinedNode> },
    #[error(transparent)]
    Reason(#[from] BadReason),
    #[error("{taken}; switching its power would take it from them")]
    Held { taken: TakenNode },
    #[error("{wish} is for administrators")]
    NotAdmin { wish: &'static str },
    #[error(transparent)]
    Enrol(#[from] Refusal),
    #[error(transparent)]
    Device(BadDevice),
    #[error(transparent)]
    Environment(#[from] BadEnvironment),
    #[error("`{what}` is not known")]
    NotKnown { what: String },
    #[error("that Idempotency-Key came with another request; expected the same request, or another key")]
    KeyReused,
    #[error(transparent)]
    Stale(#[from] Stale),
    #[error("the database refused")]
    Store(#[from] store::Error),
    #[error("the password could not be hashed")]
    Hash,
    #[error("the community could not be sealed")]
    Seal,
}

/// What kind of refusal it is; the API makes its status of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// There is no such thing.
    NotFound,
    /// The caller may not.
    Forbidden,
    /// What was asked is wrong in itself.
    Invalid,
    /// It does not go with what is.
    Conflict,
    /// pimaster's own failure.
    Internal,
}

impl Error {
    /// What kind of refusal it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::NoSuchNode { .. }
            | Self::NoSuchReservation { .. }
            | Self::NoSuchDeployment { .. }
            | Self::NotKnown { .. } => Kind::NotFound,
            Self::NotYours { .. } | Self::NotYourNode { .. } | Self::NotAdmin { .. } => Kind::Forbidden,
            Self::Enrol(refusal) => refusal_kind(refusal),
            Self::Device(BadDevice::Taken { .. }) => Kind::Conflict,
            Self::Device(_) => Kind::Invalid,
            Self::Environment(bad) => match bad.fault() {
                Fault::Missing => Kind::NotFound,
                Fault::Forbidden => Kind::Forbidden,
                Fault::Wrong => Kind::Invalid,
                Fault::Conflict => Kind::Conflict,
            },
            Self::AtNode { error, .. } => error.kind(),
            Self::NoNodes
            | Self::UnknownNodes { .. }
            | Self::Period(_)
            | Self::Rule(_)
            | Self::BinName { .. }
            | Self::Reason(_)
            | Self::Closed(_)
            | Self::BlockPeriod { .. }
            | Self::GroupName(_)
            | Self::NeverEnough { .. }
            | Self::UnknownAccounts { .. }
            | Self::UnknownEnvironment { .. }
            | Self::Unfit { .. }
            | Self::ForeignNode { .. }
            | Self::Template(_)
            | Self::PartitionSize { .. }
            | Self::PartitionTooLarge { .. }
            | Self::PartitionBlocked { .. }
            | Self::Password(_)
            | Self::ScriptLength { .. }
            | Self::ScriptContent
            | Self::KeyReused => Kind::Invalid,
            Self::Taken { .. }
            | Self::NotEnough { .. }
            | Self::Detected { .. }
            | Self::Quarantined { .. }
            | Self::Blocked { .. }
            | Self::Collides { .. }
            | Self::GroupExists { .. }
            | Self::Awaited { .. }
            | Self::QueueFull
            | Self::Held { .. }
            | Self::InUse { .. }
            | Self::Over { .. }
            | Self::NotDeployed { .. }
            | Self::GoingDown { .. }
            | Self::Waiting { .. }
            | Self::Stale(_) => Kind::Conflict,
            Self::Store(_) | Self::Hash | Self::Seal => Kind::Internal,
        }
    }

    /// Whether the same wish may be granted later, when other people's reservations are over.
    pub fn is_not_free(&self) -> bool {
        matches!(
            self,
            Self::Taken { .. }
                | Self::NotEnough { .. }
                | Self::Detected { .. }
                | Self::Quarantined { .. }
                | Self::Blocked { .. }
                | Self::Awaited { .. }
        )
    }

    /// The field that must change, if it is one.
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::NoNodes
            | Self::UnknownNodes { .. }
            | Self::Taken { .. }
            | Self::Detected { .. }
            | Self::Blocked { .. }
            | Self::ForeignNode { .. }
            | Self::Awaited { .. }
            | Self::Quarantined { .. } => Some("nodes"),
            Self::Closed(_) => Some("start"),
            Self::BlockPeriod { .. } => Some("end"),
            Self::GroupName(_) | Self::GroupExists { .. } => Some("name"),
            Self::UnknownAccounts { .. } => Some("members"),
            Self::AtNode { error, .. } => error.field(),
            Self::Template(BadTemplate::Name { .. }) => Some("name"),
            Self::Reason(_) => Some("reason"),
            Self::NotEnough { .. } | Self::NeverEnough { .. } => Some("count"),
            Self::Period(BadPeriod::Hours { .. }) | Self::Rule(_) => Some("hours"),
            Self::Period(BadPeriod::Past { .. } | BadPeriod::TooFar { .. }) => Some("start"),
            Self::BinName { .. } => Some("name"),
            Self::UnknownEnvironment { .. } | Self::Unfit { .. } => Some("environment"),
            Self::PartitionSize { .. } | Self::PartitionTooLarge { .. } | Self::PartitionBlocked { .. } => {
                Some("partition_size")
            }
            Self::Password(_) => Some("password"),
            Self::ScriptLength { .. } | Self::ScriptContent => Some("user_script"),
            Self::Enrol(refusal) => refusal.field(),
            Self::Device(bad) => Some(bad.field()),
            Self::Environment(bad) => bad.field(),
            Self::NoSuchNode { .. }
            | Self::NoSuchReservation { .. }
            | Self::NoSuchDeployment { .. }
            | Self::NotYours { .. }
            | Self::NotYourNode { .. }
            | Self::NotAdmin { .. }
            | Self::Held { .. }
            | Self::Collides { .. }
            | Self::QueueFull
            | Self::InUse { .. }
            | Self::Over { .. }
            | Self::NotDeployed { .. }
            | Self::GoingDown { .. }
            | Self::Waiting { .. }
            | Self::NotKnown { .. }
            | Self::Template(BadTemplate::TooMany)
            | Self::KeyReused
            | Self::Stale(_)
            | Self::Store(_)
            | Self::Hash
            | Self::Seal => None,
        }
    }

    /// The field that must change as it stands in a body or a form: with the node whose it is, if it is one's.
    pub fn place(&self) -> Option<String> {
        if let Self::AtNode { node, error } = self {
            return Some(format!("nodes.{node}.{}", error.field()?));
        }
        self.field().map(str::to_owned)
    }

    /// What to do next.
    pub fn fix(&self) -> &'static str {
        match self {
            Self::NoSuchNode { .. } | Self::UnknownNodes { .. } => "Take a name from the list of nodes.",
            Self::NoSuchReservation { .. } => "Take an id from the list of reservations.",
            Self::NoSuchDeployment { .. } => "Take an id from the list of past deployments.",
            Self::NotYourNode { .. } => "Reserve the node, or ask who has it or an administrator.",
            Self::NotYours { .. } => "Ask the owner or an administrator.",
            Self::NotAdmin { .. } => "Ask an administrator.",
            Self::Enrol(refusal) => refusal.fix(),
            Self::NoNodes => "Choose one or more free nodes.",
            Self::Detected { .. } => {
                "Choose other nodes, or wait some minutes; an administrator can stop it."
            }
            Self::Quarantined { .. } => "Choose other nodes, or ask an administrator when they come back.",
            Self::Blocked { .. } => "Choose other nodes, or a time outside of the block.",
            Self::Closed(_) => "Choose a start and a length within the opening hours.",
            Self::BlockPeriod { .. } => "Choose a later end.",
            Self::Collides { .. } => "Say what becomes of them: they are kept, or given back.",
            Self::Awaited { .. } => "Wait for nodes in the queue too, or choose other nodes or another time.",
            Self::NeverEnough { .. } => "Ask for fewer, or for another model.",
            Self::QueueFull => "Leave the queue with another wish first.",
            Self::GroupName(_) | Self::GroupExists { .. } => "Choose another name.",
            Self::UnknownAccounts { .. } => "Take addresses from the list of accounts.",
            Self::Held { .. } => "Confirm that you mean their node, or wait until it is free.",
            Self::Reason(_) => "Say in one line why.",
            Self::NotEnough { .. } => {
                "Ask for fewer, for another time or model, or take as many as there are."
            }
            Self::Rule(_) => "Choose fewer hours or nodes, or give other reservations back.",
            Self::Taken { .. } => "Choose other nodes, or a time when they are free.",
            Self::Period(BadPeriod::Hours { .. }) => "Choose a number of hours in that range.",
            Self::Period(_) => "Choose another start, or leave it out to start now.",
            Self::BinName { .. } => "Choose another name.",
            Self::UnknownEnvironment { .. } => "Choose an environment from the list.",
            Self::Unfit { .. } => "Choose one that boots on them, or another one for these nodes.",
            Self::AtNode { error, .. } => error.fix(),
            Self::ForeignNode { .. } => "Take the names of the reservation's nodes.",
            Self::Template(BadTemplate::Name { .. }) => "Choose another name.",
            Self::Template(BadTemplate::TooMany) => "Delete one that is not needed any more.",
            Self::PartitionSize { .. } => "Choose a larger size, or the whole card.",
            Self::PartitionTooLarge { .. } | Self::PartitionBlocked { .. } => {
                "Choose a smaller size, or the whole card."
            }
            Self::Password(_) => "Choose another password, or leave it out to have one made.",
            Self::ScriptLength { .. } | Self::ScriptContent => {
                "Make the script shorter, or let it fetch the rest from the network."
            }
            Self::InUse { .. } => "Destroy the bin and reserve again to deploy something else.",
            Self::Over { .. } => "Reserve again.",
            Self::NotDeployed { .. } => "Configure the reservation, or wait for its start.",
            Self::GoingDown { .. } => "Wait until the node is free and reserve it again.",
            Self::Waiting { .. } => "Wait: it begins by itself when the node is free. Or destroy it.",
            Self::Environment(bad) => bad.fix(),
            Self::Device(_) => "Change that field.",
            Self::KeyReused => "Take a new key for a new request.",
            Self::Stale(_) => "Look at what is there now, then send the change again.",
            Self::NotKnown { .. } => "Look at the list again: it may be gone already.",
            Self::Store(_) | Self::Hash | Self::Seal => "Try again; if it stays, look into pimaster's log.",
        }
    }
}

fn refusal_kind(refusal: &Refusal) -> Kind {
    match refusal {
        Refusal::NotSeen { .. } | Refusal::NoSuchNode { .. } | Refusal::NoSuchDetection { .. } => {
            Kind::NotFound
        }
        Refusal::Outside { .. }
        | Refusal::Own { .. }
        | Refusal::Router { .. }
        | Refusal::NoSuchSwitch { .. }
        | Refusal::NoSuchPort { .. }
        | Refusal::Protected { .. }
        | Refusal::NoPorts
        | Refusal::Hands { .. }
        | Refusal::Prefix { .. } => Kind::Invalid,
        Refusal::Clash { .. }
        | Refusal::NoAddress
        | Refusal::NoName { .. }
        | Refusal::SameName { .. }
        | Refusal::Detecting { .. }
        | Refusal::Spared { .. }
        | Refusal::Booked { .. }
        | Refusal::InUse { .. } => Kind::Conflict,
        Refusal::Switch(bad) if bad.is_conflict() => Kind::Conflict,
        Refusal::Switch(_) => Kind::Invalid,
        Refusal::Store(_) => Kind::Internal,
    }
}

/// The node's name for an error that does not say it.
fn unless_named(node: &NodeName, error: &Error) -> String {
    if matches!(error, Error::Unfit { .. }) { String::new() } else { format!("{node}: ") }
}

fn boards(chips: &[Chip]) -> String {
    let names: Vec<&str> = chips.iter().map(|chip| chip.shown()).collect();
    if names.is_empty() { "no board that boots from the network".to_owned() } else { names.join(", ") }
}

/// One after the other.
pub(super) fn list<T: fmt::Display>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
