//! Finding boards and making them nodes.
//!
//! ```text
//! dhcp ──► sightings ──► discovered: what each would become ──► enrol ──► nodes
//!              ▲
//!           locator: who is at which port ◄── tables ◄── power: SNMP walks
//!              ▲
//! start ──► detector: tables, else machine: one port at a time ──► power
//! ```
//!
//! Called by `agent` and `commands`; locator and detector are tasks of `daemon`. `rules`, `tables` and `machine` are *pure*;
//! `enrol`, `change`, `rename`, `start` and `switch` work in the transaction they are given. Invariant: a name, an address, a port and a board belong to one node at a time, and what a tenant uses
//! is not renamed under them.

mod change;
mod enrol;
mod refusal;
mod rename;
mod rules;
mod switch;

mod locator;
mod tables;

mod detector;
mod machine;
mod start;

pub use change::{Changed, change, retire};
pub use detector::Detector;
pub use enrol::{discovered, enrol, find, forget, replace_board};
pub use locator::Locator;
pub use refusal::Refusal;
pub use rename::rename;
pub use rules::{NodeNetwork, Rules, judge_range};
pub use start::{cancel, start};
pub use switch::{find_switch, remove_switch, save_switch, settle};

use std::time::Duration;

/// Settings of finding and enrolling boards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Names and addresses of new nodes.
    pub rules: Rules,
    /// How often the switches' tables are read at most while somebody unknown is there.
    pub look_interval: Duration,
    /// How long a board may take to ask after its port went on.
    pub listen: Duration,
    /// How long boards elsewhere may take to ask again.
    pub quiet: Duration,
}
