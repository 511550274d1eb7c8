//! The servers that are compared, each on the cable's end with the same boards.

use super::cable::{SERVER, SERVER_INTERFACE};
use super::measured::Server;
use super::measured::pimaster::Site;
use pimaster::model::board::BoardModel;
use pimaster::model::net::MacAddr;
use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;

/// perfdhcp counts from 00:0c:01:02:03:04, but where it carries from 2 to 3 it falls back to the four before that.
const FIRST: u64 = 0x000c_0102_0300;
const BEFORE_ITS_FIRST: u32 = 4;

/// A server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    Pimaster,
    Kea,
}

impl Peer {
    /// All, ours first.
    pub(crate) const ALL: [Self; 2] = [Self::Pimaster, Self::Kea];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pimaster => "pimaster",
            Self::Kea => "Kea",
        }
    }

    /// Starts it.
    pub(crate) fn start(self, folder: &Path, boards: u32) -> Server {
        match self {
            Self::Pimaster => {
                let network = format!(
                    "interface = \"{SERVER_INTERFACE}\"\nsubnet = \"10.20.0.0/16\"\naddress = \"{SERVER}\""
                );
                Site::new(
                    folder,
                    &network,
                    BoardModel::Pi4b,
                    (0..boards + BEFORE_ITS_FIRST).map(board).collect(),
                )
                .serve()
            }
            Self::Kea => kea(folder),
        }
    }
}

/// Hardware and IPv4 address of a board.
pub(crate) fn board(number: u32) -> (MacAddr, Ipv4Addr) {
    let [_, _, mac @ ..] = (FIRST + u64::from(number)).to_be_bytes();
    (MacAddr(mac), Ipv4Addr::from(u32::from(SERVER) + 255 + number))
}

/// Leases on disk, datagrams from a relay as its manual advises, nothing logged.
fn kea(folder: &Path) -> Server {
    let settings = format!(
        r#"{{"Dhcp4": {{
            "interfaces-config": {{"interfaces": ["{SERVER_INTERFACE}"], "dhcp-socket-type": "udp"}},
            "lease-database": {{"type": "memfile", "persist": true, "name": "{leases}", "lfc-interval": 0}},
            "valid-lifetime": 3600,
            "subnet4": [{{"subnet": "10.20.0.0/16", "interface": "{SERVER_INTERFACE}",
                "pools": [{{"pool": "10.20.1.0 - 10.20.200.255"}}]}}],
            "loggers": [{{"name": "kea-dhcp4", "severity": "ERROR", "output_options": [{{"output": "{log}"}}]}}]
        }}}}"#,
        leases = folder.join("leases.csv").display(),
        log = folder.join("kea.log").display(),
    );
    let file = folder.join("kea.conf");
    fs::write(&file, settings).unwrap();
    let mut command = Command::new("kea-dhcp4");
    command.arg("-c").arg(&file).env("KEA_LOCKFILE_DIR", folder).env("KEA_PIDFILE_DIR", folder);
    Server::start(&mut command, &folder.join("output"))
}
