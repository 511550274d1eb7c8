//! The options of a reply, by what they mean. *Pure.*
//!
//! Made by `responder`, `boot`, `proxy` and `devices`; `wire` turns them into bytes.

use std::net::Ipv4Addr;

/// An option of a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplyOption {
    /// 54: who answers.
    ServerIdentifier(Ipv4Addr),
    /// 51: how long the address is the client's, in seconds.
    LeaseTime(u32),
    /// 58: when to ask this server for more time, in seconds.
    RenewalTime(u32),
    /// 59: when to ask any server for more time, in seconds.
    RebindingTime(u32),
    /// 1.
    SubnetMask(Ipv4Addr),
    /// 28.
    BroadcastAddress(Ipv4Addr),
    /// 3.
    Router(Ipv4Addr),
    /// 6.
    DomainNameServers(Vec<Ipv4Addr>),
    /// 42.
    NtpServers(Vec<Ipv4Addr>),
    /// 12.
    HostName(String),
    /// 15.
    DomainName(String),
    /// 56: why not.
    Message(&'static str),
    /// 60.
    VendorClass(&'static str),
    /// 97, echoed.
    MachineId(Vec<u8>),
    /// 43.
    VendorInformation(Vec<u8>),
    /// 66: the TFTP server in dotted decimals.
    TftpServer(Ipv4Addr),
    /// 67.
    BootFile(&'static str),
    /// 67, and the same name in the header's `file`: firmware of PCs reads one or the other.
    BootFileOfDevice(String),
    /// Any option that an administrator set.
    Extra(u8, Vec<u8>),
    /// 82, echoed; the last one (RFC 3046 section 2.2).
    RelayInformation(Vec<u8>),
}

impl ReplyOption {
    /// Its code.
    pub fn code(&self) -> u8 {
        match self {
            Self::SubnetMask(_) => 1,
            Self::Router(_) => 3,
            Self::DomainNameServers(_) => 6,
            Self::HostName(_) => 12,
            Self::DomainName(_) => 15,
            Self::BroadcastAddress(_) => 28,
            Self::NtpServers(_) => 42,
            Self::VendorInformation(_) => 43,
            Self::LeaseTime(_) => 51,
            Self::ServerIdentifier(_) => 54,
            Self::Message(_) => 56,
            Self::RenewalTime(_) => 58,
            Self::RebindingTime(_) => 59,
            Self::VendorClass(_) => 60,
            Self::TftpServer(_) => 66,
            Self::BootFile(_) | Self::BootFileOfDevice(_) => 67,
            Self::RelayInformation(_) => 82,
            Self::MachineId(_) => 97,
            Self::Extra(code, _) => *code,
        }
    }
}
