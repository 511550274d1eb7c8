//! A device: a machine with a fixed address that is no node, such as the switch. *Pure.*

use super::clock::Timestamp;
use super::net::MacAddr;
use super::network::Networks;
use super::node::NodeName;
use super::version::Version;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::net::Ipv4Addr;

/// The longest boot file name: what fits the `file` field of a DHCP packet (RFC 2131 section 2).
const LONGEST_FILE_NAME: usize = 127;
/// Architectures of option 93 that have a name here (RFC 4578 section 2.1 and the IANA registry after it).
const ARCHITECTURES: [(&str, u16); 6] =
    [("bios", 0), ("efi-ia32", 6), ("efi-x64", 7), ("efi-arm32", 10), ("efi-arm64", 11), ("http-x64", 16)];

/// A device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Its name, also its host name.
    pub name: NodeName,
    /// Its hardware address.
    pub mac: MacAddr,
    /// The address it always gets.
    pub address: Ipv4Addr,
    /// What it boots from the network, if it does.
    pub boot: Option<DeviceBoot>,
    /// When it last asked for its address.
    pub seen_at: Option<Timestamp>,
}

impl Device {
    /// The version of what administrators set of it.
    pub fn version(&self) -> Version {
        Version::of(&(self.name.as_str(), self.mac.to_string(), self.address, &self.boot))
    }
}

/// What a device boots from the network.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceBoot {
    /// The TFTP server; pimaster if none.
    #[serde(default)]
    pub server: Option<Ipv4Addr>,
    /// The file, for architectures without one of their own.
    #[serde(default)]
    pub file: Option<String>,
    /// Files by the number of option 93.
    #[serde(default)]
    pub by_architecture: BTreeMap<u16, String>,
}

impl DeviceBoot {
    /// The file for a client of that architecture, as it says in option 93.
    pub fn file_for(&self, architecture: Option<u16>) -> Option<&str> {
        let own = architecture.and_then(|number| self.by_architecture.get(&number));
        own.or(self.file.as_ref()).map(String::as_str)
    }
}

impl fmt::Display for DeviceBoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = self.by_architecture.iter().map(|(number, file)| format!("{number}={file}"));
        let files: Vec<String> = self.file.iter().cloned().chain(named).collect();
        f.write_str(&files.join(", "))?;
        self.server.map_or(Ok(()), |server| write!(f, " from {server}"))
    }
}

/// A device to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDevice {
    /// Its name.
    pub name: NodeName,
    /// Its hardware address.
    pub mac: MacAddr,
    /// The address it shall get.
    pub address: Ipv4Addr,
    /// What it boots.
    pub boot: Option<DeviceBoot>,
}

/// What is wrong with a device to be added, each with the field that must change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say what each variant is")]
pub enum BadDevice {
    #[error("the address {seen} is no free host address; expected one in {networks}")]
    Outside { seen: Ipv4Addr, networks: String },
    #[error("the address {seen} is pimaster's own; expected another one")]
    Own { seen: Ipv4Addr },
    #[error("the address {seen} is a router's; expected another one")]
    Router { seen: Ipv4Addr },
    #[error("the hardware address {seen} is a group's or nobody's; expected that of one device")]
    Group { seen: MacAddr },
    #[error(
        "the boot file `{seen}` is no plain path; expected up to 127 printable characters without `..` and without a leading `/`"
    )]
    File { seen: String },
    #[error(
        "`{seen}` is no architecture; expected a number of option 93 or one of bios, efi-ia32, efi-x64, efi-arm32, efi-arm64, http-x64"
    )]
    Architecture { seen: String },
    #[error("{holder} has {what} already; expected another one")]
    Taken { holder: String, what: String },
}

impl BadDevice {
    /// The field that must change.
    pub fn field(&self) -> &'static str {
        match self {
            Self::Outside { .. } | Self::Own { .. } | Self::Router { .. } => "address",
            Self::Group { .. } => "mac",
            Self::File { .. } | Self::Architecture { .. } => "boot_file",
            Self::Taken { what, .. } if what.starts_with("the name") => "name",
            Self::Taken { what, .. } if what.starts_with("the hardware") => "mac",
            Self::Taken { .. } => "address",
        }
    }
}

impl NewDevice {
    /// Judges it by itself; whether others have its name or addresses is the database's to say.
    pub fn judge(&self, networks: &Networks) -> Result<(), BadDevice> {
        let seen = self.address;
        let Some(network) = networks.holding(seen) else {
            return Err(BadDevice::Outside { seen, networks: networks.shown() });
        };
        if seen == networks.own {
            return Err(BadDevice::Own { seen });
        }
        if network.router == Some(seen) {
            return Err(BadDevice::Router { seen });
        }
        let [first, ..] = self.mac.0;
        if first & 1 == 1 || self.mac.0 == [0; 6] {
            return Err(BadDevice::Group { seen: self.mac });
        }
        let files = self.boot.iter().flat_map(|boot| boot.file.iter().chain(boot.by_architecture.values()));
        files
            .into_iter()
            .find(|file| !is_plain(file))
            .map_or(Ok(()), |file| Err(BadDevice::File { seen: file.clone() }))
    }
}

/// Reads `ARCHITECTURE=FILE`.
pub fn parse_architecture_file(text: &str) -> Result<(u16, String), BadDevice> {
    let wrong = || BadDevice::Architecture { seen: text.to_owned() };
    let (word, file) = text.split_once('=').ok_or_else(wrong)?;
    let named = ARCHITECTURES.iter().find(|(name, _)| *name == word).map(|(_, number)| *number);
    let number = named.or_else(|| word.parse().ok()).ok_or_else(wrong)?;
    Ok((number, file.to_owned()))
}

fn is_plain(file: &str) -> bool {
    (1..=LONGEST_FILE_NAME).contains(&file.len())
        && file.chars().all(|c| c.is_ascii_graphic() && c != '\\')
        && file.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::network::{Mode, Network};

    fn networks() -> Networks {
        let network =
            |subnet: &str, router: [u8; 4]| Network::new(subnet.parse().unwrap(), Some(router.into()));
        Networks {
            mode: Mode::Authoritative,
            interface: None,
            own: [10, 20, 0, 1].into(),
            home: network("10.20.0.0/24", [10, 20, 0, 254]),
            relayed: vec![network("10.30.0.0/24", [10, 30, 0, 1])],
            routing: None,
        }
    }

    fn device(mac: &str, address: [u8; 4], file: &str) -> NewDevice {
        let boot = DeviceBoot { file: Some(file.to_owned()), ..DeviceBoot::default() };
        let (name, mac) = ("switch".parse().unwrap(), mac.parse().unwrap());
        NewDevice { name, mac, address: address.into(), boot: Some(boot) }
    }

    #[test]
    fn a_device_has_an_address_of_its_own_in_a_network() {
        let check = |mac, address, file, field: Option<&str>| {
            let judged = device(mac, address, file).judge(&networks());
            assert_eq!(judged.err().map(|bad| bad.field()), field, "{mac} {address:?} {file}");
        };
        let mac = "00:1b:21:01:02:03";
        check(mac, [10, 20, 0, 2], "ipxe.efi", None);
        check(mac, [10, 30, 0, 2], "arm/u-boot.bin", None);
        check(mac, [10, 20, 0, 1], "a", Some("address"));
        check(mac, [10, 20, 0, 254], "a", Some("address"));
        check(mac, [10, 20, 0, 255], "a", Some("address"));
        check(mac, [10, 30, 0, 1], "a", Some("address"));
        check(mac, [192, 168, 0, 2], "a", Some("address"));
        check("01:1b:21:01:02:03", [10, 20, 0, 2], "a", Some("mac"));
        check("00:00:00:00:00:00", [10, 20, 0, 2], "a", Some("mac"));
        for file in ["", "/a", "../a", "a/../b", "a b", "a\\b", &"a".repeat(128)] {
            check(mac, [10, 20, 0, 2], file, Some("boot_file"));
        }
    }

    #[test]
    fn an_architecture_may_have_a_file_of_its_own() {
        let (number, file) = parse_architecture_file("efi-x64=ipxe.efi").unwrap();
        assert_eq!(parse_architecture_file("11=arm.efi").unwrap(), (11, "arm.efi".to_owned()));
        for text in ["ipxe.efi", "vax=a", "=a", "70000=a"] {
            assert!(parse_architecture_file(text).is_err(), "{text}");
        }
        let boot = DeviceBoot {
            file: Some("undionly.kpxe".to_owned()),
            by_architecture: BTreeMap::from([(number, file)]),
            ..DeviceBoot::default()
        };
        assert_eq!(boot.file_for(Some(7)), Some("ipxe.efi"));
        assert_eq!(boot.file_for(Some(0)), Some("undionly.kpxe"));
        assert_eq!(boot.file_for(None), Some("undionly.kpxe"));
        assert_eq!(DeviceBoot::default().file_for(Some(7)), None);
    }
}
