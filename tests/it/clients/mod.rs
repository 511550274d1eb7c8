//! Clients that others wrote, each from its Debian package, against the real DHCP and TFTP servers.
//!
//! ```text
//! namespace of the test           namespace of the board
//! dhcp::Server, tftp::Server ══ veth ══ the client, with a /run, a /var/lib and a /sys of its own
//! ```
//!
//! Needs root. What is missing is a failure that names the Debian package, never a skip. Firmware that needs a whole machine
//! (iPXE, OVMF, U-Boot) is in `tests/vm`.

mod dhclient;
mod dhcpcd;
mod event;
mod ipconfig;
mod network;
mod networkd;
mod perfdhcp;
mod tftp;
mod udhcpc;
