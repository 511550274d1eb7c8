//! What every agent can do. *Pure: only the contract.* Called by the routes of `web`.

use super::blocks::Blocks;
use super::boots::Boots;
use super::configurations::Configurations;
use super::deployments::Deployments;
use super::detection::Detections;
use super::discovery::Discovery;
use super::environments::Environments;
use super::error::Result;
use super::groups::Groups;
use super::network::NetworkAgent;
use super::queue::Queue;
use super::rack::Rack;
use super::switches::Switches;
use crate::model::agent::{
    CalendarRow, Caller, ConfigureWish, Configured, EnvironmentView, NodeView, Once, ReservationView,
    ReserveWish,
};
use crate::model::booking::BookingRules;
use crate::model::clock::Timestamp;
use crate::model::deployment::Request;
use crate::model::ids::ReservationId;
use crate::model::node::NodeName;
use crate::model::version::Seen;
use crate::store::Changes;
use async_trait::async_trait;

/// A set of nodes with one manager; each further noun has a trait of its own.
#[async_trait]
pub trait Agent:
    Blocks
    + Boots
    + Configurations
    + Deployments
    + Detections
    + Discovery
    + Environments
    + Groups
    + NetworkAgent
    + Queue
    + Rack
    + Switches
    + Send
    + Sync
{
    /// Every node, by name.
    async fn nodes(&self) -> Result<Vec<NodeView>>;

    /// Every environment that the caller may deploy: those that are offered first, then by name.
    async fn environments(&self, caller: &Caller) -> Result<Vec<EnvironmentView>>;

    /// The caller's reservations that are not over, by start; of everybody for an administrator who asks so.
    async fn reservations(&self, caller: &Caller, whose: Whose) -> Result<Vec<ReservationView>>;

    /// One reservation with the history of each node.
    async fn reservation(&self, caller: &Caller, id: ReservationId) -> Result<ReservationView>;

    /// Books all nodes of the wish, or none.
    async fn reserve(&self, caller: &Caller, wish: ReserveWish) -> Result<ReservationId>;

    /// The same, once for each key of an account within a day: the second time it gives what it booked the first time.
    async fn reserve_once(&self, caller: &Caller, wish: ReserveWish, once: Once) -> Result<ReservationId>;

    /// Says what shall be put on a reservation's nodes: they are deployed when it is due.
    async fn configure(&self, caller: &Caller, id: ReservationId, wish: ConfigureWish) -> Result<Configured>;

    /// Gives a reservation's nodes back: at once if nothing was deployed, else when they are taken down.
    async fn release(&self, caller: &Caller, id: ReservationId) -> Result<()>;

    /// Makes a reservation last some hours longer, never over somebody else's; gives its new end.
    async fn extend(&self, caller: &Caller, id: ReservationId, hours: u32) -> Result<Timestamp>;

    /// Every node, by name, with what is booked on it in a period, past or future.
    async fn calendar(&self, from: Timestamp, until: Timestamp) -> Result<Vec<CalendarRow>>;

    /// The rules by which nodes are booked, for all.
    async fn booking_rules(&self) -> Result<BookingRules>;

    /// The rules that bind the caller: those for all, and their groups' limits.
    async fn own_rules(&self, caller: &Caller) -> Result<BookingRules>;

    /// Sets the rules, if they still are what the editor saw; for administrators.
    async fn set_booking_rules(&self, caller: &Caller, rules: BookingRules, seen: Seen) -> Result<()>;

    /// Asks something of what is deployed on a node.
    async fn request(&self, caller: &Caller, node: &NodeName, request: Request) -> Result<()>;

    /// Wakes after each change. A hint: look again to know what changed.
    fn changes(&self) -> Changes;
}

/// Whose reservations are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// The caller's own.
    Own,
    /// Everybody's, if the caller is an administrator.
    All,
}
