//! What pimaster itself asks, to find other servers. *Pure.*

use super::{LEAST_BYTES, NotEncodable};
use crate::model::net::MacAddr;
use crate::model::observation::Asker;
use dhcproto::v4::{self, DhcpOption, OptionCode};
use dhcproto::{Encodable, Encoder};
use std::net::Ipv4Addr;

/// The DISCOVER of pimaster's own probe: its client identifier says whose it is, and all answers are broadcast. As
/// firmware it asks for what a Raspberry Pi needs to boot.
pub fn discover(mac: MacAddr, asker: Asker) -> Result<Vec<u8>, NotEncodable> {
    const IDENTIFIER: &[u8] = b"\0pimaster-probe";
    const PXE_CLASS: &[u8] = b"PXEClient:Arch:00000:UNDI:002001";
    let none = Ipv4Addr::UNSPECIFIED;
    let [.., a, b, c, d] = mac.0;
    let mut message =
        v4::Message::new_with_id(u32::from_be_bytes([a, b, c, d]), none, none, none, none, &mac.0);
    message.set_flags(v4::Flags::default().set_broadcast());
    let options = message.opts_mut();
    options.insert(DhcpOption::MessageType(v4::MessageType::Discover));
    options.insert(DhcpOption::ClientIdentifier(IDENTIFIER.to_vec()));
    let mut wanted = vec![OptionCode::SubnetMask, OptionCode::Router];
    if asker == Asker::Firmware {
        options.insert(DhcpOption::ClassIdentifier(PXE_CLASS.to_vec()));
        wanted.extend([43, 60, 66, 67].map(OptionCode::from));
    }
    options.insert(DhcpOption::ParameterRequestList(wanted));
    options.insert(DhcpOption::End);
    let mut bytes = Vec::with_capacity(LEAST_BYTES);
    message.encode(&mut Encoder::new(&mut bytes))?;
    bytes.resize(bytes.len().max(LEAST_BYTES), 0);
    Ok(bytes)
}
