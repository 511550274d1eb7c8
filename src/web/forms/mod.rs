//! Forms: from what a person typed to a wish, or to an error beside each field that is wrong.
//!
//! *Pure.* One file per resource; each has the texts as typed, to show them again, and `judge`.

mod errors;
mod fields;

pub(super) mod blocks;
pub(super) mod bookings;
pub(super) mod calendar;
pub(super) mod configure;
pub(super) mod device;
pub(super) mod enrol;
pub(super) mod environment;
pub(super) mod groups;
pub(super) mod mail;
pub(super) mod notifications;
pub(super) mod partition_size;
pub(super) mod reserve;
pub(super) mod rules;
pub(super) mod settings;
pub(super) mod sign_up;
pub(super) mod ssh_keys;
pub(super) mod switch;

pub(super) use errors::{Errors, agent_text};
pub(super) use fields::Fields;
