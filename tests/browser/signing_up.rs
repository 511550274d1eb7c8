//! From an account to a Raspberry Pi of one's own.

use crate::program::{Demo, person};
use crate::window::{Driver, Kind, Window};

const PASSWORD: &str = "four words and more";

/// Makes an account; it waits for an administrator.
pub(crate) async fn sign_up(window: &Window, email: &str) {
    window.go("/sign-up").await;
    window.fill("input[name=email]", email).await;
    window.fill("input[name=new_password]", PASSWORD).await;
    window.fill("input[name=again]", PASSWORD).await;
    window.click("main form button.main").await;
}

/// Signs in with the password of `sign_up`.
pub(crate) async fn sign_in(window: &Window, email: &str) {
    window.go("/sign-in").await;
    window.fill("input[name=email]", email).await;
    window.fill("input[name=password]", PASSWORD).await;
    window.click("main form button.main").await;
    window.one("nav").await;
}

/// An administrator accepts whoever waits.
pub(crate) async fn accept(window: &Window) {
    window.go("/users").await;
    window.click("button[name=role][value=user]").await;
    window.one("table").await;
}

/// A person with an account that was accepted, in a window of their own.
pub(crate) async fn newcomer(driver: &Driver, demo: &Demo, root: &Window, kind: Kind, email: &str) -> Window {
    let window = driver.open(kind, demo.ready()["url"].as_str().unwrap()).await;
    sign_up(&window, email).await;
    accept(root).await;
    sign_in(&window, email).await;
    window
}

#[tokio::test]
async fn a_student_signs_up_is_accepted_and_gets_a_pi_with_their_key() {
    let (demo, driver) = (Demo::start(6, 20), Driver::start());
    let ready = demo.ready();
    let url = ready["url"].as_str().unwrap();
    let ada = driver.open(Kind::Desk, url).await;
    ada.go("/").await;
    assert_eq!(ada.path().await, "/sign-in");
    ada.keep("sign-in").await;
    sign_up(&ada, "ada@lab.example").await;
    let root = driver.open(Kind::Desk, url).await;
    root.sign_in_as_administrator(ready["sign_in_link"].as_str().unwrap()).await;
    root.go("/users").await;
    root.reads("ada@lab.example").await;
    root.keep("users").await;
    accept(&root).await;
    sign_in(&ada, "ada@lab.example").await;

    let key = person();
    ada.go("/settings").await;
    ada.fill("textarea[name=ssh_keys]", &key.public.to_string()).await;
    ada.click("form[action='/settings/keys'] button").await;
    ada.reads("SHA256:").await;
    ada.keep("settings").await;

    ada.go("/reserve").await;
    ada.keep("reserve").await;
    ada.fill("input[name=count]", "1").await;
    ada.fill("input[name=name]", "lab course").await;
    ada.click("main form button.main").await;
    ada.one("input[name=environment]").await;
    ada.keep("configure").await;
    ada.click("form.wide button.main").await;
    ada.reads("lab course").await;
    ada.reads("ssh -p ").await;
    ada.keep("deployed").await;

    let reservation = reservation(&demo);
    let node = demo.await_state(reservation, &first_node(&demo, reservation), &["deployed"]);
    let told = demo.ssh(&node, &key, "hostname");
    assert_eq!(String::from_utf8_lossy(&told.stdout).trim(), node["name"].as_str().unwrap(), "{told:?}");
    ada.close().await;
    root.close().await;
}

/// The one reservation there is, as the API tells the administrator.
pub(crate) fn reservation(demo: &Demo) -> i64 {
    let (status, all) = demo.api("GET", "/reservations?all=true", &serde_json::Value::Null);
    assert_eq!(status, 200, "{all}");
    let list = all.as_array().or_else(|| all["items"].as_array()).unwrap();
    list[0]["id"].as_i64().unwrap()
}

fn first_node(demo: &Demo, reservation: i64) -> String {
    let (_, one) = demo.api("GET", &format!("/reservations/{reservation}"), &serde_json::Value::Null);
    one["nodes"][0]["name"].as_str().unwrap().to_owned()
}
