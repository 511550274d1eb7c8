//! `pimaster doctor` as an administrator runs it: beside a demonstration rack, on an interface, and when things are
//! wrong.

pub(crate) mod program;
mod rack;
mod wired;
