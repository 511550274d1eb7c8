//! `pimaster ctl`: a client of the API, for people and scripts, on any machine.
//!
//! ```text
//! options ──► wish (JSON) ──► api (HTTP, token) ──► answers ──► table, or the answer itself (--json)
//!                                  ▲                   │
//!                                  └─ follow (--wait) ◄┘──► failure ──► exit status
//! ```
//!
//! *IO: HTTP, the file of the login, standard input and output, ssh.* Called by `commands`. It knows of pimaster
//! what the API says, and nothing else.

mod answers;
mod failure;
mod follow;
mod table;
mod wish;

mod api;
mod login;

mod queue;
mod reserve;
mod run;
mod ssh;

pub use run::run;
