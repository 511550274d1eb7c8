//! One's own account in the API and on the settings page: keys, password, sessions, accounts at other testbeds.

use crate::browser::{Browser, location};
use crate::test_app::{KEY, TestApp};
use axum::http::{Method, StatusCode};
use pimaster::keys::Sealed;
use pimaster::model::credential::Platform;
use pimaster::model::user::Role;
use pimaster::store::{credentials, users};
use serde_json::json;

#[tokio::test]
async fn keys_password_and_sessions() {
    let app = TestApp::new(0).await;
    let mut browser = Browser::signed_in(&app, "ada@lab", Role::User).await;
    let ada = app.scoped("ada@lab", "read account").await;
    let password = async |present: &str, new: &str| {
        let body = json!({ "present": present, "new": new });
        app.api(Method::PUT, "/me/password", &ada, Some(body)).await
    };
    assert_eq!(
        password("", "a token's horse").await.status,
        StatusCode::CONFLICT,
        "the first one comes by a link"
    );
    let fields = [("new_password", "correct horse"), ("again", "correct horse")];
    location(&browser.post("/settings/password", &fields).await);
    let set = app.api(Method::PUT, "/me/keys", &ada, Some(json!({ "ssh_keys": [KEY] }))).await;
    assert_eq!((set.status, set.json()), (StatusCode::OK, json!({ "ssh_keys": [KEY] })));
    let wrong = app.api(Method::PUT, "/me/keys", &ada, Some(json!({ "ssh_keys": [KEY, "x"] }))).await;
    assert_eq!((wrong.status.as_u16(), &wrong.json()["field"]), (422, &json!("ssh_keys[1]")));

    let sessions = app.api(Method::GET, "/me/sessions", &ada, None).await.json();
    let name = sessions[0]["name"].as_str().unwrap();
    let ended = app.api(Method::DELETE, &format!("/me/sessions/{name}"), &ada, None).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    assert!(location(&browser.get("/settings").await).starts_with("/sign-in"));

    assert_eq!(password("correct horse", "short").await.json()["field"], "new");
    assert_eq!(password("wrong horse", "another horse").await.json()["field"], "present");
    assert_eq!(password("correct horse", "another horse").await.status, StatusCode::NO_CONTENT);
    for _ in 0..5 {
        password("wrong horse", "another horse").await;
    }
    assert_eq!(password("another horse", "a third horse").await.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn accounts_at_other_testbeds_are_sealed_and_never_shown() {
    let app = TestApp::new(0).await;
    let mut browser = Browser::signed_in(&app, "ada@lab", Role::User).await;
    let path = "/settings/credentials/grid5000";
    let refused = browser.post(path, &[("login", "a b"), ("password", "secret horse")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("value=\"a b\"") && !refused.body.contains("secret horse"));
    assert_eq!(
        location(&browser.post(path, &[("login", "alove"), ("password", "secret horse")]).await),
        "/settings"
    );
    let page = browser.get("/settings").await.body;
    assert!(page.contains("value=\"alove\"") && page.contains("A password is set, on"), "{page}");
    assert!(!page.contains("secret horse"));

    let user = app.store.read(|conn| users::by_email(conn, "ada@lab")).await.unwrap().unwrap().id;
    let stored = async || {
        app.store.read(move |conn| credentials::sealed(conn, user, Platform::Grid5000)).await.unwrap()
    };
    let (login, sealed) = stored().await.unwrap();
    assert!(login == "alove" && !sealed.contains("horse"), "{sealed}");
    let sealer = app.keys.sealer().unwrap();
    assert_eq!(sealer.open(Sealed::Credential, &sealed).as_deref(), Some("secret horse"));

    let ada = app.scoped("ada@lab", "read account").await;
    let listed = app.api(Method::GET, "/me/credentials", &ada, None).await;
    assert!(!listed.body.contains("horse") && !listed.body.contains(&sealed), "{}", listed.body);
    assert_eq!(listed.json()[0]["login"], "alove");
    let body = json!({ "login": "other", "password": "another horse" });
    let set = app.api(Method::PUT, "/me/credentials/iot-lab", &ada, Some(body.clone())).await;
    assert_eq!(set.status, StatusCode::NO_CONTENT);
    assert_eq!(
        app.api(Method::PUT, "/me/credentials/aws", &ada, Some(body)).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(location(&browser.post(&format!("{path}/remove"), &[]).await), "/settings");
    assert_eq!(stored().await, None);
    let gone = app.api(Method::DELETE, "/me/credentials/grid5000", &ada, None).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);

    app.store.write(move |tx| users::remove(tx, user, pimaster::model::clock::now())).await.unwrap();
    assert!(app.store.read(move |conn| credentials::list(conn, user)).await.unwrap().is_empty());
}
