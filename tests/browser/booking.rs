//! Two people who want the same node, and one who wants it for longer.

use crate::program::Demo;
use crate::signing_up::newcomer;
use crate::window::{Driver, Kind, Window};

/// Fills in the page Reserve for one node by its name, but does not send it.
async fn want(window: &Window, node: &str, name: &str) {
    window.go("/reserve").await;
    window.click(&format!("input[name=nodes][value={node}]")).await;
    window.fill("input[name=name]", name).await;
    window.fill("input[name=hours]", "2").await;
}

#[tokio::test]
async fn of_two_who_want_one_node_one_gets_it_and_the_other_is_told_who() {
    let (demo, driver) = (Demo::start(2, 50), Driver::start());
    let (url, link) = (demo.ready()["url"].as_str().unwrap(), demo.ready()["sign_in_link"].as_str().unwrap());
    let root = driver.open(Kind::Desk, url).await;
    root.sign_in_as_administrator(link).await;
    let bob = newcomer(&driver, &demo, &root, Kind::Desk, "bob@lab.example").await;
    want(&root, "pi-01", "first").await;
    want(&bob, "pi-01", "second").await;
    root.click("main form button.main").await;
    root.one("input[name=environment]").await;
    bob.click("main form button.main").await;
    bob.reads("pi-01 is taken by admin@demo.example").await;
    bob.keep("taken").await;
    assert_eq!(bob.path().await, "/reserve");
    let kept = bob.run("return document.querySelector('input[name=name]').value").await;
    assert_eq!(kept, "second", "what was typed is kept");
    // The other node is free.
    want(&bob, "pi-02", "second").await;
    bob.click("main form button.main").await;
    bob.one("input[name=environment]").await;
    bob.close().await;
    root.close().await;
}

#[tokio::test]
async fn a_reservation_is_extended_from_its_bin() {
    let (demo, driver) = (Demo::start(1, 50), Driver::start());
    let (url, link) = (demo.ready()["url"].as_str().unwrap(), demo.ready()["sign_in_link"].as_str().unwrap());
    let root = driver.open(Kind::Desk, url).await;
    root.sign_in_as_administrator(link).await;
    want(&root, "pi-01", "longer").await;
    root.click("main form button.main").await;
    root.one("input[name=environment]").await;
    let end =
        |at: i64| demo.api("GET", &format!("/reservations/{at}"), &serde_json::Value::Null).1["end"].clone();
    let id = crate::signing_up::reservation(&demo);
    let before = end(id);
    root.go("/manage").await;
    root.click(&format!("#extend-{id} summary")).await;
    root.fill(&format!("#extend-{id} input[name=hours]"), "3").await;
    root.click(&format!("#extend-{id} button")).await;
    root.one("nav").await;
    root.reads("longer").await;
    let hours = |text: &serde_json::Value| {
        text.as_str().unwrap().parse::<pimaster::model::clock::Timestamp>().unwrap()
    };
    assert_eq!(hours(&end(id)).duration_since(hours(&before)).as_hours(), 3);
    root.close().await;
}
