//! A phone, and a browser without script: everything works there, too.

use crate::program::Demo;
use crate::window::{Driver, Kind};

/// Reserves one node, deploys it, and gives what the page then is called.
async fn to_deployed(kind: Kind, name: &str) {
    let (demo, driver) = (Demo::start(2, 50), Driver::start());
    let (url, link) = (demo.ready()["url"].as_str().unwrap(), demo.ready()["sign_in_link"].as_str().unwrap());
    let root = driver.open(kind, url).await;
    root.sign_in_as_administrator(link).await;
    root.go("/reserve").await;
    root.fits().await;
    root.keep(&format!("{name}-reserve")).await;
    root.fill("input[name=count]", "1").await;
    root.fill("input[name=name]", name).await;
    root.click("main form button.main").await;
    root.one("input[name=environment]").await;
    root.fits().await;
    root.keep(&format!("{name}-configure")).await;
    root.click("form.wide button.main").await;
    root.reads(name).await;
    if kind == Kind::NoScript {
        // What is shown once is not loaded away: the person goes on to the page without it.
        root.click("a[href='/manage']").await;
        root.reads_when_loaded_again("ssh -p ").await;
    }
    root.reads("ssh -p ").await;
    root.fits().await;
    root.keep(&format!("{name}-deployed")).await;
    for page in [
        "/settings",
        "/users",
        "/switches",
        "/switches/new",
        "/nodes",
        "/network",
        "/audit",
        "/rules",
        "/mail",
        "/environments",
        "/groups",
        "/blocks",
        "/queue",
        "/history",
        "/reservations",
    ] {
        root.go(page).await;
        root.one("main").await;
        root.fits().await;
    }
    root.close().await;
}

#[tokio::test]
async fn a_pi_is_deployed_from_a_phone() {
    to_deployed(Kind::Phone, "phone").await;
}

#[tokio::test]
async fn a_pi_is_deployed_without_script() {
    to_deployed(Kind::NoScript, "no-script").await;
}
