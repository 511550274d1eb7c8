//! What a simulated board shows of itself, what it can be told to get wrong, and how long it was busy. *Pure,*
//! but for the monotonic clock of [`Busy`].

use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Where a board is, in words for the simulator's page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
#[serde(tag = "stage", content = "detail", rename_all = "snake_case")]
pub enum Stage {
    /// No power.
    #[default]
    Off,
    /// Boot ROM or EEPROM.
    Firmware,
    /// A kernel starts.
    Kernel,
    /// The installer answers SSH.
    Installer,
    /// The installer runs this verb.
    Verb(&'static str),
    /// The system on the card answers SSH.
    Card,
    /// Powered, and nothing more happens by itself, for this reason.
    Stuck(String),
}

/// What a board gets wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// The next kernel, or every kernel, hangs before its network is up.
    pub hang: Times,
    /// Connections break while an image is written.
    pub drop_ssh: Times,
    /// A sector of the card does not keep what is written to it.
    pub bad_sector: bool,
    /// What is downloaded arrives with a wrong byte.
    pub wrong_digest: bool,
    /// What goes wrong on the way up.
    pub fault: Option<Fault>,
    /// Another DHCP server, whose answers arrive before pimaster's.
    pub nearer_dhcp: Option<SocketAddrV4>,
}

/// What goes wrong on the way up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Cable: nothing passes.
    Unplugged,
    /// Cable: the board loses its power behind its first request.
    DiesAfterRequest,
    /// Cable: DHCP replies are lost, as behind a switch that takes their sender for an intruder.
    NoReplies,
    /// Cable: requests for files are lost, as before a closed firewall.
    NoFileRequests,
    /// Cable: some packets of each file are lost.
    LossyCable,
    /// Cable: the rest of each larger file is lost.
    BreaksOff,
    /// Firmware: the card comes before the network.
    CardFirst,
    /// Firmware: the file it starts with is of another version, and the board starts over.
    StartCrashes,
    /// Kernel: the board resets when it has its address.
    KernelResets,
    /// Kernel: it gives up, and says so by netconsole if it was told to.
    KernelPanics,
    /// System: it finds another machine at its address.
    AddressTaken,
    /// System: it insists on the address that it had elsewhere, and gives up when that is refused.
    OldAddress(Ipv4Addr),
    /// System: no SSH server.
    NoSsh,
}

/// How often a fault happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Times {
    /// Not at all.
    #[default]
    Never,
    /// The next time, then no more.
    Once,
    /// Until told otherwise.
    Always,
}

impl Times {
    /// Whether it happens now; uses up `Once`.
    fn strike(&mut self) -> bool {
        let strikes = *self != Self::Never;
        if *self == Self::Once {
            *self = Self::Never;
        }
        strikes
    }
}

/// The board's own time: what no server could shorten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Busy {
    /// Firmware and kernels, with their network requests, in milliseconds.
    pub boot_millis: u64,
    /// Verbs on the card, with their downloads, in milliseconds.
    pub verb_millis: u64,
    /// How often a kernel came up.
    pub boots: u64,
}

/// Which account a span of time goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    Boot,
    Verb,
}

/// Everything that changes on a board while it lives.
#[derive(Debug, Default)]
pub(super) struct Status {
    inner: watch::Sender<Inner>,
}

#[derive(Debug, Default, Clone)]
struct Inner {
    stage: Stage,
    faults: Faults,
    busy: Busy,
}

impl Status {
    pub(super) fn stage(&self) -> Stage {
        self.inner.borrow().stage.clone()
    }

    /// Resolves when the board is at such a stage.
    pub(super) async fn reached(&self, wanted: impl Fn(&Stage) -> bool) -> Stage {
        let mut inner = self.inner.subscribe();
        let reached = inner.wait_for(|inner| wanted(&inner.stage)).await.map(|inner| inner.stage.clone());
        // Cannot fail: the sender is ours.
        reached.unwrap_or_default()
    }

    pub(super) fn set_stage(&self, stage: Stage) {
        self.inner.send_modify(|inner| inner.stage = stage);
    }

    pub(super) fn faults(&self) -> Faults {
        self.inner.borrow().faults
    }

    pub(super) fn set_faults(&self, faults: Faults) {
        self.inner.send_modify(|inner| inner.faults = faults);
    }

    pub(super) fn hangs(&self) -> bool {
        self.strikes(|faults| &mut faults.hang)
    }

    pub(super) fn drops_ssh(&self) -> bool {
        self.strikes(|faults| &mut faults.drop_ssh)
    }

    fn strikes(&self, fault: impl FnOnce(&mut Faults) -> &mut Times) -> bool {
        let mut strikes = false;
        self.inner.send_modify(|inner| strikes = fault(&mut inner.faults).strike());
        strikes
    }

    pub(super) fn busy(&self) -> Busy {
        self.inner.borrow().busy
    }

    pub(super) fn count_boot(&self) {
        self.inner.send_modify(|inner| inner.busy.boots += 1);
    }

    /// Counts the time until the span is dropped.
    pub(super) fn span(&self, work: Work) -> Span<'_> {
        Span { status: self, work, start: Instant::now() }
    }
}

/// A span of the board's own time; ends when dropped, also by a power cut.
#[derive(Debug)]
pub(super) struct Span<'a> {
    status: &'a Status,
    work: Work,
    start: Instant,
}

impl Drop for Span<'_> {
    fn drop(&mut self) {
        let millis = millis(self.start.elapsed());
        self.status.inner.send_modify(|inner| match self.work {
            Work::Boot => inner.busy.boot_millis += millis,
            Work::Verb => inner.busy.verb_millis += millis,
        });
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_is_once() {
        let status = Status::default();
        assert!(!status.hangs());
        status.set_faults(Faults { hang: Times::Once, drop_ssh: Times::Always, ..Faults::default() });
        assert_eq!([status.hangs(), status.hangs()], [true, false]);
        assert_eq!([status.drops_ssh(), status.drops_ssh()], [true, true]);
    }

    #[test]
    fn faults_are_read_from_what_is_given() {
        let faults: Faults = serde_json::from_str(r#"{"hang":"once"}"#).unwrap();
        assert_eq!(faults, Faults { hang: Times::Once, ..Faults::default() });
        assert!(serde_json::from_str::<Faults>(r#"{"hangs":"once"}"#).is_err());
    }
}
