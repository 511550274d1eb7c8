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
    location(&ada.post("/settings/tokens", &[("name", "nightly"), ("scopes", "read"), ("days", "30")]).await);
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

const NEW: [(&str, &str); 4] = [
    ("email", "Eve@Lab.Example"),
    ("name", "Eve"),
    ("new_password", "correct horse"),
    ("again", "correct horse"),
];

async fn sign_in(browser: &mut Browser<'_>, email: &str) -> StatusCode {
    browser.get("/sign-in").await;
    browser.post("/sign-in", &[("email", email), ("password", "correct horse")]).await.status
}

#[tokio::test]
async fn who_signs_up_waits_until_an_administrator_accepts() {
    let app = TestApp::new(1).await;
    let mut root = Browser::signed_in(&app, "root@lab", Role::Admin).await;
    let mut eve = Browser::new(&app);
    eve.get("/sign-up").await;
    let wrong = eve.post("/sign-up", &[("email", "eve"), ("name", "Eve")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        wrong.body.contains("is no e-mail address") && wrong.body.contains("value=\"Eve\""),
        "{}",
        wrong.body
    );
    let done = eve.post("/sign-up", &NEW).await;
    assert!(done.body.contains("eve@lab.example waits for an administrator"), "{}", done.body);
    assert_eq!(sign_in(&mut eve, "eve@lab.example").await, StatusCode::FORBIDDEN);

    let id = app.store.read(|conn| users::by_email(conn, "eve@lab.example")).await.unwrap().unwrap().id;
    let page = root.get("/users").await;
    assert!(page.body.contains("eve@lab.example") && page.body.contains("waits"), "{}", page.body);
    let accepted = root.post(&format!("/users/{id}/role"), &[("role", "user")]).await;
    assert_eq!(location(&accepted), "/users");
    assert_eq!(sign_in(&mut eve, "eve@lab.example").await, StatusCode::SEE_OTHER);
    eve.get("/settings").await;

    // A second account with the address changes nothing and says the same.
    let mut thief = Browser::new(&app);
    thief.get("/sign-up").await;
    let other = [NEW[0], NEW[1], ("new_password", "stolen horse"), ("again", "stolen horse")];
    let main = |body: &str| between(body, "<main", "</main>").unwrap().to_owned();
    assert_eq!(main(&thief.post("/sign-up", &other).await.body), main(&done.body));
    assert_eq!(sign_in(&mut thief, "eve@lab.example").await, StatusCode::SEE_OTHER, "the old password works");

    root.post(&format!("/users/{id}/role"), &[("role", "pending")]).await;
    assert!(location(&eve.get("/settings").await).starts_with("/sign-in"), "revoked: the session is over");
    let log = root.get("/audit").await.body;
    for line in ["signed_up", "eve@lab.example: pending to user", "eve@lab.example: user to pending"] {
        assert!(log.contains(line), "{line}: {log}");
    }
    assert!(log.contains("root@lab") && log.contains("192.0.2.7"), "{log}");
}

#[tokio::test]
async fn sign_up_follows_the_policy() {
    let app = TestApp::new(1).await;
    let mut root = Browser::signed_in(&app, "root@lab", Role::Admin).await;
    let policy = [("is_open", "on"), ("domains", "uni.example")];
    assert_eq!(location(&root.post("/users/policy", &policy).await), "/users");
    let mut eve = Browser::new(&app);
    let page = eve.get("/sign-up").await;
    assert!(page.body.contains("must be of uni.example"), "{}", page.body);
    let refused = eve.post("/sign-up", &NEW).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("expected one of uni.example"), "{}", refused.body);
    let wrong = root.post("/users/policy", &[("domains", "a@b")]).await;
    assert!(wrong.body.contains("is no domain") && wrong.body.contains("value=\"a@b\""), "{}", wrong.body);
    root.post("/users/policy", &[]).await;
    assert!(eve.get("/sign-up").await.body.contains("Nobody makes an account here"));
    assert_eq!(eve.post("/sign-up", &NEW).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(app.store.read(|conn| users::by_email(conn, "eve@lab.example")).await.unwrap(), None);
}

#[tokio::test]
async fn sign_ups_are_slowed() {
    let app = TestApp::new(1).await;
    let mut eve = Browser::new(&app);
    eve.get("/sign-up").await;
    let mut statuses = Vec::new();
    for number in 0..6 {
        let email = format!("eve{number}@lab.example");
        let fields = [("email", email.as_str()), NEW[2], NEW[3]];
        statuses.push(eve.post("/sign-up", &fields).await.status.as_u16());
    }
    assert_eq!(statuses, [200, 200, 200, 200, 200, 429]);
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let app = TestApp::new(1).await;
    let mut root = Browser::signed_in(&app, "root@lab", Role::Admin).await;
    let id = app.store.read(|conn| users::by_email(conn, "root@lab")).await.unwrap().unwrap().id;
    for role in ["user", "pending"] {
        root.post(&format!("/users/{id}/role"), &[("role", role)]).await;
        let page = root.get("/users").await;
        assert!(page.body.contains("This is the only administrator"), "{}", page.body);
    }
    root.post(&format!("/users/{id}/remove"), &[]).await;
    assert!(root.get("/users").await.body.contains("You cannot remove your own account"));
    let mut ada = Browser::signed_in(&app, "ada@lab", Role::Admin).await;
    root.post(&format!("/users/{id}/role"), &[("role", "user")]).await;
    assert_eq!(root.get("/users").await.status, StatusCode::FORBIDDEN, "there is another one now");
    assert_eq!(ada.get("/users").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_removed_account_gives_everything_back() {
    let app = TestApp::new(1).await;
    let mut root = Browser::signed_in(&app, "root@lab", Role::Admin).await;
    let mut ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    let fields = [("nodes", "pi-01"), ("hours", "2"), ("name", "night run"), ("start", "")];
    location(&ada.post("/reserve", &fields).await);
    let id = app.store.read(|conn| users::by_email(conn, "ada@lab")).await.unwrap().unwrap().id;
    assert!(root.get("/users").await.body.contains("Its reservation is given back"));
    assert_eq!(location(&root.post(&format!("/users/{id}/remove"), &[]).await), "/users");
    let page = root.get("/users").await;
    assert!(
        page.body.contains("ada@lab is removed") && !page.body.contains("Remove ada@lab"),
        "{}",
        page.body
    );
    assert!(location(&ada.get("/settings").await).starts_with("/sign-in"));
    assert!(root.get("/reserve").await.body.contains("1 of 1 free now"));
    assert_eq!(root.post(&format!("/users/{id}0/remove"), &[]).await.status, StatusCode::NOT_FOUND);
    Browser::signed_in(&app, "ada@lab", Role::User).await;
}

#[tokio::test]
async fn sessions_are_listed_and_ended_from_elsewhere() {
    let app = TestApp::new(1).await;
    let mut here = Browser::signed_in(&app, "ada@lab", Role::User).await;
    let link = web::sign_in_link(&app.store, "ada@lab", "").await.unwrap();
    let mut there = Browser::new(&app);
    there.get(&link).await;
    there.post(&link, &[]).await;
    let page = here.get("/settings").await.body;
    assert!(page.contains("this browser") && page.contains("192.0.2.7"), "{page}");
    let end = between(&page, "action=\"/settings/sessions/", "\"").unwrap().to_owned();
    let mut eve = Browser::signed_in(&app, "eve@lab", Role::User).await;
    let path = format!("/settings/sessions/{end}");
    assert_eq!(eve.post(&path, &[]).await.status, StatusCode::NOT_FOUND, "not hers");
    assert_eq!(location(&here.post(&path, &[]).await), "/settings");
    assert!(location(&there.get("/settings").await).starts_with("/sign-in"));
    assert_eq!(here.get("/settings").await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_account_made_for_somebody_comes_with_a_link() {
    let app = TestApp::new(1).await;
    let mut root = Browser::signed_in(&app, "root@lab", Role::Admin).await;
    location(&root.post("/users", &[("email", "Bob@Lab")]).await);
    let page = root.get("/users").await.body;
    let link = between(&page, "<code class=\"copy\">http://pimaster.test", "</code>").unwrap().to_owned();
    let mut bob = Browser::new(&app);
    bob.get(&link).await;
    location(&bob.post(&link, &NEW[2..]).await);
    assert_eq!(bob.get("/reserve").await.status, StatusCode::OK);
    let again = root.post("/users", &[("email", "bob@lab")]).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(again.body.contains("already"), "{}", again.body);
}
