//! DHCP messages as boards build and read them (RFC 2131, 2132, 4578). *Pure.*
//!
//! Written apart from the server's own codec, so that the two test each other.

use super::facts::{Dhcp, GuidRule, HopsRule, NameRule, PadRule, Reading};
use crate::model::board::{BoardModel, BoardSerial, RevisionCode};
use crate::model::net::MacAddr;
use std::net::Ipv4Addr;

/// What a board is, as its firmware tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// Its model.
    pub model: BoardModel,
    /// Its hardware address.
    pub mac: MacAddr,
    /// Its serial number.
    pub serial: BoardSerial,
    /// Its revision code.
    pub revision: RevisionCode,
}

/// What a board learnt from DHCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// The board's address.
    pub address: Ipv4Addr,
    /// The netmask, if it was told.
    pub mask: Option<Ipv4Addr>,
    /// The router, if it was told.
    pub router: Option<Ipv4Addr>,
    /// The DHCP server's identifier.
    pub server_id: Option<Ipv4Addr>,
    /// The TFTP server, by the rule of the board's firmware; the DHCP server for kernels.
    pub boot_server: Ipv4Addr,
}

/// DHCP message types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Discover = 1,
    Offer = 2,
    Request = 3,
    Decline = 4,
    Ack = 5,
    Nak = 6,
    Release = 7,
}

const COOKIE: [u8; 4] = [99, 130, 83, 99];
const PAD: u8 = 0;
const MASK: u8 = 1;
const ROUTER: u8 = 3;
const VENDOR_SPECIFIC: u8 = 43;
const REQUESTED_ADDRESS: u8 = 50;
const MESSAGE_TYPE: u8 = 53;
const SERVER_ID: u8 = 54;
const PARAMETER_LIST: u8 = 55;
const VENDOR_CLASS: u8 = 60;
const TFTP_SERVER: u8 = 66;
const CLIENT_ARCHITECTURE: u8 = 93;
const CLIENT_INTERFACE: u8 = 94;
const CLIENT_GUID: u8 = 97;
const END: u8 = 255;

/// The name by which the firmware knows a network-boot server, in option 43.
const BOOT_NAME: &[u8] = b"Raspberry Pi Boot";
/// The same as the 3B's ROM needs it.
const PADDED_BOOT_NAME: &[u8] = b"Raspberry Pi Boot   ";

/// A message to be sent.
#[derive(Debug)]
pub(super) struct Message {
    bytes: Vec<u8>,
}

impl Message {
    /// The fixed part, as a client without an address broadcasts it: the broadcast flag is not set.
    pub(super) fn new(kind: Kind, xid: u32, mac: MacAddr) -> Self {
        let mut bytes = vec![1, 1, 6, 0];
        bytes.extend(xid.to_be_bytes());
        // secs, flags, ciaddr, yiaddr, siaddr, giaddr
        bytes.extend([0; 20]);
        bytes.extend(mac.0);
        // rest of chaddr, sname, file
        bytes.extend([0; 10 + 64 + 128]);
        bytes.extend(COOKIE);
        let mut message = Self { bytes };
        message.option(MESSAGE_TYPE, &[kind as u8]);
        message
    }

    pub(super) fn option(&mut self, code: u8, content: &[u8]) -> &mut Self {
        self.bytes.push(code);
        self.bytes.push(u8::try_from(content.len()).unwrap_or(u8::MAX));
        self.bytes.extend(content.iter().take(usize::from(u8::MAX)));
        self
    }

    /// The address and server of an accepted OFFER.
    pub(super) fn choosing(&mut self, address: Ipv4Addr, server: Option<Ipv4Addr>) -> &mut Self {
        self.option(REQUESTED_ADDRESS, &address.octets());
        if let Some(server) = server {
            self.option(SERVER_ID, &server.octets());
        }
        self
    }

    /// The address that the board has.
    pub(super) fn using(&mut self, address: Ipv4Addr) -> &mut Self {
        if let Some(ciaddr) = self.bytes.get_mut(12..16) {
            ciaddr.copy_from_slice(&address.octets());
        }
        self
    }

    /// The server that gave the lease, for a RELEASE, and the address that is given back.
    pub(super) fn releasing(&mut self, address: Ipv4Addr, server: Option<Ipv4Addr>) -> &mut Self {
        self.using(address);
        if let Some(server) = server {
            self.option(SERVER_ID, &server.octets());
        }
        self
    }

    /// The options of boot firmware in its order: 55, 93, 94, 97, 60. The REQUEST of the EEPROMs has no option 60.
    pub(super) fn firmware_options(&mut self, facts: &Dhcp, identity: &Identity, kind: Kind) -> &mut Self {
        self.option(PARAMETER_LIST, facts.parameter_list)
            .option(CLIENT_ARCHITECTURE, &[0, 0])
            .option(CLIENT_INTERFACE, &[1, 2, 1])
            .option(CLIENT_GUID, &guid(facts.guid, identity));
        if kind == Kind::Discover {
            self.option(VENDOR_CLASS, b"PXEClient:Arch:00000:UNDI:002001");
        }
        self
    }

    /// The options of an ordinary client.
    pub(super) fn ordinary_options(&mut self, parameter_list: &[u8]) -> &mut Self {
        self.option(PARAMETER_LIST, parameter_list)
    }

    /// Ends the options; zeroes follow up to `length`.
    pub(super) fn finish(&mut self, length: usize) -> Vec<u8> {
        self.bytes.push(END);
        let padded = self.bytes.len().max(length);
        self.bytes.resize(padded, 0);
        std::mem::take(&mut self.bytes)
    }
}

fn guid(rule: GuidRule, identity: &Identity) -> Vec<u8> {
    let serial = identity.serial.0.to_le_bytes();
    let mut guid = vec![0];
    match rule {
        GuidRule::Constant => guid.extend([0x44; 16]),
        GuidRule::SerialFourTimes => guid.extend(serial.repeat(4)),
        GuidRule::FourCharacters(characters) | GuidRule::FourCharactersWithoutMac(characters) => {
            let [_, _, tail @ ..] = identity.mac.0;
            let is_left_out = matches!(rule, GuidRule::FourCharactersWithoutMac(_));
            guid.extend(characters);
            guid.extend(identity.revision.0.to_le_bytes());
            guid.extend(if is_left_out { [0; 4] } else { tail });
            guid.extend(serial);
        }
    }
    guid
}

/// A message from a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) kind: Kind,
    pub(super) address: Ipv4Addr,
    pub(super) siaddr: Option<Ipv4Addr>,
    pub(super) server_id: Option<Ipv4Addr>,
    pub(super) mask: Option<Ipv4Addr>,
    pub(super) router: Option<Ipv4Addr>,
    /// Option 66, if it is an address in dotted decimal: the firmware resolves no names.
    pub(super) tftp_server: Option<Ipv4Addr>,
    /// Whether option 43 holds the boot server's name.
    pub(super) is_boot_server: bool,
}

/// Why a message from the wire is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ignored {
    /// Not a DHCP reply.
    Malformed,
    /// Another exchange or another board.
    NotOurs,
    /// It says more hops than the ROM takes.
    Hops,
}

impl Reply {
    /// Reads a reply to the exchange `xid` of the board `mac`.
    pub(super) fn parse(bytes: &[u8], xid: u32, mac: MacAddr, reading: Reading) -> Result<Self, Ignored> {
        let address_at = |at: usize| {
            let octets: Option<[u8; 4]> = bytes.get(at..at + 4).and_then(|slice| slice.try_into().ok());
            octets.map(Ipv4Addr::from).ok_or(Ignored::Malformed)
        };
        if bytes.first() != Some(&2) || bytes.get(236..240) != Some(&COOKIE) {
            return Err(Ignored::Malformed);
        }
        if bytes.get(4..8) != Some(&xid.to_be_bytes()) || bytes.get(28..34) != Some(&mac.0) {
            return Err(Ignored::NotOurs);
        }
        if reading.hops == HopsRule::Zero && bytes.get(3) != Some(&0) {
            return Err(Ignored::Hops);
        }
        let siaddr = address_at(20)?;
        let mut reply = Self {
            kind: Kind::Nak,
            address: address_at(16)?,
            siaddr: (!siaddr.is_unspecified()).then_some(siaddr),
            server_id: None,
            mask: None,
            router: None,
            tftp_server: None,
            is_boot_server: false,
        };
        let mut kind = None;
        let mut rest = bytes.get(240..).unwrap_or_default();
        loop {
            match rest {
                [END, ..] => break,
                [PAD, ..] if reading.pads == PadRule::EndsReading => break,
                [PAD, tail @ ..] => rest = tail,
                [code, length, tail @ ..] => {
                    let content = tail.get(..usize::from(*length)).ok_or(Ignored::Malformed)?;
                    if *code == MESSAGE_TYPE {
                        kind = Some(kind_of(content)?);
                    }
                    reply.take(*code, content, reading.name);
                    rest = tail.get(usize::from(*length)..).unwrap_or_default();
                }
                [_] | [] => return Err(Ignored::Malformed),
            }
        }
        kind.map(|kind| Self { kind, ..reply }).ok_or(Ignored::Malformed)
    }

    fn take(&mut self, code: u8, content: &[u8], name: NameRule) {
        let address = || {
            let octets: Option<[u8; 4]> = content.get(..4).and_then(|octets| octets.try_into().ok());
            octets.map(Ipv4Addr::from)
        };
        match code {
            MASK => self.mask = address(),
            ROUTER => self.router = address(),
            SERVER_ID => self.server_id = address(),
            TFTP_SERVER => {
                let text = std::str::from_utf8(content).unwrap_or_default();
                self.tftp_server = text.trim_matches(['\0', ' ']).parse().ok();
            }
            VENDOR_SPECIFIC => {
                let wanted = match name {
                    NameRule::Anywhere => BOOT_NAME,
                    NameRule::Padded => PADDED_BOOT_NAME,
                };
                self.is_boot_server = content.windows(wanted.len()).any(|window| window == wanted);
            }
            _ => {}
        }
    }
}

fn kind_of(content: &[u8]) -> Result<Kind, Ignored> {
    match content {
        [2] => Ok(Kind::Offer),
        [5] => Ok(Kind::Ack),
        [6] => Ok(Kind::Nak),
        [..] => Err(Ignored::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::super::facts::{Version, facts};
    use super::super::programs::LENIENT;
    use super::*;

    const PI4: Identity = Identity {
        model: BoardModel::Pi4b,
        mac: MacAddr([0xdc, 0xa6, 0x32, 0xa7, 0xed, 0x89]),
        serial: BoardSerial(0xe5ef_6e9d),
        revision: RevisionCode(0x00c0_3112),
    };

    fn dhcp(model: BoardModel, version: Version) -> &'static Dhcp {
        facts(model, version).programs[0].dhcp.unwrap()
    }

    /// From a tcpdump of a Pi 4B, raspberrypi/rpi-eeprom issue 103; the others by the release notes.
    #[test]
    fn the_guid_is_the_one_on_the_wire() {
        let check = |model, version, expect: [u8; 16]| {
            assert_eq!(guid(dhcp(model, version).guid, &PI4), [&[0], expect.as_slice()].concat());
        };
        let serial = [157, 110, 239, 229];
        let seen = [82, 80, 105, 52, 18, 49, 192, 0, 50, 167, 237, 137, 157, 110, 239, 229];
        check(BoardModel::Pi4b, Version::Newest, seen);
        let without_mac = [52, 105, 80, 82, 18, 49, 192, 0, 0, 0, 0, 0, 157, 110, 239, 229];
        check(BoardModel::Pi4b, Version::March2020, without_mac);
        check(BoardModel::Pi4b, Version::Oldest, serial.repeat(4).try_into().unwrap());
        check(BoardModel::Pi3bPlus, Version::Newest, serial.repeat(4).try_into().unwrap());
        check(BoardModel::Pi3b, Version::Newest, [0x44; 16]);
        check(BoardModel::Pi3b, Version::BootcodeOnCard, serial.repeat(4).try_into().unwrap());
    }

    #[test]
    fn the_messages_have_the_lengths_on_the_wire() {
        for (model, length) in [(BoardModel::Pi3bPlus, 320), (BoardModel::Pi4b, 322), (BoardModel::Pi5, 322)]
        {
            let facts = dhcp(model, Version::Newest);
            let mut message = Message::new(Kind::Discover, 1, PI4.mac);
            message.firmware_options(facts, &PI4, Kind::Discover);
            assert_eq!(message.finish(facts.message_bytes).len(), length, "{model:?}");
        }
    }

    fn offer(options: &[u8]) -> Vec<u8> {
        let mut bytes = Message::new(Kind::Offer, 7, PI4.mac).bytes;
        bytes[0] = 2;
        bytes[16..20].copy_from_slice(&[10, 0, 0, 9]);
        bytes.extend(options);
        bytes
    }

    fn parse(bytes: &[u8], model: BoardModel, version: Version) -> Result<Reply, Ignored> {
        Reply::parse(bytes, 7, PI4.mac, dhcp(model, version).reading)
    }

    #[test]
    fn offers_are_read() {
        let mut options = vec![66, 8];
        options.extend(b"10.0.0.1");
        options.extend([0, 43, 19]);
        options.extend(b"xRaspberry Pi Boot ");
        options.push(END);
        let bytes = offer(&options);
        let reply = parse(&bytes, BoardModel::Pi4b, Version::Newest).unwrap();
        assert_eq!((reply.kind, reply.is_boot_server), (Kind::Offer, true));
        assert_eq!(reply.address, Ipv4Addr::new(10, 0, 0, 9));
        assert_eq!(reply.tftp_server, Some(Ipv4Addr::new(10, 0, 0, 1)));
        // One space of three; a pad before the name.
        assert!(!parse(&bytes, BoardModel::Pi3b, Version::Newest).unwrap().is_boot_server);
        assert!(parse(&bytes, BoardModel::Pi3b, Version::BootcodeOnCard).unwrap().is_boot_server);
        assert!(!parse(&bytes, BoardModel::Pi4b, Version::Oldest).unwrap().is_boot_server);
    }

    #[test]
    fn what_a_board_cannot_use_is_ignored() {
        let check = |bytes: &[u8], why| assert_eq!(Reply::parse(bytes, 7, PI4.mac, LENIENT), Err(why));
        check(&offer(&[]), Ignored::Malformed);
        check(&offer(&[66, 200, 1]), Ignored::Malformed);
        check(&[2; 100], Ignored::Malformed);
        let foreign = offer(&[END]);
        assert_eq!(Reply::parse(&foreign, 8, PI4.mac, LENIENT), Err(Ignored::NotOurs));
        assert_eq!(Reply::parse(&foreign, 7, MacAddr([1; 6]), LENIENT), Err(Ignored::NotOurs));
        let mut relayed = offer(&[END]);
        relayed[3] = 1;
        assert_eq!(parse(&relayed, BoardModel::Pi3b, Version::Newest), Err(Ignored::Hops));
        assert!(parse(&relayed, BoardModel::Pi3bPlus, Version::Newest).is_ok());
    }
}
