//! What the simulated switch knows of who is where: BRIDGE-MIB (RFC 4188), Q-BRIDGE-MIB (RFC 4363), the names of
//! IF-MIB (RFC 2863) and LLDP-MIB (IEEE 802.1AB). Called by `mib`. *Pure.*
//!
//! As on hardware, bridge ports are numbered otherwise than interfaces, the uplink shows many machines, and a port
//! without power shows none.

use super::ber::Value;
use crate::model::net::MacAddr;

/// `ifName`.
const IF_NAME: &[u64] = &[1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 1];
/// `dot1dBasePortIfIndex`.
const BASE_PORT_IF_INDEX: &[u64] = &[1, 3, 6, 1, 2, 1, 17, 1, 4, 1, 2];
/// `dot1dTpFdbPort` and `dot1dTpFdbStatus`.
const FDB: [&[u64]; 2] = [&[1, 3, 6, 1, 2, 1, 17, 4, 3, 1, 2], &[1, 3, 6, 1, 2, 1, 17, 4, 3, 1, 3]];
/// `dot1qTpFdbPort` and `dot1qTpFdbStatus`.
const Q_FDB: [&[u64]; 2] =
    [&[1, 3, 6, 1, 2, 1, 17, 7, 1, 2, 2, 1, 2], &[1, 3, 6, 1, 2, 1, 17, 7, 1, 2, 2, 1, 3]];
/// `lldpRemEntry`.
const REMOTE: &[u64] = &[1, 0, 8802, 1, 1, 2, 1, 4, 1, 1];

/// The interface of port 1; those before are the switch's own.
const FIRST_IF_INDEX: u64 = 101;
const VLAN: u64 = 1;
const LEARNED: i64 = 3;
/// Machines behind the uplink.
const BEYOND: u8 = 12;
/// `lldpRemSysCapEnabled`: bit 2 is bridge, bit 7 station only.
const BRIDGE: u8 = 0x20;
const STATION: u8 = 0x01;

/// What the tables show: the ports in order, each with the machine that is heard on it.
pub(super) fn objects(heard: &[Option<MacAddr>]) -> Vec<(Vec<u64>, Value)> {
    let mut rows = Vec::new();
    let ports = u64::try_from(heard.len()).unwrap_or(0);
    for port in 1..=ports + 1 {
        let name = if port > ports { "uplink".to_owned() } else { format!("ge0/{port}") };
        rows.push((under(IF_NAME, [FIRST_IF_INDEX + port - 1]), Value::OctetString(name.into_bytes())));
        rows.push((under(BASE_PORT_IF_INDEX, [port]), number(FIRST_IF_INDEX + port - 1)));
    }
    for (port, mac) in (1u64..).zip(heard) {
        if let Some(mac) = mac {
            rows.extend(learned(*mac, port));
            rows.extend(neighbour(*mac, port, STATION));
        }
    }
    for number in 1..=BEYOND {
        rows.extend(learned(MacAddr([2, 0, 0, 0xff, 0, number]), ports + 1));
    }
    rows.extend(neighbour(MacAddr([2, 0, 0, 0xff, 0, 0]), ports + 1, BRIDGE));
    rows
}

fn learned(mac: MacAddr, port: u64) -> impl Iterator<Item = (Vec<u64>, Value)> {
    let arcs = mac.0.map(u64::from);
    let row = move |[ports, states]: [&[u64]; 2], index: Vec<u64>| {
        [(under(ports, index.clone()), number(port)), (under(states, index), Value::Integer(LEARNED))]
    };
    let tagged: Vec<u64> = std::iter::once(VLAN).chain(arcs).collect();
    row(FDB, arcs.to_vec()).into_iter().chain(row(Q_FDB, tagged))
}

fn neighbour(mac: MacAddr, port: u64, capabilities: u8) -> impl Iterator<Item = (Vec<u64>, Value)> {
    /// `chassisIdSubtype` macAddress.
    const BY_MAC: i64 = 4;
    let row = move |column: u64, value| (under(REMOTE, [column, 0, port, 1]), value);
    let capabilities = Value::OctetString(vec![capabilities, 0]);
    [row(4, Value::Integer(BY_MAC)), row(5, Value::OctetString(mac.0.to_vec())), row(12, capabilities)]
        .into_iter()
}

fn under(table: &[u64], index: impl IntoIterator<Item = u64>) -> Vec<u64> {
    table.iter().copied().chain(index).collect()
}

fn number(number: u64) -> Value {
    Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}
