//! Before the first request: power, link, boot order. *Pure.*

use super::{Finding, Signature};
use crate::explain::course::{Course, Stage};
use crate::explain::numbers::{FIRST_REQUEST, LOOP_WITHIN};
use crate::model::boot_event::SshSeen;
use crate::model::explanation::Outlook;

pub(super) const ROWS: &[Signature] = &[
    Signature {
        id: "power_not_confirmed",
        stages: &[Stage::Unpowered],
        outlook: Outlook::Trouble,
        judge: power_not_confirmed,
        fix: "Look whether the switch is reachable, whether its SNMP community may write, and whether the node's \
              port number is right; then switch again.",
    },
    Signature {
        id: "no_request",
        stages: &[Stage::Dark],
        outlook: Outlook::Trouble,
        judge: no_request,
        fix: "Check the cable and the port's light, and that the port gives the power the board needs (PoE class). On \
              a Pi 4 or 5 set BOOT_ORDER=0xf12 in the EEPROM: as delivered it does not boot from the network. On a \
              Pi 3B set the OTP bit (program_usb_boot_mode=1). Switch spanning tree off on the port, or to edge \
              mode (portfast): it swallows a boot ROM's only 25 s of requests. Take out a card that boots by itself.",
    },
    Signature {
        id: "boots_card_first",
        stages: &[Stage::Running],
        outlook: Outlook::Trouble,
        judge: boots_card_first,
        fix: "The board must ask the network first: BOOT_ORDER=0xf12 on a Pi 4 or 5 (rpi-eeprom-config --apply from \
              the running system), no bootcode.bin on the card of a Pi 3. Or take the card out once.",
    },
    Signature {
        id: "boot_loop",
        stages: &[Stage::Looping],
        outlook: Outlook::Trouble,
        judge: boot_loop,
        fix: "Its kernel starts and falls over: switch on [netconsole] to see why. Check that kernel, device tree and \
              initramfs are of one version and of the board's architecture, and that its power supply is strong \
              enough; then run `pimaster nfs prepare` again.",
    },
];

fn power_not_confirmed(course: &Course<'_>) -> Option<Finding> {
    let (record, wanted, seen) = course.power_refused?;
    Some(Finding::new(format!("The port was to be switched {}, but: {seen}.", wanted.as_str()), [record]))
}

fn no_request(course: &Course<'_>) -> Option<Finding> {
    let on = course.power_on?;
    let seconds = course.since(on);
    let sentence = format!(
        "The power has been on for {seconds} s and the node has asked for nothing; a board asks for an address within \
         {FIRST_REQUEST} s."
    );
    (seconds >= FIRST_REQUEST).then(|| Finding::new(sentence, [on]))
}

/// A system runs, but the firmware never asked: it came from the card, while the installer was meant.
pub(super) fn boots_card_first(course: &Course<'_>) -> Option<Finding> {
    let is_so = course.wants_installer() && course.skipped_the_network();
    let system = course.system.first().map(|(record, _)| *record);
    let stranger = course.ssh.iter().find(|(_, _, seen)| matches!(seen, SshSeen::OtherKey { .. }));
    let witness = system.or(stranger.map(|(record, ..)| *record)).filter(|_| is_so)?;
    let sentence = "A system came up from the card although the node is to boot the installer: its firmware asked the \
                    network for nothing.";
    Some(Finding::new(sentence, course.power_on.into_iter().chain([witness])))
}

fn boot_loop(course: &Course<'_>) -> Option<Finding> {
    let boots = course.restarts.len() + 1;
    let minutes = LOOP_WITHIN / 60;
    let sentence = format!("The node started {boots} times within {minutes} min and never came up.");
    Some(Finding::new(sentence, course.records.first()))
}
