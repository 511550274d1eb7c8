//! Beside another DHCP server: nodes' firmware is told where to boot from, addresses are the other server's. *Pure.*
//!
//! Called by `responder` and, for the boot server's port, by `boot_server`. A proxy's OFFER carries no address; the
//! board puts it together with the other server's (PXE specification 2.1, section 2.2). Its form is that of dnsmasq's,
//! which every model is known to take: broadcast, `siaddr` empty, options 54, 60, 97, 43, so that the board fetches
//! its files from whoever sent it. No lease comes of it.
//!
//! ```text
//! board ─ DISCOVER ─► other server: OFFER with an address        board ─ REQUEST ─► other server: ACK
//!              └────► pimaster: OFFER with "Raspberry Pi Boot"             └─► pimaster learns the address
//! ```

use super::responder::{answered, ignored, relay_information};
use super::verdict::{Decision, Heard, Ignore, Verdict};
use super::wire::{Reply, ReplyKind, ReplyOption, Request, RequestKind};
use super::{Config, boot};
use crate::model::device::Device;
use crate::model::node::Node;
use crate::model::observation::{Asker, Observation};
use crate::model::quirk::Quirks;
use std::net::Ipv4Addr;

/// The first bit of the flags: broadcast.
const BROADCAST_FLAG: u16 = 0x8000;
/// Sub-option 6 of option 43 with bit 3: take the boot file of this packet, ask for no list of servers
/// (PXE specification 2.1, table 2-1).
const TAKE_THIS_FILE: [u8; 4] = [6, 1, 8, 255];
/// From this architecture on (RFC 4578 section 2.1) firmware asks the boot server's port for its file, as dnsmasq
/// found.
const FIRST_EFI: u16 = 6;

/// Decides about a node's request.
pub(super) fn respond(config: &Config, request: &Request, seen: &Observation, node: &Node) -> Decision {
    match (request.kind, seen.asker) {
        (RequestKind::Discover, Asker::Firmware) => {
            let reply = offer(config, request, boot_options(config, request, seen, node));
            answered(config, Quirks::ALL, request, seen, reply, None)
        }
        _ => match address_in_use(request) {
            Some(address) => Decision { lease: None, verdict: Verdict::Heard(Heard::Uses(address)) },
            None => ignored(Ignore::Proxy),
        },
    }
}

/// Decides about a device's request: only firmware that has a boot file is answered.
pub(super) fn respond_device(
    config: &Config,
    request: &Request,
    seen: &Observation,
    device: &Device,
) -> Decision {
    if (request.kind, seen.asker) != (RequestKind::Discover, Asker::Firmware) {
        return ignored(Ignore::Proxy);
    }
    let Some(file) = device_file(config, device, request) else { return ignored(Ignore::NoBootFile) };
    let mut options = identity(request);
    let asks_again = request.architecture.is_some_and(|number| number >= FIRST_EFI);
    if !asks_again {
        options.push(ReplyOption::VendorInformation(TAKE_THIS_FILE.to_vec()));
        options.extend(file.options);
    }
    let reply = Reply { siaddr: file.server, ..offer(config, request, options) };
    answered(config, Quirks::ALL, request, seen, reply, None)
}

/// The answer of the boot server's port (PXE specification 2.1, section 2.4.5) to firmware that has its address.
pub(super) fn boot_reply(
    config: &Config,
    request: &Request,
    seen: &Observation,
    who: Who<'_>,
) -> Option<Reply> {
    if request.kind != RequestKind::Request || seen.asker != Asker::Firmware {
        return None;
    }
    let (siaddr, options) = match who {
        Who::Node(node) => (config.server_address, boot_options(config, request, seen, node)),
        Who::Device(device) => {
            let file = device_file(config, device, request)?;
            let mut options = identity(request);
            options.push(ReplyOption::VendorInformation(TAKE_THIS_FILE.to_vec()));
            options.extend(file.options);
            (file.server, options)
        }
    };
    let reply = offer(config, request, options);
    let (kind, flags, ciaddr) = (ReplyKind::Ack, request.flags, request.ciaddr);
    Some(Reply { kind, flags, ciaddr, siaddr, ..reply })
}

/// Who asks the boot server.
#[derive(Debug, Clone, Copy)]
pub(super) enum Who<'a> {
    Node(&'a Node),
    Device(&'a Device),
}

/// The address that another server gave a client, as its REQUEST or INFORM tells.
pub(super) fn address_in_use(request: &Request) -> Option<Ipv4Addr> {
    let ciaddr = Some(request.ciaddr).filter(|address| !address.is_unspecified());
    match request.kind {
        RequestKind::Request => request.requested.or(ciaddr),
        RequestKind::Inform => ciaddr,
        RequestKind::Discover | RequestKind::Decline | RequestKind::Release => None,
    }
}

fn boot_options(config: &Config, request: &Request, seen: &Observation, node: &Node) -> Vec<ReplyOption> {
    let firmware = seen.firmware(node.firmware());
    let id = request.machine_id.as_deref();
    let all = boot::options(firmware, node.boot_target, id, config.server_address, Quirks::ALL);
    // Without 66 and 67: a TFTP server in a packet without an address is in no trace that is known to work.
    all.into_iter().filter(|option| matches!(option.code(), 43 | 60 | 97)).collect()
}

/// Options 60 and 97, by which PXE firmware knows a boot server's packet for its own.
fn identity(request: &Request) -> Vec<ReplyOption> {
    let echoed = request.machine_id.clone().map(ReplyOption::MachineId);
    [ReplyOption::VendorClass("PXEClient")].into_iter().chain(echoed).collect()
}

/// A device's boot file, and where it lies.
pub(super) struct DeviceFile {
    pub(super) server: Ipv4Addr,
    pub(super) options: [ReplyOption; 2],
}

/// What a device boots, if it does.
pub(super) fn device_file(config: &Config, device: &Device, request: &Request) -> Option<DeviceFile> {
    let boot = device.boot.as_ref()?;
    let name = boot.file_for(request.architecture)?;
    let server = boot.server.unwrap_or(config.server_address);
    let options = [ReplyOption::TftpServer(server), ReplyOption::BootFileOfDevice(name.to_owned())];
    Some(DeviceFile { server, options })
}

/// An OFFER without an address.
fn offer(config: &Config, request: &Request, boot: Vec<ReplyOption>) -> Reply {
    let mut options = vec![ReplyOption::ServerIdentifier(config.server_address)];
    options.extend(boot);
    options.extend(relay_information(request));
    Reply { flags: request.flags | BROADCAST_FLAG, ..Reply::to(request, ReplyKind::Offer, options) }
}

#[cfg(test)]
mod tests {
    use super::super::destination::Destination;
    use super::super::packets::*;
    use super::super::verdict::Repeat;
    use super::super::{observe, wire};
    use super::*;
    use crate::model::board::BoardModel;
    use crate::model::device::DeviceBoot;
    use crate::model::network::Mode;
    use std::collections::BTreeMap;

    fn proxy() -> Config {
        Config { mode: Mode::Proxy, ..config() }
    }

    fn codes(bytes: &[u8]) -> Vec<u8> {
        options(bytes).into_iter().map(|(code, _)| code).collect()
    }

    #[test]
    fn firmware_is_offered_a_boot_and_no_address() {
        for (packet, model, repeat) in [
            (eeprom_4(), BoardModel::Pi4b, Repeat::Once),
            (rom_3b(), BoardModel::Pi3b, Repeat::ForRom3b),
            (rom_3b_plus(), BoardModel::Pi3bPlus, Repeat::Once),
        ] {
            let decision = respond_to(&packet, model);
            assert_eq!(decision.lease, None);
            let offer = answer(decision);
            assert_eq!((offer.destination, offer.repeat), (Destination::Broadcast, repeat));
            let bytes = wire::encode(&offer.reply).unwrap();
            assert_eq!(codes(&bytes), [53, 54, 60, 97, 43], "as dnsmasq's");
            assert_eq!(bytes[10..12], [0x80, 0], "broadcast");
            assert!(
                [12, 16, 20].into_iter().all(|at| bytes[at..at + 4] == [0; 4]),
                "no address in the header"
            );
            let text = String::from_utf8_lossy(&bytes).into_owned();
            assert!(text.contains("Raspberry Pi Boot"));
        }
    }

    fn respond_to(packet: &Packet, model: BoardModel) -> Decision {
        super::super::packets::respond(proxy(), packet, Some(node(packet.mac, model)), &[])
    }

    #[test]
    fn systems_are_the_other_servers() {
        let verdict = |packet: &Packet| respond_to(packet, BoardModel::Pi4b).verdict;
        assert_eq!(verdict(&kernel(DISCOVER)), Verdict::Ignore(Ignore::Proxy));
        let mut chosen = eeprom_4_request();
        chosen.options.retain(|(code, _)| *code != 54);
        let chosen = chosen.naming_server(OTHER_SERVER);
        assert_eq!(verdict(&chosen), Verdict::Heard(Heard::Uses(ADDRESS)));
        let renewal = udhcpc(REQUEST).using(OTHER_ADDRESS);
        assert_eq!(verdict(&renewal), Verdict::Heard(Heard::Uses(OTHER_ADDRESS)));
        assert_eq!(verdict(&udhcpc(RELEASE).using(ADDRESS)), Verdict::Ignore(Ignore::Proxy));
    }

    fn pc(kind: u8, architecture: u16) -> Packet {
        let packet = Packet::new(kind, [0, 0x1b, 0x21, 0, 0, 1]);
        let class = format!("PXEClient:Arch:{architecture:05}:UNDI:003016");
        packet.with(93, &architecture.to_be_bytes()).with(60, class.as_bytes()).with(97, &[0; 17])
    }

    fn device() -> Device {
        let boot = DeviceBoot {
            server: None,
            file: Some("undionly.kpxe".to_owned()),
            by_architecture: BTreeMap::from([(7, "ipxe.efi".to_owned())]),
        };
        Device {
            name: "pc".parse().unwrap(),
            mac: crate::model::net::MacAddr([0, 0x1b, 0x21, 0, 0, 1]),
            address: OTHER_ADDRESS,
            boot: Some(boot),
            seen_at: None,
        }
    }

    #[test]
    fn a_pc_gets_its_file_in_the_offer_and_uefi_at_the_boot_servers_port() {
        let ask = |packet: &Packet| {
            let request = wire::decode(&packet.bytes()).unwrap();
            respond_device(&proxy(), &request, &observe::observe(&request, Quirks::ALL), &device())
        };
        let bytes = wire::encode(&answer(ask(&pc(DISCOVER, 0))).reply).unwrap();
        assert_eq!(codes(&bytes), [53, 54, 60, 97, 43, 66, 67]);
        assert_eq!(bytes[20..24], SERVER.octets());
        assert!(bytes[108..].starts_with(b"undionly.kpxe\0"));
        let bytes = wire::encode(&answer(ask(&pc(DISCOVER, 7))).reply).unwrap();
        assert_eq!(codes(&bytes), [53, 54, 60, 97], "it asks again");
        assert_eq!(ask(&kernel(DISCOVER)).verdict, Verdict::Ignore(Ignore::Proxy));

        let again = wire::decode(&pc(REQUEST, 7).using(OTHER_ADDRESS).bytes()).unwrap();
        let seen = observe::observe(&again, Quirks::ALL);
        let reply = boot_reply(&proxy(), &again, &seen, Who::Device(&device())).unwrap();
        assert_eq!((reply.kind, reply.ciaddr, reply.siaddr), (ReplyKind::Ack, OTHER_ADDRESS, SERVER));
        let bytes = wire::encode(&reply).unwrap();
        assert_eq!(options(&bytes).last(), Some(&(67, b"ipxe.efi".to_vec())));
        let none = Device { boot: None, ..device() };
        assert!(boot_reply(&proxy(), &again, &seen, Who::Device(&none)).is_none());
    }
}
