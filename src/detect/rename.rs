//! Renaming nodes, one or all: in one transaction, or not at all. *IO: the transaction it is given.*

use super::Refusal;
use super::enrol::refuse_in_use;
use super::rules::numbered;
use crate::model::discovery::{RenameWish, Renamed};
use crate::model::node::{Node, NodeName};
use crate::store::{Transaction, nodes};
use std::collections::BTreeMap;

/// Renames; gives back what changed.
pub fn rename(tx: &Transaction<'_>, wish: &RenameWish) -> Result<Vec<Renamed>, Refusal> {
    let all = nodes::list(tx)?;
    let plan = match wish {
        RenameWish::One { node, to } => one(&all, node, to)?,
        RenameWish::All { prefix } => every(&all, prefix)?,
    };
    let changed: Vec<(&Node, NodeName)> = plan.into_iter().filter(|(node, to)| node.name != *to).collect();
    refuse_in_use(tx, changed.iter().map(|(node, _)| *node))?;
    // Names swap places: nobody may stand in another's way meanwhile.
    for (node, _) in &changed {
        nodes::rename(tx, node.id, &format!("renaming {}", node.id))?;
    }
    for (node, to) in &changed {
        nodes::rename(tx, node.id, to.as_str())?;
    }
    Ok(changed.into_iter().map(|(node, to)| Renamed { from: node.name.clone(), to }).collect())
}

fn one<'a>(all: &'a [Node], name: &NodeName, to: &NodeName) -> Result<Vec<(&'a Node, NodeName)>, Refusal> {
    let node = all.iter().find(|node| node.name == *name);
    let node = node.ok_or_else(|| Refusal::NoSuchNode { name: name.clone() })?;
    if let Some(other) = all.iter().find(|other| other.name == *to && other.id != node.id) {
        return Err(Refusal::Clash {
            node: other.name.clone(),
            field: "name",
            what: format!("the name {to}"),
        });
    }
    Ok(vec![(node, to.clone())])
}

fn every<'a>(all: &'a [Node], prefix: &str) -> Result<Vec<(&'a Node, NodeName)>, Refusal> {
    let mut taken: BTreeMap<NodeName, NodeName> = BTreeMap::new();
    let mut plan = Vec::new();
    for node in all {
        let name =
            numbered(prefix, node.address).ok_or_else(|| Refusal::Prefix { seen: prefix.to_owned() })?;
        if let Some(first) = taken.insert(name.clone(), node.name.clone()) {
            return Err(Refusal::SameName { first, second: node.name.clone(), name });
        }
        plan.push((node, name));
    }
    Ok(plan)
}
