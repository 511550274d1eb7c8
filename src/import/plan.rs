//! The heart: what a source says and what is known make a plan. *Pure;* [`Plan::apply`] runs in a transaction.
//!
//! Switches are planned here, hosts in `hosts`, what kind of machine each is in `kind`.

use super::found::{Found, HostOption, Remark, Switch};
use super::kind::Kind;
use super::settings::SuggestedOptions;
use crate::model::board::BoardModel;
use crate::model::clock::Timestamp;
use crate::model::device::{Device, NewDevice};
use crate::model::network::Networks;
use crate::model::node::{Node, NodeName};
use crate::model::rack::{self, Community, PortRef, PowerDriver};
use crate::store::leases::{Lease, LeaseState};
use crate::store::nodes::NewNode;
use crate::store::sightings::Sighting;
use crate::store::{self, Connection, Transaction, devices, leases, nodes, sightings, switches};
use std::net::Ipv4Addr;

/// What the person who imports has chosen, and the settings.
#[derive(Debug, Clone)]
pub struct Choices {
    /// What hosts are that nothing else tells of; decided by their hardware addresses if none.
    pub kind: Option<Kind>,
    /// The model of boards that the source does not tell.
    pub model: Option<BoardModel>,
    /// The networks of nodes and devices.
    pub networks: Networks,
    /// Addresses for nodes that the source gives none, in order.
    pub free: Vec<Ipv4Addr>,
}

/// What is in the database.
#[derive(Debug, Clone)]
pub struct Known {
    pub(super) nodes: Vec<Node>,
    pub(super) devices: Vec<Device>,
    pub(super) switches: Vec<rack::Switch>,
    pub(super) sightings: Vec<Sighting>,
    /// Those that hold an address.
    pub(super) leases: Vec<Lease>,
}

impl Known {
    /// Reads it.
    pub fn read(conn: &Connection) -> store::Result<Self> {
        let mut leases = leases::list(conn)?;
        leases.retain(|lease| matches!(lease.state, LeaseState::Offered | LeaseState::Bound));
        Ok(Self {
            nodes: nodes::list(conn)?,
            devices: devices::list(conn)?,
            switches: switches::list(conn)?,
            sightings: sightings::list(conn)?,
            leases,
        })
    }

    /// With the communities of its switches as `open` gives them, to compare with what another program knows.
    #[must_use]
    pub fn opened(mut self, open: impl Fn(&Community) -> Option<String>) -> Self {
        for switch in &mut self.switches {
            if let PowerDriver::Snmp { community, .. } = &mut switch.driver
                && let Some(text) = open(community)
            {
                *community = Community::Clear(text);
            }
        }
        self
    }
}

/// What becomes of one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is new.
    Add,
    /// It is there and becomes another.
    Change,
    /// It is there as it is.
    Same,
    /// It cannot be taken over; the reason says what to do.
    Refused,
}

/// One line of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What becomes of it.
    pub verdict: Verdict,
    /// Where it comes from, what it is, and why it is refused.
    pub about: Remark,
}

/// What an import does.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Each thing, in the order of the source.
    pub entries: Vec<Entry>,
    /// DHCP options that belong into pimaster.toml, for the machines that are or will be there.
    pub options: SuggestedOptions,
    pub(super) switches: Vec<Switch>,
    /// With the name of the switch: it may come with this import.
    pub(super) nodes: Vec<(NewNode, Option<(String, u16)>)>,
    pub(super) devices: Vec<NewDevice>,
}

/// Makes the plan.
pub fn plan(found: &Found, known: &Known, choices: &Choices) -> Plan {
    let mut planning = Planning { known, choices, plan: Plan::default(), tagged: Vec::new() };
    found.switches.iter().for_each(|switch| planning.switch(switch));
    found.hosts.iter().for_each(|host| planning.host(host));
    found.options.iter().for_each(|option| planning.option(option));
    planning.plan
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.switches.is_empty() && self.nodes.is_empty() && self.devices.is_empty()
    }

    /// Does it, in the transaction that read what is known: all or nothing.
    pub fn apply(&self, tx: &Transaction<'_>, now: Timestamp) -> store::Result<()> {
        for Switch { name, driver, ports, protected_port, .. } in &self.switches {
            switches::upsert(tx, name, driver, *ports, *protected_port)?;
        }
        for (node, port) in &self.nodes {
            let mut node = node.clone();
            if let Some((switch, port)) = port {
                let found = switches::by_name(tx, switch)?;
                node.port = found.map(|switch| PortRef { switch: switch.id, port: *port });
            }
            nodes::insert(tx, &node, now)?;
            sightings::forget(tx, node.mac)?;
        }
        for device in &self.devices {
            devices::insert_free(tx, device, now)?;
            sightings::forget(tx, device.mac)?;
        }
        Ok(())
    }
}

/// A plan in the making.
pub(super) struct Planning<'a> {
    pub(super) known: &'a Known,
    pub(super) choices: &'a Choices,
    pub(super) plan: Plan,
    /// The tables of machines' options, by the tags of their hosts.
    tagged: Vec<(String, String)>,
}

impl Planning<'_> {
    pub(super) fn enter(&mut self, verdict: Verdict, origin: &str, text: String, why: impl Into<String>) {
        let about = Remark { origin: origin.to_owned(), text, why: why.into() };
        self.plan.entries.push(Entry { verdict, about });
    }

    /// Options for hosts with these tags are this machine's.
    pub(super) fn has_options(&mut self, kind: &str, name: &NodeName, tags: &[String]) {
        self.tagged.extend(tags.iter().map(|tag| (tag.clone(), format!("dhcp.options.{kind}.{name}"))));
    }

    fn option(&mut self, option: &HostOption) {
        let HostOption { origin, tag, code, value } = option;
        let Some(tag) = tag else { return self.plan.options.set("dhcp.options", *code, value) };
        let mut machines = self.tagged.iter().filter(|(own, _)| own == tag).peekable();
        if machines.peek().is_none() {
            let text = format!("option {code} = {value} for {tag}");
            let why = "no host with that tag is taken over; set it by hand for the machine that is meant";
            return self.enter(Verdict::Refused, origin, text, why);
        }
        machines.for_each(|(_, table)| self.plan.options.set(table, *code, value));
    }

    fn switch(&mut self, switch: &Switch) {
        let Switch { origin, name, driver, ports, protected_port } = switch;
        let text = format!("switch {name}, {ports} ports");
        let is_port = |port: &u16| (1..=*ports).contains(port);
        if !(1..=512).contains(ports) || protected_port.as_ref().is_some_and(|port| !is_port(port)) {
            let why =
                "a port number beyond 1 to 512, or a master port that the switch has not; mend it there";
            return self.enter(Verdict::Refused, origin, text, why);
        }
        let known = self.known.switches.iter().find(|known| known.name == *name);
        let verdict = match known {
            None => Verdict::Add,
            Some(known)
                if (&known.driver, known.ports, known.protected_port)
                    == (driver, *ports, *protected_port) =>
            {
                return self.enter(Verdict::Same, origin, text, "");
            }
            Some(_) => Verdict::Change,
        };
        self.enter(verdict, origin, text, "");
        self.plan.switches.push(switch.clone());
    }
}
