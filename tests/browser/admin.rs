//! What administrators do: a board that shows up becomes a node.

use crate::program::Demo;
use crate::window::{Driver, Kind};

#[tokio::test]
async fn a_board_that_shows_up_is_enrolled_with_one_click() {
    let (demo, driver) = (Demo::start_with(3, 50, &["--undiscovered", "1"]), Driver::start());
    let (url, link) = (demo.ready()["url"].as_str().unwrap(), demo.ready()["sign_in_link"].as_str().unwrap());
    let root = driver.open(Kind::Desk, url).await;
    root.sign_in_as_administrator(link).await;
    root.go("/discovered").await;
    root.one("form[action$='/enrol']").await;
    root.keep("discovered").await;
    root.click("form[action$='/enrol'] button").await;
    root.one("nav").await;
    root.go("/nodes").await;
    root.reads("pi-03").await;
    root.keep("nodes").await;
    root.go("/switches").await;
    root.reads("pi-01").await;
    root.keep("switches").await;
    root.close().await;
}
