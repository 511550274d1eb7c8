//! A worn-out card: one byte of it never holds what was written. *IO: the card's file.*
//!
//! A process of its own would not see it, since the card is a file that keeps everything; so `write-image` runs
//! here in the simulator, on this medium.

use crate::model::verb::Verb;
use crate::node::card::{Card, Kind};
use crate::node::{Medium, Outcome, run_on};
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use tokio::sync::mpsc::Sender;

/// The byte that decays: in the first sector, which every image writes, where no boot code looks.
const BAD_BYTE: u64 = 432;

struct Worn(File);

impl Medium for Worn {
    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        self.0.read_exact_at(bytes, offset)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)?;
        let at = BAD_BYTE.checked_sub(offset).and_then(|at| usize::try_from(at).ok());
        match at.and_then(|at| bytes.get(at)) {
            Some(byte) => self.0.write_all_at(&[!byte], BAD_BYTE),
            None => Ok(()),
        }
    }

    fn flush(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn forget(&self) -> io::Result<()> {
        Medium::forget(&self.0)
    }
}

/// Lines for whoever relays them; once nobody does, writing fails as it does into a closed pipe.
struct Lines {
    line: Vec<u8>,
    to: Sender<String>,
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for byte in bytes {
            if *byte == b'\n' {
                let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
                self.to.blocking_send(line).map_err(|_| io::ErrorKind::BrokenPipe)?;
            } else {
                self.line.push(*byte);
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs `write-image` on a worn card; gives the exit status that the program would have. Blocks.
pub(super) fn write_image(path: &Path, arguments: &[u8], lines: Sender<String>) -> io::Result<u32> {
    let file = File::options().read(true).write(true).open(path)?;
    let size = file.metadata()?.len();
    let card = Card::new(path, Kind::File, size, Box::new(Worn(file)));
    let output = Lines { line: Vec::new(), to: lines };
    match run_on(Verb::WriteImage, card, arguments, output) {
        Outcome::Done => Ok(0),
        Outcome::Failed | Outcome::Gone => Ok(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_byte_decays() {
        let file = tempfile::tempfile().unwrap();
        file.set_len(1024).unwrap();
        let worn = Worn(file);
        worn.write_at(0, &[7; 1024]).unwrap();
        worn.write_at(512, &[7; 512]).unwrap();
        let mut seen = [0; 1024];
        worn.read_at(0, &mut seen).unwrap();
        let wrong: Vec<usize> =
            seen.iter().enumerate().filter(|(_, byte)| **byte != 7).map(|(at, _)| at).collect();
        assert_eq!(wrong, [432]);
    }
}
