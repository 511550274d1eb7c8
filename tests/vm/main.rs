//! The whole product on virtual Raspberry Pis: the real daemon and its node binary, real DHCP, TFTP, NFS, SSH
//! and SNMP, real kernels. And the network boot of ordinary machines whose firmware others wrote, and of a kernel by itself.
//!
//! ```text
//!            ┌─ namespaces made by inside.sh ─────────────────────────────────────┐
//! enter ───► │ rack: simulated PoE switch ──► board: firmware on the wire ──► QEMU │
//!            │ scenario ──► pimaster (command line, daemon), API, SSH              │
//!            └─────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! Run by `cargo nextest run --profile vm`, as root; `scripts/setup test` installs what it needs. What is
//! missing is a failure, never a skip. Logs stay in `target/vm/run`; their ends are printed when the test
//! fails.

mod api;
mod board;
mod card;
mod clients;
mod console;
mod enter;
mod firmware;
mod kernel;
mod pimaster_program;
mod rack;
mod scenario;
mod ssh;
mod wire;

#[test]
fn two_boards_live_through_a_reservation() -> Result<(), enter::Failure> {
    enter::in_a_rack("two_boards_live_through_a_reservation", scenario::run)
}

#[test]
fn firmware_of_ordinary_machines_boots() -> Result<(), enter::Failure> {
    enter::among_machines("firmware_of_ordinary_machines_boots", "clients.sh", clients::run)
}

#[test]
fn the_kernel_configures_itself() -> Result<(), enter::Failure> {
    enter::among_machines("the_kernel_configures_itself", "kernel.sh", kernel::run)
}
