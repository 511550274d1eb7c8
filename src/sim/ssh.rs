//! The SSH server of whatever a simulated board has booted. *IO: one TCP port at the board's address.*
//!
//! The board says which keys open it and what its commands do ([`System`]); this file only speaks SSH. When the
//! power goes, every connection breaks and every command ends at once.

use crate::model::ssh_key::PublicKey;
use async_trait::async_trait;
use russh::keys::PrivateKey;
use russh::server::{
    Auth, ChannelOpenHandle, Config, Handler, Msg, PublicKeyOffer, Session, VerifiedPublicKey,
};
use russh::{Channel, ChannelId, MethodKind, MethodSet, Pty};
use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tokio_util::task::TaskTracker;

/// A booted system behind an SSH server.
#[async_trait]
pub(super) trait System: Send + Sync + 'static {
    /// The keys that open an account.
    fn keys(&self, user: &str) -> &[PublicKey];

    /// Runs a command, or a shell where there is none; gives its exit status.
    async fn execute(&self, user: &str, command: Option<&str>, terminal: &mut Terminal<'_>) -> u32;
}

/// What a command reads and writes.
pub(super) struct Terminal<'a> {
    pub(super) input: Pin<Box<dyn AsyncRead + Send + 'a>>,
    pub(super) output: Pin<Box<dyn AsyncWrite + Send + 'a>>,
    /// Whether somebody types: then what they type is shown.
    pub(super) is_interactive: bool,
    /// Breaks the connection.
    pub(super) cut: CancellationToken,
    /// What must have ended before the board can be switched on again.
    pub(super) tasks: TaskTracker,
}

/// An SSH server that runs until the power goes.
pub(super) struct Server {
    pub(super) listener: TcpListener,
    /// OpenSSH private key.
    pub(super) host_key: PrivateKey,
    pub(super) system: Arc<dyn System>,
    pub(super) power_off: CancellationToken,
    /// Everything that must have ended before the board can be switched on again.
    pub(super) tasks: TaskTracker,
}

impl Server {
    /// Accepts connections until the power goes.
    pub(super) async fn run(self) {
        let config = Arc::new(Config {
            methods: MethodSet::from(&[MethodKind::PublicKey][..]),
            auth_rejection_time: Duration::from_millis(100),
            auth_rejection_time_initial: Some(Duration::ZERO),
            keys: vec![self.host_key.clone()],
            // Small windows: hundreds of boards live in one process.
            window_size: 128 * 1024,
            channel_buffer_size: 8,
            inactivity_timeout: None,
            nodelay: true,
            ..Config::default()
        });
        loop {
            let accepted = tokio::select! {
                () = self.power_off.cancelled() => return,
                accepted = self.listener.accept() => accepted,
            };
            if let Ok((stream, _)) = accepted {
                self.serve(Arc::clone(&config), stream);
            }
        }
    }

    /// Serves one connection, in a task of its own.
    fn serve(&self, config: Arc<Config>, stream: TcpStream) {
        let cut = self.power_off.child_token();
        let cable = Cable { stream, cut: Box::pin(cut.clone().cancelled_owned()), is_cut: false };
        let door = Door {
            system: Arc::clone(&self.system),
            user: String::new(),
            is_interactive: false,
            channels: HashMap::new(),
            cut: cut.clone(),
            tasks: self.tasks.clone(),
        };
        self.tasks.spawn(async move {
            let session = tokio::select! {
                () = cut.cancelled() => return,
                session = russh::server::run_stream(config, cable, door) => session,
            };
            if let Ok(session) = session
                && let Err(error) = session.await
            {
                tracing::debug!(%error, "a connection to a simulated board ended");
            }
        });
    }
}

/// A TCP connection that ends when the board loses its power.
struct Cable {
    stream: TcpStream,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
    is_cut: bool,
}

impl Cable {
    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        self.is_cut = self.is_cut || self.cut.as_mut().poll(context).is_ready();
        if self.is_cut { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

impl AsyncRead for Cable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Cable {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// One connection.
struct Door {
    system: Arc<dyn System>,
    user: String,
    is_interactive: bool,
    channels: HashMap<ChannelId, Channel<Msg>>,
    cut: CancellationToken,
    tasks: TaskTracker,
}

impl Door {
    fn judge(&self, user: &str, offered: &russh::keys::PublicKey) -> Auth {
        let line = offered.to_openssh().unwrap_or_default();
        let known = |key: &PublicKey| line.split_ascii_whitespace().nth(1) == Some(key.blob());
        if self.system.keys(user).iter().any(known) { Auth::Accept } else { Auth::reject() }
    }

    fn start(
        &mut self,
        id: ChannelId,
        command: Option<String>,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        let Some(channel) = self.channels.remove(&id) else { return session.channel_failure(id) };
        session.channel_success(id)?;
        let (system, user, cut) = (Arc::clone(&self.system), self.user.clone(), self.cut.clone());
        let tasks = self.tasks.clone();
        let is_interactive = self.is_interactive && command.is_none();
        self.tasks.spawn(async move {
            let (mut reader, writer) = channel.split();
            let run = async {
                let (input, output) = (Box::pin(reader.make_reader()), Box::pin(writer.make_writer()));
                let mut terminal = Terminal { input, output, is_interactive, cut: cut.clone(), tasks };
                let status = system.execute(&user, command.as_deref(), &mut terminal).await;
                writer.exit_status(status).await?;
                writer.eof().await?;
                writer.close().await
            };
            tokio::select! {
                () = cut.cancelled() => {}
                outcome = run => if let Err(error) = outcome {
                    tracing::debug!(%error, "a command's client went away");
                },
            }
        });
        Ok(())
    }
}

impl Handler for Door {
    type Error = russh::Error;

    async fn auth_publickey_offered(
        &mut self,
        user: &str,
        offer: PublicKeyOffer<'_>,
    ) -> Result<Auth, Self::Error> {
        Ok(self.judge(user, offer.public_key))
    }

    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        user.clone_into(&mut self.user);
        Ok(self.judge(user, key.public_key))
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        self.channels.insert(channel.id(), channel);
        reply.accept().await;
        Ok(())
    }

    async fn pty_request(
        &mut self,
        channel: ChannelId,
        _term: &str,
        _columns: u32,
        _rows: u32,
        _width: u32,
        _height: u32,
        _modes: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        self.is_interactive = true;
        session.channel_success(channel)
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        data: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        let command = String::from_utf8_lossy(data).into_owned();
        self.start(channel, Some(command), session)
    }

    async fn shell_request(&mut self, channel: ChannelId, session: &mut Session) -> Result<(), Self::Error> {
        self.start(channel, None, session)
    }
}
