//! Asks switches what administrators want to know: the row is there, the switch is asked, the answer is a row.
//!
//! *IO: the store, the switches.* A task of the daemon. Of an enrolled switch what its ports say is stored beside the
//! answer; settings that are only tried change nothing, neither here nor at the switch. What was not answered when
//! pimaster ends is asked again when it starts.

use super::{Cell, Error, Power, PowerSwitch, Row};
use crate::model::clock::Clock;
use crate::model::ids::{InquiryId, SwitchId};
use crate::model::power::PowerState;
use crate::model::problem::Problem;
use crate::model::rack::{PortRef, PowerDriver, Switch};
use crate::model::switch::{Inquiry, PortAnswer, SwitchAnswer, SwitchSettings};
use crate::store::{self, Store, Transaction, inquiries, switches};
use futures_util::stream::{self, StreamExt};
use std::collections::{HashMap, HashSet};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Requests to one switch at the same time: the processors of PoE switches are slow.
const AT_ONCE: usize = 4;
/// `sysDescr` of RFC 3418, without the instance.
const SYS_DESCR: &str = "1.3.6.1.2.1.1.1";
/// `pethMainPseConsumptionPower` of RFC 3621, in watts, one row for each power supply.
const CONSUMPTION: &str = "1.3.6.1.2.1.105.1.3.1.1.4";
/// What each port takes, in milliwatts. RFC 3621 has no such object; these have its index, group and port:
/// `rlPethPsePortOutputPower` of Linksys, Marvell and Eltex; the same of Cisco's small switches;
/// `cpeExtPsePortPwrConsumption` of CISCO-POWER-ETHERNET-EXT-MIB.
const MILLIWATTS: [&str; 3] =
    ["1.3.6.1.4.1.89.108.1.1.5", "1.3.6.1.4.1.9.6.1.101.108.1.1.5", "1.3.6.1.4.1.9.9.402.1.2.1.9"];
/// The longest description that is kept, in characters.
const LONGEST: usize = 200;

/// Asks switches.
#[derive(Debug)]
pub struct Inquiries {
    store: Store,
    power: Power,
    clock: Clock,
}

impl Inquiries {
    /// The questions in `store`, asked by `power`.
    pub fn new(store: Store, power: Power, clock: Clock) -> Self {
        Self { store, power, clock }
    }

    /// Asks what is there and what comes, until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), store::Error> {
        let mut changes = self.store.changes();
        // One for each question that an administrator asked and that has no answer.
        let (mut under_way, mut ids) = (JoinSet::new(), HashSet::new());
        loop {
            for inquiry in self.store.read(inquiries::open).await? {
                if ids.insert(inquiry.id) {
                    under_way.spawn(settle(
                        self.store.clone(),
                        self.power.clone(),
                        self.clock.clone(),
                        inquiry,
                    ));
                }
            }
            tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                Some(ended) = under_way.join_next() => {
                    let Ok((id, outcome)) = ended else { return Err(store::Error::Closed) };
                    ids.remove(&id);
                    outcome?;
                }
                changed = changes.changed() => if changed.is_err() { return Ok(()) },
            }
        }
    }
}

async fn settle(
    store: Store,
    power: Power,
    clock: Clock,
    inquiry: Inquiry,
) -> (InquiryId, Result<(), store::Error>) {
    let (id, is_tried) = (inquiry.id, inquiry.draft.is_some());
    let outcome = async {
        let Some(switch) = switch(&store, inquiry).await? else { return Ok(()) };
        let answer = ask(&power, &switch, is_tried).await;
        let now = clock.now();
        let keep = move |tx: &Transaction<'_>| {
            for it in answer.ports.iter().filter(|_| !is_tried) {
                let port = PortRef { switch: switch.id, port: it.port };
                switches::set_milliwatts(tx, port, it.milliwatts, now)?;
            }
            inquiries::answer(tx, id, &answer, now)
        };
        store.write(keep).await
    };
    (id, outcome.await)
}

/// Whom to ask; none if the switch was removed meanwhile, and the question with it.
async fn switch(store: &Store, inquiry: Inquiry) -> Result<Option<Switch>, store::Error> {
    match (inquiry.draft, inquiry.switch) {
        (Some(draft), at) => {
            let SwitchSettings { name, driver, ports, protected_port, first_address } = draft;
            let id = at.unwrap_or(SwitchId(0));
            Ok(Some(Switch { id, name, driver, ports, protected_port, first_address }))
        }
        (None, Some(id)) => store.read(move |conn| switches::by_id(conn, id)).await,
        (None, None) => Ok(None),
    }
}

/// What a switch says: first of one port, since a switch that is silent there is so at 48, and each takes its time.
async fn ask(power: &Power, switch: &Switch, is_tried: bool) -> SwitchAnswer {
    if switch.driver == PowerDriver::None {
        return SwitchAnswer::default();
    }
    let read = async |port: u16| {
        let seen =
            if is_tried { try_port(power, switch, port).await } else { read_port(power, switch, port).await };
        (port, seen)
    };
    let mut seen = vec![read(1).await];
    if seen.iter().all(|(_, answer)| !is_fruitless(answer)) {
        let more = stream::iter(2..=switch.ports).map(read).buffered(AT_ONCE);
        seen.extend(more.collect::<Vec<_>>().await);
    } else if let Some((_, Err(error))) = seen.first() {
        return SwitchAnswer { failure: Some(told(error)), ..SwitchAnswer::default() };
    }
    let taken = milliwatts(power, switch).await;
    let ports = seen.into_iter().map(|(port, answer)| PortAnswer {
        port,
        seen: answer.as_ref().ok().copied(),
        problem: answer.err().map(|error| told(&error)),
        milliwatts: taken.get(&port).copied(),
    });
    SwitchAnswer {
        ports: ports.collect(),
        description: description(power, switch).await,
        watts: watts(power, switch).await,
        failure: None,
    }
}

async fn read_port(power: &Power, switch: &Switch, port: u16) -> Result<PowerState, Error> {
    power.read(PortRef { switch: switch.id, port }).await
}

async fn try_port(power: &Power, switch: &Switch, port: u16) -> Result<PowerState, Error> {
    match power.snmp(switch)? {
        Some(snmp) => snmp.read(port).await,
        None => Ok(PowerState::On),
    }
}

/// Whether asking the other ports would say the same, after as long.
fn is_fruitless(answer: &Result<PowerState, Error>) -> bool {
    use Error::{BadOid, NoAnswer, Sealed, Send};
    matches!(answer, Err(NoAnswer { .. } | Send { .. } | Sealed { .. } | BadOid { .. }))
}

fn told(error: &Error) -> Problem {
    error.problem(PowerState::On)
}

/// Every row of a column; a switch that has it not, or stumbles over it, has none.
async fn column(power: &Power, switch: &Switch, object: &str) -> Vec<Row> {
    power.walk(switch, object).await.unwrap_or_default()
}

async fn description(power: &Power, switch: &Switch) -> Option<String> {
    let row = column(power, switch, SYS_DESCR).await.into_iter().next()?;
    let Cell::Octets(bytes) = row.cell else { return None };
    let text = String::from_utf8_lossy(&bytes);
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    Some(plain.take(LONGEST).collect::<String>().trim().to_owned()).filter(|text| !text.is_empty())
}

async fn watts(power: &Power, switch: &Switch) -> Option<u32> {
    let rows = column(power, switch, CONSUMPTION).await;
    let numbers: Vec<u32> = rows.iter().filter_map(|row| number(&row.cell)).collect();
    (!numbers.is_empty()).then(|| numbers.into_iter().fold(0, u32::saturating_add))
}

/// What each port takes, by its number as printed on the switch.
async fn milliwatts(power: &Power, switch: &Switch) -> HashMap<u16, u32> {
    let offset = match &switch.driver {
        PowerDriver::Snmp { index_offset, .. } => u64::from(*index_offset),
        PowerDriver::None => return HashMap::new(),
    };
    for object in MILLIWATTS {
        let rows = column(power, switch, object).await;
        if !rows.is_empty() {
            return rows.iter().filter_map(|row| by_port(row, offset, switch.ports)).collect();
        }
    }
    HashMap::new()
}

fn by_port(row: &Row, offset: u64, ports: u16) -> Option<(u16, u32)> {
    let port = u16::try_from(row.index.last()?.checked_sub(offset)?).ok()?;
    (1..=ports).contains(&port).then_some(())?;
    Some((port, number(&row.cell)?))
}

fn number(cell: &Cell) -> Option<u32> {
    match cell {
        Cell::Integer(number) => u32::try_from(*number).ok(),
        Cell::Octets(_) | Cell::Other => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_other_ports_and_of_no_number_are_left_out() {
        let row = |last, cell| Row { index: vec![1, last], cell };
        assert_eq!(by_port(&row(50, Cell::Integer(4200)), 48, 8), Some((2, 4200)));
        assert_eq!(by_port(&row(48, Cell::Integer(1)), 48, 8), None, "port 0");
        assert_eq!(by_port(&row(57, Cell::Integer(1)), 48, 8), None, "beyond the last");
        assert_eq!(by_port(&row(3, Cell::Integer(1)), 48, 8), None, "below the offset");
        assert_eq!(by_port(&row(50, Cell::Other), 48, 8), None);
        assert_eq!(by_port(&row(50, Cell::Integer(-1)), 48, 8), None);
    }
}
