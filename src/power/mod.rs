//! Power of the nodes' ports.
//!
//! ```text
//! deploy ──► Power::set ──► wanted committed ──► PowerSwitch (snmp | none) ──► read back ──► seen committed
//!            one request per port at a time, a few per switch
//! agent ──► rows: what administrators ask ──► Wishes ──► Power::set
//!                 questions to switches ─────► Inquiries ──► Power::read, tables ──► the answer, a row
//! ```
//!
//! Called by `deploy`, `detect` and the command line; `Wishes` and `Inquiries` are tasks of `daemon`. *IO: SNMP over UDP, through the
//! drivers.* Invariants: what is wanted of a port is committed before the switch is asked; a protected port is never
//! switched off; a port counts as switched only when the switch says so.

mod error;
mod inquiries;
mod none;
mod ports;
mod snmp;
mod table;
mod wishes;

pub use error::Error;
pub use inquiries::Inquiries;
pub use ports::{Power, Since};
pub use table::{Cell, Row};
pub use wishes::Wishes;

use crate::model::power::PowerState;
use std::time::Duration;

/// Settings of power switching.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// How long a port stays off at least when a node is restarted.
    pub min_off: Duration,
    /// How long one request to a switch may take; slow switches need 5 s.
    pub timeout: Duration,
}

/// A device that switches the power of numbered ports.
#[async_trait::async_trait]
pub trait PowerSwitch: Send + Sync {
    /// Switches a port and reads back until the device agrees.
    async fn set(&self, port: u16, wanted: PowerState) -> Result<(), Error>;

    /// Whether the port feeds its node, as the device says.
    async fn read(&self, port: u16) -> Result<PowerState, Error>;
}
