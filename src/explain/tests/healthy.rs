//! Good boots of every class: nothing is found wrong at any moment of them.

use super::story::Story;
use crate::explain::course::Course;
use crate::explain::{explain_latest, latest, signatures};
use crate::model::board::FirmwareClass::{self, *};
use crate::model::boot_event::*;
use crate::model::clock::from_millis;
use crate::model::clock::to_millis;
use crate::model::explanation::{NodeFacts, Outlook};
use crate::model::node::BootTarget;
use crate::model::observation::Asker;

const CLASSES: [FirmwareClass; 4] = [Rom3b, Rom3bPlus, Eeprom4, Eeprom5];

fn deployed(facts: &mut NodeFacts) {
    facts.awaited = Some(System::Deployed);
    facts.boot_target = match facts.firmware {
        Rom3b | Rom3bPlus => BootTarget::Environment,
        Eeprom4 | Eeprom5 => BootTarget::Local,
    };
}

/// Looked at after each event and each second until the next one, nothing is wrong.
fn calm(story: &Story) {
    for end in 1..=story.records.len() {
        let records = &story.records[..end];
        let at = to_millis(records[end - 1].at);
        let until = story.records.get(end).map_or(at, |next| to_millis(next.at));
        for moment in (at..=until).step_by(1000) {
            let boot = latest(records).unwrap();
            let course = Course::of(&boot, &story.facts, from_millis(moment));
            let found: Vec<_> = signatures::matches(&course).into_iter().map(|(row, _)| row.id).collect();
            let explained = explain_latest(records, &story.facts, from_millis(moment));
            assert!(found.is_empty(), "{found:?} after {end} events: {explained:#?}");
        }
    }
}

#[test]
fn the_installer_boots_on_every_class() {
    for class in CLASSES {
        let story = Story::of(class).loaded().wait(20.0).system_address().wait(0.3).mount();
        let story = story.wait(9.0).ssh(System::Installer, SshSeen::Expected);
        calm(&story);
        let up = story.is("came_up", Outlook::Up);
        assert!(
            up.sentence.starts_with("The installer came up: first request after 7.0 s"),
            "{}",
            up.sentence
        );
        assert!(
            up.sentence.contains("root mounted after 2") && up.sentence.contains("SSH after 3"),
            "{}",
            up.sentence
        );
    }
}

#[test]
fn without_a_sight_of_mounts_the_ssh_server_says_enough() {
    for class in CLASSES {
        let story = Story::of(class).with(|facts| facts.notices_mounts = false).loaded().wait(20.0);
        let story = story.system_address().wait(60.0).ssh(System::Installer, SshSeen::Expected);
        calm(&story);
        story.is("came_up", Outlook::Up);
    }
}

#[test]
fn boards_with_an_order_are_sent_on_to_their_card() {
    for class in [Eeprom4, Eeprom5] {
        let story = Story::of(class).with(deployed).on().wait(6.0).firmware_address();
        let story =
            story.refused(&["e5ef6e9d/start4.elf", "e5ef6e9d/config.txt", "start4.elf"], FileRefusal::Local);
        let story = story.wait(40.0).system_address().wait(5.0).ssh(System::Deployed, SshSeen::Expected);
        calm(&story);
        let up = story.is("came_up", Outlook::Up);
        assert!(up.sentence.starts_with("The deployed system came up"), "{}", up.sentence);
    }
}

#[test]
fn boot_roms_boot_their_card_with_files_from_here() {
    for class in [Rom3b, Rom3bPlus] {
        let story = Story::of(class).with(deployed).loaded().wait(40.0).system_address();
        let story = story.wait(10.0).ssh(System::Deployed, SshSeen::Expected);
        calm(&story);
        story.is("came_up", Outlook::Up);
    }
}

#[test]
fn a_card_that_boots_by_itself_is_fine_when_it_shall() {
    for class in CLASSES {
        let story = Story::of(class).with(deployed).with(|facts| facts.awaited = None);
        let story = story.on().wait(30.0).offered(Asker::System).granted(Asker::System);
        calm(&story);
        story.is("came_up", Outlook::Up);
    }
}

#[test]
fn a_restart_into_the_deployed_system_is_a_boot_of_its_own() {
    let installed = Story::of(Eeprom4).loaded().wait(20.0).system_address().mount().wait(9.0);
    let installed = installed.ssh(System::Installer, SshSeen::Expected).wait(100.0).with(deployed);
    // The installer is still up when the deployed system is expected for the first time.
    let stranger = SshSeen::OtherKey { key: "SHA256:installer".into() };
    let installed = installed.ssh(System::Deployed, stranger).wait(15.0);
    let said = installed.clone().is("under_way", Outlook::UnderWay).sentence;
    assert!(said.starts_with("The installer is about to restart"), "{said}");
    installed.clone().wait(20.0).troubled("other_host_key");
    let going = installed.firmware_address();
    let going = going.refused(&["e5ef6e9d/start4.elf"], FileRefusal::Local).wait(30.0).system_address();
    let up = going.wait(5.0).ssh(System::Deployed, SshSeen::Expected).is("came_up", Outlook::Up);
    assert!(
        up.sentence.starts_with("The deployed system came up: first request after 0.0 s"),
        "{}",
        up.sentence
    );
}

#[test]
fn a_board_under_way_is_said_to_be() {
    let check = |story: Story, start: &str| {
        let said = story.is("under_way", Outlook::UnderWay).sentence;
        assert!(said.starts_with(start), "{said}");
    };
    check(Story::of(Eeprom4).on().wait(5.0), "The power has been on for 5 s");
    check(Story::of(Eeprom4).on().wait(6.0).offered(Asker::Firmware), "The firmware asks");
    check(Story::of(Eeprom4).on().wait(6.0).firmware_address(), "The firmware has its address");
    check(
        Story::of(Eeprom4).on().firmware_address().load("config.txt"),
        "The firmware loads its files: 1 requests",
    );
    check(Story::of(Eeprom5).loaded().wait(10.0), "The kernel was loaded 10 s ago");
    check(
        Story::of(Rom3b).loaded().wait(10.0).system_address(),
        "The installer's kernel has had its address",
    );
    check(
        Story::of(Rom3b).loaded().wait(10.0).system_address().mount(),
        "The installer root was mounted 0 s ago",
    );
    let off = Story::of(Rom3b).power(crate::model::power::PowerState::Off).is("off", Outlook::Off);
    assert!(off.sentence.contains("switched off"));
}
