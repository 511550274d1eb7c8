//! Every fault that a board can be told to have leads to the state that is promised for it.

use super::program::{Demo, person};
use serde_json::{Value, json};

#[test]
fn a_board_that_hangs_is_lost_after_one_power_cycle_and_holds_up_nobody() {
    let demo = Demo::start(2, 100);
    demo.set_faults("pi-01", &json!({"hang": "always"}));
    let id = demo.deploy(&["pi-01", "pi-02"], &person(), None);
    demo.await_state(id, "pi-02", &["deployed"]);
    let lost = demo.await_state(id, "pi-01", &["lost"]);
    assert!(lost["problem"]["advice"].is_string(), "{lost}");
    let history = demo.history(id);
    assert!(history.contains("hard_reboot"), "{history}");
    // Mended, it goes on when a person asks.
    demo.set_faults("pi-01", &json!({}));
    assert_eq!(demo.api("POST", "/nodes/pi-01/hard-reboot", &Value::Null).0, 202);
    demo.await_gone_state(id, "pi-01", "lost");
    demo.await_state(id, "pi-01", &["deployed"]);
}

#[test]
fn a_board_that_hangs_once_is_power_cycled_and_deployed() {
    let demo = Demo::start(1, 100);
    demo.set_faults("pi-01", &json!({"hang": "once"}));
    let id = demo.deploy(&["pi-01"], &person(), None);
    demo.await_state(id, "pi-01", &["deployed"]);
}

#[test]
fn a_connection_that_breaks_costs_a_retry() {
    let demo = Demo::start(1, 100);
    demo.set_faults("pi-01", &json!({"drop_ssh": "once"}));
    let id = demo.deploy(&["pi-01"], &person(), None);
    demo.await_state(id, "pi-01", &["deployed"]);
    let view = demo.await_board("pi-01", |_| true);
    assert_eq!(view["faults"]["drop_ssh"], "never", "the connection was never dropped: {view}");
}

#[test]
fn a_bad_sector_fails_the_deployment_and_says_where() {
    let demo = Demo::start(1, 100);
    demo.set_faults("pi-01", &json!({"bad_sector": true}));
    let id = demo.deploy(&["pi-01"], &person(), None);
    let node = demo.await_state(id, "pi-01", &["failed", "lost"]);
    assert!(node["problem"]["seen"].as_str().unwrap().contains("card"), "{node:#}");
}

#[test]
fn a_download_with_a_wrong_byte_is_never_taken_for_the_image() {
    let demo = Demo::start(1, 100);
    demo.set_faults("pi-01", &json!({"wrong_digest": true}));
    let id = demo.deploy(&["pi-01"], &person(), None);
    let node = demo.await_state(id, "pi-01", &["failed", "lost"]);
    assert!(node["problem"]["seen"].is_string(), "{node:#}");
    demo.set_faults("pi-01", &json!({}));
    assert_eq!(demo.api("POST", "/nodes/pi-01/deploy-again", &Value::Null).0, 202);
    demo.await_gone_state(id, "pi-01", node["state"].as_str().unwrap());
    demo.await_state(id, "pi-01", &["deployed"]);
}

#[test]
fn a_switch_that_answers_nobody_is_named() {
    let demo = Demo::start(1, 100);
    assert_eq!(demo.simulator("PUT", "/api/switch", &json!({"unreachable": true})).0, 204);
    let id = demo.deploy(&["pi-01"], &person(), None);
    let node = demo.await_state(id, "pi-01", &["failed", "lost"]);
    assert!(node["problem"]["seen"].as_str().unwrap().contains("switch"), "{node:#}");
}
