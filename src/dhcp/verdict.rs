//! What the responder decided, and the words for it in a node's boot events. *Pure.*

use super::destination::Destination;
use super::wire::{self, Reply, ReplyKind};
use crate::model::boot_event::{DhcpAnswer, Unanswered};
use crate::model::clock::Timestamp;
use crate::model::net::{MacAddr, Subnet};
use crate::model::observation::Asker;
use crate::store::leases::Lease;
use std::net::Ipv4Addr;

/// What to do about a request: first commit the lease, then act on the verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The lease as it stands from now on, if it changes.
    pub lease: Option<Lease>,
    /// Answer or not.
    pub verdict: Verdict,
}

/// Answer or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Send this.
    Answer(Box<Answer>),
    /// The client told something that wants no answer.
    Heard(Heard),
    /// Say nothing.
    Ignore(Ignore),
}

/// A reply on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What is sent.
    pub reply: Reply,
    /// Where to.
    pub destination: Destination,
    /// How often.
    pub repeat: Repeat,
    /// Whether the board's firmware or its system asked.
    pub asker: Asker,
    /// How the kernel learns where the board is.
    pub neighbour: Neighbour,
}

/// How the kernel learns a board's hardware address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Neighbour {
    /// It is told, before the reply leaves.
    Told,
    /// By ARP, when it needs it.
    Asked,
}

/// How often a reply is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Repeat {
    /// Once.
    Once,
    /// Again 0.6 s and 1.2 s later: the 3B's boot ROM takes up an OFFER only when another packet arrives after
    /// its timer of 1 s, and gives up if none does.
    ForRom3b,
}

/// What a client told that wants no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Heard {
    /// It gave its address back.
    Released(Ipv4Addr),
    /// It found its address taken; nobody gets it until then.
    Declined(Ipv4Addr, Timestamp),
    /// In proxy mode: it uses an address of another server.
    Uses(Ipv4Addr),
}

/// Why a request gets no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Ignore {
    /// No node has this hardware address: whoever it is, others may be serving it.
    #[error("no node has this hardware address")]
    UnknownMachine,
    /// The client took another server's offer.
    #[error(
        "it follows another DHCP server, {0}; switch that server off in the nodes' network or let it leave out the nodes"
    )]
    OtherServer(Ipv4Addr),
    /// The node's own address cannot be given out where it asks.
    #[error(
        "the node's address {0} is no free host address of {1}, from where it asks; give the node one there"
    )]
    AddressOutside(Ipv4Addr, Subnet),
    /// Somebody else was found on the address.
    #[error(
        "the address {0} was found to be in use by another machine; find that machine, the address is given out again in {1} s"
    )]
    Quarantined(Ipv4Addr, u64),
    /// Another node still uses the address.
    #[error(
        "the address {0} is still leased to {1}, another node; restart that node, or wait until its lease ends"
    )]
    AddressHeld(Ipv4Addr, MacAddr),
    /// A REQUEST without an address.
    #[error("it requests no address")]
    NoAddress,
    /// It declines, releases or asks about an address that is not the node's.
    #[error("it speaks of {0}, which is not the node's address")]
    ForeignAddress(Ipv4Addr),
    /// A broadcast heard although no interface is configured: only relays can be answered.
    #[error("it came from no relay and no interface is configured")]
    NoInterface,
    /// The relay's network is not in the settings.
    #[error(
        "it came from the relay {0}, whose network is unknown; add it to the settings as [[network.relayed]]"
    )]
    UnknownRelay(Ipv4Addr),
    /// In proxy mode: addresses are another server's to give.
    #[error("another DHCP server gives addresses here, pimaster is its proxy")]
    Proxy,
    /// In proxy mode: the device boots nothing for its architecture.
    #[error("no boot file is set for it")]
    NoBootFile,
}

impl Verdict {
    /// One line for the node's boot events.
    pub fn text(&self) -> String {
        match self {
            Self::Answer(answer) => answer.text(),
            Self::Heard(Heard::Released(address)) => format!("gave {address} back"),
            Self::Heard(Heard::Declined(address, until)) => format!(
                "declined {address}: another machine answers there; find it, the address rests until {until}"
            ),
            Self::Heard(Heard::Uses(address)) => format!("uses {address}, which another DHCP server gave"),
            Self::Ignore(reason) => reason.to_string(),
        }
    }

    /// The same for a node's boot events, with the options that are sent.
    pub fn answer(&self) -> DhcpAnswer {
        match self {
            Self::Answer(answer) => {
                let (address, options) = (answer.reply.yiaddr, wire::shown(&answer.reply));
                match answer.reply.kind {
                    ReplyKind::Offer => DhcpAnswer::Offer { address, options },
                    ReplyKind::Ack => DhcpAnswer::Ack { address, options },
                    ReplyKind::Nak => DhcpAnswer::Nak { options },
                }
            }
            Self::Heard(Heard::Released(_) | Heard::Declined(..) | Heard::Uses(_)) => DhcpAnswer::Noted,
            Self::Ignore(reason) => DhcpAnswer::Nothing { reason: reason.unanswered() },
        }
    }
}

impl Ignore {
    fn unanswered(self) -> Unanswered {
        match self {
            Self::OtherServer(server) => Unanswered::OtherServer { server },
            Self::AddressOutside(..) => Unanswered::AddressOutside,
            Self::Quarantined(..) => Unanswered::Quarantined,
            Self::AddressHeld(..) => Unanswered::AddressHeld,
            Self::UnknownMachine
            | Self::NoAddress
            | Self::ForeignAddress(_)
            | Self::NoInterface
            | Self::UnknownRelay(_)
            | Self::Proxy
            | Self::NoBootFile => Unanswered::NotForUs,
        }
    }
}

impl Answer {
    fn text(&self) -> String {
        let (asker, address) = (self.asker.as_str(), self.reply.yiaddr);
        match self.reply.kind {
            ReplyKind::Offer if address.is_unspecified() => {
                format!(
                    "{asker} asks for an address: told where to boot from, the address is another server's"
                )
            }
            ReplyKind::Offer => format!("{asker} asks for an address: {address} offered"),
            ReplyKind::Ack if address.is_unspecified() => {
                format!("{asker} at {} asks for settings: told", self.reply.ciaddr)
            }
            ReplyKind::Ack => format!("{asker} has {address}"),
            ReplyKind::Nak => format!("{asker} asks for an address that is not the node's: refused"),
        }
    }
}
