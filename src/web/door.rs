//! Who comes to the web port: plain HTTP or TLS, told apart by the first byte. *IO: the port.* Called by `server`.
//!
//! Nodes fetch images without TLS from the port where people come with it. A handshake never makes others wait: each
//! is a task with a deadline.

use super::tls::Tls;
use axum::extract::connect_info::{ConnectInfo, Connected};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::serve::{IncomingStream, Listener};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// For the first byte and the handshake.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);
/// Handshakes at once; more visitors wait in the kernel's queue.
const MOST_HANDSHAKES: usize = 512;
/// The first byte of a TLS connection: a record of type handshake (RFC 8446, 5.1).
const HANDSHAKE_RECORD: u8 = 22;

/// The port.
pub(super) struct Door {
    listener: TcpListener,
    tls: Option<Tls>,
    arriving: JoinSet<Option<(Connection, Visitor)>>,
}

/// From where somebody came, and how.
#[derive(Debug, Clone, Copy)]
pub(super) struct Visitor {
    address: SocketAddr,
    is_secure: bool,
}

impl Connected<IncomingStream<'_, Door>> for Visitor {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        *stream.remote_addr()
    }
}

impl Door {
    /// Without `tls` everybody is taken as they come.
    pub(super) fn new(listener: TcpListener, tls: Option<Tls>) -> Self {
        Self { listener, tls, arriving: JoinSet::new() }
    }
}

impl Listener for Door {
    type Io = Connection;
    type Addr = Visitor;

    async fn accept(&mut self) -> (Connection, Visitor) {
        loop {
            tokio::select! {
                Some(arrived) = self.arriving.join_next() => if let Ok(Some(arrived)) = arrived {
                    return arrived;
                },
                (stream, address) = Listener::accept(&mut self.listener), if self.arriving.len() < MOST_HANDSHAKES => {
                    let Some(tls) = &self.tls else {
                        return (Connection::Plain(stream), Visitor { address, is_secure: false });
                    };
                    self.arriving.spawn(arrive(stream, address, tls.acceptor()));
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<Visitor> {
        Ok(Visitor { address: self.listener.local_addr()?, is_secure: self.tls.is_some() })
    }
}

async fn arrive(stream: TcpStream, address: SocketAddr, tls: TlsAcceptor) -> Option<(Connection, Visitor)> {
    match timeout(HANDSHAKE_WITHIN, shake_hands(stream, tls)).await {
        Ok(Ok(connection)) => {
            let is_secure = matches!(connection, Connection::Secure(_));
            Some((connection, Visitor { address, is_secure }))
        }
        Ok(Err(cause)) => {
            tracing::debug!(%address, %cause, "a TLS handshake failed");
            None
        }
        Err(_) => {
            tracing::debug!(%address, seconds = HANDSHAKE_WITHIN.as_secs(), "a TLS handshake took too long");
            None
        }
    }
}

async fn shake_hands(stream: TcpStream, tls: TlsAcceptor) -> io::Result<Connection> {
    let mut first = [0];
    // Stays in the kernel for whoever reads next.
    let seen = stream.peek(&mut first).await?;
    match (seen, first) {
        (1, [HANDSHAKE_RECORD]) => Ok(Connection::Secure(Box::new(tls.accept(stream).await?))),
        _ => Ok(Connection::Plain(stream)),
    }
}

/// Read without TLS too: it holds no secret, and `pimaster doctor`, which trusts no certificate, knows pimaster by it.
const DESCRIPTION: &str = "/api/v1/openapi.json";

/// Tells handlers the address of who asks.
pub(super) async fn tell_address(mut request: Request) -> Request {
    if let Some(ConnectInfo(visitor)) = request.extensions().get::<ConnectInfo<Visitor>>().copied() {
        request.extensions_mut().insert(ConnectInfo(visitor.address));
    }
    request
}

/// Sends whoever came without TLS to the public address; what they would have written is refused.
pub(super) async fn insist_on_tls(State(url): State<Arc<str>>, request: Request, next: Next) -> Response {
    let visitor = request.extensions().get::<ConnectInfo<Visitor>>();
    let is_secure = visitor.is_none_or(|ConnectInfo(visitor)| visitor.is_secure);
    if is_secure || request.uri().path() == DESCRIPTION {
        return next.run(request).await;
    }
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, format!("{url}{path}"))])
            .into_response();
    }
    let text = format!(
        "This pimaster is spoken to by https: use {url}{path}\n\
         What you sent was not done. A token or password in it could be read on the way: make a new one.\n"
    );
    (StatusCode::FORBIDDEN, text).into_response()
}

/// A connection of either kind.
pub(super) enum Connection {
    /// HTTP.
    Plain(TcpStream),
    /// HTTP in TLS.
    Secure(Box<TlsStream<TcpStream>>),
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Secure(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Secure(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Secure(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Secure(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(context, slices),
            Self::Secure(stream) => Pin::new(stream).poll_write_vectored(context, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Secure(stream) => stream.is_write_vectored(),
        }
    }
}
