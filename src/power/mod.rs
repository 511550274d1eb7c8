//! Power of the nodes' ports.

use std::time::Duration;

/// Settings of power switching.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// How long a port stays off at least when a node is restarted.
    pub min_off: Duration,
    /// How long one request to a switch may take; slow switches need 5 s.
    pub timeout: Duration,
}
