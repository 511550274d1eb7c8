//! A board that does not come up: lost, and recovered from the page.

use crate::program::Demo;
use crate::window::{Driver, Kind};
use serde_json::json;

#[tokio::test]
async fn a_lost_node_says_why_and_comes_back_by_a_hard_reboot() {
    let (demo, driver) = (Demo::start(2, 100), Driver::start());
    let (url, link) = (demo.ready()["url"].as_str().unwrap(), demo.ready()["sign_in_link"].as_str().unwrap());
    demo.set_faults("pi-01", &json!({"hang": "always"}));
    let root = driver.open(Kind::Desk, url).await;
    root.sign_in_as_administrator(link).await;
    root.go("/reserve").await;
    root.click("input[name=nodes][value=pi-01]").await;
    root.fill("input[name=name]", "stubborn").await;
    root.click("main form button.main").await;
    root.one("input[name=environment]").await;
    root.click("form.wide button.main").await;
    root.reads("stubborn").await;
    // Live: the page is not asked for again.
    root.reads("What to do").await;
    root.one(".problem").await;
    root.keep("lost").await;
    demo.set_faults("pi-01", &json!({}));
    root.click("form[action='/nodes/pi-01/hard-reboot'] button").await;
    root.reads("ssh -p ").await;
    root.keep("recovered").await;
    root.close().await;
}
