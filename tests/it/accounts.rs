//! Accounts: links, sessions, passwords, tokens, and what of them must be refused.

use crate::browser::{Browser, between, location};
use crate::test_app::TestApp;
use axum::http::{Method, StatusCode};
use pimaster::model::user::Role;
use pimaster::store::users;
use pimaster::web;

#[tokio::test]
async fn the_first_administrator_comes_in_by_a_link_that_works_once() {
    let app = TestApp::new(1).await;
    let link = async || web::ensure_admin(&app.store, "root@lab", "http://pimaster.test/").await.unwrap();
    let lost = link().await.unwrap();
    let link_again = link().await.unwrap();
    let path = |link: &str| link.strip_prefix("http://pimaster.test").unwrap().to_owned();
    let mut browser = Browser::new(&app);
    assert_eq!(browser.get(&path(&lost)).await.status, StatusCode::GONE);
    let page = browser.get(&path(&link_again)).await;
    assert!(page.body.contains("Choose the password of") && page.body.contains("root@lab"), "{}", page.body);
    let wrong = browser.post(&path(&link_again), &[("new_password", "short"), ("again", "shirt")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("5 characters") && wrong.body.contains("differ"), "{}", wrong.body);
    let good = [("new_password", "correct horse"), ("again", "correct horse")];
    assert_eq!(location(&browser.post(&path(&link_again), &good).await), "/");
    assert_eq!(location(&browser.get("/").await), "/reserve");
    assert_eq!(browser.post(&path(&link_again), &good).await.status, StatusCode::FORBIDDEN);
    assert_eq!(browser.get(&path(&link_again)).await.status, StatusCode::GONE);
    assert_eq!(link().await, None, "an administrator has a password now");

    let mut other = Browser::new(&app);
    other.get("/sign-in").await;
    let entered =
        other.post("/sign-in", &[("email", "Root@Lab"), ("password", "correct horse"), ("next", "/manage")]);
    assert_eq!(location(&entered.await), "/manage");
}

#[tokio::test]
async fn made_up_and_ended_sessions_are_nobody() {
    let app = TestApp::new(1).await;
    let mut ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    let kept = ada.cookies.clone();
    let good = kept["pimaster_session"].clone();
    let (id, mac) = good.split_once('.').unwrap();
    for forged in
        ["x".to_owned(), format!("{id}."), format!("{id}A.{mac}"), format!("{mac}.{id}"), id.to_owned()]
    {
        ada.cookies.insert("pimaster_session".into(), forged);
        assert!(location(&ada.get("/settings").await).starts_with("/sign-in"));
    }
    ada.cookies = kept.clone();
    assert_eq!(ada.get("/settings").await.status, StatusCode::OK);
    assert_eq!(location(&ada.post("/sign-out", &[]).await), "/sign-in");
    assert!(!ada.cookies.contains_key("pimaster_session"));
    ada.cookies = kept;
    assert!(
        location(&ada.get("/settings").await).starts_with("/sign-in"),
        "the session is over, cookie or not"
    );
}

#[tokio::test]
async fn wrong_passwords_are_slowed_and_tell_nothing() {
    let app = TestApp::new(1).await;
    let link = web::ensure_admin(&app.store, "root@lab", "").await.unwrap().unwrap();
    let mut root = Browser::new(&app);
    root.get(&link).await;
    root.post(&link, &[("new_password", "correct horse"), ("again", "correct horse")]).await;
    let mut thief = Browser::new(&app);
    thief.get("/sign-in").await;
    let mut attempt = async |email: &str, password: &str| {
        let answer = thief.post("/sign-in", &[("email", email), ("password", password)]).await;
        (answer.status, between(&answer.body, "role=\"alert\">", "<").map(str::to_owned))
    };
    let known = attempt("root@lab", "wrong horse").await;
    assert_eq!(known, attempt("nobody@lab", "wrong horse").await);
    assert_eq!(known, attempt("no address", "wrong horse").await);
    assert_eq!(known.0, StatusCode::UNPROCESSABLE_ENTITY);
    for _ in 0..4 {
        attempt("root@lab", "wrong horse").await;
    }
    let slowed = attempt("ROOT@lab", "correct horse").await;
    assert_eq!(slowed.0, StatusCode::TOO_MANY_REQUESTS);
    assert!(slowed.1.unwrap().contains("Wait"), "even the right password waits");
}

#[tokio::test]
async fn accounts_that_wait_may_do_nothing() {
    let app = TestApp::new(1).await;
    let mut new = Browser::signed_in(&app, "new@lab", Role::User).await;
    let user = app.store.read(|conn| users::by_email(conn, "new@lab")).await.unwrap().unwrap();
    app.store.write(move |tx| users::set_role(tx, user.id, Role::Pending)).await.unwrap();
    let answer = new.get("/reserve").await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.body.contains("Ask one, then try again"), "{}", answer.body);
    assert_eq!(new.post("/reserve", &[("nodes", "pi-01")]).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let app = TestApp::new(1).await;
    let mut ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    let link = web::sign_in_link(&app.store, "ada@lab", "").await.unwrap();
    let mut laptop = Browser::new(&app);
    laptop.get(&link).await;
    laptop.post(&link, &[]).await;
    assert_eq!(laptop.get("/settings").await.status, StatusCode::OK);
    let change = |old, new| [("password", old), ("new_password", new), ("again", new)];
    location(&ada.post("/settings/password", &change("", "correct horse")).await);
    assert!(location(&laptop.get("/settings").await).starts_with("/sign-in"));
    let page = ada.post("/settings/password", &change("wrong horse", "another horse")).await;
    assert!(page.body.contains("not the present password"), "{}", page.body);
    location(&ada.post("/settings/password", &change("correct horse", "another horse")).await);
    assert_eq!(ada.get("/settings").await.status, StatusCode::OK);
}

#[tokio::test]
async fn tokens_are_shown_once_and_can_be_revoked() {
    let app = TestApp::new(1).await;
    let mut ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    location(&ada.post("/settings/tokens", &[("name", "nightly")]).await);
    let page = ada.get("/settings").await.body;
    let token = between(&page, "<code class=\"copy\">", "</code>").unwrap().to_owned();
    assert!(token.starts_with("pm_") && token.len() > 40, "{token}");
    assert!(!ada.get("/settings").await.body.contains(&token));
    let nodes = async || app.api(Method::GET, "/nodes", &token, None).await.status;
    assert_eq!(nodes().await, StatusCode::OK);
    let revoke = between(&page, "/settings/tokens/", "/revoke").unwrap();
    let mut bob = Browser::signed_in(&app, "bob@lab", Role::User).await;
    let path = format!("/settings/tokens/{revoke}/revoke");
    assert_eq!(bob.post(&path, &[]).await.status, StatusCode::NOT_FOUND, "only one's own");
    assert_eq!(nodes().await, StatusCode::OK);
    location(&ada.post(&path, &[]).await);
    assert_eq!(nodes().await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn links_never_lead_away() {
    let app = TestApp::new(1).await;
    let link = web::ensure_admin(&app.store, "root@lab", "").await.unwrap().unwrap();
    let mut root = Browser::new(&app);
    root.get(&link).await;
    root.post(&link, &[("new_password", "correct horse"), ("again", "correct horse")]).await;
    for next in ["//evil.example", "https://evil.example/", "/\\evil.example"] {
        root.get("/sign-in").await;
        let fields = [("email", "root@lab"), ("password", "correct horse"), ("next", next)];
        assert_eq!(location(&root.post("/sign-in", &fields).await), "/");
    }
}
