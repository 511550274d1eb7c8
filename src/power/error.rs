//! Why power could not be switched: which switch, which port, what was seen, what to do. *Pure.*

use crate::model::power::PowerState;
use crate::model::problem::Problem;
use crate::model::verb::Retry;
use crate::store;
use std::net::SocketAddr;
use std::time::Duration;

/// What can go wrong with power.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing came back in time, twice.
    #[error(
        "switch {switch} at {address} gave no answer for port {port} within {timeout:?}, asked twice; \
         expected an SNMP answer; check its address, that SNMP v2c is on, and the community"
    )]
    NoAnswer {
        /// The switch's name.
        switch: String,
        /// Where it was asked.
        address: SocketAddr,
        /// The port.
        port: u16,
        /// How long each request was given.
        timeout: Duration,
    },
    /// The switch refused the request.
    #[error(
        "switch {switch} refused port {port}: {seen}; expected it to be switched; \
         check the community's write access, the base OID and the index offset"
    )]
    Refused {
        /// The switch's name.
        switch: String,
        /// The port.
        port: u16,
        /// What it said.
        seen: String,
    },
    /// What came back is no power state.
    #[error(
        "switch {switch} says {seen} of port {port}; expected integer 1 (on) or 2 (off) as in RFC 3621; \
         check the base OID and the index offset"
    )]
    Nonsense {
        /// The switch's name.
        switch: String,
        /// The port.
        port: u16,
        /// What it said.
        seen: String,
    },
    /// The switch took the request and did not act on it.
    #[error(
        "switch {switch} still says that port {port} is {seen}; expected {wanted}; \
         check the port in the switch's own pages"
    )]
    Unmoved {
        /// The switch's name.
        switch: String,
        /// The port.
        port: u16,
        /// What it said last.
        seen: &'static str,
        /// What was asked for.
        wanted: &'static str,
    },
    /// The port feeds pimaster itself.
    #[error(
        "port {port} of switch {switch} is protected since it feeds pimaster; expected a node's port; \
         plug the node into another port"
    )]
    Protected {
        /// The switch's name.
        switch: String,
        /// The port.
        port: u16,
    },
    /// The switch has no such port.
    #[error("switch {switch} has ports 1 to {ports}; port {port} was asked for; correct the node's port")]
    NoSuchPort {
        /// The switch's name.
        switch: String,
        /// The port.
        port: u16,
        /// How many it has.
        ports: u16,
    },
    /// The switch is no longer known.
    #[error("switch {id} is not known; expected one that was added; correct the node's port")]
    NoSuchSwitch {
        /// Its row.
        id: crate::model::ids::SwitchId,
    },
    /// A table of the switch cannot be read.
    #[error(
        "switch {switch} at {address}: its table {table} cannot be read: {seen}; expected rows that end; \
         check its address, that SNMP v2c is on, and the community"
    )]
    Table {
        /// The switch's name.
        switch: String,
        /// Where it was asked.
        address: SocketAddr,
        /// The column that was read.
        table: String,
        /// What came back.
        seen: String,
    },
    /// The community was sealed with a key that is not there.
    #[error(
        "the community of switch {switch} cannot be opened; expected the key with which it was sealed; \
         bring back keys/seal_secret of the data folder, or give the community again"
    )]
    Sealed {
        /// The switch's name.
        switch: String,
    },
    /// The driver's settings cannot be used.
    #[error(
        "switch {switch}: base_oid is `{seen}`; expected numbers with dots such as 1.3.6.1.2.1.105.1.1.1.3.1"
    )]
    BadOid {
        /// The switch's name.
        switch: String,
        /// The setting.
        seen: String,
    },
    /// This machine could not send.
    #[error("cannot send to switch {switch} at {address}; check this machine's network")]
    Send {
        /// The switch's name.
        switch: String,
        /// Where it was asked.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Error {
    /// Whether asking again can help.
    pub fn retry(&self) -> Retry {
        match self {
            Self::NoAnswer { .. }
            | Self::Unmoved { .. }
            | Self::Table { .. }
            | Self::Send { .. }
            | Self::Store(_) => Retry::Worthwhile,
            // A switch that restarts refuses or babbles for a while.
            Self::Refused { .. } | Self::Nonsense { .. } => Retry::Worthwhile,
            Self::Protected { .. }
            | Self::NoSuchPort { .. }
            | Self::NoSuchSwitch { .. }
            | Self::Sealed { .. }
            | Self::BadOid { .. } => Retry::Pointless,
        }
    }

    /// The same for people, on a deployment's page.
    pub fn problem(&self, wanted: PowerState) -> Problem {
        let text = self.to_string();
        let mut parts = text.splitn(3, "; ");
        let seen = parts.next().unwrap_or_default();
        let expected = parts.next().and_then(|part| part.strip_prefix("expected ").map(str::to_owned));
        let advice = parts.next().unwrap_or("Correct this, then choose hard reboot.");
        let expected = expected.unwrap_or_else(|| format!("the port to be switched {}", wanted.as_str()));
        Problem::new(seen, expected, sentence(advice))
    }
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let rest = chars.as_str().trim_end_matches('.');
    format!("{first}{rest}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_become_problems_in_three_parts() {
        let error = Error::Refused { switch: "sw".into(), port: 3, seen: "notWritable".into() };
        let problem = error.problem(PowerState::On);
        assert_eq!(problem.seen, "switch sw refused port 3: notWritable");
        assert_eq!(problem.expected, "it to be switched");
        assert!(problem.advice.starts_with("Check the community"));
        let error = Error::NoSuchPort { switch: "sw".into(), port: 99, ports: 24 };
        assert_eq!(error.problem(PowerState::Off).expected, "the port to be switched off");
        assert_eq!(error.retry(), Retry::Pointless);
    }
}
