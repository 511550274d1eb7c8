//! The pages: the way of a person through them, and everything that must be refused.

use crate::browser::{Browser, between, location};
use crate::test_app::{KEY, TestApp};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use futures_util::StreamExt;
use pimaster::agent::Agent;
use pimaster::model::agent::Caller;
use pimaster::model::clock;
use pimaster::model::deployment::{DeploymentState, Progress, Request as Asked, StepEvent};
use pimaster::model::ids::{DeploymentId, ReservationId};
use pimaster::model::problem::Problem;
use pimaster::model::reservation::ReservationState;
use pimaster::model::user::Role;
use pimaster::store::{deployments, reservations, users};
use pimaster::web;

const RESERVE: [(&str, &str); 4] = [("nodes", "pi-01"), ("hours", "2"), ("name", "night run"), ("start", "")];
const CONFIGURE: [(&str, &str); 4] =
    [("environment", "raspios"), ("partition_size", "whole"), ("ssh_keys", ""), ("user_script", "")];

/// Reserves pi-01 and configures it.
async fn configured(browser: &mut Browser<'_>) -> ReservationId {
    let answer = browser.post("/reserve", &RESERVE).await;
    let path = location(&answer).to_owned();
    assert_eq!(location(&browser.post(&path, &CONFIGURE).await), "/manage");
    between(&path, "/reservations/", "/").unwrap().parse().unwrap()
}

async fn change(
    app: &TestApp,
    id: DeploymentId,
    change: impl FnOnce(&mut pimaster::model::deployment::Deployment) + Send + 'static,
) {
    app.store
        .write(move |tx| {
            let mut row = deployments::by_id(tx, id)?.unwrap();
            change(&mut row);
            deployments::save(tx, &row)
        })
        .await
        .unwrap();
}

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
async fn a_person_reserves_configures_follows_and_destroys() {
    let app = TestApp::new(3).await;
    let mut ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    let saved = ada.post("/settings/keys", &[("ssh_keys", KEY)]).await;
    assert_eq!(location(&saved), "/settings");
    let page = ada.get("/reserve").await;
    assert!(page.body.contains("<strong>3</strong> of 3 free"), "{}", page.body);
    let reserved = ada.post("/reserve", &RESERVE).await;
    let configure = location(&reserved).to_owned();
    let page = ada.get(&configure).await;
    assert!(page.body.contains("The nodes are reserved as night run."), "{}", page.body);
    assert!(page.body.contains("raspios") && page.body.contains("ada@lab</span>"), "{}", page.body);
    assert_eq!(location(&ada.post(&configure, &CONFIGURE).await), "/manage");
    let page = ada.get("/manage").await;
    let password = between(&page.body, "<code class=\"copy\">", "</code>").unwrap();
    assert_eq!(password.len(), 14, "the password that was made is shown");
    assert!(page.body.contains("initialized"), "{}", page.body);
    assert!(!ada.get("/manage").await.body.contains(password), "it is shown once");

    let id: ReservationId = between(&configure, "/reservations/", "/").unwrap().parse().unwrap();
    let row = app.activate(id, DeploymentState::EnvCopy).await[0];
    change(&app, row, |row| {
        row.progress = Some(Progress {
            done_bytes: 600_000_000,
            total_bytes: 1_800_000_000,
            rate_bytes_per_second: 20_000_000,
        });
    })
    .await;
    let page = ada.get("/manage").await;
    for part in ["env_copy", "step 4 of 17", "33 % · 600 MB of 1.8 GB · 20.0 MB/s · 1 min left"] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    assert_eq!(location(&ada.post("/nodes/pi-01/hard-reboot", &[("back", "/manage")]).await), "/manage");
    let fragment = ada.get("/manage/live").await;
    assert!(fragment.body.contains("A hard reboot was asked for"), "{}", fragment.body);
    assert!(!fragment.body.contains("<html"));

    change(&app, row, |row| {
        row.state = DeploymentState::Deployed;
        (row.progress, row.request) = (None, None);
    })
    .await;
    let page = ada.get("/manage").await;
    assert!(page.body.contains("ssh -p 22 root@10.20.0.1"), "{}", page.body);
    assert!(page.body.contains("SHA256:"), "{}", page.body);
    assert_eq!(location(&ada.post(&format!("/reservations/{id}/release"), &[]).await), "/manage");
    let state = app.store.read(move |conn| reservations::by_id(conn, id)).await.unwrap().unwrap().state;
    assert_eq!(state, ReservationState::Ending);
    assert!(!ada.get("/manage").await.body.contains("Hard reboot"));
}

#[tokio::test]
async fn problems_and_history_are_shown_as_text() {
    let app = TestApp::new(1).await;
    let mut ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    let id = configured(&mut ada).await;
    let row = app.activate(id, DeploymentState::Failed).await[0];
    change(&app, row, |row| {
        row.problem = Some(Problem::new("<script>alert(1)</script>", "a card", "Put a card in."));
    })
    .await;
    let event = StepEvent { at: clock::now(), state: DeploymentState::Failed, text: "no <b>card</b>".into() };
    app.store.write(move |tx| deployments::add_event(tx, row, &event)).await.unwrap();
    let page = ada.get(&format!("/reservations/{id}")).await;
    assert!(
        page.body.contains("&lt;script&gt;alert(1)") && !page.body.contains("<script>alert"),
        "{}",
        page.body
    );
    assert!(page.body.contains("no &lt;b&gt;card") && page.body.contains("Put a card in."), "{}", page.body);
    assert!(page.body.contains("History of pi-01"));
}

#[tokio::test]
async fn wrong_fields_are_named_and_nothing_typed_is_lost() {
    let app = TestApp::new(2).await;
    let mut ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    let page = ada.post("/reserve", &[("nodes", "pi-02"), ("hours", "900"), ("name", "my \"bin\"")]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.body.contains("hours is 900; expected 1 to 72"), "{}", page.body);
    assert!(page.body.contains("value=\"my &quot;bin&quot;\""), "{}", page.body);
    assert!(page.body.contains("value=\"pi-02\" id=\"node-pi-02\" checked"), "{}", page.body);
    let mut bob = Browser::signed_in(&app, "bob@lab", Role::User).await;
    location(&bob.post("/reserve", &RESERVE).await);
    let page = ada.post("/reserve", &RESERVE).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert!(page.body.contains("pi-01 is taken by bob@lab from"), "{}", page.body);

    let reserved = ada.post("/reserve", &[("nodes", "pi-02"), ("hours", "1"), ("name", "x")]).await;
    let configure = location(&reserved).to_owned();
    let typed = [
        ("environment", "raspios"),
        ("partition_size", "other"),
        ("other_size", "huge"),
        ("ssh_keys", "not a key"),
        ("user_script", "date"),
        ("password", "short"),
    ];
    let page = ada.post(&configure, &typed).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    for part in ["`huge` is no partition size", "Line 1: `not a key`", "5 characters", ">\ndate</textarea>"] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    assert!(!page.body.contains("value=\"short\""), "a password is never sent back");
    let page = ada.post("/settings/keys", &[("ssh_keys", "nonsense")]).await;
    assert!(page.body.contains("Line 1: `nonsense` is no public SSH key"), "{}", page.body);
}

#[tokio::test]
async fn every_page_wants_the_right_person() {
    let app = TestApp::new(1).await;
    let mut owner = Browser::signed_in(&app, "ada@lab", Role::User).await;
    let mut other = Browser::signed_in(&app, "bob@lab", Role::User).await;
    let mut admin = Browser::signed_in(&app, "root@lab", Role::Admin).await;
    let id = configured(&mut owner).await;
    let configure = format!("/reservations/{id}/configure");
    let pages = [
        ("/reserve".to_owned(), 200),
        ("/reserve/live".to_owned(), 200),
        ("/manage".to_owned(), 200),
        ("/manage/live".to_owned(), 200),
        ("/manage?all=1".to_owned(), 200),
        ("/settings".to_owned(), 200),
        (configure.clone(), 403),
        (format!("/reservations/{id}"), 403),
        (format!("/reservations/{id}/live"), 403),
    ];
    for (path, stranger) in &pages {
        let anonymous = Browser::new(&app).get(path).await;
        let next: String = form_urlencoded::byte_serialize(path.as_bytes()).collect();
        assert_eq!(location(&anonymous), format!("/sign-in?next={next}"));
        assert_eq!(other.get(path).await.status.as_u16(), *stranger, "{path}");
        assert_eq!(owner.get(path).await.status, StatusCode::OK, "{path}");
        assert_eq!(admin.get(path).await.status, StatusCode::OK, "{path}");
    }
    assert!(!other.get("/manage?all=1").await.body.contains("night run"));
    assert!(admin.get("/manage?all=1").await.body.contains("night run"));
    app.activate(id, DeploymentState::Deployed).await;
    let forms = [
        ("/nodes/pi-01/hard-reboot".to_owned(), 403, 303),
        ("/nodes/pi-01/deploy-again".to_owned(), 403, 303),
        (configure, 403, 409),
        (format!("/reservations/{id}/release"), 403, 303),
        ("/settings/keys".to_owned(), 303, 303),
        ("/settings/tokens/1/revoke".to_owned(), 404, 404),
    ];
    for (path, stranger, holder) in &forms {
        let anonymous = Browser::new(&app).post(path, &CONFIGURE).await;
        assert_eq!(location(&anonymous), "/sign-in", "{path}");
        assert_eq!(other.post(path, &CONFIGURE).await.status.as_u16(), *stranger, "{path}");
        assert_eq!(admin.post(path, &CONFIGURE).await.status.as_u16(), *holder, "{path}");
        assert_eq!(owner.post(path, &CONFIGURE).await.status.as_u16(), *holder, "{path}");
    }
}

#[tokio::test]
async fn forms_without_their_token_change_nothing() {
    let app = TestApp::new(1).await;
    let mut ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    let bob = Browser::signed_in(&app, "bob@lab", Role::User).await;
    let id = configured(&mut ada).await;
    let row = app.activate(id, DeploymentState::Deployed).await[0];
    let release = format!("/reservations/{id}/release");
    let paths = [
        "/nodes/pi-01/hard-reboot",
        "/nodes/pi-01/deploy-again",
        &release,
        "/reserve",
        "/settings/keys",
        "/settings/password",
        "/settings/tokens",
        "/settings/tokens/1/revoke",
        "/sign-out",
    ];
    for path in paths {
        for token in [None, Some(""), Some("made-up"), Some(bob.csrf.as_str())] {
            let fields: Vec<(&str, &str)> = token.map(|token| ("csrf", token)).into_iter().collect();
            assert_eq!(ada.post_raw(path, &fields).await.status, StatusCode::FORBIDDEN, "{path} {token:?}");
        }
    }
    let request = Request::post("/nodes/pi-01/hard-reboot")
        .header("sec-fetch-site", "cross-site")
        .body(Body::from(format!("csrf={}", ada.csrf)));
    assert_eq!(ada.send(request.unwrap()).await.status, StatusCode::FORBIDDEN);
    let asked = app.store.read(move |conn| deployments::by_id(conn, row)).await.unwrap().unwrap().request;
    assert_eq!(asked, None);
    location(&ada.post("/nodes/pi-01/hard-reboot", &[]).await);
    let asked = app.store.read(move |conn| deployments::by_id(conn, row)).await.unwrap().unwrap().request;
    assert_eq!(asked, Some(Asked::HardReboot));
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
    assert_eq!(new.post("/reserve", &RESERVE).await.status, StatusCode::FORBIDDEN);
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
    let nodes = async || app.api(axum::http::Method::GET, "/nodes", &token, None).await.status;
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
async fn every_answer_is_hardened_and_assets_are_cached() {
    let app = TestApp::new(1).await;
    let mut browser = Browser::new(&app);
    for path in ["/sign-in", "/nonsense", "/api/v1/nodes", "/assets/style.css"] {
        let headers = browser.get(path).await.headers;
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        let stored = headers[header::CACHE_CONTROL] != "no-store";
        assert_eq!(stored, path.starts_with("/assets/"), "{path}");
    }
    let page = browser.get("/sign-in").await;
    assert!(!page.body.contains("<style") && !page.body.contains("style="), "no inline styles");
    assert_eq!(page.body.matches("<script").count(), 1, "one script");
    let style = between(&page.body, "rel=\"stylesheet\" href=\"", "\"").unwrap();
    let answer = browser.get(style).await;
    assert!(answer.headers[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
    let again =
        Request::get("/assets/style.css").header(header::IF_NONE_MATCH, &answer.headers[header::ETAG]);
    assert_eq!(browser.send(again.body(Body::empty()).unwrap()).await.status, StatusCode::NOT_MODIFIED);
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

#[tokio::test]
async fn the_stream_hints_at_once_after_a_change_and_ends_at_shutdown() {
    let app = TestApp::new(1).await;
    let ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    let user = app.store.read(|conn| users::by_email(conn, "ada@lab")).await.unwrap().unwrap().id;
    let caller = Caller { user, is_admin: false };
    let wish = pimaster::model::agent::ReserveWish {
        nodes: vec!["pi-01".parse().unwrap()],
        start: None,
        hours: 1,
        name: "x".into(),
    };
    assert!(location(&Browser::new(&app).get("/events").await).starts_with("/sign-in"));
    let mut stream = ada.stream("/events").await;
    let mut next = async || Some(String::from_utf8(stream.next().await?.unwrap().to_vec()).unwrap());
    assert!(
        next().await.unwrap().starts_with("event: changed"),
        "a hint at once: something may have been missed"
    );
    app.agent.reserve(&caller, wish).await.unwrap();
    assert!(next().await.unwrap().starts_with("event: changed"));
    app.streams.cancel();
    assert_eq!(next().await, None);
}
