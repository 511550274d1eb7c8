//! Files: who is refused, what is missing, what does not arrive. *Pure.*

use super::{Finding, Signature, times};
use crate::explain::boots::file_name;
use crate::explain::course::{Course, Seen, Stage};
use crate::explain::numbers::{BLOCKS, CARD_START, ONE_FILE, ROUNDS, SAME_FILE, SETTLED};
use crate::model::board::FirmwareClass;
use crate::model::boot_event::{FileOutcome, FileRefusal, FileTransfer};
use crate::model::explanation::Outlook;
use std::collections::HashMap;

const LOADS: &[Stage] = &[Stage::Loading];
const PREPARE: &str = "Run `pimaster nfs prepare` again: it takes boot files from a Raspberry Pi OS image. For a deployed \
                       system whose files pimaster serves, choose deploy again.";

/// A row for files without which firmware does not go on.
const fn missing(id: &'static str, judge: fn(&Course<'_>) -> Option<Finding>) -> Signature {
    Signature { id, stages: LOADS, outlook: Outlook::Trouble, judge, fix: PREPARE }
}

pub(super) const ROWS: &[Signature] = &[
    Signature {
        id: "other_board",
        stages: LOADS,
        outlook: Outlook::Trouble,
        judge: other_board,
        fix: "The board at this node's address is another one: correct the node's serial number, or remove the node and \
              enrol the board anew.",
    },
    Signature {
        id: "nothing_installed",
        stages: LOADS,
        outlook: Outlook::Trouble,
        judge: nothing_installed,
        fix: "Nothing is deployed on the node: deploy something, or let it boot the installer.",
    },
    Signature {
        id: "card_does_not_boot",
        stages: LOADS,
        outlook: Outlook::Trouble,
        judge: card_does_not_boot,
        fix: "Look at the card: deploy again writes it anew. If it stops here again, replace the card; on a Pi 4 or 5 \
              BOOT_ORDER must hold the card after the network (0xf12).",
    },
    Signature {
        id: "unreadable_file",
        stages: LOADS,
        outlook: Outlook::Trouble,
        judge: unreadable_file,
        fix: "pimaster cannot read the file: the log names it; check tftp/ and images/ in the data folder, their owner \
              and the disk.",
    },
    Signature {
        id: "file_too_large",
        stages: LOADS,
        outlook: Outlook::Trouble,
        judge: file_too_large,
        fix: "Make the file smaller (a gzipped kernel, an initramfs with MODULES=dep), or update the boot loader: since \
              2025-09-23 it counts further.",
    },
    Signature {
        id: "transfer_stalled",
        stages: LOADS,
        outlook: Outlook::Trouble,
        judge: transfer_stalled,
        fix: "Packets are lost on the way: replace the cable, try another port, look at the port's error counters, and \
              keep the nodes' network off links below 100 Mb/s.",
    },
    Signature {
        id: "loops_on_file",
        stages: LOADS,
        outlook: Outlook::Trouble,
        judge: loops_on_file,
        fix: "The firmware reads this file and starts over: the file, or what it names, does not suit the board. Check \
              config.txt (os_prefix, kernel, [sections]) and take the firmware files of a current Raspberry Pi OS.",
    },
];

/// Files that are not there.
pub(super) const MISSING: &[Signature] = &[
    missing("missing_bootcode", |course| missing_one(course, &["bootcode.bin"], course.is_rom())),
    missing("missing_start", |course| missing_one(course, start_names(course), true)),
    missing("missing_fixup", |course| {
        let (start, fixup) = (start_names(course), fixup_names(course));
        let finding = missing_one(course, fixup, !fixup.is_empty() && has(course, start))?;
        let sentence = format!("{} Start file and fixup must be a pair.", finding.sentence);
        Some(Finding { sentence, ..finding })
    }),
    missing("missing_config", |course| {
        missing_one(course, &["config.txt"], course.facts.firmware == FirmwareClass::Eeprom5)
    }),
    missing("missing_device_tree", |course| {
        missing_like(course, |name| name.starts_with("bcm") && name.ends_with(".dtb"))
    }),
    missing("missing_kernel", |course| missing_like(course, crate::explain::boots::is_kernel_name)),
];

/// What starts a class of boards; the first is the usual one.
fn start_names(course: &Course<'_>) -> &'static [&'static str] {
    match course.facts.firmware {
        FirmwareClass::Rom3b | FirmwareClass::Rom3bPlus => &["start.elf"],
        FirmwareClass::Eeprom4 => &["start4.elf", "start.elf"],
        FirmwareClass::Eeprom5 => &[],
    }
}

fn fixup_names(course: &Course<'_>) -> &'static [&'static str] {
    match course.facts.firmware {
        FirmwareClass::Rom3b | FirmwareClass::Rom3bPlus => &["fixup.dat"],
        FirmwareClass::Eeprom4 => &["fixup4.dat"],
        FirmwareClass::Eeprom5 => &[],
    }
}

fn other_board(course: &Course<'_>) -> Option<Finding> {
    let refused = course.refused(FileRefusal::OtherBoard);
    let path = course
        .files
        .iter()
        .find(|(record, _)| refused.first() == Some(record))
        .map(|(_, file)| &file.path)?;
    let any_loaded =
        course.files.iter().any(|(_, file)| file.outcome == FileOutcome::Complete && file.path.contains('/'));
    let sentence =
        format!("The board asks for {path}, whose prefix is not the node's serial number: it was refused.");
    (!any_loaded).then(|| Finding::new(sentence, refused))
}

fn nothing_installed(course: &Course<'_>) -> Option<Finding> {
    let refused = course.refused(FileRefusal::NothingInstalled);
    let sentence = "The node is to boot the boot files of what is deployed on it, but nothing is.";
    (!refused.is_empty()).then(|| Finding::new(sentence, refused))
}

fn card_does_not_boot(course: &Course<'_>) -> Option<Finding> {
    let refused = course.refused(FileRefusal::Local);
    let seconds = course.since(refused.first()?);
    let sentence = format!(
        "The node was sent on to its card {seconds} s ago and no system has asked for an address; a card that boots \
         does so within {CARD_START} s."
    );
    (seconds >= CARD_START).then(|| Finding::new(sentence, refused))
}

fn unreadable_file(course: &Course<'_>) -> Option<Finding> {
    let (record, file) = course.files.iter().rev().find(|(_, file)| file.outcome == FileOutcome::Failed)?;
    Some(Finding::new(format!("{} is there, but pimaster could not send it.", file.path), [*record]))
}

/// How many bytes the board's firmware can take in one file: a block number has 16 bits.
fn largest_file(course: &Course<'_>) -> u64 {
    BLOCKS
        * match course.facts.firmware {
            FirmwareClass::Rom3b | FirmwareClass::Rom3bPlus => 512,
            FirmwareClass::Eeprom4 => 1024,
            FirmwareClass::Eeprom5 => 1468,
        }
}

/// A transfer that ended about where the block numbers do.
fn breaks_at_the_limit(course: &Course<'_>, file: &FileTransfer) -> bool {
    let limit = largest_file(course);
    let broke = matches!(file.outcome, FileOutcome::TimedOut | FileOutcome::Terminated | FileOutcome::CutOff);
    broke && file.size_bytes.is_some_and(|size| size > limit) && file.bytes > limit / 10 * 9
}

fn file_too_large(course: &Course<'_>) -> Option<Finding> {
    let (record, file) = course.files.iter().rev().find(|(_, file)| breaks_at_the_limit(course, file))?;
    let sentence = format!(
        "{} has {} bytes; the transfer broke after {}, where the block numbers of this board's firmware end ({} bytes).",
        file.path,
        file.size_bytes.unwrap_or_default(),
        file.bytes,
        largest_file(course)
    );
    Some(Finding::new(sentence, [*record]))
}

fn transfer_stalled(course: &Course<'_>) -> Option<Finding> {
    let timed_out =
        |file: &FileTransfer| file.outcome == FileOutcome::TimedOut && !breaks_at_the_limit(course, file);
    let stalled: Vec<_> = course.files.iter().filter(|(_, file)| timed_out(file)).collect();
    let (last, file) = stalled.last()?;
    // What was loaded after it may still bring the board up.
    let went_on = course.files.iter().any(|(record, later)| {
        record.at > last.at
            && file_name(&later.path) == file_name(&file.path)
            && later.outcome == FileOutcome::Complete
    });
    let sentence = format!(
        "{} stopped after {} of {} bytes: packets were sent again {} and never acknowledged; firmware gives a file up \
         after {ONE_FILE} s.",
        file.path,
        file.bytes,
        file.size_bytes.unwrap_or_default(),
        times(usize::try_from(file.repeats).unwrap_or(usize::MAX))
    );
    (!went_on).then(|| Finding::new(sentence, stalled.iter().map(|(record, _)| *record)))
}

fn loops_on_file(course: &Course<'_>) -> Option<Finding> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for (_, file) in course.files.iter().filter(|(_, file)| file.outcome == FileOutcome::Complete) {
        *counts.entry(&file.path).or_default() += 1;
    }
    let (path, count) = counts.into_iter().max_by_key(|(path, count)| (*count, *path))?;
    let sentence = format!(
        "The firmware loaded {path} {} without coming to a kernel; a good boot takes it at most seven times.",
        times(count)
    );
    let evidence = course.files.iter().filter(|(_, file)| file.path == path).map(|(record, _)| *record);
    // A round that ends at a missing file loads what comes before it again and again.
    let is_so = count >= SAME_FILE && MISSING.iter().all(|row| (row.judge)(course).is_none());
    is_so.then(|| Finding::new(sentence, evidence))
}

/// None of the files of these names is there, and the firmware goes no further.
fn missing_one(course: &Course<'_>, names: &[&str], is_needed: bool) -> Option<Finding> {
    missing_like(course, |name| is_needed && names.contains(&name))
}

fn missing_like(course: &Course<'_>, such: impl Fn(&str) -> bool) -> Option<Finding> {
    let asked: Vec<Seen<'_, FileTransfer>> =
        course.files.iter().filter(|(_, file)| such(file_name(&file.path))).copied().collect();
    // An empty file is none: firmware takes it for a hint to go on to the next boot mode.
    let is_missing =
        |file: &FileTransfer| file.outcome == FileOutcome::NotFound || file.size_bytes == Some(0);
    let all_missing = !asked.is_empty() && asked.iter().all(|(_, file)| is_missing(file));
    let is_settled = course.quiet() >= SETTLED || rounds(&asked) >= ROUNDS;
    if !all_missing || !is_settled {
        return None;
    }
    let mut names: Vec<&str> = asked.iter().map(|(_, file)| file_name(&file.path)).collect();
    names.sort_unstable();
    names.dedup();
    let sentence = format!(
        "The firmware asked for {} and found none; without it the board does not boot.",
        names.join(" and ")
    );
    Some(Finding::new(sentence, asked.iter().map(|(record, _)| *record)))
}

/// How often the most wanted of these was asked for.
fn rounds(asked: &[Seen<'_, FileTransfer>]) -> usize {
    let count = |path: &str| asked.iter().filter(|(_, file)| file.path == path).count();
    asked.iter().map(|(_, file)| count(&file.path)).max().unwrap_or(0)
}

fn has(course: &Course<'_>, names: &[&str]) -> bool {
    let is_there = |file: &FileTransfer| file.size_bytes.is_some_and(|size| size > 0);
    names.iter().flat_map(|name| course.of_name(name)).any(|(_, file)| is_there(file))
}
