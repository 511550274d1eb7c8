//! Switches as they look: every port with its power and its node, and wishes to switch one. *Pure.*
//!
//! Spoken by every agent, shown by the page of the switches.

use super::agent::Taken;
use super::clock::Timestamp;
use super::discovery::PortName;
use super::ids::{ReservationId, SwitchId};
use super::node::NodeName;
use super::power::PowerState;
use super::switch::Inquiry;

/// A switch with all its ports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SwitchView {
    /// Its row.
    pub id: SwitchId,
    /// Its name.
    pub name: String,
    /// When it was last asked about all its ports, and what it said.
    pub read: Option<Inquiry>,
    /// Whether its power can be switched; otherwise people pull plugs.
    pub is_switched: bool,
    /// Its ports, by number.
    pub ports: Vec<PortView>,
}

/// One port of a switch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortView {
    /// Its number as printed on the switch.
    pub number: u16,
    /// Whether it feeds pimaster itself.
    pub is_protected: bool,
    /// Its power.
    pub power: PowerView,
    /// The node that it feeds.
    pub node: Option<NodeName>,
    /// Who has that node now.
    pub taken: Option<Taken>,
}

/// What is known of a port's power.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PowerView {
    /// What an administrator asked for and nobody has done yet.
    pub asked: Option<PowerState>,
    /// Why the last such wish could not be done.
    pub problem: Option<String>,
    /// What was wanted last.
    pub wanted: Option<PowerState>,
    /// What the switch said last, and when.
    pub seen: Option<(PowerState, Timestamp)>,
    /// What it took, in milliwatts, and when that was measured.
    pub milliwatts: Option<(u32, Timestamp)>,
}

/// A wish to switch a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PowerWish {
    /// The port.
    pub port: PortName,
    /// On or off.
    pub wanted: PowerState,
    /// The reservation whose node may lose its power by that: the one that the person was told of.
    pub despite: Option<ReservationId>,
}
