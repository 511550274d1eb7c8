//! Options that an administrator sets: for all, per model, per node or device. *Pure.*
//!
//! Read by `config`, merged into replies by `responder` and `devices`. What is nearer wins: node or device, model, all.

use super::wire::{ReplyOption, Request};
use crate::model::board::BoardModel;
use crate::model::dhcp_option::DECIDED;
use crate::model::node::NodeName;
use crate::model::observation::Asker;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// The longest option (RFC 2132 section 2). Longer ones would have to be split (RFC 3396), which boot ROMs do not
/// read.
pub const LONGEST_OPTION_BYTES: usize = 255;
/// All options of one machine together: with what pimaster adds they fit one Ethernet frame.
pub const MOST_BYTES: usize = 700;

/// Options by their code.
pub type Options = BTreeMap<u8, Vec<u8>>;

/// Every option that is set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OptionTables {
    /// For all machines.
    pub all: Options,
    /// For boards of a model.
    pub models: BTreeMap<&'static str, Options>,
    /// For a node.
    pub nodes: BTreeMap<NodeName, Options>,
    /// For a device.
    pub devices: BTreeMap<NodeName, Options>,
}

impl OptionTables {
    /// The options of a node.
    pub fn of_node(&self, name: &NodeName, model: BoardModel) -> Options {
        merged([Some(&self.all), self.models.get(model.as_str()), self.nodes.get(name)])
    }

    /// The options of a device.
    pub fn of_device(&self, name: &NodeName) -> Options {
        merged([Some(&self.all), self.devices.get(name)])
    }

    /// The most bytes that a machine's options can take on the wire.
    pub fn most_bytes(&self) -> usize {
        let bytes = |options: &Options| options.values().map(|data| data.len() + 2).sum::<usize>();
        let largest = |sizes: Vec<usize>| sizes.into_iter().max().unwrap_or(0);
        let models = largest(self.models.values().map(bytes).collect());
        let named = largest(self.nodes.values().chain(self.devices.values()).map(bytes).collect());
        bytes(&self.all) + models + named
    }
}

fn merged<'a>(layers: impl IntoIterator<Item = Option<&'a Options>>) -> Options {
    let entries = layers.into_iter().flatten().flatten();
    entries.map(|(code, data)| (*code, data.clone())).collect()
}

/// Puts the options into a reply's: one that is there is replaced in its place, others follow in the order of their
/// codes. Firmware gets the others only if it asks for them: its packets stay as small as it is used to.
pub fn apply(reply: &mut Vec<ReplyOption>, extra: Options, asker: Asker, request: &Request) {
    for (code, data) in extra {
        let option = ReplyOption::Extra(code, data);
        match reply.iter_mut().find(|there| there.code() == code) {
            Some(there) => *there = option,
            None if asker == Asker::System || request.parameters.contains(&code) => reply.push(option),
            None => {}
        }
    }
}

/// How an option's value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A number of one byte.
    Byte,
    /// A number of two bytes.
    Word,
    /// Addresses.
    Addresses,
    /// A text.
    Text,
    /// Domain names to search (RFC 3397).
    Domains,
    /// Whatever the value looks like: a text, `hex:0a0b`, addresses, or a number of as few bytes as it needs.
    Raw,
}

/// Options with a name of their own (RFC 2132 unless said otherwise).
const NAMED: [(&str, u8, Format); 16] = [
    ("router", 3, Format::Addresses),
    ("time-server", 4, Format::Addresses),
    ("dns", 6, Format::Addresses),
    ("log-server", 7, Format::Addresses),
    ("domain", 15, Format::Text),
    ("root-path", 17, Format::Text),
    ("default-ttl", 23, Format::Byte),
    ("mtu", 26, Format::Word),
    ("ntp", 42, Format::Addresses),
    // RFC 4833.
    ("posix-timezone", 100, Format::Text),
    ("timezone", 101, Format::Text),
    // RFC 3397.
    ("domain-search", 119, Format::Domains),
    ("smtp-server", 69, Format::Addresses),
    // Known by use, never assigned: PXELINUX, then Web proxy discovery.
    ("pxelinux-config", 209, Format::Text),
    ("pxelinux-prefix", 210, Format::Text),
    ("wpad", 252, Format::Text),
];

/// The code and format of a key: a name, or a number that pimaster does not decide itself.
pub fn key(text: &str) -> Result<(u8, Format), String> {
    let named = NAMED.iter().find(|(name, code, _)| *name == text || code.to_string() == text);
    if let Some((_, code, format)) = named {
        return Ok((*code, *format));
    }
    match text.parse::<u8>() {
        Ok(code) if DECIDED.contains(&code) => {
            Err(format!("a code that pimaster does not decide itself; {code} is one"))
        }
        Ok(code) => Ok((code, Format::Raw)),
        Err(_) => {
            let names: Vec<_> = NAMED.iter().map(|(name, ..)| *name).collect();
            Err(format!("a code from 1 to 254, or one of {}", names.join(", ")))
        }
    }
}

/// A value as it stands in the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A whole number.
    Number(i64),
    /// A text.
    Text(String),
    /// A list of texts.
    List(Vec<String>),
}

/// The bytes of a value; the error says what is allowed.
pub fn bytes(format: Format, value: &Value) -> Result<Vec<u8>, String> {
    let number = |range: i64| match value {
        Value::Number(number) if (0..=range).contains(number) => Ok(u64::try_from(*number).unwrap_or(0)),
        Value::Number(_) | Value::Text(_) | Value::List(_) => {
            Err(format!("a whole number from 0 to {range}"))
        }
    };
    let texts = || match value {
        Value::Text(text) => Some(vec![text.as_str()]),
        Value::List(texts) if !texts.is_empty() => Some(texts.iter().map(String::as_str).collect()),
        Value::List(_) | Value::Number(_) => None,
    };
    let data = match format {
        Format::Byte => tail(number(255)?, 1),
        Format::Word => tail(number(65_535)?, 2),
        Format::Addresses => addresses(&texts().unwrap_or_default()).ok_or("one or more IPv4 addresses")?,
        Format::Domains => domains(&texts().unwrap_or_default()).ok_or("one or more domain names")?,
        Format::Text => match value {
            Value::Text(text) if !text.is_empty() => text.as_bytes().to_vec(),
            Value::Text(_) | Value::List(_) | Value::Number(_) => return Err("a text".to_owned()),
        },
        Format::Raw => raw(value)?,
    };
    if data.len() > LONGEST_OPTION_BYTES {
        return Err(format!("at most {LONGEST_OPTION_BYTES} bytes; this has {}", data.len()));
    }
    Ok(data)
}

fn raw(value: &Value) -> Result<Vec<u8>, String> {
    const ALLOWED: &str =
        "a text, \"hex:\" and pairs of hex digits, addresses, or a number from 0 to 4294967295";
    match value {
        Value::Number(number) => {
            let number = u32::try_from(*number).map_err(|_| ALLOWED)?;
            let width = match number {
                0..=0xff => 1,
                0x100..=0xffff => 2,
                0x1_0000.. => 4,
            };
            Ok(tail(number.into(), width))
        }
        Value::Text(text) => match text.strip_prefix("hex:") {
            Some(digits) => hex(digits).ok_or_else(|| ALLOWED.to_owned()),
            None if text.is_empty() => Err(ALLOWED.to_owned()),
            None => Ok(text.as_bytes().to_vec()),
        },
        Value::List(texts) => {
            let texts: Vec<_> = texts.iter().map(String::as_str).collect();
            addresses(&texts).ok_or_else(|| ALLOWED.to_owned())
        }
    }
}

/// The last bytes of a number.
fn tail(number: u64, count: usize) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    bytes.iter().skip(bytes.len().saturating_sub(count)).copied().collect()
}

fn hex(digits: &str) -> Option<Vec<u8>> {
    let digits: Vec<char> = digits.chars().filter(|c| !matches!(c, ':' | ' ')).collect();
    let (pairs, rest) = digits.as_chunks::<2>();
    let byte = |[high, low]: &[char; 2]| u8::try_from(high.to_digit(16)? * 16 + low.to_digit(16)?).ok();
    if pairs.is_empty() || !rest.is_empty() { None } else { pairs.iter().map(byte).collect() }
}

fn addresses(texts: &[&str]) -> Option<Vec<u8>> {
    let parsed: Option<Vec<Ipv4Addr>> = texts.iter().map(|text| text.parse().ok()).collect();
    parsed
        .filter(|list| !list.is_empty())
        .map(|list| list.iter().flat_map(|address| address.octets()).collect())
}

/// Labels with their lengths, each name ended by a zero (RFC 1035 section 3.1); compression is left out.
fn domains(texts: &[&str]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for text in texts {
        for label in text.trim_end_matches('.').split('.') {
            let length = u8::try_from(label.len()).ok().filter(|length| (1..=63).contains(length))?;
            bytes.push(length);
            bytes.extend(label.bytes());
        }
        bytes.push(0);
    }
    (!bytes.is_empty()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::packets::{DISCOVER, eeprom_4, udhcpc};
    use super::super::wire;
    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    fn list(texts: &[&str]) -> Value {
        Value::List(texts.iter().map(|text| (*text).to_owned()).collect())
    }

    #[test]
    fn values_become_bytes() {
        let check = |name, value: Value, code, expect: &[u8]| {
            let (seen, format) = key(name).unwrap();
            assert_eq!((seen, bytes(format, &value)), (code, Ok(expect.to_vec())), "{name} {value:?}");
        };
        check("default-ttl", Value::Number(64), 23, &[64]);
        check("23", Value::Number(64), 23, &[64]);
        check("mtu", Value::Number(1400), 26, &[5, 120]);
        check("ntp", list(&["10.20.0.1", "10.20.0.2"]), 42, &[10, 20, 0, 1, 10, 20, 0, 2]);
        check("dns", text("9.9.9.9"), 6, &[9, 9, 9, 9]);
        check("domain", text("rack.lab"), 15, b"rack.lab");
        check("domain-search", list(&["rack.lab", "lab"]), 119, b"\x04rack\x03lab\x00\x03lab\x00");
        check("240", text("hex:0a:0B"), 240, &[10, 11]);
        check("240", text("plain"), 240, b"plain");
        check("240", Value::Number(7), 240, &[7]);
        check("240", Value::Number(700), 240, &[2, 188]);
        check("240", Value::Number(70_000), 240, &[0, 1, 17, 112]);
        check("240", list(&["10.0.0.1"]), 240, &[10, 0, 0, 1]);
    }

    #[test]
    fn what_cannot_be_an_option_is_refused() {
        for name in ["43", "51", "53", "60", "82", "97", "255", "0", "256", "-1", "speed", ""] {
            assert!(key(name).is_err(), "{name}");
        }
        let check = |name, value: Value| {
            let (_, format) = key(name).unwrap();
            assert!(bytes(format, &value).is_err(), "{name} {value:?}");
        };
        check("default-ttl", Value::Number(256));
        check("default-ttl", text("64"));
        check("mtu", Value::Number(-1));
        check("ntp", list(&["pool.ntp.org"]));
        check("ntp", list(&[]));
        check("domain", Value::Number(7));
        check("domain-search", list(&["a..b"]));
        check("240", text("hex:0"));
        check("240", text("hex:"));
        check("240", text(""));
        check("240", Value::Number(1 << 33));
        check("240", text(&"x".repeat(256)));
    }

    #[test]
    fn the_nearest_value_wins() {
        let options = |pairs: &[(u8, u8)]| pairs.iter().map(|(code, byte)| (*code, vec![*byte])).collect();
        let name: NodeName = "pi-07".parse().unwrap();
        let tables = OptionTables {
            all: options(&[(23, 1), (240, 1), (241, 1)]),
            models: BTreeMap::from([("pi4b", options(&[(240, 2), (241, 2)]))]),
            nodes: BTreeMap::from([(name.clone(), options(&[(241, 3), (242, 3)]))]),
            devices: BTreeMap::from([(name.clone(), options(&[(23, 4)]))]),
        };
        let of_node = tables.of_node(&name, BoardModel::Pi4b);
        assert_eq!(of_node, options(&[(23, 1), (240, 2), (241, 3), (242, 3)]));
        let other = tables.of_node(&"pi-08".parse().unwrap(), BoardModel::Pi5);
        assert_eq!(other, options(&[(23, 1), (240, 1), (241, 1)]));
        assert_eq!(tables.of_device(&name), options(&[(23, 4), (240, 1), (241, 1)]));
        assert_eq!(tables.most_bytes(), (3 + 2 + 2) * 3);
    }

    #[test]
    fn firmware_gets_what_it_asks_for() {
        let reply =
            || vec![ReplyOption::SubnetMask([255, 255, 255, 0].into()), ReplyOption::Router([1; 4].into())];
        let extra: Options = [(3, vec![9; 4]), (23, vec![64]), (128, vec![1])].into_iter().collect();
        let codes = |packet: super::super::packets::Packet, asker| {
            let mut reply = reply();
            let request = wire::decode(&packet.bytes()).unwrap();
            apply(&mut reply, extra.clone(), asker, &request);
            assert_eq!(reply[1], ReplyOption::Extra(3, vec![9; 4]), "replaced in its place");
            reply.iter().map(ReplyOption::code).collect::<Vec<_>>()
        };
        assert_eq!(codes(eeprom_4(), Asker::Firmware), [1, 3, 128]);
        assert_eq!(codes(udhcpc(DISCOVER), Asker::System), [1, 3, 23, 128]);
    }
}
