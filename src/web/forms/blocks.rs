//! The forms of blocks and of opening hours. *Pure.* Called by `routes::blocks`.

use super::{Errors, Fields};
use crate::model::agent::{BlockWish, ScopeWish};
use crate::model::block::Collisions;
use crate::model::board::BoardModel;
use crate::model::clock::{DateTime, TimeZone, Timestamp};
use crate::model::node::NodeName;
use crate::model::opening::{Open, OpeningHours, parse_minutes};

/// A block as it was typed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::web) struct Block {
    /// `all`, `model`, `switch` or `nodes`.
    pub(in crate::web) which: String,
    pub(in crate::web) model: String,
    pub(in crate::web) switch: String,
    /// Names of nodes with spaces or commas between them.
    pub(in crate::web) nodes: String,
    pub(in crate::web) start: String,
    pub(in crate::web) end: String,
    pub(in crate::web) reason: String,
    /// The name of a group; empty for nobody.
    pub(in crate::web) group: String,
    pub(in crate::web) collisions: String,
}

impl Block {
    /// The texts of a form.
    pub(in crate::web) fn read(fields: &Fields) -> Self {
        let text = |name: &str| fields.one(name).trim().to_owned();
        Self {
            which: text("which"),
            model: text("model"),
            switch: text("switch"),
            nodes: text("nodes"),
            start: text("start"),
            end: text("end"),
            reason: text("reason"),
            group: text("group"),
            collisions: text("collisions"),
        }
    }

    /// The wish; what only the agent knows is judged there.
    pub(in crate::web) fn judge(&self, zone: &TimeZone, now: Timestamp) -> Result<BlockWish, Errors> {
        let mut errors = Errors::default();
        let scope = match self.which.as_str() {
            "model" => errors.keep("model", self.model.parse::<BoardModel>()).map(ScopeWish::Model),
            "switch" => Some(ScopeWish::Switch(self.switch.clone())),
            "nodes" => {
                let words = self.nodes.split([' ', ',', '\n']).map(str::trim).filter(|word| !word.is_empty());
                let names: Result<Vec<NodeName>, _> = words.map(str::parse).collect();
                errors.keep("nodes", names).map(ScopeWish::Nodes)
            }
            _ => Some(ScopeWish::All),
        };
        let start = match self.start.as_str() {
            "" => Some(now),
            text => errors.keep("start", local(text, zone)),
        };
        let end = errors.keep("end", local(&self.end, zone));
        match (scope, start, end) {
            (Some(scope), Some(start), Some(end)) if errors.is_empty() => Ok(BlockWish {
                scope,
                start,
                end,
                reason: self.reason.clone(),
                group: (!self.group.is_empty()).then(|| self.group.clone()),
                collisions: Collisions::from_word(&self.collisions).unwrap_or_default(),
            }),
            _ => Err(errors),
        }
    }
}

/// `2026-03-01T14:00` in the reader's zone, as `datetime-local` fields send it.
fn local(text: &str, zone: &TimeZone) -> Result<Timestamp, String> {
    let read = || text.replace(' ', "T").parse::<DateTime>().ok()?.to_zoned(zone.clone()).ok();
    read()
        .map(|at| at.timestamp())
        .ok_or_else(|| format!("`{text}` is no time; expected one such as 2026-03-01T14:00."))
}

/// Opening hours as they were typed: for each day from when until when, empty for closed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::web) struct Hours {
    pub(in crate::web) is_limited: bool,
    pub(in crate::web) days: [(String, String); 7],
}

impl Hours {
    /// The texts of a form: `from0` and `until0` are Monday's.
    pub(in crate::web) fn read(fields: &Fields) -> Self {
        let text = |name: &str, day: usize| fields.one(&format!("{name}{day}")).trim().to_owned();
        Self {
            is_limited: fields.has("is_limited"),
            days: std::array::from_fn(|day| (text("from", day), text("until", day))),
        }
    }

    /// The texts of hours.
    pub(in crate::web) fn of(hours: &OpeningHours) -> Self {
        let clock = |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
        let day = |open: Option<Open>| {
            open.map(|open| (clock(open.from_minutes), clock(open.until_minutes))).unwrap_or_default()
        };
        Self { is_limited: hours.is_limited, days: hours.days.map(day) }
    }

    /// The hours, or what is wrong with a day.
    pub(in crate::web) fn judge(&self) -> Result<OpeningHours, Errors> {
        let mut errors = Errors::default();
        let mut days = [None; 7];
        for (day, (from, until)) in days.iter_mut().zip(&self.days) {
            if from.is_empty() && until.is_empty() {
                continue;
            }
            let times = parse_minutes(from).and_then(|from| Ok((from, parse_minutes(until)?)));
            match errors.keep("hours", times) {
                Some((from_minutes, until_minutes)) if from_minutes < until_minutes => {
                    *day = Some(Open { from_minutes, until_minutes });
                }
                Some(_) => errors.add("hours", format!("{from} is not before {until}.")),
                None => {}
            }
        }
        if errors.is_empty() { Ok(OpeningHours { is_limited: self.is_limited, days }) } else { Err(errors) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Fields {
        Fields::parse(text.as_bytes())
    }

    #[test]
    fn a_block_is_read_in_the_readers_zone() {
        let now = Timestamp::UNIX_EPOCH;
        let paris = TimeZone::get("Europe/Paris").unwrap();
        let good = "which=nodes&nodes=pi-01,+pi-02&start=2026-03-02T08:00&end=2026-03-02T12:00&reason=course&group=A";
        let wish = Block::read(&fields(good)).judge(&paris, now).unwrap();
        assert_eq!(wish.start, "2026-03-02T07:00:00Z".parse().unwrap());
        assert!(matches!(&wish.scope, ScopeWish::Nodes(names) if names.len() == 2));
        assert_eq!((wish.group.as_deref(), wish.collisions), (Some("A"), Collisions::Refuse));
        let check = |from: &str, to: &str, field: &str| {
            let errors = Block::read(&fields(&good.replace(from, to))).judge(&paris, now).unwrap_err();
            assert!(errors.at(field).is_some(), "{to}: {errors:?}");
        };
        check("pi-01", "..%2Fetc", "nodes");
        check("start=2026", "start=next", "start");
        check("end=2026-03-02T12:00", "end=", "end");
        check("which=nodes", "which=model&model=zx81", "model");
        let at_once = good.replace("start=2026-03-02T08:00", "start=");
        assert_eq!(Block::read(&fields(&at_once)).judge(&paris, now).unwrap().start, now);
    }

    #[test]
    fn hours_are_read_as_they_are_shown() {
        let day = Some(Open { from_minutes: 480, until_minutes: 1440 });
        let hours = OpeningHours { is_limited: true, days: [day, None, day, None, None, None, day] };
        assert_eq!(Hours::of(&hours).judge(), Ok(hours));
        for wrong in ["from0=20:00&until0=08:00", "from3=08:00", "from1=8am&until1=20:00"] {
            assert!(Hours::read(&fields(wrong)).judge().is_err(), "{wrong}");
        }
        assert!(!Hours::read(&fields("")).judge().unwrap().is_limited);
    }
}
