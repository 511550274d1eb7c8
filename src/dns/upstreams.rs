//! Which servers answer for the rest of the world. *IO: reads resolv.conf; the parsing is pure.*
//!
//! Called by `forward` for each question that the cache cannot answer. Invariant: pimaster itself is never among
//! them, whatever the settings or resolv.conf say.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

const DNS_PORT: u16 = 53;
/// How long resolv.conf is believed: whoever manages the other network rewrites it at any time.
const BELIEVED: Duration = Duration::from_secs(5);
/// Servers asked at most; resolv.conf has no more (resolv.conf(5), MAXNS).
const MOST_SERVERS: usize = 3;

/// Where the servers stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// In the settings.
    Listed(Vec<SocketAddr>),
    /// In a resolv.conf.
    File(PathBuf),
}

/// The servers to ask.
#[derive(Debug)]
pub(super) struct Upstreams {
    source: Source,
    own: SocketAddr,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    servers: Vec<SocketAddr>,
    read_at: Option<Instant>,
    /// Who answered last is asked first.
    last_good: Option<SocketAddr>,
}

impl Upstreams {
    /// `own` is where this server listens.
    pub(super) fn new(source: Source, own: SocketAddr) -> Self {
        Self { source, own, known: Mutex::default() }
    }

    /// The servers, the most promising first.
    pub(super) async fn current(&self) -> Vec<SocketAddr> {
        let mut servers = match &self.source {
            Source::Listed(servers) => others(servers.clone(), self.own),
            Source::File(path) => self.read(path).await,
        };
        let last_good = self.known.lock().unwrap_or_else(PoisonError::into_inner).last_good;
        servers.sort_by_key(|server| Some(*server) != last_good);
        servers
    }

    /// Remembers that this one answered.
    pub(super) fn answered(&self, server: SocketAddr) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).last_good = Some(server);
    }

    async fn read(&self, path: &PathBuf) -> Vec<SocketAddr> {
        {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if known.read_at.is_some_and(|at| at.elapsed() < BELIEVED) {
                return known.servers.clone();
            }
        }
        let text = tokio::fs::read_to_string(path).await.unwrap_or_else(|cause| {
            tracing::debug!(path = %path.display(), %cause, "no list of DNS servers");
            String::new()
        });
        let servers = others(parse(&text), self.own);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if servers.is_empty() && (known.read_at.is_none() || !known.servers.is_empty()) {
            tracing::warn!(
                path = %path.display(),
                "names no DNS server but perhaps pimaster itself, so only the rack's names can be answered; set forward in [dns]"
            );
        }
        known.read_at = Some(Instant::now());
        known.servers.clone_from(&servers);
        servers
    }
}

/// Without this server itself, and each only once.
fn others(servers: Vec<SocketAddr>, own: SocketAddr) -> Vec<SocketAddr> {
    let mut seen = HashSet::from([own]);
    servers.into_iter().filter(|server| seen.insert(*server)).take(MOST_SERVERS).collect()
}

/// The `nameserver` lines (resolv.conf(5)). What is no address is passed over, as the C library does.
fn parse(text: &str) -> Vec<SocketAddr> {
    let server = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        if words.next() != Some("nameserver") {
            return None;
        }
        let address = words.next()?;
        match address.split_once('%') {
            Some((address, scope)) => Some(scoped(address.parse().ok()?, scope)?.into()),
            None => Some(SocketAddr::new(address.parse::<IpAddr>().ok()?, DNS_PORT)),
        }
    };
    text.lines().filter_map(server).collect()
}

/// A link-local address belongs to an interface, named or numbered.
fn scoped(address: Ipv6Addr, scope: &str) -> Option<SocketAddrV6> {
    let index = scope.parse().ok().or_else(|| nix::net::if_::if_nametoindex(scope).ok())?;
    Some(SocketAddrV6::new(address, DNS_PORT, 0, index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolv_conf_is_read_as_the_c_library_reads_it() {
        let text = "# made by hand\nnameserver 9.9.9.9\n;nameserver 1.1.1.1\nsearch lab\n nameserver\t2620:fe::fe # x\n\
                    nameserver fe80::1%7\nnameserver nonsense\nnameserver\noptions edns0\nnameservers 8.8.8.8\n";
        let found: Vec<String> = parse(text).iter().map(SocketAddr::to_string).collect();
        assert_eq!(found, ["9.9.9.9:53", "[2620:fe::fe]:53", "[fe80::1%7]:53"]);
    }

    #[test]
    fn this_server_is_never_asked() {
        let own: SocketAddr = "10.20.0.1:53".parse().unwrap();
        let file = parse("nameserver 10.20.0.1\nnameserver 192.0.2.1\nnameserver 192.0.2.1\n");
        assert_eq!(others(file, own), ["192.0.2.1:53".parse().unwrap()]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_rewritten_file_counts_and_who_answered_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("resolv.conf");
        std::fs::write(&path, "nameserver 192.0.2.1\nnameserver 192.0.2.2\n").unwrap();
        let upstreams = Upstreams::new(Source::File(path.clone()), "10.20.0.1:53".parse().unwrap());
        let shown = async || {
            upstreams.current().await.iter().map(|it| it.ip().to_string()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(shown().await, "192.0.2.1 192.0.2.2");
        upstreams.answered("192.0.2.2:53".parse().unwrap());
        assert_eq!(shown().await, "192.0.2.2 192.0.2.1");
        std::fs::write(&path, "nameserver 192.0.2.3\n").unwrap();
        tokio::time::advance(BELIEVED).await;
        assert_eq!(shown().await, "192.0.2.3");
        std::fs::remove_file(&path).unwrap();
        tokio::time::advance(BELIEVED).await;
        assert_eq!(shown().await, "");
    }
}
