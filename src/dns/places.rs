//! How much may go on at once, altogether and for one client. *Pure.*
//!
//! Used by `server`: one client that floods it must not take the others' places.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

/// Places, some of them taken.
#[derive(Debug, Clone)]
pub(super) struct Places {
    most: usize,
    most_per_client: usize,
    taken: Arc<Mutex<HashMap<Ipv4Addr, usize>>>,
}

/// One taken place; dropping it frees it.
#[derive(Debug)]
pub(super) struct Taken {
    client: Ipv4Addr,
    taken: Arc<Mutex<HashMap<Ipv4Addr, usize>>>,
}

impl Places {
    /// So many, and so many for one client.
    pub(super) fn new(most: usize, most_per_client: usize) -> Self {
        Self { most, most_per_client, taken: Arc::default() }
    }

    /// A place, if there is one.
    pub(super) fn take(&self, client: Ipv4Addr) -> Option<Taken> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let of_client = taken.get(&client).copied().unwrap_or(0);
        if of_client >= self.most_per_client || taken.values().sum::<usize>() >= self.most {
            return None;
        }
        taken.insert(client, of_client + 1);
        Some(Taken { client, taken: Arc::clone(&self.taken) })
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        match taken.get_mut(&self.client) {
            Some(count) if *count > 1 => *count -= 1,
            Some(_) | None => drop(taken.remove(&self.client)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_client_leaves_room_for_others() {
        let places = Places::new(3, 2);
        let (greedy, modest) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2));
        let first = places.take(greedy).unwrap();
        let _second = places.take(greedy).unwrap();
        assert!(places.take(greedy).is_none(), "its share is taken");
        let _third = places.take(modest).unwrap();
        assert!(places.take(modest).is_none(), "all are taken");
        drop(first);
        assert!(places.take(modest).is_some());
        assert_eq!(places.taken.lock().unwrap().len(), 2, "who has no place is forgotten");
    }
}
