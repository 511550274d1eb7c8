//! What the kernel tells of sockets and processes under `/proc`. *Parsers are pure; the rest reads `/proc`.*

use std::collections::HashSet;
use std::fs;
use std::net::{Ipv4Addr, SocketAddrV4};

/// A program that holds a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Holder {
    /// Its process.
    pub(super) pid: u32,
    /// The name of its program, cut to 15 characters.
    pub(super) name: String,
    /// Whether it is a pimaster: a program of the same name as this one.
    pub(super) is_pimaster: bool,
}

/// Protocols with ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Tcp,
    Udp,
}

impl Protocol {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
        }
    }
}

/// A socket's state in `/proc/net/tcp`: listening.
const LISTENING: &str = "0A";

/// Inodes of the sockets that hold a port of this address, or of all addresses. *Pure.*
fn inodes(table: &str, protocol: Protocol, wanted: SocketAddrV4) -> HashSet<u64> {
    let holds = |fields: &[&str]| {
        let is_open = protocol == Protocol::Udp || fields.get(3) == Some(&LISTENING);
        let (address, port) = fields.get(1)?.split_once(':')?;
        let same_port = u16::from_str_radix(port, 16).ok()? == wanted.port();
        let all_of_v6 = address.len() == 32 && address.bytes().all(|digit| digit == b'0');
        // The kernel prints the address's four bytes as one number of this machine's byte order.
        let of_v4 = u32::from_str_radix(address, 16).ok().map(|bits| Ipv4Addr::from(bits.to_ne_bytes()));
        let same_address = all_of_v6 || of_v4.is_some_and(|it| it.is_unspecified() || it == *wanted.ip());
        (is_open && same_port && same_address).then(|| fields.get(9)?.parse().ok()).flatten()
    };
    table.lines().skip(1).filter_map(|line| holds(&line.split_whitespace().collect::<Vec<_>>())).collect()
}

/// Who holds a port, as far as this user may see.
pub(super) fn holders(protocol: Protocol, port: SocketAddrV4) -> Vec<Holder> {
    let tables = match protocol {
        Protocol::Tcp => ["/proc/net/tcp", "/proc/net/tcp6"],
        Protocol::Udp => ["/proc/net/udp", "/proc/net/udp6"],
    };
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let wanted: HashSet<u64> = tables.iter().flat_map(|path| inodes(&read(path), protocol, port)).collect();
    if wanted.is_empty() {
        return Vec::new();
    }
    let own = name_of("self").unwrap_or_default();
    let holder = |pid: u32| {
        let name = name_of(&pid.to_string())?;
        let is_pimaster = name == "pimaster" || name == own && pid != std::process::id();
        has_socket(pid, &wanted).then_some(Holder { pid, name, is_pimaster })
    };
    processes().filter_map(holder).collect()
}

fn has_socket(pid: u32, wanted: &HashSet<u64>) -> bool {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    let inode = |entry: fs::DirEntry| {
        let target = fs::read_link(entry.path()).ok()?;
        target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse::<u64>().ok()
    };
    entries.flatten().filter_map(inode).any(|inode| wanted.contains(&inode))
}

fn name_of(process: &str) -> Option<String> {
    Some(fs::read_to_string(format!("/proc/{process}/comm")).ok()?.trim_end().to_owned())
}

fn processes() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// The first of these programs that runs.
pub(super) fn running(names: &[&'static str]) -> Option<&'static str> {
    let all: HashSet<String> = processes().filter_map(|pid| name_of(&pid.to_string())).collect();
    // The kernel cuts names to 15 characters.
    names.iter().copied().find(|name| all.contains(name.get(..15).unwrap_or(name)))
}

/// A right that the kernel gives to a process (`capabilities(7)`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Right {
    LowPorts,
    Neighbours,
    Frames,
}

impl Right {
    fn bit(self) -> u64 {
        match self {
            Self::LowPorts => 1 << 10,
            Self::Neighbours => 1 << 12,
            Self::Frames => 1 << 13,
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::LowPorts => "CAP_NET_BIND_SERVICE",
            Self::Neighbours => "CAP_NET_ADMIN",
            Self::Frames => "CAP_NET_RAW",
        }
    }
}

/// The rights of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rights(u64);

impl Rights {
    /// Reads the effective set of `/proc/PID/status`. *Pure.*
    pub(super) fn parse(status: &str) -> Option<Self> {
        let digits = status.lines().find_map(|line| line.strip_prefix("CapEff:"))?;
        u64::from_str_radix(digits.trim(), 16).ok().map(Self)
    }

    /// The rights of that process, or of this one.
    pub(super) fn of(pid: Option<u32>) -> Option<Self> {
        let process = pid.map_or_else(|| "self".to_owned(), |pid| pid.to_string());
        Self::parse(&fs::read_to_string(format!("/proc/{process}/status")).ok()?)
    }

    pub(super) fn has(self, right: Right) -> bool {
        self.0 & right.bit() != 0
    }
}

/// The first port that every user may bind.
pub(super) fn first_free_port() -> u16 {
    let text = fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    text.ok().and_then(|text| text.trim().parse().ok()).unwrap_or(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    const UDP: &str = "\
   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  301: 0100007F:1A6F 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 411 2 0000000000000000 0
  302: 00000000:0043 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 412 2 0000000000000000 0
  303: 3500007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 413 2 0000000000000000 0
";
    const TCP: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:2328 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 511 1 0 100 0 0 10 0
   1: 0100007F:2328 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 512 1 0 100 0 0 10 0
";
    const UDP6: &str = "\
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
  10: 00000000000000000000000000000000:0045 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 611 2 0 0
";

    #[test]
    #[cfg(target_endian = "little")]
    fn sockets_are_found_by_port_and_address() {
        let check = |table, protocol, address: &str, expected: &[u64]| {
            let found = inodes(table, protocol, address.parse().unwrap());
            assert_eq!(found, expected.iter().copied().collect(), "{address}");
        };
        check(UDP, Protocol::Udp, "127.0.0.1:6767", &[411]);
        check(UDP, Protocol::Udp, "127.0.0.2:6767", &[]);
        check(UDP, Protocol::Udp, "10.20.0.1:67", &[412]);
        check(UDP, Protocol::Udp, "10.20.0.1:53", &[]);
        check(UDP6, Protocol::Udp, "10.20.0.1:69", &[611]);
        check(TCP, Protocol::Tcp, "10.20.0.1:9000", &[511]);
        check("rubbish\nmore rubbish", Protocol::Tcp, "10.20.0.1:9000", &[]);
    }

    #[test]
    fn a_held_port_leads_to_this_process() {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let std::net::SocketAddr::V4(address) = socket.local_addr().unwrap() else { panic!("no IPv4") };
        let found = holders(Protocol::Udp, address);
        assert_eq!(found.iter().map(|it| it.pid).collect::<Vec<_>>(), [std::process::id()]);
        assert_eq!(holders(Protocol::Tcp, address), []);
    }

    #[test]
    fn rights_are_bits() {
        let rights = Rights::parse("Name:\tpimaster\nCapEff:\t0000000000002400\n").unwrap();
        assert!(rights.has(Right::LowPorts) && rights.has(Right::Frames));
        assert!(!rights.has(Right::Neighbours));
        assert_eq!(Rights::parse("Name:\tx\n"), None);
        assert!(Rights::of(None).is_some());
    }
}
