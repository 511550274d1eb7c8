//! What the client reads of the API's answers, and how it shows them. *Pure.*
//!
//! Fields that are not shown are not read: an answer of a newer pimaster that has more is understood.

use super::table::{gigabytes, head, minute, plain, table};
use serde::Deserialize;

/// Whose a token is.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Me {
    /// The account's e-mail address.
    pub(super) account: String,
    /// What it may do; nothing is said by an older pimaster.
    pub(super) token_scopes: Option<Vec<String>>,
}

/// A node.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Node {
    name: String,
    model: String,
    address: String,
    free: bool,
    taken: Option<Booking>,
    later: Vec<Booking>,
}

#[derive(Debug, Clone, Deserialize)]
struct Booking {
    reservation: i64,
    owner: String,
    start: String,
    end: String,
}

/// An environment.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Environment {
    name: String,
    ssh_user: String,
    disk_bytes: u64,
    description: String,
}

/// A wish in the queue.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Queued {
    /// Names it.
    pub(super) id: i64,
    /// `waiting`, `served` or `left`.
    pub(super) state: String,
    /// What it became.
    pub(super) reservation: Option<i64>,
    /// Its place.
    pub(super) position: Option<u32>,
    /// When it begins, as far as is known.
    pub(super) estimate: Option<String>,
}

/// A reservation with the state of each node.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Reservation {
    /// Names it.
    pub(super) id: i64,
    name: String,
    owner: String,
    /// From when.
    pub(super) start: String,
    end: String,
    held_until: Option<String>,
    /// `held`, `configured`, `active`, `ending` or `ended`.
    pub(super) state: String,
    environment: Option<String>,
    /// Its nodes.
    pub(super) nodes: Vec<Deployment>,
}

/// What is on one node.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Deployment {
    /// The node.
    pub(super) name: String,
    model: String,
    /// Its address.
    pub(super) address: String,
    /// The port of its SSH server.
    pub(super) ssh_port: u16,
    /// The name of the environment that it gets.
    environment: Option<String>,
    /// The account to sign in with.
    pub(super) ssh_user: Option<String>,
    /// Type and body of its host key, once it runs.
    pub(super) host_key: Option<String>,
    /// Where it stands.
    pub(super) state: String,
    /// How far, in long states.
    pub(super) progress: Option<Progress>,
    /// What was asked and is not taken up yet.
    pub(super) request: Option<String>,
    /// The last failure.
    pub(super) problem: Option<Problem>,
}

/// How far a long state is.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Progress {
    /// 0 to 100.
    pub(super) percent: u8,
}

/// Why a step did not work.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Problem {
    /// What was seen.
    pub(super) seen: String,
    /// What to do.
    pub(super) advice: String,
}

/// What configuring gave.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Configured {
    /// The password, if it was made.
    pub(super) generated_password: Option<String>,
    /// The reservation.
    pub(super) reservation: Reservation,
}

/// The nodes as a table.
pub(super) fn nodes(nodes: &[Node]) -> String {
    let row = |node: &Node| {
        let now = match &node.taken {
            Some(it) => format!("{} until {} (reservation {})", it.owner, minute(&it.end), it.reservation),
            None if node.free => "free".to_owned(),
            None => "not free".to_owned(),
        };
        let next = node.later.iter().min_by_key(|it| &it.start);
        let next = next.map(|it| format!("{} from {}", it.owner, minute(&it.start))).unwrap_or_default();
        vec![node.name.clone(), node.model.clone(), node.address.clone(), now, next]
    };
    let rows = nodes.iter().map(row);
    table(&[head(&["NODE", "MODEL", "ADDRESS", "NOW", "NEXT"])].into_iter().chain(rows).collect::<Vec<_>>())
}

/// The environments as a table.
pub(super) fn environments(environments: &[Environment]) -> String {
    let row = |it: &Environment| {
        vec![it.name.clone(), it.ssh_user.clone(), gigabytes(it.disk_bytes), it.description.clone()]
    };
    let rows = environments.iter().map(row);
    let names = ["ENVIRONMENT", "USER", "LEAST CARD", "DESCRIPTION"];
    table(&[head(&names)].into_iter().chain(rows).collect::<Vec<_>>())
}

/// Reservations as a table, one line each.
pub(super) fn reservations(reservations: &[Reservation]) -> String {
    let row = |it: &Reservation| {
        let nodes: Vec<&str> = it.nodes.iter().map(|node| node.name.as_str()).collect();
        let environment = it.environment.clone().unwrap_or_default();
        let (start, end) = (minute(&it.start), minute(&it.end));
        let (id, nodes) = (it.id.to_string(), nodes.join(" "));
        vec![id, it.name.clone(), it.owner.clone(), it.state.clone(), start, end, environment, nodes]
    };
    let rows = reservations.iter().map(row);
    let names = ["ID", "NAME", "OWNER", "STATE", "START", "END", "ENVIRONMENT", "NODES"];
    table(&[head(&names)].into_iter().chain(rows).collect::<Vec<_>>())
}

/// One reservation with its nodes.
pub(super) fn reservation(it: &Reservation) -> String {
    let (id, name, owner) = (it.id, plain(&it.name), plain(&it.owner));
    let (state, start, end) = (plain(&it.state), minute(&it.start), minute(&it.end));
    let mut text = format!("reservation {id} ({name}) of {owner}: {state}, from {start} until {end}\n");
    if let Some(environment) = &it.environment {
        text += &format!("environment {}", plain(environment));
        for node in it.nodes.iter().filter(|node| node.environment.as_ref() != Some(environment)) {
            text += &node
                .environment
                .iter()
                .map(|own| format!("; on {} {}", node.name, plain(own)))
                .collect::<String>();
        }
        text.push('\n');
    }
    if let Some(until) = &it.held_until {
        text += &format!("held until {} unless it is configured\n", plain(&minute(until)));
    }
    let row = |node: &Deployment| {
        let sign_in = node.ssh_user.as_ref().map_or_else(
            || node.address.clone(),
            |user| format!("{user}@{}:{}", node.address, node.ssh_port),
        );
        vec![node.name.clone(), node.model.clone(), node.shown_state(), sign_in, node.shown_problem()]
    };
    let rows = it.nodes.iter().map(row);
    let nodes = [head(&["NODE", "MODEL", "STATE", "SIGN IN", "PROBLEM"])].into_iter().chain(rows);
    text + &table(&nodes.collect::<Vec<_>>())
}

impl Deployment {
    /// The state with what was asked, or how far it is.
    fn shown_state(&self) -> String {
        match (&self.request, &self.progress) {
            (Some(request), _) => format!("{} ({request} asked)", self.state),
            (None, Some(progress)) => format!("{} {} %", self.state, progress.percent),
            (None, None) => self.state.clone(),
        }
    }

    /// The last failure in a line; empty if there is none.
    pub(super) fn shown_problem(&self) -> String {
        let told = |problem: &Problem| plain(&format!("{}. {}", problem.seen, problem.advice));
        self.problem.as_ref().map(told).unwrap_or_default()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// A reservation whose nodes pi-01, pi-02, ... are in these states.
    pub(in crate::ctl) fn with_states(state: &str, nodes: &[&str]) -> Reservation {
        let node = |(at, state): (usize, &&str)| {
            json!({
                "name": format!("pi-{:02}", at + 1), "reservation": 7, "model": "pi4b", "address": "10.20.0.1",
                "ssh_port": 22, "ssh_user": "root", "host_key": null, "state": state, "progress": null,
                "request": null, "problem": null, "state_since": "2026-03-01T14:00:00Z",
            })
        };
        let nodes: Vec<Value> = nodes.iter().enumerate().map(node).collect();
        let all = json!({
            "id": 7, "name": "night", "owner": "ada@lab", "start": "2026-03-01T14:00:00Z",
            "end": "2026-03-01T16:00:00Z", "held_until": null, "state": state, "environment": "raspios",
            "nodes": nodes,
        });
        serde_json::from_value(all).unwrap()
    }

    #[test]
    fn a_reservation_is_shown_with_its_nodes() {
        let mut shown = with_states("active", &["env_copy", "failed"]);
        shown.nodes[1].environment = Some("ubuntu".into());
        shown.nodes[0].progress = Some(Progress { percent: 40 });
        shown.nodes[1].problem =
            Some(Problem { seen: "the card is worn\nout".into(), advice: "Change it.".into() });
        assert_eq!(
            reservation(&shown),
            "reservation 7 (night) of ada@lab: active, from 2026-03-01 14:00 UTC until 2026-03-01 16:00 UTC\n\
             environment raspios; on pi-02 ubuntu\n\
             NODE   MODEL  STATE          SIGN IN            PROBLEM\n\
             pi-01  pi4b   env_copy 40 %  root@10.20.0.1:22\n\
             pi-02  pi4b   failed         root@10.20.0.1:22  the card is worn out. Change it.\n"
        );
    }

    #[test]
    fn the_next_booking_is_the_earliest() {
        let booking = |owner: &str, start: &str| json!({ "reservation": 1, "owner": owner, "start": start, "end": "2026-03-03T10:00:00Z" });
        let node = json!({
            "name": "pi-01", "model": "pi5", "address": "10.20.0.1", "free": true, "taken": null,
            "later": [booking("bob@lab", "2026-03-03T08:00:00Z"), booking("ada@lab", "2026-03-02T08:00:00Z")],
        });
        let shown = nodes(&[serde_json::from_value(node).unwrap()]);
        assert!(
            shown.ends_with("pi-01  pi5    10.20.0.1  free  ada@lab from 2026-03-02 08:00 UTC\n"),
            "{shown}"
        );
    }
}
