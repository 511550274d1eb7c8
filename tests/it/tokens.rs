//! API tokens: what their scope lets them do, when they end, who sees when they were used.

use crate::browser::{Browser, between, location};
use crate::test_app::{Answer, TestApp};
use axum::http::{Method, StatusCode, header};
use pimaster::model::clock::{self, SignedDuration};
use pimaster::model::user::Role;
use pimaster::store::tokens;
use pimaster::web;
use serde_json::json;

async fn app() -> TestApp {
    let app = TestApp::new(2).await;
    for (email, role) in [("ada@lab", Role::User), ("root@lab", Role::Admin)] {
        web::add_user(&app.store, email, role).await.unwrap();
    }
    app
}

/// A refusal for want of that scope.
#[track_caller]
fn lacks(answer: &Answer, scope: &str) {
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.body);
    let challenge = answer.headers[header::WWW_AUTHENTICATE].to_str().unwrap();
    let expect = format!("Bearer realm=\"pimaster\", error=\"insufficient_scope\", scope=\"{scope}\"");
    assert_eq!(challenge, expect);
    let problem = answer.json();
    assert_eq!(problem["type"], "urn:pimaster:problem:insufficient-scope");
    assert!(problem["detail"].as_str().unwrap().ends_with(&format!("this needs `{scope}`")), "{problem}");
}

#[tokio::test]
async fn a_refused_call_says_which_scope_is_missing() {
    let app = app().await;
    let asks = [
        (Method::GET, "/nodes", "read"),
        (Method::POST, "/reservations", "reserve"),
        (Method::POST, "/nodes/pi-01/destroy", "reserve"),
        (Method::PUT, "/me/keys", "account"),
        (Method::POST, "/me/tokens", "account"),
        (Method::GET, "/audit", "read"),
        (Method::PUT, "/rules", "admin"),
        (Method::DELETE, "/nodes/pi-01", "admin"),
    ];
    for (method, path, scope) in asks {
        let others: Vec<&str> =
            ["read", "reserve", "account", "admin"].into_iter().filter(|other| *other != scope).collect();
        let without = app.scoped("root@lab", &others.join(" ")).await;
        lacks(&app.api(method.clone(), path, &without, None).await, scope);
        let with = app.scoped("root@lab", scope).await;
        let answer = app.api(method, path, &with, None).await;
        assert_ne!(answer.status, StatusCode::FORBIDDEN, "{path}: {}", answer.body);
        // Whatever a token may do, it may say whose it is.
        let me = app.api(Method::GET, "/me", &with, None).await;
        assert_eq!((me.status, &me.json()["token_scopes"]), (StatusCode::OK, &json!([scope])));
    }
}

#[tokio::test]
async fn an_administrators_token_without_admin_acts_as_anybodys() {
    let app = app().await;
    let (ada, root) =
        (app.scoped("ada@lab", "read reserve").await, app.scoped("root@lab", "read reserve").await);
    let body = json!({ "nodes": ["pi-01"], "hours": 1, "name": "bin" });
    let made = app.api(Method::POST, "/reservations", &ada, Some(body)).await.json();
    let path = format!("/reservations/{}", made["id"]);
    assert_eq!(app.api(Method::GET, &path, &root, None).await.status, StatusCode::OK, "read is read");
    assert_eq!(app.api(Method::DELETE, &path, &root, None).await.status, StatusCode::FORBIDDEN);
    let full = app.scoped("root@lab", "reserve admin").await;
    assert_eq!(app.api(Method::DELETE, &path, &full, None).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_scope_admin_makes_nobody_an_administrator() {
    let app = app().await;
    let ada = app.scoped("ada@lab", "read reserve account admin").await;
    for path in ["/audit", "/users", "/mail"] {
        let answer = app.api(Method::GET, path, &ada, None).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
        assert_eq!(answer.json()["detail"], "this is for administrators");
    }
}

#[tokio::test]
async fn tokens_end_and_their_use_is_seen() {
    let app = app().await;
    let ada = app.scoped("ada@lab", "read").await;
    assert_eq!(app.api(Method::GET, "/me/tokens", &ada, None).await.status, StatusCode::OK);
    let listed = app.api(Method::GET, "/me/tokens", &ada, None).await.json();
    assert_eq!(listed[0]["last_used_from"], "192.0.2.7");
    assert!(listed[0]["last_used_at"].is_string() && listed[0]["expires_at"].is_string(), "{listed}");
    let hash = *blake3::hash(ada.as_bytes()).as_bytes();
    let after = clock::now() + SignedDuration::from_hours(31 * 24);
    assert_eq!(app.store.read(move |conn| tokens::bearer(conn, &hash, after)).await.unwrap(), None);
}

#[tokio::test]
async fn a_token_makes_none_that_may_more_or_lasts_longer() {
    let app = app().await;
    let ada = app.scoped("ada@lab", "read account").await;
    let make = async |body| app.api(Method::POST, "/me/tokens", &ada, Some(body)).await;
    for (body, field) in [
        (json!({ "name": "x", "scopes": ["reserve"] }), "scopes"),
        (json!({ "name": "x", "scopes": [] }), "scopes"),
        (json!({ "name": "x", "scopes": ["write"] }), "scopes"),
        (json!({ "name": "", "scopes": ["read"], "days": 1 }), "name"),
        (json!({ "name": "x", "scopes": ["read"], "days": 31 }), "days"),
        (json!({ "name": "x", "scopes": ["read"], "never_expires": true }), "days"),
        (json!({ "name": "x", "scopes": ["read"], "never_expires": true, "days": 1 }), "days"),
        (json!({ "name": "x", "scopes": ["read"], "days": 0 }), "days"),
    ] {
        let answer = make(body.clone()).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["field"]), (422, &json!(field)), "{body}");
    }
    let made = make(json!({ "name": "x", "scopes": ["read"], "days": 29 })).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let secret = made.json()["secret"].as_str().unwrap().to_owned();
    assert_eq!(app.api(Method::GET, "/nodes", &secret, None).await.status, StatusCode::OK);
    let path = format!("/me/tokens/{}", made.json()["token"]["id"]);
    assert_eq!(app.api(Method::DELETE, &path, &ada, None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.api(Method::DELETE, &path, &ada, None).await.status, StatusCode::NOT_FOUND);
    assert_eq!(app.api(Method::GET, "/nodes", &secret, None).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_page_offers_scopes_and_an_end() {
    let app = TestApp::new(1).await;
    let mut ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    let page = ada.get("/settings").await.body;
    assert!(
        page.contains("value=\"reserve\" checked") && page.contains("name=\"days\" value=\"90\""),
        "{page}"
    );
    assert!(!page.contains("value=\"admin\""), "an administrator's scope is of no use to a user");
    let refused = ada.post("/settings/tokens", &[("name", "night <run>"), ("days", "999")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("value=\"night &lt;run&gt;\""), "what was typed stays");
    let fields = [("name", "nightly"), ("scopes", "read"), ("scopes", "reserve"), ("days", "30")];
    location(&ada.post("/settings/tokens", &fields).await);
    let page = ada.get("/settings").await.body;
    assert!(page.contains("<code>read reserve</code>") && page.contains("never used"), "{page}");
    let token = between(&page, "<code class=\"copy\">", "</code>").unwrap().to_owned();
    assert_eq!(app.api(Method::GET, "/nodes", &token, None).await.status, StatusCode::OK);
    let page = ada.get("/settings").await.body;
    assert!(page.contains("last used") && page.contains("192.0.2.7"), "{page}");
}
