//! What was seen lately, so that what is said again and again is looked at once. *Pure.* Called by `watch`.

use super::sights::Sight;
use crate::model::net::MacAddr;
use std::collections::HashMap;
use std::mem::{Discriminant, discriminant};
use std::net::Ipv4Addr;
use std::time::Duration;
use tokio::time::Instant;

/// What was seen once is looked at again only after this.
const QUIET: Duration = Duration::from_secs(60);
/// Sights kept; who floods the network makes pimaster look at some of them more often.
const MOST: usize = 4096;

/// Sights by their kind and by who said it of which address: a server that asks for a hardware address claims its own,
/// which says nothing of its offers.
#[derive(Debug, Default)]
pub(super) struct Recent(HashMap<(Discriminant<Sight>, Ipv4Addr, MacAddr), Instant>);

impl Recent {
    /// Whether the sight is to be looked at, which is remembered.
    pub(super) fn is_news(&mut self, sight: &Sight, now: Instant) -> bool {
        let (address, mac) = match sight {
            Sight::Server(server) => (server.server, server.mac),
            Sight::Claim { address, mac } => (*address, *mac),
        };
        let key = (discriminant(sight), address, mac);
        if self.0.get(&key).is_some_and(|at| now.duration_since(*at) < QUIET) {
            return false;
        }
        if self.0.len() >= MOST {
            self.0.clear();
        }
        self.0.insert(key, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::sights::ServerSight;
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_kind_of_sight_is_news_once_in_a_while() {
        let (address, mac, now) = (Ipv4Addr::new(10, 20, 0, 66), MacAddr([9; 6]), Instant::now());
        let claim = Sight::Claim { address, mac };
        let server = Sight::Server(ServerSight::new(address, mac, MacAddr([2; 6]), None));
        let mut recent = Recent::default();
        assert!(recent.is_news(&claim, now));
        assert!(recent.is_news(&server, now), "its claim hides no offer");
        assert!(!recent.is_news(&claim, now + QUIET / 2) && !recent.is_news(&server, now + QUIET / 2));
        assert!(recent.is_news(&server, now + QUIET));
        let other = Sight::Claim { address, mac: MacAddr([8; 6]) };
        assert!(recent.is_news(&other, now), "another machine at that address");
    }
}
