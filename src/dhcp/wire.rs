//! Bytes to [`Request`], [`Reply`] to bytes. *Pure.* The only door to dhcproto.
//!
//! Called by `server`. Invariants: no input panics; what is not a whole, sane request of an Ethernet client is
//! [`Nonsense`]; a reply carries no pad option before END (EEPROMs of the Pi 4 before 2020-01-17 stop reading
//! there) and is at least 300 bytes long (BOOTP clients drop shorter ones).

pub use super::reply_option::ReplyOption;
use crate::model::dhcp_option::DhcpOption as Shown;
use crate::model::net::MacAddr;
use dhcproto::v4::borrowed::Message as Borrowed;
use dhcproto::v4::{self, DhcpOption, OptionCode, UnknownOption};
use dhcproto::{Encodable, Encoder};
use std::net::Ipv4Addr;

/// The shortest packet with a fixed part, a cookie and one byte of options.
const SHORTEST: usize = 241;
/// What BOOTP clients take for the least size of a reply (RFC 1542 section 2.1).
const LEAST_REPLY: usize = v4::MIN_PACKET_SIZE;
/// Options of a request that are kept to be shown: boards send six to ten.
const MOST_SHOWN: usize = 32;
/// The header's field for a boot file (RFC 2131 section 2).
const LONGEST_FILE: usize = 128;
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
    let mut bytes = Vec::with_capacity(LEAST_REPLY * 2);
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
    bytes.resize(bytes.len().max(LEAST_REPLY), 0);
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

/// The DISCOVER of pimaster's own probe: its client identifier says whose it is, and all answers are broadcast.
pub fn discover(mac: MacAddr) -> Result<Vec<u8>, NotEncodable> {
    const IDENTIFIER: &[u8] = b"\0pimaster-probe";
    let none = Ipv4Addr::UNSPECIFIED;
    let [.., a, b, c, d] = mac.0;
    let mut message =
        v4::Message::new_with_id(u32::from_be_bytes([a, b, c, d]), none, none, none, none, &mac.0);
    message.set_flags(v4::Flags::default().set_broadcast());
    let options = message.opts_mut();
    options.insert(DhcpOption::MessageType(v4::MessageType::Discover));
    options.insert(DhcpOption::ClientIdentifier(IDENTIFIER.to_vec()));
    options.insert(DhcpOption::ParameterRequestList(vec![OptionCode::SubnetMask, OptionCode::Router]));
    options.insert(DhcpOption::End);
    let mut bytes = Vec::with_capacity(LEAST_REPLY);
    message.encode(&mut Encoder::new(&mut bytes))?;
    bytes.resize(bytes.len().max(LEAST_REPLY), 0);
    Ok(bytes)
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
