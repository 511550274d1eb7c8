//! What to do about a request from a port whose transfer is still open. *Pure.*
//!
//! Called by `server`. Firmware repeats a request that is not answered within 2 s, and sends the next one from the same
//! port although the end of the last transfer was lost on the way.

use super::wire::Request;
use crate::model::quirk::{Quirk, Quirks};
use std::time::Duration;

/// A client that was not heard for so long and asks again has started over.
const STARTED_OVER: Duration = Duration::from_secs(1);

/// What to do about the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    /// It has to wait for the end of the old transfer: it is the one being served, whose timer serves it.
    Waits,
    /// The client has gone on: the old transfer ends, then this one begins.
    Replaces,
}

/// Judges a request; `silent_for` is how long the client was not heard, none if it never was.
pub(crate) fn judge(
    open: &Request,
    request: &Request,
    silent_for: Option<Duration>,
    quirks: Quirks,
) -> Again {
    let heard_lately = silent_for.is_none_or(|silence| silence < STARTED_OVER);
    let waits = if open == request && heard_lately {
        quirks.has(Quirk::OneTransferPerRequest)
    } else {
        !quirks.has(Quirk::NextRequestFromSamePort)
    };
    if waits { Again::Waits } else { Again::Replaces }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_are_told_from_new_requests() {
        let request = |name: &str| Request { name: name.to_owned(), wishes: Vec::new() };
        let check = |name, silent_millis: Option<u64>, expect| {
            let silent = silent_millis.map(Duration::from_millis);
            assert_eq!(judge(&request("a"), &request(name), silent, Quirks::ALL), expect);
        };
        check("a", None, Again::Waits);
        check("a", Some(999), Again::Waits);
        check("a", Some(1000), Again::Replaces);
        check("b", None, Again::Replaces);
        check("b", Some(0), Again::Replaces);
    }
}
