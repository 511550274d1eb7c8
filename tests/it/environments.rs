//! Environments on pages and in the API: who may use which, and images that people bring in.

use crate::browser::{Browser, between, location};
use crate::test_app::{Answer, TestApp, environment};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use pimaster::image::Importer;
use pimaster::model::audit::Action;
use pimaster::model::clock::{self, Clock};
use pimaster::model::ids::{EnvironmentId, ImportId, UserId};
use pimaster::model::image_import::{Import, ImportState, Provenance};
use pimaster::model::sharing::Sharing;
use pimaster::model::user::Role;
use pimaster::sim::disk_image;
use pimaster::sim::tree::Bulk;
use pimaster::store::environments::NewEnvironment;
use pimaster::store::{audit, environments, imports, users};
use serde_json::json;
use std::fs;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A further environment, of that account.
pub(crate) async fn owned(app: &TestApp, name: &str, email: &str, sharing: Sharing) -> EnvironmentId {
    let (new, email) = (NewEnvironment { name: name.into(), ..environment() }, email.to_owned());
    let insert = app.store.write(move |tx| {
        let owner = users::by_email(tx, &email)?.map(|user| user.id);
        let id = environments::insert(tx, &new, clock::now())?;
        environments::set_provenance(tx, id, &Provenance { owner, sharing, by: email, import: None })?;
        Ok(id)
    });
    insert.await.unwrap()
}

#[tokio::test]
async fn people_are_offered_what_they_may_use_and_refused_the_rest() {
    let app = TestApp::new(1).await;
    let mut ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    let bob = app.token("bob@lab", Role::User).await;
    let root = app.token("root@lab", Role::Admin).await;
    owned(&app, "adas", "ada@lab", Sharing::Private).await;
    owned(&app, "first", "bob@lab", Sharing::Default).await;
    let names = async |token: &str| {
        let list = app.api(Method::GET, "/environments", token, None).await.json();
        let names = list.as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!(names(&bob).await, ["first", "raspios"]);
    assert_eq!(names(&root).await, ["adas", "first", "raspios"]);
    let page = ada.get("/environments").await.body;
    assert!(page.contains("id=\"environment-adas\"") && page.contains("offered first"), "{page}");
    assert_eq!(ada.post("/language", &[("language", "fr")]).await.status, StatusCode::SEE_OTHER);
    assert!(ada.get("/environments").await.body.contains("proposé en premier"));

    // The server refuses what was never offered, and does not tell of it.
    let book = json!({ "nodes": ["pi-01"], "hours": 1, "name": "b" });
    let id = app.api(Method::POST, "/reservations", &bob, Some(book)).await.json()["id"].as_i64().unwrap();
    let path = format!("/reservations/{id}/configuration");
    let refused = app.api(Method::PUT, &path, &bob, Some(json!({ "environment": "adas" }))).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["field"]), (422, &json!("environment")));
    assert!(!refused.body.contains("adas,") && refused.body.contains("first, raspios"), "{}", refused.body);
    let form = ada.get(&format!("/reservations/{id}/configure")).await;
    assert_eq!(form.status, StatusCode::FORBIDDEN, "not hers");
    assert_eq!(app.api(Method::GET, "/environments/adas", &bob, None).await.status, StatusCode::NOT_FOUND);
    let mine = app.api(Method::PUT, &path, &bob, Some(json!({ "environment": "first" }))).await;
    assert!(mine.status.is_success(), "{}", mine.body);

    // What is used is not removed, and it is said by what.
    let used = app.api(Method::DELETE, "/environments/first", &root, None).await;
    assert_eq!(used.status, StatusCode::CONFLICT);
    assert!(
        used.body.contains(&format!("first is used by reservation {id} (b) of bob@lab")),
        "{}",
        used.body
    );
    let seen = app.api(Method::GET, "/environments/first", &root, None).await.json();
    assert_eq!((&seen["used_by"], &seen["owner"]), (&json!([id]), &json!("bob@lab")));
    let other = json!({ "name": "first", "description": "", "ssh_user": "pi" });
    let kept = app.api(Method::PUT, "/environments/first", &root, Some(other)).await;
    assert_eq!(kept.status, StatusCode::CONFLICT, "its account stays while it is used: {}", kept.body);
    assert_eq!(
        app.api(Method::DELETE, "/environments/raspios", &bob, None).await.status,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn an_owner_asks_and_an_administrator_decides_with_a_reason() {
    let app = TestApp::new(1).await;
    let mut ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    let mut root = Browser::signed_in(&app, "root@lab", Role::Admin).await;
    let id = owned(&app, "adas", "ada@lab", Sharing::Private).await;
    let path = format!("/environments/{id}");
    let renamed = [("name", "ada-os"), ("description", "Hers <alone>"), ("ssh_user", "pi")];
    assert_eq!(location(&ada.post(&path, &renamed).await), "/environments");
    let wrong = ada.post(&path, &[("name", "a b"), ("description", ""), ("ssh_user", "pi")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("name-wrong"), "{}", wrong.body);
    let taken = ada.post(&path, &[("name", "raspios"), ("description", ""), ("ssh_user", "pi")]).await;
    assert_eq!(taken.status, StatusCode::CONFLICT);

    let sharing = format!("{path}/sharing");
    let own = ada.post(&sharing, &[("do", "share")]).await;
    assert_eq!(own.status, StatusCode::FORBIDDEN, "administrators share");
    ada.post(&sharing, &[("do", "ask")]).await;
    let page = root.get("/environments").await.body;
    let row = between(&page, "id=\"environment-ada-os\"", "</tr>").unwrap();
    assert!(row.contains("asks to be shared") && row.contains("Hers &lt;alone&gt;"), "{row}");
    root.post(&sharing, &[("do", "refuse"), ("reason", " ")]).await;
    assert!(root.get("/environments").await.body.contains("the reason has 0 characters"));
    root.post(&sharing, &[("do", "refuse"), ("reason", "it has no SSH server")]).await;
    let page = ada.get("/environments").await.body;
    assert!(page.contains("Not shared: it has no SSH server"), "{page}");
    ada.post(&sharing, &[("do", "ask")]).await;
    root.post(&sharing, &[("do", "share")]).await;
    let mut bob = Browser::signed_in(&app, "bob@lab", Role::User).await;
    assert!(bob.get("/environments").await.body.contains("ada-os"));
    let page = bob.get(&path).await.body;
    assert!(!page.contains("name=\"ssh_user\"") && !page.contains("name=\"do\""), "{page}");
    let back = ada.post(&sharing, &[("do", "private")]).await;
    assert_eq!(back.status, StatusCode::FORBIDDEN, "it is everybody's now");
    assert_eq!(location(&root.post(&format!("{path}/remove"), &[]).await), "/environments");
    assert!(!root.get("/environments").await.body.contains("environment-ada-os"));
    let lines = app.store.read(|conn| audit::list(conn, None, 100)).await.unwrap();
    let ours = lines.iter().rev().filter(|line| line.action == Action::EnvironmentChanged);
    assert_eq!(
        ours.map(|line| line.subject.as_str()).collect::<Vec<_>>(),
        [
            "adas: name `adas` to `ada-os`, description `Raspberry Pi OS Lite, 64 bits` to `Hers <alone>`, \
             account `root` to `pi`",
            "ada-os: private to asked",
            "ada-os: asked to private, refused: it has no SSH server",
            "ada-os: private to asked",
            "ada-os: asked to shared",
            "ada-os: removed",
        ]
    );
}

struct Working {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Working {
    /// Ends it when it has tidied up behind what it did.
    async fn end(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

fn importer(app: &TestApp) -> Working {
    let stop = CancellationToken::new();
    let importer = Importer::new(app.store.clone(), app.data.clone(), Clock::system());
    let run = importer.run(stop.clone());
    Working { stop, task: tokio::spawn(async move { drop(run.await) }) }
}

/// Waits until an import is over.
async fn over(app: &TestApp, id: ImportId) -> Import {
    let mut changes = app.store.changes();
    loop {
        let import = app.store.read(move |conn| imports::by_id(conn, id)).await.unwrap().unwrap();
        if import.state.is_over() {
            return import;
        }
        changes.changed().await.unwrap();
    }
}

fn number(path: &str) -> ImportId {
    path.rsplit('/').next().unwrap().parse().unwrap()
}

/// Sends a file as a browser does.
async fn send(browser: &mut Browser<'_>, path: &str, csrf: &str, file: &[u8]) -> Answer {
    let head = format!(
        "--x1\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{csrf}\r\n--x1\r\n\
         Content-Disposition: form-data; name=\"file\"; filename=\"my.img\"\r\n\r\n"
    );
    let body = [head.as_bytes(), file, b"\r\n--x1--\r\n"].concat();
    let request = Request::post(format!("{path}/file"));
    let request = request.header(header::CONTENT_TYPE, "multipart/form-data; boundary=x1");
    browser.send(request.header(header::CONTENT_LENGTH, body.len()).body(Body::from(body)).unwrap()).await
}

#[tokio::test]
async fn an_image_that_is_sent_becomes_a_private_environment() {
    let app = TestApp::new(1).await;
    let working = importer(&app);
    let made = tempfile::tempdir().unwrap();
    let (image, scratch) = (made.path().join("made.img"), made.path().join("scratch"));
    fs::create_dir_all(&scratch).unwrap();
    disk_image::make(&image, &scratch, Bulk::NONE).unwrap();
    let mut ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    assert!(!ada.get("/environments").await.body.contains("name=\"site\""));
    let form = [("name", "adas"), ("description", ""), ("ssh_user", "")];
    let page = location(&ada.post("/environments/imports", &form).await).to_owned();
    let shown = ada.get(&page).await.body;
    assert!(shown.contains("type=\"file\"") && shown.contains("waits for its file"), "{shown}");
    let busy = ada.post("/environments/imports", &[("name", "more")]).await;
    assert!(busy.body.contains("expected one at a time"), "{}", busy.body);

    let image = fs::read(&image).unwrap();
    assert_eq!(send(&mut ada, &page, "stolen", &image).await.status, StatusCode::FORBIDDEN);
    let csrf = ada.csrf.clone();
    assert_eq!(location(&send(&mut ada, &page, &csrf, &image).await), page);
    let import = over(&app, number(&page)).await;
    assert_eq!((import.state, import.problem.as_str()), (ImportState::Done, ""));
    let shown = ada.get(&page).await.body;
    assert!(shown.contains("It can be deployed now."), "{shown}");
    let found = app.store.read(environments::catalogue).await.unwrap();
    let entry = found.iter().find(|entry| entry.environment.name == "adas").unwrap();
    assert_eq!((entry.sharing, entry.imported_by.as_str()), (Sharing::Private, "ada@lab"));
    assert!(app.data.image_manifest(entry.environment.id).exists());
    working.end().await;
    assert!(!app.data.upload(import.id).exists(), "what was sent goes");
}

#[tokio::test]
async fn what_is_no_image_or_came_in_part_is_told_of_and_goes() {
    let app = TestApp::new(1).await;
    let working = importer(&app);
    let mut ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    let begin = async |ada: &mut Browser<'_>| {
        location(&ada.post("/environments/imports", &[("name", "adas")]).await).to_owned()
    };
    let page = begin(&mut ada).await;
    let csrf = {
        ada.get(&page).await;
        ada.csrf.clone()
    };
    send(&mut ada, &page, &csrf, b"no image at all").await;
    let import = over(&app, number(&page)).await;
    assert_eq!(import.state, ImportState::Failed);
    let shown = ada.get(&page).await.body;
    assert!(!import.problem.is_empty() && shown.contains("failed"), "{shown}");

    // The browser goes away in the middle.
    let page = begin(&mut ada).await;
    let cut = format!(
        "--x1\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{csrf}\r\n--x1\r\n\
                       Content-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nhalf"
    );
    let request = Request::post(format!("{page}/file"));
    let request = request.header(header::CONTENT_TYPE, "multipart/form-data; boundary=x1");
    ada.send(request.body(Body::from(cut)).unwrap()).await;
    let import = over(&app, number(&page)).await;
    assert!(import.problem.contains("broke off"), "{import:?}");
    assert!(!app.data.upload(import.id).exists());
    let again = send(&mut ada, &page, &csrf, b"more").await;
    assert_eq!(location(&again), page);
    assert!(ada.get(&page).await.body.contains("does not wait for a file"));

    // Cancelled while it waits for its file; others do not see it.
    let page = begin(&mut ada).await;
    let mut bob = Browser::signed_in(&app, "bob@lab", Role::User).await;
    assert_eq!(bob.get(&page).await.status, StatusCode::NOT_FOUND);
    ada.post(&format!("{page}/cancel"), &[]).await;
    assert_eq!(over(&app, number(&page)).await.state, ImportState::Cancelled);
    working.end().await;
}

#[tokio::test]
async fn administrators_import_what_lies_in_the_folder_and_a_restart_ends_what_ran() {
    let app = TestApp::new(1).await;
    fs::create_dir_all(app.data.incoming()).unwrap();
    fs::write(app.data.incoming().join("a.img"), "no image").unwrap();
    let (root, ada) = (app.token("root@lab", Role::Admin).await, app.token("ada@lab", Role::User).await);
    let post = async |token: &str, body| app.api(Method::POST, "/imports", token, Some(body)).await;
    let site = json!({ "name": "a", "file": "a.img", "for_site": true });
    assert_eq!(post(&ada, site.clone()).await.status, StatusCode::FORBIDDEN);
    assert_eq!(post(&ada, json!({ "name": "a", "file": "a.img" })).await.status, StatusCode::FORBIDDEN);
    for file in ["b.img", "../pimaster.db", ""] {
        let refused = post(&root, json!({ "name": "a", "file": file })).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["field"]), (422, &json!("file")), "{file}");
    }
    let begun = post(&root, site).await;
    assert_eq!((begun.status.as_u16(), &begun.json()["state"]), (201, &json!("waiting")));
    let id = ImportId(begun.json()["id"].as_i64().unwrap());

    // It ran when pimaster ended: the next start says that it is broken, and goes on with what waits.
    let sent = post(&ada, json!({ "name": "hers" })).await;
    let sent = ImportId(sent.json()["id"].as_i64().unwrap());
    let working = importer(&app);
    let import = over(&app, id).await;
    assert_eq!((import.state, import.user, import.wish.is_for_site), (ImportState::Failed, UserId(1), true));
    assert!(app.data.incoming().join("a.img").exists(), "it is not ours to remove");
    let broken = over(&app, sent).await;
    assert!(broken.problem.contains("restarted"), "{broken:?}");
    let path = format!("/imports/{sent}/file");
    let request =
        Request::put(format!("/api/v1{path}")).header(header::AUTHORIZATION, format!("Bearer {ada}"));
    let late = app.send(request.body(Body::from("image")).unwrap()).await;
    assert_eq!(late.status, StatusCode::CONFLICT, "{}", late.body);

    let begun = post(&ada, json!({ "name": "hers" })).await;
    let id = ImportId(begun.json()["id"].as_i64().unwrap());
    let request = Request::put(format!("/api/v1/imports/{id}/file"));
    let request = request.header(header::AUTHORIZATION, format!("Bearer {ada}"));
    let taken = app.send(request.body(Body::from("no image")).unwrap()).await;
    assert_eq!(taken.status, StatusCode::ACCEPTED, "{}", taken.body);
    assert_eq!(over(&app, id).await.state, ImportState::Failed);
    working.end().await;
}
