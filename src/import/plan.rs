//! The heart: what a source says and what is known make a plan. *Pure;* [`Plan::apply`] runs in a transaction.

use super::found::{Found, Host, Remark, Switch};
use crate::model::board::{BoardModel, BoardSerial};
use crate::model::clock::Timestamp;
use crate::model::net::{MacAddr, Subnet};
use crate::model::node::{Node, NodeName};
use crate::model::rack::{self, PortRef};
use crate::store::nodes::NewNode;
use crate::store::sightings::Sighting;
use crate::store::{self, Connection, Transaction, nodes, sightings, switches};
use std::net::Ipv4Addr;

/// First halves of hardware addresses that belong to Raspberry Pi (IEEE, as of 2025). A hint: a node is only made of
/// such a host when a model is given.
const PREFIXES: [[u8; 3]; 7] = [
    [0xb8, 0x27, 0xeb],
    [0xdc, 0xa6, 0x32],
    [0xe4, 0x5f, 0x01],
    [0xd8, 0x3a, 0xdd],
    [0x28, 0xcd, 0xc1],
    [0x2c, 0xcf, 0x67],
    [0x88, 0xa2, 0x9e],
];

/// What the person who imports has chosen, and the settings.
#[derive(Debug, Clone)]
pub struct Choices {
    /// All hosts are boards, whatever is known of them.
    pub as_nodes: bool,
    /// The model of boards that the source does not tell.
    pub model: Option<BoardModel>,
    /// The nodes' network.
    pub subnet: Subnet,
    /// pimaster's own address.
    pub own: Ipv4Addr,
    /// Addresses for nodes that the source gives none, in order.
    pub free: Vec<Ipv4Addr>,
}

/// What is in the database.
#[derive(Debug, Clone)]
pub struct Known {
    nodes: Vec<Node>,
    switches: Vec<rack::Switch>,
    sightings: Vec<Sighting>,
}

impl Known {
    /// Reads it.
    pub fn read(conn: &Connection) -> store::Result<Self> {
        Ok(Self {
            nodes: nodes::list(conn)?,
            switches: switches::list(conn)?,
            sightings: sightings::list(conn)?,
        })
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
    switches: Vec<Switch>,
    /// With the name of the switch: it may come with this import.
    nodes: Vec<(NewNode, Option<(String, u16)>)>,
}

/// Makes the plan.
pub fn plan(found: &Found, known: &Known, choices: &Choices) -> Plan {
    let mut planning = Planning { known, choices, plan: Plan::default() };
    found.switches.iter().for_each(|switch| planning.switch(switch));
    found.hosts.iter().for_each(|host| planning.host(host));
    planning.plan
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.switches.is_empty() && self.nodes.is_empty()
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
        Ok(())
    }
}

struct Planning<'a> {
    known: &'a Known,
    choices: &'a Choices,
    plan: Plan,
}

impl Planning<'_> {
    fn enter(&mut self, verdict: Verdict, origin: &str, text: String, why: impl Into<String>) {
        let about = Remark { origin: origin.to_owned(), text, why: why.into() };
        self.plan.entries.push(Entry { verdict, about });
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

    fn host(&mut self, host: &Host) {
        let name = host.name.clone().unwrap_or_default().to_lowercase();
        let shown = if name.is_empty() { "a host without a name".to_owned() } else { format!("node {name}") };
        match self.node(host, &name) {
            Ok(Some(node)) => {
                let text = format!("{shown}, {}, {}, {}", node.mac, node.address, node.model.as_str());
                self.enter(Verdict::Add, &host.origin, text, "");
                self.plan.nodes.push((node, host.port.clone()));
            }
            Ok(None) => self.enter(Verdict::Same, &host.origin, shown, ""),
            Err(why) => self.enter(Verdict::Refused, &host.origin, shown, why),
        }
    }

    /// The node to make of a host; none if it is one already.
    fn node(&self, host: &Host, name: &str) -> Result<Option<NewNode>, String> {
        let serial: Option<BoardSerial> = match &host.serial {
            Some(text) => {
                Some(text.parse().map_err(|cause: crate::model::board::NotASerial| cause.to_string())?)
            }
            None => None,
        };
        let by_serial = |seen: &&Sighting| serial.is_some() && seen.observation.serial == serial;
        let mac = host.mac.or_else(|| self.known.sightings.iter().find(by_serial).map(|seen| seen.mac));
        let is_same = |node: &&Node| match mac {
            Some(mac) => node.mac == mac,
            None => node.name.as_str() == name && serial.is_none_or(|serial| node.serial == Some(serial)),
        };
        if let Some(node) = self.known.nodes.iter().find(is_same) {
            return self.compare(node, host, name, serial).map(|()| None);
        }
        let mac = mac.ok_or(
            "has no hardware address; give the dnsmasq.conf beside it with --dnsmasq FILE, or switch the board on \
             once, so that pimaster hears it, and import again",
        )?;
        let model = self.model(host, mac)?;
        let name: NodeName = name.parse().map_err(|cause: crate::model::node::NotANodeName| {
            format!("{cause}; give it such a name there and import again")
        })?;
        let address = self.address(host)?;
        let node = NewNode { name, mac, address, model, serial, port: None };
        self.judge_port(host)?;
        match self.clash(&node, host) {
            Some(clash) => Err(clash),
            None => Ok(Some(node)),
        }
    }

    /// A node that is there stays as it is: a difference is told.
    fn compare(
        &self,
        node: &Node,
        host: &Host,
        name: &str,
        serial: Option<BoardSerial>,
    ) -> Result<(), String> {
        let differences = [
            (!name.is_empty() && node.name.as_str() != name, format!("name {name}")),
            (
                host.address.is_some_and(|address| address != node.address),
                format!("address {}", host.address.unwrap_or(Ipv4Addr::UNSPECIFIED)),
            ),
            (
                serial.is_some() && node.serial.is_some() && serial != node.serial,
                format!("serial number {}", serial.unwrap_or(BoardSerial(0))),
            ),
        ];
        let differs: Vec<String> =
            differences.into_iter().filter(|(differs, _)| *differs).map(|(_, what)| what).collect();
        if differs.is_empty() {
            return Ok(());
        }
        let known = format!("{} with address {}", node.name, node.address);
        Err(format!(
            "its board is enrolled as {known}, and this says {}; nothing is changed",
            differs.join(", ")
        ))
    }

    /// What board it is, or why it is none.
    fn model(&self, host: &Host, mac: MacAddr) -> Result<BoardModel, String> {
        let sighting = self.known.sightings.iter().find(|seen| seen.mac == mac);
        let seen =
            sighting.map(|seen| seen.observation.model()).filter(|model| *model != BoardModel::Unknown);
        let told = host.model.filter(|model| *model != BoardModel::Unknown);
        if let Some(model) = told.or(seen) {
            return Ok(model);
        }
        let was_seen = sighting.is_some_and(|seen| seen.observation.is_board);
        if host.model.is_some() || was_seen || self.choices.as_nodes {
            return Ok(self.choices.model.unwrap_or(BoardModel::Unknown));
        }
        match (PREFIXES.iter().any(|prefix| mac.0.starts_with(prefix)), self.choices.model) {
            (true, Some(model)) => Ok(model),
            (true, None) => {
                Err("may be a Raspberry Pi by its hardware address; import again with --model MODEL, \
                                 or with --as node, and it is learnt at the first boot"
                    .to_owned())
            }
            (false, _) => {
                Err("no Raspberry Pi as far as is known; if it is one, import it with --as node".to_owned())
            }
        }
    }

    fn address(&self, host: &Host) -> Result<Ipv4Addr, String> {
        let Choices { subnet, own, free, .. } = self.choices;
        let taken = |address: &Ipv4Addr| {
            let planned = self.plan.nodes.iter().map(|(node, _)| node.address);
            self.known.nodes.iter().map(|node| node.address).chain(planned).any(|known| known == *address)
        };
        match host.address {
            Some(address) if address == *own => {
                Err(format!("{address} is pimaster's own address; give it another"))
            }
            Some(address) if subnet.is_host(address) => Ok(address),
            Some(address) => {
                Err(format!("{address} is no host address of network.subnet, {subnet}; change either"))
            }
            None => free.iter().copied().find(|address| !taken(address)).ok_or_else(|| {
                "has no address, and network.node_ranges has none free; widen it or give the host one"
                    .to_owned()
            }),
        }
    }

    fn judge_port(&self, host: &Host) -> Result<(), String> {
        let Some((name, port)) = &host.port else { return Ok(()) };
        let planned = self.plan.switches.iter().find(|switch| switch.name == *name);
        let known = self.known.switches.iter().find(|switch| switch.name == *name);
        let (ports, protected) = match (planned, known) {
            (Some(switch), _) => (switch.ports, switch.protected_port),
            (None, Some(switch)) => (switch.ports, switch.protected_port),
            (None, None) => return Err(format!("its switch {name} is not known; import or add it first")),
        };
        if !(1..=ports).contains(port) || protected == Some(*port) {
            return Err(format!("port {port} of {name} is none of 1 to {ports}, or feeds pimaster itself"));
        }
        Ok(())
    }

    /// What another node, known or of this import, has already.
    fn clash(&self, new: &NewNode, host: &Host) -> Option<String> {
        let switch_name = |node: &Node| {
            let port = node.port?;
            let switch = self.known.switches.iter().find(|switch| switch.id == port.switch)?;
            Some((switch.name.clone(), port.port))
        };
        let known = self
            .known
            .nodes
            .iter()
            .map(|node| ((&node.name, node.mac, node.address, node.serial), switch_name(node)));
        let planned = self
            .plan
            .nodes
            .iter()
            .map(|(node, port)| ((&node.name, node.mac, node.address, node.serial), port.clone()));
        known.chain(planned).find_map(|((name, mac, address, serial), port)| {
            let what = [
                (*name == new.name, "that name"),
                (mac == new.mac, "that hardware address"),
                (address == new.address, "that address"),
                (serial.is_some() && serial == new.serial, "that serial number"),
                (port.is_some() && port == host.port, "that switch port"),
            ];
            let (_, what) = what.into_iter().find(|(same, _)| *same)?;
            Some(format!("{name} has {what} already; change one of them and import again"))
        })
    }
}
