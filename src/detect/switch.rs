//! Enrolling, changing and removing switches, by whichever door. *IO: the transaction it is given.* Called by `agent` and
//! `commands`; whoever calls has sealed the community.

use super::Refusal;
use super::rules::{Rules, judge_range};
use crate::model::ids::{InquiryId, SwitchId};
use crate::model::node::Node;
use crate::model::rack::{Community, PowerDriver, Switch};
use crate::model::switch::{BadSwitch, CommunityWish, SnmpWish, SwitchSettings, SwitchWish, judge_oid};
use crate::store::{Connection, Transaction, detections, inquiries, nodes, switches};

/// The switch of that name.
pub fn find_switch(conn: &Connection, name: &str) -> Result<Switch, Refusal> {
    switches::by_name(conn, name)?.ok_or_else(|| Refusal::NoSuchSwitch { seen: name.to_owned() })
}

/// Enrols a switch, or changes `known`.
pub fn save_switch(
    tx: &Transaction<'_>,
    rules: &Rules,
    wish: &SwitchWish,
    known: Option<&Switch>,
) -> Result<SwitchId, Refusal> {
    let settings = settle(tx, rules, wish, known)?;
    if let Some(known) = known {
        refuse_detection(tx, known)?;
        let at = nodes_of(tx, known)?;
        let beyond: Vec<_> = at.iter().filter(|(_, port)| *port > settings.ports).cloned().collect();
        if !beyond.is_empty() {
            return Err(BadSwitch::Feeds { switch: known.name.clone(), nodes: beyond }.into());
        }
        if let Some((node, port)) = at.into_iter().find(|(_, port)| settings.protected_port == Some(*port)) {
            return Err(BadSwitch::ProtectedNode { port, node }.into());
        }
    }
    Ok(switches::save(tx, known.map(|known| known.id), &settings)?)
}

/// The settings that a wish makes, if each field can be; what it leaves out stays as it is in `known`.
pub fn settle(
    conn: &Connection,
    rules: &Rules,
    wish: &SwitchWish,
    known: Option<&Switch>,
) -> Result<SwitchSettings, Refusal> {
    wish.judge(known.map(|known| known.name.as_str()))?;
    let other = |switch: &Switch| Some(switch.id) != known.map(|known| known.id);
    if switches::by_name(conn, &wish.name)?.is_some_and(|found| other(&found)) {
        return Err(BadSwitch::Taken { name: wish.name.clone() }.into());
    }
    if let Some(first) = wish.first_address {
        let others: Vec<Switch> = switches::list(conn)?.into_iter().filter(other).collect();
        if let Some(why) = judge_range(rules, &wish.name, first, wish.ports, &others) {
            return Err(BadSwitch::FirstAddress { why }.into());
        }
    }
    Ok(SwitchSettings {
        name: wish.name.clone(),
        driver: match &wish.snmp {
            Some(snmp) => driver(conn, snmp, known)?,
            None => PowerDriver::None,
        },
        ports: wish.ports,
        protected_port: wish.protected_port,
        first_address: wish.first_address,
    })
}

/// Removes a switch that feeds no node.
pub fn remove_switch(tx: &Transaction<'_>, switch: &Switch) -> Result<(), Refusal> {
    refuse_detection(tx, switch)?;
    let nodes = nodes_of(tx, switch)?;
    if !nodes.is_empty() {
        return Err(BadSwitch::Feeds { switch: switch.name.clone(), nodes }.into());
    }
    Ok(switches::remove(tx, switch.id)?)
}

fn driver(conn: &Connection, snmp: &SnmpWish, known: Option<&Switch>) -> Result<PowerDriver, Refusal> {
    let SnmpWish { address, community, base_oid, index_offset } = snmp;
    let community = match community {
        CommunityWish::Given(community) => Some(community.clone()),
        CommunityWish::Keep => known.and_then(|known| community_of(&known.driver)),
        CommunityWish::Tried(id) => tried(conn, *id)?,
    };
    Ok(PowerDriver::Snmp {
        address: *address,
        community: community.ok_or(BadSwitch::Community)?,
        base_oid: judge_oid(base_oid)?,
        index_offset: *index_offset,
    })
}

fn tried(conn: &Connection, id: InquiryId) -> Result<Option<Community>, Refusal> {
    let draft = inquiries::by_id(conn, id)?.and_then(|inquiry| inquiry.draft);
    Ok(draft.and_then(|draft| community_of(&draft.driver)))
}

fn community_of(driver: &PowerDriver) -> Option<Community> {
    match driver {
        PowerDriver::Snmp { community, .. } => Some(community.clone()),
        PowerDriver::None => None,
    }
}

fn refuse_detection(conn: &Connection, switch: &Switch) -> Result<(), Refusal> {
    match detections::running(conn)?.into_iter().find(|it| it.switch == switch.id) {
        Some(running) => Err(Refusal::Detecting { switch: switch.name.clone(), id: running.id }),
        None => Ok(()),
    }
}

/// The nodes that a switch feeds, with their ports.
fn nodes_of(conn: &Connection, switch: &Switch) -> Result<Vec<(crate::model::node::NodeName, u16)>, Refusal> {
    let at = |node: Node| {
        let port = node.port.filter(|port| port.switch == switch.id)?;
        Some((node.name, port.port))
    };
    Ok(nodes::list(conn)?.into_iter().filter_map(at).collect())
}
