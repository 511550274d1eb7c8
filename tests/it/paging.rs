//! Lists in pages.

use crate::test_app::TestApp;
use axum::http::{Method, header};
use pimaster::model::user::Role;
use serde_json::{Value, json};

/// Every page of a list, and how many there were.
async fn walk(app: &TestApp, token: &str, path: &str) -> (Vec<Value>, usize) {
    let (mut entries, mut pages, mut path) = (Vec::new(), 0, path.to_owned());
    loop {
        let answer = app.api(Method::GET, &path, token, None).await;
        assert_eq!(answer.status.as_u16(), 200, "{path}: {}", answer.body);
        entries.extend(answer.json().as_array().unwrap().clone());
        pages += 1;
        let Some(link) = answer.headers.get(header::LINK) else { return (entries, pages) };
        let next = link.to_str().unwrap().strip_prefix("</api/v1").unwrap();
        path = next.strip_suffix(">; rel=\"next\"").unwrap().to_owned();
    }
}

#[tokio::test]
async fn each_list_is_the_same_in_one_page_and_in_many() {
    let app = TestApp::new(5).await;
    let (root, ada) = (app.token("root@lab", Role::Admin).await, app.token("ada@lab", Role::User).await);
    for number in 1..=5 {
        let body = json!({ "nodes": [format!("pi-0{number}")], "hours": 1, "name": "bin" });
        app.api(Method::POST, "/reservations", &ada, Some(body)).await;
        let body = json!({ "name": format!("pc-{number}"), "mac": format!("02:00:00:00:01:0{number}"),
                           "address": format!("10.20.0.10{number}") });
        app.api(Method::POST, "/devices", &root, Some(body)).await;
        app.api(Method::POST, "/users", &root, Some(json!({ "email": format!("eve{number}@lab") }))).await;
    }
    for (path, least) in [
        ("/nodes", 5),
        ("/reservations", 5),
        ("/deployments", 5),
        ("/devices", 5),
        ("/users", 7),
        ("/audit", 10),
    ] {
        let (whole, _) = walk(&app, &root, path).await;
        assert!(whole.len() >= least, "{path}: {whole:?}");
        let (parts, pages) = walk(&app, &root, &format!("{path}?limit=2")).await;
        assert_eq!(parts, whole, "{path}");
        assert_eq!(pages, whole.len().div_ceil(2), "{path}");
    }
}

#[tokio::test]
async fn a_cursor_belongs_to_its_list() {
    let app = TestApp::new(2).await;
    let root = app.token("root@lab", Role::Admin).await;
    let answer = app.api(Method::GET, "/nodes?limit=1", &root, None).await;
    let link = answer.headers[header::LINK].to_str().unwrap();
    let query = link.split_once('?').unwrap().1.split_once('>').unwrap().0;
    for path in [format!("/environments?{query}"), format!("/users?{query}"), "/audit?cursor=x".to_owned()] {
        let refused = app.api(Method::GET, &path, &root, None).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["field"]), (422, &json!("cursor")), "{path}");
    }
    let refused = app.api(Method::GET, "/nodes?limit=0", &root, None).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["field"]), (422, &json!("limit")));
}
