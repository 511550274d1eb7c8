//! Reading a column of a switch's table, row after row. *IO: UDP to the switch.*
//!
//! GETBULK, and GETNEXT where a switch refuses it (RFC 3416 section 4.2). What comes back is a stranger's: rows must
//! grow, their number and the time are bounded, and an answer without rows is an error, not the end.

use super::{ATTEMPTS, SnmpSwitch, request_id};
use crate::power::{Cell, Error, Row};
use snmp2::{AsyncSession, Oid, Pdu, Value};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// Rows in one answer: 25 rows of the longest index stay below 1,500 bytes.
const REPETITIONS: u32 = 25;
/// The largest forwarding table of a switch that feeds boards has 16,384 rows.
const MOST_ROWS: usize = 16_384;
/// The longest octet string that is kept; names and addresses are shorter.
const MOST_OCTETS: usize = 255;
/// A slow switch gives 50 rows a second.
const LONGEST: Duration = Duration::from_secs(60);

/// How the next rows are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    Bulk,
    Next,
}

/// A row that came back, or that there are no more.
struct Step {
    oid: Vec<u64>,
    cell: Option<Cell>,
}

impl SnmpSwitch {
    /// Every row of a column, such as `1.3.6.1.2.1.17.4.3.1.2`; none if the switch has no such table.
    pub(in crate::power) async fn walk(&self, column: &str) -> Result<Vec<Row>, Error> {
        let wrong = |seen: &str| self.unreadable(column, seen);
        let root: Vec<u64> = column
            .split('.')
            .map(str::parse)
            .collect::<Result<_, _>>()
            .map_err(|_| wrong("it is no object"))?;
        let (mut at, mut rows, mut manner) = (root.clone(), Vec::new(), Manner::Bulk);
        let end = Instant::now() + LONGEST;
        loop {
            if Instant::now() >= end {
                return Err(wrong("it does not end within a minute"));
            }
            let Some(steps) = self.steps(column, &at, manner).await? else {
                manner = Manner::Next;
                continue;
            };
            if steps.is_empty() {
                return Err(wrong("an answer without a row"));
            }
            for Step { oid, cell } in steps {
                let (Some(index), Some(cell)) = (oid.strip_prefix(root.as_slice()), cell) else {
                    return Ok(rows);
                };
                if oid <= at {
                    return Err(wrong("its rows run in a circle"));
                }
                if rows.len() >= MOST_ROWS {
                    return Err(wrong("it has more than 16384 rows"));
                }
                rows.push(Row { index: index.to_vec(), cell });
                at = oid;
            }
        }
    }

    /// The rows behind `at`; none if the switch does not take this manner of asking.
    async fn steps(&self, column: &str, at: &[u64], manner: Manner) -> Result<Option<Vec<Step>>, Error> {
        let mut last = self.unreadable(column, "no answer");
        for _ in 0..ATTEMPTS {
            match timeout(self.timeout, self.ask(column, at, manner)).await {
                Ok(Ok(steps)) => return Ok(steps),
                Ok(Err(error)) => last = error,
                Err(_) => last = self.unreadable(column, "no answer"),
            }
        }
        Err(last)
    }

    async fn ask(&self, column: &str, at: &[u64], manner: Manner) -> Result<Option<Vec<Step>>, Error> {
        let wrong = |seen: String| self.unreadable(column, &seen);
        let oid = Oid::from(at).map_err(|_| wrong("it is no object".to_owned()))?;
        let mut session = AsyncSession::new_v2c(self.address, self.community.as_bytes(), request_id())
            .await
            .map_err(|source| Error::Send { switch: self.name.clone(), address: self.address, source })?;
        let answer = match manner {
            Manner::Bulk => session.getbulk(&[&oid], 0, REPETITIONS).await,
            Manner::Next => session.getnext(&oid).await,
        };
        let pdu = answer.map_err(|error| wrong(error.to_string()))?;
        match (pdu.error_status, manner) {
            (0, _) => Ok(Some(steps_of(&pdu))),
            (_, Manner::Bulk) => Ok(None),
            // Switches of version 1 manners end a table with an error.
            (2, Manner::Next) => Ok(Some(vec![Step { oid: Vec::new(), cell: None }])),
            (status, Manner::Next) => Err(wrong(format!("error {status}"))),
        }
    }

    fn unreadable(&self, table: &str, seen: &str) -> Error {
        let (switch, address) = (self.name.clone(), self.address);
        Error::Table { switch, address, table: table.to_owned(), seen: seen.to_owned() }
    }
}

/// The rows of an answer; what cannot be read ends it.
fn steps_of(pdu: &Pdu<'_>) -> Vec<Step> {
    let most = usize::try_from(REPETITIONS).unwrap_or(usize::MAX);
    let step =
        |(oid, value): (Oid<'_>, Value<'_>)| Some(Step { oid: oid.iter()?.collect(), cell: cell(&value) });
    pdu.varbinds.clone().map_while(step).take(most).collect()
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the crate has many kinds of values that no table here holds"
)]
fn cell(value: &Value<'_>) -> Option<Cell> {
    match value {
        Value::EndOfMibView | Value::NoSuchObject | Value::NoSuchInstance => None,
        Value::Integer(number) => Some(Cell::Integer(*number)),
        Value::Unsigned32(number) | Value::Counter32(number) => Some(Cell::Integer(i64::from(*number))),
        Value::OctetString(octets) => Some(Cell::Octets(octets.iter().take(MOST_OCTETS).copied().collect())),
        _ => Some(Cell::Other),
    }
}
