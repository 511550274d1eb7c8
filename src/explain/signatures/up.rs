//! It came up, but not as it should. *Pure.*

use super::{Finding, Signature};
use crate::explain::course::{Course, Stage};
use crate::explain::numbers::{REPEATS, SLOW_BOOT, SPANNING_TREE};
use crate::model::explanation::Outlook;

const UP: &[Stage] = &[Stage::Up];

pub(super) const ROWS: &[Signature] = &[
    Signature {
        id: "lost_packets",
        stages: UP,
        outlook: Outlook::Warning,
        judge: lost_packets,
        fix: "Replace the cable or try another port: on a good line nothing has to be sent again.",
    },
    Signature {
        id: "late_link",
        stages: UP,
        outlook: Outlook::Warning,
        judge: late_link,
        fix: "Switch spanning tree off on the node's port, or to edge mode (portfast): a port that listens and learns \
              forwards nothing for 30 s, and a boot ROM gives up after 25 s.",
    },
    Signature {
        id: "slow_boot",
        stages: UP,
        outlook: Outlook::Warning,
        judge: slow_boot,
        fix: "The timeline shows where the time went: slow files point to the network, a long gap before the kernel's \
              address to the card or the initramfs, one before SSH to the system's own start.",
    },
];

fn lost_packets(course: &Course<'_>) -> Option<Finding> {
    let repeats = course.repeats();
    let files = course.files.iter().filter(|(_, file)| file.repeats > 0).map(|(record, _)| *record);
    let sentence =
        format!("It came up, but {repeats} packets had to be sent again while it loaded its files.");
    (repeats >= REPEATS).then(|| Finding::new(sentence, files))
}

fn late_link(course: &Course<'_>) -> Option<Finding> {
    let (on, (first, _)) = (course.power_on?, course.firmware.first()?);
    let seconds = course.offset(first);
    let sentence = format!(
        "It came up, but its first request was heard {seconds} s after the power went on; a port with spanning tree \
         holds back {SPANNING_TREE} s."
    );
    let is_so = seconds >= SPANNING_TREE && lost_packets(course).is_none();
    is_so.then(|| Finding::new(sentence, [on, *first]))
}

fn slow_boot(course: &Course<'_>) -> Option<Finding> {
    let (on, (up, _)) = (course.power_on?, course.answered()?);
    let seconds = course.offset(up);
    let sentence = format!("It came up, but needed {seconds} s; good boots take 40 to 100 s.");
    let is_so = seconds >= SLOW_BOOT && lost_packets(course).is_none() && late_link(course).is_none();
    is_so.then(|| Finding::new(sentence, [on, up]))
}
