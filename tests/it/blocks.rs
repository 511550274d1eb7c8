//! Blocks, opening hours and groups: who is bound by them, and what the pages and the API say.

use crate::browser::{Browser, location};
use crate::test_app::TestApp;
use axum::http::{Method, StatusCode};
use pimaster::agent::{Agent, Blocks, Error, Groups, Kind};
use pimaster::model::agent::{BlockWish, Caller, Choice, GroupWish, ReserveWish, ScopeWish};
use pimaster::model::audit::Actor;
use pimaster::model::block::Collisions;
use pimaster::model::clock::{self, SignedDuration};
use pimaster::model::group::Limits;
use pimaster::model::opening::OpeningHours;
use pimaster::model::reservation::ReservationState;
use pimaster::model::user::Role;
use pimaster::store::notices;
use pimaster::web;
use serde_json::json;

async fn caller(app: &TestApp, email: &str, role: Role) -> Caller {
    let user = web::add_user(&app.store, email, role).await.unwrap();
    Caller { user, is_admin: role == Role::Admin, actor: Actor::default() }
}

fn named(name: &str, start: i64, hours: i64) -> ReserveWish {
    let start = Some(clock::now() + SignedDuration::from_hours(start));
    let nodes = Choice::Named(vec![name.parse().unwrap()]);
    ReserveWish { nodes, as_many_as_possible: false, start, hours, name: "bin".into() }
}

fn block(scope: ScopeWish, start: i64, hours: i64) -> BlockWish {
    let start = clock::now() + SignedDuration::from_hours(start);
    BlockWish {
        scope,
        start,
        end: start + SignedDuration::from_hours(hours),
        reason: "course on networks".into(),
        group: None,
        collisions: Collisions::Refuse,
    }
}

#[tokio::test]
async fn a_block_keeps_nodes_from_all_but_its_group() {
    let app = TestApp::new(2).await;
    let root = caller(&app, "root@lab", Role::Admin).await;
    let (ada, bob) = (caller(&app, "ada@lab", Role::User).await, caller(&app, "bob@lab", Role::User).await);
    let group =
        GroupWish { name: "Course".into(), limits: Limits::default(), members: vec!["ada@lab".into()] };
    app.agent.make_group(&root, group).await.unwrap();
    let one = ScopeWish::Nodes(vec!["pi-01".parse().unwrap()]);
    let wish = BlockWish { group: Some("course".into()), ..block(one, 5, 3) };
    assert_eq!(app.agent.block(&ada, wish.clone()).await.unwrap_err().kind(), Kind::Forbidden);
    let (id, _) = app.agent.block(&root, wish).await.unwrap();
    for who in [&bob, &root] {
        let error = app.agent.reserve(who, named("pi-01", 4, 2)).await.unwrap_err();
        assert_eq!((error.kind(), error.field()), (Kind::Conflict, Some("nodes")));
        let text = error.to_string();
        assert!(
            text.starts_with("pi-01 is blocked from ")
                && text.ends_with("(course on networks), for the group Course"),
            "{text}"
        );
    }
    app.agent.reserve(&bob, named("pi-02", 4, 2)).await.unwrap();
    let early = app.agent.reserve(&bob, named("pi-01", 0, 4)).await.unwrap();
    assert!(matches!(app.agent.extend(&bob, early, 2).await, Err(Error::Blocked { .. })));
    app.agent.reserve(&ada, named("pi-01", 5, 3)).await.unwrap();
    app.agent.end_block(&root, id).await.unwrap();
    assert_eq!(app.agent.blocks().await.unwrap(), []);
    app.agent.reserve(&bob, named("pi-01", 8, 1)).await.unwrap();
}

#[tokio::test]
async fn what_lies_in_a_new_block_is_named_kept_or_given_back() {
    let app = TestApp::new(3).await;
    let root = caller(&app, "root@lab", Role::Admin).await;
    let ada = caller(&app, "ada@lab", Role::User).await;
    let runs = app.agent.reserve(&ada, named("pi-01", 0, 6)).await.unwrap();
    let later = app.agent.reserve(&ada, named("pi-02", 4, 2)).await.unwrap();
    let apart = app.agent.reserve(&ada, named("pi-03", 9, 2)).await.unwrap();
    let wish = block(ScopeWish::All, 3, 4);
    let Err(Error::Collides { reservations }) = app.agent.block(&root, wish.clone()).await else { panic!() };
    assert_eq!(reservations.iter().map(|it| it.reservation).collect::<Vec<_>>(), [runs, later]);
    assert_eq!(app.agent.blocks().await.unwrap(), []);
    let keep = BlockWish { collisions: Collisions::Keep, ..wish.clone() };
    let (id, _) = app.agent.block(&root, keep).await.unwrap();
    let state = async |id| app.agent.reservation(&ada, id).await.unwrap().state;
    assert_eq!(state(later).await, ReservationState::Held);
    app.agent.end_block(&root, id).await.unwrap();
    let give_back = BlockWish { collisions: Collisions::GiveBack, ..wish.clone() };
    app.agent.block(&root, give_back).await.unwrap();
    assert_eq!(state(later).await, ReservationState::Ended);
    assert_eq!(app.agent.reservation(&ada, runs).await.unwrap().end, wish.start);
    assert_eq!(state(apart).await, ReservationState::Held);
    let asked = app.store.read(notices::asked).await.unwrap();
    assert_eq!(asked.iter().map(|(due, _)| due.reservation).collect::<Vec<_>>(), [runs, later]);
}

#[tokio::test]
async fn people_book_within_the_opening_hours_and_administrators_when_they_like() {
    let app = TestApp::new(1).await;
    let root = caller(&app, "root@lab", Role::Admin).await;
    let ada = caller(&app, "ada@lab", Role::User).await;
    let never = OpeningHours { is_limited: true, ..OpeningHours::default() };
    assert!(app.agent.set_opening_hours(&ada, never.clone()).await.is_err());
    app.agent.set_opening_hours(&root, never).await.unwrap();
    let error = app.agent.reserve(&ada, named("pi-01", 0, 1)).await.unwrap_err();
    assert_eq!((error.kind(), error.field()), (Kind::Invalid, Some("start")));
    assert!(error.to_string().ends_with("expected a time within its opening hours: never"), "{error}");
    app.agent.reserve(&root, named("pi-01", 0, 1)).await.unwrap();
}

#[tokio::test]
async fn limits_of_groups_go_before_the_rules_for_all() {
    let app = TestApp::new(3).await;
    let root = caller(&app, "root@lab", Role::Admin).await;
    let ada = caller(&app, "ada@lab", Role::User).await;
    let limits = Limits { longest_hours: Some(2), nodes_at_once: Some(1), ..Limits::default() };
    let wish = GroupWish { name: "Students".into(), limits, members: vec!["ADA@lab".into()] };
    let id = app.agent.make_group(&root, wish.clone()).await.unwrap();
    assert!(matches!(app.agent.make_group(&root, wish.clone()).await, Err(Error::GroupExists { .. })));
    let stranger = GroupWish { members: vec!["eve@lab".into()], ..wish.clone() };
    assert!(matches!(app.agent.change_group(&root, id, stranger).await, Err(Error::UnknownAccounts { .. })));
    assert_eq!(app.agent.groups(&root).await.unwrap()[0].members.len(), 1, "a refusal changes nothing");
    assert!(matches!(app.agent.reserve(&ada, named("pi-01", 0, 3)).await, Err(Error::Rule(_))));
    app.agent.reserve(&ada, named("pi-01", 0, 2)).await.unwrap();
    let error = app.agent.reserve(&ada, named("pi-02", 1, 2)).await.unwrap_err();
    assert_eq!(error.to_string(), "you would have 2 nodes at the same time; expected at most 1");
    let generous = Limits { nodes_at_once: Some(2), ..Limits::default() };
    let more = GroupWish { name: "Staff".into(), limits: generous, members: vec!["ada@lab".into()] };
    let staff = app.agent.make_group(&root, more).await.unwrap();
    app.agent.reserve(&ada, named("pi-02", 1, 2)).await.unwrap();
    app.agent.remove_group(&root, staff).await.unwrap();
    app.agent.remove_group(&root, id).await.unwrap();
    app.agent.reserve(&ada, named("pi-03", 0, 30)).await.unwrap();
}

#[tokio::test]
async fn pages_show_blocks_and_administrators_make_them() {
    let app = TestApp::new(2).await;
    let mut root = Browser::signed_in(&app, "root@lab", Role::Admin).await;
    let mut ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    let fields = [("nodes", "pi-01"), ("hours", "2"), ("name", "night"), ("start", "")];
    location(&ada.post("/reserve", &fields).await);
    let end = (clock::now() + SignedDuration::from_hours(5)).strftime("%Y-%m-%dT%H:%M").to_string();
    let mut block = vec![("which", "all"), ("end", end.as_str()), ("reason", "fire drill"), ("group", "")];
    assert_eq!(ada.post("/blocks", &block).await.status, StatusCode::FORBIDDEN);
    let asked = root.post("/blocks", &block).await;
    assert_eq!(asked.status, StatusCode::CONFLICT);
    assert!(
        asked.body.contains("A reservation lies in this block") && asked.body.contains("ada@lab"),
        "{}",
        asked.body
    );
    block.push(("collisions", "keep"));
    assert_eq!(location(&root.post("/blocks", &block).await), "/blocks");
    assert!(ada.get("/blocks").await.body.contains("fire drill"));
    assert!(!ada.get("/blocks").await.body.contains("Block nodes"), "only administrators get the form");
    let calendar = ada.get("/reserve").await.body;
    assert!(calendar.contains("class=\"blocked\"") && calendar.contains("fire drill, from "), "{calendar}");
    let refused =
        ada.post("/reserve", &[("nodes", "pi-02"), ("hours", "2"), ("name", "x"), ("start", "")]).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.body.contains("pi-02 is blocked from "), "{}", refused.body);
    let hours = [("is_limited", "on"), ("from0", "08:00"), ("until0", "20:00")];
    assert_eq!(location(&root.post("/opening-hours", &hours).await), "/blocks");
    assert!(ada.get("/reserve").await.body.contains("Open: Mon 08:00-20:00."));
    let wrong = root.post("/opening-hours", &[("from0", "20:00"), ("until0", "08:00")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let group = [("name", "Course"), ("members", "ada@lab"), ("longest_hours", "4")];
    assert_eq!(ada.post("/groups", &group).await.status, StatusCode::FORBIDDEN);
    assert_eq!(location(&root.post("/groups", &group).await), "/groups");
    let page = root.get("/groups").await.body;
    assert!(page.contains("Course") && page.contains("ada@lab"), "{page}");
    let unknown = root.post("/groups", &[("name", "Other"), ("members", "eve@lab")]).await;
    assert!(unknown.body.contains("there is no account eve@lab"), "{}", unknown.body);
    assert!(ada.get("/reserve").await.body.contains("Hours, at most 4"));
}

#[tokio::test]
async fn the_api_does_what_the_pages_do() {
    let app = TestApp::new(2).await;
    let (root, ada) = (app.token("root@lab", Role::Admin).await, app.token("ada@lab", Role::User).await);
    let end = (clock::now() + SignedDuration::from_hours(5)).to_string();
    let body = json!({ "end": end, "reason": "drill", "model": "pi4b" });
    assert_eq!(
        app.api(Method::POST, "/blocks", &ada, Some(body.clone())).await.status,
        StatusCode::FORBIDDEN
    );
    let made = app.api(Method::POST, "/blocks", &root, Some(body)).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let made = made.json();
    assert_eq!((&made["model"], &made["group"]), (&json!("pi4b"), &json!(null)));
    assert_eq!(app.api(Method::GET, "/blocks", &ada, None).await.json().as_array().unwrap().len(), 1);
    let path = format!("/blocks/{}", made["id"]);
    assert_eq!(app.api(Method::DELETE, &path, &root, None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.api(Method::DELETE, &path, &root, None).await.status, StatusCode::NOT_FOUND);
    let day = json!({ "from": "08:00", "until": "24:00" });
    let hours = json!({ "is_limited": true, "days": [day, null, null, null, null, null, null] });
    let set = app.api(Method::PUT, "/opening-hours", &root, Some(hours.clone())).await;
    assert_eq!(set.json(), hours, "{}", set.body);
    let group = json!({
        "name": "Course", "members": ["ada@lab"], "longest_hours": 4, "longest_extended_hours": null,
        "node_hours": null, "nodes_at_once": 2,
    });
    let made = app.api(Method::POST, "/groups", &root, Some(group.clone())).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    assert_eq!(app.api(Method::POST, "/groups", &root, Some(group)).await.status, StatusCode::CONFLICT);
    assert_eq!(app.api(Method::GET, "/groups", &ada, None).await.status, StatusCode::FORBIDDEN);
    let path = format!("/groups/{}", made.json()["id"]);
    assert_eq!(app.api(Method::DELETE, &path, &root, None).await.status, StatusCode::NO_CONTENT);
}
