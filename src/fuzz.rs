//! Random input to what faces the network, with an eye on the memory it takes. *Tests.*
//!
//! Called by the `hostile` modules. An ordinary run tries some thousand inputs; with `PIMASTER_FUZZ_SECONDS` set, as
//! `scripts/test` does, it goes on for so long (`cargo nextest run --profile fuzz` picks these tests).

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestCaseError, TestCaseResult, TestRunner};
use std::time::{Duration, Instant};

/// Inputs between two looks at the clock.
const CASES: u32 = 4000;

/// Tries inputs; panics with the smallest that fails.
pub(crate) fn run<S: Strategy>(strategy: &S, check: impl Fn(S::Value) -> TestCaseResult) {
    let seconds = std::env::var("PIMASTER_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
    let end = Instant::now() + Duration::from_secs(seconds.unwrap_or(0));
    loop {
        // A new runner has new random numbers, and no file of its own in the source tree.
        let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
        if let Err(error) = TestRunner::new(config).run(strategy, &check) {
            panic!("{error}");
        }
        if Instant::now() >= end {
            return;
        }
    }
}

/// Does something with a packet of that length: all it allocates, freed or not, stays below `times` its length and
/// `bytes` on top.
pub(crate) fn within<T>(
    length: usize,
    times: usize,
    bytes: usize,
    work: impl FnOnce() -> T,
) -> Result<T, TestCaseError> {
    let mut done = None;
    let counted = allocation_counter::measure(|| done = Some(work()));
    let (taken, limit) = (counted.bytes_total, (length * times + bytes) as u64);
    match done {
        Some(done) if taken <= limit => Ok(done),
        _ => Err(TestCaseError::fail(format!("{length} bytes made it allocate {taken}, more than {limit}"))),
    }
}
