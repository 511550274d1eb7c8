//! What a client asks, from its bytes. *Pure.*

use crate::model::dhcp_option::DhcpOption as Shown;
use crate::model::net::MacAddr;
use dhcproto::v4::borrowed::Message as Borrowed;
use dhcproto::v4::{self, OptionCode};
use std::net::Ipv4Addr;

/// The shortest packet with a fixed part, a cookie and one byte of options.
const SHORTEST: usize = 241;
/// Options of a request that are kept to be shown: boards send six to ten.
const MOST_SHOWN: usize = 32;
/// Relays in a row beyond which a packet runs in circles (RFC 1542 section 4.1.1).
const MOST_HOPS: u8 = 16;

/// What a client wants (option 53).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RequestKind {
    /// Any server's offer.
    Discover,
    /// An address, or more time on it.
    Request,
    /// To say that the address is taken by somebody else.
    Decline,
    /// To give the address back.
    Release,
    /// The settings alone.
    Inform,
}

/// A client's packet, as far as answers depend on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What the client wants.
    pub kind: RequestKind,
    /// The client's number for this exchange.
    pub xid: u32,
    /// The flags as they came; the first bit asks for a broadcast answer.
    pub flags: u16,
    /// The address that the client uses already.
    pub ciaddr: Ipv4Addr,
    /// The relay that passed the packet on; 0.0.0.0 if none did.
    pub giaddr: Ipv4Addr,
    /// How many relays counted it.
    pub hops: u8,
    /// Who asks.
    pub mac: MacAddr,
    /// The address asked for (option 50).
    pub requested: Option<Ipv4Addr>,
    /// The server meant (option 54).
    pub server: Option<Ipv4Addr>,
    /// The options asked for (option 55), as bare codes.
    pub parameters: Vec<u8>,
    /// Option 60.
    pub vendor_class: Option<Vec<u8>>,
    /// Option 93, the first of the list.
    pub architecture: Option<u16>,
    /// Option 97.
    pub machine_id: Option<Vec<u8>>,
    /// Option 12.
    pub host_name: Option<Vec<u8>>,
    /// Option 82, to be echoed to the relay.
    pub relay_information: Option<Vec<u8>>,
    /// All options as people read them, in their order.
    pub options: Vec<Shown>,
}

impl Request {
    /// Whether the client cannot take a unicast answer.
    pub fn wants_broadcast(&self) -> bool {
        v4::Flags::from(self.flags).broadcast()
    }

    /// The network that the relay says the client is in (option 82, sub-option 5, RFC 3527).
    fn link_selection(&self) -> Option<Ipv4Addr> {
        const LINK_SELECTION: u8 = 5;
        let mut rest = self.relay_information.as_deref()?;
        while let [code, length, tail @ ..] = rest {
            let data = tail.get(..usize::from(*length))?;
            if *code == LINK_SELECTION {
                return <[u8; 4]>::try_from(data).ok().map(Ipv4Addr::from);
            }
            rest = tail.get(usize::from(*length)..)?;
        }
        None
    }

    /// An address in the network of the relay that passed the request on: its own, unless its information names the
    /// network (RFC 3527). None if no relay did.
    pub fn relay(&self) -> Option<Ipv4Addr> {
        self.link_selection().or(Some(self.giaddr)).filter(|it| !it.is_unspecified())
    }

    /// Whether option 55 asks for the vendor's boot settings and the TFTP server.
    pub fn asks_for_boot(&self) -> bool {
        [OptionCode::VendorExtensions, OptionCode::TFTPServerName]
            .into_iter()
            .all(|code| self.parameters.contains(&u8::from(code)))
    }
}

/// Why bytes are no request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Nonsense {
    /// Shorter than any DHCP packet.
    #[error("the packet is too short")]
    TooShort,
    /// Not BOOTREQUEST: an answer, our own among them.
    #[error("the packet is no request")]
    NotARequest,
    /// The hardware address is not of Ethernet, is a group's or is zero.
    #[error("the hardware address is no Ethernet board's")]
    NotEthernet,
    /// BOOTP without DHCP, or something else.
    #[error("the DHCP cookie is missing")]
    NoCookie,
    /// The options are cut off or lack their end mark.
    #[error("the options have no end")]
    NoEnd,
    /// An option that we need has a wrong length.
    #[error("an option has a wrong length")]
    WrongLength,
    /// Option 53 is missing, or says what only servers say.
    #[error("the message type is no client's")]
    WrongKind,
    /// The relay's address is nobody's, or the packet runs in circles.
    #[error("the relay cannot be answered")]
    WrongRelay,
}

/// Decodes a packet.
pub fn decode(bytes: &[u8]) -> Result<Request, Nonsense> {
    if bytes.len() < SHORTEST {
        return Err(Nonsense::TooShort);
    }
    let message = Borrowed::new(bytes).map_err(|_| Nonsense::TooShort)?;
    if message.opcode() != v4::Opcode::BootRequest {
        return Err(Nonsense::NotARequest);
    }
    // First of all uses of chaddr(), which panics on lengths over 16.
    if message.hlen() != 6 || message.htype() != v4::HType::Eth {
        return Err(Nonsense::NotEthernet);
    }
    let mac = <[u8; 6]>::try_from(message.chaddr()).map_err(|_| Nonsense::NotEthernet)?;
    if mac == [0; 6] || mac.first().is_some_and(|first| first & 1 == 1) {
        return Err(Nonsense::NotEthernet);
    }
    let (cookie, options) =
        bytes.get(236..).and_then(|rest| rest.split_at_checked(4)).ok_or(Nonsense::TooShort)?;
    if cookie != v4::MAGIC {
        return Err(Nonsense::NoCookie);
    }
    if !has_end(options) {
        return Err(Nonsense::NoEnd);
    }
    let giaddr = message.giaddr();
    if message.hops() > MOST_HOPS || giaddr.is_multicast() || giaddr.is_broadcast() {
        return Err(Nonsense::WrongRelay);
    }
    let mut request = Request {
        kind: RequestKind::Discover,
        xid: message.xid(),
        flags: message.flags().into(),
        ciaddr: message.ciaddr(),
        giaddr,
        hops: message.hops(),
        mac: MacAddr(mac),
        requested: None,
        server: None,
        parameters: Vec::new(),
        vendor_class: None,
        architecture: None,
        machine_id: None,
        host_name: None,
        relay_information: None,
        options: Vec::new(),
    };
    request.kind = take_options(&message, &mut request)?.ok_or(Nonsense::WrongKind)?;
    Ok(request)
}

/// Whether the options run up to an END without being cut. dhcproto's iterator stops at both alike.
fn has_end(mut options: &[u8]) -> bool {
    loop {
        options = match options {
            [255, ..] => return true,
            [0, rest @ ..] => rest,
            [_, length, rest @ ..] => match rest.get(usize::from(*length)..) {
                Some(rest) => rest,
                None => return false,
            },
            [] | [_] => return false,
        };
    }
}

/// Reads the options; the first of each code counts. Returns the message type.
#[expect(clippy::wildcard_enum_match_arm, reason = "dhcproto's list of 150 codes")]
fn take_options(message: &Borrowed<'_>, request: &mut Request) -> Result<Option<RequestKind>, Nonsense> {
    let mut kind = None;
    for option in message.opts() {
        let data = option.data();
        if request.options.len() < MOST_SHOWN {
            request.options.push(Shown::read(option.code().into(), data));
        }
        match option.code() {
            OptionCode::MessageType if kind.is_none() => kind = Some(kind_of(data)?),
            OptionCode::RequestedIpAddress => keep(&mut request.requested, address(data)?),
            OptionCode::ServerIdentifier => keep(&mut request.server, address(data)?),
            OptionCode::ParameterRequestList if request.parameters.is_empty() => {
                request.parameters = data.to_vec();
            }
            OptionCode::ClassIdentifier => keep(&mut request.vendor_class, data.to_vec()),
            OptionCode::ClientSystemArchitecture => {
                let first = data.first_chunk().ok_or(Nonsense::WrongLength)?;
                keep(&mut request.architecture, u16::from_be_bytes(*first));
            }
            OptionCode::ClientMachineIdentifier => keep(&mut request.machine_id, data.to_vec()),
            OptionCode::Hostname => keep(&mut request.host_name, data.to_vec()),
            OptionCode::RelayAgentInformation => keep(&mut request.relay_information, data.to_vec()),
            _ => {}
        }
    }
    Ok(kind)
}

fn keep<T>(slot: &mut Option<T>, value: T) {
    slot.get_or_insert(value);
}

fn address(data: &[u8]) -> Result<Ipv4Addr, Nonsense> {
    <[u8; 4]>::try_from(data).map(Ipv4Addr::from).map_err(|_| Nonsense::WrongLength)
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "what servers and lease queries say, and numbers without meaning"
)]
fn kind_of(data: &[u8]) -> Result<RequestKind, Nonsense> {
    let [code] = data else { return Err(Nonsense::WrongLength) };
    match v4::MessageType::from(*code) {
        v4::MessageType::Discover => Ok(RequestKind::Discover),
        v4::MessageType::Request => Ok(RequestKind::Request),
        v4::MessageType::Decline => Ok(RequestKind::Decline),
        v4::MessageType::Release => Ok(RequestKind::Release),
        v4::MessageType::Inform => Ok(RequestKind::Inform),
        _ => Err(Nonsense::WrongKind),
    }
}
