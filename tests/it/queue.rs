//! Waiting for nodes: turns, who may not overtake, and what the pages and the API say.

use crate::browser::{Browser, location};
use crate::test_app::TestApp;
use axum::http::{Method, StatusCode};
use pimaster::agent::{Agent, Error, Queue, QueueKeeper};
use pimaster::model::agent::{Caller, Choice, QueueWish, ReserveWish};
use pimaster::model::audit::Actor;
use pimaster::model::booking::BookingRules;
use pimaster::model::clock::{self, Clock, SignedDuration, TimeZone};
use pimaster::model::ids::{QueueId, ReservationId};
use pimaster::model::notification::NoticeKind;
use pimaster::model::queue::QueueState;
use pimaster::model::user::Role;
use pimaster::store::{notices, site};
use pimaster::web;
use serde_json::json;

async fn caller(app: &TestApp, email: &str, role: Role) -> Caller {
    let user = web::add_user(&app.store, email, role).await.unwrap();
    Caller { user, is_admin: role == Role::Admin, actor: Actor::default() }
}

fn any(count: u32, hours: i64) -> ReserveWish {
    let nodes = Choice::Any { count, model: None };
    ReserveWish { nodes, as_many_as_possible: false, start: None, hours, name: "bin".into() }
}

fn wish(count: u32, hours: u32) -> QueueWish {
    QueueWish { count, model: None, hours, name: "turn".into() }
}

async fn state(app: &TestApp, by: &Caller, id: QueueId) -> QueueState {
    app.agent.queued(by, id).await.unwrap().state
}

async fn serve(app: &TestApp, minutes: i64) {
    let ahead = SignedDuration::from_mins(minutes);
    let clock = Clock::reading(move || clock::now() + ahead);
    QueueKeeper::new(app.store.clone(), TimeZone::UTC, clock).serve_due().await.unwrap();
}

#[tokio::test]
async fn the_head_gets_its_nodes_when_they_come_free_and_is_told() {
    let app = TestApp::new(2).await;
    let (ada, bob) = (caller(&app, "ada@lab", Role::User).await, caller(&app, "bob@lab", Role::User).await);
    let first = app.agent.reserve(&ada, any(2, 3)).await.unwrap();
    let id = app.agent.wait(&bob, wish(2, 4)).await.unwrap();
    let view = app.agent.queued(&bob, id).await.unwrap();
    let end = app.agent.reservation(&ada, first).await.unwrap().end;
    assert_eq!((view.position, view.estimate, view.state), (Some(1), Some(end), QueueState::Waiting));
    serve(&app, 0).await;
    assert_eq!(state(&app, &bob, id).await, QueueState::Waiting);
    app.agent.release(&ada, first).await.unwrap();
    serve(&app, 0).await;
    let QueueState::Served(made) = state(&app, &bob, id).await else { panic!("not served") };
    let made = app.agent.reservation(&bob, made).await.unwrap();
    assert_eq!((made.nodes.len(), made.name.as_str()), (2, "turn"));
    assert!(made.held_until.is_some(), "it ends by itself like any other that nobody configures");
    let asked = app.store.read(notices::asked).await.unwrap();
    assert_eq!(
        asked.iter().map(|(due, kind)| (due.reservation, *kind)).collect::<Vec<_>>(),
        [(made.id, NoticeKind::Turn)]
    );
    assert_eq!(app.agent.queue(&ada).await.unwrap(), []);
}

#[tokio::test]
async fn who_waits_behind_goes_first_only_if_it_delays_nobody() {
    let app = TestApp::new(2).await;
    let (ada, bob) = (caller(&app, "ada@lab", Role::User).await, caller(&app, "bob@lab", Role::User).await);
    let eve = caller(&app, "eve@lab", Role::User).await;
    app.agent.reserve(&ada, any(1, 3)).await.unwrap();
    let both = app.agent.wait(&bob, wish(2, 1)).await.unwrap();
    let long = app.agent.wait(&eve, wish(1, 4)).await.unwrap();
    let short = app.agent.wait(&eve, wish(1, 2)).await.unwrap();
    assert_eq!(state(&app, &bob, both).await, QueueState::Waiting);
    assert_eq!(state(&app, &eve, long).await, QueueState::Waiting, "it would delay bob");
    assert!(matches!(state(&app, &eve, short).await, QueueState::Served(_)), "it ends before bob begins");
}

#[tokio::test]
async fn nobody_reserves_or_extends_into_the_turn_of_who_waits() {
    let app = TestApp::new(2).await;
    let (ada, bob) = (caller(&app, "ada@lab", Role::User).await, caller(&app, "bob@lab", Role::User).await);
    let root = caller(&app, "root@lab", Role::Admin).await;
    let first = app.agent.reserve(&ada, any(1, 3)).await.unwrap();
    let id = app.agent.wait(&bob, wish(2, 2)).await.unwrap();
    let long = any(1, 4);
    assert!(matches!(app.agent.reserve(&ada, long.clone()).await, Err(Error::NotEnough { .. })));
    let named = ReserveWish { nodes: Choice::Named(vec!["pi-02".parse().unwrap()]), ..long.clone() };
    let error = app.agent.reserve(&ada, named).await.unwrap_err();
    assert_eq!(error.to_string(), "others wait for pi-02 then");
    assert!(matches!(app.agent.extend(&ada, first, 1).await, Err(Error::Awaited { .. })));
    app.agent.reserve(&ada, any(1, 2)).await.unwrap();
    app.agent.leave(&bob, id).await.unwrap();
    assert_eq!(state(&app, &bob, id).await, QueueState::Left);
    app.agent.extend(&ada, first, 1).await.unwrap();
    let again = app.agent.wait(&bob, wish(2, 2)).await.unwrap();
    app.agent.extend(&root, first, 1).await.unwrap();
    assert!(app.agent.leave(&ada, again).await.is_err(), "it is not hers");
}

#[tokio::test]
async fn wishes_that_no_rule_or_rack_allows_do_not_wait() {
    let app = TestApp::new(2).await;
    let (ada, root) =
        (caller(&app, "ada@lab", Role::User).await, caller(&app, "root@lab", Role::Admin).await);
    assert!(matches!(app.agent.wait(&ada, wish(3, 1)).await, Err(Error::NeverEnough { there: 2, .. })));
    assert!(matches!(app.agent.wait(&ada, wish(0, 1)).await, Err(Error::NoNodes)));
    assert!(matches!(app.agent.wait(&ada, wish(1, 1000)).await, Err(Error::Rule(_))));
    app.agent.reserve(&root, any(2, 3)).await.unwrap();
    for _ in 0..5 {
        app.agent.wait(&ada, wish(1, 1)).await.unwrap();
    }
    assert!(matches!(app.agent.wait(&ada, wish(1, 1)).await, Err(Error::QueueFull)));
}

#[tokio::test]
async fn who_has_all_they_may_is_passed_over() {
    let app = TestApp::new(2).await;
    let (ada, bob) = (caller(&app, "ada@lab", Role::User).await, caller(&app, "bob@lab", Role::User).await);
    let rules = BookingRules { nodes_at_once: Some(1), ..BookingRules::default() };
    app.store.write(move |tx| site::set(tx, BookingRules::NAME, &rules)).await.unwrap();
    let has: ReservationId = app.agent.reserve(&ada, any(1, 3)).await.unwrap();
    let more = app.agent.wait(&ada, wish(1, 2)).await.unwrap();
    let view = app.agent.queued(&ada, more).await.unwrap();
    assert_eq!((view.state, view.estimate), (QueueState::Waiting, None), "a node is free, and she has one");
    app.agent.reserve(&bob, any(1, 3)).await.unwrap();
    app.agent.release(&ada, has).await.unwrap();
    serve(&app, 0).await;
    assert!(matches!(state(&app, &ada, more).await, QueueState::Served(_)));
}

#[tokio::test]
async fn the_page_reserve_leads_to_the_queue() {
    let app = TestApp::new(1).await;
    let mut ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    let mut bob = Browser::signed_in(&app, "bob@lab", Role::User).await;
    let fields =
        [("count", "1"), ("model", ""), ("hours", "2"), ("name", "night"), ("start", ""), ("wait", "1")];
    assert!(location(&ada.post("/reserve", &fields).await).ends_with("/configure"), "it is free: no wait");
    assert!(ada.get("/settings").await.body.contains("The nodes that you waited for are yours as night."));
    assert_eq!(location(&bob.post("/reserve", &fields).await), "/queue");
    let page = bob.get("/queue").await.body;
    assert!(page.contains("night waits for its nodes.") && page.contains("bob@lab"), "{page}");
    assert!(!ada.get("/queue").await.body.contains("Leave the queue"), "it is not hers");
    assert_eq!(bob.post("/queue/1/leave", &[]).await.status, StatusCode::NOT_FOUND);
    assert!(bob.get("/queue/live").await.body.contains("night"));
    let named = [("nodes", "pi-01"), ("hours", "2"), ("name", "x"), ("start", ""), ("wait", "1")];
    assert_eq!(bob.post("/reserve", &named).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let root = caller(&app, "root@lab", Role::Admin).await;
    let id = app.agent.queue(&root).await.unwrap()[0].id;
    assert_eq!(location(&bob.post(&format!("/queue/{id}/leave"), &[]).await), "/queue");
    assert!(bob.get("/queue").await.body.contains("Nobody waits for nodes."));
}

#[tokio::test]
async fn programs_wait_too() {
    let app = TestApp::new(1).await;
    let (ada, bob) = (app.token("ada@lab", Role::User).await, app.token("bob@lab", Role::User).await);
    let body = json!({ "count": 1, "hours": 2, "name": "night" });
    let served = app.api(Method::POST, "/queue", &ada, Some(body.clone())).await;
    assert_eq!(served.status, StatusCode::CREATED, "{}", served.body);
    assert_eq!(served.json()["state"], "served");
    let waits = app.api(Method::POST, "/queue", &bob, Some(body)).await.json();
    assert_eq!((&waits["state"], &waits["position"]), (&json!("waiting"), &json!(1)));
    let path = format!("/queue/{}", waits["id"]);
    assert_eq!(app.api(Method::GET, &path, &ada, None).await.status, StatusCode::NOT_FOUND);
    let ended = format!("/reservations/{}", served.json()["reservation"]);
    app.api(Method::DELETE, &ended, &ada, None).await;
    serve(&app, 0).await;
    let found = app.api(Method::GET, &path, &bob, None).await.json();
    assert_eq!(found["state"], "served");
    let path = format!("/reservations/{}", found["reservation"]);
    assert_eq!(app.api(Method::GET, &path, &bob, None).await.status, StatusCode::OK);
    let wrong = json!({ "count": 2, "hours": 2, "name": "night" });
    assert_eq!(
        app.api(Method::POST, "/queue", &bob, Some(wrong)).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
}
