//! How far a boot came: its events, sorted by what they tell. *Pure.*

use super::boots::{Boot, file_name, is_kernel};
use super::numbers::{FOREIGN_SEEN, LOOP_BOOTS, LOOP_WITHIN};
use crate::model::board::FirmwareClass;
use crate::model::boot_event::{
    BootEvent, BootRecord, DhcpAnswer, DhcpAsked, DhcpExchange, FileOutcome, FileRefusal, FileTransfer,
    SshSeen, System, Unanswered,
};
use crate::model::clock::{Timestamp, seconds_between};
use crate::model::explanation::NodeFacts;
use crate::model::network::ForeignServer;
use crate::model::node::BootTarget;
use crate::model::observation::Asker;
use crate::model::power::PowerState;

/// How far a boot came. Each boot has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Stage {
    /// Its port was switched off.
    Off,
    /// The switch did not do what it was asked.
    Unpowered,
    /// It restarts again and again.
    Looping,
    /// Its kernel said that it gives up.
    Panicked,
    /// There is power; nobody asked for anything.
    Dark,
    /// Its firmware asks for an address and has none.
    Asking,
    /// Its firmware has an address and asks for no file.
    Leased,
    /// Its firmware asks for files.
    Loading,
    /// A kernel was loaded and is silent.
    Kernel,
    /// A kernel or a system spoke.
    Running,
    /// The installer root was mounted.
    Mounted,
    /// It came up, as far as anybody looks.
    Up,
}

/// An event's row and its content.
pub(super) type Seen<'a, T> = (&'a BootRecord, &'a T);

/// A boot, sorted.
pub(super) struct Course<'a> {
    pub(super) facts: &'a NodeFacts,
    pub(super) now: Timestamp,
    pub(super) records: &'a [BootRecord],
    pub(super) restarts: Vec<Timestamp>,
    pub(super) power_on: Option<&'a BootRecord>,
    pub(super) power_off: Option<&'a BootRecord>,
    pub(super) power_refused: Option<(&'a BootRecord, PowerState, &'a str)>,
    pub(super) firmware: Vec<Seen<'a, DhcpExchange>>,
    pub(super) system: Vec<Seen<'a, DhcpExchange>>,
    pub(super) files: Vec<Seen<'a, FileTransfer>>,
    pub(super) kernel: Option<&'a BootRecord>,
    pub(super) mount: Option<&'a BootRecord>,
    pub(super) ssh: Vec<(&'a BootRecord, System, &'a SshSeen)>,
    pub(super) panic: Option<(&'a BootRecord, &'a str)>,
}

impl<'a> Course<'a> {
    /// Sorts a boot's events.
    pub(super) fn of(boot: &Boot<'a>, facts: &'a NodeFacts, now: Timestamp) -> Self {
        let began = boot.began();
        let recent = |at: &&Timestamp| seconds_between(**at, began) <= LOOP_WITHIN;
        let mut course = Self {
            facts,
            now,
            records: boot.records,
            restarts: boot.restarts.iter().filter(recent).copied().collect(),
            power_on: None,
            power_off: None,
            power_refused: None,
            firmware: Vec::new(),
            system: Vec::new(),
            files: Vec::new(),
            kernel: None,
            mount: None,
            ssh: Vec::new(),
            panic: None,
        };
        boot.records.iter().for_each(|record| course.sort(record));
        course
    }

    fn sort(&mut self, record: &'a BootRecord) {
        match &record.event {
            BootEvent::Power { wanted, .. } => {
                let (set, clear) = match wanted {
                    PowerState::On => (&mut self.power_on, &mut self.power_off),
                    PowerState::Off => (&mut self.power_off, &mut self.power_on),
                };
                (*set, *clear, self.power_refused) = (Some(record), None, None);
            }
            BootEvent::PowerRefused { wanted, seen } => self.power_refused = Some((record, *wanted, seen)),
            BootEvent::Dhcp(exchange) => match exchange.asker {
                Asker::Firmware => self.firmware.push((record, exchange)),
                Asker::System if exchange.asked == DhcpAsked::Release => {}
                Asker::System => self.system.push((record, exchange)),
            },
            BootEvent::Doubt { .. } => {}
            BootEvent::File(file) => {
                self.files.push((record, file));
                if is_kernel(file) {
                    self.kernel = Some(record);
                }
            }
            BootEvent::NfsMount { .. } => self.mount = Some(record),
            BootEvent::Ssh { expected, seen } => self.ssh.push((record, *expected, seen)),
            BootEvent::Console { line } => {
                if line.contains("Kernel panic") {
                    self.panic = Some((record, line));
                }
            }
        }
    }

    /// How far it came.
    pub(super) fn stage(&self) -> Stage {
        let spoke = !self.system.is_empty() || !self.ssh.is_empty();
        if self.power_refused.is_some() {
            Stage::Unpowered
        } else if self.power_off.is_some() {
            Stage::Off
        } else if self.answered().is_some() {
            Stage::Up
        } else if self.panic.is_some() {
            Stage::Panicked
        } else if self.restarts.len() + 1 >= LOOP_BOOTS
            && (self.wants_installer() || self.facts.awaited.is_some())
        {
            Stage::Looping
        } else if self.mount.is_some() {
            if self.facts.awaited.is_none() { Stage::Up } else { Stage::Mounted }
        } else if spoke {
            if self.runs_unwatched() { Stage::Up } else { Stage::Running }
        } else if self.kernel.is_some() {
            Stage::Kernel
        } else if !self.files.is_empty() {
            Stage::Loading
        } else if self.firmware_address().is_some() {
            Stage::Leased
        } else if !self.firmware.is_empty() {
            Stage::Asking
        } else {
            Stage::Dark
        }
    }

    /// Nobody waits for its SSH server, and nothing else would tell more than its address does.
    fn runs_unwatched(&self) -> bool {
        let is_strange = self.wants_installer() && (self.facts.notices_mounts || self.skipped_the_network());
        self.facts.awaited.is_none() && self.granted().is_some() && !is_strange
    }

    /// Whether the node is to boot the installer.
    pub(super) fn wants_installer(&self) -> bool {
        self.facts.boot_target == BootTarget::Installer
    }

    /// Whether something runs although the firmware asked for nothing since the power came.
    pub(super) fn skipped_the_network(&self) -> bool {
        self.power_on.is_some() && self.firmware.is_empty() && self.files.is_empty()
    }

    /// Whether the board has a boot ROM, which takes an OFFER as its lease.
    pub(super) fn is_rom(&self) -> bool {
        match self.facts.firmware {
            FirmwareClass::Rom3b | FirmwareClass::Rom3bPlus => true,
            FirmwareClass::Eeprom4 | FirmwareClass::Eeprom5 => false,
        }
    }

    /// The exchange that gave the firmware its address: an ACK, or for ROMs an OFFER.
    pub(super) fn firmware_address(&self) -> Option<&'a BootRecord> {
        let gives = |exchange: &DhcpExchange| match &exchange.answer {
            DhcpAnswer::Ack { .. } => true,
            DhcpAnswer::Offer { .. } => self.is_rom(),
            DhcpAnswer::Nak { .. } | DhcpAnswer::Noted | DhcpAnswer::Nothing { .. } => false,
        };
        self.firmware.iter().rev().find(|(_, exchange)| gives(exchange)).map(|(record, _)| *record)
    }

    /// The ACK with which a system lives, if its last message got one.
    pub(super) fn granted(&self) -> Option<&'a BootRecord> {
        let (record, exchange) = self.system.last()?;
        matches!(exchange.answer, DhcpAnswer::Ack { .. }).then_some(*record)
    }

    /// The system that answered as it should, if it is the one that is waited for: an installer that is about to
    /// restart into the deployed system is not.
    pub(super) fn answered(&self) -> Option<(&'a BootRecord, System)> {
        self.welcomed().filter(|(_, system)| self.facts.awaited.is_none_or(|awaited| awaited == *system))
    }

    /// The system that answered as it should last, whoever is waited for now.
    pub(super) fn welcomed(&self) -> Option<(&'a BootRecord, System)> {
        let found = self.ssh.iter().rev().find(|(_, _, seen)| **seen == SshSeen::Expected);
        found.map(|(record, system, _)| (*record, *system))
    }

    /// All DHCP exchanges, firmware first.
    pub(super) fn exchanges(&self) -> impl Iterator<Item = Seen<'a, DhcpExchange>> {
        self.firmware.iter().chain(&self.system).copied()
    }

    /// Exchanges that were left unanswered for such a reason.
    pub(super) fn unanswered(&self, such: impl Fn(&Unanswered) -> bool) -> Vec<Seen<'a, DhcpExchange>> {
        let is_such = |exchange: &DhcpExchange| match &exchange.answer {
            DhcpAnswer::Nothing { reason } => such(reason),
            DhcpAnswer::Offer { .. }
            | DhcpAnswer::Ack { .. }
            | DhcpAnswer::Nak { .. }
            | DhcpAnswer::Noted => false,
        };
        self.exchanges().filter(|(_, exchange)| is_such(exchange)).collect()
    }

    /// Requests for files of that name, whatever their prefix.
    pub(super) fn of_name(&self, name: &str) -> Vec<Seen<'a, FileTransfer>> {
        self.files.iter().filter(|(_, file)| file_name(&file.path) == name).copied().collect()
    }

    /// Requests that were refused for that reason.
    pub(super) fn refused(&self, reason: FileRefusal) -> Vec<&'a BootRecord> {
        let is_such = |file: &FileTransfer| file.outcome == FileOutcome::Refused { why: reason };
        self.files.iter().filter(|(_, file)| is_such(file)).map(|(record, _)| *record).collect()
    }

    /// Packets sent again, in all transfers.
    pub(super) fn repeats(&self) -> u32 {
        self.files.iter().map(|(_, file)| file.repeats).fold(0, u32::saturating_add)
    }

    /// The other DHCP server that was seen last, if it may have answered this boot.
    pub(super) fn foreign_server(&self) -> Option<&'a ForeignServer> {
        let near = |it: &&ForeignServer| seconds_between(it.last_at, self.began()) <= FOREIGN_SEEN;
        self.facts.foreign_servers.iter().find(near)
    }

    /// When it began.
    pub(super) fn began(&self) -> Timestamp {
        self.records.first().map_or(self.now, |record| record.at)
    }

    /// Seconds since an event.
    pub(super) fn since(&self, record: &BootRecord) -> u64 {
        seconds_between(record.at, self.now)
    }

    /// Seconds since the last event.
    pub(super) fn quiet(&self) -> u64 {
        self.records.last().map_or(0, |record| self.since(record))
    }

    /// Seconds from the beginning to an event.
    pub(super) fn offset(&self, record: &BootRecord) -> u64 {
        seconds_between(self.began(), record.at)
    }
}
