//! One `dhcp-option` of dnsmasq: `[tag:<tag>,]<code>|option:<name>,<value>[,<value>]`. *Pure.*
//!
//! Source: dnsmasq(8), --dhcp-option. Several tags, vendor and encapsulated options are not read.

use std::fmt;
use std::net::Ipv4Addr;

/// Names of dnsmasq (`dnsmasq --help dhcp`) for what pimaster's settings have.
const NAMES: [(&str, u8); 13] = [
    ("router", 3),
    ("time-server", 4),
    ("dns-server", 6),
    ("log-server", 7),
    ("domain-name", 15),
    ("root-path", 17),
    ("default-ttl", 23),
    ("mtu", 26),
    ("ntp-server", 42),
    ("smtp-server", 69),
    ("posix-timezone", 100),
    ("tzdb-timezone", 101),
    ("domain-search", 119),
];
const DOMAIN_SEARCH: u8 = 119;

/// What it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OptionLine {
    /// Which hosts it is for; all if none.
    pub(super) tag: Option<String>,
    pub(super) code: u8,
    pub(super) value: Value,
}

/// A value, by its looks, as dnsmasq takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Addresses(Vec<Ipv4Addr>),
    Number(u32),
    Hex(String),
    Names(Vec<String>),
    Text(String),
}

/// As pimaster.toml has it.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Addresses(list) => {
                let texts: Vec<String> = list.iter().map(Ipv4Addr::to_string).collect();
                toml::Value::from(texts).fmt(f)
            }
            Self::Number(number) => number.fmt(f),
            Self::Hex(digits) => toml::Value::from(format!("hex:{digits}")).fmt(f),
            Self::Names(names) => toml::Value::from(names.clone()).fmt(f),
            Self::Text(text) => toml::Value::from(text.as_str()).fmt(f),
        }
    }
}

/// Reads it; none if it says something that has no place in pimaster's settings, or nothing.
pub(super) fn parse(line: &str) -> Option<OptionLine> {
    let mut words: Vec<&str> = line.split(',').map(str::trim).collect();
    let tag = words.first()?.strip_prefix("tag:").map(str::to_owned);
    if tag.is_some() {
        words.remove(0);
    }
    let (option, values) = words.split_first()?;
    let code = match option.strip_prefix("option:") {
        Some(name) => NAMES.iter().find(|(known, _)| *known == name).map(|(_, code)| *code),
        None => option.parse().ok(),
    }?;
    // Without a value dnsmasq leaves the option out of its replies.
    let value = if values.concat().is_empty() { None } else { Some(value(code, values)) }?;
    Some(OptionLine { tag, code, value })
}

fn value(code: u8, words: &[&str]) -> Value {
    let addresses: Option<Vec<Ipv4Addr>> = words.iter().map(|word| word.parse().ok()).collect();
    if let Some(addresses) = addresses {
        return Value::Addresses(addresses);
    }
    if code == DOMAIN_SEARCH {
        return Value::Names(words.iter().map(|word| (*word).to_owned()).collect());
    }
    match words {
        [word] if word.parse::<u32>().is_ok() => Value::Number(word.parse().unwrap_or(0)),
        [word] if is_hex(word) => Value::Hex(hex(word)),
        _ => Value::Text(words.join(",").trim_matches('"').to_owned()),
    }
}

/// `1:2a:ff`.
fn is_hex(word: &str) -> bool {
    word.contains(':')
        && word.split(':').all(|pair| (1..=2).contains(&pair.len()) && u8::from_str_radix(pair, 16).is_ok())
}

fn hex(word: &str) -> String {
    word.split(':').map(|pair| format!("{pair:0>2}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn option_lines_are_read_as_dnsmasq_reads_them() {
        let check = |line: &str, expect: Option<(Option<&str>, u8, &str)>| {
            let read = parse(line).map(|it| (it.tag, it.code, it.value.to_string()));
            let expect = expect.map(|(tag, code, value)| (tag.map(str::to_owned), code, value.to_owned()));
            assert_eq!(read, expect, "{line}");
        };
        check("23,64", Some((None, 23, "64")));
        check("tag:switch,option:ntp-server,10.0.0.1,10.0.0.2", {
            Some((Some("switch"), 42, "[\"10.0.0.1\", \"10.0.0.2\"]"))
        });
        check("240,1:2a:FF", Some((None, 240, "\"hex:012aFF\"")));
        check("17,\"/srv/a,b\"", Some((None, 17, "\"/srv/a,b\"")));
        check("119,a.lab,b.lab", Some((None, 119, "[\"a.lab\", \"b.lab\"]")));
        for line in
            ["", "3", "3,", "tag:a", "option:nonsense,1", "option6:dns-server,[::1]", "vendor:PXE,1,0"]
        {
            check(line, None);
        }
        check("tag:a,tag:b,3,10.0.0.1", None);
    }
}
