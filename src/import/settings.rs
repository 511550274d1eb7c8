//! What of a source belongs into pimaster.toml: printed, for a person to copy. *Pure.*

use crate::model::net::Subnet;
use std::collections::BTreeMap;
use std::fmt;
use std::net::Ipv4Addr;

/// Settings as the source has them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Suggested {
    pub(super) interface: Option<String>,
    pub(super) address: Option<Ipv4Addr>,
    pub(super) subnet: Option<Subnet>,
    pub(super) range: Option<(Ipv4Addr, Ipv4Addr)>,
    pub(super) router: Option<Ipv4Addr>,
    pub(super) dns: Vec<Ipv4Addr>,
    pub(super) ntp: Vec<Ipv4Addr>,
    pub(super) domain: Option<String>,
    pub(super) forward: Vec<String>,
}

/// The fragment; nothing if the source sets nothing.
impl fmt::Display for Suggested {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |value: &str| toml::Value::from(value).to_string();
        let list = |values: Vec<String>| (!values.is_empty()).then(|| toml::Value::from(values).to_string());
        let addresses = |values: &[Ipv4Addr]| list(values.iter().map(Ipv4Addr::to_string).collect());
        let address = |value: Option<Ipv4Addr>| value.map(|value| text(&value.to_string()));
        let range = self.range.map(|(first, last)| format!("{first}-{last}"));
        let network = [
            ("interface", self.interface.as_deref().map(text)),
            ("subnet", self.subnet.map(|subnet| text(&subnet.to_string()))),
            ("address", address(self.address)),
            ("node_ranges", list(range.into_iter().collect())),
            ("router", address(self.router)),
            ("dns", addresses(&self.dns)),
            ("ntp", addresses(&self.ntp)),
            ("domain", self.domain.as_deref().map(text)),
        ];
        let dns = [("forward", list(self.forward.clone()))];
        for (section, keys) in [("network", network.as_slice()), ("dns", dns.as_slice())] {
            let mut set = keys.iter().filter_map(|(key, value)| Some((key, value.as_ref()?))).peekable();
            if set.peek().is_some() {
                writeln!(f, "[{section}]")?;
            }
            set.try_for_each(|(key, value)| writeln!(f, "{key} = {value}"))?;
        }
        Ok(())
    }
}

/// DHCP options by the table of pimaster.toml that they belong into.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SuggestedOptions(BTreeMap<String, BTreeMap<u8, String>>);

impl SuggestedOptions {
    /// Puts an option into a table; the last value of a code counts, as in dnsmasq.
    pub(super) fn set(&mut self, table: &str, code: u8, value: &str) {
        self.0.entry(table.to_owned()).or_default().insert(code, value.to_owned());
    }
}

/// The fragment; nothing if there are no options.
impl fmt::Display for SuggestedOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (table, options) in &self.0 {
            writeln!(f, "[{table}]")?;
            options.iter().try_for_each(|(code, value)| writeln!(f, "{code} = {value}"))?;
        }
        Ok(())
    }
}
