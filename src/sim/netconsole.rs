//! What a simulated kernel says by netconsole, if its command line tells it to. *IO: UDP.*

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use tokio::net::UdpSocket;

/// The last words of a kernel without a root.
pub(super) const PANIC: &str =
    "Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(2,0)";

/// Sends a line from the board's address.
pub(super) async fn say(from: Ipv4Addr, cmdline: &str, line: &str) -> io::Result<()> {
    let Some(target) = target(cmdline) else { return Ok(()) };
    let socket = UdpSocket::bind((from, 0)).await?;
    socket.send_to(format!("{line}\n").as_bytes(), target).await.map(drop)
}

/// The receiver in `netconsole=PORT@ADDRESS/DEVICE,PORT@TARGET/HARDWARE-ADDRESS`.
fn target(cmdline: &str) -> Option<SocketAddrV4> {
    let value = cmdline.split_ascii_whitespace().find_map(|word| word.strip_prefix("netconsole="))?;
    let (_, target) = value.split_once(',')?;
    let (port, rest) = target.split_once('@')?;
    let address = rest.split('/').next()?;
    Some(SocketAddrV4::new(address.parse().ok()?, port.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_receiver_stands_on_the_command_line() {
        let cmdline = "root=/dev/nfs netconsole=6665@10.20.0.7/eth0,6666@10.20.0.1/ ip=dhcp";
        assert_eq!(target(cmdline), Some("10.20.0.1:6666".parse().unwrap()));
        assert_eq!(target("root=/dev/nfs netconsole=on"), None);
        assert_eq!(target("root=/dev/nfs"), None);
    }
}
