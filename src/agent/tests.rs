//! Whatever people and administrators do, in whatever order: no node is booked twice, nothing is booked in a block or
//! while the lab is closed, and who waits in the queue is not overtaken.

use super::error::Result;
use super::{act, blocks, hindrance, queue, reserve};
use crate::model::agent::{BlockWish, Caller, Choice, QueueWish, ReserveWish, ScopeWish};
use crate::model::audit::Actor;
use crate::model::block::Collisions;
use crate::model::board::BoardModel;
use crate::model::clock::{SignedDuration, TimeZone, Timestamp};
use crate::model::group::Limits;
use crate::model::ids::{QueueId, ReservationId, UserId};
use crate::model::opening::{Open, OpeningHours};
use crate::model::reservation::Reservation;
use crate::model::user::Role;
use crate::store::nodes::NewNode;
use crate::store::{self, Store, Transaction, groups, nodes, reservations, site, users};
use proptest::prelude::*;

/// What somebody does.
#[derive(Debug, Clone)]
enum Deed {
    Reserve { who: usize, nodes: Which, start: i64, hours: i64 },
    Extend { which: usize, hours: u32 },
    Release { which: usize },
    Block { node: Option<u8>, for_group: bool, start: i64, hours: i64, collisions: Collisions },
    Wait { who: usize, count: u32, hours: u32 },
    Pass { hours: i64 },
}

#[derive(Debug, Clone)]
enum Which {
    Named(Vec<u8>),
    Any(u32),
}

fn deed() -> impl Strategy<Value = Deed> {
    let which = prop_oneof![
        proptest::collection::vec(1u8..=4, 1..4).prop_map(Which::Named),
        (1u32..4).prop_map(Which::Any)
    ];
    let collisions = proptest::sample::select(Collisions::ALL.to_vec());
    prop_oneof![
        6 => (0usize..3, which, 0i64..30, 1i64..6)
            .prop_map(|(who, nodes, start, hours)| Deed::Reserve { who, nodes, start, hours }),
        2 => (0usize..20, 1u32..4).prop_map(|(which, hours)| Deed::Extend { which, hours }),
        1 => (0usize..20).prop_map(|which| Deed::Release { which }),
        2 => (proptest::option::of(1u8..=4), any::<bool>(), 0i64..30, 1i64..6, collisions)
            .prop_map(|(node, for_group, start, hours, collisions)| Deed::Block { node, for_group, start, hours, collisions }),
        2 => (0usize..3, 1u32..5, 1u32..6).prop_map(|(who, count, hours)| Deed::Wait { who, count, hours }),
        1 => (0i64..3).prop_map(|hours| Deed::Pass { hours }),
    ]
}

/// Four nodes; an administrator, a member of a group, and somebody else.
struct Lab {
    people: [Caller; 3],
    now: Timestamp,
    made: Vec<ReservationId>,
}

impl Lab {
    fn new(tx: &Transaction<'_>, now: Timestamp) -> store::Result<Self> {
        for number in 1..=4u8 {
            let node = NewNode {
                name: name(number).parse().unwrap(),
                mac: format!("dc:a6:32:00:00:{number:02x}").parse().unwrap(),
                address: std::net::Ipv4Addr::new(10, 20, 0, number),
                model: BoardModel::Pi4b,
                serial: None,
                port: None,
            };
            nodes::insert(tx, &node, now)?;
        }
        let person = |email: &str, role| -> store::Result<Caller> {
            let user = users::insert(tx, email, role, now)?;
            Ok(Caller { user, is_admin: role == Role::Admin, actor: Actor::default() })
        };
        let people = [
            person("root@lab", Role::Admin)?,
            person("ada@lab", Role::User)?,
            person("bob@lab", Role::User)?,
        ];
        let group = groups::insert(tx, "course", &Limits::default(), now)?.unwrap();
        groups::set_members(tx, group, &[people[1].user])?;
        let day = Some(Open { from_minutes: 8 * 60, until_minutes: 20 * 60 });
        site::set(tx, OpeningHours::NAME, &OpeningHours { is_limited: true, days: [day; 7] })?;
        Ok(Self { people, now, made: Vec::new() })
    }

    fn at(&self, hours: i64) -> Timestamp {
        self.now + SignedDuration::from_hours(hours)
    }

    /// Does it; a refusal is fine. Gives the reservation and the time that was added to it.
    fn act(&mut self, tx: &Transaction<'_>, deed: &Deed) -> Result<Option<(ReservationId, Timestamp)>> {
        let root = self.people[0].clone();
        let chosen = |which: usize| self.made.get(which).copied();
        match deed {
            Deed::Pass { hours } => self.now = self.at(*hours),
            Deed::Reserve { who, nodes, start, hours } => {
                let nodes = match nodes {
                    Which::Named(numbers) => {
                        Choice::Named(numbers.iter().map(|it| name(*it).parse().unwrap()).collect())
                    }
                    Which::Any(count) => Choice::Any { count: *count, model: None },
                };
                let wish = ReserveWish {
                    nodes,
                    as_many_as_possible: false,
                    start: Some(self.at(*start)),
                    hours: *hours,
                    name: "bin".into(),
                };
                let plan = reserve::plan(wish, self.now)?;
                let id = reserve::book(tx, &self.people[*who].clone(), &plan, &TimeZone::UTC, self.now)?;
                self.made.push(id);
                let start = self.at(*start);
                return Ok(Some((id, start)));
            }
            Deed::Extend { which, hours } => {
                let Some(id) = chosen(*which) else { return Ok(None) };
                let before = reservations::by_id(tx, id)?.unwrap();
                let owner = self.person(before.owner);
                act::extend(tx, &owner, id, *hours, &TimeZone::UTC, self.now)?;
                return Ok(Some((id, before.end)));
            }
            Deed::Wait { who, count, hours } => {
                let wish = QueueWish { count: *count, model: None, hours: *hours, name: "turn".into() };
                queue::join(tx, &self.people[*who].clone(), &wish, self.now)?;
            }
            Deed::Release { which } => {
                let Some(id) = chosen(*which) else { return Ok(None) };
                act::release(tx, &root, id, self.now)?;
            }
            Deed::Block { node, for_group, start, hours, collisions } => {
                let wish = BlockWish {
                    scope: node
                        .map_or(ScopeWish::All, |it| ScopeWish::Nodes(vec![name(it).parse().unwrap()])),
                    start: self.at(*start),
                    end: self.at(*start + *hours),
                    reason: "course".into(),
                    group: for_group.then(|| "course".into()),
                    collisions: *collisions,
                };
                blocks::make(tx, &root, &wish, self.now)?;
            }
        }
        Ok(None)
    }

    /// Who waits is not delayed by what people who are no administrators booked or extended by themselves.
    fn overtaken(
        &self,
        tx: &Transaction<'_>,
        deed: &Deed,
        added: Option<(ReservationId, Timestamp)>,
        before: &[(QueueId, Option<Timestamp>)],
    ) -> Option<String> {
        let (id, _) = added?;
        let owner = reservations::by_id(tx, id).unwrap()?.owner;
        let is_direct = matches!(deed, Deed::Reserve { .. } | Deed::Extend { .. });
        if !is_direct || self.person(owner).is_admin {
            return None;
        }
        let after = turns(tx, self.now);
        (after != before).then(|| format!("turns were {before:?} and are {after:?}"))
    }

    fn person(&self, user: UserId) -> Caller {
        self.people.iter().find(|it| it.user == user).unwrap().clone()
    }

    /// What was added lies in no block and in the opening hours; nothing overlaps.
    fn judge(&self, tx: &Transaction<'_>, added: Option<(ReservationId, Timestamp)>) -> Option<String> {
        let all: Vec<Reservation> = reservations::unfinished(tx, None).unwrap();
        for (at, one) in all.iter().enumerate() {
            for other in &all[at + 1..] {
                let shares = one.nodes.iter().any(|node| other.nodes.contains(node));
                if shares && one.start < other.end && other.start < one.end {
                    return Some(format!("{one:?} overlaps {other:?}"));
                }
            }
        }
        let (id, from) = added?;
        let made = reservations::by_id(tx, id).unwrap()?;
        let rights = hindrance::rights(tx, made.owner).unwrap();
        let blocked = hindrance::blocked(tx, &made.nodes, (from, made.end), &rights).unwrap();
        if !blocked.is_empty() {
            return Some(format!("{made:?} lies in a block: {}", blocked[0]));
        }
        let hours: OpeningHours = site::get(tx, OpeningHours::NAME).unwrap();
        let closed = hours.closed_at(from, made.end, &TimeZone::UTC);
        let binds = !self.person(made.owner).is_admin;
        closed.filter(|_| binds).map(|at| format!("{made:?} while the lab is closed at {at}"))
    }
}

/// When each who waits is to begin.
fn turns(tx: &Transaction<'_>, now: Timestamp) -> Vec<(QueueId, Option<Timestamp>)> {
    let places = queue::places(tx, &TimeZone::UTC, now).unwrap();
    places.into_iter().map(|(wish, place)| (wish.id, place.map(|place| place.start))).collect()
}

fn name(number: u8) -> String {
    format!("pi-{number:02}")
}

fn play(deeds: Vec<Deed>) -> Option<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("a.db")).unwrap();
    // All in one transaction: nothing waits for the disk.
    let played = store.write(move |tx| {
        let mut lab = Lab::new(tx, "2026-03-02T09:00:00Z".parse().unwrap())?;
        for deed in deeds {
            let before = turns(tx, lab.now);
            let added = lab.act(tx, &deed).unwrap_or_default();
            let wrong = lab.judge(tx, added).or_else(|| lab.overtaken(tx, &deed, added, &before));
            if let Some(wrong) = wrong {
                return Ok(Some(format!("after {deed:?}: {wrong}")));
            }
            for id in queue::advance(tx, &TimeZone::UTC, lab.now).unwrap() {
                lab.made.push(id);
                if let Some(wrong) = lab.judge(tx, Some((id, lab.now))) {
                    return Ok(Some(format!("served after {deed:?}: {wrong}")));
                }
            }
        }
        Ok(None)
    });
    runtime.block_on(played).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn nothing_is_booked_twice_or_in_a_block_or_while_closed(deeds in proptest::collection::vec(deed(), 1..40)) {
        prop_assert_eq!(play(deeds), None);
    }
}
