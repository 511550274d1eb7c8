//! What is said of boots: of simulated boards on the wire, and to whom, on page, API and command line.

mod foreign;
mod scenario;
mod scenarios;

use crate::boot::BootRack;
use crate::browser::Browser;
use crate::test_app::TestApp;
use axum::http::{Method, StatusCode};
use pimaster::agent::boot_view;
use pimaster::model::boot_event::{BootEvent, FileOutcome, FileTransfer, SshSeen, System};
use pimaster::model::boot_order::BootOrder;
use pimaster::model::clock::{self, SignedDuration};
use pimaster::model::deployment::DeploymentState;
use pimaster::model::explanation::{BootView, Outlook};
use pimaster::model::ids::ReservationId;
use pimaster::model::node::BootTarget;
use pimaster::model::power::PowerState;
use pimaster::model::user::Role;
use pimaster::sim::status::{Faults, Stage, Times};
use pimaster::store::boot_events::{self, NewEvent};
use pimaster::store::nodes;
use serde_json::json;
use std::time::Duration;

/// The latest boot as it would be explained so many seconds from now.
async fn said(rack: &BootRack, name: &str, later: i64) -> BootView {
    let (name, now) = (name.parse().unwrap(), clock::now() + SignedDuration::from_secs(later));
    rack.store.read(move |conn| Ok(boot_view(conn, &name, now))).await.unwrap().unwrap()
}

/// The same as soon as it shows that.
async fn until(rack: &BootRack, name: &str, later: i64, shows: impl Fn(&BootView) -> bool) -> BootView {
    let mut changes = rack.store.changes();
    loop {
        let view = said(rack, name, later).await;
        if shows(&view) {
            return view;
        }
        // A transfer that stalls is given up after 30 s.
        let changed = tokio::time::timeout(Duration::from_secs(60), changes.changed()).await;
        assert!(changed.is_ok(), "{view:#?}");
    }
}

fn tells(view: &BootView, part: &str) -> bool {
    view.events.iter().any(|record| record.event.to_string().contains(part))
}

/// Boards of all classes, switched on, with these files taken away.
async fn without(files: &[&str]) -> BootRack {
    let rack = BootRack::new(3).await;
    for file in files {
        std::fs::remove_file(rack.installer().join(file)).unwrap();
    }
    for port in 1..=3 {
        rack.power(port, PowerState::On).await;
    }
    rack
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_boot_of_each_class_is_told_whole_and_is_fine() {
    let rack = without(&[]).await;
    for board in &rack.boards {
        let name = board.name.as_str();
        let whole = |view: &BootView| tells(view, "system DHCPREQUEST: DHCPACK") && tells(view, "armstub8");
        let view = until(&rack, name, 0, whole).await;
        assert_eq!(view.explanation.signature, "came_up", "{:#?}", view.explanation);
        for part in ["firmware DHCPDISCOVER: DHCPOFFER", "cmdline.txt: complete"] {
            assert!(tells(&view, part), "{part}: {view:#?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_named_on_each_class() {
    let rack = without(&["start4.elf", "start.elf", "config.txt"]).await;
    // The ROM of the 3B+ gives up; the EEPROMs go round their boot order.
    rack.reached("pi-02", |stage| matches!(stage, Stage::Stuck(_))).await;
    for (name, file, signature) in [
        ("pi-01", "start4.elf: not found", "missing_start"),
        ("pi-02", "start.elf: not found", "missing_start"),
        ("pi-03", "config.txt: not found", "missing_config"),
    ] {
        let view = until(&rack, name, 10, |view| tells(view, file)).await;
        assert_eq!(view.explanation.signature, signature, "{name}: {:#?}", view.explanation);
        assert!(view.explanation.fix.unwrap().contains("pimaster nfs prepare"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rom_without_its_bootcode_is_explained() {
    let rack = without(&["bootcode.bin"]).await;
    let explanation =
        until(&rack, "pi-02", 10, |view| tells(view, "bootcode.bin: not found")).await.explanation;
    assert_eq!((explanation.signature, explanation.outlook), ("missing_bootcode", Outlook::Trouble));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kernel_that_hangs_is_told_from_one_that_starts() {
    let rack = BootRack::new(1).await;
    rack.rack.set_faults("pi-01", Faults { hang: Times::Once, ..Faults::default() });
    rack.power(1, PowerState::On).await;
    rack.reached("pi-01", |stage| matches!(stage, Stage::Stuck(_))).await;
    let early = until(&rack, "pi-01", 5, |view| tells(view, "armstub8-gic.bin: not found")).await;
    assert_eq!(early.explanation.signature, "under_way");
    let explanation = said(&rack, "pi-01", 120).await.explanation;
    assert_eq!(explanation.signature, "no_kernel_dhcp", "{explanation:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_does_not_boot_is_explained() {
    let rack = BootRack::new(1).await;
    let node = rack.store.read(nodes::list).await.unwrap()[0].id;
    rack.store.write(move |tx| nodes::set_boot_target(tx, node, BootTarget::Local)).await.unwrap();
    rack.power(1, PowerState::On).await;
    let refused =
        |view: &BootView| view.events.iter().any(|it| it.event.to_string().contains("boots from its card"));
    while !refused(&said(&rack, "pi-01", 0).await) {
        rack.store.changes().changed().await.unwrap();
    }
    let explanation = said(&rack, "pi-01", 140).await.explanation;
    assert_eq!(explanation.signature, "card_does_not_boot", "{explanation:#?}");
}

/// pi-01 is Ada's; it was switched on, loaded a file with a hostile name and is silent.
async fn rack_of_ada() -> (TestApp, String) {
    let app = TestApp::new(2).await;
    let token = app.token("ada@lab", Role::User).await;
    let body = json!({ "nodes": ["pi-01"], "hours": 2, "name": "bin" });
    let id = app.api(Method::POST, "/reservations", &token, Some(body)).await.json()["id"].as_i64().unwrap();
    let body = json!({ "environment": "raspios" });
    app.api(Method::PUT, &format!("/reservations/{id}/configuration"), &token, Some(body)).await;
    app.activate(ReservationId(id), DeploymentState::NfsBootOn).await;
    let file = FileTransfer {
        path: "<script>.txt".into(),
        bytes: 4_000_000,
        size_bytes: Some(9_000_000),
        millis: 31_000,
        repeats: 4,
        options: true,
        outcome: FileOutcome::TimedOut,
    };
    let on = BootEvent::Power { wanted: PowerState::On, switch: "sw1".into(), port: 1 };
    let (start, later) = (clock::now() - SignedDuration::from_secs(60), clock::now());
    app.store
        .write(move |tx| {
            let node = nodes::by_name(tx, "pi-01")?.unwrap().id;
            let event = |at, event| NewEvent { node, at, event };
            boot_events::add(tx, &[event(start, on), event(later, BootEvent::File(file))])
        })
        .await
        .unwrap();
    (app, token)
}

#[tokio::test]
async fn the_api_tells_whoever_has_the_node() {
    let (app, ada) = rack_of_ada().await;
    let (bob, root) = (app.token("bob@lab", Role::User).await, app.token("root@lab", Role::Admin).await);
    for token in [&ada, &root] {
        let answer = app.api(Method::GET, "/nodes/pi-01/boot", token, None).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let boot = answer.json();
        assert_eq!(boot["explanation"]["signature"], "transfer_stalled", "{boot}");
        assert_eq!(boot["explanation"]["outlook"], "trouble");
        assert_eq!(boot["explanation"]["evidence"], json!([boot["events"][1]["id"]]));
        assert_eq!(boot["events"][0]["text"], "power on (sw1 port 1)");
        assert_eq!((&boot["events"][1]["kind"], &boot["events"][1]["repeats"]), (&json!("file"), &json!(4)));
    }
    let status = async |path: &str, token: &str| app.api(Method::GET, path, token, None).await.status;
    assert_eq!(status("/nodes/pi-01/boot", &bob).await, StatusCode::FORBIDDEN);
    assert_eq!(status("/nodes/pi-02/boot", &ada).await, StatusCode::FORBIDDEN);
    assert_eq!(status("/nodes/pi-09/boot", &ada).await, StatusCode::NOT_FOUND);
    let unheard = app.api(Method::GET, "/nodes/pi-02/boot", &root, None).await.json();
    assert_eq!((&unheard["explanation"]["signature"], &unheard["began"]), (&json!("unheard"), &json!(null)));
}

#[tokio::test]
async fn the_page_shows_sentence_fix_and_timeline() {
    let (app, _) = rack_of_ada().await;
    let mut root = Browser::signed_in(&app, "root@lab", Role::Admin).await;
    let page = root.get("/nodes/pi-01/boot").await;
    assert_eq!(page.status, StatusCode::OK);
    for part in ["Boot of pi-01", "does not come up", "What to do:", "replace the cable", "◂ evidence"] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    assert!(page.body.contains("&lt;script&gt;.txt") && !page.body.contains("<script>.txt"), "{}", page.body);
    let fragment = root.get("/nodes/pi-01/boot/live").await;
    assert!(fragment.body.contains("power on (sw1 port 1)") && !fragment.body.contains("<html"));
    let manage = root.get("/manage?all=1").await;
    assert!(manage.body.contains("href=\"/nodes/pi-01/boot\""), "{}", manage.body);
    assert!(root.get("/reserve").await.body.contains("href=\"/nodes/pi-02/boot\""));
    assert_eq!(root.get("/nodes/pi-09/boot").await.status, StatusCode::NOT_FOUND);

    let mut bob = Browser::signed_in(&app, "bob@lab", Role::User).await;
    let refused = bob.get("/nodes/pi-01/boot").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.body.contains("pi-01 is not yours now"), "{}", refused.body);
    assert_eq!(bob.get("/nodes/pi-01/boot/live").await.status, StatusCode::FORBIDDEN);
    assert!(!bob.get("/reserve").await.body.contains("/boot\""));
}

#[tokio::test]
async fn a_boot_that_came_up_has_no_fix() {
    let (app, ada) = rack_of_ada().await;
    let answered = BootEvent::Ssh { expected: System::Installer, seen: SshSeen::Expected };
    app.store
        .write(move |tx| {
            let node = nodes::by_name(tx, "pi-01")?.unwrap().id;
            boot_events::add(tx, &[NewEvent { node, at: clock::now(), event: answered }])
        })
        .await
        .unwrap();
    let boot = app.api(Method::GET, "/nodes/pi-01/boot", &ada, None).await.json();
    assert_eq!(
        (&boot["explanation"]["signature"], &boot["explanation"]["fix"]),
        (&json!("came_up"), &json!(null))
    );
}

#[tokio::test]
async fn a_boot_order_that_keeps_the_board_away_is_told_on_page_and_api() {
    let (app, ada) = rack_of_ada().await;
    let mut root = Browser::signed_in(&app, "root@lab", Role::Admin).await;
    let mut set = async |order| {
        let write = app.store.write(move |tx| {
            let node = nodes::by_name(tx, "pi-01")?.unwrap().id;
            nodes::set_boot_order(tx, node, Some(BootOrder(order)))
        });
        write.await.unwrap();
        let boot = app.api(Method::GET, "/nodes/pi-01/boot", &ada, None).await.json();
        let page = root.get("/nodes/pi-01/boot").await.body;
        (boot["boot_order_warning"].clone(), boot["boot_order"].clone(), page)
    };
    let (warning, order, page) = set(0xf41).await;
    assert!(warning.as_str().unwrap().contains("set BOOT_ORDER=0xf12"), "{warning}");
    assert!(order.as_str().unwrap().contains("0xf41"), "{order}");
    assert!(page.contains("set BOOT_ORDER=0xf12"), "{page}");
    let (warning, _, page) = set(0xf12).await;
    assert!(warning.is_null() && !page.contains("set BOOT_ORDER"), "{page}");
}

#[test]
fn the_command_line_tells_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pimaster.toml");
    let data = folder.path().join("data");
    let text = format!(
        "[network]\nsubnet = '127.77.9.0/24'\naddress = '127.77.9.1'\nnode_ranges = ['127.77.9.10-127.77.9.11']\n\
         [data]\nadmin_email = 'a@lab'\nfolder = '{}'\n",
        data.display()
    );
    std::fs::write(&file, text).unwrap();
    let run = |words: &[&str]| {
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_pimaster"));
        command.args(words).arg("--config").arg(&file).output().unwrap()
    };
    let added = run(&["node", "add", "--name", "pi-01", "--mac", "dc:a6:32:00:00:01", "--model", "pi4b"]);
    assert!(added.status.success(), "{added:?}");
    let told = run(&["node", "explain", "pi-01"]);
    let text = String::from_utf8(told.stdout).unwrap();
    assert!(told.status.success() && text.contains("off: Nothing was heard of the node"), "{text}");
    let json = run(&["node", "explain", "pi-01", "--json"]);
    let boot: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(boot["explanation"]["signature"], "unheard");
    let unknown = run(&["node", "explain", "pi-09"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(String::from_utf8(unknown.stderr).unwrap().contains("no node is called pi-09"));
}
