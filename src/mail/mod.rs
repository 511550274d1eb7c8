//! E-mail to people: sends what waits in the outbox through the server that administrators set on the page *Mail*.
//!
//! *IO: TCP to the mail server.* Run by `daemon`. Whoever has a mail to send writes a row ([`crate::store::outbox`]);
//! without a server nothing is written, and administrators hand links over.
//!
//! ```text
//! web ──► outbox row ──► worker: take (the try is counted) ──► smtp ──► sent
//!                           ▲                                   │
//!                           └── at the time that schedule says ◄┴─► given up, with the server's words
//! ```
//!
//! Invariants: a row before the act, so a mail may come twice after a crash, never not at all; texts and the
//! password are sealed in the database; one mail that fails does not stop the others.

mod schedule;
mod smtp;
mod worker;

pub use worker::Worker;
