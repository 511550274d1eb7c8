//! For which processor a program is, and with which dynamic linker it starts. *IO: reads the program's head.*
//!
//! Called by `source`. Source: ELF-64 Object File Format, version 1.5; e_machine values of the gABI.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Program headers and the linker's name lie at the beginning.
const HEAD_BYTES: u64 = 64 * 1024;
const PT_INTERP: u64 = 3;

/// A kind of processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Machine {
    Arm,
    Arm64,
    X86,
    X86_64,
    Other(u16),
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arm => f.write_str("32-bit ARM"),
            Self::Arm64 => f.write_str("64-bit ARM"),
            Self::X86 => f.write_str("x86"),
            Self::X86_64 => f.write_str("x86-64"),
            Self::Other(number) => write!(f, "processor type {number}"),
        }
    }
}

/// What the head of a program says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Program {
    pub(super) machine: Machine,
    /// Path of the dynamic linker; none if the program is static.
    pub(super) interpreter: Option<String>,
}

/// Reads a program's head; none if it is no program.
pub(super) fn read(path: &Path) -> io::Result<Option<Program>> {
    let mut head = Vec::new();
    File::open(path)?.take(HEAD_BYTES).read_to_end(&mut head)?;
    Ok(parse(&head))
}

fn parse(head: &[u8]) -> Option<Program> {
    // Little-endian alone: big-endian Raspberry Pi systems do not exist.
    let is_64 = match head.get(..6)? {
        [0x7f, b'E', b'L', b'F', 2, 1] => true,
        [0x7f, b'E', b'L', b'F', 1, 1] => false,
        _ => return None,
    };
    let machine = match number(head, 18, 2)? {
        3 => Machine::X86,
        40 => Machine::Arm,
        62 => Machine::X86_64,
        183 => Machine::Arm64,
        other => Machine::Other(u16::try_from(other).ok()?),
    };
    Some(Program { machine, interpreter: interpreter(head, is_64) })
}

fn interpreter(head: &[u8], is_64: bool) -> Option<String> {
    let (table, size_at, count_at, word) = if is_64 { (32, 54, 56, 8) } else { (28, 42, 44, 4) };
    let start = number(head, table, word)?;
    let (size, count) = (number(head, size_at, 2)?, number(head, count_at, 2)?);
    let (offset_at, bytes_at) = if is_64 { (8, 32) } else { (4, 16) };
    (0..count).find_map(|index| {
        let entry = usize::try_from(start.checked_add(index * size)?).ok()?;
        if number(head, entry, 4)? != PT_INTERP {
            return None;
        }
        let offset = usize::try_from(number(head, entry.checked_add(offset_at)?, word)?).ok()?;
        let bytes = usize::try_from(number(head, entry.checked_add(bytes_at)?, word)?).ok()?;
        let text = head.get(offset..offset.checked_add(bytes)?)?;
        let text = text.split(|byte| *byte == 0).next()?;
        String::from_utf8(text.to_vec()).ok()
    })
}

/// A little-endian number of so many bytes.
fn number(head: &[u8], at: usize, bytes: usize) -> Option<u64> {
    let field = head.get(at..at.checked_add(bytes)?)?;
    Some(field.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn this_program_is_one() {
        let program = read(&std::env::current_exe().unwrap()).unwrap().unwrap();
        let here = if cfg!(target_arch = "aarch64") { Machine::Arm64 } else { Machine::X86_64 };
        assert_eq!(program.machine, here);
        if let Some(linker) = program.interpreter {
            assert!(Path::new(&linker).exists(), "{linker}");
        }
        assert_eq!(parse(b"#!/bin/sh\n"), None);
    }

    proptest! {
        #[test]
        fn no_head_makes_it_panic(class in 1u8..3, rest in proptest::collection::vec(any::<u8>(), 0..200)) {
            let head = [&[0x7f, b'E', b'L', b'F', class, 1][..], &rest].concat();
            parse(&head);
        }
    }
}
