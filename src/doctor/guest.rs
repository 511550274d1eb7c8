//! The simulated board's identity: a node that lives in the database for the length of one boot. *IO: the database,
//! the random source; `choose_address` is pure.*
//!
//! See docs/decisions: the running pimaster answers only nodes, so the doctor enrols one. It is never shown, reserved
//! or given the installer's export, and has an address that nobody uses.

use crate::config::Config;
use crate::model::board::{BoardModel, BoardSerial, RevisionCode};
use crate::model::clock::{self, SignedDuration};
use crate::model::ids::NodeId;
use crate::model::net::{AddressRange, MacAddr, Subnet};
use crate::sim::firmware::Identity;
use crate::store::nodes::NewNode;
use crate::store::{self, Store, guests};
use std::collections::HashSet;
use std::net::Ipv4Addr;

/// No doctor takes so long: what is older was left by one that was killed.
const LONGEST_STAY: SignedDuration = SignedDuration::from_secs(120);
/// A Pi 4B of revision 1.2 with 4 GiB.
const REVISION: RevisionCode = RevisionCode(0x00c0_3112);

/// An enrolled guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Guest {
    pub(super) id: NodeId,
    pub(super) identity: Identity,
    pub(super) address: Ipv4Addr,
}

/// Why there is no guest.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("the system's random source failed")]
    Random,
    #[error("every address of {0} is taken")]
    NoAddress(Subnet),
    #[error("the database failed")]
    Store(#[from] store::Error),
}

/// Removes every guest, at the start of the daemon; gives how many there were.
pub async fn sweep(store: &Store) -> Result<usize, store::Error> {
    let now = clock::now();
    store.write(move |tx| guests::remove_left(tx, now)).await
}

impl Guest {
    /// Enrols a guest with an identity of its own, so that two doctors never meet.
    pub(super) async fn enrol(store: &Store, config: &Config) -> Result<Self, Error> {
        let (number, serial) = random()?;
        let [a, b, c, d] = number.to_be_bytes();
        // Locally administered: no vendor's board has it.
        let mac = MacAddr([0x02, 0x64, a, b, c, d]);
        let identity = Identity { model: BoardModel::Pi4b, mac, serial, revision: REVISION };
        let name = format!("doctor-{number:08x}").parse().map_err(|_| Error::Random)?;
        let (subnet, config) = (config.dhcp.subnet, config.clone());
        let enrolled = store.write(move |tx| {
            let now = clock::now();
            guests::remove_left(tx, now - LONGEST_STAY)?;
            let taken = guests::taken_addresses(tx)?;
            let Some(address) = choose_address(&config, &taken) else { return Ok(None) };
            let model = identity.model;
            let new = NewNode { name, mac, address, model, serial: Some(serial), port: None };
            Ok(Some((guests::insert(tx, &new, now)?, address)))
        });
        let (id, address) = enrolled.await?.ok_or(Error::NoAddress(subnet))?;
        Ok(Self { id, identity, address })
    }

    /// Removes the guest with all that its boot left.
    pub(super) async fn leave(self, store: &Store) -> Result<(), store::Error> {
        store.write(move |tx| guests::remove(tx, self.id)).await
    }
}

fn random() -> Result<(u32, BoardSerial), Error> {
    let number = getrandom::u32().map_err(|_| Error::Random)?;
    let serial = getrandom::u32().map_err(|_| Error::Random)?;
    Ok((number, BoardSerial(serial)))
}

/// The last free address: of the ranges, where new nodes get the first, or else of the whole network. It goes over
/// no cable, so that it may be that of a machine that pimaster does not know.
fn choose_address(config: &Config, taken: &HashSet<Ipv4Addr>) -> Option<Ipv4Addr> {
    let dhcp = &config.dhcp;
    let is_free = |address: &Ipv4Addr| {
        dhcp.subnet.is_host(*address) && *address != dhcp.server_address && !taken.contains(address)
    };
    let of_ranges = ranges(config).flat_map(|range| range.addresses()).filter(is_free).last();
    let bits = |address: Ipv4Addr| address.to_bits();
    let mut of_subnet =
        (bits(dhcp.subnet.network())..bits(dhcp.subnet.broadcast())).rev().map(Ipv4Addr::from_bits);
    of_ranges.or_else(|| of_subnet.find(is_free))
}

fn ranges(config: &Config) -> impl Iterator<Item = AddressRange> {
    config.detect.rules.networks.iter().flat_map(|network| network.node_ranges.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::nodes;

    fn config(network: &str) -> Config {
        let text = format!(
            "[network]\nsubnet='10.20.0.0/29'\naddress='10.20.0.1'\ninterface='eth0'\n{network}\n[data]\nadmin_email='a@lab'"
        );
        Config::judge(&text.parse().unwrap()).unwrap()
    }

    #[test]
    fn the_last_free_address_is_taken() {
        let check = |network, taken: &[u8], expected: Option<u8>| {
            let taken = taken.iter().map(|last| Ipv4Addr::new(10, 20, 0, *last)).collect();
            let chosen = choose_address(&config(network), &taken).map(|address| address.octets()[3]);
            assert_eq!(chosen, expected, "{network} {taken:?}");
        };
        let ranges = "node_ranges=['10.20.0.2-10.20.0.4']";
        check(ranges, &[], Some(4));
        check(ranges, &[4, 3], Some(2));
        check(ranges, &[2, 3, 4], Some(6));
        check("", &[], Some(6));
        check("", &[2, 3, 4, 5, 6], None);
    }

    #[tokio::test]
    async fn guests_come_and_leave_beside_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("a.db")).unwrap();
        let config = config("");
        let (first, second) = tokio::join!(Guest::enrol(&store, &config), Guest::enrol(&store, &config));
        let (first, second) = (first.unwrap(), second.unwrap());
        assert_ne!((first.identity.mac, first.address), (second.identity.mac, second.address));
        first.leave(&store).await.unwrap();
        let macs = (first.identity.mac, second.identity.mac);
        let left = store.read(move |conn| Ok((nodes::by_mac(conn, macs.0)?, nodes::by_mac(conn, macs.1)?)));
        let (first, second) = left.await.unwrap();
        assert!(first.is_none() && second.is_some());
    }
}
