//! Manage: batches, tracks, what is said of lost nodes, past deployments, everybody's reservations.

use crate::browser::{Browser, between, location};
use crate::test_app::TestApp;
use axum::http::{Method, StatusCode};
use pimaster::agent::Agent;
use pimaster::model::agent::{Caller, Choice, ConfigureWish, ReserveWish};
use pimaster::model::audit::Actor;
use pimaster::model::clock::{self, SignedDuration, Timestamp};
use pimaster::model::deployment::{DeploymentState as S, Progress, StepEvent};
use pimaster::model::ids::{DeploymentId, ReservationId};
use pimaster::model::problem::Problem;
use pimaster::model::reservation::{PartitionSize, ReservationState};
use pimaster::model::user::Role;
use pimaster::store::{deployments, reservations, users};
use serde_json::json;

async fn caller(app: &TestApp, email: &'static str) -> Caller {
    let user = app.store.read(move |conn| users::by_email(conn, email)).await.unwrap().unwrap().id;
    // What limits people is no matter here.
    Caller { user, is_admin: true, actor: Actor::default() }
}

/// A configured reservation of these nodes.
async fn booked(
    app: &TestApp,
    email: &'static str,
    numbers: &[u8],
    start: Option<Timestamp>,
) -> ReservationId {
    let by = caller(app, email).await;
    let wish = ReserveWish {
        nodes: Choice::Named(numbers.iter().map(|it| format!("pi-{it:02}").parse().unwrap()).collect()),
        as_many_as_possible: false,
        start,
        hours: 2,
        name: "night run".into(),
    };
    let id = app.agent.reserve(&by, wish).await.unwrap();
    let wish = ConfigureWish {
        environment: "raspios".into(),
        partition_size: PartitionSize::Whole,
        password: None,
        ssh_keys: vec![],
        user_script: None,
        system_update: false,
        nodes: std::collections::BTreeMap::new(),
    };
    app.agent.configure(&by, id, wish).await.unwrap();
    id
}

async fn set(app: &TestApp, id: DeploymentId, state: S, saved: Option<S>) {
    let change = move |tx: &pimaster::store::Transaction<'_>| {
        let mut row = deployments::by_id(tx, id)?.unwrap();
        (row.state, row.saved_state, row.state_since) = (state, saved, clock::now());
        if state == S::Lost {
            row.problem = Some(Problem::new("no answer for 300 s", "the installer", "Look at its cable."));
        }
        deployments::save(tx, &row)
    };
    app.store.write(change).await.unwrap();
}

/// A history with so many seconds in each state, up to now.
async fn lived(app: &TestApp, id: DeploymentId, states: &'static [(S, i64)]) {
    let mut at = clock::now() - SignedDuration::from_secs(states.iter().map(|(_, seconds)| seconds).sum());
    let write = move |tx: &pimaster::store::Transaction<'_>| {
        for (state, seconds) in states {
            let text = format!("line of {state}");
            deployments::add_event(tx, id, &StepEvent { at, state: *state, text })?;
            at += SignedDuration::from_secs(*seconds);
        }
        Ok(())
    };
    app.store.write(write).await.unwrap();
}

#[tokio::test]
async fn a_batch_says_for_each_node_what_happened() {
    let app = TestApp::new(4).await;
    let mut ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    Browser::signed_in(&app, "bob@lab", Role::User).await;
    let id = booked(&app, "ada@lab", &[1, 2, 3], None).await;
    let others = booked(&app, "bob@lab", &[4], None).await;
    let rows = app.activate(id, S::Deployed).await;
    app.activate(others, S::Deployed).await;
    set(&app, rows[1], S::Initialized, None).await;
    let page = ada.get("/manage").await.body;
    assert!(page.contains("name=\"nodes\" value=\"pi-01\" form=\"batch\" id=\"pick-pi-01\""), "{page}");
    assert!(page.contains("all 3 nodes of this bin") && page.contains("value=\"hard_reboot\""), "{page}");

    let none = [("request", "hard_reboot"), ("back", "/manage")];
    assert_eq!(location(&ada.post("/nodes/requests", &none).await), "/manage");
    assert!(ada.get("/manage").await.body.contains("No node was ticked."));
    let all = [("request", "hard_reboot"), ("bins", &id.to_string()), ("nodes", "pi-01"), ("nodes", "pi-04")];
    assert_eq!(location(&ada.post("/nodes/requests", &all).await), "/manage");
    let page = ada.get("/manage").await.body;
    let notice = between(&page, "class=\"notice bad\"", "</div>").unwrap();
    for line in [
        "A hard reboot was asked for on 2 of 4 nodes.",
        "<li>pi-01: asked for, it begins shortly.</li>",
        "<li>pi-02: refused. the deployment on pi-02 has not begun",
        "<li>pi-03: asked for",
        "<li>pi-04: refused. reservation 2 belongs to bob@lab",
    ] {
        assert!(notice.contains(line), "{line}: {notice}");
    }
    assert_eq!(notice.matches("<li>").count(), 4, "a node that is ticked twice is asked once");
    let wrong = ada.post("/nodes/requests", &[("request", "explode"), ("nodes", "pi-01")]).await;
    assert_eq!(wrong.status, StatusCode::NOT_FOUND);
    assert_eq!(ada.post_raw("/nodes/requests", &all).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_api_has_the_same_batch() {
    let app = TestApp::new(2).await;
    let token = app.token("ada@lab", Role::User).await;
    let id = booked(&app, "ada@lab", &[1], None).await;
    app.activate(id, S::Deployed).await;
    let ask = async |body| app.api(Method::POST, "/nodes/requests", &token, Some(body)).await;
    let answer = ask(json!({"request": "destroy", "nodes": ["pi-02", "pi-01", "pi-77"]})).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let seen = answer.json();
    assert_eq!((&seen[0]["node"], &seen[0]["accepted"]), (&json!("pi-01"), &json!(true)));
    assert_eq!((&seen[1]["problem"]["status"], &seen[2]["problem"]["status"]), (&json!(409), &json!(404)));
    for (body, field) in [
        (json!({"request": "explode", "nodes": ["pi-01"]}), "request"),
        (json!({"request": "destroy", "nodes": []}), "nodes"),
        (json!({"request": "destroy", "nodes": ["pi-01", "a b"]}), "nodes[1]"),
    ] {
        let answer = ask(body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.body);
        assert_eq!(answer.json()["field"], field);
    }
}

#[tokio::test]
async fn the_track_tells_the_time_in_each_state_and_the_bin_the_last_lines() {
    let app = TestApp::new(1).await;
    let mut ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    let id = booked(&app, "ada@lab", &[1], None).await;
    let row = app.activate(id, S::EnvCopy).await[0];
    lived(&app, row, &[(S::NfsBootConf, 1), (S::NfsBootOff, 9), (S::NfsBootOn, 61), (S::EnvCopy, 5)]).await;
    let page = ada.get("/manage").await.body;
    let strip = between(&page, "<span class=\"strip\" aria-hidden=\"true\">", "</span>").unwrap();
    assert!(strip.starts_with("<i class=\"passed\">●●●●</i><i class=\"here\">◐</i>"), "{strip}");
    let page = ada.get(&format!("/reservations/{id}")).await.body;
    let track = between(&page, "<ol class=\"track\"", "</ol>").unwrap();
    assert_eq!(track.matches("<li").count(), 18, "{track}");
    for part in [
        "nfs_boot_off <span>9 s</span>",
        "nfs_boot_on <span>1 min 1 s</span>",
        "aria-current=\"step\">env_copy",
    ] {
        assert!(track.contains(part), "{part}: {track}");
    }
    let log = between(&page, "<details id=\"log-pi-01\">", "</details>").unwrap();
    assert!(log.contains("line of env_copy") && log.contains(&format!("/deployments/{row}")), "{log}");
    assert!(!page.contains("http-equiv"), "a page that reloads by itself loses what is ticked");
}

#[tokio::test]
async fn a_lost_node_says_where_what_and_what_its_boot_says_since() {
    let app = TestApp::new(1).await;
    let mut ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    let id = booked(&app, "ada@lab", &[1], None).await;
    let row = app.activate(id, S::NfsBootOn).await[0];
    lived(&app, row, &[(S::NfsBootConf, 1), (S::NfsBootOn, 300), (S::Lost, 1)]).await;
    set(&app, row, S::Lost, Some(S::NfsBootOn)).await;
    let page = ada.get(&format!("/reservations/{id}")).await.body;
    for part in [
        "at nfs_boot_on",
        "nfs_boot_on <strong>stopped here</strong> <span>5 min</span>",
        "no answer for 300 s",
        "<strong>Expected:</strong> the installer.",
        "Look at its cable.",
        "Since then:",
        "/nodes/pi-01/boot",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!ada.get("/manage").await.body.contains("Since then:"), "lists stay cheap");
}

#[tokio::test]
async fn past_deployments_are_found_by_person_and_by_node_page_by_page() {
    let app = TestApp::new(2).await;
    let mut ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    let token = app.token_of("ada@lab").await;
    let mut bob = Browser::signed_in(&app, "bob@lab", Role::User).await;
    let mut root = Browser::signed_in(&app, "root@lab", Role::Admin).await;
    let mut rows = Vec::new();
    for email in ["ada@lab", "bob@lab", "ada@lab"] {
        let id = booked(&app, email, &[1], None).await;
        let row = app.activate(id, S::Deployed).await[0];
        lived(&app, row, &[(S::NfsBootConf, 90), (S::Deployed, 30), (S::Destroying, 1)]).await;
        set(&app, row, S::Destroyed, None).await;
        let over = move |tx: &pimaster::store::Transaction<'_>| {
            reservations::set_state(tx, id, ReservationState::Ended, clock::now())
        };
        app.store.write(over).await.unwrap();
        rows.push(row);
    }
    let page = ada.get("/history").await.body;
    assert_eq!(page.matches("href=\"/deployments/").count(), 2, "{page}");
    assert!(page.contains("1 min 30 s") && page.contains("raspios") && !page.contains("bob@lab"), "{page}");
    assert_eq!(bob.get("/nodes/pi-01/history").await.body.matches("href=\"/deployments/").count(), 1);
    assert_eq!(root.get("/nodes/pi-01/history").await.body.matches("href=\"/deployments/").count(), 3);
    assert_eq!(root.get("/history?all=1").await.body.matches("href=\"/deployments/").count(), 3);
    assert!(root.get("/nodes/pi-02/history").await.body.contains("Nothing has been deployed yet."));
    assert_eq!(root.get("/nodes/pi-77/history").await.status, StatusCode::NOT_FOUND);
    assert!(root.get("/nodes/pi-01/boot").await.body.contains("href=\"/nodes/pi-01/history\""));
    assert!(root.get("/nodes").await.body.contains("href=\"/nodes/pi-01/history\""));

    let one = format!("/deployments/{}", rows[0]);
    let page = ada.get(&one).await.body;
    assert!(page.contains("raspios on pi-01") && page.contains("line of destroying"), "{page}");
    assert_eq!(bob.get(&one).await.status, StatusCode::FORBIDDEN);
    assert_eq!(root.get(&one).await.status, StatusCode::OK);
    assert_eq!(root.get("/deployments/99").await.status, StatusCode::NOT_FOUND);

    let ask = async |path: &str| app.api(Method::GET, path, &token, None).await;
    let first = ask("/deployments/past?limit=1").await.json();
    assert_eq!(first["deployments"][0]["id"], rows[2].0, "{first}");
    assert_eq!(first["deployments"][0]["seconds_to_deploy"], 90);
    let second = ask(&format!("/deployments/past?node=pi-01&limit=1&before={}", first["next"])).await.json();
    assert_eq!((&second["deployments"][0]["id"], &second["next"]), (&json!(rows[0].0), &json!(null)));
    let one = ask(&format!("/deployments/{}", rows[0])).await.json();
    assert_eq!((&one["outcome"], &one["track"][1]["seconds"]), (&json!("deployed"), &json!(90.0)), "{one}");
    assert_eq!(ask(&format!("/deployments/{}", rows[1])).await.status, StatusCode::FORBIDDEN);
    for path in ["/deployments/past?limit=0", "/deployments/past?before=x", "/deployments/past?node=a%20b"] {
        assert_eq!(ask(path).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
    }
}

#[tokio::test]
async fn administrators_see_all_reservations_and_end_and_extend_them() {
    let app = TestApp::new(3).await;
    let mut ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    Browser::signed_in(&app, "bob@lab", Role::User).await;
    let mut root = Browser::signed_in(&app, "root@lab", Role::Admin).await;
    let now = booked(&app, "ada@lab", &[1], None).await;
    let later = clock::now() + SignedDuration::from_hours(24);
    let to_come = booked(&app, "bob@lab", &[2, 3], Some(later)).await;
    for path in ["/reservations", "/reservations/live"] {
        assert_eq!(ada.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    let rows = |page: &str| page.matches("<tr id=\"booking-").count();
    let page = root.get("/reservations").await.body;
    assert!(rows(&page) == 2 && page.contains("ada@lab") && page.contains("pi-02, pi-03"), "{page}");
    assert_eq!(rows(&root.get("/reservations?owner=BOB").await.body), 1);
    assert_eq!(rows(&root.get("/reservations/live?node=pi-01").await.body), 1);
    assert!(root.get("/reservations?node=pi-01&owner=bob").await.body.contains("No reservation is running"));

    let back = "/reservations?owner=bob";
    let page = root.get(back).await.body;
    assert!(page.contains(&format!("name=\"back\" value=\"{back}\"")), "{page}");
    let end = app.store.read(move |conn| reservations::by_id(conn, now)).await.unwrap().unwrap().end;
    let extend = root.post(&format!("/reservations/{now}/extend"), &[("hours", "3"), ("back", back)]).await;
    assert_eq!(location(&extend), back);
    let found = app.store.read(move |conn| reservations::by_id(conn, now)).await.unwrap().unwrap();
    assert_eq!(found.end, end + SignedDuration::from_hours(3));
    let ended = root.post(&format!("/reservations/{to_come}/release"), &[("back", back)]).await;
    assert_eq!(location(&ended), back);
    let found = app.store.read(move |conn| reservations::by_id(conn, to_come)).await.unwrap().unwrap();
    assert_eq!(found.state, ReservationState::Ended);
    let audit = root.get("/audit").await.body;
    for line in [
        "extended",
        &format!("reservation {now} of ada@lab until"),
        &format!("reservation {to_come} of bob@lab"),
    ] {
        assert!(audit.contains(line), "{line}: {audit}");
    }
}

/// Nobody waits for a page of a whole rack: 200 nodes under way are a few hundred kilobytes.
#[tokio::test]
async fn a_page_of_a_rack_under_way_stays_small() {
    let app = TestApp::new(200).await;
    let mut root = Browser::signed_in(&app, "root@lab", Role::Admin).await;
    let all: Vec<u8> = (1..=200).collect();
    let id = booked(&app, "root@lab", &all, None).await;
    for row in app.activate(id, S::EnvCopy).await {
        lived(&app, row, &[(S::NfsBootConf, 1), (S::NfsBootOff, 9), (S::NfsBootOn, 61), (S::EnvCopy, 5)])
            .await;
    }
    for (path, most) in
        [("/manage/live".to_owned(), 600_000), (format!("/reservations/{id}/live"), 1_300_000)]
    {
        let size = root.get(&path).await.body.len();
        println!("{path}: {size} bytes");
        assert!(size < most, "{path}: {size} bytes");
    }
}

#[tokio::test]
async fn manage_is_in_french_for_who_reads_french() {
    let app = TestApp::new(1).await;
    let mut eve = Browser::signed_in(&app, "eve@lab", Role::User).await;
    let id = booked(&app, "eve@lab", &[1], None).await;
    let row = app.activate(id, S::EnvCopy).await[0];
    let half = Progress { done_bytes: 1, total_bytes: 2, rate_bytes_per_second: 1 };
    app.store.write(move |tx| deployments::set_progress(tx, row, half, clock::now())).await.unwrap();
    eve.post("/language", &[("language", "fr")]).await;
    for path in ["/manage".to_owned(), format!("/reservations/{id}"), "/history".to_owned()] {
        let page = eve.get(&path).await.body;
        let main = between(&page, "<main", "</main>").unwrap();
        for english in
            ["Hard reboot", "Destroy", "Deploy ", "ready", "step ", " left", "Last lines", "ends ", "active"]
        {
            assert!(!main.contains(english), "{path}: {english}: {main}");
        }
        assert!(path == "/history" || main.contains("l’image est écrite sur la carte"), "{main}");
    }
}
