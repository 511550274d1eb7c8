//! The simulated PoE switch: an SNMP agent whose sets power boards. *IO: one UDP port, one state file.*
//!
//! Used by the demonstration rack, the tests and the virtual Pis. Like a real switch it keeps its ports' power
//! over restarts (of the simulator), and it is silent towards a wrong community.

use super::mib::Mib;
use crate::model::net::MacAddr;
use crate::model::power::PowerState;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The largest SNMP message over Ethernet that a switch takes.
const LARGEST_MESSAGE: usize = 1500;

/// Settings of a simulated switch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Address and UDP port of its SNMP agent.
    pub listen: SocketAddr,
    /// Number of ports.
    pub ports: u16,
    /// The read-write community.
    pub community: String,
    /// Where the ports' power is kept; without it all ports are off at the start.
    pub state_file: Option<PathBuf>,
}

/// What a port feeds, as its board sees it. A quick off and on is two switchings, never none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Feed {
    /// The port's power.
    pub power: PowerState,
    /// How often it changed.
    pub switchings: u64,
}

/// A simulated switch, bound and ready to run.
#[derive(Debug)]
pub struct Switch {
    socket: UdpSocket,
    handle: Handle,
}

/// A switch seen by its boards and by whoever plays with it; clones share it.
#[derive(Debug, Clone)]
pub struct Handle {
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    mib: Mutex<Mib>,
    feeds: Vec<watch::Sender<Feed>>,
    unreachable: Mutex<bool>,
    file: Option<PathBuf>,
}

impl Switch {
    /// Binds the SNMP agent's port and takes up the ports' power from the state file.
    pub async fn bind(config: Config) -> io::Result<Self> {
        let socket = UdpSocket::bind(config.listen).await?;
        let ports = match &config.state_file {
            Some(file) => load(file, config.ports),
            None => vec![PowerState::Off; usize::from(config.ports)],
        };
        let feed = |power: &PowerState| watch::channel(Feed { power: *power, switchings: 0 }).0;
        let state = State {
            feeds: ports.iter().map(feed).collect(),
            mib: Mutex::new(Mib {
                description: format!("pimaster simulated PoE switch, {} ports", config.ports),
                community: config.community,
                ports,
                boards: Vec::new(),
                tells_places: true,
            }),
            unreachable: Mutex::new(false),
            file: config.state_file,
        };
        Ok(Self { socket, handle: Handle { state: Arc::new(state) } })
    }

    /// The agent's address.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// What boards and tests hold on to.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Answers until told to stop.
    pub async fn run(self, shutdown: CancellationToken) -> io::Result<()> {
        let mut buffer = vec![0; LARGEST_MESSAGE];
        loop {
            let received = tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                received = self.socket.recv_from(&mut buffer) => received,
            };
            // An ICMP error of an earlier answer is reported here and concerns nobody.
            let Ok((length, asker)) = received else { continue };
            let Some(response) = self.handle.answer(buffer.get(..length).unwrap_or_default()) else {
                continue;
            };
            if let Err(error) = self.socket.send_to(&response, asker).await {
                tracing::debug!(%asker, %error, "the simulated switch cannot answer");
            }
        }
    }
}

impl Handle {
    /// Number of ports.
    pub fn ports(&self) -> usize {
        self.state.feeds.len()
    }

    /// Power of a port as its board sees it; none for a port that the switch does not have.
    pub fn feed(&self, port: u16) -> Option<watch::Receiver<Feed>> {
        Some(self.state.feeds.get(index(port)?)?.subscribe())
    }

    /// Power of a port; off for a port that the switch does not have.
    pub fn power(&self, port: u16) -> PowerState {
        let feed = index(port).and_then(|index| self.state.feeds.get(index));
        feed.map_or(PowerState::Off, |feed| feed.borrow().power)
    }

    /// Feeds a port as many switches do out of the box, before anybody asked for it.
    pub fn feed_at_once(&self, port: u16) {
        let mut mib = self.state.mib.lock().unwrap_or_else(PoisonError::into_inner);
        self.switch(&mut mib, port, PowerState::On);
    }

    /// Plugs boards in, so that the switch's tables show them.
    pub fn plug_in(&self, boards: impl Iterator<Item = (u16, MacAddr)>) {
        let mut mib = self.state.mib.lock().unwrap_or_else(PoisonError::into_inner);
        for (port, mac) in boards {
            let Some(index) = index(port).filter(|index| *index < self.ports()) else { continue };
            if mib.boards.len() <= index {
                mib.boards.resize(index + 1, None);
            }
            if let Some(board) = mib.boards.get_mut(index) {
                *board = Some(mac);
            }
        }
    }

    /// Lets the switch tell who is where, or makes it one that cannot.
    pub fn set_tells_places(&self, tells: bool) {
        self.state.mib.lock().unwrap_or_else(PoisonError::into_inner).tells_places = tells;
    }

    /// Whether the switch tells who is where.
    pub fn tells_places(&self) -> bool {
        self.state.mib.lock().unwrap_or_else(PoisonError::into_inner).tells_places
    }

    /// Makes the switch deaf, or lets it hear again. Its ports keep their power.
    pub fn set_unreachable(&self, unreachable: bool) {
        *self.state.unreachable.lock().unwrap_or_else(PoisonError::into_inner) = unreachable;
    }

    /// Whether the switch is deaf.
    pub fn is_unreachable(&self) -> bool {
        *self.state.unreachable.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers a datagram; ports are switched before the answer leaves.
    fn answer(&self, datagram: &[u8]) -> Option<Vec<u8>> {
        if self.is_unreachable() {
            return None;
        }
        let mut mib = self.state.mib.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = mib.respond(datagram)?;
        for (port, power) in &outcome.sets {
            self.switch(&mut mib, *port, *power);
        }
        if let (false, Some(file)) = (outcome.sets.is_empty(), &self.state.file)
            && let Err(error) = save(file, &mib.ports)
        {
            tracing::warn!(file = %file.display(), %error, "the simulated switch cannot keep its state");
        }
        Some(outcome.response)
    }

    fn switch(&self, mib: &mut Mib, port: u16, power: PowerState) {
        let Some(index) = index(port) else { return };
        let (Some(entry), Some(feed)) = (mib.ports.get_mut(index), self.state.feeds.get(index)) else {
            return;
        };
        if *entry != power {
            *entry = power;
            feed.send_modify(|feed| *feed = Feed { power, switchings: feed.switchings + 1 });
        }
    }
}

fn index(port: u16) -> Option<usize> {
    usize::from(port).checked_sub(1)
}

/// The ports' power from the file; ports that it does not name are off.
fn load(file: &Path, ports: u16) -> Vec<PowerState> {
    let kept =
        std::fs::read(file).ok().and_then(|text| serde_json::from_slice::<Vec<PowerState>>(&text).ok());
    let kept = kept.unwrap_or_default().into_iter().chain(std::iter::repeat(PowerState::Off));
    kept.take(usize::from(ports)).collect()
}

fn save(file: &Path, ports: &[PowerState]) -> io::Result<()> {
    let draft = file.with_extension("draft");
    std::fs::write(&draft, serde_json::to_vec(ports)?)?;
    std::fs::rename(&draft, file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::rack::PETH_PSE_PORT_ADMIN_ENABLE;
    use snmp2::{AsyncSession, Oid, Value};
    use std::time::Duration;

    async fn rack(file: &Path) -> (Handle, SocketAddr, CancellationToken) {
        let config = Config {
            listen: "127.0.0.1:0".parse().unwrap(),
            ports: 8,
            community: "private".to_owned(),
            state_file: Some(file.to_owned()),
        };
        let switch = Switch::bind(config).await.unwrap();
        let (handle, address, stop) =
            (switch.handle(), switch.local_addr().unwrap(), CancellationToken::new());
        tokio::spawn(switch.run(stop.clone()));
        (handle, address, stop)
    }

    #[tokio::test]
    async fn a_set_reaches_the_board_and_outlives_the_switch() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("switch.json");
        let (handle, address, stop) = rack(&file).await;
        let mut feed = handle.feed(3).unwrap();
        let mut session = AsyncSession::new_v2c(address, b"private", 1).await.unwrap();
        let oid: Oid<'_> = format!("{PETH_PSE_PORT_ADMIN_ENABLE}.3").parse().unwrap();
        session.set(&[(&oid, Value::Integer(1))]).await.unwrap();
        assert_eq!(*feed.borrow_and_update(), Feed { power: PowerState::On, switchings: 1 });
        let answer = session.get(&oid).await.unwrap();
        assert!(matches!(answer.varbinds.clone().next(), Some((_, Value::Integer(1)))));
        stop.cancel();
        let (again, _, stop) = rack(&file).await;
        assert_eq!((again.power(3), again.power(4)), (PowerState::On, PowerState::Off));
        stop.cancel();
    }

    #[tokio::test]
    async fn a_wrong_community_and_an_unreachable_switch_are_silence() {
        let folder = tempfile::tempdir().unwrap();
        let (handle, address, stop) = rack(&folder.path().join("switch.json")).await;
        let oid: Oid<'_> = format!("{PETH_PSE_PORT_ADMIN_ENABLE}.1").parse().unwrap();
        let short = Duration::from_millis(100);
        let mut stranger = AsyncSession::new_v2c(address, b"public", 1).await.unwrap();
        assert!(tokio::time::timeout(short, stranger.get(&oid)).await.is_err());
        handle.set_unreachable(true);
        let mut session = AsyncSession::new_v2c(address, b"private", 1).await.unwrap();
        assert!(tokio::time::timeout(short, session.get(&oid)).await.is_err());
        handle.set_unreachable(false);
        assert!(tokio::time::timeout(Duration::from_secs(5), session.get(&oid)).await.is_ok());
        stop.cancel();
    }
}
