//! Whole reservations: from a free board to one that its user signs in to, and back.

use super::program::{Demo, is_empty, person};
use pimaster::keys::KeyPair;
use serde_json::{Value, json};

#[test]
fn four_boards_are_deployed_handed_over_and_taken_down() {
    let demo = Demo::start(4, 100);
    let boards = ["pi-01", "pi-02", "pi-03", "pi-04"];
    assert_eq!(demo.ready()["boards"], json!(boards));
    let key = person();
    let id = demo.deploy(&boards, &key, Some("#!/bin/sh\necho hello from the script\nexit 0\n"));
    for board in boards {
        let node = demo.await_state(id, board, &["deployed"]);
        let said = demo.ssh(&node, &key, "hostname");
        assert_eq!(String::from_utf8_lossy(&said.stdout).trim(), board, "{said:?}");
        let stranger = demo.ssh(&node, &KeyPair::generate("stranger").unwrap(), "true");
        assert_eq!(stranger.status.code(), Some(255), "{stranger:?}");
        assert!(String::from_utf8_lossy(&stranger.stderr).contains("Permission denied"), "{stranger:?}");
    }
    assert!(demo.history(id).contains("hello from the script"), "{}", demo.history(id));

    // A hard reboot of one comes back to what was installed; the others do not notice.
    let boots = demo.await_board("pi-01", |_| true)["busy"]["boots"].as_u64().unwrap();
    assert_eq!(demo.api("POST", "/nodes/pi-01/hard-reboot", &Value::Null).0, 202);
    demo.await_board("pi-01", |view| view["busy"]["boots"].as_u64() > Some(boots));
    let node = demo.await_state(id, "pi-01", &["deployed"]);
    assert!(demo.ssh(&node, &key, "true").status.success());

    // The end: no power, nothing on the card, the boards are free.
    assert!(demo.api("DELETE", &format!("/reservations/{id}"), &Value::Null).0 < 300);
    for board in boards {
        demo.await_state(id, board, &["destroyed"]);
        demo.await_board(board, |view| view["power"] == "off");
        assert!(is_empty(&demo.card(board)), "{board}");
    }
    let again = demo.api("POST", "/reservations", &json!({"nodes": boards, "hours": 1, "name": "next"}));
    assert_eq!(again.0, 201, "{}", again.1);
}

#[test]
fn a_user_script_that_fails_is_told_with_its_output() {
    let mut demo = Demo::start(1, 100);
    let id = demo.deploy(&["pi-01"], &person(), Some("#!/bin/sh\necho no disk left\nexit 3\n"));
    let node = demo.await_state(id, "pi-01", &["failed"]);
    let seen = node["problem"]["seen"].as_str().unwrap();
    assert!(seen.contains("no disk left") && seen.contains('3'), "{seen}");
    assert_eq!(demo.stop(), Some(0), "{}", demo.log());
}
