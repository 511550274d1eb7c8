//! The hardware around the boards: switches and their ports. *Pure.*

use super::ids::SwitchId;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};

/// The object of RFC 3621 that switches power: `pethPsePortAdminEnable`, without the port index.
pub const PETH_PSE_PORT_ADMIN_ENABLE: &str = "1.3.6.1.2.1.105.1.1.1.3.1";

/// A switch that feeds nodes over its ports and is controlled by SNMP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switch {
    /// Its row.
    pub id: SwitchId,
    /// The name people use, unique.
    pub name: String,
    /// How its power is switched.
    pub driver: PowerDriver,
    /// Number of ports.
    pub ports: u16,
    /// The port that feeds pimaster itself, never switched off.
    pub protected_port: Option<u16>,
    /// The address of the node at port 1, if ports give addresses; port `p` has the one `p - 1` further on.
    pub first_address: Option<Ipv4Addr>,
}

/// The driver of a switch with its settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PowerDriver {
    /// Power over Ethernet by SNMP v2c.
    Snmp {
        /// Address and UDP port of the switch's SNMP agent.
        address: SocketAddr,
        /// The read-write community.
        community: Community,
        /// Base object; port n is `base_oid.(index_offset + n)`.
        base_oid: String,
        /// What is added to a port's number to get its table index (48 on some Linksys switches).
        index_offset: u32,
    },
    /// Nobody switches power: people pull plugs.
    None,
}

/// The community of a switch: a password that SNMP v2c sends in the clear, and that nothing else shows.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Community {
    /// As the database keeps it: sealed with the key of the data folder.
    Sealed {
        /// What the sealer made of it.
        sealed: String,
    },
    /// As it was typed. Databases of versions before the seal have it so until the daemon starts.
    Clear(String),
}

impl fmt::Debug for Community {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Community")
    }
}

impl From<&str> for Community {
    fn from(text: &str) -> Self {
        Self::Clear(text.to_owned())
    }
}

impl From<String> for Community {
    fn from(text: String) -> Self {
        Self::Clear(text)
    }
}

/// One port of one switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PortRef {
    /// The switch.
    pub switch: SwitchId,
    /// The port's number as printed on the switch, from 1.
    pub port: u16,
}
