//! Devices: machines with a fixed address that are no nodes, as ordinary DHCP clients. *Pure.*
//!
//! Called by `server`. A device's address is its own for ever, so there is no lease to keep: what is saved is that
//! it asked.

use super::proxy::{device_file, respond_device};
use super::responder::{answered, ignored, relay_information, some_servers};
use super::verdict::{Decision, Heard, Ignore, Verdict};
use super::wire::{Reply, ReplyKind, ReplyOption, Request, RequestKind};
use super::{Config, extra};
use crate::model::clock::Timestamp;
use crate::model::device::Device;
use crate::model::network::{Mode, Network};
use crate::model::observation::{Asker, Observation};
use crate::model::quirk::Quirks;
use std::net::Ipv4Addr;

/// Decides about a device's request.
pub(super) fn respond(
    config: &Config,
    request: &Request,
    seen: &Observation,
    device: &Device,
    now: Timestamp,
) -> Decision {
    if config.mode != Mode::Authoritative {
        return respond_device(config, request, seen, device);
    }
    if let Some(server) = request.server.filter(|server| *server != config.server_address) {
        return ignored(Ignore::OtherServer(server));
    }
    let Some(network) = config.network_of(request) else {
        return ignored(Ignore::UnknownRelay(request.giaddr));
    };
    let network = &network;
    let address = device.address;
    if !network.subnet.is_host(address) || address == config.server_address {
        return ignored(Ignore::AddressOutside(address, network.subnet));
    }
    let given = |kind| granted(config, network, request, device, kind);
    let reply = match request.kind {
        RequestKind::Discover => given(ReplyKind::Offer),
        RequestKind::Request => {
            let in_use = Some(request.ciaddr).filter(|address| !address.is_unspecified());
            match request.requested.or(in_use) {
                Some(asked) if asked == address => given(ReplyKind::Ack),
                Some(_) => refused(config, request),
                None => return ignored(Ignore::NoAddress),
            }
        }
        RequestKind::Inform if request.ciaddr == address => informed(config, network, request, device),
        RequestKind::Inform => return ignored(Ignore::ForeignAddress(request.ciaddr)),
        RequestKind::Release => return heard(Heard::Released(address)),
        RequestKind::Decline => return heard(Heard::Declined(address, now)),
    };
    // No boot ROM of a 3B, whatever it looks like.
    let seen = Observation { asker: Asker::System, rom_3b: false, ..seen.clone() };
    answered(config, Quirks::ALL, request, &seen, reply, None)
}

fn heard(heard: Heard) -> Decision {
    Decision { lease: None, verdict: Verdict::Heard(heard) }
}

fn granted(config: &Config, network: &Network, request: &Request, device: &Device, kind: ReplyKind) -> Reply {
    let seconds = config.lease_seconds;
    let mut options = vec![
        ReplyOption::ServerIdentifier(config.server_address),
        ReplyOption::LeaseTime(seconds),
        ReplyOption::RenewalTime(seconds / 2),
        ReplyOption::RebindingTime(seconds / 8 * 7),
    ];
    options.extend(settings(config, network, request, device));
    reply(config, request, device, kind, device.address, options)
}

fn informed(config: &Config, network: &Network, request: &Request, device: &Device) -> Reply {
    let mut options = vec![ReplyOption::ServerIdentifier(config.server_address)];
    options.extend(settings(config, network, request, device));
    reply(config, request, device, ReplyKind::Ack, Ipv4Addr::UNSPECIFIED, options)
}

fn refused(config: &Config, request: &Request) -> Reply {
    let for_relay = if request.giaddr.is_unspecified() { 0 } else { 0x8000 };
    let mut options = vec![
        ReplyOption::ServerIdentifier(config.server_address),
        ReplyOption::Message("this is not the device's address"),
    ];
    options.extend(relay_information(request));
    Reply { flags: request.flags | for_relay, ..Reply::to(request, ReplyKind::Nak, options) }
}

fn settings(config: &Config, network: &Network, request: &Request, device: &Device) -> Vec<ReplyOption> {
    let mut options = vec![
        ReplyOption::SubnetMask(network.subnet.mask()),
        ReplyOption::BroadcastAddress(network.subnet.broadcast()),
    ];
    options.extend(network.router.map(ReplyOption::Router));
    options.extend(some_servers(&network.dns).map(ReplyOption::DomainNameServers));
    options.extend(some_servers(&network.ntp).map(ReplyOption::NtpServers));
    options.push(ReplyOption::HostName(device.name.to_string()));
    options.extend(config.domain.clone().map(ReplyOption::DomainName));
    extra::apply(&mut options, config.options.of_device(&device.name), Asker::System, request);
    options
}

fn reply(
    config: &Config,
    request: &Request,
    device: &Device,
    kind: ReplyKind,
    yiaddr: Ipv4Addr,
    mut options: Vec<ReplyOption>,
) -> Reply {
    let file = device_file(config, device, request);
    let siaddr = file.as_ref().map_or(Ipv4Addr::UNSPECIFIED, |file| file.server);
    options.extend(file.into_iter().flat_map(|file| file.options));
    options.extend(relay_information(request));
    let ciaddr = if kind == ReplyKind::Ack { request.ciaddr } else { Ipv4Addr::UNSPECIFIED };
    Reply { ciaddr, yiaddr, siaddr, ..Reply::to(request, kind, options) }
}

#[cfg(test)]
mod tests {
    use super::super::destination::Destination;
    use super::super::packets::*;
    use super::super::{observe, wire};
    use super::*;
    use crate::model::device::DeviceBoot;
    use crate::model::net::MacAddr;

    const MAC: [u8; 6] = [0, 0x1b, 0x21, 0, 0, 1];

    fn device() -> Device {
        let boot = DeviceBoot { file: Some("ipxe.efi".to_owned()), ..DeviceBoot::default() };
        let (name, mac) = ("pc".parse().unwrap(), MacAddr(MAC));
        Device { name, mac, address: OTHER_ADDRESS, boot: Some(boot), seen_at: None }
    }

    fn ask(config: &Config, packet: &Packet) -> Decision {
        let request = wire::decode(&packet.bytes()).unwrap();
        super::respond(config, &request, &observe::observe(&request, Quirks::ALL), &device(), now())
    }

    fn pc(kind: u8) -> Packet {
        Packet::new(kind, MAC).with(55, &[1, 3, 6, 66, 67])
    }

    #[test]
    fn a_device_gets_its_address_and_its_boot_file() {
        let offer = answer(ask(&config(), &pc(DISCOVER)));
        assert_eq!(offer.destination, Destination::Frame { address: OTHER_ADDRESS, mac: MacAddr(MAC) });
        let bytes = wire::encode(&offer.reply).unwrap();
        let seen: Vec<u8> = options(&bytes).iter().map(|(code, _)| *code).collect();
        assert_eq!(seen, [53, 54, 51, 58, 59, 1, 28, 3, 6, 42, 12, 15, 66, 67]);
        assert_eq!(
            (bytes[16..20].to_vec(), bytes[20..24].to_vec()),
            (vec![10, 20, 0, 8], vec![10, 20, 0, 1])
        );
        assert!(bytes[108..].starts_with(b"ipxe.efi\0"), "the header's file");
        let ack = answer(ask(&config(), &pc(REQUEST).requesting(OTHER_ADDRESS)));
        assert_eq!((ack.reply.kind, ack.reply.yiaddr), (ReplyKind::Ack, OTHER_ADDRESS));
        let nak = answer(ask(&config(), &pc(REQUEST).requesting(ADDRESS)));
        assert_eq!((nak.reply.kind, nak.destination), (ReplyKind::Nak, Destination::Broadcast));
        let inform = answer(ask(&config(), &pc(INFORM).using(OTHER_ADDRESS)));
        assert_eq!((inform.reply.kind, inform.reply.yiaddr), (ReplyKind::Ack, Ipv4Addr::UNSPECIFIED));
        assert!(!inform.reply.options.iter().any(|option| option.code() == 51), "no times");
    }

    #[test]
    fn a_device_is_answered_in_its_own_network_alone() {
        let verdict = |packet: Packet| ask(&config(), &packet).verdict;
        let other = pc(REQUEST).requesting(OTHER_ADDRESS).naming_server(OTHER_SERVER);
        assert_eq!(verdict(other), Verdict::Ignore(Ignore::OtherServer(OTHER_SERVER)));
        let strange = Ipv4Addr::new(10, 99, 0, 1);
        assert_eq!(verdict(pc(DISCOVER).relayed_by(strange)), Verdict::Ignore(Ignore::UnknownRelay(strange)));
        let network = Network::new("10.30.0.0/24".parse().unwrap(), None);
        let config = Config { relayed: vec![network.clone()], ..config() };
        let relayed = ask(&config, &pc(DISCOVER).relayed_by([10, 30, 0, 1].into()));
        let expect = Ignore::AddressOutside(OTHER_ADDRESS, network.subnet);
        assert_eq!(relayed.verdict, Verdict::Ignore(expect));
        assert_eq!(verdict(pc(REQUEST)), Verdict::Ignore(Ignore::NoAddress));
        assert_eq!(verdict(pc(RELEASE)), Verdict::Heard(Heard::Released(OTHER_ADDRESS)));
    }
}
