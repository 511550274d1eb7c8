//! The rack in the hands of administrators: nodes in quarantine.

use crate::browser::Browser;
use crate::test_app::TestApp;
use axum::http::{Method, StatusCode};
use pimaster::agent::{Agent, Error, Kind, Rack};
use pimaster::model::agent::{Caller, Choice, ReserveWish};
use pimaster::model::audit::{Action, Actor};
use pimaster::model::node::NodeName;
use pimaster::model::user::Role;
use pimaster::store::audit;
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
