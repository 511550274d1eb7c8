//! Tells a boot event by event, at seconds after it began.

use crate::explain::course::Course;
use crate::explain::{explain_latest, latest, signatures};
use crate::model::board::FirmwareClass;
use crate::model::boot_event::*;
use crate::model::clock::{Timestamp, from_millis};
use crate::model::explanation::{Explanation, NodeFacts, Outlook};
use crate::model::node::BootTarget;
use crate::model::observation::Asker;
use crate::model::power::PowerState;
use std::net::Ipv4Addr;

pub(super) const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 20, 0, 7);
/// When every story begins, in milliseconds.
pub(super) const START: i64 = 1_767_225_600_000;

/// A boot under construction.
#[derive(Clone)]
pub(super) struct Story {
    pub(super) facts: NodeFacts,
    pub(super) records: Vec<BootRecord>,
    /// Seconds since the beginning, of what comes next.
    pub(super) clock: f64,
}

impl Story {
    pub(super) fn of(firmware: FirmwareClass) -> Self {
        let facts = NodeFacts {
            firmware,
            boot_target: BootTarget::Installer,
            awaited: Some(System::Installer),
            notices_mounts: true,
            foreign_servers: Vec::new(),
        };
        Self { facts, records: Vec::new(), clock: 0.0 }
    }

    pub(super) fn with(mut self, change: impl FnOnce(&mut NodeFacts)) -> Self {
        change(&mut self.facts);
        self
    }

    pub(super) fn wait(mut self, seconds: f64) -> Self {
        self.clock += seconds;
        self
    }

    pub(super) fn then(mut self, event: BootEvent) -> Self {
        let id = i64::try_from(self.records.len()).unwrap() + 1;
        self.records.push(BootRecord { id, at: self.now(), event });
        self
    }

    pub(super) fn now(&self) -> Timestamp {
        from_millis(START + (self.clock * 1000.0) as i64)
    }

    pub(super) fn power(self, wanted: PowerState) -> Self {
        self.then(BootEvent::Power { wanted, switch: "sw1".into(), port: 3 })
    }

    pub(super) fn on(self) -> Self {
        self.power(PowerState::On)
    }

    pub(super) fn dhcp(self, asker: Asker, asked: DhcpAsked, answer: DhcpAnswer) -> Self {
        let why = "because".to_owned();
        self.then(BootEvent::Dhcp(DhcpExchange { asker, asked, options: Vec::new(), answer, why }))
    }

    pub(super) fn offered(self, asker: Asker) -> Self {
        self.dhcp(asker, DhcpAsked::Discover, DhcpAnswer::Offer { address: ADDRESS, options: Vec::new() })
    }

    pub(super) fn granted(self, asker: Asker) -> Self {
        self.dhcp(asker, DhcpAsked::Request, DhcpAnswer::Ack { address: ADDRESS, options: Vec::new() })
    }

    pub(super) fn nothing(self, asker: Asker, asked: DhcpAsked, reason: Unanswered) -> Self {
        self.dhcp(asker, asked, DhcpAnswer::Nothing { reason })
    }

    /// The address of the firmware as its class gets it.
    pub(super) fn firmware_address(self) -> Self {
        let story = self.offered(Asker::Firmware);
        match story.facts.firmware {
            FirmwareClass::Rom3b | FirmwareClass::Rom3bPlus => story,
            FirmwareClass::Eeprom4 | FirmwareClass::Eeprom5 => story.granted(Asker::Firmware),
        }
    }

    pub(super) fn system_address(self) -> Self {
        self.offered(Asker::System).granted(Asker::System)
    }

    pub(super) fn transfer(self, path: &str, outcome: FileOutcome, bytes: u64, size_bytes: u64) -> Self {
        self.file(FileTransfer {
            path: path.to_owned(),
            bytes,
            size_bytes: Some(size_bytes),
            millis: 10,
            repeats: 0,
            options: true,
            outcome,
        })
    }

    pub(super) fn file(self, transfer: FileTransfer) -> Self {
        self.then(BootEvent::File(transfer))
    }

    pub(super) fn load(self, path: &str) -> Self {
        self.transfer(path, FileOutcome::Complete, 4096, 4096).wait(0.05)
    }

    pub(super) fn loads(self, paths: &[&str]) -> Self {
        paths.iter().fold(self, |story, path| story.load(path))
    }

    pub(super) fn probe(self, path: &str) -> Self {
        self.transfer(path, FileOutcome::Terminated, 0, 4096).wait(0.02)
    }

    fn without(self, path: &str, outcome: FileOutcome) -> Self {
        let (path, size_bytes) = (path.to_owned(), None);
        self.file(FileTransfer { path, bytes: 0, size_bytes, millis: 1, repeats: 0, options: true, outcome })
            .wait(0.02)
    }

    pub(super) fn lacks(self, paths: &[&str]) -> Self {
        paths.iter().fold(self, |story, path| story.without(path, FileOutcome::NotFound))
    }

    pub(super) fn refused(self, paths: &[&str], why: FileRefusal) -> Self {
        paths.iter().fold(self, |story, path| story.without(path, FileOutcome::Refused { why }))
    }

    pub(super) fn mount(self) -> Self {
        self.then(BootEvent::NfsMount { noticed_in: MountSource::MountTable })
    }

    pub(super) fn ssh(self, expected: System, seen: SshSeen) -> Self {
        self.then(BootEvent::Ssh { expected, seen })
    }

    pub(super) fn console(self, line: &str) -> Self {
        self.then(BootEvent::Console { line: line.to_owned() })
    }

    /// The files of a good boot, up to the last, by class (NETBOOT facts: file order).
    pub(super) fn files(self) -> Self {
        match self.facts.firmware {
            FirmwareClass::Rom3b | FirmwareClass::Rom3bPlus => self
                .load("bootcode.bin")
                .lacks(&["bootsig.bin"])
                .wait(0.5)
                .offered(Asker::Firmware)
                .probe("b66c4c16/start.elf")
                .lacks(&["b66c4c16/autoboot.txt"])
                .loads(&["b66c4c16/config.txt"])
                .lacks(&["b66c4c16/recovery.elf"])
                .loads(&["b66c4c16/start.elf", "b66c4c16/fixup.dat"])
                .loads(&["b66c4c16/config.txt", "b66c4c16/config.txt"])
                .lacks(&["b66c4c16/dt-blob.bin", "b66c4c16/bootcfg.txt"])
                .loads(&["b66c4c16/bcm2710-rpi-3-b-plus.dtb", "b66c4c16/cmdline.txt", "b66c4c16/kernel8.img"])
                .lacks(&["b66c4c16/armstub8-32.bin"]),
            FirmwareClass::Eeprom4 => self
                .probe("e5ef6e9d/start4.elf")
                .load("e5ef6e9d/config.txt")
                .lacks(&["e5ef6e9d/vl805.sig", "e5ef6e9d/pieeprom.sig", "e5ef6e9d/recover4.elf"])
                .loads(&["e5ef6e9d/start4.elf", "e5ef6e9d/fixup4.dat", "e5ef6e9d/config.txt"])
                .loads(&["e5ef6e9d/config.txt", "e5ef6e9d/bcm2711-rpi-4-b.dtb", "e5ef6e9d/cmdline.txt"])
                .load("e5ef6e9d/kernel8.img")
                .lacks(&["e5ef6e9d/armstub8-gic.bin"]),
            FirmwareClass::Eeprom5 => self
                .loads(&["bd989ae1/config.txt", "bd989ae1/config.txt"])
                .lacks(&["bd989ae1/pieeprom.sig"])
                .loads(&["bd989ae1/bcm2712-rpi-5-b.dtb", "bd989ae1/cmdline.txt", "bd989ae1/kernel_2712.img"])
                .lacks(&["bd989ae1/armstub8-2712.bin"]),
        }
    }

    /// A boot from the network up to its last file.
    pub(super) fn loaded(self) -> Self {
        self.on().wait(7.0).firmware_address().wait(0.1).files()
    }

    pub(super) fn explained(&self) -> Explanation {
        explain_latest(&self.records, &self.facts, self.now())
    }

    /// That signature is recognised, and no other one.
    #[track_caller]
    pub(super) fn is(self, signature: &str, outlook: Outlook) -> Explanation {
        let boot = latest(&self.records).unwrap();
        let (facts, now) = (self.facts.clone(), self.now());
        let course = Course::of(&boot, &facts, now);
        let found: Vec<_> = signatures::matches(&course).into_iter().map(|(row, _)| row.id).collect();
        let explained = self.explained();
        let expect: Vec<_> = found.iter().copied().filter(|id| *id == signature).collect();
        assert_eq!(found, expect, "{explained:#?}");
        assert_eq!((explained.signature, explained.outlook), (signature, outlook), "{explained:#?}");
        let known: Vec<i64> = boot.records.iter().map(|record| record.id).collect();
        assert!(explained.evidence.iter().all(|id| known.contains(id)), "{explained:#?}");
        assert_eq!(explained.fix.is_some(), matches!(outlook, Outlook::Trouble | Outlook::Warning));
        explained
    }

    #[track_caller]
    pub(super) fn troubled(self, signature: &str) -> Explanation {
        let explained = self.is(signature, Outlook::Trouble);
        assert!(!explained.evidence.is_empty(), "{explained:#?}");
        explained
    }
}
