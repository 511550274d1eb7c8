//! The driver of PoE switches: SNMP v2c, RFC 3621 `pethPsePortAdminEnable` or an object of the same meaning.
//!
//! *IO: UDP to the switch.* The one door to the SNMP crate outside `sim`. Each request has its own socket, so
//! that a late answer to an earlier one cannot be taken for its own, and is sent twice at most. A port counts as
//! set when a read says so: many switches answer a set before they act on it, some without acting on it.

mod walk;

use super::{Error, PowerSwitch};
use crate::model::power::PowerState;
use snmp2::{AsyncSession, Oid, Value};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// `TruthValue` of RFC 2579.
const TRUE: i64 = 1;
const FALSE: i64 = 2;
/// One retry.
const ATTEMPTS: u32 = 2;
/// Between two reads while the switch makes up its mind.
const READ_BACK_INTERVAL: Duration = Duration::from_millis(100);

/// One switch.
pub(super) struct SnmpSwitch {
    pub(super) name: String,
    pub(super) address: SocketAddr,
    pub(super) community: String,
    pub(super) base_oid: String,
    pub(super) index_offset: u32,
    pub(super) timeout: Duration,
}

/// What is asked of the switch.
#[derive(Clone, Copy)]
enum Ask {
    Get,
    Set(PowerState),
}

#[async_trait::async_trait]
impl PowerSwitch for SnmpSwitch {
    async fn set(&self, port: u16, wanted: PowerState) -> Result<(), Error> {
        self.request(port, Ask::Set(wanted)).await?;
        let deadline = Instant::now() + self.timeout * ATTEMPTS;
        loop {
            let seen = self.read(port).await?;
            if seen == wanted {
                return Ok(());
            }
            if Instant::now() >= deadline {
                let switch = self.name.clone();
                return Err(Error::Unmoved { switch, port, seen: seen.as_str(), wanted: wanted.as_str() });
            }
            sleep(READ_BACK_INTERVAL).await;
        }
    }

    async fn read(&self, port: u16) -> Result<PowerState, Error> {
        let nonsense =
            |seen: &str| Error::Nonsense { switch: self.name.clone(), port, seen: seen.to_owned() };
        match self.request(port, Ask::Get).await? {
            Seen::Integer(TRUE) => Ok(PowerState::On),
            Seen::Integer(FALSE) => Ok(PowerState::Off),
            Seen::Integer(other) => Err(nonsense(&format!("integer {other}"))),
            Seen::Other(text) => Err(nonsense(&text)),
        }
    }
}

/// A value that came back.
enum Seen {
    Integer(i64),
    Other(String),
}

impl SnmpSwitch {
    fn oid(&self, port: u16) -> Result<Oid<'static>, Error> {
        let bad = || Error::BadOid { switch: self.name.clone(), seen: self.base_oid.clone() };
        let index = u64::from(self.index_offset) + u64::from(port);
        let arcs = self.base_oid.trim_matches('.').split('.').map(str::parse::<u64>);
        let mut arcs = arcs.collect::<Result<Vec<_>, _>>().map_err(|_| bad())?;
        arcs.push(index);
        Oid::from(&arcs).map_err(|_| bad())
    }

    async fn request(&self, port: u16, ask: Ask) -> Result<Seen, Error> {
        let oid = self.oid(port)?;
        let mut last = self.no_answer(port);
        for _ in 0..ATTEMPTS {
            match timeout(self.timeout, self.exchange(port, &oid, ask)).await {
                Ok(Ok(seen)) => return Ok(seen),
                Ok(Err(error @ Error::Refused { .. })) => return Err(error),
                Ok(Err(error)) => last = error,
                Err(_) => last = self.no_answer(port),
            }
        }
        Err(last)
    }

    async fn exchange(&self, port: u16, oid: &Oid<'static>, ask: Ask) -> Result<Seen, Error> {
        let community = self.community.as_bytes();
        let mut session = AsyncSession::new_v2c(self.address, community, request_id())
            .await
            .map_err(|source| Error::Send { switch: self.name.clone(), address: self.address, source })?;
        let answer = match ask {
            Ask::Get => session.get(oid).await,
            Ask::Set(state) => session.set(&[(oid, Value::Integer(truth(state)))]).await,
        };
        let refused = |seen: String| Error::Refused { switch: self.name.clone(), port, seen };
        let mut pdu = match answer {
            Ok(pdu) => pdu,
            // A closed port answers with ICMP: nobody is there, or not yet again after a restart.
            Err(snmp2::Error::Send | snmp2::Error::Receive) => return Err(self.no_answer(port)),
            Err(error) => return Err(refused(error.to_string())),
        };
        if pdu.error_status != 0 {
            return Err(refused(format!("error {} ({})", pdu.error_status, error_word(pdu.error_status))));
        }
        Ok(match pdu.varbinds.next() {
            Some((_, Value::Integer(number))) => Seen::Integer(number),
            Some((_, other)) => Seen::Other(format!("{other:?}").to_lowercase()),
            None => Seen::Other("nothing".to_owned()),
        })
    }

    fn no_answer(&self, port: u16) -> Error {
        Error::NoAnswer { switch: self.name.clone(), address: self.address, port, timeout: self.timeout }
    }
}

fn truth(state: PowerState) -> i64 {
    match state {
        PowerState::On => TRUE,
        PowerState::Off => FALSE,
    }
}

/// A number that answers to others cannot guess; without random bytes any will do.
fn request_id() -> i32 {
    let mut bytes = [0u8; 4];
    match getrandom::fill(&mut bytes) {
        Ok(()) => i32::from_le_bytes(bytes) & i32::MAX,
        Err(_) => 1,
    }
}

/// The error-status of RFC 3416 section 3.
fn error_word(status: u32) -> &'static str {
    const WORDS: [&str; 19] = [
        "noError",
        "tooBig",
        "noSuchName",
        "badValue",
        "readOnly",
        "genErr",
        "noAccess",
        "wrongType",
        "wrongLength",
        "wrongEncoding",
        "wrongValue",
        "noCreation",
        "inconsistentValue",
        "resourceUnavailable",
        "commitFailed",
        "undoFailed",
        "authorizationError",
        "notWritable",
        "inconsistentName",
    ];
    usize::try_from(status).ok().and_then(|at| WORDS.get(at)).copied().unwrap_or("unknown")
}

#[cfg(test)]
mod tests;
