//! The heart: a request, what is known of its sender and the time make a decision. *Pure.*
//!
//! Called by `server` inside the transaction that commits the lease. Only nodes are answered, always with the
//! node's fixed address. Invariants: an OFFER is a lease; an address is given to one board at a time; nothing is
//! given out, and nobody answered, outside the nodes' network.
//!
//! ```text
//! DISCOVER ─► OFFER          REQUEST (SELECTING, INIT-REBOOT, RENEWING, REBINDING) ─► ACK, or NAK: start anew
//! INFORM ─► ACK              RELEASE, DECLINE ─► heard              all others ─► ignored, with the reason
//! ```

use super::destination::Destination;
use super::verdict::{Answer, Decision, Heard, Ignore, Neighbour, Repeat, Verdict};
use super::wire::{Alignment, Reply, ReplyKind, ReplyOption, Request, RequestKind};
use super::{Config, boot, devices, extra, proxy};
use crate::model::clock::{Timestamp, from_millis, seconds_between, to_millis};
use crate::model::device::Device;
use crate::model::network::{Mode, Network};
use crate::model::node::Node;
use crate::model::observation::{Asker, Observation};
use crate::model::quirk::{Quirk, Quirks};
use crate::store::leases::{Lease, LeaseState};
use std::net::Ipv4Addr;

/// How long a declined address rests: long enough that it is noticed, shorter than the patience of a deployment.
const QUARANTINE_SECONDS: u32 = 60;
/// Servers named in one option; more would make the reply too long for a boot ROM.
const MOST_SERVERS: usize = 8;
/// The first bit of the flags: broadcast.
const BROADCAST_FLAG: u16 = 0x8000;
/// The longest relay information that fits one option.
const MOST_RELAY_INFORMATION: usize = 255;

/// What is known of a request's sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The node with the sender's hardware address.
    pub node: Node,
    /// The sender's lease.
    pub lease: Option<Lease>,
    /// The lease on the node's address, be it the sender's or somebody else's.
    pub holder: Option<Lease>,
}

/// Decides what each request is answered.
#[derive(Debug, Clone)]
pub struct Responder {
    config: Config,
    quirks: Quirks,
}

impl Responder {
    /// A responder with these settings.
    pub fn new(config: Config, quirks: Quirks) -> Self {
        Self { config, quirks }
    }

    /// Decides about a device's request.
    pub fn respond_device(
        &self,
        request: &Request,
        seen: &Observation,
        device: &Device,
        now: Timestamp,
    ) -> Decision {
        devices::respond(&self.config, request, seen, device, now)
    }

    /// Decides.
    pub fn respond(
        &self,
        request: &Request,
        seen: &Observation,
        known: Option<&Known>,
        now: Timestamp,
    ) -> Decision {
        let Some(known) = known else { return ignored(Ignore::UnknownMachine) };
        if self.config.mode != Mode::Authoritative {
            return proxy::respond(&self.config, request, seen, &known.node);
        }
        if let Some(server) = request.server.filter(|server| *server != self.config.server_address) {
            return ignored(Ignore::OtherServer(server));
        }
        let Some(network) = self.config.network_of(request) else {
            return ignored(Ignore::UnknownRelay(request.giaddr));
        };
        let quirks = self.quirks;
        let exchange = Exchange { config: &self.config, quirks, network, request, seen, known, now };
        match request.kind {
            RequestKind::Discover => exchange.discover(),
            RequestKind::Request => exchange.request(),
            RequestKind::Inform => exchange.inform(),
            RequestKind::Release => exchange.release(),
            RequestKind::Decline => exchange.decline(),
        }
    }
}

/// One request of a node, with all that the answer depends on.
struct Exchange<'a> {
    config: &'a Config,
    quirks: Quirks,
    /// The network that the request came from.
    network: Network,
    request: &'a Request,
    seen: &'a Observation,
    known: &'a Known,
    now: Timestamp,
}

impl Exchange<'_> {
    fn discover(&self) -> Decision {
        match self.obstacle() {
            // Who discovers uses no address any more. To say so now lets two nodes swap theirs.
            Some(reason) => Decision { lease: self.given_up(), verdict: Verdict::Ignore(reason) },
            None => self.granted(ReplyKind::Offer, LeaseState::Offered),
        }
    }

    /// A REQUEST names the address in option 50 (SELECTING, INIT-REBOOT) or in ciaddr (RENEWING, REBINDING);
    /// RFC 2131 section 4.3.2. Since addresses are fixed, all four get the same answer.
    fn request(&self) -> Decision {
        let in_use = Some(self.request.ciaddr).filter(|address| !address.is_unspecified());
        let Some(asked) = self.request.requested.or(in_use) else { return ignored(Ignore::NoAddress) };
        if let Some(reason) = self.obstacle() {
            return ignored(reason);
        }
        let is_right = asked == self.address() && in_use.is_none_or(|address| address == asked);
        if is_right { self.granted(ReplyKind::Ack, LeaseState::Bound) } else { self.refused() }
    }

    fn inform(&self) -> Decision {
        if self.request.ciaddr != self.address() {
            return ignored(Ignore::ForeignAddress(self.request.ciaddr));
        }
        if let Some(reason) = self.obstacle() {
            return ignored(reason);
        }
        // The client has its address from elsewhere: no yiaddr, no times (RFC 2131 section 4.3.5).
        let reply = self.reply(ReplyKind::Ack, Ipv4Addr::UNSPECIFIED, self.settings());
        self.answered(reply, None)
    }

    fn release(&self) -> Decision {
        match &self.known.lease {
            Some(lease) if lease.address == self.request.ciaddr => Decision {
                lease: Some(self.leased(lease.address, LeaseState::Released, 0)),
                verdict: Verdict::Heard(Heard::Released(lease.address)),
            },
            Some(_) | None => ignored(Ignore::ForeignAddress(self.request.ciaddr)),
        }
    }

    fn decline(&self) -> Decision {
        let Some(asked) = self.request.requested else { return ignored(Ignore::NoAddress) };
        if asked != self.address() {
            return ignored(Ignore::ForeignAddress(asked));
        }
        let lease = self.leased(asked, LeaseState::Declined, QUARANTINE_SECONDS);
        let verdict = Verdict::Heard(Heard::Declined(asked, lease.expires_at));
        Decision { lease: Some(lease), verdict }
    }

    fn address(&self) -> Ipv4Addr {
        self.known.node.address
    }

    /// Why the node's address cannot be given out now.
    fn obstacle(&self) -> Option<Ignore> {
        let (address, now) = (self.address(), self.now);
        if !self.network.subnet.is_host(address) || address == self.config.server_address {
            return Some(Ignore::AddressOutside(address, self.network.subnet));
        }
        let holder = self.known.holder.as_ref()?;
        if holder.is_quarantined(now) {
            return Some(Ignore::Quarantined(address, seconds_between(now, holder.expires_at)));
        }
        // A lease of the same node under another hardware address is of the board that stood here before.
        let is_other = holder.mac != self.request.mac && holder.node != self.known.node.id;
        (is_other && holder.is_held(now)).then_some(Ignore::AddressHeld(address, holder.mac))
    }

    /// The lease on an address that the node no longer has, ended.
    fn given_up(&self) -> Option<Lease> {
        let lease = self.known.lease.as_ref()?;
        let is_stale = lease.address != self.address() && lease.is_held(self.now);
        is_stale.then(|| self.leased(lease.address, LeaseState::Released, 0))
    }

    fn granted(&self, kind: ReplyKind, state: LeaseState) -> Decision {
        let seconds = self.config.lease_seconds;
        let is_lease = kind != ReplyKind::Offer || self.quirks.has(Quirk::OfferIsLease);
        let mut options = vec![
            ReplyOption::LeaseTime(seconds),
            ReplyOption::RenewalTime(seconds / 2),
            ReplyOption::RebindingTime(seconds / 8 * 7),
        ];
        options.extend(self.settings());
        let reply = self.reply(kind, self.address(), options);
        self.answered(reply, is_lease.then(|| self.leased(self.address(), state, seconds)))
    }

    fn refused(&self) -> Decision {
        let mut options = vec![
            ReplyOption::ServerIdentifier(self.config.server_address),
            ReplyOption::Message("this is not the node's address"),
        ];
        options.extend(relay_information(self.request));
        // A relay must broadcast the refusal: the client has no address that is its own (section 4.3.2).
        let for_relay = if self.request.giaddr.is_unspecified() { 0 } else { BROADCAST_FLAG };
        let reply = Reply {
            flags: self.request.flags | for_relay,
            hops: self.hops(),
            alignment: self.alignment(),
            ..Reply::to(self.request, ReplyKind::Nak, options)
        };
        self.answered(reply, self.given_up())
    }

    fn answered(&self, reply: Reply, lease: Option<Lease>) -> Decision {
        answered(self.config, self.quirks, self.request, self.seen, reply, lease)
    }

    fn leased(&self, address: Ipv4Addr, state: LeaseState, seconds: u32) -> Lease {
        let expires_at = from_millis(to_millis(self.now).saturating_add(i64::from(seconds) * 1000));
        let (mac, node) = (self.request.mac, self.known.node.id);
        Lease { mac, address, node, state, since: self.now, expires_at }
    }

    fn reply(&self, kind: ReplyKind, yiaddr: Ipv4Addr, settings: Vec<ReplyOption>) -> Reply {
        let mut options = vec![ReplyOption::ServerIdentifier(self.config.server_address)];
        options.extend(settings);
        options.extend(relay_information(self.request));
        let ciaddr = match kind {
            ReplyKind::Ack => self.request.ciaddr,
            ReplyKind::Offer | ReplyKind::Nak => Ipv4Addr::UNSPECIFIED,
        };
        Reply {
            ciaddr,
            yiaddr,
            // Kernels and initial RAM disks take their NFS server from here if they are told no other.
            siaddr: match self.quirks.has(Quirk::ServerInSiaddr) {
                true => self.config.server_address,
                false => Ipv4Addr::UNSPECIFIED,
            },
            hops: self.hops(),
            alignment: self.alignment(),
            ..Reply::to(self.request, kind, options)
        }
    }

    /// Firmware gets what it boots with and little else, systems get what they live with.
    fn settings(&self) -> Vec<ReplyOption> {
        let config = self.config;
        let mut options = vec![
            ReplyOption::SubnetMask(self.network.subnet.mask()),
            ReplyOption::BroadcastAddress(self.network.subnet.broadcast()),
        ];
        options.extend(self.network.router.map(ReplyOption::Router));
        match self.seen.asker {
            Asker::Firmware => {
                let node = &self.known.node;
                let firmware = self.seen.firmware(node.firmware());
                let id = self.request.machine_id.as_deref();
                let (target, server) = (node.boot_target, config.server_address);
                options.extend(boot::options(firmware, target, id, server, self.quirks));
            }
            Asker::System => {
                options.extend(some_servers(&self.network.dns).map(ReplyOption::DomainNameServers));
                options.extend(some_servers(&self.network.ntp).map(ReplyOption::NtpServers));
                options.push(ReplyOption::HostName(self.known.node.name.to_string()));
                options.extend(config.domain.clone().map(ReplyOption::DomainName));
            }
        }
        let node = &self.known.node;
        let set = config.options.of_node(&node.name, node.model);
        extra::apply(&mut options, set, self.seen.asker, self.request);
        options
    }

    fn hops(&self) -> u8 {
        if self.quirks.has(Quirk::ZeroHops) { 0 } else { self.request.hops }
    }

    fn alignment(&self) -> Alignment {
        if self.quirks.has(Quirk::NoPads) { Alignment::Any } else { Alignment::Even }
    }
}

/// A decision to send a reply, to where it reaches the client.
pub(super) fn answered(
    config: &Config,
    quirks: Quirks,
    request: &Request,
    seen: &Observation,
    reply: Reply,
    lease: Option<Lease>,
) -> Decision {
    let destination = Destination::of(request, &reply);
    if destination.needs_link() && config.interface.is_none() {
        return ignored(Ignore::NoInterface);
    }
    let repeat = match reply.kind {
        ReplyKind::Offer if seen.rom_3b && quirks.has(Quirk::RepeatedOffer) => Repeat::ForRom3b,
        ReplyKind::Offer | ReplyKind::Ack | ReplyKind::Nak => Repeat::Once,
    };
    let neighbour = match seen.asker {
        Asker::Firmware if quirks.has(Quirk::KnownNeighbour) => Neighbour::Told,
        Asker::Firmware | Asker::System => Neighbour::Asked,
    };
    let answer = Answer { reply, destination, repeat, asker: seen.asker, neighbour };
    Decision { lease, verdict: Verdict::Answer(Box::new(answer)) }
}

/// What the relay added, to be given back to it (RFC 3046 section 2.2).
pub(super) fn relay_information(request: &Request) -> Option<ReplyOption> {
    let echoed = request.relay_information.as_ref();
    let echoed = echoed.filter(|it| !it.is_empty() && it.len() <= MOST_RELAY_INFORMATION);
    echoed.cloned().map(ReplyOption::RelayInformation)
}

/// A decision to say nothing.
pub(super) fn ignored(reason: Ignore) -> Decision {
    Decision { lease: None, verdict: Verdict::Ignore(reason) }
}

/// The first servers of a list; none if there are none.
pub(super) fn some_servers(servers: &[Ipv4Addr]) -> Option<Vec<Ipv4Addr>> {
    (!servers.is_empty()).then(|| servers.iter().copied().take(MOST_SERVERS).collect())
}
