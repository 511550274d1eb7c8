//! The driver of a switch that nobody can control: people pull plugs. *Pure.*
//!
//! What is set is taken as done; the port is whatever was wanted last, which [`super::Power`] has committed.

use super::{Error, PowerSwitch};
use crate::model::power::PowerState;

/// No control over power.
pub(super) struct Hands {
    /// What was wanted of the port last.
    pub(super) wanted: Option<PowerState>,
}

#[async_trait::async_trait]
impl PowerSwitch for Hands {
    async fn set(&self, _port: u16, _wanted: PowerState) -> Result<(), Error> {
        Ok(())
    }

    async fn read(&self, _port: u16) -> Result<PowerState, Error> {
        // A board with no switch is fed for as long as nobody was asked to unplug it.
        Ok(self.wanted.unwrap_or(PowerState::On))
    }
}
