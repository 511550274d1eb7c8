//! The API: the way of one reservation, every refusal, and its document.

use crate::test_app::{Answer, KEY, TestApp};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use pimaster::model::clock;
use pimaster::model::deployment::{DeploymentState, Progress, StepEvent};
use pimaster::model::ids::ReservationId;
use pimaster::model::problem::Problem;
use pimaster::model::user::Role;
use pimaster::store::deployments;
use pimaster::web;
use serde_json::{Value, json};

async fn reserved(app: &TestApp, token: &str, nodes: &[&str]) -> i64 {
    let body = json!({ "nodes": nodes, "hours": 2, "name": "bin" });
    let answer = app.api(Method::POST, "/reservations", token, Some(body)).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
    answer.json()["id"].as_i64().unwrap()
}

async fn configure(app: &TestApp, token: &str, id: i64, body: Value) -> Answer {
    app.api(Method::PUT, &format!("/reservations/{id}/configuration"), token, Some(body)).await
}

#[track_caller]
fn refused(answer: &Answer, status: u16, field: Option<&str>, part: &str) {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.body);
    assert_eq!(answer.headers[header::CONTENT_TYPE], "application/problem+json");
    let problem = answer.json();
    assert_eq!(problem["status"], status);
    assert!(problem["type"].as_str().unwrap().starts_with("urn:pimaster:problem:"));
    assert!(!problem["title"].as_str().unwrap().is_empty());
    assert_eq!(problem.get("field").and_then(Value::as_str), field, "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains(part), "{problem}");
    assert!(!problem["fix"].as_str().unwrap().is_empty(), "{problem}");
}

#[tokio::test]
async fn the_way_of_one_reservation() {
    let app = TestApp::new(2).await;
    let token = app.token("ada@lab", Role::User).await;
    let nodes = app.api(Method::GET, "/nodes", &token, None).await.json();
    assert_eq!((nodes[0]["name"].as_str(), nodes[0]["free"].as_bool()), (Some("pi-01"), Some(true)));
    let environments = app.api(Method::GET, "/environments", &token, None).await.json();
    assert_eq!(environments[0]["name"], "raspios");

    let body = json!({ "nodes": ["pi-01", "pi-02"], "hours": 2, "name": "night run" });
    let made = app.api(Method::POST, "/reservations", &token, Some(body)).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let id = made.json()["id"].as_i64().unwrap();
    assert_eq!(made.headers[header::LOCATION].to_str().unwrap(), format!("/api/v1/reservations/{id}"));
    assert_eq!(made.json()["state"], "held");
    assert_eq!(made.json()["nodes"][0]["state"], "initialized");

    let body = json!({ "environment": "raspios", "partition_size": "5GB", "ssh_keys": [KEY] });
    let configured = configure(&app, &token, id, body).await;
    assert_eq!(configured.status, StatusCode::OK, "{}", configured.body);
    assert_eq!(configured.json()["generated_password"].as_str().unwrap().len(), 14);
    assert_eq!(configured.json()["reservation"]["state"], "configured");
    assert_eq!(configured.json()["reservation"]["nodes"][1]["ssh_user"], "root");

    app.activate(ReservationId(id), DeploymentState::EnvCopy).await;
    let deployments = app.api(Method::GET, "/deployments", &token, None).await.json();
    assert_eq!(
        (deployments[1]["name"].as_str(), deployments[1]["state"].as_str()),
        (Some("pi-02"), Some("env_copy"))
    );
    let reboot = app.api(Method::POST, "/nodes/pi-01/hard-reboot", &token, None).await;
    assert_eq!((reboot.status, &reboot.json()["request"]), (StatusCode::ACCEPTED, &json!("hard_reboot")));
    let again = app.api(Method::POST, "/nodes/pi-02/deploy-again", &token, None).await;
    assert_eq!((again.status, &again.json()["request"]), (StatusCode::ACCEPTED, &json!("deploy_again")));

    let down = app.api(Method::POST, "/nodes/pi-02/destroy", &token, None).await;
    assert_eq!((down.status, &down.json()["request"]), (StatusCode::ACCEPTED, &json!("destroy")));
    let twice = app.api(Method::POST, "/nodes/pi-02/destroy", &token, None).await;
    refused(&twice, 409, None, "pi-02 is being taken down");
    let state = app.api(Method::GET, &format!("/reservations/{id}"), &token, None).await.json();
    assert_eq!((&state["state"], &state["nodes"][0]["request"]), (&json!("active"), &json!("hard_reboot")));

    let gone = app.api(Method::DELETE, &format!("/reservations/{id}"), &token, None).await;
    assert_eq!((gone.status, &gone.json()["state"]), (StatusCode::OK, &json!("ending")));
}

#[tokio::test]
async fn progress_problems_and_events_are_told() {
    let app = TestApp::new(1).await;
    let token = app.token("ada@lab", Role::User).await;
    let id = reserved(&app, &token, &["pi-01"]).await;
    configure(&app, &token, id, json!({ "environment": "raspios", "password": "correct horse" })).await;
    let row = app.activate(ReservationId(id), DeploymentState::EnvCopy).await[0];
    app.store
        .write(move |tx| {
            let mut changed = deployments::by_id(tx, row)?.unwrap();
            changed.progress =
                Some(Progress { done_bytes: 250, total_bytes: 1000, rate_bytes_per_second: 50 });
            changed.problem = Some(Problem::new("no answer", "an answer", "Check the cable."));
            deployments::save(tx, &changed)?;
            let event =
                StepEvent { at: clock::now(), state: DeploymentState::EnvCopy, text: "writing".into() };
            deployments::add_event(tx, row, &event)
        })
        .await
        .unwrap();
    let node = &app.api(Method::GET, &format!("/reservations/{id}"), &token, None).await.json()["nodes"][0];
    let progress = json!({
        "percent": 25, "done_bytes": 250, "total_bytes": 1000, "rate": 50, "seconds_left": 15,
    });
    assert_eq!(node["progress"], progress);
    assert_eq!(node["problem"]["advice"], "Check the cable.");
    assert_eq!(node["host_key"], Value::Null);
    let events = app.api(Method::GET, &format!("/reservations/{id}/events"), &token, None).await.json();
    assert_eq!((&events[0]["node"], &events[0]["text"]), (&json!("pi-01"), &json!("writing")));
    app.store
        .write(move |tx| {
            let mut changed = deployments::by_id(tx, row)?.unwrap();
            changed.state = DeploymentState::Deployed;
            deployments::save(tx, &changed)
        })
        .await
        .unwrap();
    let node = &app.api(Method::GET, &format!("/reservations/{id}"), &token, None).await.json()["nodes"][0];
    assert!(node["host_key"].as_str().unwrap().starts_with("ssh-ed25519 AAAA"), "{node}");
}

#[tokio::test]
async fn bad_input_names_the_field_and_the_fix() {
    let app = TestApp::new(2).await;
    let token = app.token("ada@lab", Role::User).await;
    let bob = app.token("bob@lab", Role::User).await;
    reserved(&app, &bob, &["pi-02"]).await;
    let reserve = async |body: Value| app.api(Method::POST, "/reservations", &token, Some(body)).await;
    let good = json!({ "nodes": ["pi-01"], "hours": 2, "name": "bin" });
    let with = |key: &str, value: Value| {
        let mut body = good.clone();
        body[key] = value;
        body
    };
    let past = (clock::now() - clock::SignedDuration::from_hours(1)).to_string();
    refused(&reserve(with("start", json!(past))).await, 422, Some("start"), "60 minutes in the past");
    refused(&reserve(with("start", json!("tomorrow"))).await, 422, Some("start"), "RFC 3339");
    refused(&reserve(with("start", json!("9999-12-31T23:00:00Z"))).await, 422, Some("start"), "366 days");
    refused(&reserve(with("hours", json!(0))).await, 422, Some("hours"), "expected 1 to 8784");
    refused(&reserve(with("hours", json!(100_000))).await, 422, Some("hours"), "expected 1 to 8784");
    refused(&reserve(with("hours", json!("2"))).await, 422, Some("hours"), "expected i64");
    refused(&reserve(with("nodes", json!([]))).await, 422, Some("nodes"), "no node was chosen");
    refused(&reserve(with("nodes", json!(["pi-77"]))).await, 422, Some("nodes"), "pi-77");
    refused(&reserve(with("nodes", json!(["../etc"]))).await, 422, Some("nodes[0]"), "no node name");
    refused(&reserve(with("nodes", json!(["pi-02"]))).await, 409, Some("nodes"), "taken by bob@lab");
    refused(&reserve(with("name", json!(""))).await, 422, Some("name"), "0 characters");
    refused(&reserve(with("colour", json!("red"))).await, 422, Some("colour"), "unknown field");
    refused(&reserve(json!([])).await, 422, None, "");

    let id = reserved(&app, &token, &["pi-01"]).await;
    let put = async |body: Value| configure(&app, &token, id, body).await;
    refused(&put(json!({})).await, 422, Some("environment"), "missing field");
    refused(
        &put(json!({ "environment": "beos" })).await,
        422,
        Some("environment"),
        "expected one of raspios",
    );
    let with = |key: &str, value: Value| json!({ "environment": "raspios", key: value });
    refused(&put(with("ssh_keys", json!(["no key"]))).await, 422, Some("ssh_keys[0]"), "no public SSH key");
    refused(&put(with("ssh_keys", json!(KEY))).await, 422, Some("ssh_keys"), "expected a sequence");
    refused(&put(with("password", json!("short"))).await, 422, Some("password"), "5 characters");
    refused(&put(with("partition_size", json!("big"))).await, 422, Some("partition_size"), "`big`");
    refused(&put(with("partition_size", json!(4096))).await, 422, Some("partition_size"), "4096 bytes");
    refused(
        &put(with("user_script", json!("x".repeat(300_000)))).await,
        422,
        Some("user_script"),
        "300000 bytes",
    );
    let stored = app.api(Method::GET, &format!("/reservations/{id}"), &token, None).await.json();
    assert_eq!(stored["state"], "held");
}

#[tokio::test]
async fn bodies_that_are_no_json_are_refused() {
    let app = TestApp::new(1).await;
    let token = app.token("ada@lab", Role::User).await;
    let send = async |kind: &'static str, body: String| {
        let request = Request::post("/api/v1/reservations")
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, kind);
        app.send(request.body(Body::from(body)).unwrap()).await
    };
    refused(&send("application/json", "{".into()).await, 400, None, "not JSON");
    refused(&send("text/plain", "{}".into()).await, 415, None, "application/json");
    refused(&send("application/json", " ".repeat(2 << 20)).await, 413, None, "");
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_too() {
    let app = TestApp::new(1).await;
    let token = app.token("ada@lab", Role::User).await;
    let ask = async |method: Method, path: &str| app.api(method, path, &token, None).await;
    refused(&ask(Method::GET, "/reservations/77").await, 404, None, "no reservation 77");
    refused(&ask(Method::GET, "/reservations/x").await, 404, None, "`x` is no reservation");
    refused(&ask(Method::POST, "/nodes/pi-77/hard-reboot").await, 404, None, "pi-77");
    refused(&ask(Method::POST, "/nodes/PI%2F/hard-reboot").await, 404, None, "no node name");
    refused(&ask(Method::POST, "/nodes/pi-01/hard-reboot").await, 409, None, "nothing is deployed");
    refused(&ask(Method::GET, "/reservations/%ff").await, 400, None, "UTF-8");
    refused(&ask(Method::DELETE, "/reservations/%ff").await, 400, None, "UTF-8");
    for verb in ["hard-reboot", "deploy-again", "destroy"] {
        refused(&ask(Method::POST, &format!("/nodes/%ff/{verb}")).await, 400, None, "UTF-8");
    }
    refused(&ask(Method::GET, "/nonsense").await, 404, None, "no such path");
    refused(&ask(Method::DELETE, "/nodes").await, 405, None, "method");
}

#[tokio::test]
async fn a_stranger_sees_no_reservation_of_others() {
    let app = TestApp::new(1).await;
    let (owner, other) = (app.token("ada@lab", Role::User).await, app.token("bob@lab", Role::User).await);
    reserved(&app, &owner, &["pi-01"]).await;
    assert_eq!(app.api(Method::GET, "/reservations", &other, None).await.json(), json!([]));
}

#[tokio::test]
async fn who_brings_no_token_is_told_which_kind_is_expected() {
    let app = TestApp::new(0).await;
    let challenge = |answer: &Answer| answer.headers[header::WWW_AUTHENTICATE].to_str().unwrap().to_owned();
    let nobody = app.send(Request::get("/api/v1/nodes").body(Body::empty()).unwrap()).await;
    assert_eq!((nobody.status.as_u16(), challenge(&nobody).as_str()), (401, "Bearer realm=\"pimaster\""));
    let made_up = app.api(Method::GET, "/nodes", "pm_made-up", None).await;
    assert_eq!(challenge(&made_up), "Bearer realm=\"pimaster\", error=\"invalid_token\"");
}

#[tokio::test]
async fn a_token_tells_whose_it_is() {
    let app = TestApp::new(0).await;
    for (email, role, word) in [("ada@lab", Role::User, "user"), ("root@lab", Role::Admin, "admin")] {
        let token = app.token(email, role).await;
        let me = app.api(Method::GET, "/me", &token, None).await;
        let expect = json!({ "account": email, "role": word, "token_name": "test",
            "token_scopes": ["read", "reserve", "account", "admin"], "token_expires": null });
        assert_eq!((me.status, me.json()), (StatusCode::OK, expect));
    }
    refused(
        &app.api(Method::GET, "/me", "pm_stranger", None).await,
        401,
        None,
        "unknown, revoked or expired",
    );
}

#[tokio::test]
async fn the_document_is_the_one_that_is_checked_in() {
    let app = TestApp::new(0).await;
    let served = app.send(Request::get("/api/v1/openapi.json").body(Body::empty()).unwrap()).await.json();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/openapi.json");
    let written = format!("{}\n", web::openapi().to_pretty_json().unwrap());
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(path, &written).unwrap();
    }
    let checked_in = std::fs::read_to_string(path).unwrap_or_default();
    assert!(checked_in == written, "run `pimaster openapi > assets/openapi.json`");
    assert_eq!(served, serde_json::from_str::<Value>(&checked_in).unwrap());
}

#[tokio::test]
async fn administrators_give_devices_addresses() {
    let app = TestApp::new(1).await;
    let (ada, root) = (app.token("ada@lab", Role::User).await, app.token("root@lab", Role::Admin).await);
    assert_eq!(app.api(Method::GET, "/network", &ada, None).await.status, StatusCode::FORBIDDEN);
    let device = |address: &str| json!({ "name": "pc", "mac": "00:1b:21:01:02:03", "address": address, "boot": { "by_architecture": { "7": "ipxe.efi" } } });
    let add =
        async |token: &str, address| app.api(Method::POST, "/devices", token, Some(device(address))).await;
    assert_eq!(add(&ada, "10.20.0.9").await.status, StatusCode::FORBIDDEN);
    for (address, status) in [("10.20.0.1", 409), ("10.99.0.1", 422), ("ten", 422)] {
        let refused = add(&root, address).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.json()["field"]),
            (status, &json!("address")),
            "{address}"
        );
    }
    assert_eq!(add(&root, "10.20.0.9").await.status, StatusCode::CREATED);
    let network = app.api(Method::GET, "/network", &root, None).await.json();
    assert_eq!(network["mode"], "authoritative");
    assert_eq!(network["routing"], json!({"uplink": "wlan0", "masquerade": true}));
    assert_eq!(network["devices"][0]["boot"]["by_architecture"]["7"], "ipxe.efi", "{network}");
    let remove = async || app.api(Method::DELETE, "/devices/pc", &root, None).await.status.as_u16();
    assert_eq!((remove().await, remove().await), (204, 404));
}
