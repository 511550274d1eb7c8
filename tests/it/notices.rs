//! What people are told of their reservations: mails, pages, feeds for calendar programs.

use crate::browser::{Browser, between, location};
use crate::test_app::TestApp;
use axum::http::{Method, StatusCode, header};
use pimaster::agent::Agent;
use pimaster::model::agent::{Caller, Choice, ReserveWish};
use pimaster::model::audit::Actor;
use pimaster::model::clock::{self, Clock, SignedDuration, TimeZone};
use pimaster::model::deployment::DeploymentState;
use pimaster::model::ids::ReservationId;
use pimaster::model::mail::{LetterState, MailSettings};
use pimaster::model::notification::Notifications;
use pimaster::model::user::Role;
use pimaster::store::{deployments, notices, outbox, reservations, site, users};
use pimaster::web::Notifier;
use serde_json::json;

/// Someone who wants to be told, and the notifier, started anew for each look and so many minutes ahead.
struct Office<'a> {
    app: &'a TestApp,
    ada: Caller,
}

impl<'a> Office<'a> {
    async fn new(app: &'a TestApp) -> Self {
        let on = MailSettings { is_enabled: true, ..MailSettings::default() };
        let made = app.store.write(move |tx| {
            site::set(tx, MailSettings::NAME, &on)?;
            users::insert(tx, "ada@lab", Role::User, clock::now())
        });
        let user = made.await.unwrap();
        Self { app, ada: Caller { user, is_admin: false, actor: Actor::default() } }
    }

    async fn reserve(&self, node: &str) -> ReservationId {
        let nodes = Choice::Named(vec![node.parse().unwrap()]);
        let wish =
            ReserveWish { nodes, as_many_as_possible: false, start: None, hours: 2, name: "night".into() };
        self.app.agent.reserve(&self.ada, wish).await.unwrap()
    }

    /// What waits or was given up after another look, oldest first.
    async fn look(&self, minutes: i64) -> Vec<(String, LetterState)> {
        let ahead = SignedDuration::from_mins(minutes);
        let notifier = Notifier::new(
            self.app.store.clone(),
            self.app.keys.sealer().unwrap(),
            "http://pimaster.test".into(),
            TimeZone::UTC,
            Clock::reading(move || clock::now() + ahead),
        );
        notifier.tell_due().await.unwrap();
        let listed = self.app.store.read(|conn| outbox::list(conn, None, 100)).await.unwrap();
        listed.into_iter().rev().map(|letter| (letter.subject, letter.state)).collect()
    }
}

fn soon(state: LetterState) -> (String, LetterState) {
    ("pimaster: night ends soon".into(), state)
}

#[tokio::test]
async fn an_end_is_told_once_and_again_when_it_was_moved() {
    let app = TestApp::new(1).await;
    let office = Office::new(&app).await;
    let id = office.reserve("pi-01").await;
    assert_eq!(office.look(85).await, []);
    assert_eq!(office.look(91).await, [soon(LetterState::Waiting)]);
    assert_eq!(office.look(92).await.len(), 1, "another notifier, as after a restart, does not tell again");
    app.agent.extend(&office.ada, id, 1).await.unwrap();
    assert_eq!(office.look(93).await, [soon(LetterState::GivenUp)], "it does not end soon any more");
    let again = office.look(155).await;
    assert_eq!(again, [soon(LetterState::GivenUp), soon(LetterState::Waiting)]);
    app.agent.release(&office.ada, id).await.unwrap();
    assert_eq!(office.look(156).await[1], soon(LetterState::GivenUp));
}

#[tokio::test]
async fn who_wants_no_mail_gets_none_and_others_choose_when() {
    let app = TestApp::new(1).await;
    let office = Office::new(&app).await;
    let token = app.token_of("ada@lab").await;
    let body = |minutes| json!({"before_end": true, "minutes": minutes, "outcome": true, "turn": true, "language": "fr"});
    let set = |body| app.api(Method::PUT, "/me/notifications", &token, Some(body));
    assert_eq!(set(body(0)).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(set(body(5)).await.status, StatusCode::OK);
    assert_eq!(app.api(Method::GET, "/me/notifications", &token, None).await.json(), body(5));
    office.reserve("pi-01").await;
    assert_eq!(office.look(114).await, []);
    let told = office.look(116).await;
    assert_eq!(told, [("pimaster : night se termine bientôt".into(), LetterState::Waiting)]);

    let app = TestApp::new(1).await;
    let office = Office::new(&app).await;
    let token = app.token_of("ada@lab").await;
    let off = json!({"before_end": false, "minutes": null, "outcome": true, "turn": true, "language": "en"});
    app.api(Method::PUT, "/me/notifications", &token, Some(off)).await;
    office.reserve("pi-01").await;
    assert_eq!(office.look(119).await, []);
}

#[tokio::test]
async fn an_end_is_not_told_before_it_has_begun() {
    let app = TestApp::new(1).await;
    let office = Office::new(&app).await;
    let days = Notifications { minutes: Some(3 * 24 * 60), ..Notifications::default() };
    let user = office.ada.user;
    app.store.write(move |tx| notices::set_wants(tx, user, &days)).await.unwrap();
    let start = Some(clock::now() + SignedDuration::from_hours(24));
    let nodes = Choice::Named(vec!["pi-01".parse().unwrap()]);
    let wish = ReserveWish { nodes, as_many_as_possible: false, start, hours: 2, name: "night".into() };
    app.agent.reserve(&office.ada, wish).await.unwrap();
    assert_eq!(office.look(0).await, []);
    assert_eq!(office.look(24 * 60 + 1).await, [soon(LetterState::Waiting)]);
}

#[tokio::test]
async fn what_came_of_deployments_is_told_once() {
    let app = TestApp::new(2).await;
    let office = Office::new(&app).await;
    let token = app.token_of("ada@lab").await;
    let body = json!({ "count": 2, "hours": 2, "name": "night" });
    let made = app.api(Method::POST, "/reservations", &token, Some(body)).await.json();
    let path = format!("/reservations/{}/configuration", made["id"]);
    let configured = app.api(Method::PUT, &path, &token, Some(json!({ "environment": "raspios" }))).await;
    assert_eq!(configured.status, StatusCode::OK, "{}", configured.body);
    let id = ReservationId(made["id"].as_i64().unwrap());
    let made = app.activate(id, DeploymentState::EnvCopy).await;
    assert_eq!(office.look(0).await, []);
    let become_ = async |index: usize, state| {
        let id = made[index];
        let save = app.store.write(move |tx| {
            let mut deployment = deployments::by_id(tx, id)?.unwrap();
            deployment.state = state;
            deployments::save(tx, &deployment)
        });
        save.await.unwrap();
    };
    become_(0, DeploymentState::Deployed).await;
    assert_eq!(office.look(0).await, [], "one still goes on");
    become_(1, DeploymentState::Lost).await;
    let told = [("pimaster: night is not wholly deployed".to_owned(), LetterState::Waiting)];
    assert_eq!(office.look(0).await, told);
    become_(1, DeploymentState::Deployed).await;
    assert_eq!(office.look(0).await, told);
}

#[tokio::test]
async fn pages_say_that_an_end_is_near() {
    let app = TestApp::new(1).await;
    let mut ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    let fields = [("nodes", "pi-01"), ("hours", "1"), ("name", "night"), ("start", "")];
    location(&ada.post("/reserve", &fields).await);
    assert!(!ada.get("/settings").await.body.contains("night ends soon"));
    let all = [("before_end", "on"), ("notice_minutes", "70"), ("outcome", "on"), ("turn", "on")];
    assert_eq!(location(&ada.post("/settings/notifications", &all).await), "/settings");
    let page = ada.get("/settings").await.body;
    assert!(page.contains("night ends soon") && page.contains("value=\"70\""), "{page}");
    let mut bob = Browser::signed_in(&app, "bob@lab", Role::User).await;
    assert!(!bob.get("/settings").await.body.contains("night ends soon"));
    let wrong = ada.post("/settings/notifications", &[("notice_minutes", "never")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("`never` is not possible"), "{}", wrong.body);
}

#[tokio::test]
async fn a_feed_follows_reservations_until_it_is_revoked() {
    let app = TestApp::new(1).await;
    let mut ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    let fields = [("nodes", "pi-01"), ("hours", "1"), ("name", "night; run"), ("start", "")];
    location(&ada.post("/reserve", &fields).await);
    assert_eq!(location(&ada.post("/settings/feed", &[]).await), "/settings");
    let page = ada.get("/settings").await.body;
    let url = between(&page, "class=\"copy\">http://pimaster.test", "<").unwrap().to_owned();
    assert!(url.starts_with("/calendar/") && url.ends_with(".ics"), "{url}");
    let mut program = Browser::new(&app);
    let feed = program.get(&url).await;
    assert_eq!(feed.headers[header::CONTENT_TYPE], "text/calendar; charset=utf-8");
    for line in
        ["SUMMARY:night\\; run\r\n", "SEQUENCE:0\r\n", "DESCRIPTION:pi-01\r\n", "STATUS:CONFIRMED\r\n"]
    {
        assert!(feed.body.contains(line), "{line} {}", feed.body);
    }
    let uid = |body: &str| between(body, "\r\nUID:", "\r\n").unwrap().to_owned();
    let found = app.store.read(|conn| reservations::unfinished(conn, None)).await.unwrap().remove(0);
    location(&ada.post(&format!("/reservations/{}/extend", found.id), &[("hours", "2")]).await);
    let later = program.get(&url).await.body;
    assert!(later.contains("SEQUENCE:1\r\n"), "{later}");
    assert_eq!(uid(&later), uid(&feed.body));
    location(&ada.post("/settings/feed", &[]).await);
    assert_eq!(program.get(&url).await.status, StatusCode::NOT_FOUND, "another address was made");
    let page = ada.get("/settings").await.body;
    let url = between(&page, "class=\"copy\">http://pimaster.test", "<").unwrap().to_owned();
    assert_eq!(program.get(&url).await.status, StatusCode::OK);
    assert_eq!(program.get(url.strip_suffix(".ics").unwrap()).await.status, StatusCode::NOT_FOUND);
    location(&ada.post("/settings/feed/revoke", &[]).await);
    assert_eq!(program.get(&url).await.status, StatusCode::NOT_FOUND);
    assert!(program.get("/calendar/none.ics").await.status == StatusCode::NOT_FOUND);
}
