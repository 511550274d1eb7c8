//! The web port with TLS: who is spoken to how.

use crate::test_app::TestApp;
use axum::Router;
use axum::routing::get;
use pimaster::agent::Agent;
use pimaster::model::clock;
use pimaster::web;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;

const URL: &str = "https://127.0.0.1:9443";

struct Served {
    address: SocketAddr,
    connector: TlsConnector,
    stop: CancellationToken,
    running: JoinHandle<Result<(), web::Error>>,
    _app: TestApp,
}

/// A server with a certificate of its own, and a client that trusts that one alone.
async fn served() -> Served {
    let app = TestApp::new(1).await;
    let config = web::Config {
        listen: "127.0.0.1:0".parse().unwrap(),
        public_url: URL.into(),
        secure_cookies: true,
        time_zone: clock::TimeZone::UTC,
        tls: Some(web::Certificate::Own),
    };
    let agent: Arc<dyn Agent> = app.agent.clone();
    let images = Router::new().route("/images/7/manifest", get(async || "manifest"));
    let server = web::Server::bind(config, app.store.clone(), agent, app.keys.clone(), images).await.unwrap();
    let address = server.local_addr().unwrap();
    let stop = CancellationToken::new();
    let running = tokio::spawn(server.run(stop.clone()));
    let certificate = app.keys.web_certificate("127.0.0.1").unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&certificate).unwrap()).unwrap();
    let client = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Served { address, connector: TlsConnector::from(Arc::new(client)), stop, running, _app: app }
}

impl Served {
    async fn plain(&self, request: &str) -> String {
        ask(TcpStream::connect(self.address).await.unwrap(), request).await
    }

    async fn secure(&self, request: &str) -> String {
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let socket = TcpStream::connect(self.address).await.unwrap();
        ask(self.connector.connect(name, socket).await.unwrap(), request).await
    }
}

async fn ask(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &str) -> String {
    let request = format!("{request} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn people_are_spoken_to_by_tls_and_nodes_without() {
    let served = served().await;
    let page = served.secure("GET /sign-in").await;
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    let cookie = page.lines().find(|line| line.starts_with("set-cookie:")).unwrap();
    assert!(cookie.contains("__Host-pimaster_visit=") && cookie.contains("Secure"), "{cookie}");
    for ask in [served.plain("GET /images/7/manifest").await, served.secure("GET /images/7/manifest").await] {
        assert!(ask.starts_with("HTTP/1.1 200") && ask.ends_with("manifest"), "{ask}");
    }
    let description = served.plain("GET /api/v1/openapi.json").await;
    assert!(description.starts_with("HTTP/1.1 200"), "what the doctor asks for: {description}");
    served.stop.cancel();
    served.running.await.unwrap().unwrap();
}

#[tokio::test]
async fn who_comes_without_tls_is_sent_on_and_what_they_write_is_refused() {
    let served = served().await;
    for path in ["/reserve?view=week", "/api/v1/nodes", "/nowhere"] {
        let answer = served.plain(&format!("GET {path}")).await;
        assert!(answer.starts_with("HTTP/1.1 308"), "{answer}");
        assert!(answer.contains(&format!("location: {URL}{path}\r\n")), "{answer}");
    }
    for path in ["/sign-in", "/api/v1/reservations"] {
        let answer = served.plain(&format!("POST {path}")).await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
        assert!(answer.contains(&format!("use {URL}{path}")), "{answer}");
    }
}

#[tokio::test]
async fn who_says_nothing_keeps_nobody_waiting() {
    let served = served().await;
    let silent = TcpStream::connect(served.address).await.unwrap();
    let mut broken = TcpStream::connect(served.address).await.unwrap();
    broken.write_all(&[22, 3, 1, 0xff, 0xff]).await.unwrap();
    assert!(served.secure("GET /sign-in").await.starts_with("HTTP/1.1 200"));
    let mut rest = Vec::new();
    broken.read_to_end(&mut rest).await.unwrap();
    drop(silent);
}
