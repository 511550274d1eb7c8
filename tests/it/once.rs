//! `Idempotency-Key`: the same request with the same key is done once, and answered as it was.

use crate::test_app::{Answer, TestApp};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use pimaster::model::agent::Once;
use pimaster::model::clock::{self, SignedDuration};
use pimaster::model::ids::{ReservationId, UserId};
use pimaster::model::user::Role;
use pimaster::store::{first_answers, users};
use serde_json::Value;

const ONE: &str = r#"{"nodes": ["pi-01"], "hours": 2, "name": "bin"}"#;
const TWO: &str = r#"{"nodes": ["pi-02"], "hours": 2, "name": "bin"}"#;

async fn reserve(app: &TestApp, token: &str, key: &str, body: &str) -> Answer {
    let request =
        Request::post("/api/v1/reservations").header(header::AUTHORIZATION, format!("Bearer {token}"));
    let request = request.header(header::CONTENT_TYPE, "application/json").header("Idempotency-Key", key);
    app.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

async fn count(app: &TestApp, token: &str) -> usize {
    let all = app.api(axum::http::Method::GET, "/reservations", token, None).await.json();
    all.as_array().unwrap().len()
}

async fn user(app: &TestApp, email: &'static str) -> UserId {
    app.store.read(move |conn| users::by_email(conn, email)).await.unwrap().unwrap().id
}

#[tokio::test]
async fn the_same_key_gives_the_first_answer_again() {
    let app = TestApp::new(2).await;
    let (ada, bob) = (app.token("ada@lab", Role::User).await, app.token("bob@lab", Role::User).await);
    let first = reserve(&app, &ada, "k1", ONE).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.body);
    // Blanks and the order of fields do not make another request.
    for body in [ONE, r#"{"name":"bin","hours":2,"nodes":["pi-01"]}"#] {
        let again = reserve(&app, &ada, "k1", body).await;
        assert_eq!((again.status, &again.body), (first.status, &first.body));
        for name in [header::LOCATION, header::CONTENT_TYPE] {
            assert_eq!(again.headers.get(&name), first.headers.get(&name), "{name}");
        }
    }
    assert_eq!(count(&app, &ada).await, 1);

    let other = reserve(&app, &ada, "k1", TWO).await;
    assert_eq!(
        (other.status.as_u16(), other.json()["fix"].as_str()),
        (422, Some("Take a new key for a new request."))
    );
    let theirs = reserve(&app, &bob, "k1", TWO).await;
    assert_eq!(theirs.status, StatusCode::CREATED, "keys of others are not in the way: {}", theirs.body);
}

#[tokio::test]
async fn a_refusal_is_an_answer_too() {
    let app = TestApp::new(1).await;
    let (ada, bob) = (app.token("ada@lab", Role::User).await, app.token("bob@lab", Role::User).await);
    let held = reserve(&app, &bob, "k", ONE).await.json()["id"].as_i64().unwrap();
    let taken = reserve(&app, &ada, "k", ONE).await;
    assert_eq!(taken.status, StatusCode::CONFLICT);
    app.api(axum::http::Method::DELETE, &format!("/reservations/{held}"), &bob, None).await;
    let again = reserve(&app, &ada, "k", ONE).await;
    assert_eq!((again.status, &again.body), (taken.status, &taken.body));
    assert_eq!(again.headers[header::CONTENT_TYPE], "application/problem+json");
    assert_eq!(reserve(&app, &ada, "another", ONE).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn keys_are_visible_ascii_of_some_length() {
    let app = TestApp::new(1).await;
    let ada = app.token("ada@lab", Role::User).await;
    for key in ["", "a b", &"k".repeat(256)] {
        let refused = reserve(&app, &ada, key, ONE).await;
        assert_eq!(refused.status.as_u16(), 422, "{key}: {}", refused.body);
    }
    assert_eq!(count(&app, &ada).await, 0);
    assert_eq!(reserve(&app, &ada, &"k".repeat(255), ONE).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn requests_at_the_same_time_book_once() {
    let app = TestApp::new(1).await;
    let ada = app.token("ada@lab", Role::User).await;
    let answers = futures_util::future::join_all((0..8).map(|_| reserve(&app, &ada, "k", ONE))).await;
    let ids: Vec<Value> = answers.iter().map(|answer| answer.json()["id"].clone()).collect();
    assert!(answers.iter().all(|answer| answer.status == StatusCode::CREATED), "{ids:?}");
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(count(&app, &ada).await, 1);
}

#[tokio::test]
async fn a_booking_whose_answer_was_lost_is_answered() {
    let app = TestApp::new(1).await;
    let ada = app.token("ada@lab", Role::User).await;
    let first = reserve(&app, &ada, "k", ONE).await;
    let (id, user) = (ReservationId(first.json()["id"].as_i64().unwrap()), user(&app, "ada@lab").await);
    // As if pimaster had ended right after the booking.
    app.store
        .write(move |tx| {
            let request = first_answers::by_key(tx, user, "k", clock::now())?.unwrap().request;
            first_answers::keep_booking(tx, user, &Once { key: "k".into(), request }, id, clock::now())
        })
        .await
        .unwrap();
    let again = reserve(&app, &ada, "k", ONE).await;
    assert_eq!((again.status, again.body), (first.status, first.body));
    assert_eq!(count(&app, &ada).await, 1);
}

#[tokio::test]
async fn first_answers_are_kept_for_a_day_and_so_many_at_most() {
    let app = TestApp::new(0).await;
    app.token("ada@lab", Role::User).await;
    let (user, now) = (user(&app, "ada@lab").await, clock::now());
    let once = |number: i64| Once { key: format!("k{number}"), request: [7; 32] };
    let seen = app
        .store
        .write(move |tx| {
            first_answers::keep_answer(tx, user, &once(0), None, (409, "{}"), now)?;
            let after = |minutes| now + SignedDuration::from_mins(minutes);
            let mut seen = Vec::new();
            for minutes in [24 * 60 - 1, 24 * 60] {
                seen.push(first_answers::by_key(tx, user, "k0", after(minutes))?.is_some());
            }
            for number in 1..=100 {
                first_answers::keep_answer(tx, user, &once(number), None, (409, "{}"), after(number))?;
            }
            for key in ["k0", "k1", "k100"] {
                seen.push(first_answers::by_key(tx, user, key, after(100))?.is_some());
            }
            Ok(seen)
        })
        .await
        .unwrap();
    assert_eq!(seen, [true, false, false, true, true]);
}
