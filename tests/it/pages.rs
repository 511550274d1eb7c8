//! The pages: the way of a person through them, and everything that must be refused.

use crate::browser::{Browser, between, location};
use crate::test_app::{KEY, TestApp};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use futures_util::StreamExt;
use pimaster::agent::Agent;
use pimaster::model::agent::Caller;
use pimaster::model::audit::Actor;
use pimaster::model::clock;
use pimaster::model::deployment::{DeploymentState, Progress, Request as Asked, StepEvent};
use pimaster::model::ids::{DeploymentId, ReservationId};
use pimaster::model::network::{Notice, NoticeKind};
use pimaster::model::problem::Problem;
use pimaster::model::reservation::ReservationState;
use pimaster::model::user::Role;
use pimaster::store::{deployments, networks, reservations, users};
use pimaster::web;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

const RESERVE: [(&str, &str); 4] = [("nodes", "pi-01"), ("hours", "2"), ("name", "night run"), ("start", "")];
const CONFIGURE: [(&str, &str); 4] =
    [("environment", "raspios"), ("partition_size", "whole"), ("ssh_keys", ""), ("user_script", "")];

/// Reserves pi-01 and configures it.
async fn configured(browser: &mut Browser<'_>) -> ReservationId {
    let answer = browser.post("/reserve", &RESERVE).await;
    let path = location(&answer).to_owned();
    assert_eq!(location(&browser.post(&path, &CONFIGURE).await), "/manage");
    between(&path, "/reservations/", "/").unwrap().parse().unwrap()
}

async fn change(
    app: &TestApp,
    id: DeploymentId,
    change: impl FnOnce(&mut pimaster::model::deployment::Deployment) + Send + 'static,
) {
    app.store
        .write(move |tx| {
            let mut row = deployments::by_id(tx, id)?.unwrap();
            change(&mut row);
            deployments::save(tx, &row)
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn a_person_reserves_configures_follows_and_destroys() {
    let app = TestApp::new(3).await;
    let mut ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    let saved = ada.post("/settings/keys", &[("ssh_keys", KEY)]).await;
    assert_eq!(location(&saved), "/settings");
    let page = ada.get("/reserve").await;
    assert!(page.body.contains("3 of 3 free now"), "{}", page.body);
    let reserved = ada.post("/reserve", &RESERVE).await;
    let configure = location(&reserved).to_owned();
    let page = ada.get(&configure).await;
    assert!(page.body.contains("The nodes are reserved as night run."), "{}", page.body);
    assert!(page.body.contains("raspios") && page.body.contains("ada@lab</span>"), "{}", page.body);
    assert_eq!(location(&ada.post(&configure, &CONFIGURE).await), "/manage");
    let page = ada.get("/manage").await;
    let password = between(&page.body, "<code class=\"copy\">", "</code>").unwrap();
    assert_eq!(password.len(), 14, "the password that was made is shown");
    assert!(page.body.contains("initialized"), "{}", page.body);
    assert!(!ada.get("/manage").await.body.contains(password), "it is shown once");

    let id: ReservationId = between(&configure, "/reservations/", "/").unwrap().parse().unwrap();
    let row = app.activate(id, DeploymentState::EnvCopy).await[0];
    change(&app, row, |row| {
        row.progress = Some(Progress {
            done_bytes: 600_000_000,
            total_bytes: 1_800_000_000,
            rate_bytes_per_second: 20_000_000,
        });
    })
    .await;
    let page = ada.get("/manage").await;
    let bar = "<progress value=\"33\" max=\"100\" aria-label=\"Progress of pi-01\">";
    for part in ["env_copy", "step 4 of 17", bar, "33 % · 600 MB of 1.8 GB · 20.0 MB/s · 1 min left"] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    assert_eq!(location(&ada.post("/nodes/pi-01/hard-reboot", &[("back", "/manage")]).await), "/manage");
    let fragment = ada.get("/manage/live").await;
    assert!(fragment.body.contains("A hard reboot was asked for"), "{}", fragment.body);
    assert!(!fragment.body.contains("<html"));

    change(&app, row, |row| {
        row.state = DeploymentState::Deployed;
        (row.progress, row.request) = (None, None);
    })
    .await;
    let page = ada.get("/manage").await;
    assert!(page.body.contains("ssh -p 22 root@10.20.0.1"), "{}", page.body);
    assert!(page.body.contains("SHA256:"), "{}", page.body);
    assert_eq!(location(&ada.post(&format!("/reservations/{id}/release"), &[]).await), "/manage");
    let state = app.store.read(move |conn| reservations::by_id(conn, id)).await.unwrap().unwrap().state;
    assert_eq!(state, ReservationState::Ending);
    assert!(!ada.get("/manage").await.body.contains("Hard reboot"));
}

#[tokio::test]
async fn one_node_is_destroyed_after_a_confirmation_and_the_others_stay() {
    let app = TestApp::new(2).await;
    let mut ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    let both = [("nodes", "pi-01"), ("nodes", "pi-02"), ("hours", "2"), ("name", "pair")];
    let configure = location(&ada.post("/reserve", &both).await).to_owned();
    ada.post(&configure, &CONFIGURE).await;
    let id: ReservationId = between(&configure, "/reservations/", "/").unwrap().parse().unwrap();
    let rows: [DeploymentId; 2] = app.activate(id, DeploymentState::Deployed).await.try_into().unwrap();
    let page = ada.get("/manage").await.body;
    let button =
        between(&page, "<details class=\"confirm\" id=\"destroy-node-pi-01\">", "</details>").unwrap();
    let form = between(button, "</summary>", "</form>").unwrap();
    assert!(form.contains("action=\"/nodes/pi-01/destroy\""), "{form}");
    assert!(form.contains("the card is wiped") && form.contains("Destroy pi-01"), "{form}");

    assert_eq!(location(&ada.post("/nodes/pi-01/destroy", &[("back", "/manage")]).await), "/manage");
    let page = ada.get("/manage").await.body;
    assert!(page.contains("Destroying was asked for"), "{page}");
    assert!(!page.contains("action=\"/nodes/pi-01/") && page.contains("/nodes/pi-02/destroy"), "{page}");
    let (requests, state) = app
        .store
        .read(move |conn| {
            let requests = [deployments::request(conn, rows[0])?, deployments::request(conn, rows[1])?];
            Ok((requests, reservations::by_id(conn, id)?.unwrap().state))
        })
        .await
        .unwrap();
    assert_eq!((requests, state), ([Some(Asked::Destroy), None], ReservationState::Active));

    change(&app, rows[1], |row| row.state = DeploymentState::Initialized).await;
    let page = ada.get("/manage").await.body;
    assert!(!page.contains("/nodes/pi-02/hard-reboot") && page.contains("/nodes/pi-02/destroy"), "{page}");
}

#[tokio::test]
async fn problems_and_history_are_shown_as_text() {
    let app = TestApp::new(1).await;
    let mut ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    let id = configured(&mut ada).await;
    let row = app.activate(id, DeploymentState::Failed).await[0];
    change(&app, row, |row| {
        row.problem = Some(Problem::new("<script>alert(1)</script>", "a card", "Put a card in."));
    })
    .await;
    let event = StepEvent { at: clock::now(), state: DeploymentState::Failed, text: "no <b>card</b>".into() };
    app.store.write(move |tx| deployments::add_event(tx, row, &event)).await.unwrap();
    let page = ada.get(&format!("/reservations/{id}")).await;
    assert!(
        page.body.contains("&lt;script&gt;alert(1)") && !page.body.contains("<script>alert"),
        "{}",
        page.body
    );
    assert!(page.body.contains("no &lt;b&gt;card") && page.body.contains("Put a card in."), "{}", page.body);
    assert!(page.body.contains("Last lines of pi-01"));
}

#[tokio::test]
async fn wrong_fields_are_named_and_nothing_typed_is_lost() {
    let app = TestApp::new(2).await;
    let mut ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    let page = ada.post("/reserve", &[("nodes", "pi-02"), ("hours", "900"), ("name", "my \"bin\"")]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.body.contains("would last 900 hours; expected at most 72"), "{}", page.body);
    assert!(page.body.contains("value=\"my &quot;bin&quot;\""), "{}", page.body);
    assert!(page.body.contains("value=\"pi-02\" id=\"node-pi-02\" checked"), "{}", page.body);
    let mut bob = Browser::signed_in(&app, "bob@lab", Role::User).await;
    location(&bob.post("/reserve", &RESERVE).await);
    let page = ada.post("/reserve", &RESERVE).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert!(page.body.contains("pi-01 is taken by bob@lab from"), "{}", page.body);

    let reserved = ada.post("/reserve", &[("nodes", "pi-02"), ("hours", "1"), ("name", "x")]).await;
    let configure = location(&reserved).to_owned();
    let typed = [
        ("environment", "raspios"),
        ("partition_size", "other"),
        ("other_size", "huge"),
        ("ssh_keys", "not a key"),
        ("user_script", "date"),
        ("password", "short"),
    ];
    let page = ada.post(&configure, &typed).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    for part in ["`huge` is no partition size", "Line 1: `not a key`", "5 characters", ">\ndate</textarea>"] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    assert!(!page.body.contains("value=\"short\""), "a password is never sent back");
    let page = ada.post("/settings/keys", &[("ssh_keys", "nonsense")]).await;
    assert!(page.body.contains("Line 1: `nonsense` is no public SSH key"), "{}", page.body);
}

#[tokio::test]
async fn every_page_wants_the_right_person() {
    let app = TestApp::new(1).await;
    let mut owner = Browser::signed_in(&app, "ada@lab", Role::User).await;
    let mut other = Browser::signed_in(&app, "bob@lab", Role::User).await;
    let mut admin = Browser::signed_in(&app, "root@lab", Role::Admin).await;
    let id = configured(&mut owner).await;
    let configure = format!("/reservations/{id}/configure");
    let pages = [
        ("/reserve".to_owned(), 200),
        ("/reserve/live".to_owned(), 200),
        ("/manage".to_owned(), 200),
        ("/manage/live".to_owned(), 200),
        ("/manage?all=1".to_owned(), 200),
        ("/settings".to_owned(), 200),
        (configure.clone(), 403),
        (format!("/reservations/{id}"), 403),
        (format!("/reservations/{id}/live"), 403),
    ];
    for (path, stranger) in &pages {
        let anonymous = Browser::new(&app).get(path).await;
        let next: String = form_urlencoded::byte_serialize(path.as_bytes()).collect();
        assert_eq!(location(&anonymous), format!("/sign-in?next={next}"));
        assert_eq!(other.get(path).await.status.as_u16(), *stranger, "{path}");
        assert_eq!(owner.get(path).await.status, StatusCode::OK, "{path}");
        assert_eq!(admin.get(path).await.status, StatusCode::OK, "{path}");
    }
    assert!(!other.get("/manage?all=1").await.body.contains("night run"));
    assert!(admin.get("/manage?all=1").await.body.contains("night run"));
    app.activate(id, DeploymentState::Deployed).await;
    let forms = [
        ("/nodes/pi-01/hard-reboot".to_owned(), 403, 303),
        ("/nodes/pi-01/deploy-again".to_owned(), 403, 303),
        ("/nodes/pi-01/destroy".to_owned(), 403, 303),
        (configure, 403, 409),
        (format!("/reservations/{id}/release"), 403, 303),
        ("/settings/keys".to_owned(), 303, 303),
        ("/settings/tokens/1/revoke".to_owned(), 404, 404),
    ];
    for (path, stranger, holder) in &forms {
        let anonymous = Browser::new(&app).post(path, &CONFIGURE).await;
        assert_eq!(location(&anonymous), "/sign-in", "{path}");
        assert_eq!(other.post(path, &CONFIGURE).await.status.as_u16(), *stranger, "{path}");
        assert_eq!(admin.post(path, &CONFIGURE).await.status.as_u16(), *holder, "{path}");
        assert_eq!(owner.post(path, &CONFIGURE).await.status.as_u16(), *holder, "{path}");
    }
}

#[tokio::test]
async fn forms_without_their_token_change_nothing() {
    let app = TestApp::new(1).await;
    let mut ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    let bob = Browser::signed_in(&app, "bob@lab", Role::User).await;
    let id = configured(&mut ada).await;
    let row = app.activate(id, DeploymentState::Deployed).await[0];
    let release = format!("/reservations/{id}/release");
    let paths = [
        "/nodes/pi-01/hard-reboot",
        "/nodes/pi-01/deploy-again",
        "/nodes/pi-01/destroy",
        &release,
        "/reserve",
        "/settings/keys",
        "/settings/password",
        "/settings/tokens",
        "/settings/tokens/1/revoke",
        "/sign-out",
    ];
    for path in paths {
        for token in [None, Some(""), Some("made-up"), Some(bob.csrf.as_str())] {
            let fields: Vec<(&str, &str)> = token.map(|token| ("csrf", token)).into_iter().collect();
            assert_eq!(ada.post_raw(path, &fields).await.status, StatusCode::FORBIDDEN, "{path} {token:?}");
        }
    }
    let request = Request::post("/nodes/pi-01/hard-reboot")
        .header("sec-fetch-site", "cross-site")
        .body(Body::from(format!("csrf={}", ada.csrf)));
    assert_eq!(ada.send(request.unwrap()).await.status, StatusCode::FORBIDDEN);
    let asked = app.store.read(move |conn| deployments::by_id(conn, row)).await.unwrap().unwrap().request;
    assert_eq!(asked, None);
    location(&ada.post("/nodes/pi-01/hard-reboot", &[]).await);
    let asked = app.store.read(move |conn| deployments::by_id(conn, row)).await.unwrap().unwrap().request;
    assert_eq!(asked, Some(Asked::HardReboot));
}

#[tokio::test]
async fn every_answer_is_hardened_and_assets_are_cached() {
    let app = TestApp::new(1).await;
    let mut browser = Browser::new(&app);
    for path in ["/sign-in", "/nonsense", "/api/v1/nodes", "/assets/style.css"] {
        let headers = browser.get(path).await.headers;
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        let stored = headers[header::CACHE_CONTROL] != "no-store";
        assert_eq!(stored, path.starts_with("/assets/"), "{path}");
    }
    let page = browser.get("/sign-in").await;
    assert!(!page.body.contains("<style") && !page.body.contains("style="), "no inline styles");
    assert_eq!(page.body.matches("<script").count(), 1, "one script");
    let style = between(&page.body, "rel=\"stylesheet\" href=\"", "\"").unwrap();
    let answer = browser.get(style).await;
    assert!(answer.headers[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
    let again =
        Request::get("/assets/style.css").header(header::IF_NONE_MATCH, &answer.headers[header::ETAG]);
    assert_eq!(browser.send(again.body(Body::empty()).unwrap()).await.status, StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn the_stream_hints_at_once_after_a_change_and_ends_at_shutdown() {
    let app = TestApp::new(1).await;
    let ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    let user = app.store.read(|conn| users::by_email(conn, "ada@lab")).await.unwrap().unwrap().id;
    let caller = Caller { user, is_admin: false, actor: Actor::default() };
    let wish = pimaster::model::agent::ReserveWish {
        nodes: pimaster::model::agent::Choice::Named(vec!["pi-01".parse().unwrap()]),
        as_many_as_possible: false,
        start: None,
        hours: 1,
        name: "x".into(),
    };
    assert!(location(&Browser::new(&app).get("/events").await).starts_with("/sign-in"));
    let mut stream = ada.stream("/events").await;
    let mut next = async || Some(String::from_utf8(stream.next().await?.unwrap().to_vec()).unwrap());
    assert!(
        next().await.unwrap().starts_with("event: changed"),
        "a hint at once: something may have been missed"
    );
    app.agent.reserve(&caller, wish).await.unwrap();
    assert!(next().await.unwrap().starts_with("event: changed"));
    app.streams.cancel();
    assert_eq!(next().await, None);
}

#[tokio::test]
async fn a_server_with_an_open_stream_stops() {
    let app = TestApp::new(1).await;
    let ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    let config = web::Config {
        listen: "127.0.0.1:0".parse().unwrap(),
        public_url: "http://127.0.0.1".into(),
        secure_cookies: false,
        time_zone: clock::TimeZone::UTC,
        tls: None,
    };
    let agent: Arc<dyn Agent> = app.agent.clone();
    let extra = axum::Router::new().route("/images/7/manifest", axum::routing::get(async || "manifest"));
    let server = web::Server::bind(config, app.store.clone(), agent, app.keys.clone(), extra).await.unwrap();
    let address = server.local_addr().unwrap();
    let stop = CancellationToken::new();
    let running = tokio::spawn(server.run(stop.clone()));
    let ask = async |path: &str, until: &str| {
        let mut socket = TcpStream::connect(address).await.unwrap();
        let cookie = &ada.cookies["pimaster_session"];
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nCookie: pimaster_session={cookie}\r\n\r\n");
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut seen = String::new();
        while !seen.contains(until) {
            let mut bytes = [0; 4096];
            let count = socket.read(&mut bytes).await.unwrap();
            assert!(count > 0, "closed after {seen}");
            seen.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
        }
        socket
    };
    drop(ask("/images/7/manifest", "manifest").await);
    let mut stream = ask("/events", "event: changed").await;
    stop.cancel();
    running.await.unwrap().unwrap();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).await.unwrap();
    assert!(rest.ends_with("0\r\n\r\n"), "the stream ends, it is not cut off: {rest:?}");
}

#[tokio::test]
async fn an_administrator_sees_the_network_and_gives_devices_addresses() {
    let app = TestApp::new(1).await;
    let mut ada = Browser::signed_in(&app, "ada@lab", Role::User).await;
    assert_eq!(ada.get("/network").await.status, StatusCode::FORBIDDEN);
    assert!(!ada.get("/reserve").await.body.contains("href=\"/network\""));

    let (server, mac) = ([10, 20, 0, 200].into(), "00:16:3e:00:00:02".parse().unwrap());
    let notice = Notice {
        kind: NoticeKind::DuplicateAddress,
        subject: "10.20.0.1".into(),
        seen: "10.20.0.1 is used twice".into(),
        advice: "Find it <now>.".into(),
    };
    let seen = app.store.write(move |tx| {
        networks::record_server(tx, server, Some(mac), "offered 10.20.0.9", clock::now())?;
        networks::record_notice(tx, &notice, clock::now())
    });
    seen.await.unwrap();
    let mut root = Browser::signed_in(&app, "root@lab", Role::Admin).await;
    let page = root.get("/network").await.body;
    for part in [
        "10.20.0.200 at 00:16:3e:00:00:02",
        "offered 10.20.0.9",
        "Find it &lt;now&gt;.",
        "10.20.0.0/24",
        "through <code>wlan0</code>, with pimaster’s address there",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    let device =
        |address| [("name", "switch"), ("mac", "00:1b:21:01:02:03"), ("address", address), ("boot_file", "")];
    let refused = root.post("/network/devices", &device("10.20.0.1")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("pi-01 has the address 10.20.0.1 already"), "{}", refused.body);
    let refused = root.post("/network/devices", &device("10.99.0.1")).await;
    assert!(refused.body.contains("expected one in 10.20.0.0/24"), "{}", refused.body);
    assert_eq!(location(&root.post("/network/devices", &device("10.20.0.250")).await), "/network");
    assert!(root.get("/network").await.body.contains("10.20.0.250"));
    assert_eq!(location(&root.post("/network/devices/switch/remove", &[]).await), "/network");
    assert_eq!(root.post("/network/devices/switch/remove", &[]).await.status, StatusCode::NOT_FOUND);
    let about = [("kind", "duplicate_address"), ("subject", "10.20.0.1")];
    assert_eq!(location(&root.post("/network/notices/forget", &about).await), "/network");
    assert_eq!(
        location(&root.post("/network/servers/forget", &[("address", "10.20.0.200")]).await),
        "/network"
    );
    let live = root.get("/network/live").await.body;
    assert!(live.contains("Nothing was noticed.") && live.contains("None was noticed."), "{live}");
}

#[tokio::test]
async fn pages_speak_the_language_that_is_liked_or_chosen() {
    let app = TestApp::new(1).await;
    let mut eve = Browser::signed_in(&app, "eve@lab", Role::User).await;
    let page = eve.get("/settings").await;
    assert!(page.body.contains("<html lang=\"en\">") && page.body.contains("Save the keys"), "{}", page.body);
    let chosen = eve.post("/language", &[("language", "fr")]).await;
    assert_eq!(location(&chosen), "/");
    let page = eve.get("/settings").await;
    assert!(
        page.body.contains("<html lang=\"fr\">") && page.body.contains("Enregistrer les clés"),
        "{}",
        page.body
    );
    let missing = eve.get("/nowhere").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    assert!(missing.body.contains("Page inconnue"), "{}", missing.body);
    assert_eq!(eve.post("/language", &[("language", "tlh")]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(eve.post_raw("/language", &[("language", "en")]).await.status, StatusCode::FORBIDDEN);
}
