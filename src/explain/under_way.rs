//! Boots of which nothing bad can be said: what they wait for, or that they came up. *Pure.*

use super::course::{Course, Stage};
use super::signatures::capital;
use crate::model::boot_event::{BootRecord, FileRefusal, System};
use crate::model::explanation::{Explanation, Outlook};
use crate::model::node::BootTarget;

/// The boot as it stands.
pub(super) fn explained(course: &Course<'_>) -> Explanation {
    let (signature, outlook, sentence) = match course.stage() {
        Stage::Off => ("off", Outlook::Off, "The node's port is switched off.".to_owned()),
        Stage::Up => ("came_up", Outlook::Up, came_up(course)),
        Stage::Unpowered | Stage::Looping | Stage::Panicked => {
            going_on("The node is being started.".to_owned())
        }
        Stage::Dark => going_on(dark(course)),
        Stage::Asking => going_on("The firmware asks for an address.".to_owned()),
        Stage::Leased => {
            going_on("The firmware has its address and is about to ask for its files.".to_owned())
        }
        Stage::Loading => going_on(loading(course)),
        Stage::Kernel => {
            going_on(format!("The kernel was loaded {} s ago and starts.", since(course, course.kernel)))
        }
        Stage::Running => going_on(running(course)),
        Stage::Mounted if course.welcomed().is_some() => going_on(running(course)),
        Stage::Mounted => going_on(format!(
            "The installer root was mounted {} s ago; the installer starts its SSH server.",
            since(course, course.mount)
        )),
    };
    let evidence = course.records.last().map(|record| record.id).into_iter().collect();
    Explanation { signature, outlook, sentence, fix: None, evidence }
}

/// What is said of a node of which nothing was ever heard.
pub(super) fn unheard() -> Explanation {
    let sentence = "Nothing was heard of the node in the last days.".to_owned();
    let fix = Some("Switch it on, or deploy something on it.".to_owned());
    Explanation { signature: "unheard", outlook: Outlook::Off, sentence, fix, evidence: Vec::new() }
}

fn going_on(sentence: String) -> (&'static str, Outlook, String) {
    ("under_way", Outlook::UnderWay, sentence)
}

fn since(course: &Course<'_>, record: Option<&BootRecord>) -> u64 {
    record.map_or(0, |record| course.since(record))
}

fn dark(course: &Course<'_>) -> String {
    match course.power_on {
        Some(on) => format!("The power has been on for {} s; the board tests itself.", course.since(on)),
        None => "The node said something else than a request to boot.".to_owned(),
    }
}

fn loading(course: &Course<'_>) -> String {
    if !course.refused(FileRefusal::Local).is_empty() {
        return "The firmware was sent on to its card, which boots.".to_owned();
    }
    format!("The firmware loads its files: {} requests, {} so far.", course.files.len(), megabytes(course))
}

fn running(course: &Course<'_>) -> String {
    if let Some((_, system)) = course.welcomed() {
        return format!("{} is about to restart into the system that is waited for.", capital(system));
    }
    let what = match course.facts.boot_target {
        BootTarget::Installer => "The installer's kernel",
        BootTarget::Local | BootTarget::Environment => "The deployed system",
    };
    match (course.granted(), course.facts.awaited) {
        (Some(granted), Some(_)) => format!(
            "{what} has had its address for {} s; its SSH server is waited for.",
            since(course, Some(granted))
        ),
        (Some(_), None) => format!("{what} has its address."),
        (None, _) => format!("{what} asks for an address."),
    }
}

/// How long each part took.
fn came_up(course: &Course<'_>) -> String {
    let system = match (course.answered(), course.facts.boot_target) {
        (Some((_, system)), _) => system,
        (None, BootTarget::Installer) => System::Installer,
        (None, BootTarget::Local | BootTarget::Environment) => System::Deployed,
    };
    let mut parts = Vec::new();
    let after = |record: &BootRecord| record.at.duration_since(course.began()).as_secs_f64();
    if let Some((first, _)) = course.firmware.first() {
        parts.push(format!("first request after {:.1} s", after(first)));
    }
    let sent = course.files.iter().filter(|(_, file)| file.bytes > 0).count();
    if let Some((last, _)) = course.files.last().filter(|_| sent > 0) {
        parts.push(format!("{sent} files with {} after {:.1} s", megabytes(course), after(last)));
    }
    if let Some(granted) = course.granted() {
        parts.push(format!("the system's address after {:.1} s", after(granted)));
    }
    if let Some(mount) = course.mount {
        parts.push(format!("root mounted after {:.1} s", after(mount)));
    }
    if let Some((answered, _)) = course.answered() {
        parts.push(format!("SSH after {:.1} s", after(answered)));
    }
    format!("{} came up: {}.", capital(system), parts.join(", "))
}

/// What was loaded, to a tenth.
fn megabytes(course: &Course<'_>) -> String {
    let bytes = course.files.iter().map(|(_, file)| file.bytes).fold(0, u64::saturating_add);
    let tenths = bytes.saturating_add(50_000) / 100_000;
    format!("{}.{} MB", tenths / 10, tenths % 10)
}
