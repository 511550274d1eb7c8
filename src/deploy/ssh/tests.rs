//! The client against a russh server on loopback whose commands behave as their names say.

use super::*;
use crate::deploy::remote::LONGEST_LINE_BYTES;
use russh::server::{self, Auth, ChannelOpenHandle, Msg, Server as _, VerifiedPublicKey};
use russh::{ChannelId, CryptoVec, Sig};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

#[derive(Clone)]
struct Node {
    accepts: PublicKey,
    input: Vec<u8>,
    command: String,
    closed: mpsc::UnboundedSender<()>,
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.closed.send(());
    }
}

impl server::Server for Node {
    type Handler = Self;
    fn new_client(&mut self, _peer: Option<SocketAddr>) -> Self {
        self.clone()
    }
}

impl server::Handler for Node {
    type Error = russh::Error;

    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, russh::Error> {
        let line = key.public_key.to_openssh().unwrap();
        let good = user == "root" && PublicKey::parse(&line).unwrap().blob() == self.accepts.blob();
        Ok(if good { Auth::Accept } else { Auth::reject() })
    }

    async fn channel_open_session(
        &mut self,
        _channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut server::Session,
    ) -> Result<(), russh::Error> {
        reply.accept().await;
        Ok(())
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        command: &[u8],
        session: &mut server::Session,
    ) -> Result<(), russh::Error> {
        self.command = String::from_utf8_lossy(command).into_owned();
        if self.command == "refused" {
            session.channel_failure(channel)
        } else {
            session.channel_success(channel)
        }
    }

    async fn data(&mut self, _: ChannelId, data: &[u8], _: &mut server::Session) -> Result<(), russh::Error> {
        self.input.extend_from_slice(data);
        Ok(())
    }

    async fn channel_eof(
        &mut self,
        channel: ChannelId,
        session: &mut server::Session,
    ) -> Result<(), russh::Error> {
        match self.command.as_str() {
            "echo" => {
                session.data(channel, std::mem::take(&mut self.input))?;
                session.extended_data(channel, 1, b"complaint\n".to_vec())?;
                session.exit_status_request(channel, 3)?;
            }
            "killed" => session.exit_signal_request(channel, Sig::KILL, false, "", "")?,
            "long" => {
                session.data(channel, CryptoVec::from(vec![b'x'; LONGEST_LINE_BYTES + 999]).to_vec())?;
                session.data(channel, b"\nshort".to_vec())?;
                session.exit_status_request(channel, 0)?;
            }
            "vanish" => return Err(russh::Error::Disconnect),
            _ => {}
        }
        session.eof(channel)?;
        session.close(channel)
    }
}

struct Rack {
    target: Target,
    client: Ssh,
    closed: mpsc::UnboundedReceiver<()>,
}

async fn rack() -> Rack {
    let (host, mine) = (KeyPair::generate("host").unwrap(), KeyPair::generate("pimaster").unwrap());
    let config = server::Config {
        keys: vec![PrivateKey::from_openssh(&host.private).unwrap()],
        auth_rejection_time: Duration::ZERO,
        auth_rejection_time_initial: Some(Duration::ZERO),
        ..server::Config::default()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (closed, heard) = mpsc::unbounded_channel();
    let node = Node { accepts: mine.public.clone(), input: Vec::new(), command: String::new(), closed };
    tokio::spawn(async move {
        let mut node = node;
        node.run_on_socket(Arc::new(config), &listener).await.unwrap();
    });
    let client = Ssh::new(&mine, Duration::from_secs(2)).unwrap();
    let target = Target { address, user: "root".into(), host_key: host.public };
    Rack { target, client, closed: heard }
}

async fn everything(
    session: &mut Box<dyn Remote>,
    command: &str,
    input: &[u8],
) -> Result<Vec<Output>, Broken> {
    let mut running = session.exec(command, input.to_vec()).await?;
    let mut seen = Vec::new();
    loop {
        seen.push(running.next().await?);
        if matches!(seen.last(), Some(Output::Ended(_))) {
            return Ok(seen);
        }
    }
}

#[tokio::test]
async fn one_session_runs_commands_with_input_lines_and_status() {
    let rack = rack().await;
    let mut session = rack.client.connect(&rack.target).await.unwrap();
    for _ in 0..2 {
        let seen = everything(&mut session, "echo", b"{\"a\":1}\nlast").await.unwrap();
        assert!(
            seen.contains(&Output::Line("{\"a\":1}".into())) && seen.contains(&Output::Line("last".into()))
        );
        assert!(seen.contains(&Output::Complaint("complaint".into())));
        assert_eq!(seen.last(), Some(&Output::Ended(Exit::Status(3))));
    }
    let large = [vec![b'y'; 60_000], b"\n".to_vec()].concat().repeat(9);
    let seen = everything(&mut session, "echo", &large).await.unwrap();
    assert_eq!(seen.iter().filter(|it| matches!(it, Output::Line(line) if line.len() == 60_000)).count(), 9);
}

#[tokio::test]
async fn a_signal_is_no_status_and_long_lines_are_cut() {
    let rack = rack().await;
    let mut session = rack.client.connect(&rack.target).await.unwrap();
    let seen = everything(&mut session, "killed", b"").await.unwrap();
    assert_eq!(seen, [Output::Ended(Exit::Signal("KILL".into()))]);
    let seen = everything(&mut session, "nothing", b"").await.unwrap();
    assert_eq!(seen, [Output::Ended(Exit::Unknown)]);
    let seen = everything(&mut session, "long", b"").await.unwrap();
    assert!(matches!(&seen[0], Output::Line(line) if line.len() == LONGEST_LINE_BYTES));
    assert_eq!(seen[1..], [Output::Line("short".into()), Output::Ended(Exit::Status(0))]);
    assert!(everything(&mut session, "refused", b"").await.unwrap_err().to_string().contains("refused"));
}

#[tokio::test]
async fn a_connection_that_breaks_is_no_end_of_the_command() {
    let rack = rack().await;
    let mut session = rack.client.connect(&rack.target).await.unwrap();
    assert!(everything(&mut session, "vanish", b"").await.is_err());
    assert!(everything(&mut session, "echo", b"").await.is_err());
}

#[tokio::test]
async fn another_host_key_is_somebody_else_and_hears_nothing() {
    let rack = rack().await;
    let stranger = Target { host_key: KeyPair::generate("x").unwrap().public, ..rack.target.clone() };
    let error = rack.client.connect(&stranger).await.err().unwrap();
    let DialError::SomebodyElse { address, seen } = &error else { panic!("{error}") };
    assert_eq!(*address, rack.target.address);
    assert_eq!(seen.as_ref().unwrap().blob(), rack.target.host_key.blob());
    assert!(error.to_string().contains("somebody else answers at 127.0.0.1"));
}

#[tokio::test]
async fn a_node_that_does_not_know_the_key_or_is_not_there_is_named() {
    let rack = rack().await;
    let other = Ssh::new(&KeyPair::generate("other").unwrap(), Duration::from_secs(2)).unwrap();
    let error = other.connect(&rack.target).await.err().unwrap();
    assert!(matches!(error, DialError::Refused { .. }), "{error}");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = Target { address: listener.local_addr().unwrap(), ..rack.target.clone() };
    drop(listener);
    let error = rack.client.connect(&nobody).await.err().unwrap();
    assert!(matches!(error, DialError::NoAnswer { .. }), "{error}");
}

#[tokio::test]
async fn dropping_the_session_closes_the_connection() {
    let mut rack = rack().await;
    let mut session = rack.client.connect(&rack.target).await.unwrap();
    everything(&mut session, "echo", b"").await.unwrap();
    while rack.closed.try_recv().is_ok() {}
    drop(session);
    rack.closed.recv().await.unwrap();
}
