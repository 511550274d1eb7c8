//! One scenario for each row of the table, and a look that none is forgotten.

use super::story::{ADDRESS, START, Story};
use crate::explain::signatures;
use crate::model::board::FirmwareClass::*;
use crate::model::boot_event::*;
use crate::model::clock::from_millis;
use crate::model::explanation::Outlook;
use crate::model::network::ForeignServer;
use crate::model::node::BootTarget;
use crate::model::observation::Asker::{Firmware, System as Kernel};
use crate::model::power::PowerState;

const OTHER_SERVER: Unanswered = Unanswered::OtherServer { server: std::net::Ipv4Addr::new(10, 20, 0, 2) };

/// The same as it was seen last at that time.
fn other_server(millis: i64) -> ForeignServer {
    let at = from_millis(millis);
    ForeignServer {
        address: [10, 20, 0, 2].into(),
        mac: None,
        first_at: at,
        last_at: at,
        offered: "x".into(),
    }
}

/// A scenario of that signature.
fn scenario(id: &str) -> Story {
    let found = power_and_address(id).or_else(|| files(id)).or_else(|| system(id));
    found.unwrap_or_else(|| panic!("no scenario for {id}"))
}

fn four() -> Story {
    Story::of(Eeprom4)
}

/// A Pi 4 that is about to ask.
fn asking() -> Story {
    four().on().wait(6.0)
}

/// A Pi 4 whose firmware has its address.
fn leased() -> Story {
    asking().firmware_address()
}

/// A Pi 4 whose kernel is about to ask.
fn running() -> Story {
    four().loaded().wait(20.0)
}

fn stranger() -> SshSeen {
    SshSeen::OtherKey { key: "SHA256:abc".into() }
}

fn stalled(path: &str, bytes: u64, size: u64) -> FileTransfer {
    FileTransfer {
        path: path.into(),
        bytes,
        size_bytes: Some(size),
        millis: 30_000,
        repeats: 4,
        options: true,
        outcome: FileOutcome::TimedOut,
    }
}

fn power_and_address(id: &str) -> Option<Story> {
    Some(match id {
        "power_not_confirmed" => {
            let seen = "sw1 does not answer".to_owned();
            four().on().then(BootEvent::PowerRefused { wanted: PowerState::On, seen })
        }
        "no_request" => four().on().wait(45.0),
        "boots_card_first" => asking().wait(20.0).system_address(),
        "boot_loop" => (0..4).fold(four().on(), |story, _| {
            story.wait(7.0).firmware_address().files().wait(20.0).system_address().wait(30.0)
        }),
        "offer_ignored" => (0..4).fold(asking(), |story, _| story.offered(Firmware).wait(4.0)),
        "fell_silent" => asking().offered(Firmware).wait(60.0),
        "rom_gave_up" => (0..5)
            .fold(Story::of(Rom3b).on().wait(8.0), |story, _| story.offered(Firmware).wait(5.0))
            .wait(10.0),
        "foreign_server_rom" => Story::of(Rom3b)
            .with(|facts| facts.foreign_servers = vec![other_server(START - 600_000)])
            .on()
            .wait(8.0)
            .offered(Firmware)
            .wait(15.0),
        "no_file_request" => leased().wait(15.0),
        "foreign_server" => asking().offered(Firmware).nothing(Firmware, DhcpAsked::Request, OTHER_SERVER),
        "foreign_server_system" => {
            running().offered(Kernel).nothing(Kernel, DhcpAsked::Request, OTHER_SERVER)
        }
        "nak_loop" => (0..3).fold(running(), |story, _| {
            story.dhcp(Kernel, DhcpAsked::Request, DhcpAnswer::Nak { options: Vec::new() }).wait(3.0)
        }),
        "duplicate_address" => running()
            .system_address()
            .dhcp(Kernel, DhcpAsked::Decline, DhcpAnswer::Noted)
            .wait(10.0)
            .nothing(Kernel, DhcpAsked::Discover, Unanswered::Quarantined),
        "address_outside" => asking().nothing(Firmware, DhcpAsked::Discover, Unanswered::AddressOutside),
        "address_held" => asking().nothing(Firmware, DhcpAsked::Discover, Unanswered::AddressHeld),
        "not_answered" => asking().nothing(Firmware, DhcpAsked::Discover, Unanswered::NotForUs),
        _ => return None,
    })
}

fn files(id: &str) -> Option<Story> {
    Some(match id {
        "other_board" => {
            leased().refused(&["12345678/start4.elf", "12345678/start.elf"], FileRefusal::OtherBoard)
        }
        "nothing_installed" => Story::of(Rom3bPlus)
            .with(|facts| facts.boot_target = BootTarget::Environment)
            .on()
            .wait(8.0)
            .firmware_address()
            .refused(&["bootcode.bin"], FileRefusal::NothingInstalled),
        "card_does_not_boot" => asking()
            .with(|facts| (facts.boot_target, facts.awaited) = (BootTarget::Local, Some(System::Deployed)))
            .firmware_address()
            .refused(&["e5ef6e9d/start4.elf", "start4.elf"], FileRefusal::Local)
            .wait(130.0),
        "unreadable_file" => leased().transfer("e5ef6e9d/start4.elf", FileOutcome::Failed, 0, 9),
        "file_too_large" => Story::of(Eeprom4)
            .on()
            .wait(6.0)
            .firmware_address()
            .loads(&["e5ef6e9d/start4.elf", "e5ef6e9d/fixup4.dat"])
            .file(stalled("e5ef6e9d/initramfs8", 65_535 * 1024, 90_000_000)),
        "transfer_stalled" => leased().loads(&["e5ef6e9d/start4.elf", "e5ef6e9d/fixup4.dat"]).file(stalled(
            "e5ef6e9d/kernel8.img",
            1_000_000,
            9_000_000,
        )),
        "loops_on_file" => (0..16).fold(leased(), |story, _| story.load("e5ef6e9d/config.txt")),
        "missing_bootcode" => {
            Story::of(Rom3b).on().wait(8.0).firmware_address().lacks(&["bootcode.bin"]).wait(6.0)
        }
        "missing_start" => {
            let names =
                ["e5ef6e9d/start4.elf", "e5ef6e9d/start.elf", "start4.elf", "start.elf", "recover4.elf"];
            (0..3).fold(leased(), |story, _| story.lacks(&names))
        }
        "missing_fixup" => leased().load("e5ef6e9d/start4.elf").lacks(&["e5ef6e9d/fixup4.dat"]).wait(6.0),
        "missing_config" => Story::of(Eeprom5)
            .on()
            .wait(5.0)
            .firmware_address()
            .lacks(&["bd989ae1/config.txt", "config.txt"])
            .wait(6.0),
        "missing_device_tree" => Story::of(Eeprom5)
            .on()
            .wait(5.0)
            .firmware_address()
            .load("bd989ae1/config.txt")
            .lacks(&["bd989ae1/bcm2712-rpi-5-b.dtb", "bd989ae1/bcm2712-d-rpi-5-b.dtb"])
            .wait(6.0),
        "missing_kernel" => leased()
            .loads(&[
                "e5ef6e9d/start4.elf",
                "e5ef6e9d/fixup4.dat",
                "e5ef6e9d/bcm2711-rpi-4-b.dtb",
                "e5ef6e9d/cmdline.txt",
            ])
            .lacks(&["e5ef6e9d/kernel8.img", "e5ef6e9d/kernel7l.img"])
            .wait(6.0),
        _ => return None,
    })
}

fn system(id: &str) -> Option<Story> {
    Some(match id {
        "kernel_panic" => running()
            .system_address()
            .console("VFS: Cannot open root device \"nfs\"")
            .console("Kernel panic - not syncing: VFS: Unable to mount root fs"),
        "config_without_options" => leased()
            .load("e5ef6e9d/start4.elf")
            .file(FileTransfer {
                outcome: FileOutcome::Complete,
                options: false,
                repeats: 0,
                ..stalled("e5ef6e9d/config.txt", 4096, 4096)
            })
            .load("e5ef6e9d/kernel8.img")
            .wait(100.0),
        "no_kernel_dhcp" => four().loaded().wait(100.0),
        "root_not_mounted" => running().system_address().wait(70.0),
        "system_silent" => running().with(|facts| facts.notices_mounts = false).system_address().wait(130.0),
        "mounted_no_ssh" => running().system_address().mount().wait(130.0),
        "other_host_key" => running().system_address().mount().ssh(System::Installer, stranger()).wait(35.0),
        "key_refused" => running().system_address().mount().ssh(System::Installer, SshSeen::KeyRefused),
        "lost_packets" => {
            let slow =
                FileTransfer { outcome: FileOutcome::Complete, repeats: 6, ..stalled("e5ef6e9d/x", 9, 9) };
            four()
                .loaded()
                .file(slow)
                .wait(20.0)
                .system_address()
                .mount()
                .ssh(System::Installer, SshSeen::Expected)
        }
        "late_link" => four()
            .on()
            .wait(33.0)
            .firmware_address()
            .files()
            .wait(20.0)
            .system_address()
            .mount()
            .ssh(System::Installer, SshSeen::Expected),
        "slow_boot" => {
            running().system_address().mount().wait(170.0).ssh(System::Installer, SshSeen::Expected)
        }
        _ => return None,
    })
}

const WARNINGS: [&str; 3] = ["lost_packets", "late_link", "slow_boot"];

#[test]
fn each_row_has_a_scenario_that_shows_it_alone() {
    let rows: Vec<&str> = signatures::all().map(|row| row.id).collect();
    assert!(rows.len() >= 15, "{rows:?}");
    for id in rows {
        let outlook = if WARNINGS.contains(&id) { Outlook::Warning } else { Outlook::Trouble };
        let explained = scenario(id).is(id, outlook);
        assert!(explained.sentence.ends_with('.') || id == "kernel_panic", "{explained:?}");
        assert!(!explained.evidence.is_empty(), "{explained:?}");
    }
}

#[test]
fn sentences_carry_their_numbers() {
    let check = |id: &str, part: &str| {
        let sentence = scenario(id).explained().sentence;
        assert!(sentence.contains(part), "{sentence}");
    };
    check("no_request", "on for 45 s");
    check("offer_ignored", "4 times in 16 s");
    check("rom_gave_up", "5 times, gave up and has been silent for 15 s");
    check("foreign_server", "10.20.0.2");
    check("foreign_server_rom", "another DHCP server, 10.20.0.2, was seen 10 min before this boot");
    check("boot_loop", "4 times within 15 min");
    check("transfer_stalled", "stopped after 1000000 of 9000000 bytes");
    check("missing_start", "start.elf and start4.elf");
    check("late_link", "33 s after the power");
    check("slow_boot", "needed 197 s");
}

#[test]
fn boards_without_order_that_boot_the_card_are_told_from_strangers() {
    let card = Story::of(Rom3b).on().wait(60.0).ssh(System::Installer, stranger());
    card.troubled("boots_card_first");
    // The same answer after a boot from the network: it is another machine, or another key.
    let network = Story::of(Rom3b).loaded().wait(20.0).system_address().ssh(System::Installer, stranger());
    let network = network.wait(35.0);
    network.troubled("other_host_key");
}

#[test]
fn an_empty_start_file_is_as_good_as_none() {
    let story = Story::of(Eeprom4).on().wait(6.0).firmware_address();
    let story = story.transfer("e5ef6e9d/start4.elf", FileOutcome::Terminated, 0, 0);
    story.transfer("e5ef6e9d/start.elf", FileOutcome::Terminated, 0, 0).wait(6.0).troubled("missing_start");
}

#[test]
fn a_pi_4_without_config_txt_boots_all_the_same() {
    let story = Story::of(Eeprom4).on().wait(6.0).firmware_address().lacks(&["e5ef6e9d/config.txt"]);
    let story = story.loads(&["e5ef6e9d/start4.elf", "e5ef6e9d/fixup4.dat", "e5ef6e9d/kernel7l.img"]);
    story.wait(6.0).is("under_way", Outlook::UnderWay);
}

#[test]
fn a_foreign_offer_that_was_corrected_is_no_trouble() {
    let story = Story::of(Eeprom4).on().wait(6.0).offered(Firmware);
    let story = story.nothing(Firmware, DhcpAsked::Request, OTHER_SERVER).wait(4.0).firmware_address();
    story.is("under_way", Outlook::UnderWay);
}

#[test]
fn one_refusal_after_a_change_of_address_is_no_loop() {
    let nak = DhcpAnswer::Nak { options: Vec::new() };
    let story = Story::of(Eeprom4).loaded().wait(20.0).dhcp(Kernel, DhcpAsked::Request, nak);
    story.wait(1.0).system_address().is("under_way", Outlook::UnderWay);
}

#[test]
fn a_server_that_was_seen_long_ago_did_not_answer_this_boot() {
    let silent = Story::of(Rom3bPlus).on().wait(8.0).offered(Firmware).wait(15.0);
    silent.clone().troubled("rom_gave_up");
    let seen = |at| silent.clone().with(|facts| facts.foreign_servers = vec![other_server(at)]);
    seen(START - 7_200_000).troubled("rom_gave_up");
    let during = seen(START + 9_000).explained().sentence;
    assert!(during.contains("10.20.0.2, was seen since this boot began"), "{during}");
}

#[test]
fn rounds_that_end_at_a_missing_file_are_no_loop_on_the_files_before_it() {
    let round = |story: Story| {
        story.load("e5ef6e9d/config.txt").load("e5ef6e9d/start4.elf").lacks(&["e5ef6e9d/fixup4.dat"])
    };
    (0..16).fold(leased(), |story, _| round(story)).troubled("missing_fixup");
}

#[test]
fn an_inform_counts_as_granted() {
    let ack = DhcpAnswer::Ack { address: ADDRESS, options: Vec::new() };
    let story = Story::of(Eeprom4).loaded().wait(20.0).dhcp(Kernel, DhcpAsked::Inform, ack);
    story.wait(70.0).troubled("root_not_mounted");
}

#[test]
fn a_node_of_which_nothing_is_known_is_told_so() {
    let unheard = Story::of(Eeprom4).explained();
    assert_eq!((unheard.signature, unheard.outlook), ("unheard", Outlook::Off));
}
