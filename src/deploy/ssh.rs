//! SSH to the nodes: client only, one pinned host key per target, pimaster's own key.
//!
//! *IO: TCP to the nodes.* The one door to russh outside `sim`. Invariants: a host key that is not the expected one
//! ends the connection before anything is said; nothing waits without a bound; a dead node is noticed by keepalives.

use super::remote::{Broken, Dial, DialError, Exit, Lines, Output, Remote, Running, Target};
use crate::keys::KeyPair;
use crate::model::ssh_key::PublicKey;
use russh::client::{self, AuthResult, Handle, Handler};
use russh::keys::{Algorithm, PrivateKey, PrivateKeyWithHashAlg, PublicKeyOrCertificate};
use russh::{Channel, ChannelMsg, Preferred};
use std::borrow::Cow;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Key exchange and sign-in take seconds on a Pi 3 that is still booting.
const HANDSHAKE: Duration = Duration::from_secs(20);
/// A node that is up opens a channel at once.
const OPEN: Duration = Duration::from_secs(20);
/// Silence after which the node is asked whether it lives.
const KEEPALIVE: Duration = Duration::from_secs(10);
/// Window and buffer of a channel: nodes send short lines, and there may be 200 of them.
const WINDOW_BYTES: u32 = 128 * 1024;
const BUFFERED_MESSAGES: usize = 16;

/// The SSH client.
pub(super) struct Ssh {
    key: Arc<PrivateKey>,
    config: Arc<client::Config>,
    connect_timeout: Duration,
}

impl Ssh {
    /// A client that signs in with `key` and gives each connection attempt so long.
    pub(super) fn new(key: &KeyPair, connect_timeout: Duration) -> Result<Self, NoSshKey> {
        let key = PrivateKey::from_openssh(&key.private).map_err(|_| NoSshKey)?;
        let preferred = Preferred { key: Cow::Borrowed(&[Algorithm::Ed25519]), ..Preferred::DEFAULT };
        let config = client::Config {
            preferred,
            window_size: WINDOW_BYTES,
            channel_buffer_size: BUFFERED_MESSAGES,
            keepalive_interval: Some(KEEPALIVE),
            keepalive_max: 3,
            nodelay: true,
            ..client::Config::default()
        };
        Ok(Self { key: Arc::new(key), config: Arc::new(config), connect_timeout })
    }

    async fn open(&self, target: &Target, guard: Guard) -> Result<Handle<Guard>, russh::Error> {
        let stream = match timeout(self.connect_timeout, TcpStream::connect(target.address)).await {
            Ok(stream) => stream?,
            Err(_) => return Err(russh::Error::ConnectionTimeout),
        };
        // Lines are short; waiting to fill packets would only delay them.
        stream.set_nodelay(true)?;
        let opened =
            timeout(HANDSHAKE, client::connect_stream(Arc::clone(&self.config), stream, guard)).await;
        opened.map_err(|_| russh::Error::ConnectionTimeout)?
    }

    async fn sign_in(&self, session: &mut Handle<Guard>, user: &str) -> Result<AuthResult, russh::Error> {
        let key = PrivateKeyWithHashAlg::new(Arc::clone(&self.key), None);
        let answer = timeout(HANDSHAKE, session.authenticate_publickey(user, key)).await;
        answer.map_err(|_| russh::Error::ConnectionTimeout)?
    }
}

/// pimaster's own key cannot be used by the SSH client.
#[derive(Debug, thiserror::Error)]
#[error(
    "pimaster's SSH key cannot be read; move keys/pimaster_ed25519 away and start again to make a new one"
)]
pub struct NoSshKey;

#[async_trait::async_trait]
impl Dial for Ssh {
    async fn connect(&self, target: &Target) -> Result<Box<dyn Remote>, DialError> {
        let shown = Arc::new(OnceLock::new());
        let guard = Guard { expected: target.host_key.clone(), shown: Arc::clone(&shown) };
        let address = target.address;
        let mut session = match self.open(target, guard).await {
            Ok(session) => session,
            Err(error) => return Err(judge(address, &error, shown.get(), target)),
        };
        match self.sign_in(&mut session, &target.user).await {
            Ok(AuthResult::Success) => Ok(Box::new(Session { session })),
            Ok(AuthResult::Failure { .. }) => Err(DialError::Refused { address, user: target.user.clone() }),
            Err(error) => Err(DialError::NoAnswer { address, seen: error.to_string() }),
        }
    }
}

/// What a failed connection means: the host key may have been wrong.
fn judge(
    address: SocketAddr,
    error: &russh::Error,
    shown: Option<&Option<PublicKey>>,
    target: &Target,
) -> DialError {
    match shown {
        Some(seen) if !is_expected(seen.as_ref(), &target.host_key) => {
            DialError::SomebodyElse { address, seen: seen.clone() }
        }
        Some(_) | None => DialError::NoAnswer { address, seen: error.to_string() },
    }
}

fn is_expected(seen: Option<&PublicKey>, expected: &PublicKey) -> bool {
    seen.is_some_and(|seen| seen.algorithm() == expected.algorithm() && seen.blob() == expected.blob())
}

/// Looks at the host key.
struct Guard {
    expected: PublicKey,
    shown: Arc<OnceLock<Option<PublicKey>>>,
}

impl Handler for Guard {
    type Error = russh::Error;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        let key = match shown {
            PublicKeyOrCertificate::PublicKey { key, .. } => key.to_openssh().ok(),
            PublicKeyOrCertificate::Certificate(_) => None,
        };
        let key = key.and_then(|line| PublicKey::parse(&line).ok());
        let accepted = is_expected(key.as_ref(), &self.expected);
        // A second key exchange shows the key again; the first showing stays.
        let _ = self.shown.set(key);
        Ok(accepted)
    }
}

/// An open session.
struct Session {
    session: Handle<Guard>,
}

#[async_trait::async_trait]
impl Remote for Session {
    async fn exec(&mut self, command: &str, input: Vec<u8>) -> Result<Box<dyn Running>, Broken> {
        let start = async {
            let channel = self.session.channel_open_session().await?;
            channel.exec(true, command).await?;
            if !input.is_empty() {
                channel.data_bytes(input).await?;
            }
            channel.eof().await?;
            Ok::<_, russh::Error>(channel)
        };
        match timeout(OPEN, start).await {
            Ok(Ok(channel)) => Ok(Box::new(Command::new(channel))),
            Ok(Err(error)) => Err(Broken(error.to_string())),
            Err(_) => Err(Broken(format!("no channel within {} s", OPEN.as_secs()))),
        }
    }
}

/// A running command.
struct Command {
    channel: Channel<client::Msg>,
    out: Lines,
    err: Lines,
    ready: VecDeque<Output>,
    exit: Option<Exit>,
}

impl Command {
    fn new(channel: Channel<client::Msg>) -> Self {
        Self { channel, out: Lines::default(), err: Lines::default(), ready: VecDeque::new(), exit: None }
    }

    /// Takes one message; whether the command is over.
    fn take(&mut self, message: Option<ChannelMsg>) -> Result<bool, Broken> {
        match message {
            Some(ChannelMsg::Data { data }) => {
                self.ready.extend(self.out.push(&data).into_iter().map(Output::Line))
            }
            Some(ChannelMsg::ExtendedData { data, .. }) => {
                self.ready.extend(self.err.push(&data).into_iter().map(Output::Complaint));
            }
            Some(ChannelMsg::ExitStatus { exit_status }) => self.exit = Some(Exit::Status(exit_status)),
            Some(ChannelMsg::ExitSignal { signal_name, .. }) => {
                self.exit = Some(Exit::Signal(format!("{signal_name:?}")));
            }
            Some(ChannelMsg::Failure) => {
                return Err(Broken("the node refused to run the command".to_owned()));
            }
            Some(ChannelMsg::Close) => return Ok(true),
            None if self.exit.is_some() => return Ok(true),
            None => return Err(Broken("the node closed it before the command ended".to_owned())),
            Some(_) => {}
        }
        Ok(false)
    }
}

#[async_trait::async_trait]
impl Running for Command {
    async fn next(&mut self) -> Result<Output, Broken> {
        loop {
            if let Some(output) = self.ready.pop_front() {
                return Ok(output);
            }
            let message = self.channel.wait().await;
            if self.take(message)? {
                self.ready.extend(self.out.finish().map(Output::Line));
                self.ready.extend(self.err.finish().map(Output::Complaint));
                let exit = self.exit.take().unwrap_or(Exit::Unknown);
                self.ready.push_back(Output::Ended(exit));
            }
        }
    }
}

#[cfg(test)]
mod tests;
