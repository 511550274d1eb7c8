//! Who gets an image, and which bytes of it.

use super::*;
use crate::image::fixture::noise;
use crate::image::serve::token_digest;
use crate::image::{remove, router};
use crate::model::board::BoardModel;
use crate::model::clock::{self, SignedDuration};
use crate::model::deployment::DeploymentState;
use crate::model::ids::DeploymentId;
use crate::model::user::Role;
use crate::store::{deployments, nodes, reservations, users};
use axum::body::Body;
use axum::http::{Request as HttpRequest, StatusCode, header};
use axum::response::Response;
use futures_util::TryStreamExt;
use tower::ServiceExt;

/// A served image whose files are made by hand, and a deployment of it.
struct Served {
    bench: Bench,
    id: EnvironmentId,
    deployment: DeploymentId,
    chunks: Vec<u8>,
}

async fn served() -> Served {
    let bench = Bench::new();
    let environment = bench.import(&bench.image()).await.unwrap().environment;
    let chunks = noise(300_000, 5);
    fs::write(bench.data.image_chunks(environment.id), &chunks).unwrap();
    let id = environment.id;
    let deployment = bench
        .store
        .write(move |tx| {
            let now = clock::now();
            let owner = users::insert(tx, "a@b.c", Role::User, now)?;
            let node = nodes::insert(tx, &new_node(), now)?;
            let end = now + clock::SignedDuration::from_hours(1);
            let name = "bin".to_owned();
            let new = reservations::NewReservation {
                owner,
                name,
                start: now,
                end,
                nodes: vec![node],
                margin: SignedDuration::ZERO,
            };
            let reservation = reservations::book(tx, &new, now)?.unwrap();
            let deployment = deployments::insert(tx, reservation, node, id, DeploymentState::EnvCopy, now)?;
            deployments::set_image_token(tx, deployment, Some(&token_digest("right")))?;
            Ok(deployment)
        })
        .await
        .unwrap();
    Served { bench, id, deployment, chunks }
}

impl Served {
    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        let mut request = HttpRequest::get(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let router = router(self.bench.store.clone(), self.bench.data.clone());
        router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    async fn chunks(&self, headers: &[(&str, &str)]) -> (StatusCode, Option<String>, Vec<u8>) {
        let headers = [&[("authorization", "Bearer right")], headers].concat();
        let response = self.get(&format!("/images/{}/chunks", self.id), &headers).await;
        let range =
            response.headers().get(header::CONTENT_RANGE).map(|value| value.to_str().unwrap().to_owned());
        let status = response.status();
        let length: usize = response
            .headers()
            .get(header::CONTENT_LENGTH)
            .map_or(0, |value| value.to_str().unwrap().parse().unwrap());
        let body = whole(response).await;
        if status.is_success() {
            assert_eq!(body.len(), length);
        }
        (status, range, body)
    }

    async fn set_state(&self, state: DeploymentState) {
        let id = self.deployment;
        let change = move |tx: &rusqlite::Transaction<'_>| {
            let mut deployment = deployments::by_id(tx, id)?.unwrap();
            deployment.state = state;
            deployments::save(tx, &deployment)
        };
        self.bench.store.write(change).await.unwrap();
    }
}

/// A body as a client takes it: each frame is copied and let go before the next one.
async fn whole(response: Response) -> Vec<u8> {
    let frames = response.into_body().into_data_stream();
    frames.try_fold(Vec::new(), async |all, frame| Ok([all, frame.to_vec()].concat())).await.unwrap()
}

async fn problem(response: Response) -> String {
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    let status = response.status().as_u16();
    let body = whole(response).await;
    let json: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(json["status"], status);
    json["detail"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn ranges_give_exactly_their_bytes() {
    let served = served().await;
    let all = &served.chunks;
    let check = async |range: &str, status, shown: Option<&str>, body: &[u8]| {
        let got = served.chunks(&[("range", range)]).await;
        assert_eq!((got.0.as_u16(), got.1.as_deref()), (status, shown), "{range}");
        assert!(got.2 == body, "{range}: {} bytes", got.2.len());
    };
    check("bytes=0-0", 206, Some("bytes 0-0/300000"), &all[..1]).await;
    check("bytes=100-199999", 206, Some("bytes 100-199999/300000"), &all[100..200_000]).await;
    check("bytes=299990-", 206, Some("bytes 299990-299999/300000"), &all[299_990..]).await;
    check("bytes=-10", 206, Some("bytes 299990-299999/300000"), &all[299_990..]).await;
    check("bytes=299990-400000", 206, Some("bytes 299990-299999/300000"), &all[299_990..]).await;
    check("bytes=9-1", 200, None, all).await;
    check("bytes=0-1,4-5", 200, None, all).await;
    let (status, shown, _) = served.chunks(&[("range", "bytes=300000-")]).await;
    assert_eq!((status.as_u16(), shown.as_deref()), (416, Some("bytes */300000")));
    let (status, _, body) = served.chunks(&[]).await;
    assert!(status == StatusCode::OK && body == *all);
}

#[tokio::test]
async fn a_range_of_older_content_gives_the_whole() {
    let served = served().await;
    let (status, _, body) = served.chunks(&[("range", "bytes=0-9"), ("if-range", "\"older\"")]).await;
    assert!(status == StatusCode::OK && body.len() == 300_000);
    let digest = super::super::list(&served.bench.store).await.unwrap()[0].digest;
    let (status, _, body) =
        served.chunks(&[("range", "bytes=0-9"), ("if-range", &format!("\"{digest}\""))]).await;
    assert!(status == StatusCode::PARTIAL_CONTENT && body.len() == 10);
}

#[tokio::test]
async fn the_size_can_be_asked_for_alone() {
    let served = served().await;
    let request =
        HttpRequest::head(format!("/images/{}/chunks", served.id)).header("authorization", "Bearer right");
    let router = router(served.bench.store.clone(), served.bench.data.clone());
    let response = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(
        (response.status(), &response.headers()[header::CONTENT_LENGTH]),
        (StatusCode::OK, &"300000".parse().unwrap())
    );
    assert_eq!(whole(response).await, b"");
}

#[tokio::test]
async fn the_manifest_is_json_and_says_that_ranges_work() {
    let served = served().await;
    let path = format!("/images/{}/manifest", served.id);
    let response = served.get(&path, &[("authorization", "bearer right")]).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
    assert_eq!(response.headers()[header::ACCEPT_RANGES], "bytes");
    let body = whole(response).await;
    let manifest: crate::model::image::Manifest = serde_json::from_slice(&body).unwrap();
    assert_eq!(manifest, read_manifest(&served.bench.data, served.id).unwrap());
}

#[tokio::test]
async fn only_the_deployment_that_installs_it_gets_an_image() {
    let served = served().await;
    let path = format!("/images/{}/chunks", served.id);
    let check = async |path: &str, authorization: &str, status: u16, part: &str| {
        let headers = [("authorization", authorization)];
        let headers = if authorization.is_empty() { &[][..] } else { &headers[..] };
        let response = served.get(path, headers).await;
        assert_eq!(response.status().as_u16(), status, "{path} {authorization}");
        let detail = problem(response).await;
        assert!(detail.contains(part), "{detail}");
    };
    check(&path, "", 401, "no bearer token").await;
    check(&path, "Basic right", 401, "no bearer token").await;
    check(&path, "Bearer ", 401, "no bearer token").await;
    check(&path, "Bearer wrong", 401, "belongs to no deployment").await;
    check("/images/x/chunks", "Bearer right", 403, "another environment").await;
    check("/images/999/chunks", "Bearer right", 403, "another environment").await;
    for state in DeploymentState::ALL {
        served.set_state(*state).await;
        let is_open = !state.is_resting() && *state != DeploymentState::Destroying;
        if is_open {
            assert_eq!(served.chunks(&[]).await.0, StatusCode::OK, "{state}");
        } else {
            check(&path, "Bearer right", 403, state.as_str()).await;
        }
    }
}

#[tokio::test]
async fn an_image_whose_files_are_gone_is_not_found() {
    let served = served().await;
    fs::remove_dir_all(served.bench.data.image(served.id)).unwrap();
    let path = format!("/images/{}/chunks", served.id);
    let response = served.get(&path, &[("authorization", "Bearer right")]).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert!(problem(response).await.contains("import it again"));
}

#[tokio::test]
async fn what_a_deployment_uses_is_not_removed() {
    let served = served().await;
    let error = remove(&served.bench.store, &served.bench.data, "test").await.unwrap_err();
    assert!(matches!(error, Error::InUse { deployments: 1, reservations: 0, .. }), "{error}");
    assert_eq!(served.chunks(&[]).await.0, StatusCode::OK);
    served.set_state(DeploymentState::Destroyed).await;
    remove(&served.bench.store, &served.bench.data, "test").await.unwrap();
    served.bench.assert_nothing_left().await;
}

#[tokio::test]
async fn a_slow_reader_holds_two_frames() {
    use futures_util::StreamExt;
    let served = served().await;
    let headers = [("authorization", "Bearer right")];
    let body = served.get(&format!("/images/{}/chunks", served.id), &headers).await.into_body();
    let mut frames = body.into_data_stream();
    let (first, second) = (frames.next().await.unwrap().unwrap(), frames.next().await.unwrap().unwrap());
    let mut third = Box::pin(frames.next());
    assert!(futures_util::poll!(third.as_mut()).is_pending());
    tokio::task::yield_now().await;
    assert!(futures_util::poll!(third.as_mut()).is_pending(), "nothing is read while two frames are held");
    drop(first);
    let third = third.await.unwrap().unwrap();
    assert_eq!([second, third].concat(), served.chunks[65_536..3 * 65_536]);
}

fn new_node() -> nodes::NewNode {
    nodes::NewNode {
        name: "pi-01".parse().unwrap(),
        mac: "dc:a6:32:00:00:01".parse().unwrap(),
        address: "10.0.0.2".parse().unwrap(),
        model: BoardModel::Pi4b,
        serial: None,
        port: None,
    }
}
