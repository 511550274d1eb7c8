//! What the server says, to bytes. *Pure.*

use super::{LEAST_BYTES, ReplyOption, Request};
use crate::model::dhcp_option::DhcpOption as Shown;
use crate::model::net::MacAddr;
use dhcproto::v4::{self, DhcpOption, OptionCode, UnknownOption};
use dhcproto::{Encodable, Encoder};
use std::net::Ipv4Addr;

/// The header's field for a boot file (RFC 2131 section 2).
const LONGEST_FILE: usize = 128;

/// What the server says (option 53).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReplyKind {
    /// An address to be had.
    Offer,
    /// Granted.
    Ack,
    /// Refused: start anew.
    Nak,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// What is said.
    pub kind: ReplyKind,
    /// The client's number for this exchange.
    pub xid: u32,
    /// The flags for client or relay.
    pub flags: u16,
    /// The address that the client uses already.
    pub ciaddr: Ipv4Addr,
    /// The address that the client gets.
    pub yiaddr: Ipv4Addr,
    /// The server of the next step, TFTP.
    pub siaddr: Ipv4Addr,
    /// The relay.
    pub giaddr: Ipv4Addr,
    /// The hops it says.
    pub hops: u8,
    /// The client.
    pub mac: MacAddr,
    /// The options behind 53, in the order in which they are sent.
    pub options: Vec<ReplyOption>,
    /// Where they may begin.
    pub alignment: Alignment,
}

impl Reply {
    /// An answer to that request which gives nothing but its options.
    pub fn to(request: &Request, kind: ReplyKind, options: Vec<ReplyOption>) -> Self {
        Self {
            kind,
            xid: request.xid,
            flags: request.flags,
            ciaddr: Ipv4Addr::UNSPECIFIED,
            yiaddr: Ipv4Addr::UNSPECIFIED,
            siaddr: Ipv4Addr::UNSPECIFIED,
            giaddr: request.giaddr,
            hops: 0,
            mac: request.mac,
            options,
            alignment: Alignment::Any,
        }
    }
}

/// Where options may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Alignment {
    /// Anywhere, one directly behind the other.
    Any,
    /// At even offsets, with pad options between them.
    Even,
}

/// A reply that does not fit its format.
#[derive(Debug, thiserror::Error)]
#[error("the reply does not fit into a DHCP packet")]
pub struct NotEncodable(#[from] dhcproto::error::EncodeError);

/// Encodes a reply.
pub fn encode(reply: &Reply) -> Result<Vec<u8>, NotEncodable> {
    let mut message = v4::Message::new_with_id(
        reply.xid,
        reply.ciaddr,
        reply.yiaddr,
        reply.siaddr,
        reply.giaddr,
        &reply.mac.0,
    );
    message.set_opcode(v4::Opcode::BootReply).set_hops(reply.hops).set_flags(reply.flags.into());
    for option in &reply.options {
        if let ReplyOption::BootFileOfDevice(name) = option
            && name.len() <= LONGEST_FILE
        {
            message.set_fname_str(name);
        }
    }
    let mut bytes = Vec::with_capacity(LEAST_BYTES * 2);
    let mut encoder = Encoder::new(&mut bytes);
    // Without options of its own the message is the fixed part and the cookie alone; the options follow in our
    // order, since dhcproto would sort them and some clients want 53 first.
    message.encode(&mut encoder)?;
    DhcpOption::MessageType(match reply.kind {
        ReplyKind::Offer => v4::MessageType::Offer,
        ReplyKind::Ack => v4::MessageType::Ack,
        ReplyKind::Nak => v4::MessageType::Nak,
    })
    .encode(&mut encoder)?;
    for option in &reply.options {
        if reply.alignment == Alignment::Even && encoder.len_filled() % 2 == 1 {
            DhcpOption::Pad.encode(&mut encoder)?;
        }
        wire_option(option).encode(&mut encoder)?;
    }
    DhcpOption::End.encode(&mut encoder)?;
    bytes.resize(bytes.len().max(LEAST_BYTES), 0);
    Ok(bytes)
}

/// The options of a reply as people read them, in their order. What does not fit its format is left out.
pub fn shown(reply: &Reply) -> Vec<Shown> {
    let show = |option: &ReplyOption| {
        let mut bytes = Vec::new();
        wire_option(option).encode(&mut Encoder::new(&mut bytes)).ok()?;
        let (code, data) = (bytes.first()?, bytes.get(2..)?);
        Some(Shown::read(*code, data))
    };
    reply.options.iter().filter_map(show).collect()
}

fn wire_option(option: &ReplyOption) -> DhcpOption {
    let raw = |code, data: &Vec<u8>| DhcpOption::Unknown(UnknownOption::new(code, data.clone()));
    match option {
        ReplyOption::ServerIdentifier(address) => DhcpOption::ServerIdentifier(*address),
        ReplyOption::LeaseTime(seconds) => DhcpOption::AddressLeaseTime(*seconds),
        ReplyOption::RenewalTime(seconds) => DhcpOption::Renewal(*seconds),
        ReplyOption::RebindingTime(seconds) => DhcpOption::Rebinding(*seconds),
        ReplyOption::SubnetMask(mask) => DhcpOption::SubnetMask(*mask),
        ReplyOption::BroadcastAddress(address) => DhcpOption::BroadcastAddr(*address),
        ReplyOption::Router(address) => DhcpOption::Router(vec![*address]),
        ReplyOption::DomainNameServers(servers) => DhcpOption::DomainNameServer(servers.clone()),
        ReplyOption::NtpServers(servers) => DhcpOption::NtpServers(servers.clone()),
        ReplyOption::HostName(name) => DhcpOption::Hostname(name.clone()),
        ReplyOption::DomainName(name) => DhcpOption::DomainName(name.clone()),
        ReplyOption::Message(text) => DhcpOption::Message((*text).to_owned()),
        ReplyOption::VendorClass(text) => DhcpOption::ClassIdentifier(text.as_bytes().to_vec()),
        ReplyOption::MachineId(id) => raw(OptionCode::ClientMachineIdentifier, id),
        ReplyOption::VendorInformation(inner) => raw(OptionCode::VendorExtensions, inner),
        ReplyOption::TftpServer(address) => DhcpOption::TFTPServerName(address.to_string().into_bytes()),
        ReplyOption::BootFile(name) => DhcpOption::BootfileName(name.as_bytes().to_vec()),
        ReplyOption::BootFileOfDevice(name) => DhcpOption::BootfileName(name.as_bytes().to_vec()),
        ReplyOption::Extra(code, data) => raw(OptionCode::from(*code), data),
        ReplyOption::RelayInformation(echoed) => raw(OptionCode::RelayAgentInformation, echoed),
    }
}
