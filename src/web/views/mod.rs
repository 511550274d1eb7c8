//! The pages as HTML: pure functions of a page struct, and the only door of maud.
//!
//! *Pure.* `page` is a whole document, `fragment` the part of it that the script swaps. States are shown by
//! colour, shape and text together; every time says its zone and how far away it is.

mod bin_node;
mod calendar;
mod hold;
mod layout;
mod parts;
mod shapes;
mod states;
mod track;

pub(super) mod audit;
pub(super) mod bin;
pub(super) mod blocks;
pub(super) mod bookings;
pub(super) mod boot;
pub(super) mod configure;
pub(super) mod detection;
pub(super) mod discovered;
pub(super) mod environments;
pub(super) mod forgotten;
pub(super) mod groups;
pub(super) mod history;
pub(super) mod imports;
pub(super) mod link;
pub(super) mod mail;
pub(super) mod manage;
pub(super) mod message;
pub(super) mod network;
pub(super) mod nodes;
pub(super) mod notifications;
pub(super) mod queue;
pub(super) mod reserve;
pub(super) mod rules;
pub(super) mod settings;
pub(super) mod sign_in;
pub(super) mod sign_up;
pub(super) mod switch_form;
pub(super) mod switches;
pub(super) mod users;

pub(super) use layout::{Chrome, Tab, Who};
pub(super) use parts::away;
