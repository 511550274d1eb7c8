//! The rules of booking: any of a kind, quotas, margins, extensions, calendars.

use crate::browser::{Browser, between, location};
use crate::test_app::TestApp;
use axum::http::{Method, StatusCode};
use pimaster::agent::{Agent, Error, Kind};
use pimaster::model::agent::{Caller, Choice, ReserveWish};
use pimaster::model::audit::Actor;
use pimaster::model::board::BoardModel;
use pimaster::model::booking::BookingRules;
use pimaster::model::clock::{self, SignedDuration};
use pimaster::model::ids::ReservationId;
use pimaster::model::reservation::ReservationState;
use pimaster::model::user::Role;
use pimaster::model::version::Seen;
use pimaster::store::reservations;
use pimaster::web;
use serde_json::json;

fn wish(nodes: Choice) -> ReserveWish {
    ReserveWish { nodes, as_many_as_possible: false, start: None, hours: 2, name: "bin".into() }
}

fn named(names: &[&str]) -> ReserveWish {
    wish(Choice::Named(names.iter().map(|name| name.parse().unwrap()).collect()))
}

fn any(count: u32) -> ReserveWish {
    wish(Choice::Any { count, model: None })
}

async fn caller(app: &TestApp, email: &str, role: Role) -> Caller {
    let user = web::add_user(&app.store, email, role).await.unwrap();
    Caller { user, is_admin: role == Role::Admin, actor: Actor::default() }
}

async fn nodes_of(app: &TestApp, by: &Caller, id: ReservationId) -> Vec<String> {
    let found = app.agent.reservation(by, id).await.unwrap();
    found.nodes.iter().map(|node| node.node.to_string()).collect()
}

async fn set(app: &TestApp, rules: BookingRules) {
    let root = caller(app, "rules@lab", Role::Admin).await;
    app.agent.set_booking_rules(&root, rules, Seen::unsaid()).await.unwrap();
}

#[tokio::test]
async fn so_many_of_a_kind_are_found_by_themselves() {
    let app = TestApp::new(3).await;
    let ada = caller(&app, "ada@lab", Role::User).await;
    app.agent.reserve(&ada, named(&["pi-01"])).await.unwrap();
    let two = app.agent.reserve(&ada, any(2)).await.unwrap();
    assert_eq!(nodes_of(&app, &ada, two).await, ["pi-02", "pi-03"]);
    let error = app.agent.reserve(&ada, any(1)).await.unwrap_err();
    assert_eq!((error.kind(), error.field()), (Kind::Conflict, Some("count")));
    assert_eq!(error.to_string(), "0 nodes are free then; expected 1");
    let of_model = |model| wish(Choice::Any { count: 1, model: Some(model) });
    let error = app.agent.reserve(&ada, of_model(BoardModel::Pi2b12)).await.unwrap_err();
    assert_eq!(error.to_string(), "0 nodes of the model pi2b-1.2 are free then; expected 1");
}

#[tokio::test]
async fn fewer_will_do_if_one_says_so() {
    let app = TestApp::new(3).await;
    let ada = caller(&app, "ada@lab", Role::User).await;
    app.agent.reserve(&ada, named(&["pi-02"])).await.unwrap();
    let all = named(&["pi-01", "pi-02", "pi-03"]);
    assert!(matches!(app.agent.reserve(&ada, all.clone()).await, Err(Error::Taken { .. })));
    let some = ReserveWish { as_many_as_possible: true, ..all.clone() };
    let id = app.agent.reserve(&ada, some.clone()).await.unwrap();
    assert_eq!(nodes_of(&app, &ada, id).await, ["pi-01", "pi-03"]);
    assert!(matches!(app.agent.reserve(&ada, some).await, Err(Error::Taken { .. })), "none is left");
}

#[tokio::test]
async fn quotas_and_lengths_bind_people_but_no_administrators() {
    let app = TestApp::new(3).await;
    set(&app, BookingRules { longest_hours: 4, node_hours: Some(5), ..BookingRules::default() }).await;
    let ada = caller(&app, "ada@lab", Role::User).await;
    let long = ReserveWish { hours: 5, ..any(1) };
    let error = app.agent.reserve(&ada, long.clone()).await.unwrap_err();
    assert_eq!((error.kind(), error.field()), (Kind::Invalid, Some("hours")));
    let first = app.agent.reserve(&ada, any(2)).await.unwrap();
    let error = app.agent.reserve(&ada, any(1)).await.unwrap_err();
    assert_eq!(error.to_string(), "all your reservations would add up to 6 node hours; expected at most 5");
    let error = app.agent.extend(&ada, first, 1).await.unwrap_err();
    assert!(error.to_string().contains("add up to 6 node hours"), "{error}");
    app.agent.release(&ada, first).await.unwrap();
    app.agent.reserve(&ada, any(2)).await.unwrap();
    let root = caller(&app, "root@lab", Role::Admin).await;
    app.agent.reserve(&root, long).await.unwrap();
    assert!(app.agent.set_booking_rules(&ada, BookingRules::default(), Seen::unsaid()).await.is_err());
}

#[tokio::test]
async fn cards_have_time_to_be_wiped_between_two_reservations() {
    let app = TestApp::new(1).await;
    set(&app, BookingRules { margin_minutes: 15, ..BookingRules::default() }).await;
    let ada = caller(&app, "ada@lab", Role::User).await;
    let now = clock::now();
    let at =
        |minutes| ReserveWish { start: Some(now + SignedDuration::from_mins(minutes)), ..named(&["pi-01"]) };
    app.agent.reserve(&ada, at(180)).await.unwrap();
    for minutes in [46, 60, 180, 300, 314] {
        assert!(matches!(app.agent.reserve(&ada, at(minutes)).await, Err(Error::Taken { .. })), "{minutes}");
    }
    app.agent.reserve(&ada, at(45)).await.unwrap();
    app.agent.reserve(&ada, at(315)).await.unwrap();
}

#[tokio::test]
async fn a_reservation_grows_until_somebody_elses_begins() {
    let app = TestApp::new(1).await;
    let (ada, bob) = (caller(&app, "ada@lab", Role::User).await, caller(&app, "bob@lab", Role::User).await);
    let id = app.agent.reserve(&ada, named(&["pi-01"])).await.unwrap();
    let end = app.agent.reservation(&ada, id).await.unwrap().end;
    let later = ReserveWish { start: Some(end + SignedDuration::from_hours(3)), ..named(&["pi-01"]) };
    app.agent.reserve(&bob, later).await.unwrap();
    assert!(matches!(app.agent.extend(&bob, id, 1).await, Err(Error::NotYours { .. })));
    assert_eq!(app.agent.extend(&ada, id, 3).await.unwrap(), end + SignedDuration::from_hours(3));
    let error = app.agent.extend(&ada, id, 1).await.unwrap_err();
    assert!(error.to_string().starts_with("pi-01 is taken by bob@lab"), "{error}");
    assert!(matches!(app.agent.extend(&ada, id, 0).await, Err(Error::Period(_))));
    app.agent.release(&ada, id).await.unwrap();
    assert!(matches!(app.agent.extend(&ada, id, 1).await, Err(Error::Over { .. })));
}

#[tokio::test]
async fn a_calendar_looks_back_and_forward() {
    let app = TestApp::new(2).await;
    let ada = caller(&app, "ada@lab", Role::User).await;
    let now = clock::now();
    let over = app.agent.reserve(&ada, named(&["pi-01"])).await.unwrap();
    let ended = now + SignedDuration::from_mins(30);
    let end = move |tx: &pimaster::store::Transaction<'_>| {
        reservations::set_state(tx, over, ReservationState::Ended, ended)
    };
    app.store.write(end).await.unwrap();
    let start = Some(now + SignedDuration::from_hours(10));
    app.agent.reserve(&ada, ReserveWish { start, ..named(&["pi-01"]) }).await.unwrap();
    let day = SignedDuration::from_hours(24);
    let rows = app.agent.calendar(now - day, now + day).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.booked.len()).collect::<Vec<_>>(), [2, 0]);
    assert_eq!(rows[0].booked[0].end, ended, "it was over before its end");
    let later = app.agent.calendar(now + SignedDuration::from_hours(1), now + day).await.unwrap();
    assert_eq!(later[0].booked.len(), 1, "what was over by then is not there");
    assert_eq!(app.agent.calendar(now + day, now + day + day).await.unwrap()[0].booked, []);
}

#[tokio::test]
async fn the_page_shows_who_has_what_and_books_any_nodes() {
    let app = TestApp::new(3).await;
    let mut ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    let mut bob = Browser::signed_in(&app, "bob@lab", Role::User).await;
    let fields = [("count", "2"), ("model", ""), ("hours", "3"), ("name", "course"), ("start", "")];
    let configure = location(&ada.post("/reserve?span=week", &fields).await).to_owned();
    assert!(ada.get(&configure).await.body.contains("pi-01, pi-02"));
    let page = bob.get("/reserve?span=week&group=model&filter=pi-0").await.body;
    assert!(page.contains("1 of 3 free now") && page.contains("title=\"ada@lab, from "), "{page}");
    assert!(!bob.get("/reserve?filter=nothing-like-it").await.body.contains("data-node"));
    let both = [("nodes", "pi-03"), ("count", "1"), ("hours", "1"), ("name", "x"), ("start", "")];
    let refused = bob.post("/reserve?span=month&filter=pi", &both).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused.body.contains("leave the number empty") && refused.body.contains("id=\"node-pi-03\" checked")
    );
    assert!(
        refused.body.contains("action=\"/reserve?span=month"),
        "what was looked at stays: {}",
        refused.body
    );
    let many = [("count", "2"), ("hours", "1"), ("name", "x"), ("start", "")];
    let refused = bob.post("/reserve", &many).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert_eq!(between(&refused.body, "id=\"count-wrong\">", "."), Some("1 nodes are free then; expected 2"));
}

#[tokio::test]
async fn the_api_books_any_and_extends() {
    let app = TestApp::new(2).await;
    let token = app.token("ada@lab", Role::User).await;
    let body = json!({ "count": 2, "hours": 1, "name": "x" });
    let made = app.api(Method::POST, "/reservations", &token, Some(body)).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let made: serde_json::Value = serde_json::from_str(&made.body).unwrap();
    assert!(made["held_until"].is_string() && made["nodes"].as_array().unwrap().len() == 2, "{made}");
    let path = format!("/reservations/{}/extend", made["id"]);
    let longer = app.api(Method::POST, &path, &token, Some(json!({ "hours": 2 }))).await;
    let longer: serde_json::Value = serde_json::from_str(&longer.body).unwrap();
    let time =
        |answer: &serde_json::Value| answer["end"].as_str().unwrap().parse::<clock::Timestamp>().unwrap();
    assert_eq!(time(&longer).duration_since(time(&made)), SignedDuration::from_hours(2));
    let wrong = [
        (json!({ "count": 1, "nodes": ["pi-01"], "hours": 1, "name": "x" }), "count"),
        (json!({ "count": 1, "model": "zx81", "hours": 1, "name": "x" }), "model"),
    ];
    for (body, field) in wrong {
        let answer = app.api(Method::POST, "/reservations", &token, Some(body)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains(field), "{}", answer.body);
    }
}

#[tokio::test]
async fn administrators_set_the_rules_on_a_page() {
    let app = TestApp::new(1).await;
    let mut root = Browser::signed_in(&app, "root@lab", Role::Admin).await;
    let mut ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    let rules = |longest| {
        [
            ("longest_hours", longest),
            ("longest_extended_hours", "24"),
            ("node_hours", ""),
            ("nodes_at_once", ""),
            ("margin_minutes", "10"),
            ("hold_minutes", "20"),
            ("notice_minutes", "45"),
        ]
    };
    assert_eq!(ada.get("/rules").await.status, StatusCode::FORBIDDEN);
    assert_eq!(ada.post("/rules", &rules("8")).await.status, StatusCode::FORBIDDEN);
    assert!(location(&Browser::new(&app).get("/rules").await).starts_with("/sign-in"));
    assert!(root.get("/rules").await.body.contains("value=\"72\""));
    let wrong = root.post("/rules", &rules("0")).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("expected a whole number from 1"), "{}", wrong.body);
    assert_eq!(location(&root.post("/rules", &rules("8")).await), "/rules");
    assert!(root.get("/rules").await.body.contains("The rules are saved."));
    assert!(ada.get("/reserve").await.body.contains("Hours, at most 8"));
    let long = [("nodes", "pi-01"), ("hours", "9"), ("name", "x"), ("start", "")];
    assert_eq!(ada.post("/reserve", &long).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(root.get("/audit").await.body.contains("the rules of booking"));
}
