//! What the paths of the table name: an owner with a reservation that is deployed, and one of everything else.

use super::Actor;
use crate::browser::{Browser, between};
use crate::environments::owned;
use crate::test_app::{Answer, TestApp};
use axum::body::Body;
use axum::http::{Method, Request, header};
use pimaster::agent::{Agent, Detections, NetworkAgent};
use pimaster::model::agent::{Caller, Choice, ConfigureWish, ReserveWish};
use pimaster::model::audit;
use pimaster::model::clock::{self, SignedDuration};
use pimaster::model::credential::Platform;
use pimaster::model::deployment::DeploymentState;
use pimaster::model::detection::DetectWish;
use pimaster::model::device::NewDevice;
use pimaster::model::ids::{SwitchId, UserId};
use pimaster::model::mail::MailSettings;
use pimaster::model::net::MacAddr;
use pimaster::model::network::{Notice, NoticeKind};
use pimaster::model::observation::{Asker, Observation};
use pimaster::model::rack::{PETH_PSE_PORT_ADMIN_ENABLE, PortRef, PowerDriver};
use pimaster::model::reservation::PartitionSize;
use pimaster::model::sharing::Sharing;
use pimaster::model::token::TokenWish;
use pimaster::model::user::Role;
use pimaster::store::{
    Transaction, credentials, networks, nodes, sessions, sightings, site, switches, tokens, users,
};
use pimaster::web;
use serde_json::json;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

const MAC: MacAddr = MacAddr([0x2c, 0xcf, 0x67, 0, 0, 7]);

/// Cookies of a browser, and the token of its forms.
type Signed = (BTreeMap<String, String>, String);

/// A server where everything that a path can name is there.
pub(super) struct World {
    app: TestApp,
    /// What stands in place of `{id}` and the like, by the beginning of the path.
    named: Vec<(&'static str, String)>,
    tokens: HashMap<Actor, String>,
    /// Cookies and form token of who has signed in.
    browsers: RefCell<HashMap<Actor, Signed>>,
}

fn email(actor: Actor) -> String {
    format!("{actor:?}@lab").to_lowercase()
}

impl World {
    pub(super) async fn new() -> Self {
        let app = TestApp::in_memory(3).await;
        let mut ids = HashMap::new();
        let mut tokens = HashMap::new();
        for (actor, role) in [
            (Actor::Pending, Role::Pending),
            (Actor::User, Role::User),
            (Actor::Owner, Role::User),
            (Actor::Administrator, Role::Admin),
        ] {
            ids.insert(actor, web::add_user(&app.store, &email(actor), role).await.unwrap());
            tokens.insert(
                actor,
                web::create_token(&app.store, &email(actor), TokenWish::unlimited("test")).await.unwrap(),
            );
        }
        let bystander = web::add_user(&app.store, "bystander@lab", Role::User).await.unwrap();
        let switch = rack(&app).await;
        let (owner, root) = (caller(ids[&Actor::Owner], false), caller(ids[&Actor::Administrator], true));
        let (reservation, deployment) = deployed(&app, &owner).await;
        let wish = DetectWish { switch: "sw1".into(), ports: vec![4] };
        let detection = app.agent.detect(&root, wish).await.unwrap();
        let address = "10.20.0.9".parse().unwrap();
        let device =
            NewDevice { name: "pc".parse().unwrap(), mac: MacAddr([2, 0, 0, 0, 0, 9]), address, boot: None };
        app.agent.add_device(&root, device).await.unwrap();
        let mut elsewhere = Browser::new(&app);
        sign_in(&app, &mut elsewhere, &email(Actor::Owner)).await;
        let (token, session) = token_and_session(&app, owner.user).await;
        let put = move |tx: &Transaction<'_>| {
            credentials::set(tx, owner.user, Platform::Grid5000, ("ada", "sealed"), clock::now())
        };
        app.store.write(put).await.unwrap();
        let link = web::set_password_link(&app.store, "bystander@lab", "").await.unwrap();
        let made = made(&app, &tokens[&Actor::Owner], &tokens[&Actor::Administrator]).await;
        let environment = owned(&app, "own", &email(Actor::Owner), Sharing::Private).await;
        let named = made.into_iter().chain([
            ("/api/v1/environments/", "own".to_owned()),
            ("/environments/", environment.to_string()),
            ("/links/", link.strip_prefix("/links/").unwrap().to_owned()),
            ("/reservations/", reservation),
            ("/nodes/", "pi-01".to_owned()),
            ("/detections/", detection.to_string()),
            ("/discovered/", MAC.to_string()),
            ("/network/devices/", "pc".to_owned()),
            ("/devices/", "pc".to_owned()),
            ("/tokens/", token),
            ("/sessions/", session),
            ("/users/", bystander.to_string()),
            ("/credentials/", "grid5000".to_owned()),
            ("/assets/", "style.css".to_owned()),
            ("/notices/", "hold_off".to_owned()),
            ("/notices/hold_off/", "pi-01".to_owned()),
            ("/foreign-servers/", "10.20.0.200".to_owned()),
            ("/api/v1/switches/", "sw1".to_owned()),
            ("/switches/", switch.to_string()),
            ("/deployments/", deployment),
        ]);
        let named = named.collect();
        Self { app, named, tokens, browsers: RefCell::default() }
    }

    /// Asks, with the token of the account in the API and in its session on pages.
    pub(super) async fn ask(&self, actor: Actor, method: &str, route: &str, body: &str) -> Answer {
        let path = self.path(route);
        let is_api = path.starts_with("/api/");
        let mut browser = Browser::new(&self.app);
        if !is_api {
            (browser.cookies, browser.csrf) = self.session(actor).await;
        }
        let (kind, body) = match (is_api, method, body) {
            (true, _, "") | (false, "GET", _) => (None, String::new()),
            (true, _, body) => (Some("application/json"), body.to_owned()),
            (false, _, body) => {
                // Where there is a page of that path its form has the token; else it is that of the session.
                browser.get(&path).await;
                let csrf: String = form_urlencoded::byte_serialize(browser.csrf.as_bytes()).collect();
                (Some("application/x-www-form-urlencoded"), format!("csrf={csrf}&{body}"))
            }
        };
        let mut request = Request::builder().method(method).uri(&path);
        if let Some(kind) = kind {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        if is_api {
            let token = self.tokens.get(&actor).map(|token| format!("Bearer {token}"));
            request = token.into_iter().fold(request, |it, token| it.header(header::AUTHORIZATION, token));
        } else {
            let pairs: Vec<String> =
                browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(header::COOKIE, pairs.join("; "));
        }
        // A stream of events has no end: its head says all.
        let (parts, body) = self.app.open(request.body(Body::from(body)).unwrap()).await.into_parts();
        let body = match path.as_str() {
            "/events" => String::new(),
            _ => String::from_utf8_lossy(&axum::body::to_bytes(body, 4 << 20).await.unwrap()).into_owned(),
        };
        Answer { status: parts.status, headers: parts.headers, body }
    }

    fn path(&self, route: &str) -> String {
        let Some((before, rest)) = route.split_once('{') else { return route.to_owned() };
        let after = rest.split_once('}').unwrap().1;
        let named = self.named.iter().find(|(part, _)| before.ends_with(part));
        let (_, name) = named.unwrap_or_else(|| panic!("{route}: say in world.rs what `{{{rest}` names"));
        self.path(&format!("{before}{name}{after}"))
    }

    async fn session(&self, actor: Actor) -> Signed {
        if let Some(known) = self.browsers.borrow().get(&actor) {
            return known.clone();
        }
        let mut browser = Browser::new(&self.app);
        match actor {
            Actor::Anonymous => drop(browser.get("/sign-in").await),
            Actor::Pending => {
                // They were people once: who waits cannot sign in.
                self.set_role(actor, Role::User).await;
                sign_in(&self.app, &mut browser, &email(actor)).await;
                self.set_role(actor, Role::Pending).await;
            }
            Actor::User | Actor::Owner | Actor::Administrator => {
                sign_in(&self.app, &mut browser, &email(actor)).await;
            }
        }
        let known = (browser.cookies.clone(), browser.csrf.clone());
        self.browsers.borrow_mut().insert(actor, known.clone());
        known
    }

    async fn set_role(&self, actor: Actor, role: Role) {
        let email = email(actor);
        let set = move |tx: &Transaction<'_>| {
            let user = users::by_email(tx, &email)?.unwrap();
            users::set_role(tx, user.id, role)
        };
        self.app.store.write(set).await.unwrap();
    }
}

fn caller(user: UserId, is_admin: bool) -> Caller {
    Caller { user, is_admin, actor: audit::Actor::default() }
}

async fn sign_in(app: &TestApp, browser: &mut Browser<'_>, email: &str) {
    let link = web::sign_in_link(&app.store, email, "").await.unwrap();
    browser.get(&link).await;
    browser.post(&link, &[]).await;
    let page = browser.get("/settings").await;
    assert!(between(&page.body, "name=\"csrf\"", ">").is_some(), "{email}: {}", page.body);
}

/// A switch with pi-01 at its port 1, a discovered machine, another DHCP server and a notice.
async fn rack(app: &TestApp) -> SwitchId {
    let driver = PowerDriver::Snmp {
        address: "127.0.0.1:9".parse().unwrap(),
        community: "c".into(),
        base_oid: PETH_PSE_PORT_ADMIN_ENABLE.into(),
        index_offset: 0,
    };
    let seen = Observation {
        asker: Asker::Firmware,
        vendor_class: None,
        architecture: None,
        machine_id: None,
        host_name: None,
        serial: None,
        revision: None,
        rom_3b: false,
        relay: None,
        is_board: true,
    };
    let notice = Notice {
        kind: NoticeKind::HoldOff,
        subject: "pi-01".into(),
        seen: "seen".into(),
        advice: "do".into(),
    };
    app.store
        .write(move |tx| {
            let switch = switches::upsert(tx, "sw1", &driver, 8, Some(8))?;
            nodes::set_port(tx, nodes::by_name(tx, "pi-01")?.unwrap().id, PortRef { switch, port: 1 })?;
            sightings::record(tx, MAC, &seen, clock::now())?;
            networks::record_server(tx, "10.20.0.200".parse().unwrap(), None, "heard of", clock::now())?;
            networks::record_notice(tx, &notice, clock::now())?;
            // Without it nobody can have forgotten their password.
            site::set(tx, MailSettings::NAME, &MailSettings { is_enabled: true, ..MailSettings::default() })?;
            Ok(switch)
        })
        .await
        .unwrap()
}

async fn deployed(app: &TestApp, owner: &Caller) -> (String, String) {
    let nodes = Choice::Named(vec!["pi-01".parse().unwrap()]);
    let wish = ReserveWish { nodes, as_many_as_possible: false, start: None, hours: 2, name: "bin".into() };
    let id = app.agent.reserve(owner, wish).await.unwrap();
    let wish = ConfigureWish {
        environment: "raspios".into(),
        partition_size: PartitionSize::Whole,
        password: Some("correct horse".into()),
        ssh_keys: Vec::new(),
        user_script: None,
        system_update: false,
        nodes: std::collections::BTreeMap::new(),
    };
    app.agent.configure(owner, id, wish).await.unwrap();
    let deployment = app.activate(id, DeploymentState::Deployed).await[0];
    (id.to_string(), deployment.to_string())
}

/// What is made by the API: of the owner a wish that waits, a template and a feed; a group, a block, a question.
async fn made(app: &TestApp, owner: &str, root: &str) -> Vec<(&'static str, String)> {
    let tomorrow = clock::now() + SignedDuration::from_hours(24);
    let end = tomorrow + SignedDuration::from_hours(1);
    let block =
        json!({ "start": tomorrow.to_string(), "end": end.to_string(), "reason": "x", "nodes": ["pi-03"] });
    let asked = json!({ "name": "sw9", "ports": 8, "address": "127.0.0.1:9", "community": "c" });
    let mut named = Vec::new();
    for (token, path, name, body) in [
        (owner, "/queue", "/queue/", json!({ "count": 3, "hours": 1, "name": "bin" })),
        (owner, "/imports", "/imports/", json!({ "name": "brought" })),
        (owner, "/templates", "/templates/", json!({ "name": "kept", "environment": "raspios" })),
        (root, "/groups", "/groups/", json!({ "name": "students" })),
        (root, "/blocks", "/blocks/", block),
        (root, "/inquiries", "/tries/", asked),
    ] {
        let answer = app.api(Method::POST, path, token, Some(body)).await;
        let id = answer.json()["id"].as_i64();
        let id = id.unwrap_or_else(|| panic!("{path}: {}", answer.body)).to_string();
        named.push((name, id.clone()));
        if name == "/tries/" {
            named.push(("/inquiries/", id));
        }
    }
    let feed = app.api(Method::POST, "/me/feed", owner, None).await.json();
    named.push(("/calendar/", feed["url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()));
    named
}

/// Of the owner: a token, and a session in another browser.
async fn token_and_session(app: &TestApp, owner: UserId) -> (String, String) {
    app.store
        .read(move |conn| {
            let token = tokens::list(conn, owner)?[0].id.to_string();
            let session = sessions::list(conn, owner, &[0; 32], clock::now())?[0].name.clone();
            Ok((token, session))
        })
        .await
        .unwrap()
}
