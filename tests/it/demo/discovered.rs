//! Boards that nobody has enrolled: they show up with their port, are enrolled, and can be deployed.

use super::program::{Demo, person};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

#[test]
fn an_unknown_board_is_found_enrolled_and_deployed() {
    let demo = Demo::start_with(3, 100, &["--undiscovered", "1"]);
    let end = Instant::now() + Duration::from_secs(60);
    let seen = loop {
        let (_, seen) = demo.api("GET", "/discovered", &Value::Null);
        if seen[0]["port"] == 3 {
            break seen;
        }
        assert!(Instant::now() < end, "{seen:#}\n{}", demo.log());
        std::thread::sleep(Duration::from_millis(50));
    };
    assert_eq!((&seen[0]["shown"], &seen[0]["board"]), (&json!("Raspberry Pi 5, 8 GB"), &json!(true)));
    assert_eq!((&seen[0]["switch"], &seen[0]["proposed_name"]), (&json!("demo-switch"), &json!("pi-03")));
    let (status, made) = demo.api("POST", "/nodes", &json!({ "mac": seen[0]["mac"] }));
    assert_eq!((status, &made["name"]), (201, &json!("pi-03")), "{made}");
    let id = demo.deploy(&["pi-03"], &person(), None);
    demo.await_state(id, "pi-03", &["deployed"]);
}
