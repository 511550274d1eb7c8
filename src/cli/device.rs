//! `pimaster device`. *Clap definitions only.*

use clap::{Args, Subcommand};
use std::net::Ipv4Addr;

/// `pimaster device`.
#[derive(Debug, Subcommand)]
pub enum Device {
    /// Give a machine a fixed address, and a boot file if it boots from the network.
    Add(NewDevice),
    /// List the devices.
    List,
    /// Remove a device.
    Remove {
        /// Its name.
        name: String,
    },
}

/// A device to add.
#[derive(Debug, Clone, Args)]
pub struct NewDevice {
    /// Its name, also its host name.
    #[arg(long)]
    pub name: String,
    /// Its hardware address.
    #[arg(long)]
    pub mac: String,
    /// The address it shall get.
    #[arg(long)]
    pub address: Ipv4Addr,
    /// The file it boots, below tftp/devices/ of the data folder.
    #[arg(long, value_name = "FILE")]
    pub boot_file: Option<String>,
    /// The file for one architecture (bios, efi-x64, efi-arm64, ... or the number of option 93); may be repeated.
    #[arg(long, value_name = "ARCHITECTURE=FILE")]
    pub boot_file_for: Vec<String>,
    /// The TFTP server, if it is not pimaster.
    #[arg(long, value_name = "ADDRESS")]
    pub boot_server: Option<Ipv4Addr>,
}
