//! A partition of a card as a stream: what `fatfs` reads and writes. *IO: the card.*

use super::card::Card;
use std::io::{self, Read, Seek, SeekFrom, Write};

/// A range of a card with a position.
pub(crate) struct Window<'a> {
    card: &'a Card,
    start: u64,
    size: u64,
    position: u64,
}

impl<'a> Window<'a> {
    /// The range from `start`, positioned at its beginning.
    pub(crate) fn new(card: &'a Card, start: u64, size: u64) -> Self {
        let size = size.min(card.size().saturating_sub(start));
        Self { card, start, size, position: 0 }
    }

    /// How much of `wanted` bytes lies between the position and the end.
    fn within(&self, wanted: usize) -> usize {
        let left = self.size.saturating_sub(self.position);
        usize::try_from(left).map_or(wanted, |left| wanted.min(left))
    }
}

impl Read for Window<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.within(bytes.len());
        if let Some(bytes) = bytes.get_mut(..count) {
            self.card.read(self.start + self.position, bytes)?;
        }
        self.position += count as u64;
        Ok(count)
    }
}

impl Write for Window<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.within(bytes.len());
        if let Some(bytes) = bytes.get(..count) {
            self.card.write(self.start + self.position, bytes)?;
        }
        self.position += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Window<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(delta) => self.size.checked_add_signed(delta),
            SeekFrom::Current(delta) => self.position.checked_add_signed(delta),
        };
        let outside = || io::Error::new(io::ErrorKind::InvalidInput, "before the start of the partition");
        self.position = target.ok_or_else(outside)?;
        Ok(self.position)
    }
}
