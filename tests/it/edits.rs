//! Edits of the same thing by two: none is overwritten unseen, and nothing that was typed is lost.

use crate::browser::{Browser, between, location};
use crate::test_app::{Answer, KEY, OTHER_KEY, TestApp};
use axum::http::{Method, StatusCode, header};
use pimaster::model::user::Role;
use serde_json::{Value, json};

fn tag(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    answer.headers[header::ETAG].to_str().unwrap().to_owned()
}

/// Two edit what is at a path, from the same state: the second is refused until they have looked again.
async fn two_edit(app: &TestApp, token: &str, (method, path): (Method, &str), one: Value, other: Value) {
    let before = tag(&app.api(Method::GET, path, token, None).await);
    let first = app.edit(method.clone(), path, (token, &before), Some(one)).await;
    let now = tag(&first);
    assert_ne!(before, now, "{path}");
    let late = app.edit(method.clone(), path, (token, &before), Some(other.clone())).await;
    assert_eq!(late.status, StatusCode::PRECONDITION_FAILED, "{path}: {}", late.body);
    assert_eq!(late.json()["type"], "urn:pimaster:problem:precondition-failed");
    assert_eq!(tag(&app.api(Method::GET, path, token, None).await), now, "{path}: nothing was changed");
    assert_eq!(
        app.edit(method.clone(), path, (token, &now), Some(other.clone())).await.status,
        StatusCode::OK
    );
    // Who does not say what they saw means it.
    assert_eq!(app.api(method, path, token, Some(other)).await.status, StatusCode::OK, "{path}");
}

#[tokio::test]
async fn late_edits_are_refused_by_the_api() {
    let app = TestApp::new(2).await;
    let root = app.token("root@lab", Role::Admin).await;
    let rules = |hours| {
        json!({ "longest_hours": hours, "longest_extended_hours": 200, "node_hours": null, "margin_minutes": 0,
                "hold_minutes": 15, "notice_minutes": 30 })
    };
    two_edit(&app, &root, (Method::PUT, "/rules"), rules(10), rules(20)).await;
    let policy = |domain| json!({ "is_open": true, "domains": [domain], "confirmed_is_enough": false });
    two_edit(&app, &root, (Method::PUT, "/sign-up-policy"), policy("a.example"), policy("b.example")).await;
    let node = |model| json!({ "name": "pi-01", "address": "10.20.0.1", "model": model });
    two_edit(&app, &root, (Method::PUT, "/nodes/pi-01/settings"), node("pi5"), node("pi3b")).await;
    let keys = |key| json!({ "ssh_keys": [key] });
    two_edit(&app, &root, (Method::PUT, "/me/keys"), keys(KEY), keys(OTHER_KEY)).await;
    let mail = |host| json!({ "is_enabled": false, "host": host, "port": 25, "security": "none" });
    two_edit(&app, &root, (Method::PUT, "/mail"), mail("a.lab"), mail("b.lab")).await;
    let made = app.api(Method::POST, "/users", &root, Some(json!({ "email": "bob@lab" }))).await;
    let user = format!("/users/{}", made.json()["user"]["id"]);
    two_edit(&app, &root, (Method::PATCH, &user), json!({ "role": "admin" }), json!({ "role": "pending" }))
        .await;
}

#[tokio::test]
async fn what_was_changed_meanwhile_is_not_removed() {
    let app = TestApp::new(0).await;
    let root = app.token("root@lab", Role::Admin).await;
    let device =
        |address: &str| Some(json!({ "name": "pc", "mac": "00:1b:21:01:02:03", "address": address }));
    app.api(Method::POST, "/devices", &root, device("10.20.0.9")).await;
    let before = tag(&app.api(Method::GET, "/devices/pc", &root, None).await);
    app.api(Method::DELETE, "/devices/pc", &root, None).await;
    app.api(Method::POST, "/devices", &root, device("10.20.0.10")).await;
    let remove =
        async |tag: &str| app.edit(Method::DELETE, "/devices/pc", (&root, tag), None).await.status.as_u16();
    assert_eq!(remove(&before).await, 412);
    assert_eq!(remove("*").await, 204);
    assert_eq!(remove("*").await, 404);
}

fn version(page: &str, form: &str) -> String {
    let form = between(page, &format!("action=\"{form}\""), "</form>").unwrap();
    between(form, "name=\"version\" value=\"", "\"").unwrap().to_owned()
}

const RULES: [(&str, &str); 4] = [
    ("longest_extended_hours", "200"),
    ("margin_minutes", "0"),
    ("hold_minutes", "15"),
    ("notice_minutes", "30"),
];

#[tokio::test]
async fn a_late_form_comes_back_with_what_was_typed_and_what_is_stored() {
    let app = TestApp::new(1).await;
    let mut root = Browser::signed_in(&app, "root@lab", Role::Admin).await;
    let mut ada = Browser::signed_in(&app, "ada@lab", Role::Admin).await;
    let seen = version(&ada.get("/rules").await.body, "/rules");
    let with = |hours, version| [&RULES[..], &[("longest_hours", hours), ("version", version)]].concat();
    assert_eq!(location(&root.post("/rules", &with("50", &seen)).await), "/rules");
    let late = ada.post("/rules", &with("60", &seen)).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    for part in ["Somebody else changed this", "name=\"longest_hours\" value=\"60\"", "Stored now: 50"] {
        assert!(late.body.contains(part), "{part}: {}", late.body);
    }
    let again = version(&late.body, "/rules");
    assert_eq!(location(&ada.post("/rules", &with("60", &again)).await), "/rules");

    let edit = "/nodes/pi-01/edit";
    let seen = version(&ada.get(edit).await.body, edit);
    let node = |address, version| {
        [
            ("name", "pi-01"),
            ("address", address),
            ("model", "pi4b"),
            ("switch", ""),
            ("port", ""),
            ("version", version),
        ]
    };
    assert_eq!(location(&root.post(edit, &node("10.20.0.21", &seen)).await), "/nodes");
    let late = ada.post(edit, &node("10.20.0.22", &seen)).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    for part in ["Somebody else changed this", "value=\"10.20.0.22\"", "Stored now: 10.20.0.21"] {
        assert!(late.body.contains(part), "{part}: {}", late.body);
    }

    let seen = version(&ada.get("/users").await.body, "/users/policy");
    let policy = |domain, version| [("is_open", "on"), ("domains", domain), ("version", version)];
    assert_eq!(location(&root.post("/users/policy", &policy("a.example", &seen)).await), "/users");
    let late = ada.post("/users/policy", &policy("b.example", &seen)).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(late.body.contains("value=\"b.example\"") && late.body.contains(": a.example"), "{}", late.body);

    let seen = version(&ada.get("/mail").await.body, "/mail");
    let mail = |host, version| [("host", host), ("port", "25"), ("security", "none"), ("version", version)];
    assert_eq!(location(&root.post("/mail", &mail("a.lab", &seen)).await), "/mail");
    let late = ada.post("/mail", &mail("b.lab", &seen)).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(
        late.body.contains("value=\"b.lab\"") && late.body.contains("Stored now: a.lab"),
        "{}",
        late.body
    );
}

#[tokio::test]
async fn a_late_button_changes_nothing_and_says_so() {
    let app = TestApp::new(1).await;
    let mut root = Browser::signed_in(&app, "root@lab", Role::Admin).await;
    let mut ada = Browser::signed_in(&app, "ada@lab", Role::Admin).await;
    ada.post("/users", &[("email", "bob@lab")]).await;
    let token = app.scoped("root@lab", "read").await;
    let users = app.api(Method::GET, "/users", &token, None).await.json();
    let id = users.as_array().unwrap().iter().find(|user| user["email"] == "bob@lab").unwrap()["id"].clone();
    let path = format!("/users/{id}/role");
    let seen = version(&ada.get("/users").await.body, &path);
    root.post(&path, &[("role", "pending"), ("version", &seen)]).await;
    ada.post(&path, &[("role", "admin"), ("version", &seen)]).await;
    assert!(ada.get("/users").await.body.contains("Somebody else changed this account meanwhile"));
    let user = app.api(Method::GET, &format!("/users/{id}"), &token, None).await.json();
    assert_eq!(user["role"], "pending");
}
