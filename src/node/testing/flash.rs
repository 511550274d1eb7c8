//! A card in memory, with a power supply that fails and sectors that are bad. *Pure.*

use crate::node::card::{Card, Kind, Medium};
use std::io;
use std::sync::{Arc, Mutex};

/// A card in memory that can lose power: what is not flushed may be lost, in parts.
#[derive(Clone)]
pub(crate) struct Flash {
    state: Arc<Mutex<State>>,
}

struct State {
    view: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<(usize, Vec<u8>)>,
    /// Writes until the power fails.
    left: usize,
    /// Sectors that never keep what is written.
    bad: Option<std::ops::Range<usize>>,
    pub(crate) flushes: usize,
}

impl Flash {
    pub(crate) fn new(size: usize) -> Self {
        let state = State {
            view: vec![0xee; size],
            durable: vec![0xee; size],
            pending: Vec::new(),
            left: usize::MAX,
            bad: None,
            flushes: 0,
        };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    pub(crate) fn card(&self) -> Card {
        let size = self.state.lock().unwrap().view.len() as u64;
        Card::new("/nonexistent/flash", Kind::File, size, Box::new(self.clone()))
    }

    pub(crate) fn content(&self) -> Vec<u8> {
        self.state.lock().unwrap().view.clone()
    }

    pub(crate) fn fail_after(&self, writes: usize) {
        self.state.lock().unwrap().left = writes;
    }

    pub(crate) fn spoil(&self, bytes: std::ops::Range<usize>) {
        self.state.lock().unwrap().bad = Some(bytes);
    }

    /// The power comes back: of the unflushed writes, those whose bit is set in `kept` got through.
    pub(crate) fn power_cycle(&self, kept: u64) {
        let state = &mut *self.state.lock().unwrap();
        for (index, (offset, bytes)) in std::mem::take(&mut state.pending).into_iter().enumerate() {
            if kept >> (index % 64) & 1 == 1 {
                state.durable[offset..offset + bytes.len()].copy_from_slice(&bytes);
            }
        }
        state.view = state.durable.clone();
        state.left = usize::MAX;
    }
}

impl Medium for Flash {
    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        let offset = offset as usize;
        bytes.copy_from_slice(&self.state.lock().unwrap().view[offset..offset + bytes.len()]);
        Ok(())
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let state = &mut *self.state.lock().unwrap();
        state.left = state.left.checked_sub(1).ok_or_else(|| io::Error::other("no power"))?;
        let (offset, mut bytes) = (offset as usize, bytes.to_vec());
        if let Some(bad) = &state.bad {
            for (at, byte) in bytes.iter_mut().enumerate().filter(|(at, _)| bad.contains(&(offset + at))) {
                *byte = at as u8 ^ 0x55;
            }
        }
        state.view[offset..offset + bytes.len()].copy_from_slice(&bytes);
        state.pending.push((offset, bytes));
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        let state = &mut *self.state.lock().unwrap();
        if state.left == 0 {
            return Err(io::Error::other("no power"));
        }
        state.flushes += 1;
        for (offset, bytes) in std::mem::take(&mut state.pending) {
            state.durable[offset..offset + bytes.len()].copy_from_slice(&bytes);
        }
        Ok(())
    }

    fn forget(&self) -> io::Result<()> {
        Ok(())
    }
}
