//! The page of the switches: how they look, and who may switch which port.

use crate::browser::{Browser, between, location};
use crate::test_app::{Answer, TestApp};
use axum::http::{Method, StatusCode};
use pimaster::model::clock;
use pimaster::model::detection::DetectedPort;
use pimaster::model::power::PowerState;
use pimaster::model::rack::{Community, PETH_PSE_PORT_ADMIN_ENABLE, PortRef, PowerDriver};
use pimaster::model::user::Role;
use pimaster::power::{self, Inquiries, Power};
use pimaster::sim::switch;
use pimaster::store::{Transaction, audit, detections, inquiries, nodes, switches};
use serde_json::json;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

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

/// A simulated switch of 4 ports that listens, and the task that asks switches.
async fn asked_by_the_daemon(app: &TestApp) -> (std::net::SocketAddr, CancellationToken) {
    let (listen, community) = ("127.0.0.1:0".parse().unwrap(), "private".to_owned());
    let config = switch::Config { listen, ports: 4, community, state_file: None };
    let stop = CancellationToken::new();
    let agent = switch::Switch::bind(config).await.unwrap();
    let address = agent.local_addr().unwrap();
    tokio::spawn(agent.run(stop.clone()));
    let config = power::Config { min_off: Duration::ZERO, timeout: Duration::from_millis(200) };
    let power = Power::new(config, app.store.clone()).with_sealer(app.keys.sealer().unwrap());
    tokio::spawn(Inquiries::new(app.store.clone(), power, clock::Clock::system()).run(stop.clone()));
    (address, stop)
}

/// Waits until every question is answered.
async fn answered(app: &TestApp) {
    let mut changes = app.store.changes();
    while !app.store.read(inquiries::open).await.unwrap().is_empty() {
        changes.changed().await.unwrap();
    }
}

/// What a person types of the simulated switch.
fn typed(address: &str, community: &str, what: &str) -> Vec<(&'static str, String)> {
    let fields = [
        ("name", "poe"),
        ("ports", "4"),
        ("protected_port", "4"),
        ("address", address),
        ("community", community),
        ("do", what),
    ];
    fields.map(|(name, text)| (name, text.to_owned())).to_vec()
}

async fn save(root: &mut Browser<'_>, fields: &[(&'static str, String)]) -> Answer {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, text)| (*name, text.as_str())).collect();
    root.post("/switches/save", &fields).await
}

#[tokio::test]
async fn a_switch_is_tried_before_it_is_saved_and_asked_afterwards() {
    let app = TestApp::new(1).await;
    let (address, stop) = asked_by_the_daemon(&app).await;
    let address = address.to_string();
    let mut root = Browser::signed_in(&app, "root@lab", Role::Admin).await;
    assert!(root.get("/switches/new").await.body.contains("1.3.6.1.2.1.105.1.1.1.3.1"));

    // The wrong community: the switch is silent, and nothing is saved.
    let silent = location(&save(&mut root, &typed(&address, "wrong", "try")).await).to_owned();
    answered(&app).await;
    let page = root.get(&silent).await.body;
    assert!(page.contains("no answer for port 1") && page.contains("the community"), "{page}");
    assert!(!page.contains("value=\"wrong\""), "a community is never shown: {page}");
    let right = location(&save(&mut root, &typed(&address, "private", "try")).await).to_owned();
    answered(&app).await;
    let page = root.get(&right).await.body;
    assert!(page.contains("4 ports can be read;") && page.contains("Port 4 is off"), "{page}");
    assert!(!root.get(&format!("{right}/live")).await.body.contains("<html"));
    assert!(app.store.read(switches::list).await.unwrap().is_empty(), "tried, not saved");

    // The community that was tried is saved, sealed.
    let mut fields = typed(&address, "", "save");
    fields.push(("tried", right.rsplit('/').next().unwrap().to_owned()));
    assert_eq!(location(&save(&mut root, &fields).await), "/switches");
    let saved = app.store.read(switches::list).await.unwrap().remove(0);
    let PowerDriver::Snmp { community, .. } = &saved.driver else { panic!("{saved:?}") };
    assert!(matches!(community, Community::Sealed { .. }), "it is sealed");
    assert_eq!(app.keys.sealer().unwrap().open_community(community).as_deref(), Some("private"));
    let twice = save(&mut root, &typed(&address, "private", "save")).await;
    assert_eq!(twice.status, StatusCode::CONFLICT);
    assert!(twice.body.contains("there is a switch called poe already"), "{}", twice.body);

    // Asked about all its ports: what it says is stored, with watts.
    assert_eq!(location(&root.post(&format!("/switches/{}/read", saved.id), &[]).await), "/switches");
    answered(&app).await;
    let page = root.get("/switches").await.body;
    let cell = between(&page, "<li id=\"port-poe-2\">", "</li>").unwrap();
    assert!(cell.contains("<span>off</span>") && cell.contains("0.0 W"), "{cell}");
    assert!(cell.contains("class=\"far\""), "it says how old that is: {cell}");
    stop.cancel();
}

#[tokio::test]
async fn a_switch_keeps_the_ports_of_its_nodes_and_is_removed_without_them() {
    let app = TestApp::new(1).await;
    let mut root = Browser::signed_in(&app, "root@lab", Role::Admin).await;
    save(&mut root, &typed("127.0.0.1:9", "private", "save")).await;
    let saved = app.store.read(switches::list).await.unwrap().remove(0);
    let (id, port) = (saved.id, PortRef { switch: saved.id, port: 3 });
    let feed = app.store.write(move |tx| nodes::set_port(tx, nodes::by_name(tx, "pi-01")?.unwrap().id, port));
    feed.await.unwrap();
    let fields = |name: &str, ports: &str| {
        let fields = [("name", name), ("ports", ports), ("address", "127.0.0.1:9"), ("do", "save")];
        let mut fields = fields.map(|(name, text)| (name, text.to_owned())).to_vec();
        fields.push(("known", id.to_string()));
        fields
    };
    let refused = save(&mut root, &fields("poe", "2")).await;
    assert!(refused.body.contains("poe feeds pi-01 at port 3"), "{}", refused.body);
    assert_eq!(location(&save(&mut root, &fields("lab-poe", "3")).await), "/switches");
    let changed = app.store.read(move |conn| switches::by_id(conn, id)).await.unwrap().unwrap();
    assert_eq!((changed.name.as_str(), changed.ports, changed.protected_port), ("lab-poe", 3, None));
    assert_eq!(changed.driver, saved.driver, "without a community it keeps its own");
    assert!(root.get(&format!("/switches/{id}/edit")).await.body.contains("Switch lab-poe"));
    root.post(&format!("/switches/{id}/remove"), &[]).await;
    let page = root.get("/switches").await.body;
    assert!(page.contains("lab-poe feeds pi-01 at port 3"), "{page}");
    let retire =
        |tx: &Transaction<'_>| nodes::retire(tx, &nodes::by_name(tx, "pi-01")?.unwrap(), clock::now());
    app.store.write(retire).await.unwrap();
    assert_eq!(location(&root.post(&format!("/switches/{id}/remove"), &[]).await), "/switches");
    assert!(app.store.read(switches::list).await.unwrap().is_empty());
    let lines = app.store.read(|conn| audit::list(conn, None, 3)).await.unwrap();
    let told: Vec<&str> = lines.iter().map(|line| line.subject.as_str()).collect();
    let changed = "switch poe: name poe to lab-poe, ports 4 to 3, protected port 4 to none";
    assert_eq!(told, ["switch lab-poe: removed", changed, "switch poe: added, 4 ports"]);
}

#[tokio::test]
async fn programs_enrol_switches_and_only_those_of_administrators() {
    let app = TestApp::new(1).await;
    let (root, ada) = (app.token("root@lab", Role::Admin).await, app.token("ada@lab", Role::User).await);
    let new =
        json!({ "name": "sw1", "ports": 8, "address": "127.0.0.1:9", "community": "c", "protected_port": 8 });
    let ask = async |method, path: &str, token: &str, body| app.api(method, path, token, body).await;
    for (method, path) in [
        (Method::GET, "/switches"),
        (Method::DELETE, "/switches/sw1"),
        (Method::POST, "/switches/sw1/read"),
        (Method::GET, "/inquiries/1"),
    ] {
        assert_eq!(ask(method, path, &ada, None).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    for (method, path) in
        [(Method::POST, "/switches"), (Method::PUT, "/switches/sw1"), (Method::POST, "/inquiries")]
    {
        assert_eq!(ask(method, path, &ada, Some(new.clone())).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(ask(Method::POST, "/switches", &root, Some(new)).await.status, StatusCode::NO_CONTENT);
    let bad = json!({ "name": "sw2", "ports": 8, "address": "127.0.0.1:9" });
    let refused = ask(Method::POST, "/switches", &root, Some(bad)).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["field"]), (422, &json!("community")));
    let asked = ask(Method::POST, "/switches/sw1/read", &root, None).await;
    assert_eq!((asked.status.as_u16(), &asked.json()["answered"]), (201, &json!(false)));
    let again = ask(Method::POST, "/switches/sw1/read", &root, None).await;
    assert_eq!(again.json()["id"], asked.json()["id"], "who asks meanwhile hears the same");
    let off = json!({ "port": 8, "power": "off" });
    let refused = ask(Method::POST, "/switches/sw1/power", &root, Some(off)).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["field"]), (422, &json!("port")));
    let list = ask(Method::GET, "/switches", &root, None).await;
    assert_eq!((&list.json()[0]["name"], &list.json()[0]["protected_port"]), (&json!("sw1"), &json!(8)));
    assert!(!list.body.contains("community"), "{}", list.body);
    let changed = json!({ "name": "hands", "ports": 8 });
    assert_eq!(ask(Method::PUT, "/switches/sw1", &root, Some(changed)).await.status, StatusCode::NO_CONTENT);
    let hands = ask(Method::POST, "/switches/hands/read", &root, None).await;
    assert!(hands.body.contains("nobody switches the power of hands"), "{}", hands.body);
    assert_eq!(ask(Method::DELETE, "/switches/hands", &root, None).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn communities_that_stand_in_the_clear_are_sealed_once() {
    let app = TestApp::new(1).await;
    rack(&app).await;
    for expected in [1, 0] {
        let sealer = app.keys.sealer().unwrap();
        let seal =
            move |tx: &Transaction<'_>| switches::seal(tx, |community| sealer.seal_community(community).ok());
        assert_eq!(app.store.write(seal).await.unwrap(), expected);
    }
    let all = app.store.read(switches::list).await.unwrap();
    let driver = &all.iter().find(|switch| switch.name == "sw1").unwrap().driver;
    assert!(!serde_json::to_string(driver).unwrap().contains("\"c\""), "{driver:?}");
}
