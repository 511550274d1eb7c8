//! What to do about a request from a port whose transfer is still open. *Pure.*
//!
//! Called by `server`. Firmware repeats a request that is not answered within 2 s, and sends the next one from the same
//! port although the end of the last transfer was lost on the way. The next one may even be for the same file: boot
//! ROMs look for a file, end that transfer, and ask again to load it. A request that the network doubled must not be
//! taken for that: its answer would come when the board waits for another one, which it would then acknowledge to a
//! port where nobody listens.

use super::wire::Request;
use crate::model::quirk::{Quirk, Quirks};
use std::time::Duration;

/// A client that was not heard for so long and asks again has started over.
const STARTED_OVER: Duration = Duration::from_secs(1);

/// How the transfer of a port stands when another request comes from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Course {
    /// It is served; the client was last heard so long ago, or never.
    Open(Option<Duration>),
    /// It has ended before this request came.
    Over,
}

/// What to do about the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    /// Nothing: it is the one being served, whose timer serves it.
    Nothing,
    /// The client has gone on: the old transfer ends, then this one begins.
    Replaces,
}

/// Judges a request. All that came from the client before it must have been heard.
pub(crate) fn judge(open: &Request, request: &Request, course: Course, quirks: Quirks) -> Again {
    let is_served = match course {
        Course::Over => return Again::Replaces,
        Course::Open(silence) => open == request && silence.is_none_or(|silence| silence < STARTED_OVER),
    };
    let is_passed_over = match is_served {
        true => quirks.has(Quirk::OneTransferPerRequest),
        false => !quirks.has(Quirk::NextRequestFromSamePort),
    };
    if is_passed_over { Again::Nothing } else { Again::Replaces }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_are_told_from_new_requests() {
        let request = |name: &str| Request { name: name.to_owned(), wishes: Vec::new() };
        let silent = |millis| Course::Open(Some(Duration::from_millis(millis)));
        let check = |name, course, expect| {
            assert_eq!(
                judge(&request("a"), &request(name), course, Quirks::ALL),
                expect,
                "{name} {course:?}"
            );
        };
        check("a", Course::Open(None), Again::Nothing);
        check("a", silent(999), Again::Nothing);
        check("a", silent(1000), Again::Replaces);
        check("a", Course::Over, Again::Replaces);
        check("b", Course::Open(None), Again::Replaces);
        check("b", silent(0), Again::Replaces);
        check("b", Course::Over, Again::Replaces);
    }
}
