//! Reading a disk by offset: whole, or one partition of it. *IO: the file it is given.*
//!
//! Everything that looks into an image takes a [`ReadAt`]; tests give it bytes in memory.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;

/// Something with bytes at offsets.
pub(super) trait ReadAt {
    /// Fills the buffer with the bytes from `offset` on; the end of the disk before that is `UnexpectedEof`.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;

    /// So many bytes from `offset` on.
    fn bytes_at(&self, offset: u64, size: usize) -> io::Result<Vec<u8>> {
        let mut buffer = vec![0; size];
        self.read_at(offset, &mut buffer)?;
        Ok(buffer)
    }
}

impl ReadAt for File {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.read_exact_at(buffer, offset)
    }
}

/// One partition as a stream of its own, read-only: what `fatfs` wants.
pub(super) struct Window<'a> {
    disk: &'a dyn ReadAt,
    start: u64,
    size: u64,
    position: u64,
}

impl<'a> Window<'a> {
    /// The `size` bytes from `start` on.
    pub(super) fn new(disk: &'a dyn ReadAt, start: u64, size: u64) -> Self {
        Self { disk, start, size, position: 0 }
    }
}

impl Read for Window<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.size.saturating_sub(self.position);
        let size = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        self.disk.read_at(self.start + self.position, buffer.get_mut(..size).unwrap_or_default())?;
        self.position += size as u64;
        Ok(size)
    }
}

impl Write for Window<'_> {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Window<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::Current(delta) => self.position.checked_add_signed(delta),
            SeekFrom::End(delta) => self.size.checked_add_signed(delta),
        };
        self.position = target.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

/// Little-endian fields of a fixed structure; a field beyond its end reads as 0.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl Fields<'_> {
    fn array<const N: usize>(&self, at: usize) -> [u8; N] {
        self.0.get(at..at + N).and_then(|bytes| bytes.try_into().ok()).unwrap_or([0; N])
    }

    pub(super) fn u8(&self, at: usize) -> u8 {
        u8::from_le_bytes(self.array(at))
    }

    pub(super) fn u16(&self, at: usize) -> u16 {
        u16::from_le_bytes(self.array(at))
    }

    pub(super) fn u32(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.array(at))
    }

    pub(super) fn u64(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.array(at))
    }

    /// Text up to the first NUL, without the blanks around it.
    pub(super) fn text(&self, at: usize, size: usize) -> String {
        let bytes = self.0.get(at..at + size).unwrap_or_default();
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).trim().to_owned()
    }
}
