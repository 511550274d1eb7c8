//! Deployments: from a due reservation to a node that its user can sign in to, and back.

use std::time::Duration;

/// Settings of the deployment workers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Base address that nodes fetch images from, such as `http://10.20.0.1:9000`.
    pub image_url: String,
    /// TCP port of the nodes' SSH servers, 22.
    pub ssh_port: u16,
    /// Without progress for so long, a node is power-cycled once, then lost.
    pub patience: Duration,
    /// How often a booting node is asked whether its SSH server answers.
    pub probe_interval: Duration,
}
