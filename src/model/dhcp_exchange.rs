//! A DHCP message of a node and what it was answered, as its boot events keep it. *Pure.*

use super::dhcp_option::DhcpOption;
use super::observation::Asker;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::Ipv4Addr;

/// A DHCP message and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DhcpExchange {
    /// Whether the board's firmware asked, or its kernel or system.
    pub asker: Asker,
    /// What it asked for (option 53).
    pub asked: DhcpAsked,
    /// The options of its message, in their order.
    pub options: Vec<DhcpOption>,
    /// What it was answered.
    pub answer: DhcpAnswer,
    /// Why, in a sentence.
    pub why: String,
}

/// What a client's DHCP message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DhcpAsked {
    /// DHCPDISCOVER.
    Discover,
    /// DHCPREQUEST.
    Request,
    /// DHCPDECLINE.
    Decline,
    /// DHCPRELEASE.
    Release,
    /// DHCPINFORM.
    Inform,
}

impl DhcpAsked {
    /// The message as RFC 2131 names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Discover => "DHCPDISCOVER",
            Self::Request => "DHCPREQUEST",
            Self::Decline => "DHCPDECLINE",
            Self::Release => "DHCPRELEASE",
            Self::Inform => "DHCPINFORM",
        }
    }
}

/// What a DHCP message was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "sent", rename_all = "snake_case")]
pub enum DhcpAnswer {
    /// DHCPOFFER.
    Offer {
        /// The address offered.
        address: Ipv4Addr,
        /// The options of the answer.
        options: Vec<DhcpOption>,
    },
    /// DHCPACK.
    Ack {
        /// The address granted; 0.0.0.0 to a DHCPINFORM.
        address: Ipv4Addr,
        /// The options of the answer.
        options: Vec<DhcpOption>,
    },
    /// DHCPNAK.
    Nak {
        /// The options of the answer.
        options: Vec<DhcpOption>,
    },
    /// The message wants no answer and was taken note of.
    Noted,
    /// Nothing.
    Nothing {
        /// Why.
        reason: Unanswered,
    },
}

impl DhcpAnswer {
    /// The answer as RFC 2131 names it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Offer { .. } => "DHCPOFFER",
            Self::Ack { .. } => "DHCPACK",
            Self::Nak { .. } => "DHCPNAK",
            Self::Noted => "noted",
            Self::Nothing { .. } => "not answered",
        }
    }

    /// The options that were sent.
    pub fn options(&self) -> &[DhcpOption] {
        match self {
            Self::Offer { options, .. } | Self::Ack { options, .. } | Self::Nak { options } => options,
            Self::Noted | Self::Nothing { .. } => &[],
        }
    }
}

/// Why a node's message got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Unanswered {
    /// It follows another server.
    OtherServer {
        /// That server.
        server: Ipv4Addr,
    },
    /// The node's address cannot be given out.
    AddressOutside,
    /// Another machine was found on the node's address.
    Quarantined,
    /// Another node holds the node's address.
    AddressHeld,
    /// The message lacks what an answer needs, or is about an address that is not the node's.
    NotForUs,
}

impl fmt::Display for DhcpExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (asker, asked, answer) = (self.asker.as_str(), self.asked.as_str(), self.answer.as_str());
        write!(f, "{asker} {asked}: {answer}")?;
        match &self.answer {
            DhcpAnswer::Offer { address, .. } | DhcpAnswer::Ack { address, .. }
                if !address.is_unspecified() =>
            {
                write!(f, " {address}")
            }
            DhcpAnswer::Offer { .. } | DhcpAnswer::Ack { .. } => Ok(()),
            DhcpAnswer::Nak { .. } | DhcpAnswer::Noted | DhcpAnswer::Nothing { .. } => {
                write!(f, " ({})", self.why)
            }
        }
    }
}
