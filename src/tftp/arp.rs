//! Who is at an address, as the kernel's ARP table says. *IO: `/proc`.*
//!
//! Called by `session` where another DHCP server gives the addresses. A board asks by ARP for pimaster's hardware
//! address before its first file, and the kernel notes who asked, so that the entry is there when the request comes.

use crate::model::net::MacAddr;
use std::net::Ipv4Addr;

/// The kernel's table (proc(5)): a heading, then address, type, flags, hardware address, mask, interface. That of the
/// thread, since a namespace is a thread's own.
const TABLE: &str = "/proc/thread-self/net/arp";

/// The hardware address at that address; none if the kernel does not know, as with machines behind a router.
pub(super) async fn hardware_address(address: Ipv4Addr) -> Option<MacAddr> {
    let table = tokio::task::spawn_blocking(|| std::fs::read_to_string(TABLE)).await;
    parse(&table.ok()?.ok()?, address)
}

fn parse(table: &str, address: Ipv4Addr) -> Option<MacAddr> {
    let find = |line: &str| {
        let mut words = line.split_whitespace();
        let is_it = words.next()?.parse() == Ok(address);
        let mac: MacAddr = words.nth(2)?.parse().ok()?;
        (is_it && mac != MacAddr([0; 6])).then_some(mac)
    };
    table.lines().skip(1).find_map(find)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read() {
        let table = "IP address       HW type     Flags       HW address            Mask     Device\n\
                     10.20.0.7        0x1         0x2         dc:a6:32:a7:ed:89     *        eth0\n\
                     10.20.0.8        0x1         0x0         00:00:00:00:00:00     *        eth0\n";
        assert_eq!(parse(table, [10, 20, 0, 7].into()), "dc:a6:32:a7:ed:89".parse().ok());
        assert_eq!(parse(table, [10, 20, 0, 8].into()), None, "not answered yet");
        assert_eq!(parse(table, [10, 20, 0, 9].into()), None);
        assert_eq!(parse("", [10, 20, 0, 7].into()), None);
    }
}
