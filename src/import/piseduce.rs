//! PiSeduce's nodes, switches and environments in pimaster's words. *Pure.*
//!
//! Source of the fields: PiSeduce agent, `database/tables.py` (rasp_node, rasp_switch, rasp_environment); seduce_pp
//! has the same under other names. Numbers may be stored as text.

use super::found::{Environment, Found, Host, Switch};
use crate::model::board::BoardModel;
use crate::model::rack::PowerDriver;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;

/// The UDP port of SNMP agents.
const SNMP_PORT: u16 = 161;

/// One row or file: fields as text, empty if there is no value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// Table and row, or file.
    pub origin: String,
    /// The fields.
    pub fields: BTreeMap<String, String>,
}

/// Everything that PiSeduce knows of a rack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Records {
    /// Boards.
    pub nodes: Vec<Record>,
    /// Switches.
    pub switches: Vec<Record>,
    /// Environments.
    pub environments: Vec<Record>,
}

impl Record {
    fn text(&self, field: &str) -> Option<&str> {
        self.fields.get(field).map(|text| text.trim()).filter(|text| !text.is_empty())
    }

    fn name(&self) -> String {
        self.text("name").unwrap_or_default().to_owned()
    }

    /// A field that parses, or what is wrong with it.
    fn parsed<T: FromStr>(&self, field: &str, expected: &str) -> Result<T, String> {
        let seen = self.text(field).unwrap_or_default();
        seen.parse()
            .map_err(|_| format!("{field} is `{seen}`; expected {expected}: mend it there and import again"))
    }
}

/// Reads the records. Hardware addresses stand in dnsmasq's files alone: those come with `dhcp`.
pub fn find(records: &Records, dhcp: Found) -> Found {
    let mut found = Found { hosts: Vec::new(), ..dhcp.clone() };
    for record in &records.switches {
        match switch(record) {
            Ok(switch) => found.switches.push(switch),
            Err(why) => found.remark(&record.origin, &record.name(), why),
        }
    }
    let mut matched = Vec::new();
    for record in &records.nodes {
        if record.text("model") == Some("master") || record.text("name") == Some("pimaster") {
            found.remark(&record.origin, &record.name(), "not needed: pimaster itself");
            continue;
        }
        match host(record, &dhcp.hosts) {
            Ok((host, of_dhcp)) => {
                found.hosts.push(host);
                matched.extend(of_dhcp);
            }
            Err(why) => found.remark(&record.origin, &record.name(), why),
        }
    }
    found.hosts.extend(dhcp.hosts.into_iter().filter(|host| !matched.contains(&host.origin)));
    for record in &records.environments {
        match environment(record) {
            Ok(environment) => found.environments.push(environment),
            Err(why) => found.remark(&record.origin, &record.name(), why),
        }
    }
    found
}

fn switch(record: &Record) -> Result<Switch, String> {
    let name: String = record.parsed("name", "a name")?;
    let address: Ipv4Addr = record.parsed("ip", "the switch's IPv4 address")?;
    let community: String = record.text("community").ok_or("community is missing; set it there")?.to_owned();
    let oid = record.text("poe_oid").ok_or("the object that switches power is missing; set it there")?;
    // net-snmp prints the first arc by its name.
    let oid = oid.trim_start_matches('.').replacen("iso.", "1.", 1);
    if oid.split('.').any(|arc| arc.parse::<u32>().is_err()) {
        return Err(format!(
            "poe_oid is `{oid}`; expected numbers with dots such as 1.3.6.1.2.1.105.1.1.1.3.1"
        ));
    }
    let number = |field: &str| match record.text(field) {
        Some(_) => record.parsed::<u16>(field, "a number"),
        None => Ok(0),
    };
    let (ports, master) = (record.parsed("port_number", "how many ports it has")?, number("master_port")?);
    Ok(Switch {
        origin: record.origin.clone(),
        name,
        driver: PowerDriver::Snmp {
            address: SocketAddr::new(address.into(), SNMP_PORT),
            community: community.into(),
            base_oid: oid,
            index_offset: number("oid_offset")?.into(),
        },
        ports,
        protected_port: (master != 0).then_some(master),
    })
}

/// The host, and the line of dnsmasq's files that completes it.
fn host(record: &Record, dhcp: &[Host]) -> Result<(Host, Option<String>), String> {
    let name: String = record.parsed("name", "a name")?;
    let address: Ipv4Addr = record.parsed("ip", "an IPv4 address")?;
    let line = dhcp.iter().find(|host| host.address == Some(address) || host.name.as_ref() == Some(&name));
    let port = match (record.text("switch"), record.text("port_number")) {
        (Some(switch), Some(_)) => {
            Some((switch.to_owned(), record.parsed("port_number", "the number of a port")?))
        }
        (None, _) | (_, None) => None,
    };
    let host = Host {
        origin: record.origin.clone(),
        name: Some(name),
        mac: line.and_then(|line| line.mac),
        address: Some(address),
        model: Some(model(record.text("model").unwrap_or_default())),
        serial: record.text("serial").map(str::to_owned),
        port,
        tags: line.map(|line| line.tags.clone()).unwrap_or_default(),
    };
    Ok((host, line.map(|line| line.origin.clone())))
}

/// PiSeduce's names: RPI3B+1G, RPI3Bplus, RPI4B2G, unknown.
fn model(word: &str) -> BoardModel {
    let known = [
        ("RPI3B+", BoardModel::Pi3bPlus),
        ("RPI3Bplus", BoardModel::Pi3bPlus),
        ("RPI3B", BoardModel::Pi3b),
        ("RPI4B", BoardModel::Pi4b),
    ];
    known.iter().find(|(start, _)| word.starts_with(start)).map_or(BoardModel::Unknown, |(_, model)| *model)
}

fn environment(record: &Record) -> Result<Environment, String> {
    let file: String = record.parsed("img_name", "the image's file name")?;
    if file.contains('/') {
        return Err(format!("img_name is `{file}`; expected a file name without a folder"));
    }
    Ok(Environment {
        origin: record.origin.clone(),
        name: record.parsed("name", "a name")?,
        file,
        ssh_user: record.text("ssh_user").map(str::to_owned),
        description: record.text("description").map(str::to_owned),
    })
}
