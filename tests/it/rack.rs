//! The rack in the hands of administrators: nodes in quarantine, changed, retired.

use crate::browser::{Browser, location};
use crate::test_app::TestApp;
use axum::http::{Method, StatusCode};
use pimaster::agent::{Agent, Discovery, Error, Kind, Rack};
use pimaster::model::agent::{Caller, Choice, ReserveWish};
use pimaster::model::audit::{Action, Actor};
use pimaster::model::clock::{self, SignedDuration};
use pimaster::model::discovery::{EnrolWish, PortWish};
use pimaster::model::node::NodeName;
use pimaster::model::rack::PowerDriver;
use pimaster::model::reservation::ReservationState;
use pimaster::model::user::Role;
use pimaster::store::{audit, nodes, reservations, switches};
use pimaster::web;
use serde_json::json;

fn name(text: &str) -> NodeName {
    text.parse().unwrap()
}

fn wish(nodes: Choice) -> ReserveWish {
    ReserveWish { nodes, as_many_as_possible: false, start: None, hours: 2, name: "bin".into() }
}

fn named(names: &[&str]) -> ReserveWish {
    wish(Choice::Named(names.iter().map(|it| name(it)).collect()))
}

fn any(count: u32) -> ReserveWish {
    wish(Choice::Any { count, model: None })
}

async fn caller(app: &TestApp, email: &str, role: Role) -> Caller {
    let user = web::add_user(&app.store, email, role).await.unwrap();
    let actor = Actor { email: Some(email.into()), from: None };
    Caller { user, is_admin: role == Role::Admin, actor }
}

/// What the audit log says of the rack, the oldest first.
async fn changes(app: &TestApp) -> Vec<String> {
    let lines = app.store.read(|conn| audit::list(conn, None, 100)).await.unwrap();
    let ours = lines.into_iter().rev().filter(|line| line.action == Action::RackChanged);
    ours.map(|line| format!("{}: {}", line.who, line.subject)).collect()
}

#[tokio::test]
async fn a_node_in_quarantine_is_refused_by_name_and_skipped_among_any() {
    let app = TestApp::new(3).await;
    let ada = caller(&app, "ada@lab", Role::User).await;
    let root = caller(&app, "root@lab", Role::Admin).await;
    let before = app.agent.reserve(&ada, named(&["pi-02"])).await.unwrap();
    app.agent.quarantine(&root, &name("pi-02"), " the fan is broken ").await.unwrap();

    let error = app.agent.reserve(&ada, named(&["pi-01", "pi-02"])).await.unwrap_err();
    assert_eq!((error.kind(), error.field()), (Kind::Conflict, Some("nodes")));
    assert_eq!(error.to_string(), "pi-02 is in quarantine: the fan is broken");
    assert_eq!(app.agent.reservation(&ada, before).await.unwrap().nodes.len(), 1, "it goes on");
    app.agent.release(&ada, before).await.unwrap();
    let error = app.agent.reserve(&ada, any(3)).await.unwrap_err();
    assert_eq!(error.to_string(), "2 nodes are free then; expected 3");
    let most = ReserveWish { as_many_as_possible: true, ..any(3) };
    let id = app.agent.reserve(&ada, most).await.unwrap();
    let nodes = app.agent.reservation(&ada, id).await.unwrap().nodes;
    assert_eq!(nodes.iter().map(|node| node.node.as_str()).collect::<Vec<_>>(), ["pi-01", "pi-03"]);
    app.agent.release(&ada, id).await.unwrap();
    let alone = ReserveWish { as_many_as_possible: true, ..named(&["pi-02"]) };
    assert!(matches!(app.agent.reserve(&root, alone).await, Err(Error::Quarantined { .. })));

    app.agent.end_quarantine(&root, &name("pi-02")).await.unwrap();
    app.agent.end_quarantine(&root, &name("pi-02")).await.unwrap();
    app.agent.reserve(&ada, any(3)).await.unwrap();
    assert_eq!(
        changes(&app).await,
        ["root@lab: pi-02: in quarantine: the fan is broken", "root@lab: pi-02: out of quarantine"]
    );
}

#[tokio::test]
async fn only_administrators_put_nodes_in_quarantine_and_they_say_why() {
    let app = TestApp::new(1).await;
    let ada = caller(&app, "ada@lab", Role::User).await;
    let root = caller(&app, "root@lab", Role::Admin).await;
    let error = app.agent.quarantine(&ada, &name("pi-01"), "mine").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Forbidden);
    assert_eq!(app.agent.end_quarantine(&ada, &name("pi-01")).await.unwrap_err().kind(), Kind::Forbidden);
    let error = app.agent.quarantine(&root, &name("pi-01"), " ").await.unwrap_err();
    assert_eq!((error.kind(), error.field()), (Kind::Invalid, Some("reason")));
    let error = app.agent.quarantine(&root, &name("pi-09"), "gone").await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
    assert!(changes(&app).await.is_empty());
}

#[tokio::test]
async fn the_calendar_and_the_api_say_why_a_node_is_kept_back() {
    let app = TestApp::new(2).await;
    let (root, ada) = (app.token("root@lab", Role::Admin).await, app.token("ada@lab", Role::User).await);
    let path = "/nodes/pi-01/quarantine";
    let body = || Some(json!({ "reason": "it <hums>" }));
    assert_eq!(app.api(Method::PUT, path, &ada, body()).await.status, StatusCode::FORBIDDEN);
    assert_eq!(app.api(Method::PUT, path, &root, body()).await.status, StatusCode::NO_CONTENT);
    let nodes = app.api(Method::GET, "/nodes", &ada, None).await.json();
    assert_eq!(nodes[0]["quarantine"]["reason"], "it <hums>");
    assert_eq!((&nodes[0]["free"], &nodes[1]["free"]), (&json!(false), &json!(true)));

    let mut bob = Browser::signed_in(&app, "bob@lab", Role::User).await;
    let page = bob.get("/reserve").await.body;
    assert!(page.contains("1 of 2 free now") && page.contains("id=\"node-pi-01\" disabled"), "{page}");
    assert!(page.contains("in quarantine") && page.contains("it &lt;hums&gt;"), "{page}");
    let fields = [("nodes", "pi-01"), ("hours", "1"), ("name", "x"), ("start", "")];
    let refused = bob.post("/reserve", &fields).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.body.contains("pi-01 is in quarantine: it &lt;hums&gt;"), "{}", refused.body);

    assert_eq!(app.api(Method::DELETE, path, &root, None).await.status, StatusCode::NO_CONTENT);
    let nodes = app.api(Method::GET, "/nodes", &ada, None).await.json();
    assert_eq!((&nodes[0]["free"], &nodes[0]["quarantine"]), (&json!(true), &json!(null)));
}

/// A switch with two ports, the second of which feeds pimaster.
async fn switch(app: &TestApp) {
    app.store.write(|tx| switches::upsert(tx, "sw1", &PowerDriver::None, 2, Some(2))).await.unwrap();
}

#[tokio::test]
async fn the_page_of_nodes_changes_them_by_the_rules_of_enrolling() {
    let app = TestApp::new(2).await;
    switch(&app).await;
    let mut root = Browser::signed_in(&app, "root@lab", Role::Admin).await;
    let page = root.get("/nodes").await.body;
    for part in ["dc:a6:32:00:00:01", "10.20.0.2", "Raspberry Pi 5", "/nodes/pi-01/edit"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let mut check = async |fields: &[(&str, &str)], status: u16, part: &str| {
        let answer = root.post("/nodes/pi-01/edit", fields).await;
        assert_eq!(answer.status.as_u16(), status, "{}", answer.body);
        assert!(answer.body.contains(part), "{part}: {}", answer.body);
    };
    check(&[("name", "pi-02")], 409, "pi-02 has the name pi-02 already").await;
    check(&[("address", "10.20.0.2")], 409, "pi-02 has the address 10.20.0.2 already").await;
    check(&[("address", "10.30.0.2")], 422, "expected a host address in 10.20.0.0/24").await;
    check(&[("address", "ten")], 422, "`ten` is no IPv4 address").await;
    check(&[("switch", "sw1"), ("port", "2")], 422, "feeds pimaster itself").await;
    let fields =
        [("name", "left"), ("address", "10.20.0.9"), ("model", "pi4b"), ("switch", "sw1"), ("port", "1")];
    assert_eq!(location(&root.post("/nodes/pi-01/edit", &fields).await), "/nodes");
    let page = root.get("/nodes").await.body;
    assert!(page.contains("left is saved.") && page.contains("sw1 1"), "{page}");
    assert_eq!(location(&root.post("/nodes/left/edit", &fields).await), "/nodes");
    assert_eq!(
        changes(&app).await,
        ["root@lab: pi-01: name pi-01 to left, address 10.20.0.1 to 10.20.0.9, port none to sw1 1"],
        "what is saved again unchanged is no change"
    );
    let fields = [("switch", "sw1"), ("port", "1")];
    let refused = root.post("/nodes/pi-02/edit", &fields).await;
    assert!(refused.body.contains("left has that switch port already"), "{}", refused.body);
}

#[tokio::test]
async fn name_and_address_stay_while_somebody_uses_a_node() {
    let app = TestApp::new(1).await;
    let ada = caller(&app, "ada@lab", Role::User).await;
    let id = app.agent.reserve(&ada, named(&["pi-01"])).await.unwrap();
    let now = clock::now();
    app.store.write(move |tx| reservations::set_state(tx, id, ReservationState::Active, now)).await.unwrap();
    let mut root = Browser::signed_in(&app, "root@lab", Role::Admin).await;
    for field in [("name", "left"), ("address", "10.20.0.9")] {
        let refused = root.post("/nodes/pi-01/edit", &[field]).await;
        assert_eq!(refused.status, StatusCode::CONFLICT);
        assert!(refused.body.contains("names, addresses and boards stay until"), "{}", refused.body);
    }
    assert_eq!(location(&root.post("/nodes/pi-01/edit", &[("model", "pi5")]).await), "/nodes");
}

#[tokio::test]
async fn a_node_retires_when_nobody_has_it_and_the_history_keeps_it() {
    let app = TestApp::new(2).await;
    let ada = caller(&app, "ada@lab", Role::User).await;
    let later =
        ReserveWish { start: Some(clock::now() + SignedDuration::from_hours(5)), ..named(&["pi-02"]) };
    let id = app.agent.reserve(&ada, later).await.unwrap();
    let mut root = Browser::signed_in(&app, "root@lab", Role::Admin).await;
    assert_eq!(location(&root.post("/nodes/pi-02/retire", &[]).await), "/nodes");
    let page = root.get("/nodes").await.body;
    assert!(page.contains(&format!("pi-02 is in reservation {id}, which is not over")), "{page}");
    app.agent.release(&ada, id).await.unwrap();
    let before = app.store.read(|conn| nodes::by_name(conn, "pi-02")).await.unwrap().unwrap();
    assert_eq!(location(&root.post("/nodes/pi-02/retire", &[]).await), "/nodes");
    let page = root.get("/nodes").await.body;
    assert!(page.contains("pi-02 has left the rack.") && !page.contains("/nodes/pi-02/edit"), "{page}");
    assert_eq!(root.post("/nodes/pi-02/retire", &[]).await.status, StatusCode::SEE_OTHER);
    assert!(root.get("/nodes").await.body.contains("no node is called pi-02"));

    let kept = app.agent.reservation(&ada, id).await.unwrap().nodes.remove(0);
    assert_eq!(kept.node.as_str(), format!("pi-02-retired-{}", before.id));
    let (mac, address) = (before.mac, before.address);
    let found = app
        .store
        .read(move |conn| Ok((nodes::by_mac(conn, mac)?, nodes::by_address(conn, address)?)))
        .await
        .unwrap();
    assert_eq!(found, (None, None), "nobody answers its board");
    let wish = EnrolWish {
        mac,
        name: Some(name("pi-02")),
        address: Some(address),
        model: None,
        serial: None,
        port: PortWish::Nowhere,
    };
    let admin = caller(&app, "admin@lab", Role::Admin).await;
    app.agent.enrol(&admin, wish).await.unwrap();
}

#[tokio::test]
async fn the_page_keeps_nodes_back_and_only_administrators_use_it() {
    let app = TestApp::new(1).await;
    let mut root = Browser::signed_in(&app, "root@lab", Role::Admin).await;
    let quarantine = "/nodes/pi-01/quarantine";
    assert_eq!(location(&root.post(quarantine, &[("reason", "worn card")]).await), "/nodes");
    let page = root.get("/nodes").await.body;
    assert!(page.contains("pi-01 is in quarantine.") && page.contains("worn card"), "{page}");
    assert_eq!(location(&root.post("/nodes/pi-01/quarantine/end", &[]).await), "/nodes");
    assert_eq!(location(&root.post(quarantine, &[("reason", " ")]).await), "/nodes");
    assert!(root.get("/nodes").await.body.contains("the reason has 0 characters"));
    assert_eq!(root.post_raw(quarantine, &[("reason", "x")]).await.status, StatusCode::FORBIDDEN);
    assert_eq!(root.get("/nodes/pi-09/edit").await.status, StatusCode::NOT_FOUND);

    let mut ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    assert!(!ada.get("/reserve").await.body.contains("href=\"/nodes\""));
    for path in ["/nodes", "/nodes/pi-01/edit"] {
        assert_eq!(ada.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    for path in ["edit", "quarantine", "quarantine/end", "retire"] {
        let answer = ada.post(&format!("/nodes/pi-01/{path}"), &[("reason", "x")]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
    }
}
