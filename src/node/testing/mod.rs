//! What the tests of `node` share: running verbs; images and a server for them; cards in memory; disk images.

mod device;
mod disk;
mod flash;
mod server;

pub(crate) use device::Loop;
pub(crate) use disk::{BOOT, Disk, MIB, ROOT};
pub(crate) use flash::Flash;
pub(crate) use server::{Fault, ImageServer, Stored, TOKEN, store, stored};

use super::card::Card;
use super::run::{Outcome, run_on};
use crate::model::problem::Problem;
use crate::model::verb::{Retry, Verb, VerbLine};
use serde::Serialize;
use std::path::Path;

/// What a verb said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) outcome: Outcome,
    pub(crate) lines: Vec<VerbLine>,
}

impl Said {
    /// The report of a verb that is done.
    pub(crate) fn report<T: serde::de::DeserializeOwned>(&self) -> T {
        match self.lines.last() {
            Some(VerbLine::Done { report }) => serde_json::from_value(report.clone()).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// The problem of a verb that failed.
    pub(crate) fn problem(&self) -> (&Problem, Retry) {
        match self.lines.last() {
            Some(VerbLine::Failed { problem, retry }) => (problem, *retry),
            other => panic!("{other:?}"),
        }
    }
}

/// Runs a verb on a card.
pub(crate) fn verb(verb: Verb, card: Card, args: &impl Serialize) -> Said {
    let mut output = Vec::new();
    let outcome = run_on(verb, card, serde_json::to_vec(args).unwrap().as_slice(), &mut output);
    Said { outcome, lines: lines(&output) }
}

/// Runs a verb on a file.
pub(crate) fn verb_at(verb: Verb, card: &Path, args: &impl Serialize) -> Said {
    let mut output = Vec::new();
    let input = serde_json::to_vec(args).unwrap();
    let outcome = crate::node::run(verb, Some(card), input.as_slice(), &mut output);
    Said { outcome, lines: lines(&output) }
}

fn lines(output: &[u8]) -> Vec<VerbLine> {
    output
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}
