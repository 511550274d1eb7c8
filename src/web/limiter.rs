//! How often a sign-in may fail. *Pure:* time is given. Called by `routes::sign_in`.
//!
//! A bucket per address and account, and a wider one per address: a guesser is slowed, the owner of an account
//! that is guessed at from elsewhere is not.

use crate::model::clock::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::net::IpAddr;

/// Failures in a row before waiting begins, and the time in which one is forgiven.
const PER_ACCOUNT: (u32, SignedDuration) = (5, SignedDuration::from_secs(30));
const PER_ADDRESS: (u32, SignedDuration) = (30, SignedDuration::from_secs(10));
/// Beyond so many buckets the forgiven ones are dropped, and if none is, all: memory stays bounded.
const MOST_BUCKETS: usize = 10_000;

/// Counts failures; a bucket is the time at which all of its failures are forgiven.
#[derive(Debug, Default)]
pub(super) struct Limiter {
    forgiven_at: HashMap<(IpAddr, Option<String>), Timestamp>,
}

impl Limiter {
    /// Takes one attempt: `Err` with the seconds to wait if there were too many failures.
    /// A success gives it back with [`Limiter::forgive`].
    pub(super) fn attempt(&mut self, from: IpAddr, account: &str, now: Timestamp) -> Result<(), u64> {
        let account = (from, Some(account.to_owned()));
        let wait = self.wait(&account, PER_ACCOUNT, now).max(self.wait(&(from, None), PER_ADDRESS, now));
        if let Some(seconds) = wait {
            return Err(seconds);
        }
        self.make_room(now);
        for (key, (_, each)) in [(account, PER_ACCOUNT), ((from, None), PER_ADDRESS)] {
            let at = self.forgiven_at.entry(key).or_insert(now);
            *at = (*at).max(now) + each;
        }
        Ok(())
    }

    /// Forgets the failures of an account from an address, and this attempt: its owner has signed in.
    pub(super) fn forgive(&mut self, from: IpAddr, account: &str) {
        self.forgiven_at.remove(&(from, Some(account.to_owned())));
        if let Some(at) = self.forgiven_at.get_mut(&(from, None)) {
            *at -= PER_ADDRESS.1;
        }
    }

    fn wait(
        &self,
        key: &(IpAddr, Option<String>),
        (burst, each): (u32, SignedDuration),
        now: Timestamp,
    ) -> Option<u64> {
        let owed = self.forgiven_at.get(key)?.duration_since(now);
        let over = owed + each - each * i32::try_from(burst).unwrap_or(i32::MAX);
        u64::try_from(over.as_millis()).ok().filter(|over| *over > 0).map(|over| over.div_ceil(1000))
    }

    fn make_room(&mut self, now: Timestamp) {
        if self.forgiven_at.len() < MOST_BUCKETS {
            return;
        }
        self.forgiven_at.retain(|_, at| *at > now);
        if self.forgiven_at.len() >= MOST_BUCKETS {
            self.forgiven_at.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn five_failures_then_one_each_half_minute() {
        let mut limiter = Limiter::default();
        for _ in 0..5 {
            assert_eq!(limiter.attempt(HERE, "a", at(0)), Ok(()));
        }
        assert_eq!(limiter.attempt(HERE, "a", at(0)), Err(30));
        assert_eq!(limiter.attempt(HERE, "a", at(20)), Err(10));
        assert_eq!(limiter.attempt(HERE, "b", at(20)), Ok(()));
        assert_eq!(limiter.attempt(HERE, "a", at(30)), Ok(()));
        assert_eq!(limiter.attempt(HERE, "a", at(30)), Err(30));
        limiter.forgive(HERE, "a");
        assert_eq!(limiter.attempt(HERE, "a", at(30)), Ok(()));
    }

    #[test]
    fn one_address_cannot_try_many_accounts() {
        let mut limiter = Limiter::default();
        let allowed = (0..100).filter(|n| limiter.attempt(HERE, &n.to_string(), at(0)).is_ok()).count();
        assert_eq!(allowed, 30);
        assert!(limiter.attempt("10.0.0.9".parse().unwrap(), "1", at(0)).is_ok());
    }

    #[test]
    fn people_who_sign_in_use_nothing_up() {
        let mut limiter = Limiter::default();
        for n in 0..100 {
            assert_eq!(limiter.attempt(HERE, &n.to_string(), at(0)), Ok(()));
            limiter.forgive(HERE, &n.to_string());
        }
    }

    #[test]
    fn memory_stays_bounded() {
        let mut limiter = Limiter::default();
        for n in 0..30_000u32 {
            assert!(limiter.attempt(IpAddr::V4(n.into()), "a", at(0)).is_ok());
        }
        assert!(limiter.forgiven_at.len() <= MOST_BUCKETS + 1);
    }
}
