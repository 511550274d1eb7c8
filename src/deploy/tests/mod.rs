//! Drivers and supervisor on a rack without a wire, under a paused clock.

mod rack;

use super::states::Step;
use crate::model::boot_order::BootOrder;
use crate::model::clock::{self, SignedDuration};
use crate::model::deployment::{Deployment, DeploymentState as S, Request};
use crate::model::node::BootTarget;
use crate::model::power::PowerState;
use crate::model::reservation::{NodeChange, ReservationState};
use crate::model::verb::{Retry, USER_SCRIPT_PATH};
use crate::store::{deployments, environments, nodes, reservations};
use rack::{Fault, PATIENCE, Rack};
use std::time::Duration;

const ALL: [S; 17] = [
    S::Initialized,
    S::NfsBootConf,
    S::NfsBootOff,
    S::NfsBootOn,
    S::EnvCopy,
    S::EnvCheck,
    S::DeletePartition,
    S::CreatePartition,
    S::MountPartition,
    S::ResizePartition,
    S::WaitResizing,
    S::SystemConf,
    S::BootFiles,
    S::EnvBoot,
    S::UserConf,
    S::SystemUpdate,
    S::UserScript,
];

#[tokio::test(start_paused = true)]
async fn a_deployment_goes_through_every_state_and_leaves_its_traces() {
    let rack = Rack::start(1).await;
    rack.reserve(&[0], Some("#!/bin/sh\necho hello\n")).await;
    rack.until(&[0], S::Deployed).await;
    let (states, text) = rack.history(0).await;
    assert_eq!(states[..17], ALL);
    for part in ["SD32G", "4096 MiB", "written in 1.0 s", "sshd is enabled", "status 0; it said: hello"] {
        assert!(text.contains(part), "{text}");
    }
    let node = rack.node(0).await;
    assert_eq!(node.boot_target, BootTarget::Local);
    assert_eq!(node.serial.unwrap().to_string(), "abcdef01");
    assert_eq!(node.revision.unwrap().to_string(), "c03112");
    let installed = rack.store.read(move |conn| nodes::installed(conn, node.id)).await.unwrap();
    assert_eq!(installed.unwrap().1, "root=/dev/mmcblk0p2");
    let ran = rack.board(0, |board| board.ran.clone());
    let verbs = ["probe", "write-image", "grow", "customise", "finish", "upgrade", USER_SCRIPT_PATH];
    assert_eq!(ran, verbs);
    assert_eq!(rack.wire.syncs.lock().unwrap().first(), Some(&1));
    assert_eq!(rack.wire.syncs.lock().unwrap().last(), Some(&0));
}

#[tokio::test(start_paused = true)]
async fn nodes_of_one_reservation_get_what_is_said_of_each() {
    let rack = Rack::start(2).await;
    let start = rack.clock.now() + SignedDuration::from_hours(1);
    let id = rack.reserve_from(start, &[0, 1], None).await;
    let node = rack.node(1).await.id;
    let other = rack.store.write(move |tx| {
        let known = environments::list(tx)?.remove(0);
        let new = environments::NewEnvironment {
            name: "other".into(),
            description: known.description,
            family: known.family,
            ssh_user: known.ssh_user,
            layout: known.layout,
            disk_bytes: known.disk_bytes,
            used_bytes: known.used_bytes,
            stored_bytes: known.stored_bytes,
            digest: known.digest,
            boots_on: None,
        };
        let other = environments::insert(tx, &new, start)?;
        let mut chosen = reservations::by_id(tx, id)?.unwrap().configuration.unwrap();
        chosen.changes.push(NodeChange {
            node,
            environment: Some(other),
            partition_size: None,
            user_script: Some("#!/bin/sh\necho hello\n".into()),
        });
        reservations::configure(tx, id, &chosen)?;
        assert_eq!(environments::uses(tx, other)?.reservations, 1, "it must not be removed under them");
        Ok(other)
    });
    let other = other.await.unwrap();
    rack.pass(Duration::from_secs(3600)).await;
    rack.until(&[0, 1], S::Deployed).await;
    assert_ne!(rack.row(0).await.unwrap().environment, other);
    assert_eq!(rack.row(1).await.unwrap().environment, other);
    let has_run = |board| rack.board(board, |board| board.ran.contains(&USER_SCRIPT_PATH.to_owned()));
    assert_eq!((has_run(0), has_run(1)), (false, true));
}

#[tokio::test(start_paused = true)]
async fn the_image_is_open_only_while_it_is_written_and_checked() {
    let rack = Rack::start(1).await;
    rack.reserve(&[0], None).await;
    let is_open = async || {
        let id = rack.row(0).await.unwrap().id;
        rack.store.read(move |conn| deployments::has_image_token(conn, id)).await.unwrap()
    };
    rack.until(&[0], S::NfsBootOn).await;
    assert!(!is_open().await);
    rack.until(&[0], S::EnvCheck).await;
    assert!(is_open().await);
    rack.until(&[0], S::SystemConf).await;
    assert!(!is_open().await);
}

#[tokio::test(start_paused = true)]
async fn one_hanging_node_delays_no_other() {
    let rack = Rack::start(2).await;
    rack.fault(0, "write-image", [Fault::Hang]);
    rack.reserve(&[0, 1], None).await;
    rack.until(&[1], S::Deployed).await;
    assert_eq!(rack.state(0).await, Some(S::EnvCopy));
    rack.until(&[0], S::HardReboot).await;
    rack.until(&[0], S::Deployed).await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_panics_its_driver_is_driven_again_and_the_others_go_on() {
    let rack = Rack::start(2).await;
    rack.fault(0, "grow", [Fault::Panic]);
    rack.reserve(&[0, 1], None).await;
    rack.until(&[0, 1], S::Deployed).await;
}

#[tokio::test(start_paused = true)]
async fn a_silent_node_is_power_cycled_lost_and_saved_by_a_hard_reboot() {
    let rack = Rack::start(1).await;
    rack.board(0, |board| board.dead_boots = 2);
    rack.reserve(&[0], None).await;
    rack.until(&[0], S::HardReboot).await;
    rack.until(&[0], S::Lost).await;
    let row = rack.row(0).await.unwrap();
    assert_eq!(row.saved_state, Some(S::NfsBootOn));
    let seen = row.problem.unwrap().seen;
    assert!(seen.contains("last: no SSH server answers"), "{seen}");
    assert!(seen.contains("the node has asked for nothing"), "{seen}");
    rack.pass(PATIENCE * 3).await;
    assert_eq!(rack.state(0).await, Some(S::Lost));
    rack.ask(0, Request::HardReboot).await;
    rack.until(&[0], S::Deployed).await;
}

#[tokio::test(start_paused = true)]
async fn a_board_that_does_not_ask_the_network_first_is_told_of() {
    let rack = Rack::start(3).await;
    rack.board(0, |board| board.boot_order = Some(0xf21));
    rack.board(1, |board| board.boot_order = Some(0xf12));
    rack.reserve(&[0, 1, 2], None).await;
    rack.until(&[0, 1, 2], S::Deployed).await;
    let warning = "warning: the EEPROM boots card, network, again (0xf21)";
    for (board, stored) in [(0, Some(0xf21)), (1, Some(0xf12)), (2, None)] {
        let (_, text) = rack.history(board).await;
        assert_eq!(text.contains(warning), board == 0, "{text}");
        let id = rack.node(board).await.id;
        let order = rack.store.read(move |conn| nodes::boot_order(conn, id)).await.unwrap();
        assert_eq!(order, stored.map(BootOrder));
    }
}

#[tokio::test(start_paused = true)]
async fn a_broken_connection_is_tried_again_in_place() {
    let rack = Rack::start(1).await;
    rack.fault(0, "write-image", [Fault::Break, Fault::Fail(Retry::Worthwhile)]);
    rack.reserve(&[0], None).await;
    rack.until(&[0], S::Deployed).await;
    let (states, text) = rack.history(0).await;
    assert!(!states.contains(&S::HardReboot));
    assert!(text.contains("connection reset by peer; trying again (1 of 5)"), "{text}");
    assert!(text.contains("bad sector; trying again (2 of 5)"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_succeed_fails_and_deploy_again_starts_over() {
    let rack = Rack::start(1).await;
    rack.fault(0, "write-image", [Fault::Fail(Retry::Pointless)]);
    rack.reserve(&[0], None).await;
    rack.until(&[0], S::Failed).await;
    let problem = rack.row(0).await.unwrap().problem.unwrap();
    assert_eq!(problem.advice, "Replace the card.");
    rack.ask(0, Request::DeployAgain).await;
    rack.until(&[0], S::Deployed).await;
    assert_eq!(rack.row(0).await.unwrap().problem, None);
    assert_eq!(rack.row(0).await.unwrap().request, None);
}

#[tokio::test(start_paused = true)]
async fn a_failing_script_says_its_last_words() {
    let rack = Rack::start(1).await;
    rack.board(0, |board| board.script_status = 3);
    rack.reserve(&[0], Some("exit 3")).await;
    rack.until(&[0], S::Failed).await;
    let row = rack.row(0).await.unwrap();
    assert_eq!(row.saved_state, Some(S::UserScript));
    let seen = row.problem.unwrap().seen;
    assert!(seen.contains("ended with status 3") && seen.contains("hello\nwarned"), "{seen}");
}

#[tokio::test(start_paused = true)]
async fn a_hard_reboot_comes_back_to_the_saved_state() {
    let rack = Rack::start(1).await;
    rack.reserve(&[0], None).await;
    rack.until(&[0], S::EnvCheck).await;
    rack.ask(0, Request::HardReboot).await;
    rack.until(&[0], S::HardReboot).await;
    rack.until(&[0], S::EnvCheck).await;
    rack.until(&[0], S::Deployed).await;
    rack.ask(0, Request::HardReboot).await;
    rack.until(&[0], S::EnvBoot).await;
    assert_eq!(rack.node(0).await.boot_target, BootTarget::Local);
    rack.until(&[0], S::Deployed).await;
    let (states, _) = rack.history(0).await;
    assert!(states.ends_with(&[S::Deployed, S::HardReboot, S::EnvBoot, S::Deployed]), "{states:?}");
}

#[tokio::test(start_paused = true)]
async fn destroying_wipes_switches_off_and_frees_the_nodes() {
    let rack = Rack::start(1).await;
    let reservation = rack.reserve(&[0], None).await;
    rack.until(&[0], S::Deployed).await;
    rack.ask(0, Request::Destroy).await;
    rack.until(&[0], S::Destroying).await;
    rack.until(&[0], S::Destroyed).await;
    assert_eq!(rack.wanted(0).await, PowerState::Off);
    assert_eq!(rack.node(0).await.boot_target, BootTarget::Local);
    assert_eq!(rack.row(0).await.unwrap().problem, None);
    assert!(rack.board(0, |board| board.ran.last() == Some(&"wipe".to_owned()) && !board.is_installed));
    rack.pass(Duration::from_secs(1)).await;
    rack.pass(Duration::from_secs(1)).await;
    let read = rack.store.read(move |conn| reservations::by_id(conn, reservation));
    assert_eq!(read.await.unwrap().unwrap().state, ReservationState::Ended);
}

#[tokio::test(start_paused = true)]
async fn a_reservation_whose_nodes_are_destroyed_one_by_one_ends_with_the_last() {
    let rack = Rack::start(2).await;
    let reservation = rack.reserve(&[0, 1], None).await;
    rack.until(&[0, 1], S::Deployed).await;
    let state = async || {
        rack.pass(Duration::from_secs(1)).await;
        rack.pass(Duration::from_secs(1)).await;
        let read = rack.store.read(move |conn| reservations::by_id(conn, reservation));
        read.await.unwrap().unwrap().state
    };
    rack.ask(0, Request::Destroy).await;
    rack.until(&[0], S::Destroyed).await;
    assert_eq!((state().await, rack.state(1).await), (ReservationState::Active, Some(S::Deployed)));
    rack.ask(1, Request::Destroy).await;
    rack.until(&[1], S::Destroyed).await;
    assert_eq!(state().await, ReservationState::Ended);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_cannot_be_wiped_goes_off_and_owes_it() {
    let rack = Rack::start(1).await;
    rack.reserve(&[0], None).await;
    rack.until(&[0], S::Deployed).await;
    rack.board(0, |board| board.dead_boots = 9);
    rack.ask(0, Request::Destroy).await;
    rack.until(&[0], S::Destroyed).await;
    assert!(
        rack.row(0)
            .await
            .unwrap()
            .problem
            .unwrap()
            .seen
            .starts_with("card not wiped: destroying made no progress")
    );
    assert_eq!(rack.wanted(0).await, PowerState::Off);
    assert_eq!(rack.node(0).await.boot_target, BootTarget::Installer);
    rack.board(0, |board| board.dead_boots = 0);
    rack.pass(Duration::from_secs(2)).await;
    rack.reserve(&[0], None).await;
    rack.until(&[0], S::Deployed).await;
}

#[tokio::test(start_paused = true)]
async fn a_reservation_that_ends_takes_its_nodes_down_and_the_next_waits_for_them() {
    let rack = Rack::start(1).await;
    let state = async |id| {
        let read = rack.store.read(move |conn| reservations::by_id(conn, id));
        read.await.unwrap().unwrap().state
    };
    let first = rack.reserve(&[0], None).await;
    let end = rack.clock.now() + SignedDuration::from_hours(1);
    let second = rack.reserve_from(end, &[0], None).await;
    rack.until(&[0], S::Deployed).await;
    assert_eq!(
        (state(first).await, state(second).await),
        (ReservationState::Active, ReservationState::Configured)
    );
    let left = end.duration_since(rack.clock.now());
    rack.pass(Duration::try_from(left).unwrap()).await;
    rack.until(&[0], S::Initialized).await;
    for _ in 0..10 {
        rack.pass(Duration::from_millis(100)).await;
    }
    let all = rack.store.read(move |conn| deployments::by_reservation(conn, second)).await.unwrap();
    assert_eq!(all[0].state, S::Initialized);
    assert_eq!(
        (state(first).await, state(second).await),
        (ReservationState::Ending, ReservationState::Active)
    );
    rack.until(&[0], S::Deployed).await;
    assert_eq!(rack.row(0).await.unwrap().reservation, second);
    assert_eq!(state(first).await, ReservationState::Ended);
}

#[tokio::test(start_paused = true)]
async fn a_reservation_that_a_person_ends_is_taken_down_whatever_its_nodes_do() {
    let rack = Rack::start(2).await;
    rack.fault(0, "write-image", [Fault::Hang]);
    let reservation = rack.reserve(&[0, 1], None).await;
    rack.until(&[1], S::Deployed).await;
    let write = rack
        .store
        .write(move |tx| reservations::set_state(tx, reservation, ReservationState::Ending, clock::now()));
    write.await.unwrap();
    rack.until(&[0, 1], S::Destroyed).await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_nobody_switches_is_asked_to_restart() {
    let rack = Rack::wired(1, false).await;
    rack.board(0, |board| board.is_installed = true);
    rack.reserve(&[0], None).await;
    rack.until(&[0], S::NfsBootOn).await;
    let (_, text) = rack.history(0).await;
    assert!(text.contains("pull its plug"), "{text}");
    rack.until(&[0], S::Deployed).await;
}

/// `kill -9` in each state, and twice in a row; the next start goes on and finishes.
#[tokio::test(start_paused = true)]
async fn a_killed_daemon_finishes_from_every_state() {
    // The others pass without taking time.
    let takes_time = |state: &S| !matches!(Step::of(*state), Step::Wait | Step::Conf | Step::UserConf);
    for state in ALL.into_iter().filter(takes_time) {
        let mut rack = Rack::start(1).await;
        rack.reserve(&[0], Some("true")).await;
        rack.until(&[0], state).await;
        for _ in 0..2 {
            rack.kill().await;
            rack.pass(PATIENCE * 2).await;
            rack.supervise();
            rack.pass(Duration::from_millis(100)).await;
        }
        rack.until(&[0], S::Deployed).await;
        let (states, _) = rack.history(0).await;
        assert!(!states.contains(&S::HardReboot), "killed in {state}: {states:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_killed_daemon_finishes_a_hard_reboot_and_a_take_down() {
    let mut rack = Rack::start(1).await;
    rack.reserve(&[0], None).await;
    rack.until(&[0], S::EnvCopy).await;
    rack.ask(0, Request::HardReboot).await;
    rack.until(&[0], S::HardReboot).await;
    rack.kill().await;
    rack.supervise();
    rack.until(&[0], S::Deployed).await;
    rack.ask(0, Request::Destroy).await;
    rack.until(&[0], S::Destroying).await;
    for _ in 0..4 {
        rack.kill().await;
        rack.supervise();
        for _ in 0..60 {
            rack.pass(Duration::from_millis(100)).await;
        }
    }
    rack.until(&[0], S::Destroyed).await;
    assert_eq!(rack.row(0).await.unwrap().problem, None);
    assert!(rack.board(0, |board| board.ran.contains(&"wipe".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_leaves_the_rows_as_they_are() {
    let mut rack = Rack::start(2).await;
    rack.reserve(&[0, 1], None).await;
    rack.until(&[0, 1], S::EnvCopy).await;
    rack.stop().await;
    rack.pass(PATIENCE * 5).await;
    assert_eq!(rack.state(0).await, Some(S::EnvCopy));
    rack.supervise();
    rack.until(&[0, 1], S::Deployed).await;
}

#[tokio::test(start_paused = true)]
async fn the_installer_root_is_open_from_power_off_to_the_deployed_system() {
    let rack = Rack::start(1).await;
    *rack.wire.broken_syncs.lock().unwrap() = true;
    let is_open = async || !rack.store.read(nodes::installing).await.unwrap().is_empty();
    rack.reserve(&[0], None).await;
    rack.until(&[0], S::NfsBootOff).await;
    assert_eq!(rack.node(0).await.boot_target, BootTarget::Installer);
    assert!(!is_open().await && rack.wire.syncs.lock().unwrap().is_empty());
    rack.until(&[0], S::NfsBootOn).await;
    assert!(is_open().await);
    rack.until(&[0], S::EnvBoot).await;
    *rack.wire.broken_syncs.lock().unwrap() = true;
    rack.until(&[0], S::Deployed).await;
    let (_, text) = rack.history(0).await;
    assert_eq!(text.matches("exportfs hangs; trying again (1 of").count(), 2, "{text}");
    assert_eq!(rack.wire.syncs.lock().unwrap().last(), Some(&0));
    rack.board(0, |board| board.dead_boots = 9);
    rack.ask(0, Request::DeployAgain).await;
    rack.until(&[0], S::Lost).await;
    rack.pass(Duration::from_secs(1)).await;
    assert_eq!(rack.wire.syncs.lock().unwrap().last(), Some(&0));
}

#[tokio::test(start_paused = true)]
async fn a_damaged_key_fails_with_its_name_and_the_node_can_be_taken_down() {
    let rack = Rack::start(1).await;
    let file = rack.folder.path().join("keys/node_pi-0_host_ed25519");
    std::fs::write(&file, "no key").unwrap();
    rack.reserve(&[0], None).await;
    rack.until(&[0], S::Failed).await;
    let problem = rack.row(0).await.unwrap().problem.unwrap();
    assert!(problem.seen.contains("keys/node_pi-0_host_ed25519 holds no"), "{problem}");
    assert!(problem.advice.contains("move it away"), "{problem}");
    rack.ask(0, Request::Destroy).await;
    rack.until(&[0], S::Destroyed).await;
    assert_eq!(rack.row(0).await.unwrap().problem, None);
}

/// A tenant's system may run in every state that is closed here.
#[tokio::test(start_paused = true)]
async fn the_installer_root_is_closed_in_every_state_that_does_not_install() {
    let mut rack = Rack::start(1).await;
    rack.reserve(&[0], None).await;
    rack.until(&[0], S::NfsBootOff).await;
    rack.kill().await;
    let row = rack.row(0).await.unwrap();
    let is_open = async |state: S, saved_state: Option<S>| {
        let row = Deployment { state, saved_state, ..row.clone() };
        rack.store.write(move |tx| deployments::save(tx, &row)).await.unwrap();
        !rack.store.read(nodes::installing).await.unwrap().is_empty()
    };
    for state in S::ALL {
        let installs = match Step::of(*state) {
            // Nobody has had the node.
            Step::Wait => true,
            Step::On | Step::Write | Step::Grow | Step::Customise | Step::BootFiles | Step::TakeDown => true,
            Step::Conf | Step::Off | Step::EnvBoot | Step::UserConf | Step::Update | Step::Script => false,
            Step::Save | Step::PowerCycle | Step::Rest => false,
        };
        assert_eq!(is_open(*state, None).await, installs, "{state}");
    }
    assert!(is_open(S::HardReboot, Some(S::EnvCopy)).await);
    assert!(!is_open(S::HardReboot, Some(S::NfsBootOff)).await);
    assert!(!is_open(S::Lost, Some(S::EnvCopy)).await);
}
