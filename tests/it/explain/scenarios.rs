//! Each signature on the wire: a simulated board with one thing wrong boots from the real servers, and what is stored
//! of it is explained so and not otherwise.
//!
//! Ordinary ones are rows of a table, run side by side; each has a rack, servers and a database of its own.

use super::foreign::{self, Kind};
use super::scenario::{Scenario, board, shows, stuck};
use crate::boot::BootRack;
use crate::test_app::environment;
use futures_util::future::join_all;
use pimaster::model::board::BoardModel::{self, Pi3b, Pi3bPlus, Pi4b, Pi5};
use pimaster::model::clock::{self, SignedDuration};
use pimaster::model::deployment::DeploymentState;
use pimaster::model::node::BootTarget;
use pimaster::model::power::PowerState;
use pimaster::model::user::Role;
use pimaster::sim::disk_image;
use pimaster::sim::status::{Fault, Stage};
use pimaster::sim::tree::Bulk;
use pimaster::store::leases::{self, Lease, LeaseState};
use pimaster::store::reservations::NewReservation;
use pimaster::store::{deployments, environments, nodes, reservations, users};
use pimaster::web;
use std::net::Ipv4Addr;

const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(127, 42, 7, 7);

const ADDRESSES: [Scenario; 8] = [
    shows("no_request", Pi4b).with(Fault::Unplugged).after(45),
    shows("offer_ignored", Pi4b).with(Fault::NoReplies),
    shows("fell_silent", Pi5).with(Fault::DiesAfterRequest).after(60),
    shows("rom_gave_up", Pi3bPlus).with(Fault::NoReplies).after(12),
    shows("no_file_request", Pi5).with(Fault::NoFileRequests).after(15),
    shows("nak_loop", Pi4b).with(Fault::OldAddress(ELSEWHERE)),
    shows("duplicate_address", Pi4b).with(Fault::AddressTaken),
    shows("boot_loop", Pi4b).with(Fault::KernelResets),
];

const FILES: [Scenario; 16] = [
    shows("missing_bootcode", Pi3bPlus).without(&["bootcode.bin"]).after(10),
    shows("missing_bootcode", Pi3b).without(&["bootcode.bin"]).after(10),
    shows("missing_start", Pi3bPlus).without(&["start.elf"]).after(10),
    shows("missing_start", Pi4b).without(&["start4.elf", "start.elf"]).after(10),
    shows("missing_fixup", Pi3bPlus).without(&["fixup.dat"]).after(10),
    shows("missing_fixup", Pi4b).without(&["fixup4.dat"]).after(10),
    shows("missing_config", Pi5).without(&["config.txt"]).after(10),
    shows("missing_device_tree", Pi5).without(&["bcm2712-rpi-5-b.dtb"]).after(10),
    shows("missing_kernel", Pi3bPlus).without(&["kernel8.img"]).after(10),
    shows("missing_kernel", Pi4b).without(&["kernel8.img"]).after(10),
    shows("missing_kernel", Pi5).without(&["kernel_2712.img", "kernel8.img"]).after(10),
    shows("nothing_installed", Pi3bPlus).booting(BootTarget::Environment),
    shows("card_does_not_boot", Pi4b).booting(BootTarget::Local).after(140),
    shows("loops_on_file", Pi4b).with(Fault::StartCrashes),
    shows("lost_packets", Pi4b).with(Fault::LossyCable),
    shows("transfer_stalled", Pi4b).with(Fault::BreaksOff),
];

const SYSTEMS: [Scenario; 3] = [
    shows("no_kernel_dhcp", Pi5).hanging().after(120),
    shows("no_kernel_dhcp", Pi3bPlus).hanging().after(120),
    shows("kernel_panic", Pi4b).with(Fault::KernelPanics),
];

/// Runs them side by side; says which fail.
async fn all(scenarios: &[Scenario]) {
    let runs = scenarios.iter().map(|scenario| {
        let run = tokio::spawn(scenario.holds());
        async { (scenario.signature, scenario.model, run.await) }
    });
    let failed: Vec<(&str, BoardModel)> = join_all(runs)
        .await
        .into_iter()
        .filter(|(_, _, outcome)| outcome.is_err())
        .map(|(signature, model, _)| (signature, model))
        .collect();
    assert!(failed.is_empty(), "{failed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn boards_without_an_address() {
    all(&ADDRESSES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn boards_without_their_files() {
    all(&FILES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kernels_that_do_not_come_up() {
    all(&SYSTEMS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_that_does_not_answer() {
    let scenario = shows("power_not_confirmed", Pi4b);
    let rack = scenario.rack().await;
    rack.rack.switch().set_unreachable(true);
    assert!(rack.power.set(rack.port(1), PowerState::On).await.is_err());
    scenario.is_told(&rack).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_eeprom_that_takes_its_card_first() {
    let scenario = shows("boots_card_first", Pi4b).with(Fault::CardFirst);
    let rack = scenario.rack().await;
    let (card, scratch) = (rack.card("pi-01"), tempfile::tempdir().unwrap());
    disk_image::make(&card, scratch.path(), Bulk::NONE).unwrap();
    scenario.boots(&rack).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_offer_of_another_server() {
    let scenario = shows("foreign_server", Pi4b).near(foreign::serve(Kind::BootServer).await);
    let told = scenario.boots(&scenario.rack().await).await;
    assert!(told.explanation.sentence.contains("127.0.0.2"), "{:#?}", told.explanation);
    // A server that knows of no network boot is passed over by firmware, not by systems.
    let scenario = shows("foreign_server_system", Pi4b).near(foreign::serve(Kind::Router).await);
    let told = scenario.boots(&scenario.rack().await).await;
    assert!(told.explanation.sentence.contains("127.0.0.2"), "{:#?}", told.explanation);
}

/// A boot ROM takes an offer without saying whose; that there is another server was seen when an EEPROM said so.
#[tokio::test(flavor = "multi_thread")]
async fn the_offer_of_another_server_to_a_boot_rom() {
    let server = foreign::serve(Kind::BootServer).await;
    for model in [Pi3b, Pi3bPlus] {
        let scenario = shows("foreign_server_rom", model).near(server).after(15);
        let rack = scenario.rack_with(vec![board(model, 1), board(Pi4b, 2)]).await;
        rack.power(1, PowerState::On).await;
        shows("rom_gave_up", model).after(15).is_told(&rack).await;
        scenario.strike(&rack, "pi-02");
        rack.power(2, PowerState::On).await;
        let told = scenario.is_told(&rack).await;
        assert!(told.explanation.sentence.contains("127.0.0.2"), "{:#?}", told.explanation);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_cannot_be_given() {
    let scenario = shows("address_held", Pi4b);
    let rack = scenario.rack_with(vec![board(Pi4b, 1), board(Pi5, 2)]).await;
    let (address, mac) = (rack.boards[0].address, rack.boards[1].identity.mac);
    let hold = rack.store.write(move |tx| {
        let node = nodes::by_name(tx, "pi-02")?.unwrap().id;
        let (state, since) = (LeaseState::Bound, clock::now());
        let expires_at = since + SignedDuration::from_hours(1);
        leases::upsert(tx, &Lease { mac, address, node, state, since, expires_at })
    });
    hold.await.unwrap();
    scenario.boots(&rack).await;
}

/// Somebody waits for pi-01's installer.
async fn awaited(rack: &BootRack) {
    web::add_user(&rack.store, "ada@lab", Role::User).await.unwrap();
    let write = rack.store.write(|tx| {
        let now = clock::now();
        environments::insert(tx, &environment(), now)?;
        let environment = environments::by_name(tx, "raspios")?.unwrap().id;
        let (node, owner) = (nodes::by_name(tx, "pi-01")?.unwrap().id, users::by_email(tx, "ada@lab")?);
        let (start, end) = (now, now + SignedDuration::from_hours(1));
        let (owner, name, nodes) = (owner.unwrap().id, "bin".to_owned(), vec![node]);
        let id = reservations::book(
            tx,
            &NewReservation { owner, name, start, end, nodes, margin: SignedDuration::ZERO },
            now,
        )?
        .unwrap();
        deployments::insert(tx, id, node, environment, DeploymentState::NfsBootOn, now)
    });
    write.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installer_without_its_ssh_server() {
    let silent = shows("system_silent", Pi4b).with(Fault::NoSsh).after(130);
    let rack = silent.rack().await;
    awaited(&rack).await;
    silent.boots(&rack).await;
    // The same once the NFS server tells of the mount.
    rack.reached("pi-01", |stage| *stage == Stage::Installer).await;
    rack.mounted(rack.boards[0].address);
    shows("mounted_no_ssh", Pi4b).after(130).is_told(&rack).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_nfs_server_that_is_gone() {
    let scenario = shows("root_not_mounted", Pi4b).after(70);
    let rack = scenario.rack_with(vec![board(Pi4b, 1), board(Pi5, 2)]).await;
    // Mounts are noticed here: pi-02's was.
    rack.power(2, PowerState::On).await;
    rack.reached("pi-02", |stage| *stage == Stage::Installer).await;
    rack.mounted(rack.boards[1].address);
    super::until(&rack, "pi-02", 0, |view| super::tells(view, "root is mounted")).await;
    std::fs::remove_dir_all(rack.root()).unwrap();
    rack.power(1, PowerState::On).await;
    stuck(&rack, "pi-01").await;
    scenario.is_told(&rack).await;
}
