//! The one place where the time is read. Everything else takes `now` as an argument.
//!
//! *IO: the system clock.* Timestamps are stored as whole milliseconds since 1970 (UTC).

pub use jiff::civil::{Date, DateTime};
pub use jiff::tz::TimeZone;
pub use jiff::{SignedDuration, Timestamp};

use std::sync::Arc;

/// A clock to hand to what measures deadlines itself: the system's, or one that runs at another pace.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self(Arc::new(now))
    }

    /// A clock that reads as `read` says.
    pub fn reading(read: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// What it shows now.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

/// The time now, cut to whole milliseconds so that it survives a round trip through the database.
#[expect(clippy::disallowed_methods, reason = "the one reader of the clock")]
pub fn now() -> Timestamp {
    from_millis(Timestamp::now().as_millisecond())
}

/// Milliseconds since 1970 to a timestamp; a value out of range becomes 1970.
pub fn from_millis(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or_default()
}

/// A timestamp as milliseconds since 1970, as the database stores it.
pub fn to_millis(at: Timestamp) -> i64 {
    at.as_millisecond()
}

/// Whole seconds from `earlier` to `later`; zero if the clock went backwards.
pub fn seconds_between(earlier: Timestamp, later: Timestamp) -> u64 {
    u64::try_from(later.duration_since(earlier).as_secs()).unwrap_or(0)
}
