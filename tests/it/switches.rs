//! The page of the switches: how they look, and who may switch which port.

use crate::browser::{Browser, between, location};
use crate::test_app::TestApp;
use axum::http::StatusCode;
use pimaster::model::clock;
use pimaster::model::detection::DetectedPort;
use pimaster::model::power::PowerState;
use pimaster::model::rack::{PETH_PSE_PORT_ADMIN_ENABLE, PortRef, PowerDriver};
use pimaster::model::user::Role;
use pimaster::store::{audit, detections, nodes, switches};

/// The switch `sw1` with pi-01 at port 1; port 4 feeds pimaster. And `hands`, without SNMP.
async fn rack(app: &TestApp) -> PortRef {
    app.store
        .write(|tx| {
            let driver = PowerDriver::Snmp {
                address: "127.0.0.1:9".parse().unwrap(),
                community: "c".into(),
                base_oid: PETH_PSE_PORT_ADMIN_ENABLE.into(),
                index_offset: 0,
            };
            let switch = switches::upsert(tx, "sw1", &driver, 4, Some(4))?;
            switches::upsert(tx, "hands", &PowerDriver::None, 2, None)?;
            let port = PortRef { switch, port: 1 };
            nodes::set_port(tx, nodes::by_name(tx, "pi-01")?.unwrap().id, port)?;
            switches::confirm(tx, port, PowerState::On, clock::now(), clock::now())?;
            switches::set_seen(tx, PortRef { switch, port: 2 }, PowerState::Off, clock::now())?;
            switches::set_wanted(tx, PortRef { switch, port: 3 }, PowerState::On, clock::now())?;
            Ok(port)
        })
        .await
        .unwrap()
}

/// What is asked of ports and not done yet.
async fn asked(app: &TestApp) -> Vec<(u16, PowerState)> {
    let found = app.store.read(switches::asked).await.unwrap();
    found.into_iter().map(|(port, wanted)| (port.port, wanted)).collect()
}

fn power<'a>(switch: &'a str, port: &'a str, power: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![("switch", switch), ("port", port), ("power", power)]
}

#[tokio::test]
async fn a_switch_is_shown_as_it_looks() {
    let app = TestApp::new(1).await;
    rack(&app).await;
    let mut root = Browser::signed_in(&app, "root@lab", Role::Admin).await;
    let page = root.get("/switches").await.body;
    let cell = |port: &str| between(&page, &format!("<li id=\"port-{port}\">"), "</li>").unwrap();
    assert!(cell("sw1-1").contains(">pi-01</a>") && cell("sw1-1").contains("<span>on</span>"), "{page}");
    assert!(cell("sw1-2").contains("no node") && cell("sw1-2").contains("<span>off</span>"), "{page}");
    assert!(cell("sw1-3").contains("not seen yet") && cell("sw1-3").contains("wanted: on"), "{page}");
    assert!(cell("sw1-4").contains("feeds pimaster") && !cell("sw1-4").contains("<button"), "{page}");
    assert!(!cell("hands-1").contains("<button") && page.contains("people pull plugs"), "{page}");
    assert!(!root.get("/switches/live").await.body.contains("<html"));
    assert_eq!(root.post("/language", &[("language", "fr")]).await.status, StatusCode::SEE_OTHER);
    assert!(root.get("/switches").await.body.contains("alimente pimaster"));
}

#[tokio::test]
async fn a_port_is_switched_by_a_row_and_what_must_not_be_is_refused() {
    let app = TestApp::new(1).await;
    let port = rack(&app).await;
    let mut root = Browser::signed_in(&app, "root@lab", Role::Admin).await;
    assert_eq!(location(&root.post("/switches/power", &power("sw1", "2", "on")).await), "/switches");
    assert_eq!(asked(&app).await, [(2, PowerState::On)]);
    let page = root.get("/switches").await.body;
    assert!(page.contains("Port sw1 2 is switched on.") && page.contains("asked: on"), "{page}");
    let looked_at = [DetectedPort { port: 3, was: None, given_back: false, outcome: None }];
    let detect = app.store.write(move |tx| detections::insert(tx, port.switch, &looked_at, clock::now()));
    detect.await.unwrap();
    let mut check = async |fields: Vec<(&str, &str)>, part: &str| {
        assert_eq!(location(&root.post("/switches/power", &fields).await), "/switches");
        let page = root.get("/switches").await.body;
        assert!(page.contains(part), "{part}: {page}");
    };
    check(power("sw1", "4", "off"), "port 4 of sw1 feeds pimaster itself").await;
    check(power("sw1", "5", "off"), "expected 1 to 4").await;
    check(power("sw2", "1", "off"), "no switch is called `sw2`").await;
    check(power("hands", "1", "off"), "nobody switches the power of hands").await;
    check(power("sw1", "3", "off"), "runs on sw1").await;
    assert_eq!(asked(&app).await, [(2, PowerState::On)]);
    assert_eq!(root.post("/switches/power", &power("sw1", "2", "?")).await.status, StatusCode::NOT_FOUND);
    let mut ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    for path in ["/switches", "/switches/live"] {
        assert_eq!(ada.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    let refused = ada.post("/switches/power", &power("sw1", "2", "off")).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(
        root.post_raw("/switches/power", &power("sw1", "2", "off")).await.status,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn the_port_of_somebodys_node_needs_a_confirmation_that_names_them() {
    let app = TestApp::new(1).await;
    rack(&app).await;
    let mut ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    let booked = [("nodes", "pi-01"), ("hours", "1"), ("name", "mine")];
    assert!(location(&ada.post("/reserve", &booked).await).ends_with("/configure"));
    let mut root = Browser::signed_in(&app, "root@lab", Role::Admin).await;
    assert_eq!(location(&root.post("/switches/power", &power("sw1", "1", "off")).await), "/switches");
    let page = root.get("/switches").await.body;
    assert!(page.contains("pi-01 is taken by ada@lab") && asked(&app).await.is_empty(), "{page}");
    assert!(page.contains("ada@lab has pi-01 now."), "{page}");
    let reservation = between(&page, "name=\"despite\" value=\"", "\"").unwrap();
    let mut other = power("sw1", "1", "off");
    other.push(("despite", "99"));
    root.post("/switches/power", &other).await;
    assert!(asked(&app).await.is_empty(), "another reservation was confirmed");
    let mut confirmed = power("sw1", "1", "off");
    confirmed.push(("despite", reservation));
    assert_eq!(location(&root.post("/switches/power", &confirmed).await), "/switches");
    assert_eq!(asked(&app).await, [(1, PowerState::Off)]);
    let line = app.store.read(|conn| audit::list(conn, None, 1)).await.unwrap().remove(0);
    assert_eq!(line.subject, "port sw1 1 (pi-01 of ada@lab): power off");
}
