//! The routes of the pages: extract, load, check, act, answer. No HTML, no SQL.
//!
//! *IO: through the agent and the store.* One file per resource.

mod assets;
mod audit;
mod begin;
mod bins;
mod blocks;
mod bookings;
mod boots;
mod configure;
mod detection;
mod discovered;
mod environments;
mod forgotten;
mod groups;
mod history;
mod imports;
mod language;
mod links;
mod live;
mod mail;
mod network;
mod nodes;
mod notifications;
mod pages;
mod queue;
mod reserve;
mod rules;
mod settings;
mod sign_in;
mod sign_up;
mod switch_form;
mod switches;
mod users;

pub(super) use pages::router;
