//! Runs one verb: arguments in, lines out. Called by the command line (`pimaster node VERB`) and by `sim`.
//! *IO: through the verbs.*

use super::card::{Card, Use};
use super::report::Reporter;
use super::stop::Stop;
use super::{card_find, customise, finish, grow, probe, wipe, write_image};
use crate::model::verb::{Verb, VerbLine};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{Read, Write};
use std::path::Path;
use std::process::ExitCode;

/// How a verb ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The last line is `done`.
    Done,
    /// The last line is `failed`.
    Failed,
    /// Nobody reads the lines any more; what was written so far is kept for the next run.
    Gone,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::SUCCESS,
            Outcome::Failed | Outcome::Gone => Self::FAILURE,
        }
    }
}

/// Where the verb finds its card.
enum Slot<'a> {
    /// In the node: the first disk that carries nothing mounted.
    Found,
    /// At this path.
    At(&'a Path),
    /// Brought along.
    Given(Card),
}

/// Runs a verb on the card at that path, or on the one the node finds by itself. Reads one JSON object from
/// `input` and writes JSON lines to `output`.
pub fn run(verb: Verb, card: Option<&Path>, input: impl Read, output: impl Write) -> Outcome {
    run_in(verb, card.map_or(Slot::Found, Slot::At), input, output)
}

/// Runs a verb on this card, which need not be a file or a device.
pub fn run_on(verb: Verb, card: Card, input: impl Read, output: impl Write) -> Outcome {
    run_in(verb, Slot::Given(card), input, output)
}

fn run_in(verb: Verb, slot: Slot<'_>, mut input: impl Read, mut output: impl Write) -> Outcome {
    let mut reporter = Reporter::new(&mut output);
    let (line, outcome) = match dispatch(verb, slot, &mut input, &mut reporter) {
        Ok(report) => (VerbLine::Done { report }, Outcome::Done),
        Err(Stop::Failed { problem, retry }) => (VerbLine::Failed { problem, retry }, Outcome::Failed),
        Err(Stop::Gone) => return Outcome::Gone,
    };
    if reporter.line(&line).is_err() { Outcome::Gone } else { outcome }
}

fn dispatch(
    verb: Verb,
    slot: Slot<'_>,
    input: &mut dyn Read,
    reporter: &mut Reporter<'_>,
) -> Result<serde_json::Value, Stop> {
    match verb {
        Verb::Probe => report(&probe::probe(slot.look()?)),
        Verb::WriteImage => {
            let args = arguments(input)?;
            report(&write_image::write_image(&slot.open(Use::Write, reporter)?, &args, reporter)?)
        }
        Verb::Grow => {
            let args = arguments(input)?;
            report(&grow::grow(&slot.open(Use::Write, reporter)?, &args, reporter)?)
        }
        Verb::Customise => {
            let args = arguments(input)?;
            report(&customise::customise(&slot.open(Use::Write, reporter)?, &args)?)
        }
        Verb::Finish => {
            let args = arguments(input)?;
            finish::finish(&slot.open(Use::Flush, reporter)?, &args, reporter)?;
            Ok(serde_json::Value::Null)
        }
        Verb::Wipe => report(&wipe::wipe(&slot.open(Use::Write, reporter)?, reporter)?),
    }
}

impl Slot<'_> {
    fn open(self, usage: Use, reporter: &mut Reporter<'_>) -> Result<Card, Stop> {
        match self {
            Self::Found => Card::open(&card_find::find()?, usage, reporter),
            Self::At(path) => Card::open(path, usage, reporter),
            Self::Given(card) => Ok(card),
        }
    }

    /// What a probe says of the card; a missing one is no failure.
    fn look(self) -> Result<Option<crate::model::verb::CardReport>, Stop> {
        match self {
            Self::Found => Ok(card_find::find().ok().and_then(|path| card_find::describe(&path))),
            Self::At(path) => Ok(card_find::describe(path)),
            Self::Given(card) => Ok(Some(card.report())),
        }
    }
}

fn arguments<T: DeserializeOwned>(input: &mut dyn Read) -> Result<T, Stop> {
    let mut text = String::new();
    input.read_to_string(&mut text).map_err(|error| {
        Stop::argument("standard input", format!("cannot be read: {error}"), "one JSON object in UTF-8")
    })?;
    let mut decoder = serde_json::Deserializer::from_str(&text);
    T::deserialize(&mut decoder).map_err(|error| {
        // serde names the field in its own words: "missing field `url`", "invalid digest ... at line 1".
        Stop::argument("standard input", error.to_string(), "the verb's arguments as one JSON object")
    })
}

fn report<T: Serialize>(report: &T) -> Result<serde_json::Value, Stop> {
    serde_json::to_value(report)
        .map_err(|error| Stop::argument("report", error.to_string(), "a report that can be written as JSON"))
}
