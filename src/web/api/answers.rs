//! What programs get: the views as JSON. *Pure.*

use crate::model::agent::{self, EnvironmentView, NodeDeploymentView, NodeView, ReservationView, Taken};
use crate::model::board::BoardModel;
use crate::model::chip::Chip;
use crate::model::clock::Timestamp;
use crate::model::deployment::{Progress, Request, StepEvent};
use crate::model::problem::Problem;
use crate::model::quarantine::Quarantine;
use serde::Serialize;
use utoipa::ToSchema;

/// A node of the rack.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Node {
    /// Its name.
    name: String,
    /// The word of its model, such as `pi4b`.
    model: String,
    /// Its IPv4 address.
    address: String,
    /// Its serial number in hex, once seen.
    serial: Option<String>,
    /// Switch and port, once known.
    port: Option<String>,
    /// Whether it can be reserved from now on.
    free: bool,
    /// Why an administrator keeps it from being reserved.
    quarantine: Option<KeptBack>,
    /// Who has it now.
    taken: Option<Booking>,
    /// Who has booked it for later.
    later: Vec<Booking>,
}

/// Why a node is kept from being reserved.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Quarantine)]
pub(super) struct KeptBack {
    /// What the administrator said.
    reason: String,
    /// Since when, RFC 3339.
    #[schema(format = DateTime)]
    since: String,
}

/// A time for which a node is booked.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Booking {
    /// The reservation.
    reservation: i64,
    /// The owner's e-mail address.
    owner: String,
    /// From when, RFC 3339.
    #[schema(format = DateTime)]
    start: String,
    /// Until when, RFC 3339.
    #[schema(format = DateTime)]
    end: String,
}

/// An environment that can be deployed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Environment {
    /// Its name.
    name: String,
    /// One line.
    description: String,
    /// The system on it, such as `raspberry_pi_os`.
    family: String,
    /// The account people sign in with.
    ssh_user: String,
    /// The smallest card it fits on, in bytes.
    disk_bytes: u64,
    /// What is written to a card, in bytes.
    used_bytes: u64,
    /// The BLAKE3 digest that names its content.
    digest: String,
    /// The models it boots on, such as `pi4b`; null if that is not known, and it may be put on every model.
    models: Option<Vec<String>>,
}

/// An environment that boots on nodes of a reservation.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Offer {
    /// The environment.
    environment: Environment,
    /// The nodes of the reservation that it boots on.
    nodes: Vec<String>,
    /// How long it takes until it runs, on the slowest of these nodes, in seconds.
    expected_seconds: u64,
    /// From so many deployments before that; 0: an estimate from its size.
    expected_from: u32,
}

/// A reservation with the state of each node.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Reservation {
    /// Names it in paths.
    id: i64,
    /// What its owner calls it.
    name: String,
    /// The owner's e-mail address.
    owner: String,
    /// From when, RFC 3339.
    #[schema(format = DateTime)]
    start: String,
    /// Until when, RFC 3339.
    #[schema(format = DateTime)]
    end: String,
    /// When it ends by itself unless it is configured, RFC 3339; only while it is `held`.
    #[schema(format = DateTime)]
    held_until: Option<String>,
    /// `held`, `configured`, `active`, `ending` or `ended`.
    state: String,
    /// The name of the environment of all nodes, once configured; single nodes may get another.
    environment: Option<String>,
    /// Its nodes.
    nodes: Vec<Deployment>,
}

/// What is deployed on one node of a reservation.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Deployment {
    /// The node's name.
    name: String,
    /// The reservation.
    reservation: i64,
    /// Names it under `/api/v1/deployments`; null before it is due.
    deployment: Option<i64>,
    /// The word of its model.
    model: String,
    /// Its IPv4 address.
    address: String,
    /// The port of its SSH server.
    ssh_port: u16,
    /// The name of the environment that it gets, once configured.
    environment: Option<String>,
    /// The account to sign in with, once configured.
    ssh_user: Option<String>,
    /// Type and body of the deployed system's host key, once it runs.
    host_key: Option<String>,
    /// Where the deployment stands, such as `env_copy` or `deployed`.
    state: String,
    /// Since when, RFC 3339.
    #[schema(format = DateTime)]
    state_since: String,
    /// The state that it comes back to after a hard reboot, or in which it was lost.
    saved_state: Option<String>,
    /// How far, in long states.
    progress: Option<ProgressAnswer>,
    /// What was asked and is not taken up yet: `hard_reboot`, `deploy_again` or `destroy`.
    request: Option<String>,
    /// The last failure.
    problem: Option<Failure>,
}

/// How far a long state is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Progress)]
pub(super) struct ProgressAnswer {
    /// 0 to 100.
    percent: u8,
    /// Bytes done.
    done_bytes: u64,
    /// Bytes in all.
    total_bytes: u64,
    /// Bytes per second lately.
    rate: u64,
    /// Seconds left at that rate.
    seconds_left: Option<u64>,
}

/// Why a step did not work.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Failure {
    /// What was seen.
    seen: String,
    /// What was expected.
    expected: String,
    /// What to do.
    advice: String,
}

/// One line of a node's history.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Event {
    /// The node.
    node: String,
    /// When, RFC 3339.
    #[schema(format = DateTime)]
    at: String,
    /// In which state.
    state: String,
    /// What happened.
    text: String,
}

/// What configuring gave.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Configured {
    /// The password, if it was made: shown now and never again.
    pub(super) generated_password: Option<String>,
    /// The reservation as it now stands.
    pub(super) reservation: Reservation,
}

/// What was asked of a node and will be taken up.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Accepted {
    /// The node.
    pub(super) node: String,
    /// `hard_reboot`, `deploy_again` or `destroy`.
    pub(super) request: String,
}

impl From<NodeView> for Node {
    fn from(view: NodeView) -> Self {
        let free = view.is_free();
        Self {
            name: view.name.to_string(),
            model: view.model.as_str().to_owned(),
            address: view.address.to_string(),
            serial: view.serial,
            port: view.port,
            free,
            quarantine: view.quarantine.map(KeptBack::from),
            taken: view.taken.map(Booking::from),
            later: view.later.into_iter().map(Booking::from).collect(),
        }
    }
}

impl From<Quarantine> for KeptBack {
    fn from(Quarantine { reason, since }: Quarantine) -> Self {
        Self { reason, since: time(since) }
    }
}

impl From<Taken> for Booking {
    fn from(taken: Taken) -> Self {
        let Taken { reservation, owner, start, end } = taken;
        Self { reservation: reservation.0, owner, start: time(start), end: time(end) }
    }
}

impl From<EnvironmentView> for Environment {
    fn from(view: EnvironmentView) -> Self {
        Self {
            name: view.name,
            description: view.description,
            family: view.family.as_str().to_owned(),
            ssh_user: view.ssh_user,
            disk_bytes: view.disk_bytes,
            used_bytes: view.used_bytes,
            digest: view.digest,
            models: view.boots_on.map(|chips| models(&chips)),
        }
    }
}

/// The words of the models with these processors.
fn models(chips: &[Chip]) -> Vec<String> {
    let fit =
        BoardModel::ALL.iter().filter(|model| Chip::of(**model).is_some_and(|chip| chips.contains(&chip)));
    fit.map(|model| model.as_str().to_owned()).collect()
}

impl From<agent::Offer> for Offer {
    fn from(offer: agent::Offer) -> Self {
        Self {
            environment: offer.environment.into(),
            nodes: offer.nodes.iter().map(ToString::to_string).collect(),
            expected_seconds: offer.expected.seconds,
            expected_from: offer.expected.past,
        }
    }
}

impl From<ReservationView> for Reservation {
    fn from(view: ReservationView) -> Self {
        Self {
            id: view.id.0,
            name: view.name,
            owner: view.owner_email,
            start: time(view.start),
            end: time(view.end),
            held_until: view.held_until.map(time),
            state: view.state.as_str().to_owned(),
            environment: view.environment,
            nodes: view.nodes.into_iter().map(|node| Deployment::of(view.id.0, node)).collect(),
        }
    }
}

impl Reservation {
    /// Its nodes alone.
    pub(super) fn into_deployments(self) -> Vec<Deployment> {
        self.nodes
    }
}

impl Deployment {
    /// Its place in lists.
    pub(super) fn key(&self) -> (i64, String) {
        (self.reservation, self.name.clone())
    }

    fn of(reservation: i64, view: NodeDeploymentView) -> Self {
        Self {
            name: view.node.to_string(),
            reservation,
            deployment: view.deployment.map(|id| id.0),
            model: view.model.as_str().to_owned(),
            address: view.address.to_string(),
            ssh_port: view.ssh_port,
            environment: view.environment,
            ssh_user: view.ssh_user,
            host_key: view.host_key,
            state: view.state.as_str().to_owned(),
            state_since: time(view.state_since),
            saved_state: view.saved_state.map(|state| state.as_str().to_owned()),
            progress: view.progress.map(ProgressAnswer::from),
            request: view.request.map(Request::as_str).map(str::to_owned),
            problem: view.problem.map(Failure::from),
        }
    }
}

impl From<Problem> for Failure {
    fn from(Problem { seen, expected, advice }: Problem) -> Self {
        Self { seen, expected, advice }
    }
}

impl From<Progress> for ProgressAnswer {
    fn from(progress: Progress) -> Self {
        Self {
            percent: progress.percent(),
            done_bytes: progress.done_bytes,
            total_bytes: progress.total_bytes,
            rate: progress.rate_bytes_per_second,
            seconds_left: progress.seconds_left(),
        }
    }
}

impl Event {
    /// The histories of a reservation's nodes as one, by time.
    pub(super) fn of_all(view: ReservationView) -> Vec<Self> {
        let lines = view.nodes.into_iter().flat_map(|node| {
            let name = node.node.to_string();
            node.events.into_iter().map(move |event| (name.clone(), event))
        });
        let mut lines: Vec<(String, StepEvent)> = lines.collect();
        lines.sort_by_key(|(_, event)| event.at);
        let event = |(node, event): (String, StepEvent)| Self {
            node,
            at: time(event.at),
            state: event.state.as_str().to_owned(),
            text: event.text,
        };
        lines.into_iter().map(event).collect()
    }
}

pub(super) fn time(at: Timestamp) -> String {
    at.to_string()
}
