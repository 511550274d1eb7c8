//! What administrators do on pages, by the API.

use crate::test_app::TestApp;
use axum::http::{Method, StatusCode};
use pimaster::model::user::Role;
use serde_json::{Value, json};

async fn ask(app: &TestApp, token: &str, method: Method, path: &str, body: Value) -> (u16, Value) {
    let answer = app.api(method, path, token, (!body.is_null()).then_some(body)).await;
    (answer.status.as_u16(), answer.json())
}

#[tokio::test]
async fn accounts_are_made_changed_and_removed() {
    let app = TestApp::new(1).await;
    let root = app.token("root@lab", Role::Admin).await;
    let (status, made) = ask(&app, &root, Method::POST, "/users", json!({ "email": "Bob@Lab" })).await;
    assert_eq!(
        (status, &made["user"]["email"], &made["user"]["role"]),
        (201, &json!("bob@lab"), &json!("user"))
    );
    assert!(made["link"].as_str().unwrap().starts_with("http://pimaster.test/links/"));
    let (status, again) = ask(&app, &root, Method::POST, "/users", json!({ "email": "bob@lab" })).await;
    assert_eq!((status, &again["field"]), (409, &json!("email")));
    let bob = format!("/users/{}", made["user"]["id"]);
    let (status, link) = ask(&app, &root, Method::POST, &format!("{bob}/link"), Value::Null).await;
    assert!(status == 200 && link["link"].is_string(), "{link}");
    let (status, wrong) = ask(&app, &root, Method::PATCH, &bob, json!({ "role": "king" })).await;
    assert_eq!((status, &wrong["field"]), (422, &json!("role")));
    let token = app.scoped("bob@lab", "read reserve").await;
    let body = json!({ "nodes": ["pi-01"], "hours": 1, "name": "bin" });
    assert_eq!(ask(&app, &token, Method::POST, "/reservations", body).await.0, 201);
    assert_eq!(ask(&app, &root, Method::GET, &bob, Value::Null).await.1["reservations"], 1);
    assert_eq!(ask(&app, &root, Method::DELETE, &bob, Value::Null).await.0, 204);
    assert_eq!(ask(&app, &root, Method::GET, "/nodes", Value::Null).await.1[0]["free"], true);
    for method in [Method::GET, Method::DELETE] {
        assert_eq!(ask(&app, &root, method, &bob, Value::Null).await.0, 404, "removed is gone");
    }
    let revive = ask(&app, &root, Method::PATCH, &bob, json!({ "role": "admin" })).await;
    assert_eq!(revive.0, 404, "a removed account is no account");
    let users = ask(&app, &root, Method::GET, "/users", Value::Null).await.1;
    let own = format!("/users/{}", users[0]["id"]);
    assert_eq!(ask(&app, &root, Method::DELETE, &own, Value::Null).await.0, 409, "one's own");
    assert_eq!(ask(&app, &root, Method::PATCH, &own, json!({ "role": "user" })).await.0, 409, "the last one");
    let log = ask(&app, &root, Method::GET, "/audit", Value::Null).await.1;
    assert!(log.as_array().unwrap().iter().any(|line| line["action"] == "account_removed"), "{log}");
}

#[tokio::test]
async fn nodes_are_changed_and_retired() {
    let app = TestApp::new(2).await;
    let root = app.token("root@lab", Role::Admin).await;
    let settings = "/nodes/pi-01/settings";
    let shown = ask(&app, &root, Method::GET, settings, Value::Null).await.1;
    assert_eq!((&shown["mac"], &shown["port"]), (&json!("dc:a6:32:00:00:01"), &Value::Null));
    let body = |name: &str, address: &str| json!({ "name": name, "address": address, "model": "pi4b" });
    let (status, wrong) = ask(&app, &root, Method::PUT, settings, body("pi-01", "ten")).await;
    assert_eq!((status, &wrong["field"]), (422, &json!("address")));
    assert_eq!(ask(&app, &root, Method::PUT, settings, body("pi-01", "10.20.0.2")).await.0, 409);
    let (status, changed) = ask(&app, &root, Method::PUT, settings, body("lab-01", "10.20.0.21")).await;
    assert_eq!(
        (status, &changed["name"], &changed["address"]),
        (200, &json!("lab-01"), &json!("10.20.0.21"))
    );
    assert_eq!(ask(&app, &root, Method::GET, settings, Value::Null).await.0, 404);
    assert_eq!(ask(&app, &root, Method::DELETE, "/nodes/lab-01", Value::Null).await.0, 204);
    assert_eq!(ask(&app, &root, Method::DELETE, "/nodes/lab-01", Value::Null).await.0, 404);
}

#[tokio::test]
async fn the_mail_servers_password_goes_in_and_never_out() {
    let app = TestApp::new(0).await;
    let root = app.token("root@lab", Role::Admin).await;
    let body = |host: &str, password: &str| {
        json!({ "is_enabled": true, "host": host, "port": 587, "security": "starttls", "user": "pi",
                "password": password, "from": "pi@lab.example" })
    };
    assert_eq!(ask(&app, &root, Method::POST, "/mail/test", Value::Null).await.0, 409, "no server yet");
    let set = app.api(Method::PUT, "/mail", &root, Some(body("mail.lab", "secret horse"))).await;
    assert_eq!(set.status, StatusCode::OK, "{}", set.body);
    assert!(set.json()["has_password"] == true && !set.body.contains("horse"), "{}", set.body);
    assert_eq!(ask(&app, &root, Method::PUT, "/mail", body("mail.lab", "")).await.1["has_password"], true);
    let (status, moved) = ask(&app, &root, Method::PUT, "/mail", body("evil.lab", "")).await;
    assert_eq!((status, &moved["field"]), (422, &json!("password")), "it goes to its own server alone");
    assert_eq!(ask(&app, &root, Method::POST, "/mail/test", Value::Null).await.0, 202);
    let outbox = ask(&app, &root, Method::GET, "/mail/outbox", Value::Null).await.1;
    assert_eq!((&outbox[0]["to"], &outbox[0]["state"]), (&json!("root@lab"), &json!("waiting")));
}
