//! Where one boot ends and the next begins.

use super::story::Story;
use crate::explain::latest;
use crate::model::board::FirmwareClass::{Eeprom4, Rom3bPlus};
use crate::model::boot_event::{SshSeen, System};
use crate::model::observation::Asker;
use crate::model::power::PowerState;

#[track_caller]
fn check(story: &Story, first: i64, restarts: usize) {
    let boot = latest(&story.records).unwrap();
    assert_eq!((boot.records[0].id, boot.restarts.len()), (first, restarts));
}

fn next(story: &Story) -> i64 {
    i64::try_from(story.records.len()).unwrap() + 1
}

#[test]
fn nothing_is_no_boot() {
    assert!(latest(&[]).is_none());
}

#[test]
fn power_begins_a_boot() {
    let story = Story::of(Eeprom4).loaded().wait(3.0).power(PowerState::Off).wait(5.0);
    let first = next(&story);
    check(&story.on().wait(6.0).firmware_address(), first, 0);
}

#[test]
fn firmware_behind_a_kernel_begins_a_boot_and_counts_as_a_restart() {
    let story = Story::of(Eeprom4).loaded().wait(20.0);
    let first = next(&story);
    let story = story.firmware_address();
    check(&story, first, 1);
    let story = story.files().wait(10.0).system_address().wait(20.0);
    let second = next(&story);
    check(&story.firmware_address(), second, 2);
}

#[test]
fn a_boot_that_came_up_is_no_restart() {
    let story =
        Story::of(Eeprom4).loaded().system_address().ssh(System::Installer, SshSeen::Expected).wait(20.0);
    let first = next(&story);
    check(&story.firmware_address(), first, 0);
}

#[test]
fn the_second_discover_of_bootcode_and_rounds_of_the_boot_order_belong_to_the_boot() {
    check(&Story::of(Rom3bPlus).loaded(), 1, 0);
    let rounds = Story::of(Eeprom4).on().wait(6.0).firmware_address().lacks(&["start4.elf", "start.elf"]);
    check(&rounds.wait(30.0).firmware_address().lacks(&["start4.elf", "start.elf"]), 1, 0);
}

#[test]
fn a_long_silence_ends_a_boot_but_renewals_do_not_begin_one() {
    let story = Story::of(Eeprom4).firmware_address().wait(200.0);
    let first = next(&story);
    check(&story.offered(Asker::Firmware), first, 1);
    let renewed = Story::of(Eeprom4).loaded().system_address().wait(1800.0).granted(Asker::System);
    check(&renewed, 1, 0);
}
