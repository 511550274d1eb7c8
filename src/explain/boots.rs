//! Cuts a node's events into boots. *Pure.*
//!
//! A boot begins when the power goes on; when firmware asks although a kernel had been loaded or had spoken (a
//! restart); and when anybody asks after a long silence (somebody pulled the plug). `bootcode.bin`, which asks again
//! by itself, and the rounds of an EEPROM's boot order belong to the boot they are in.

use super::numbers::PAUSE;
use crate::model::boot_event::{
    BootEvent, BootRecord, DhcpAsked, DhcpExchange, FileOutcome, FileTransfer, SshSeen,
};
use crate::model::clock::{Timestamp, seconds_between};
use crate::model::observation::Asker;
use crate::model::power::PowerState;

/// One boot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boot<'a> {
    /// Its events, oldest first; at least one.
    pub records: &'a [BootRecord],
    /// When the boots before it began that followed each other without power and came to nothing, oldest first.
    pub(super) restarts: Vec<Timestamp>,
}

impl Boot<'_> {
    /// When it began.
    pub fn began(&self) -> Timestamp {
        self.records.first().map_or(Timestamp::UNIX_EPOCH, |record| record.at)
    }
}

/// The latest boot of a node; `records` are the node's, oldest first.
pub fn latest(records: &[BootRecord]) -> Option<Boot<'_>> {
    let (mut start, mut restarts) = (0, Vec::new());
    let mut state = State::default();
    for (index, record) in records.iter().enumerate() {
        if index > 0 && state.ends_before(record) {
            let began = records.get(start).map(|first| first.at);
            if is_power(record) || state.came_up {
                restarts.clear();
            } else {
                restarts.extend(began);
            }
            (start, state) = (index, State::default());
        }
        state.take(record);
    }
    let records = records.get(start..).filter(|records| !records.is_empty())?;
    Some(Boot { records, restarts })
}

/// What of a boot decides whether the next event is still of it.
#[derive(Default)]
struct State {
    last: Option<Timestamp>,
    /// A kernel was loaded, or somebody spoke who is no firmware.
    has_started: bool,
    came_up: bool,
}

impl State {
    fn ends_before(&self, record: &BootRecord) -> bool {
        let is_late = self.last.is_some_and(|last| seconds_between(last, record.at) > PAUSE);
        match &record.event {
            BootEvent::Power { wanted, .. } => *wanted == PowerState::On,
            BootEvent::Dhcp(DhcpExchange { asked: DhcpAsked::Discover, asker, .. }) => {
                is_late || (*asker == Asker::Firmware && self.has_started)
            }
            BootEvent::File(_) => is_late,
            BootEvent::Dhcp(_)
            | BootEvent::PowerRefused { .. }
            | BootEvent::Doubt { .. }
            | BootEvent::NfsMount { .. }
            | BootEvent::Ssh { .. }
            | BootEvent::Console { .. } => false,
        }
    }

    fn take(&mut self, record: &BootRecord) {
        self.last = Some(record.at);
        match &record.event {
            BootEvent::Dhcp(exchange) => {
                self.has_started |= exchange.asker == Asker::System && exchange.asked != DhcpAsked::Release;
            }
            BootEvent::File(file) => self.has_started |= is_kernel(file),
            BootEvent::NfsMount { .. } => self.has_started = true,
            BootEvent::Ssh { seen, .. } => {
                self.has_started = true;
                self.came_up |= *seen == SshSeen::Expected;
            }
            BootEvent::Power { .. }
            | BootEvent::PowerRefused { .. }
            | BootEvent::Doubt { .. }
            | BootEvent::Console { .. } => {}
        }
    }
}

fn is_power(record: &BootRecord) -> bool {
    matches!(record.event, BootEvent::Power { .. })
}

/// The name of a file without prefix and folders.
pub(super) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Whether a kernel was loaded whole.
pub(super) fn is_kernel(file: &FileTransfer) -> bool {
    file.outcome == FileOutcome::Complete && is_kernel_name(file_name(&file.path))
}

pub(super) fn is_kernel_name(name: &str) -> bool {
    let is_image = name.ends_with(".img") && !name.starts_with("recovery") && !name.starts_with("init");
    is_image || name.starts_with("kernel") || name.starts_with("vmlinu")
}
