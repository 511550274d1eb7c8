//! Every page is held against WCAG 2.2 AA by axe-core, in light and dark.

use crate::program::{Demo, person};
use crate::window::{Driver, Kind, Window};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

const PAGES: [&str; 24] = [
    "/reserve",
    "/reserve?view=week",
    "/reserve?view=month",
    "/configure",
    "/manage",
    "/settings",
    "/discovered",
    "/network",
    "/nodes",
    "/nodes/pi-01/edit",
    "/nodes/pi-01/boot",
    "/nodes/pi-01/history",
    "/history",
    "/reservations",
    "/queue",
    "/blocks",
    "/groups",
    "/environments",
    "/switches",
    "/switches/new",
    "/users",
    "/rules",
    "/mail",
    "/audit",
];

/// What axe-core finds wrong, a line for each place.
async fn violations(window: &Window, axe: &str) -> Vec<String> {
    // The policy of the pages forbids scripts of others; the driver's own are not theirs.
    window.run(axe).await;
    let found = window
        .run_to_its_end(
            "const done = arguments[arguments.length - 1];
             axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})
                .then(result => done(result.violations), error => done(String(error)));",
        )
        .await;
    let path = window.path().await;
    let Some(list) = found.as_array() else { panic!("axe-core failed on {path}: {found}") };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let line = |rule: &Value, node: &Value| {
        format!("{path}: {} at {}: {}", text(&rule["id"]), node["target"], text(&node["failureSummary"]))
    };
    let nodes = |rule: &Value| {
        rule["nodes"].as_array().into_iter().flatten().map(|it| line(rule, it)).collect::<Vec<_>>()
    };
    list.iter().flat_map(nodes).collect()
}

async fn hold(kind: Kind) {
    let axe = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/axe/axe.min.js");
    let axe = fs::read_to_string(axe).expect("target/axe/axe.min.js is there; scripts/setup test fetches it");
    let (demo, driver) = (Demo::start_with(3, 50, &["--undiscovered", "1"]), Driver::start());
    let (url, link) = (demo.ready()["url"].as_str().unwrap(), demo.ready()["sign_in_link"].as_str().unwrap());
    let id = demo.deploy(&["pi-01"], &person(), None);
    demo.await_state(id, "pi-01", &["deployed"]);
    let window = driver.open(kind, url).await;
    let mut wrong = Vec::new();
    for page in ["/sign-in", "/sign-up", "/nowhere"] {
        window.go(page).await;
        wrong.extend(violations(&window, &axe).await);
    }
    window.sign_in_as_administrator(link).await;
    let bin = format!("/reservations/{id}");
    let wish = json!({"nodes": ["pi-02"], "hours": 2, "name": "held"});
    let held = demo.api("POST", "/reservations", &wish).1["id"].clone();
    let configure = format!("/reservations/{held}/configure");
    for page in PAGES.iter().copied().chain([bin.as_str(), configure.as_str()]) {
        window.go(page).await;
        wrong.extend(violations(&window, &axe).await);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    window.close().await;
}

#[tokio::test]
async fn the_pages_are_accessible_in_light() {
    hold(Kind::Desk).await;
}

#[tokio::test]
async fn the_pages_are_accessible_in_dark() {
    hold(Kind::Dark).await;
}
