//! `pimaster doctor`: proves a set-up from the box itself, within a minute.
//!
//! *IO: the system, the network, the database.* Called by `commands`. Each check is one file: what is seen (IO) and
//! how it is judged (pure), side by side. Invariants: nothing is left behind, and nothing is changed but the row of
//! the guest, which lives as long as its boot; a database of another schema is not opened, let alone migrated.
//!
//! ```text
//! Config ─► scene: is pimaster running? who holds its ports? the database ─► examine: all checks at once, each with
//!                                                                            a deadline ─► Finding ─► Report
//!
//! system:  data, disk, clock, interface, ports, rights          (proc: what the kernel tells of processes)
//! set-up:  installer, export (rpc), switches, environments, foreign, routing
//! proof:   boot: a simulated Pi 4 (guest) through the real sockets (wire) up to the last file
//! ```

mod finding;
mod report;

mod examine;
mod proc;
mod scene;

mod clock;
mod data;
mod disk;
mod interface;
mod ports;
mod rights;

mod environments;
mod export;
mod foreign;
mod installer;
mod routing;
mod rpc;
mod switches;

mod boot;
mod datagram;
mod guest;
mod other_server;
mod wire;

pub use examine::examine;
pub use finding::{Finding, Outcome, Verdict};
pub use guest::sweep;
pub use report::{EXIT_FAILURE, Report};
