//! Listening, and the router of everything. *IO: the web port.* Called by `daemon` and `demo`.

use super::door::{Door, Visitor};
use super::error::Error;
use super::state::App;
use super::{api, deadline, door, headers, refusal, routes, tls};
use crate::agent::Agent;
use crate::keys::KeyFolder;
use crate::model::clock::TimeZone;
use crate::store::Store;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state, map_request};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};
use tokio_util::sync::CancellationToken;

/// Settings of the web server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Address and TCP port to listen on, port 9000.
    pub listen: SocketAddr,
    /// How people reach it, for links, such as `http://pimaster.lab:9000`.
    pub public_url: String,
    /// Whether cookies are marked `Secure` (the public address is https).
    pub secure_cookies: bool,
    /// The zone in which pages show times and read those that people type.
    pub time_zone: TimeZone,
    /// The certificate, if pages and API are only spoken to by TLS.
    pub tls: Option<tls::Certificate>,
}

/// The largest request of a page or of the API: a user script of 256 KiB, every byte escaped, and the rest.
const LARGEST_BODY_BYTES: usize = 1024 * 1024;
/// Connections that wait to be taken: a rack of boards and all who watch it come in the same moment, and who finds no
/// room tries again only after a second.
const BACKLOG: u32 = 4096;
/// For connections to finish at shutdown.
const DRAIN_WITHIN: Duration = Duration::from_secs(5);

/// The web server, bound but not yet answering.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    tls: Option<tls::Tls>,
    router: Router,
    streams: CancellationToken,
}

impl Server {
    /// Binds the port. `extra` are routes of other subsystems, such as the images; nodes, which trust no certificate,
    /// reach those without TLS too.
    pub async fn bind(
        config: Config,
        store: Store,
        agent: Arc<dyn Agent>,
        keys: KeyFolder,
        extra: Router,
    ) -> Result<Self, Error> {
        let listen = config.listen;
        let failed = |source| Error::Bind { listen, source };
        let listener = bind(listen).map_err(failed)?;
        let streams = CancellationToken::new();
        let tls =
            config.tls.clone().map(|from| tls::Tls::load(from, &keys, &config.public_url)).transpose()?;
        let insist = tls.is_some().then(|| Arc::<str>::from(config.public_url.as_str()));
        let mut own = router(config, store, agent, &keys, streams.clone())?;
        if let Some(url) = insist {
            own = own.layer(from_fn_with_state(url, door::insist_on_tls));
        }
        let router = own.merge(extra).layer(map_request(door::tell_address));
        Ok(Self { listener, tls, router, streams })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> Result<SocketAddr, Error> {
        self.listener.local_addr().map_err(Error::Serve)
    }

    /// Answers until `shutdown`, then lets connections finish for a few seconds.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), Error> {
        let Self { listener, tls, router, streams } = self;
        let closing = shutdown.clone();
        let service = router.into_make_service_with_connect_info::<Visitor>();
        let serve = axum::serve(Door::new(listener, tls), service).with_graceful_shutdown(async move {
            closing.cancelled().await;
            // Event streams never end by themselves: hyper would wait for them for ever.
            streams.cancel();
        });
        let overdue = async {
            shutdown.cancelled().await;
            tokio::time::sleep(DRAIN_WITHIN).await;
        };
        tokio::select! {
            done = serve.into_future() => done.map_err(Error::Serve),
            () = overdue => Ok(()),
        }
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// The pages and the API. Event streams end when `streams` is cancelled.
pub fn router(
    config: Config,
    store: Store,
    agent: Arc<dyn Agent>,
    keys: &KeyFolder,
    streams: CancellationToken,
) -> Result<Router, Error> {
    let app = App::new(&config, store, agent, keys, streams)?;
    let routes = routes::router().merge(api::router()).layer(DefaultBodyLimit::max(LARGEST_BODY_BYTES));
    let shown = from_fn_with_state(app.clone(), refusal::show);
    Ok(routes.layer(from_fn(deadline::keep)).layer(shown).layer(from_fn(headers::harden)).with_state(app))
}
