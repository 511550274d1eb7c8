//! `kill -9` of the demonstration at several states, and a start on the same folder: everything goes on.

use super::program::{Demo, person};

fn survives_a_kill_in(states: &[&str]) {
    let mut demo = Demo::start(2, 60);
    let key = person();
    let id = demo.deploy(&["pi-01", "pi-02"], &key, Some("#!/bin/sh\nsleep 60\necho done\n"));
    demo.await_state(id, "pi-01", states);
    demo.kill();
    demo.launch();
    for board in ["pi-01", "pi-02"] {
        let node = demo.await_state(id, board, &["deployed"]);
        demo.await_board(board, |view| view["stage"] == "card");
        assert!(demo.ssh(&node, &key, "true").status.success(), "{}", demo.log());
    }
}

#[test]
fn killed_while_the_boards_boot() {
    survives_a_kill_in(&["nfs_boot_off", "nfs_boot_on"]);
}

#[test]
fn killed_while_the_image_is_written() {
    survives_a_kill_in(&["env_copy", "env_check"]);
}

/// The ROM of the 3B+ looks at the card first: one that is written but not customised must not keep it.
#[test]
fn killed_while_the_card_of_a_3b_plus_is_prepared() {
    let mut demo = Demo::start(2, 60);
    let key = person();
    let id = demo.deploy(&["pi-02"], &key, None);
    let preparing =
        ["create_partition", "mount_partition", "resize_partition", "wait_resizing", "system_conf"];
    demo.await_state(id, "pi-02", &preparing);
    demo.kill();
    demo.launch();
    let node = demo.await_state(id, "pi-02", &["deployed"]);
    assert!(demo.ssh(&node, &key, "true").status.success(), "{}", demo.log());
}

#[test]
fn killed_while_the_system_boots() {
    survives_a_kill_in(&["env_boot"]);
}

#[test]
fn killed_while_the_user_script_runs() {
    survives_a_kill_in(&["user_script"]);
}

#[test]
fn killed_when_deployed_the_boards_come_back() {
    survives_a_kill_in(&["deployed"]);
}
