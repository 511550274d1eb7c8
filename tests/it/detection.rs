//! Starting, following and stopping the search for boards at ports; and what it must not touch.

use crate::browser::{Browser, location};
use crate::test_app::TestApp;
use axum::http::{Method, StatusCode};
use pimaster::model::clock;
use pimaster::model::detection::DetectionState;
use pimaster::model::folder::DataFolder;
use pimaster::model::ids::{DetectionId, SwitchId};
use pimaster::model::power::PowerState;
use pimaster::model::rack::{PETH_PSE_PORT_ADMIN_ENABLE, PortRef, PowerDriver};
use pimaster::model::user::Role;
use pimaster::store::{Store, Transaction, detections, nodes, switches};
use serde_json::{Value, json};
use std::process::{Output, Stdio};
use tokio::io::{AsyncBufReadExt, BufReader};

/// The switch `sw1`, with pi-01 at port 1 and pi-02 at port 2; port 8 feeds pimaster. And `hands`, without SNMP.
async fn rack(store: &Store) {
    store
        .write(|tx| {
            let switch = switch(tx)?;
            switches::upsert(tx, "hands", &PowerDriver::None, 8, None)?;
            for port in [1, 2] {
                let node = nodes::by_name(tx, &format!("pi-0{port}"))?.unwrap();
                nodes::set_port(tx, node.id, PortRef { switch, port })?;
            }
            Ok(())
        })
        .await
        .unwrap();
}

/// The switch `sw1`, which nobody answers for.
fn switch(tx: &Transaction<'_>) -> pimaster::store::Result<SwitchId> {
    let driver = PowerDriver::Snmp {
        address: "127.0.0.1:9".parse().unwrap(),
        community: "c".into(),
        base_oid: PETH_PSE_PORT_ADMIN_ENABLE.into(),
        index_offset: 0,
    };
    switches::upsert(tx, "sw1", &driver, 8, Some(8))
}

fn reserve(node: &str, start: Option<&str>) -> Value {
    json!({ "nodes": [node], "hours": 1, "name": "bin", "start": start })
}

#[tokio::test]
async fn ports_of_others_are_refused_and_claimed_nodes_cannot_be_reserved() {
    let app = TestApp::new(3).await;
    rack(&app.store).await;
    let token = app.token("admin@lab", Role::Admin).await;
    let post = async |path: &str, body: Value| app.api(Method::POST, path, &token, Some(body)).await;
    let detect = async |switch: &str, ports: Value| {
        post("/detections", json!({ "switch": switch, "ports": ports })).await
    };
    assert_eq!(post("/reservations", reserve("pi-01", None)).await.status, StatusCode::CREATED);
    let check = async |switch: &str, ports: Value, status: u16, part: &str| {
        let refused = detect(switch, ports).await;
        assert_eq!(refused.status.as_u16(), status, "{}", refused.body);
        assert!(refused.json()["detail"].as_str().unwrap().contains(part), "{}", refused.body);
    };
    check("sw1", json!([3, 1]), 409, "port 1 of sw1 cannot be tried: pi-01 is reserved").await;
    check("sw1", json!([8]), 409, "it feeds pimaster itself").await;
    check("sw1", json!([9]), 422, "expected 1 to 8").await;
    check("sw1", json!([]), 422, "no port was chosen").await;
    check("hands", json!([1]), 422, "nobody switches the power of hands").await;
    check("sw2", json!([1]), 422, "no switch is called `sw2`").await;
    assert!(app.store.read(detections::list).await.unwrap().is_empty());

    let made = detect("sw1", json!([2, 3])).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    assert_eq!((&made.json()["state"], &made.json()["ports"][1]["port"]), (&json!("running"), &json!(3)));
    check("sw1", json!([4]), 409, "runs on sw1; expected one at a time").await;
    let refused = post("/reservations", reserve("pi-02", None)).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.json()["field"]),
        (409, &json!("nodes")),
        "{}",
        refused.body
    );
    assert_eq!(post("/reservations", reserve("pi-03", None)).await.status, StatusCode::CREATED);
    let path = format!("/detections/{}", made.json()["id"]);
    let stopped = app.api(Method::DELETE, &path, &token, None).await;
    assert_eq!(stopped.status, StatusCode::ACCEPTED);
    assert_eq!(stopped.json()["log"][1]["text"], "asked to stop");
    assert_eq!(app.api(Method::GET, "/detections/99", &token, None).await.status, StatusCode::NOT_FOUND);
    let user = app.token("ada@lab", Role::User).await;
    assert_eq!(app.api(Method::GET, &path, &user, None).await.status, StatusCode::FORBIDDEN);
}

/// The command follows a detection that ends so; the daemon is played here.
async fn followed(state: DetectionState, was: Option<PowerState>) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (folder.path().join("pimaster.toml"), folder.path().join("data"));
    let text = format!(
        "[network]\nsubnet = '127.77.8.0/24'\naddress = '127.77.8.1'\nnode_ranges = ['127.77.8.10-127.77.8.11']\n\
         [data]\nadmin_email = 'a@lab'\nfolder = '{}'\n",
        data.display()
    );
    std::fs::write(&file, text).unwrap();
    std::fs::create_dir_all(&data).unwrap();
    let store = Store::open(&DataFolder::new(&data).database()).unwrap();
    store.write(|tx| switch(tx).map(drop)).await.unwrap();
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_pimaster"));
    command.args(["detect", "--switch", "sw1", "--ports", "3", "--config"]).arg(&file);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Its first line comes behind the row.
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(said.next_line().await.unwrap().unwrap().starts_with("detection 1;"));
    let end = store.write(move |tx| {
        let mut job = detections::by_id(tx, DetectionId(1))?.unwrap();
        (job.state, job.ended_at, job.ports[0].was) = (state, Some(clock::now()), was);
        detections::save(tx, &job)
    });
    end.await.unwrap();
    child.wait_with_output().await.unwrap()
}

#[tokio::test]
async fn the_command_ends_as_the_detection_does() {
    let check = async |state, was, status: i32, part: &str| {
        let ended = followed(state, was).await;
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(status), "{said}");
        assert!(said.contains(part), "{said}");
    };
    check(DetectionState::Done, None, 0, "").await;
    check(DetectionState::Cancelled, None, 1, "stopped before every port was tried").await;
    check(DetectionState::Failed, None, 1, "none of the ports could be tried").await;
    check(DetectionState::Failed, Some(PowerState::On), 1, "port 3 (on) of sw1; once sw1 answers").await;
}

#[tokio::test]
async fn a_page_starts_it_shows_its_log_and_stops_it() {
    let app = TestApp::new(3).await;
    rack(&app.store).await;
    let mut admin = Browser::signed_in(&app, "admin@lab", Role::Admin).await;
    let wrong = admin.post("/detections", &[("switch", "sw1"), ("ports", "3-1")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        wrong.body.contains("`3-1` is no list of ports") && wrong.body.contains("value=\"3-1\""),
        "{}",
        wrong.body
    );
    let refused = admin.post("/detections", &[("switch", "sw1"), ("ports", "7-8")]).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.body.contains("it feeds pimaster itself"), "{}", refused.body);
    let started = admin.post("/detections", &[("switch", "sw1"), ("ports", "3-4")]).await;
    let path = location(&started).to_owned();
    let page = admin.get(&path).await.body;
    for part in ["2 ports of sw1", "port 4", "running", "2 ports of sw1 are looked at", "Stop"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!admin.get(&format!("{path}/live")).await.body.contains("<html"));
    assert_eq!(location(&admin.post(&format!("{path}/cancel"), &[]).await), path);
    assert!(admin.get(&path).await.body.contains("It stops, and gives each port the power it had."));
    assert!(admin.get("/discovered").await.body.contains(&path));
    let mut ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    assert_eq!(ada.get(&path).await.status, StatusCode::FORBIDDEN);
}
