//! The system's clock: right enough for reservations, and kept right. *IO: the clock, `/run`, `/proc`; `judge` is
//! pure.*

use super::finding::{Finding, Verdict};
use super::proc;
use super::scene::Scene;
use crate::model::check::Check;
use crate::model::clock::{self, SignedDuration, Timestamp};
use std::path::Path;

/// This program was written then: an earlier clock is wrong. Boards without a battery wake up in 1970.
const WRITTEN_AT: &str = "2026-01-01T00:00:00Z";
/// systemd-timesyncd makes this file when it has heard from a server.
const TIMESYNC_MARK: &str = "/run/systemd/timesync/synchronized";
/// Programs that keep the clock.
const KEEPERS: [&str; 5] = ["chronyd", "ntpd", "ntpsec", "openntpd", "ptp4l"];
/// By how much a clock may be set back without harm.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(60);

/// Who keeps the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keeper {
    /// systemd-timesyncd, which has heard from a server.
    Timesync,
    /// systemd-timesyncd, which has not.
    TimesyncInVain,
    /// Another program that runs; what it has heard is not seen.
    Program(&'static str),
    Nobody,
}

/// The finding.
pub(super) fn check(scene: &Scene) -> Finding {
    let newest = scene.file.as_ref().ok().and_then(|look| look.as_ref()?.newest);
    judge(clock::now(), newest, keeper()).of(Check::Clock, "clock")
}

fn keeper() -> Keeper {
    if Path::new(TIMESYNC_MARK).exists() {
        return Keeper::Timesync;
    }
    match proc::running(&KEEPERS) {
        Some(name) => Keeper::Program(name),
        None if proc::running(&["systemd-timesyncd"]).is_some() => Keeper::TimesyncInVain,
        None => Keeper::Nobody,
    }
}

/// Judges the time, `newest` being that of the newest row of the database.
fn judge(now: Timestamp, newest: Option<Timestamp>, keeper: Keeper) -> Verdict {
    const ADVICE: &str = "Set the clock (`timedatectl set-ntp true`, or `date -s`), then restart pimaster.";
    const KEEP: &str = "a clock that is kept right: reservations start and end by it";
    let shown = format!("it is {}", now.strftime("%Y-%m-%d %H:%M:%S UTC"));
    let written_at: Timestamp = WRITTEN_AT.parse().unwrap_or_default();
    if now < written_at {
        let expected = format!("a time after {}, when this program was written", written_at.strftime("%Y"));
        return Verdict::failure(shown, expected, ADVICE);
    }
    if let Some(newest) = newest.filter(|newest| *newest > now + TOLERANCE) {
        return Verdict::failure(
            format!("{shown}, and the database was written at {}", newest.strftime("%Y-%m-%d %H:%M:%S UTC")),
            "a clock that goes forward",
            ADVICE,
        );
    }
    match keeper {
        Keeper::Timesync => Verdict::Good(format!("{shown}; systemd-timesyncd keeps it")),
        Keeper::Program(name) => Verdict::Good(format!("{shown}; {name} runs and keeps it")),
        Keeper::TimesyncInVain => Verdict::warning(
            format!("{shown}; systemd-timesyncd has heard from no server"),
            KEEP,
            "Look at `timedatectl timesync-status`: name a server that can be reached in /etc/systemd/timesyncd.conf.",
        ),
        Keeper::Nobody => Verdict::warning(
            format!("{shown}; no program is seen that keeps it"),
            KEEP,
            "Turn on systemd-timesyncd (`timedatectl set-ntp true`) or install chrony.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Outcome;
    use super::*;

    #[test]
    fn clocks_are_judged() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let check = |now, newest: Option<&str>, keeper, outcome, part: &str| {
            let verdict = judge(at(now), newest.map(at), keeper);
            assert_eq!(verdict.outcome(), outcome, "{verdict:?}");
            assert!(format!("{verdict:?}").contains(part), "{verdict:?} lacks {part}");
        };
        let good = "2026-11-25T18:00:00Z";
        check(good, None, Keeper::Timesync, Outcome::Ok, "2026-11-25 18:00:00");
        check(good, Some("2026-11-25T17:59:00Z"), Keeper::Program("chronyd"), Outcome::Ok, "chronyd");
        check(good, Some("2026-11-25T18:00:30Z"), Keeper::Timesync, Outcome::Ok, "");
        check(good, Some("2026-11-25T18:05:00Z"), Keeper::Timesync, Outcome::Failure, "18:05:00");
        check(good, None, Keeper::Nobody, Outcome::Warning, "chrony");
        check(good, None, Keeper::TimesyncInVain, Outcome::Warning, "timesync-status");
        check("1970-01-01T00:01:00Z", None, Keeper::Timesync, Outcome::Failure, "2026");
    }
}
