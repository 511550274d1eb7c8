//! Hosts in the plan: what becomes of each, and whether it can. *Pure.* Called by `plan`.

use super::found::Host;
use super::kind::{Becomes, judge};
use super::plan::{Planning, Verdict};
use crate::model::board::{BoardModel, BoardSerial};
use crate::model::device::NewDevice;
use crate::model::net::MacAddr;
use crate::model::node::{Node, NodeName};
use crate::store::nodes::NewNode;
use crate::store::sightings::Sighting;
use std::net::Ipv4Addr;

/// A host that is there already, as what.
struct Same(&'static str);

/// A machine to be added.
enum Machine {
    Node(NewNode),
    Device(NewDevice),
}

/// What a machine has that no other may have.
struct Claim<'a> {
    name: &'a NodeName,
    mac: MacAddr,
    address: Ipv4Addr,
    serial: Option<BoardSerial>,
    port: Option<(String, u16)>,
}

impl<'a> Claim<'a> {
    fn of_node(node: &'a NewNode, port: Option<(String, u16)>) -> Self {
        Self { name: &node.name, mac: node.mac, address: node.address, serial: node.serial, port }
    }

    fn of_device(device: &'a NewDevice) -> Self {
        let NewDevice { name, mac, address, .. } = device;
        Self { name, mac: *mac, address: *address, serial: None, port: None }
    }
}

impl Planning<'_> {
    pub(super) fn host(&mut self, host: &Host) {
        let name = host.name.clone().unwrap_or_default().to_lowercase();
        let shown = |kind: &str| {
            if name.is_empty() { "a host without a name".to_owned() } else { format!("{kind} {name}") }
        };
        match self.machine(host, &name) {
            Ok(Ok(Machine::Node(node))) => {
                let NewNode { mac, address, model, .. } = &node;
                let text = format!("{}, {mac}, {address}, {}", shown("node"), model.as_str());
                self.enter(Verdict::Add, &host.origin, text, "");
                self.has_options("node", &node.name, &host.tags);
                self.plan.nodes.push((node, host.port.clone()));
            }
            Ok(Ok(Machine::Device(device))) => {
                let text = format!("{}, {}, {}", shown("device"), device.mac, device.address);
                self.enter(Verdict::Add, &host.origin, text, "");
                self.has_options("device", &device.name, &host.tags);
                self.plan.devices.push(device);
            }
            Ok(Err(Same(kind))) => {
                self.enter(Verdict::Same, &host.origin, shown(kind), "");
                if let Ok(name) = name.parse() {
                    self.has_options(kind, &name, &host.tags);
                }
            }
            Err(why) => self.enter(Verdict::Refused, &host.origin, shown("host"), why),
        }
    }

    /// The machine to make of a host, or as what it is there; the error says why neither.
    fn machine(&self, host: &Host, name: &str) -> Result<Result<Machine, Same>, String> {
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
            let serials = node.serial.zip(serial);
            compare((&node.name, node.address), host, name, serials)?;
            return Ok(Err(Same("node")));
        }
        let mac = mac.ok_or(
            "has no hardware address; give the dnsmasq.conf beside it with --dnsmasq FILE, or switch the board on \
             once, so that pimaster hears it, and import again",
        )?;
        if let Some(device) = self.known.devices.iter().find(|device| device.mac == mac) {
            compare((&device.name, device.address), host, name, None)?;
            return Ok(Err(Same("device")));
        }
        let becomes = judge(host, mac, self.sighting(mac), self.choices)?;
        let name: NodeName = name.parse().map_err(|cause: crate::model::node::NotANodeName| {
            format!("{cause}; give it such a name there and import again")
        })?;
        let machine = match becomes {
            Becomes::Node(model) => Machine::Node(self.node(host, name, mac, model, serial)?),
            Becomes::Device => Machine::Device(self.device(host, name, mac)?),
        };
        Ok(Ok(machine))
    }

    fn sighting(&self, mac: MacAddr) -> Option<&Sighting> {
        self.known.sightings.iter().find(|seen| seen.mac == mac)
    }

    fn node(
        &self,
        host: &Host,
        name: NodeName,
        mac: MacAddr,
        model: BoardModel,
        serial: Option<BoardSerial>,
    ) -> Result<NewNode, String> {
        let node = NewNode { name, mac, address: self.address(host)?, model, serial, port: None };
        self.judge_port(host)?;
        match self.clash(&Claim::of_node(&node, host.port.clone())) {
            Some(clash) => Err(clash),
            None => Ok(node),
        }
    }

    fn device(&self, host: &Host, name: NodeName, mac: MacAddr) -> Result<NewDevice, String> {
        let address = host.address.ok_or(
            "is no Raspberry Pi as far as is known, and a device needs an address; give it one there, or import it \
             with --as node",
        )?;
        let device = NewDevice { name, mac, address, boot: None };
        device.judge(&self.choices.networks).map_err(|bad| bad.to_string())?;
        let leased = self.known.leases.iter().find(|lease| lease.address == address && lease.mac != mac);
        if let Some(lease) = leased {
            return Err(format!("{address} is leased to {}; give one of them another address", lease.mac));
        }
        match self.clash(&Claim::of_device(&device)) {
            Some(clash) => Err(clash),
            None => Ok(device),
        }
    }

    fn address(&self, host: &Host) -> Result<Ipv4Addr, String> {
        let networks = &self.choices.networks;
        let Some(address) = host.address else {
            let is_free = |address: &Ipv4Addr| !self.claims().any(|it| it.address == *address);
            return self.choices.free.iter().copied().find(is_free).ok_or_else(|| {
                "has no address, and network.node_ranges has none free; widen it or give the host one"
                    .to_owned()
            });
        };
        match networks.holding(address) {
            _ if address == networks.own => {
                Err(format!("{address} is pimaster's own address; give it another"))
            }
            Some(network) if network.router == Some(address) => {
                Err(format!("{address} is a router's address; give it another"))
            }
            Some(_) => Ok(address),
            None => {
                let shown = networks.shown();
                Err(format!("{address} is no host address of the nodes' networks, {shown}; change either"))
            }
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

    /// What the machines have that are there, and those of this import so far.
    fn claims(&self) -> impl Iterator<Item = Claim<'_>> {
        let known = self.known;
        let nodes = known.nodes.iter().map(move |node| {
            let port = node.port.and_then(|port| {
                let switch = known.switches.iter().find(|switch| switch.id == port.switch)?;
                Some((switch.name.clone(), port.port))
            });
            let Node { name, mac, address, serial, .. } = node;
            Claim { name, mac: *mac, address: *address, serial: *serial, port }
        });
        let devices = known.devices.iter().map(|device| Claim {
            name: &device.name,
            mac: device.mac,
            address: device.address,
            serial: None,
            port: None,
        });
        let planned = self.plan.nodes.iter().map(|(node, port)| Claim::of_node(node, port.clone()));
        nodes.chain(devices).chain(planned).chain(self.plan.devices.iter().map(Claim::of_device))
    }

    /// What another machine, known or of this import, has already.
    fn clash(&self, new: &Claim<'_>) -> Option<String> {
        self.claims().find_map(|other| {
            let what = [
                (other.name == new.name, "that name"),
                (other.mac == new.mac, "that hardware address"),
                (other.address == new.address, "that address"),
                (other.serial.is_some() && other.serial == new.serial, "that serial number"),
                (other.port.is_some() && other.port == new.port, "that switch port"),
            ];
            let (_, what) = what.into_iter().find(|(same, _)| *same)?;
            Some(format!("{} has {what} already; change one of them and import again", other.name))
        })
    }
}

/// A machine that is there stays as it is: a difference is told.
fn compare(
    (known_name, known_address): (&NodeName, Ipv4Addr),
    host: &Host,
    name: &str,
    serials: Option<(BoardSerial, BoardSerial)>,
) -> Result<(), String> {
    let mut differs = Vec::new();
    if !name.is_empty() && known_name.as_str() != name {
        differs.push(format!("name {name}"));
    }
    if let Some(address) = host.address.filter(|address| *address != known_address) {
        differs.push(format!("address {address}"));
    }
    if let Some((_, serial)) = serials.filter(|(known, told)| known != told) {
        differs.push(format!("serial number {serial}"));
    }
    if differs.is_empty() {
        return Ok(());
    }
    Err(format!(
        "is there as {known_name} with address {known_address}, and this says {}; nothing is changed",
        differs.join(", ")
    ))
}
