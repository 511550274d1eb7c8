//! From a machine that asked for an address to a node that can be reserved: pages, API and command line.

use crate::browser::{Browser, between, location};
use crate::test_app::TestApp;
use axum::http::{Method, StatusCode};
use pimaster::model::audit::Action;
use pimaster::model::board::{BoardModel, BoardSerial, RevisionCode};
use pimaster::model::clock;
use pimaster::model::deployment::DeploymentState;
use pimaster::model::net::MacAddr;
use pimaster::model::observation::{Asker, Observation};
use pimaster::model::rack::{PortRef, PowerDriver};
use pimaster::model::user::Role;
use pimaster::store::{Store, audit, leases, nodes, sightings, switches};
use serde_json::json;
use std::net::Ipv4Addr;

const MAC: MacAddr = MacAddr([0x2c, 0xcf, 0x67, 0, 0, 7]);

fn pi_5() -> Observation {
    Observation {
        asker: Asker::Firmware,
        vendor_class: Some("PXEClient:Arch:00000:UNDI:002001".into()),
        architecture: Some(0),
        machine_id: None,
        host_name: None,
        serial: Some(BoardSerial(0x1234_5678)),
        revision: Some(RevisionCode(0xd0_4170)),
        rom_3b: false,
        relay: None,
        is_board: true,
    }
}

/// A switch with addresses of its own from 10.20.0.20 on, and a Pi 5 at its port 7.
async fn sighted(store: &Store) {
    store
        .write(|tx| {
            let id = switches::upsert(tx, "sw1", &PowerDriver::None, 8, Some(8))?;
            switches::set_first_address(tx, id, Some(Ipv4Addr::new(10, 20, 0, 20)))?;
            sightings::record(tx, MAC, &pi_5(), clock::now())?;
            sightings::locate(tx, MAC, Some(PortRef { switch: id, port: 7 }))
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn one_click_makes_a_board_a_node_that_can_be_reserved() {
    let app = TestApp::new(2).await;
    sighted(&app.store).await;
    let mut admin = Browser::signed_in(&app, "admin@lab", Role::Admin).await;
    let page = admin.get("/discovered").await.body;
    for part in ["Raspberry Pi 5, 8 GB", "2c:cf:67:00:00:07", "12345678", "d04170", "PXEClient:Arch:00000"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(page.contains("port <strong>7</strong> of <strong>sw1</strong>"), "{page}");
    assert!(page.contains("Enrol as pi-26 at 10.20.0.26"), "{page}");
    let form = between(&page, "/discovered/2c:cf:67:00:00:07/enrol\">", "</form>").unwrap();
    let value = |name: &str| between(form, &format!("name=\"{name}\" value=\""), "\"").unwrap();
    let fields = ["name", "address", "model", "switch", "port"].map(|name| (name, value(name)));
    let answer = admin.post("/discovered/2c:cf:67:00:00:07/enrol", &fields).await;
    assert_eq!(location(&answer), "/discovered");
    let page = admin.get("/discovered").await.body;
    assert!(page.contains("pi-26 is enrolled") && page.contains("<strong>0</strong> discovered"), "{page}");
    let node = app.store.read(|conn| nodes::by_mac(conn, MAC)).await.unwrap().unwrap();
    assert_eq!((node.model, node.revision), (BoardModel::Pi5, Some(RevisionCode(0xd0_4170))));
    assert_eq!((node.serial, node.port.map(|port| port.port)), (Some(BoardSerial(0x1234_5678)), Some(7)));
    let booked = [("nodes", "pi-26"), ("hours", "1"), ("name", "first")];
    assert!(location(&admin.post("/reserve", &booked).await).ends_with("/configure"));
}

#[tokio::test]
async fn what_is_taken_or_wrong_is_said_beside_its_field() {
    let app = TestApp::new(2).await;
    sighted(&app.store).await;
    let mut admin = Browser::signed_in(&app, "admin@lab", Role::Admin).await;
    let mut check = async |fields: &[(&str, &str)], status: u16, part: &str| {
        let answer = admin.post("/discovered/2c:cf:67:00:00:07/enrol", fields).await;
        assert_eq!(answer.status.as_u16(), status, "{}", answer.body);
        assert!(answer.body.contains(part), "{part}: {}", answer.body);
    };
    check(&[("name", "pi-01")], 409, "pi-01 has the name pi-01 already").await;
    check(&[("address", "10.20.0.2")], 409, "pi-02 has the address 10.20.0.2 already").await;
    check(&[("address", "10.30.0.2")], 422, "expected a host address in 10.20.0.0/24").await;
    check(&[("address", "10.20.0.1")], 422, "which is pimaster's own").await;
    check(&[("switch", "sw1"), ("port", "8")], 422, "feeds pimaster itself").await;
    check(&[("switch", "sw2"), ("port", "1")], 422, "no switch is called `sw2`").await;
    check(&[("switch", "sw1"), ("port", "9")], 422, "expected 1 to 8").await;
    assert_eq!(app.store.read(nodes::list).await.unwrap().len(), 2);
    assert_eq!(location(&admin.post("/discovered/2c:cf:67:00:00:07/forget", &[]).await), "/discovered");
    assert!(admin.get("/discovered").await.body.contains("<strong>0</strong> discovered"));
}

#[tokio::test]
async fn only_administrators_see_and_change_it() {
    let app = TestApp::new(1).await;
    sighted(&app.store).await;
    let mut ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    assert!(!ada.get("/reserve").await.body.contains("/discovered"));
    for path in ["/discovered", "/discovered/live", "/discovered/2c:cf:67:00:00:07"] {
        assert_eq!(ada.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    for path in ["enrol", "forget", "replace"] {
        let answer = ada.post(&format!("/discovered/{MAC}/{path}"), &[("node", "pi-01")]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(ada.post("/nodes/rename", &[("prefix", "x")]).await.status, StatusCode::FORBIDDEN);
    let token = app.token("bob@lab", Role::User).await;
    assert_eq!(app.api(Method::GET, "/discovered", &token, None).await.status, StatusCode::FORBIDDEN);
    let body = json!({ "mac": MAC.to_string() });
    assert_eq!(app.api(Method::POST, "/nodes", &token, Some(body)).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn programs_enrol_rename_and_forget() {
    let app = TestApp::new(2).await;
    sighted(&app.store).await;
    let token = app.token("admin@lab", Role::Admin).await;
    let seen = app.api(Method::GET, "/discovered", &token, None).await.json();
    assert_eq!(seen[0]["shown"], "Raspberry Pi 5, 8 GB");
    assert_eq!((&seen[0]["memory_mib"], &seen[0]["port"]), (&json!(8192), &json!(7)));
    assert_eq!((&seen[0]["proposed_name"], &seen[0]["switch"]), (&json!("pi-26"), &json!("sw1")));
    let post = async |path: &str, body| app.api(Method::POST, path, &token, Some(body)).await;
    let wrong = post("/nodes", json!({ "mac": "2c:cf", "name": "x" })).await;
    assert_eq!((wrong.status.as_u16(), &wrong.json()["field"]), (422, &json!("mac")));
    let half = post("/nodes", json!({ "mac": MAC.to_string(), "switch": "sw1" })).await;
    assert_eq!((half.status.as_u16(), &half.json()["field"]), (422, &json!("port")));
    let made = post("/nodes", json!({ "mac": MAC.to_string() })).await;
    assert_eq!((made.status.as_u16(), &made.json()["name"]), (201, &json!("pi-26")));
    let again = post("/nodes", json!({ "mac": MAC.to_string() })).await;
    assert_eq!((again.status.as_u16(), &again.json()["field"]), (409, &json!("mac")));

    // One that nobody has seen goes to the pool.
    let made = post("/nodes", json!({ "mac": "02:00:00:00:00:09" })).await;
    assert_eq!(made.json()["name"], "pi-50");
    let renamed = post("/nodes/rename", json!({ "prefix": "rack" })).await;
    assert_eq!(renamed.json().as_array().unwrap().len(), 4);
    // Names change places in one go.
    let swap = async |node: &str, to: &str| post("/nodes/rename", json!({ "node": node, "to": to })).await;
    assert_eq!(swap("rack-01", "pi-02").await.status, StatusCode::OK);
    assert_eq!(swap("rack-02", "rack-01").await.status, StatusCode::OK);
    assert_eq!(post("/nodes/rename", json!({ "prefix": "rack" })).await.status, StatusCode::OK);
    let names = app.store.read(nodes::list).await.unwrap();
    let names: Vec<String> = names.iter().map(|node| format!("{} {}", node.name, node.address)).collect();
    assert_eq!(names[..2], ["rack-01 10.20.0.1", "rack-02 10.20.0.2"]);
    let taken = swap("rack-01", "rack-02").await;
    assert_eq!((taken.status.as_u16(), &taken.json()["field"]), (409, &json!("name")));
    assert_eq!(
        post("/nodes/rename", json!({ "prefix": "7" })).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let gone = app.api(Method::DELETE, &format!("/discovered/{MAC}"), &token, None).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_swapped_board_takes_the_place_of_its_node_unless_a_tenant_is_on_it() {
    let app = TestApp::new(1).await;
    let token = app.token("admin@lab", Role::Admin).await;
    sighted(&app.store).await;
    let first = app.api(Method::POST, "/nodes", &token, Some(json!({ "mac": MAC.to_string() }))).await;
    assert_eq!(first.json()["name"], "pi-26");
    let other = MacAddr([2, 0, 0, 0, 0, 9]);
    app.store
        .write(move |tx| {
            let port = nodes::by_mac(tx, MAC)?.unwrap().port;
            let seen = Observation { serial: Some(BoardSerial(9)), ..pi_5() };
            sightings::record(tx, other, &seen, clock::now())?;
            sightings::locate(tx, other, port)
        })
        .await
        .unwrap();
    let seen = app.api(Method::GET, "/discovered", &token, None).await.json();
    assert_eq!((&seen[0]["port_of"], &seen[0]["port"]), (&json!("pi-26"), &json!(7)));

    let book = json!({ "nodes": ["pi-26"], "hours": 2, "name": "bin" });
    let id = app.api(Method::POST, "/reservations", &token, Some(book)).await.json()["id"].as_i64().unwrap();
    let set = json!({ "environment": "raspios" });
    app.api(Method::PUT, &format!("/reservations/{id}/configuration"), &token, Some(set)).await;
    app.activate(format!("{id}").parse().unwrap(), DeploymentState::Deployed).await;
    let body = json!({ "mac": other.to_string() });
    let replace = async || app.api(Method::PUT, "/nodes/pi-26/board", &token, Some(body.clone())).await;
    let refused = replace().await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.json()["detail"].as_str().unwrap().contains("pi-26 is in use"), "{}", refused.body);
    let renamed = app.api(Method::POST, "/nodes/rename", &token, Some(json!({ "prefix": "x" }))).await;
    assert_eq!(renamed.status, StatusCode::CONFLICT, "{}", renamed.body);

    app.store
        .write(move |tx| {
            use pimaster::model::reservation::ReservationState;
            pimaster::store::reservations::set_state(
                tx,
                pimaster::model::ids::ReservationId(id),
                ReservationState::Ended,
                clock::now(),
            )
        })
        .await
        .unwrap();
    assert_eq!(replace().await.status, StatusCode::NO_CONTENT);
    let node = app.store.read(move |conn| nodes::by_mac(conn, other)).await.unwrap().unwrap();
    assert_eq!((node.name.as_str(), node.address), ("pi-26", Ipv4Addr::new(10, 20, 0, 26)));
    assert_eq!(node.serial, Some(BoardSerial(9)));
    assert_eq!(app.store.read(|conn| leases::by_mac(conn, MAC)).await.unwrap(), None);
}

#[tokio::test]
async fn a_node_is_added_by_hand_and_the_audit_log_tells_of_all_of_it() {
    let app = TestApp::new(1).await;
    sighted(&app.store).await;
    let mut root = Browser::signed_in(&app, "root@lab", Role::Admin).await;
    assert!(root.get("/nodes/new").await.body.contains("<option value=\"sw1\""));
    let wrong = root.post("/nodes", &[("mac", "dc:a6"), ("serial", "x")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("mac-wrong") && wrong.body.contains("serial-wrong"), "{}", wrong.body);
    let taken = root.post("/nodes", &[("mac", "dc:a6:32:00:00:01")]).await;
    assert_eq!(taken.status, StatusCode::CONFLICT);
    let fields = [("mac", "dc:a6:32:00:00:07"), ("name", "lab"), ("address", "10.20.0.7"), ("model", "pi4b")];
    let placed = [&fields[..], &[("switch", "sw1"), ("port", "2")]].concat();
    assert_eq!(location(&root.post("/nodes", &placed).await), "/nodes");
    assert!(root.get("/nodes").await.body.contains("lab is enrolled and can be reserved."));
    let node = app.store.read(|conn| nodes::by_name(conn, "lab")).await.unwrap().unwrap();
    assert_eq!((node.model, node.port.map(|port| port.port)), (BoardModel::Pi4b, Some(2)));

    root.post("/nodes/rename", &[("prefix", "r")]).await;
    root.post("/discovered/2c:cf:67:00:00:07/replace", &[("node", "r-07")]).await;
    let device = [("name", "printer"), ("mac", "00:1b:21:01:02:03"), ("address", "10.20.0.90")];
    root.post("/network/devices", &device).await;
    root.post("/network/devices/printer/remove", &[]).await;
    let mut ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    assert_eq!(ada.get("/nodes/new").await.status, StatusCode::FORBIDDEN);
    assert_eq!(ada.post("/nodes", &fields).await.status, StatusCode::FORBIDDEN);
    let lines = app.store.read(|conn| audit::list(conn, None, 100)).await.unwrap();
    let ours = lines.iter().rev().filter(|line| line.action == Action::RackChanged);
    assert_eq!(
        ours.map(|line| line.subject.as_str()).collect::<Vec<_>>(),
        [
            "lab: enrolled; it is dc:a6:32:00:00:07 at 10.20.0.7",
            "lab: name lab to r-07",
            "pi-01: name pi-01 to r-01",
            "r-07: its board is 2c:cf:67:00:00:07 now",
            "device printer: added; it is 00:1b:21:01:02:03 at 10.20.0.90",
            "device printer: removed",
        ]
    );
}

#[tokio::test]
async fn the_pages_of_the_rack_are_read_in_french() {
    let app = TestApp::new(1).await;
    sighted(&app.store).await;
    let mut root = Browser::signed_in(&app, "root@lab", Role::Admin).await;
    assert_eq!(root.post("/language", &[("language", "fr")]).await.status, StatusCode::SEE_OTHER);
    let pages = [
        ("/discovered", "Inscrire comme pi-26 à 10.20.0.26", "Enrol"),
        ("/discovered/2c:cf:67:00:00:07", "Ce qui est laissé vide est choisi", "Enrol"),
        ("/network", "Autres serveurs DHCP", "Other DHCP"),
        ("/nodes/pi-01/boot", "doit démarrer sur sa carte", "is to boot"),
        ("/nodes/new", "Adresse matérielle", "Hardware address"),
        ("/switches/new", "Communauté", "Read-write"),
        ("/environments", "Apporter une image", "Bring"),
    ];
    for (path, french, english) in pages {
        let page = root.get(path).await.body;
        assert!(page.contains(french) && !page.contains(english), "{path}: {page}");
    }
}
