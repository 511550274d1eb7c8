//! The demonstration rack from end to end: the real program, asked over its API, and OpenSSH's client.
//!
//! Simulated boards need no root and no hardware, so here the whole way of a deployment is walked, with every
//! fault that a board can be told to have, and with `kill -9` on the way.

mod ctl;
mod discovered;
mod faults;
mod lives;
pub(crate) mod program;
mod restarts;
