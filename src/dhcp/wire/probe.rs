//! What pimaster itself asks, to find other servers. *Pure.*

use super::{LEAST_BYTES, NotEncodable};
use crate::model::net::MacAddr;
use dhcproto::v4::{self, DhcpOption, OptionCode};
use dhcproto::{Encodable, Encoder};
use std::net::Ipv4Addr;

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
    let mut bytes = Vec::with_capacity(LEAST_BYTES);
    message.encode(&mut Encoder::new(&mut bytes))?;
    bytes.resize(bytes.len().max(LEAST_BYTES), 0);
    Ok(bytes)
}
