//! Addresses: requests, offers, other servers. *Pure.*

use super::{Finding, Signature, times};
use crate::explain::course::{Course, Seen, Stage};
use crate::explain::numbers::{
    EEPROM_DISCOVERS, FIRST_FILE, OFFERS_ENOUGH, REFUSALS_ENOUGH, ROM_DISCOVERS, ROM_INTERVAL,
};
use crate::model::boot_event::{DhcpAnswer, DhcpAsked, DhcpExchange, Unanswered};
use crate::model::clock::seconds_between;
use crate::model::explanation::Outlook;
use crate::model::observation::Asker;
use std::net::Ipv4Addr;

const ASKS: &[Stage] = &[Stage::Asking, Stage::Leased, Stage::Running];

pub(super) const ROWS: &[Signature] = &[
    Signature {
        id: "offer_ignored",
        stages: &[Stage::Asking, Stage::Running],
        outlook: Outlook::Trouble,
        judge: offer_ignored,
        fix: "The offers do not reach the board, or it waits for others: look for DHCP snooping, a wrong VLAN or a \
              filter between pimaster and the port, and for a PXE_OPTION43 of its own in the EEPROM's settings.",
    },
    Signature {
        id: "fell_silent",
        stages: &[Stage::Asking],
        outlook: Outlook::Trouble,
        judge: fell_silent,
        fix: "It went on to another boot mode or lost its power: look at the port's light and the power budget of the \
              switch, and at BOOT_ORDER (0xf12 comes back to the network).",
    },
    Signature {
        id: "rom_gave_up",
        stages: &[Stage::Leased],
        outlook: Outlook::Trouble,
        judge: rom_gave_up,
        fix: "A boot ROM tries five times and then waits for the next power-on: switch the power off and on. If it \
              stops here again, look for spanning tree on the port, or put a card with nothing but bootcode.bin in: \
              that file asks the network without the ROM's faults.",
    },
    Signature {
        id: "no_file_request",
        stages: &[Stage::Leased],
        outlook: Outlook::Trouble,
        judge: no_file_request,
        fix: "Its requests for files go elsewhere or are lost: check that UDP port 69 and the ports above 1024 of this \
              machine are open to the nodes, and TFTP_IP and PXE_OPTION43 in the EEPROM's settings.",
    },
    Signature {
        id: "foreign_server",
        stages: &[Stage::Asking, Stage::Leased],
        outlook: Outlook::Trouble,
        judge: |course| foreign(course, Asker::Firmware),
        fix: "Switch that DHCP server off in the nodes' network, or let it leave out the nodes: firmware takes the \
              first offer that suits it.",
    },
    Signature {
        id: "foreign_server_rom",
        stages: &[Stage::Leased],
        outlook: Outlook::Trouble,
        judge: foreign_to_rom,
        fix: "A boot ROM takes the first offer that suits it and does not say whose. Switch that DHCP server off in the \
              nodes' network, or let it leave out the nodes; then switch the node off and on. If it stops here again, \
              the other server is not the reason: look for spanning tree on the port.",
    },
    Signature {
        id: "foreign_server_system",
        stages: &[Stage::Running],
        outlook: Outlook::Trouble,
        judge: |course| foreign(course, Asker::System),
        fix: "The system lives at an address that another server gave it, where pimaster does not look: switch that \
              DHCP server off in the nodes' network, or let it leave out the nodes.",
    },
    Signature {
        id: "nak_loop",
        stages: ASKS,
        outlook: Outlook::Trouble,
        judge: nak_loop,
        fix: "It insists on an address that is not the node's: give the node that address, or make it forget its lease \
              (on Debian: /var/lib/dhcp*, /var/lib/dhcpcd).",
    },
    Signature {
        id: "duplicate_address",
        stages: ASKS,
        outlook: Outlook::Trouble,
        judge: duplicate_address,
        fix: "Another machine uses the node's address: find it (`ip neighbour`, `arping`) and give one of the two \
              another address. The address is offered again after a minute.",
    },
    Signature {
        id: "address_outside",
        stages: ASKS,
        outlook: Outlook::Trouble,
        judge: |course| left_out(course, |reason| *reason == Unanswered::AddressOutside),
        fix: "Give the node a host address inside network.subnet that is not pimaster's own.",
    },
    Signature {
        id: "address_held",
        stages: ASKS,
        outlook: Outlook::Trouble,
        judge: |course| left_out(course, |reason| *reason == Unanswered::AddressHeld),
        fix: "Restart the node that still uses the address, or wait until its lease ends.",
    },
    Signature {
        id: "not_answered",
        stages: ASKS,
        outlook: Outlook::Trouble,
        judge: |course| left_out(course, |reason| *reason == Unanswered::NotForUs),
        fix: "The event says what the message lacks; check network.interface and the relay, if there is one.",
    },
];

/// DISCOVERs that were offered something, and nothing came of it.
fn offer_ignored(course: &Course<'_>) -> Option<Finding> {
    let asked = if course.system.is_empty() { &course.firmware } else { &course.system };
    let offers: Vec<_> = asked.iter().filter(|(_, it)| is_offer(it)).collect();
    let only_offers = offers.len() == asked.len() && offers.len() >= OFFERS_ENOUGH;
    let seconds = course.began_asking(asked);
    let sentence = format!(
        "The node asked {} in {seconds} s, was offered its address each time, and took none of the offers.",
        times(offers.len())
    );
    only_offers.then(|| Finding::new(sentence, offers.iter().map(|(record, _)| *record)))
}

fn fell_silent(course: &Course<'_>) -> Option<Finding> {
    let ordinary = course.firmware.iter().all(|(_, exchange)| is_offer(exchange));
    let (discovers, quiet) = (course.firmware.len(), course.quiet());
    let sentence = format!(
        "The node asked for an address {} and has been silent for {quiet} s; an EEPROM boot loader asks every 4 s for \
         {EEPROM_DISCOVERS} s.",
        times(discovers)
    );
    let is_so = ordinary && discovers < OFFERS_ENOUGH && quiet > EEPROM_DISCOVERS;
    is_so.then(|| Finding::new(sentence, course.firmware.iter().map(|(record, _)| *record)))
}

/// Offers to a ROM, no file asked for, silence: how often it asked, and since when it is silent.
fn silent_rom(course: &Course<'_>) -> Option<(usize, u64)> {
    let ordinary = course.firmware.iter().all(|(_, exchange)| is_offer(exchange));
    let quiet = course.quiet();
    (course.is_rom() && ordinary && quiet >= 2 * ROM_INTERVAL).then_some((course.firmware.len(), quiet))
}

fn rom_gave_up(course: &Course<'_>) -> Option<Finding> {
    let (discovers, quiet) = silent_rom(course).filter(|_| course.foreign_server().is_none())?;
    let gave_up =
        if discovers < ROM_DISCOVERS { format!("stopped after {discovers}") } else { "gave up".to_owned() };
    let sentence = format!(
        "The boot ROM asked for an address {}, {gave_up} and has been silent for {quiet} s; it was offered its address \
         each time and asked for no file.",
        times(discovers)
    );
    Some(Finding::new(sentence, course.firmware.iter().map(|(record, _)| *record)))
}

/// The same where another server is known to be: a ROM sends no REQUEST, which would name the server whose offer it took.
fn foreign_to_rom(course: &Course<'_>) -> Option<Finding> {
    let (discovers, quiet) = silent_rom(course)?;
    let foreign = course.foreign_server()?;
    let before = seconds_between(foreign.last_at, course.began());
    let seen = if before == 0 {
        "since this boot began".to_owned()
    } else {
        format!("{} min before this boot", before.div_ceil(60))
    };
    let sentence = format!(
        "The boot ROM asked for an address {} and then asked pimaster for no file for {quiet} s; another DHCP server, \
         {}, was seen {seen}: the ROM seems to have taken its offer.",
        times(discovers),
        foreign.address
    );
    Some(Finding::new(sentence, course.firmware.iter().map(|(record, _)| *record)))
}

fn no_file_request(course: &Course<'_>) -> Option<Finding> {
    let granted = course.firmware_address().filter(|_| !course.is_rom())?;
    let seconds = course.since(granted);
    let is_last = course.firmware.last().is_some_and(|(_, it)| matches!(it.answer, DhcpAnswer::Ack { .. }));
    let sentence = format!(
        "The firmware has had its address for {seconds} s and has asked for no file; it asks within 2 s."
    );
    (is_last && seconds >= FIRST_FILE).then(|| Finding::new(sentence, [granted]))
}

fn foreign(course: &Course<'_>, asker: Asker) -> Option<Finding> {
    let such = course.unanswered(|reason| matches!(reason, Unanswered::OtherServer { .. }));
    let last = course.exchanges().filter(|(_, it)| it.asker == asker).last()?;
    let server = server_of(last.1)?;
    let who = match asker {
        Asker::Firmware => "The firmware",
        Asker::System => "The system",
    };
    let sentence = format!("{who} took the offer of another DHCP server, {server}, instead of pimaster's.");
    Some(Finding::new(sentence, such.iter().filter(|(_, it)| it.asker == asker).map(|(record, _)| *record)))
}

fn nak_loop(course: &Course<'_>) -> Option<Finding> {
    let is_nak = |it: &DhcpExchange| matches!(it.answer, DhcpAnswer::Nak { .. });
    let refusals: Vec<_> = course.exchanges().filter(|(_, it)| is_nak(it)).collect();
    let is_last = course.exchanges().last().is_some_and(|(_, it)| is_nak(it));
    let sentence = format!(
        "The node asked {} for an address that is not its own and was refused each time.",
        times(refusals.len())
    );
    let is_so = refusals.len() >= REFUSALS_ENOUGH && is_last;
    is_so.then(|| Finding::new(sentence, refusals.iter().map(|(record, _)| *record)))
}

fn duplicate_address(course: &Course<'_>) -> Option<Finding> {
    let declines = course.exchanges().filter(|(_, it)| it.asked == DhcpAsked::Decline);
    let rests = course.unanswered(|reason| *reason == Unanswered::Quarantined);
    let evidence: Vec<_> = declines.chain(rests).map(|(record, _)| record).collect();
    let sentence = "The node found another machine at its own address and declined it.";
    (!evidence.is_empty() && course.granted().is_none()).then(|| Finding::new(sentence, evidence))
}

/// Messages that got no answer for a reason that stands in the event.
fn left_out(course: &Course<'_>, such: impl Fn(&Unanswered) -> bool) -> Option<Finding> {
    let left: Vec<Seen<'_, DhcpExchange>> = course.unanswered(such);
    let (_, last) = left.last()?;
    let is_last =
        course.exchanges().last().is_some_and(|(_, it)| matches!(it.answer, DhcpAnswer::Nothing { .. }));
    let sentence = format!("The node asked {} and got no answer: {}.", times(left.len()), last.why);
    is_last.then(|| Finding::new(sentence, left.iter().map(|(record, _)| *record)))
}

fn is_offer(exchange: &DhcpExchange) -> bool {
    matches!(exchange.answer, DhcpAnswer::Offer { .. })
}

fn server_of(exchange: &DhcpExchange) -> Option<Ipv4Addr> {
    match &exchange.answer {
        DhcpAnswer::Nothing { reason: Unanswered::OtherServer { server } } => Some(*server),
        DhcpAnswer::Offer { .. }
        | DhcpAnswer::Ack { .. }
        | DhcpAnswer::Nak { .. }
        | DhcpAnswer::Noted
        | DhcpAnswer::Nothing { .. } => None,
    }
}

impl Course<'_> {
    /// Seconds since the first of these exchanges.
    fn began_asking(&self, exchanges: &[Seen<'_, DhcpExchange>]) -> u64 {
        exchanges.first().map_or(0, |(record, _)| self.since(record))
    }
}
