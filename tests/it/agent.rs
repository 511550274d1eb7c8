//! The agent of this pimaster: booking, configuring, asking, and who may.

use crate::test_app::{KEY, OTHER_KEY, ROOT_BYTES, TestApp};
use pimaster::agent::{Agent, Error, Kind, Whose};
use pimaster::model::agent::{Caller, Choice, ConfigureWish, ReserveWish};
use pimaster::model::audit::Actor;
use pimaster::model::clock::{self, SignedDuration, Timestamp};
use pimaster::model::deployment::{DeploymentState, Request};
use pimaster::model::ids::{NodeId, ReservationId};
use pimaster::model::node::NodeName;
use pimaster::model::reservation::{PartitionSize, ReservationState};
use pimaster::model::ssh_key::PublicKey;
use pimaster::model::user::Role;
use pimaster::store::{deployments, reservations, users};
use pimaster::web;
use std::collections::BTreeMap;

fn names(numbers: &[u8]) -> Vec<NodeName> {
    numbers.iter().map(|number| format!("pi-{number:02}").parse().unwrap()).collect()
}

fn wish(numbers: &[u8]) -> ReserveWish {
    ReserveWish {
        nodes: Choice::Named(names(numbers)),
        as_many_as_possible: false,
        start: None,
        hours: 2,
        name: "bin".into(),
    }
}

fn configuration() -> ConfigureWish {
    ConfigureWish {
        environment: "raspios".into(),
        partition_size: PartitionSize::Whole,
        password: None,
        ssh_keys: vec![],
        user_script: None,
        system_update: false,
        nodes: BTreeMap::new(),
    }
}

async fn caller(app: &TestApp, email: &str, role: Role) -> Caller {
    let user = web::add_user(&app.store, email, role).await.unwrap();
    Caller { user, is_admin: role == Role::Admin, actor: Actor::default() }
}

async fn configured(app: &TestApp, caller: &Caller, numbers: &[u8]) -> ReservationId {
    let id = app.agent.reserve(caller, wish(numbers)).await.unwrap();
    app.agent.configure(caller, id, configuration()).await.unwrap();
    id
}

#[tokio::test]
async fn all_nodes_are_booked_or_none_and_the_message_says_who_has_them() {
    let app = TestApp::new(3).await;
    let ada = caller(&app, "ada@lab", Role::User).await;
    let bob = caller(&app, "bob@lab", Role::User).await;
    app.agent.reserve(&ada, wish(&[2])).await.unwrap();
    let error = app.agent.reserve(&bob, wish(&[1, 2, 3])).await.unwrap_err();
    assert_eq!((error.kind(), error.field()), (Kind::Conflict, Some("nodes")));
    let text = error.to_string();
    assert!(text.starts_with("pi-02 is taken by ada@lab from 2") && text.ends_with(" UTC"), "{text}");
    assert!(!text.contains("pi-01"), "{text}");
    let free = app.agent.nodes().await.unwrap().into_iter().filter(|node| node.taken.is_none()).count();
    assert_eq!(free, 2);
}

#[tokio::test]
async fn a_node_in_use_can_be_booked_for_later() {
    let app = TestApp::new(1).await;
    let ada = caller(&app, "ada@lab", Role::User).await;
    let id = configured(&app, &ada, &[1]).await;
    app.activate(id, DeploymentState::Deployed).await;
    let later =
        |hours| ReserveWish { start: Some(clock::now() + SignedDuration::from_hours(hours)), ..wish(&[1]) };
    assert!(matches!(app.agent.reserve(&ada, later(1)).await, Err(Error::Taken { .. })));
    app.agent.reserve(&ada, later(3)).await.unwrap();
    let node = app.agent.nodes().await.unwrap().remove(0);
    assert_eq!((node.taken.unwrap().reservation, node.later.len()), (id, 1));
}

#[tokio::test]
async fn what_is_no_booking_is_refused_with_its_field() {
    let app = TestApp::new(1).await;
    let ada = caller(&app, "ada@lab", Role::User).await;
    let past = Some(clock::now() - SignedDuration::from_hours(1));
    let far = Some(clock::now() + SignedDuration::from_hours(24 * 400));
    let bad: [(ReserveWish, &str); 8] = [
        (wish(&[]), "nodes"),
        (wish(&[1, 9]), "nodes"),
        (ReserveWish { hours: 0, ..wish(&[1]) }, "hours"),
        (ReserveWish { hours: 73, ..wish(&[1]) }, "hours"),
        (ReserveWish { start: past, ..wish(&[1]) }, "start"),
        (ReserveWish { start: far, ..wish(&[1]) }, "start"),
        (ReserveWish { name: "  ".into(), ..wish(&[1]) }, "name"),
        (ReserveWish { name: "a\nb".into(), ..wish(&[1]) }, "name"),
    ];
    for (wish, field) in bad {
        let error = app.agent.reserve(&ada, wish).await.unwrap_err();
        assert_eq!((error.kind(), error.field()), (Kind::Invalid, Some(field)), "{error}");
    }
    assert_eq!(app.agent.reservations(&ada, Whose::Own).await.unwrap(), []);
}

#[tokio::test]
async fn configuring_stores_a_hash_and_each_key_once() {
    let app = TestApp::new(1).await;
    let ada = caller(&app, "ada@lab", Role::User).await;
    let account = vec![PublicKey::parse(KEY).unwrap()];
    let user = ada.user;
    app.store.write(move |tx| users::set_ssh_keys(tx, user, &account)).await.unwrap();
    let id = app.agent.reserve(&ada, wish(&[1])).await.unwrap();
    let again = PublicKey::parse(&KEY.replace("ada@lab", "another comment")).unwrap();
    let ssh_keys = vec![again, PublicKey::parse(OTHER_KEY).unwrap()];
    let given = app.agent.configure(&ada, id, ConfigureWish { ssh_keys, ..configuration() }).await.unwrap();
    assert_eq!(given.generated_password.unwrap().expose().len(), 14);
    let stored = app.store.read(move |conn| reservations::by_id(conn, id)).await.unwrap().unwrap();
    assert_eq!(stored.state, ReservationState::Configured);
    let stored = stored.configuration.unwrap();
    assert!(stored.password_hash.starts_with("$6$"));
    let comments: Vec<&str> = stored.ssh_keys.iter().map(PublicKey::comment).collect();
    assert_eq!(comments, ["ada@lab", "bob@lab"]);
}

#[tokio::test]
async fn what_is_no_configuration_is_refused_with_its_field() {
    let app = TestApp::new(1).await;
    let ada = caller(&app, "ada@lab", Role::User).await;
    let id = app.agent.reserve(&ada, wish(&[1])).await.unwrap();
    let bad: [(ConfigureWish, &str); 6] = [
        (ConfigureWish { environment: "beos".into(), ..configuration() }, "environment"),
        (ConfigureWish { password: Some("short".into()), ..configuration() }, "password"),
        (
            ConfigureWish { partition_size: PartitionSize::Bytes(ROOT_BYTES - 1), ..configuration() },
            "partition_size",
        ),
        (
            ConfigureWish { partition_size: PartitionSize::Bytes((2 << 40) + 1), ..configuration() },
            "partition_size",
        ),
        (ConfigureWish { user_script: Some("x".repeat(300_000)), ..configuration() }, "user_script"),
        (ConfigureWish { user_script: Some("a\0b".into()), ..configuration() }, "user_script"),
    ];
    for (wish, field) in bad {
        let error = app.agent.configure(&ada, id, wish).await.unwrap_err();
        assert_eq!((error.kind(), error.field()), (Kind::Invalid, Some(field)), "{error}");
    }
    let stored = app.store.read(move |conn| reservations::by_id(conn, id)).await.unwrap().unwrap();
    assert_eq!((stored.state, stored.configuration), (ReservationState::Held, None));
}

#[tokio::test]
async fn a_configuration_changes_until_it_is_deployed() {
    let app = TestApp::new(1).await;
    let ada = caller(&app, "ada@lab", Role::User).await;
    let id = configured(&app, &ada, &[1]).await;
    app.agent.configure(&ada, id, configuration()).await.unwrap();
    app.activate(id, DeploymentState::EnvCopy).await;
    let error = app.agent.configure(&ada, id, configuration()).await.unwrap_err();
    assert!(matches!(error, Error::InUse { .. }), "{error}");
    assert!(error.fix().contains("Destroy the bin"));
}

#[tokio::test]
async fn only_owner_and_administrator_see_and_act() {
    let app = TestApp::new(1).await;
    let ada = caller(&app, "ada@lab", Role::User).await;
    let bob = caller(&app, "bob@lab", Role::User).await;
    let root = caller(&app, "root@lab", Role::Admin).await;
    let id = configured(&app, &ada, &[1]).await;
    app.activate(id, DeploymentState::EnvCopy).await;
    let node = &names(&[1])[0];
    let refused = |error: Error| assert_eq!(error.kind(), Kind::Forbidden, "{error}");
    refused(app.agent.reservation(&bob, id).await.unwrap_err());
    refused(app.agent.configure(&bob, id, configuration()).await.unwrap_err());
    refused(app.agent.release(&bob, id).await.unwrap_err());
    refused(app.agent.request(&bob, node, Request::HardReboot).await.unwrap_err());
    assert_eq!(app.agent.reservations(&bob, Whose::All).await.unwrap(), []);
    assert_eq!(app.agent.nodes().await.unwrap()[0].taken.as_ref().unwrap().owner, "ada@lab");
    assert_eq!(app.agent.reservations(&root, Whose::Own).await.unwrap(), []);
    assert_eq!(app.agent.reservations(&root, Whose::All).await.unwrap().len(), 1);
    app.agent.request(&root, node, Request::HardReboot).await.unwrap();
    assert_eq!(app.agent.reservation(&ada, id).await.unwrap().nodes[0].request, Some(Request::HardReboot));
}

#[tokio::test]
async fn releasing_ends_at_once_or_asks_for_the_end() {
    let app = TestApp::new(2).await;
    let ada = caller(&app, "ada@lab", Role::User).await;
    let held = configured(&app, &ada, &[1]).await;
    app.agent.release(&ada, held).await.unwrap();
    assert_eq!(app.agent.reservation(&ada, held).await.unwrap().state, ReservationState::Ended);
    let active = configured(&app, &ada, &[1]).await;
    let ids = app.activate(active, DeploymentState::Deployed).await;
    app.agent.release(&ada, active).await.unwrap();
    app.agent.release(&ada, active).await.unwrap();
    assert_eq!(app.agent.reservation(&ada, active).await.unwrap().state, ReservationState::Ending);
    let asked = app.store.read(move |conn| deployments::by_id(conn, ids[0])).await.unwrap().unwrap();
    assert_eq!(asked.request, Some(Request::Destroy));
    let error = app.agent.request(&ada, &names(&[1])[0], Request::DeployAgain).await.unwrap_err();
    assert!(matches!(error, Error::GoingDown { .. }), "{error}");
    let error = app.agent.request(&ada, &names(&[2])[0], Request::DeployAgain).await.unwrap_err();
    assert!(matches!(error, Error::NotDeployed { .. }), "{error}");
}

#[tokio::test]
async fn what_waits_for_its_node_can_only_be_destroyed() {
    let app = TestApp::new(1).await;
    let ada = caller(&app, "ada@lab", Role::User).await;
    let id = configured(&app, &ada, &[1]).await;
    let row = app.activate(id, DeploymentState::Initialized).await[0];
    let node = &names(&[1])[0];
    let asked = async || app.store.read(move |conn| deployments::request(conn, row)).await.unwrap();
    for request in [Request::HardReboot, Request::DeployAgain] {
        let error = app.agent.request(&ada, node, request).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Conflict, "{error}");
        assert!(error.to_string().contains("waits for the node to be free"), "{error}");
        assert!(error.fix().contains("begins by itself"), "{}", error.fix());
        assert_eq!(asked().await, None);
    }
    app.agent.request(&ada, node, Request::Destroy).await.unwrap();
    assert_eq!(asked().await, Some(Request::Destroy));
}

/// Times for which each node is booked.
async fn periods(app: &TestApp) -> Vec<(NodeId, Timestamp, Timestamp)> {
    let all = app.store.read(|conn| reservations::unfinished(conn, None)).await.unwrap();
    all.into_iter().flat_map(|it| it.nodes.into_iter().map(move |node| (node, it.start, it.end))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_two_bookings_ever_overlap() {
    let app = std::sync::Arc::new(TestApp::new(4).await);
    let ada = caller(&app, "ada@lab", Role::User).await;
    let now = clock::now();
    // A fixed sequence of numbers that look random: nodes, start and length of 200 wishes.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let nodes = (1..=4).filter(|_| next(2) == 0).collect::<Vec<u8>>();
        let start = Some(now + SignedDuration::from_hours(i64::try_from(next(40)).unwrap()));
        let hours = 1 + i64::try_from(next(6)).unwrap();
        let wish = ReserveWish { start, hours, ..wish(&nodes) };
        let (app, ada) = (std::sync::Arc::clone(&app), ada.clone());
        tasks.spawn(async move { app.agent.reserve(&ada, wish).await.is_ok() });
    }
    let booked = tasks.join_all().await.into_iter().filter(|booked| *booked).count();
    assert!((10..200).contains(&booked), "{booked}");
    let periods = periods(&app).await;
    for (at, (node, start, end)) in periods.iter().enumerate() {
        for (other, begin, finish) in &periods[at + 1..] {
            assert!(node != other || end <= begin || finish <= start, "{node} is booked twice");
        }
    }
}
