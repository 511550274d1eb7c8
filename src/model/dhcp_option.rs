//! DHCP options as people read them: the names of the RFCs, and values by their format. *Pure.*
//!
//! Called by `dhcp` for each message of a node, and by the pages. Names: RFC 2132, 3046, 4578 and the IANA
//! registry of BOOTP vendor extensions.

use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// Characters kept of a value: whoever is in the network may send anything.
const LONGEST_VALUE: usize = 200;
/// Bytes of a value whose format is unknown.
const LONGEST_HEX: usize = 32;

/// Options that pimaster decides itself: address, times, server, boot, identity, relay, and what is no option.
pub const DECIDED: [u8; 23] =
    [0, 1, 12, 28, 43, 50, 51, 52, 53, 54, 55, 57, 58, 59, 60, 61, 66, 67, 82, 93, 94, 97, 255];

/// An option: its code, and its value as text. In JSON a pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DhcpOption(pub u8, pub String);

/// How an option's value is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    /// IPv4 addresses.
    Addresses,
    /// A number of seconds.
    Seconds,
    /// A number of one, two or four bytes.
    Number,
    /// Text.
    Text,
    /// A message type.
    MessageType,
    /// Codes of options.
    Codes,
    /// Sub-options that hold text here and there: vendor information.
    Mixed,
    /// Anything.
    Bytes,
}

/// The options that boards, systems and pimaster use.
const KNOWN: &[(u8, &str, Format)] = &[
    (1, "Subnet Mask", Format::Addresses),
    (2, "Time Offset", Format::Number),
    (3, "Router", Format::Addresses),
    (6, "Domain Name Server", Format::Addresses),
    (12, "Host Name", Format::Text),
    (13, "Boot File Size", Format::Number),
    (15, "Domain Name", Format::Text),
    (17, "Root Path", Format::Text),
    (23, "Default IP Time-to-live", Format::Number),
    (26, "Interface MTU", Format::Number),
    (28, "Broadcast Address", Format::Addresses),
    (33, "Static Route", Format::Addresses),
    (40, "NIS Domain", Format::Text),
    (42, "Network Time Protocol Servers", Format::Addresses),
    (43, "Vendor Specific Information", Format::Mixed),
    (50, "Requested IP Address", Format::Addresses),
    (51, "IP Address Lease Time", Format::Seconds),
    (53, "DHCP Message Type", Format::MessageType),
    (54, "Server Identifier", Format::Addresses),
    (55, "Parameter Request List", Format::Codes),
    (56, "Message", Format::Text),
    (57, "Maximum DHCP Message Size", Format::Number),
    (58, "Renewal Time Value", Format::Seconds),
    (59, "Rebinding Time Value", Format::Seconds),
    (60, "Vendor Class Identifier", Format::Text),
    (61, "Client Identifier", Format::Bytes),
    (66, "TFTP Server Name", Format::Text),
    (67, "Bootfile Name", Format::Text),
    (77, "User Class", Format::Text),
    (81, "Client FQDN", Format::Mixed),
    (82, "Relay Agent Information", Format::Bytes),
    (93, "Client System Architecture Type", Format::Number),
    (94, "Client Network Interface Identifier", Format::Bytes),
    (97, "Client Machine Identifier (UUID)", Format::Bytes),
    (116, "Auto-Configure", Format::Number),
    (119, "Domain Search", Format::Mixed),
    (121, "Classless Static Route", Format::Bytes),
    (150, "TFTP Server Address", Format::Addresses),
];

/// Message types (RFC 2132 section 9.6), from 1.
const MESSAGE_TYPES: [&str; 8] = [
    "DHCPDISCOVER",
    "DHCPOFFER",
    "DHCPREQUEST",
    "DHCPDECLINE",
    "DHCPACK",
    "DHCPNAK",
    "DHCPRELEASE",
    "DHCPINFORM",
];

impl DhcpOption {
    /// Reads an option's bytes.
    pub fn read(code: u8, data: &[u8]) -> Self {
        let format = KNOWN.iter().find(|(known, ..)| *known == code).map_or(Format::Bytes, |known| known.2);
        Self(code, value(format, data))
    }

    /// The option's name.
    pub fn name(&self) -> &'static str {
        let known = KNOWN.iter().find(|(known, ..)| *known == self.0);
        // PXE hands out 128 to 135 to its vendors (RFC 4578 section 2.4).
        known.map_or(if (128..=135).contains(&self.0) { "PXE Vendor Option" } else { "Option" }, |known| {
            known.1
        })
    }
}

fn value(format: Format, data: &[u8]) -> String {
    match format {
        Format::Addresses => addresses(data),
        Format::Seconds => number(data).map(|number| format!("{number} s")),
        Format::Number => number(data).map(|number| number.to_string()),
        Format::Text | Format::Mixed => Some(printable(data)),
        Format::MessageType => message_type(data),
        Format::Codes => Some(data.iter().map(u8::to_string).collect::<Vec<_>>().join(", ")),
        Format::Bytes => None,
    }
    .map_or_else(|| hex(data), |text| text.chars().take(LONGEST_VALUE).collect())
}

fn addresses(data: &[u8]) -> Option<String> {
    let (addresses, rest) = data.as_chunks::<4>();
    let shown = |address: &[u8; 4]| Ipv4Addr::from(*address).to_string();
    (rest.is_empty() && !addresses.is_empty())
        .then(|| addresses.iter().map(shown).collect::<Vec<_>>().join(", "))
}

fn number(data: &[u8]) -> Option<u32> {
    (matches!(data.len(), 1 | 2 | 4)).then(|| data.iter().fold(0, |sum, byte| (sum << 8) | u32::from(*byte)))
}

fn message_type(data: &[u8]) -> Option<String> {
    let [code] = data else { return None };
    MESSAGE_TYPES.get(usize::from(*code).checked_sub(1)?).map(|name| (*name).to_owned())
}

/// Text, with dots for what is none.
fn printable(data: &[u8]) -> String {
    data.iter().map(|byte| if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '.' }).collect()
}

fn hex(data: &[u8]) -> String {
    let shown: String = data.iter().take(LONGEST_HEX).map(|byte| format!("{byte:02x}")).collect();
    if data.len() > LONGEST_HEX { shown + "…" } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_by_their_format() {
        let check = |code, data: &[u8], name: &str, text: &str| {
            let option = DhcpOption::read(code, data);
            assert_eq!((option.name(), option.1.as_str()), (name, text), "{code}");
        };
        check(53, &[1], "DHCP Message Type", "DHCPDISCOVER");
        check(53, &[9], "DHCP Message Type", "09");
        check(3, &[10, 20, 0, 1, 10, 20, 0, 2], "Router", "10.20.0.1, 10.20.0.2");
        check(3, &[10, 20], "Router", "0a14");
        check(51, &[0, 0, 14, 16], "IP Address Lease Time", "3600 s");
        check(93, &[0, 0], "Client System Architecture Type", "0");
        check(55, &[1, 3, 43], "Parameter Request List", "1, 3, 43");
        check(60, b"PXEClient", "Vendor Class Identifier", "PXEClient");
        check(
            43,
            b"\x09\x14\0\0\x11Raspberry Pi Boot\xff",
            "Vendor Specific Information",
            ".....Raspberry Pi Boot.",
        );
        check(97, &[0, 0x52, 0x50], "Client Machine Identifier (UUID)", "005250");
        check(130, &[1], "PXE Vendor Option", "01");
        check(224, &[], "Option", "");
        check(12, &[b'a'; 255], "Host Name", &"a".repeat(200));
        check(61, &[1; 40], "Client Identifier", &(("01".repeat(32)) + "…"));
    }
}
