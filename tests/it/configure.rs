//! Configuring: what is offered, nodes that differ, templates, the countdown; on the page and in the API.

use crate::browser::{Browser, between, location};
use crate::test_app::{Answer, KEY, TestApp, environment};
use axum::http::{Method, StatusCode};
use pimaster::model::chip::Chip;
use pimaster::model::clock::{self, SignedDuration};
use pimaster::model::deployment::{DeploymentState, StepEvent};
use pimaster::model::ids::{EnvironmentId, ReservationId};
use pimaster::model::reservation::ReservationState;
use pimaster::model::user::Role;
use pimaster::store::environments::NewEnvironment;
use pimaster::store::reservations::NewReservation;
use pimaster::store::{deployments, environments, reservations};
use serde_json::{Value, json};

/// pi-01 is a 4B, pi-02 a 5, pi-03 a 3B+.
async fn rack() -> TestApp {
    let app = TestApp::new(3).await;
    add(&app, "five", Some(vec![Chip::Bcm2712])).await;
    add(&app, "old", Some(vec![Chip::Bcm2837, Chip::Bcm2711])).await;
    app
}

async fn add(app: &TestApp, name: &str, boots_on: Option<Vec<Chip>>) -> EnvironmentId {
    let new = NewEnvironment { name: name.into(), boots_on, ..environment() };
    app.store.write(move |tx| environments::insert(tx, &new, clock::now())).await.unwrap()
}

async fn reserved(app: &TestApp, token: &str, nodes: &[&str]) -> i64 {
    let body = json!({ "nodes": nodes, "hours": 2, "name": "bin" });
    app.api(Method::POST, "/reservations", token, Some(body)).await.json()["id"].as_i64().unwrap()
}

async fn configure(app: &TestApp, token: &str, id: i64, body: Value) -> Answer {
    app.api(Method::PUT, &format!("/reservations/{id}/configuration"), token, Some(body)).await
}

#[tokio::test]
async fn what_does_not_boot_is_refused_by_name() {
    let app = rack().await;
    let token = app.token("ada@lab", Role::User).await;
    let id = reserved(&app, &token, &["pi-01", "pi-02", "pi-03"]).await;
    let refused = async |body: Value, field: &str, parts: &[&str]| {
        let answer = configure(&app, &token, id, body.clone()).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}: {}", answer.body);
        assert_eq!(answer.json()["field"], field, "{}", answer.body);
        for part in parts {
            assert!(answer.json()["detail"].as_str().unwrap().contains(part), "{part}: {}", answer.body);
        }
    };
    let five = "five does not boot on pi-01 (Raspberry Pi 4B), pi-03 (Raspberry Pi 3B+); it boots on Pi 5";
    refused(json!({ "environment": "five" }), "environment", &[five]).await;
    let own = json!({ "environment": "raspios", "nodes": { "pi-02": { "environment": "old" } } });
    refused(own, "nodes.pi-02.environment", &["old does not boot on pi-02 (Raspberry Pi 5)"]).await;
    let size = json!({ "environment": "raspios", "nodes": { "pi-02": { "partition_size": "1GB" } } });
    refused(size, "nodes.pi-02.partition_size", &["pi-02: partition_size is 1000000000 bytes"]).await;
    let words = json!({ "environment": "raspios", "nodes": { "pi-02": { "partition_size": "much" } } });
    refused(words, "nodes.pi-02.partition_size", &["`much` is no partition size"]).await;
    let foreign = json!({ "environment": "raspios", "nodes": { "pi-09": { "environment": "old" } } });
    refused(foreign, "nodes", &["pi-09 is none of this reservation's nodes"]).await;
    let unknown = json!({ "environment": "raspios", "nodes": { "pi-01": { "environment": "beos" } } });
    refused(unknown, "nodes.pi-01.environment", &["pi-01: no environment is called `beos`"]).await;
    let script =
        json!({ "environment": "raspios", "nodes": { "pi-01": { "user_script": "x".repeat(300_000) } } });
    refused(script, "nodes.pi-01.user_script", &["300000 bytes"]).await;
}

#[tokio::test]
async fn nodes_of_one_reservation_differ() {
    let app = rack().await;
    let token = app.token("ada@lab", Role::User).await;
    let id = reserved(&app, &token, &["pi-01", "pi-02", "pi-03"]).await;
    let body = json!({
        "environment": "old", "user_script": "date",
        "nodes": { "pi-02": { "environment": "five", "user_script": "" }, "pi-03": { "partition_size": "5GB" } },
    });
    let answer = configure(&app, &token, id, body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let reservation = &answer.json()["reservation"];
    assert_eq!(reservation["environment"], "old");
    let own: Vec<&str> = (0..3).map(|at| reservation["nodes"][at]["environment"].as_str().unwrap()).collect();
    assert_eq!(own, ["old", "five", "old"]);
    let stored =
        app.store.read(move |conn| reservations::by_id(conn, ReservationId(id))).await.unwrap().unwrap();
    let chosen = stored.configuration.unwrap();
    let script = |at: usize| chosen.for_node(stored.nodes[at]).user_script;
    assert_eq!((script(0).as_deref(), script(1)), (Some("date"), None));
    // An administrator who would remove the environment of a single node is told who needs it.
    let used_by = app.store.read(|conn| {
        let five = environments::by_name(conn, "five")?.unwrap();
        environments::used_by(conn, five.id)
    });
    assert_eq!(used_by.await.unwrap().len(), 1);
    // What is said of a node and is nothing is nothing.
    let same = json!({ "environment": "raspios", "nodes": { "pi-01": {} } });
    configure(&app, &token, id, same).await;
    let stored =
        app.store.read(move |conn| reservations::by_id(conn, ReservationId(id))).await.unwrap().unwrap();
    assert_eq!(stored.configuration.unwrap().changes, []);
}

/// Past deployments of an environment on pi-01 that took so many seconds.
async fn deployed(app: &TestApp, environment: EnvironmentId, like: i64, seconds: &[i64]) {
    let seconds = seconds.to_vec();
    let write = app.store.write(move |tx| {
        let like = reservations::by_id(tx, ReservationId(like))?.unwrap();
        for (at, seconds) in (1..).zip(seconds) {
            let begun = clock::now() - SignedDuration::from_hours(24 * at);
            let new = NewReservation {
                owner: like.owner,
                name: "before".into(),
                start: begun,
                end: begun + SignedDuration::from_hours(4),
                nodes: vec![like.nodes[0]],
                margin: SignedDuration::ZERO,
            };
            let past = reservations::book(tx, &new, begun)?.unwrap();
            reservations::set_state(tx, past, ReservationState::Ended, new.end)?;
            let id =
                deployments::insert(tx, past, new.nodes[0], environment, DeploymentState::Destroyed, begun)?;
            let event = |after: i64, state| {
                let at = begun + SignedDuration::from_secs(after);
                deployments::add_event(tx, id, &StepEvent { at, state, text: String::new() })
            };
            event(-500, DeploymentState::Initialized)?;
            event(0, DeploymentState::NfsBootConf)?;
            event(seconds, DeploymentState::UserScript)?;
            event(seconds + 3600, DeploymentState::Deployed)?;
        }
        Ok(())
    });
    write.await.unwrap();
}

#[tokio::test]
async fn what_is_offered_says_for_which_nodes_and_how_long_it_takes() {
    let app = rack().await;
    let token = app.token("ada@lab", Role::User).await;
    let id = reserved(&app, &token, &["pi-01", "pi-03"]).await;
    let raspios = app.store.read(|conn| environments::by_name(conn, "raspios")).await.unwrap().unwrap().id;
    let path = format!("/reservations/{id}/environments");
    let offers = app.api(Method::GET, &path, &token, None).await.json();
    let names: Vec<&str> =
        offers.as_array().unwrap().iter().map(|it| it["environment"]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["old", "raspios"], "five boots on none of them");
    assert_eq!(offers[0]["nodes"], json!(["pi-01", "pi-03"]));
    assert_eq!(offers[0]["environment"]["models"][0], "pi2b-1.2");
    assert_eq!(
        (offers[1]["expected_seconds"].as_u64(), offers[1]["expected_from"].as_u64()),
        (Some(375), Some(0))
    );

    // The middle of three; a script of an hour is not in it. The 3B+ is still estimated, and faster.
    deployed(&app, raspios, id, &[420, 400, 9000]).await;
    let offers = app.api(Method::GET, &path, &token, None).await.json();
    assert_eq!(
        (offers[1]["expected_seconds"].as_u64(), offers[1]["expected_from"].as_u64()),
        (Some(420), Some(3))
    );
    let stranger = app.token("bob@lab", Role::User).await;
    assert_eq!(app.api(Method::GET, &path, &stranger, None).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn templates_belong_to_one_person_and_never_hold_a_password() {
    let app = rack().await;
    let (ada, bob) = (app.token("ada@lab", Role::User).await, app.token("bob@lab", Role::User).await);
    let body = json!({ "name": " night ", "environment": "old", "partition_size": "5GB", "ssh_keys": [KEY] });
    let saved = app.api(Method::POST, "/templates", &ada, Some(body.clone())).await;
    assert_eq!(saved.status, StatusCode::OK, "{}", saved.body);
    let id = saved.json()["id"].as_i64().unwrap();
    assert_eq!(
        (&saved.json()["name"], &saved.json()["partition_size"]),
        (&json!("night"), &json!(5_000_000_000_u64))
    );
    let again = json!({ "name": "night", "environment": "five", "user_script": "date" });
    assert_eq!(app.api(Method::POST, "/templates", &ada, Some(again)).await.json()["id"], id);
    let listed = app.api(Method::GET, "/templates", &ada, None).await.json();
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["environment"]), (1, &json!("five")));
    assert_eq!(app.api(Method::GET, "/templates", &bob, None).await.json(), json!([]));
    let path = format!("/templates/{id}");
    assert_eq!(app.api(Method::DELETE, &path, &bob, None).await.status, StatusCode::NOT_FOUND);
    let wrong = async |body: Value| app.api(Method::POST, "/templates", &ada, Some(body)).await;
    let mut secret = body;
    secret["password"] = json!("correct horse");
    assert_eq!(wrong(secret).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let nameless = wrong(json!({ "name": " ", "environment": "old" })).await;
    assert_eq!(
        (nameless.status, &nameless.json()["field"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("name"))
    );
    let long = wrong(json!({ "name": "x", "environment": "old", "user_script": "x".repeat(300_000) })).await;
    assert_eq!(long.json()["field"], "user_script");
    assert_eq!(app.api(Method::DELETE, &path, &ada, None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.api(Method::DELETE, &path, &ada, None).await.status, StatusCode::NOT_FOUND);
}

/// Reserves these nodes on the page; gives the path of their form.
async fn form(browser: &mut Browser<'_>, nodes: &[&str]) -> String {
    let mut fields = vec![("hours", "2"), ("name", "bin"), ("start", "")];
    fields.extend(nodes.iter().map(|node| ("nodes", *node)));
    location(&browser.post("/reserve", &fields).await).to_owned()
}

#[tokio::test]
async fn the_page_offers_what_fits_and_keeps_what_differs() {
    let app = rack().await;
    let mut ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    let path = form(&mut ada, &["pi-01", "pi-02"]).await;
    let page = ada.get(&path).await.body;
    assert!(page.contains("Boots only on pi-02") && page.contains("Boots only on pi-01"), "{page}");
    assert!(page.contains("value=\"raspios\" required checked"), "what goes everywhere is chosen: {page}");
    assert!(page.contains("About 7 min, estimated from its size."), "{page}");
    assert!(page.contains("data-left=\"") && page.contains("this reservation ends in"), "{page}");
    let own = between(&page, "<details class=\"node\" id=\"configure-pi-01\">", "</details>").unwrap();
    assert!(own.contains("value=\"old\"") && !own.contains("value=\"five\""), "{own}");

    let fields = |own: &'static str, same: bool| {
        let mut fields = vec![
            ("environment", "old"),
            ("partition_size", "whole"),
            ("password_is", "made"),
            ("password", ""),
            ("nodes.pi-01.environment", ""),
            ("nodes.pi-02.environment", own),
            ("nodes.pi-02.partition_size", "5GB"),
        ];
        if same {
            fields.push(("same_for_all", "on"));
        }
        fields
    };
    // The same for all passes over what is typed for pi-02, where `old` does not boot.
    for (own, same) in [("", false), ("five", true)] {
        let page = ada.post(&path, &fields(own, same)).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            page.body.contains("old does not boot on pi-02 (Raspberry Pi 5), only on Pi 3, Pi 4"),
            "{}",
            page.body
        );
    }
    assert_eq!(location(&ada.post(&path, &fields("five", false)).await), "/manage");
    assert_eq!(
        between(&ada.get("/manage").await.body, "<code class=\"copy\">", "</code>").unwrap().len(),
        14
    );
    let page = ada.get(&path).await.body;
    assert!(page.contains("id=\"configure-pi-02\" open"), "what was said is shown again: {page}");
    assert!(page.contains("value=\"five\" selected") && page.contains("value=\"5GB\" list"), "{page}");
    assert!(!page.contains("data-left"), "it is configured: nothing ends by itself");
}

#[tokio::test]
async fn one_board_has_no_form_for_single_nodes_and_nothing_it_does_not_boot() {
    let app = rack().await;
    let mut ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    let path = form(&mut ada, &["pi-02"]).await;
    let page = ada.get(&path).await.body;
    assert!(page.contains("value=\"five\"") && !page.contains("value=\"old\""), "{page}");
    assert!(page.contains("1 environment is not offered"), "{page}");
    assert!(!page.contains("same_for_all") && !page.contains("Boots only on"), "{page}");
}

#[tokio::test]
async fn a_form_is_saved_chosen_and_deleted() {
    let app = rack().await;
    let mut ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    let path = form(&mut ada, &["pi-01", "pi-03"]).await;
    let save = format!("{path}/template");
    let fields = |name: &'static str| {
        [
            ("environment", "old"),
            ("partition_size", "other"),
            ("other_size", "7GB"),
            ("user_script", "echo <hello>"),
            ("password_is", "given"),
            ("password", "correct horse"),
            ("template", name),
        ]
    };
    let nameless = ada.post(&save, &fields(" ")).await;
    assert_eq!(nameless.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(nameless.body.contains("id=\"template-wrong\""), "{}", nameless.body);
    let saved = ada.post(&save, &fields("night <run>")).await;
    assert_eq!(saved.status, StatusCode::OK);
    assert!(saved.body.contains("The template night &lt;run&gt; is saved."), "{}", saved.body);
    assert!(saved.body.contains("echo &lt;hello&gt;</textarea>"), "what was typed stays: {}", saved.body);
    assert!(!saved.body.contains("correct horse"), "{}", saved.body);

    let chosen = between(&saved.body, "configure?template=", "\"").unwrap().to_owned();
    let filled = ada.get(&format!("{path}?template={chosen}")).await.body;
    assert!(
        filled.contains("value=\"old\" required checked") && filled.contains("value=\"7GB\""),
        "{filled}"
    );
    assert!(
        filled.contains("echo &lt;hello&gt;</textarea>") && !filled.contains("correct horse"),
        "{filled}"
    );

    let mut bob = Browser::signed_in(&app, "bob@lab", Role::User).await;
    let other = form(&mut bob, &["pi-02"]).await;
    assert_eq!(bob.get(&format!("{other}?template={chosen}")).await.status, StatusCode::NOT_FOUND);
    let delete = format!("/templates/{chosen}/delete");
    assert_eq!(bob.post(&delete, &[]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(location(&ada.post(&delete, &[("back", &path)]).await), path);
    assert!(!ada.get(&path).await.body.contains("template="));
}

#[tokio::test]
async fn the_page_and_its_errors_speak_french() {
    let app = rack().await;
    let mut ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    let path = form(&mut ada, &["pi-01", "pi-02"]).await;
    ada.post("/language", &[("language", "fr"), ("back", &path)]).await;
    let page = ada.get(&path).await.body;
    for part in
        ["<h1>Configurer</h1>", "Ne démarre que sur pi-02", "Mot de passe des systèmes", "prend fin dans"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    for english in ["Root partition", "Have one made", "Single nodes", "Save as a template", "as above"] {
        assert!(!page.contains(english), "{english}: {page}");
    }
    let fields = [("environment", "five"), ("partition_size", "huge"), ("password", "short")];
    let wrong = ada.post(&path, &fields).await.body;
    for part in ["`huge` n’est pas une taille", "Le mot de passe a 5 caractères"] {
        assert!(wrong.contains(part), "{part}: {wrong}");
    }
    let unfit = ada.post(&path, &[("environment", "five"), ("partition_size", "whole")]).await.body;
    assert!(
        unfit.contains("five ne démarre pas sur pi-01 (Raspberry Pi 4B), seulement sur Pi 5."),
        "{unfit}"
    );
}
