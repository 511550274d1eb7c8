//! What the simulated switch answers: the objects of RFC 3621, `sysDescr` and the tables of `bridge`, and the rules
//! of RFC 3416 for asking and setting them. Called by `switch`. *Pure.*

use super::ber::{Value, encode_bindings};
use super::bridge;
use crate::model::net::MacAddr;
use crate::model::power::PowerState;
use snmp2::pdu::Pdu;
use snmp2::{MessageType, Oid, Value as Asked, Varbinds, Version};

const SYS_DESCR: &[u64] = &[1, 3, 6, 1, 2, 1, 1, 1, 0];
/// `pethPsePortAdminEnable` of group 1.
const ADMIN_ENABLE: &[u64] = &[1, 3, 6, 1, 2, 1, 105, 1, 1, 1, 3, 1];
/// `pethPsePortDetectionStatus` of group 1.
const DETECTION_STATUS: &[u64] = &[1, 3, 6, 1, 2, 1, 105, 1, 1, 1, 6, 1];
/// `pethMainPseConsumptionPower` of group 1, in watts.
const CONSUMPTION: &[u64] = &[1, 3, 6, 1, 2, 1, 105, 1, 3, 1, 1, 4, 1];
/// `rlPethPsePortOutputPower` of group 1, in milliwatts, as Linksys switches have it.
const OUTPUT_POWER: &[u64] = &[1, 3, 6, 1, 4, 1, 89, 108, 1, 1, 5, 1];
/// What a board takes: a Pi 4 that idles.
const BOARD_MILLIWATTS: i64 = 3200;
/// More repetitions than a table of this switch has rows.
const MOST_REPETITIONS: u32 = 64;

/// `error-status` of RFC 3416 section 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ErrorStatus {
    WrongType = 7,
    WrongValue = 10,
    NoCreation = 11,
    NotWritable = 17,
}

/// The switch as its SNMP agent shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mib {
    /// What `sysDescr` says.
    pub(super) description: String,
    /// The read-write community.
    pub(super) community: String,
    /// Power of each port, port 1 first.
    pub(super) ports: Vec<PowerState>,
    /// The board at each port, port 1 first.
    pub(super) boards: Vec<Option<MacAddr>>,
    /// Whether it tells who is where; cheap switches do not.
    pub(super) tells_places: bool,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    /// The response to send.
    pub(super) response: Vec<u8>,
    /// Ports to switch, in order; empty unless a set succeeded.
    pub(super) sets: Vec<(u16, PowerState)>,
}

type Binding = (Oid<'static>, Value);

impl Mib {
    /// Judges a datagram; silence for what is malformed, of another version or of another community.
    pub(super) fn respond(&self, datagram: &[u8]) -> Option<Outcome> {
        let request = Pdu::from_bytes(datagram).ok()?;
        if request.version() != Ok(Version::V2C) || request.community != self.community.as_bytes() {
            return None;
        }
        match request.message_type {
            MessageType::GetRequest => response(&request, &self.each(&request, |oid| self.get(oid))),
            MessageType::GetNextRequest => {
                let objects = self.objects();
                let next = |oid: &[u64]| next(&objects, oid);
                response(
                    &request,
                    &request.varbinds.clone().filter_map(|(oid, _)| next(&arcs(&oid)?)).collect::<Vec<_>>(),
                )
            }
            MessageType::GetBulkRequest => response(&request, &self.bulk(&request)),
            MessageType::SetRequest => self.set(&request),
            MessageType::Response
            | MessageType::InformRequest
            | MessageType::Trap
            | MessageType::TrapV1
            | MessageType::Report => None,
        }
    }

    fn each(&self, request: &Pdu<'_>, value: impl Fn(&[u64]) -> Value) -> Vec<Binding> {
        let bind = |(oid, _): (Oid<'_>, Asked<'_>)| Some((oid.to_owned(), value(&arcs(&oid)?)));
        request.varbinds.clone().filter_map(bind).collect()
    }

    fn get(&self, oid: &[u64]) -> Value {
        let rows = self.objects();
        match rows.into_iter().find(|(known, _)| known == oid) {
            Some((_, value)) => value,
            None if [ADMIN_ENABLE, DETECTION_STATUS].iter().any(|table| oid.starts_with(table)) => {
                Value::NoSuchInstance
            }
            None => Value::NoSuchObject,
        }
    }

    fn bulk(&self, request: &Pdu<'_>) -> Vec<Binding> {
        let repeats = usize::try_from(request.error_index.min(MOST_REPETITIONS)).unwrap_or(0);
        let single = usize::try_from(request.error_status).unwrap_or(0);
        let mut bindings = Vec::new();
        let objects = self.objects();
        for (number, (oid, _)) in request.varbinds.clone().enumerate() {
            let mut at = arcs(&oid).unwrap_or_default();
            for _ in 0..if number < single { 1 } else { repeats } {
                let Some((oid, value)) = next(&objects, &at) else { break };
                let ends = value == Value::EndOfMibView;
                at = arcs(&oid).unwrap_or_default();
                bindings.push((oid, value));
                if ends {
                    break;
                }
            }
        }
        bindings
    }

    /// All bindings of a set succeed, or none.
    fn set(&self, request: &Pdu<'_>) -> Option<Outcome> {
        let mut sets = Vec::new();
        let mut bindings = Vec::new();
        for (number, (oid, value)) in (1u32..).zip(request.varbinds.clone()) {
            match self.judge_set(&arcs(&oid)?, &value) {
                Ok((port, power)) => {
                    sets.push((port, power));
                    bindings.push((oid.to_owned(), Value::Integer(admin_enable(power))));
                }
                Err(status) => return refusal(request, status, number),
            }
        }
        Some(Outcome { sets, ..response(request, &bindings)? })
    }

    fn judge_set(&self, oid: &[u64], value: &Asked<'_>) -> Result<(u16, PowerState), ErrorStatus> {
        let Some([index]) = oid.strip_prefix(ADMIN_ENABLE) else { return Err(ErrorStatus::NotWritable) };
        let port =
            u16::try_from(*index).ok().filter(|port| (1..=self.ports.len()).contains(&usize::from(*port)));
        let port = port.ok_or(ErrorStatus::NoCreation)?;
        let Asked::Integer(number) = value else { return Err(ErrorStatus::WrongType) };
        match number {
            1 => Ok((port, PowerState::On)),
            2 => Ok((port, PowerState::Off)),
            _ => Err(ErrorStatus::WrongValue),
        }
    }

    /// Every object in lexicographical order.
    fn objects(&self) -> Vec<(Vec<u64>, Value)> {
        let row = |table: &'static [u64], value: fn(PowerState) -> i64| {
            let numbered = (1u64..).zip(&self.ports);
            numbered.map(move |(index, power)| {
                let oid: Vec<u64> = table.iter().copied().chain([index]).collect();
                (oid, Value::Integer(value(*power)))
            })
        };
        let description = Value::OctetString(self.description.clone().into_bytes());
        let all: i64 = self.ports.iter().map(|power| milliwatts(*power)).sum();
        let first =
            [(SYS_DESCR.to_vec(), description), (CONSUMPTION.to_vec(), Value::Integer((all + 500) / 1000))];
        let power = row(ADMIN_ENABLE, admin_enable).chain(row(DETECTION_STATUS, detection));
        let power = power.chain(row(OUTPUT_POWER, milliwatts));
        let mut all: Vec<_> = first.into_iter().chain(power).collect();
        if self.tells_places {
            all.extend(bridge::objects(&self.heard()));
        }
        all.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        all
    }

    /// The board that is heard on each port: the one that has power.
    fn heard(&self) -> Vec<Option<MacAddr>> {
        let boards = self.boards.iter().copied().chain(std::iter::repeat(None));
        let heard =
            self.ports.iter().zip(boards).map(|(power, board)| board.filter(|_| *power == PowerState::On));
        heard.collect()
    }
}

fn next(objects: &[(Vec<u64>, Value)], oid: &[u64]) -> Option<Binding> {
    let at = objects.partition_point(|(known, _)| known.as_slice() <= oid);
    match objects.get(at) {
        Some((known, value)) => Some((Oid::from(known).ok()?, value.clone())),
        None => Some((Oid::from(oid).ok()?, Value::EndOfMibView)),
    }
}

/// `TruthValue`: true is 1, false is 2.
fn admin_enable(power: PowerState) -> i64 {
    match power {
        PowerState::On => 1,
        PowerState::Off => 2,
    }
}

/// deliveringPower is 3, disabled is 1.
fn detection(power: PowerState) -> i64 {
    match power {
        PowerState::On => 3,
        PowerState::Off => 1,
    }
}

fn milliwatts(power: PowerState) -> i64 {
    match power {
        PowerState::On => BOARD_MILLIWATTS,
        PowerState::Off => 0,
    }
}

fn arcs(oid: &Oid<'_>) -> Option<Vec<u64>> {
    oid.iter().map(Iterator::collect)
}

fn response(request: &Pdu<'_>, bindings: &[Binding]) -> Option<Outcome> {
    framed(request, bindings, 0, 0)
}

fn refusal(request: &Pdu<'_>, status: ErrorStatus, index: u32) -> Option<Outcome> {
    let bindings: Vec<Binding> =
        request.varbinds.clone().map(|(oid, _)| (oid.to_owned(), Value::Null)).collect();
    framed(request, &bindings, status as u32, index)
}

fn framed(request: &Pdu<'_>, bindings: &[Binding], error_status: u32, error_index: u32) -> Option<Outcome> {
    let encoded = encode_bindings(bindings);
    let mut pdu = request.clone();
    pdu.message_type = MessageType::Response;
    pdu.error_status = error_status;
    pdu.error_index = error_index;
    pdu.varbinds = Varbinds::from_bytes(&encoded);
    Some(Outcome { response: pdu.to_bytes().ok()?, sets: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mib() -> Mib {
        Mib {
            description: "simulated".to_owned(),
            community: "private".to_owned(),
            ports: vec![PowerState::On, PowerState::Off],
            boards: vec![Some(MacAddr([2, 0, 0, 0, 0, 1])), Some(MacAddr([2, 0, 0, 0, 0, 2]))],
            tells_places: false,
        }
    }

    /// Error status, bindings as text, sets.
    type Answered = (u32, String, Vec<(u16, PowerState)>);

    fn ask(kind: MessageType, community: &str, oid: &str, value: Value) -> Option<Answered> {
        let encoded = encode_bindings(&[(oid.parse().unwrap(), value)]);
        let ours = mib();
        let mut request = Pdu::from_bytes(TEMPLATE).unwrap();
        request.message_type = kind;
        request.community = community.as_bytes();
        request.error_index = 3;
        request.varbinds = Varbinds::from_bytes(&encoded);
        let frame = request.to_bytes().unwrap();
        let outcome = ours.respond(&frame)?;
        let answer = Pdu::from_bytes(&outcome.response).unwrap();
        let shown: Vec<String> =
            answer.varbinds.clone().map(|(oid, value)| format!("{oid} {value:?}")).collect();
        Some((answer.error_status, shown.join(", "), outcome.sets))
    }

    /// A get-request of version 2c without bindings.
    const TEMPLATE: &[u8] =
        &[0x30, 0x14, 2, 1, 1, 4, 2, b'x', b'y', 0xa0, 0x0b, 2, 1, 7, 2, 1, 0, 2, 1, 0, 0x30, 0];
    const PORT: &str = "1.3.6.1.2.1.105.1.1.1.3.1.";

    #[test]
    fn ports_are_read() {
        let get = |oid: &str| ask(MessageType::GetRequest, "private", oid, Value::Null).unwrap().1;
        assert!(get(&format!("{PORT}1")).ends_with("INTEGER: 1"));
        assert!(get(&format!("{PORT}2")).ends_with("INTEGER: 2"));
        assert!(get(&format!("{PORT}3")).ends_with("NO SUCH INSTANCE"));
        assert!(get("1.3.6.1.9.9").ends_with("NO SUCH OBJECT"));
        assert!(get("1.3.6.1.2.1.1.1.0").ends_with("OCTET STRING: simulated"));
    }

    #[test]
    fn walks_end() {
        let next = |oid: &str| ask(MessageType::GetNextRequest, "private", oid, Value::Null).unwrap().1;
        assert_eq!(next("1.3.6.1.2.1.105.1.1.1.3.1"), format!("{PORT}1 INTEGER: 1"));
        assert_eq!(next(&format!("{PORT}2")), "1.3.6.1.2.1.105.1.1.1.6.1.1 INTEGER: 3");
        assert_eq!(next("1.3.6.1.2.1.105.1.1.1.6.1.2"), "1.3.6.1.2.1.105.1.3.1.1.4.1 INTEGER: 3");
        assert_eq!(next("1.3.6.1.2.1.105.2"), "1.3.6.1.4.1.89.108.1.1.5.1.1 INTEGER: 3200");
        assert!(next("1.3.6.1.4.1.89.108.1.1.5.1.2").ends_with("END OF MIB VIEW"));
        let bulk = ask(MessageType::GetBulkRequest, "private", "1.3.6.1.2.1.105", Value::Null).unwrap().1;
        assert_eq!(bulk.split(", ").count(), 3);
    }

    #[test]
    fn a_board_is_heard_where_it_has_power() {
        let fdb = |last: u64| [1, 3, 6, 1, 2, 1, 17, 4, 3, 1, 2, 2, 0, 0, 0, 0, last];
        let told = Mib { tells_places: true, ..mib() };
        assert_eq!(told.get(&fdb(1)), Value::Integer(1));
        assert_eq!(told.get(&fdb(2)), Value::NoSuchObject);
        assert_eq!(mib().get(&fdb(1)), Value::NoSuchObject);
        let objects = told.objects();
        assert!(objects.windows(2).all(|pair| pair[0].0 < pair[1].0), "{objects:?}");
    }

    #[test]
    fn sets_switch_or_say_why_not() {
        let set = |oid: &str, value| ask(MessageType::SetRequest, "private", oid, value).unwrap();
        assert_eq!(set(&format!("{PORT}2"), Value::Integer(1)).2, [(2, PowerState::On)]);
        for (oid, value, status) in [
            (format!("{PORT}9"), Value::Integer(1), ErrorStatus::NoCreation),
            (format!("{PORT}1"), Value::Integer(3), ErrorStatus::WrongValue),
            (format!("{PORT}1"), Value::OctetString(b"on".to_vec()), ErrorStatus::WrongType),
            ("1.3.6.1.2.1.1.1.0".to_owned(), Value::Integer(1), ErrorStatus::NotWritable),
        ] {
            let (seen, _, sets) = set(&oid, value);
            assert_eq!((seen, sets), (status as u32, vec![]), "{oid}");
        }
    }

    #[test]
    fn strangers_get_silence() {
        assert_eq!(ask(MessageType::GetRequest, "public", &format!("{PORT}1"), Value::Null), None);
        assert_eq!(mib().respond(b"rubbish"), None);
        assert_eq!(mib().respond(&[]), None);
    }
}
