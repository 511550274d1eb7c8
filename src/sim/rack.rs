//! The simulated rack: boards on the ports of a switch. *IO: through its parts.*

use super::board::{Board, Settings, Spec};
use super::firmware::Identity;
use super::status::{Busy, Faults, Stage};
use super::switch::{self, Switch};
use crate::model::board::{BoardModel, BoardSerial, RevisionCode};
use crate::model::net::MacAddr;
use crate::model::node::NodeName;
use crate::model::power::PowerState;
use serde::Serialize;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// The boards' addresses on loopback count from here.
const FIRST_ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 42, 1, 0);
/// The models in turn, each with the beginning of its hardware addresses and its revision code.
const MODELS: [(BoardModel, [u8; 3], u32); 3] = [
    (BoardModel::Pi4b, [0xdc, 0xa6, 0x32], 0x00c0_3112),
    (BoardModel::Pi3bPlus, [0xb8, 0x27, 0xeb], 0x00a0_20d3),
    (BoardModel::Pi5, [0x2c, 0xcf, 0x67], 0x00d0_4170),
];

/// A rack, bound and ready to run.
#[derive(Debug)]
pub struct Rack {
    switch: Switch,
    handle: Handle,
}

/// A rack seen by its page and by tests; clones share it.
#[derive(Debug, Clone)]
pub struct Handle {
    boards: Arc<Vec<Arc<Board>>>,
    switch: switch::Handle,
}

/// One board, as the simulator's page and API show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BoardView {
    /// Its name.
    pub name: NodeName,
    /// Its model.
    pub model: BoardModel,
    /// Its address.
    pub address: Ipv4Addr,
    /// The port that feeds it.
    pub port: u16,
    /// Whether the port feeds it.
    pub power: PowerState,
    /// Where it is.
    #[serde(flatten)]
    pub stage: Stage,
    /// What it gets wrong.
    pub faults: Faults,
    /// Its own time so far.
    pub busy: Busy,
}

/// The first `count` boards of the demonstration rack, the models in turn: pi-01 on port 1 and so on.
pub fn specs(count: u16) -> Vec<Spec> {
    (1..=count)
        .zip(MODELS.iter().cycle())
        .filter_map(|(number, (model, oui, revision))| {
            let [high, low] = number.to_be_bytes();
            let [a, b, c] = *oui;
            let mac = MacAddr([a, b, c, 0x51, high, low]);
            // On boards up to the 3 the low three bytes of serial number and hardware address are the same.
            let serial = BoardSerial(u32::from_be_bytes([0xd0, 0x51, high, low]));
            Some(Spec {
                name: format!("pi-{number:02}").parse().ok()?,
                identity: Identity { model: *model, mac, serial, revision: RevisionCode(*revision) },
                address: Ipv4Addr::from_bits(FIRST_ADDRESS.to_bits() + u32::from(number)),
                port: number,
            })
        })
        .collect()
}

impl Rack {
    /// Puts the boards together, with their cards, and binds the switch.
    pub async fn bind(boards: Vec<Spec>, settings: Settings, switch: switch::Config) -> io::Result<Self> {
        let settings = Arc::new(settings);
        let assemble = |spec| Board::assemble(spec, Arc::clone(&settings)).map(Arc::new);
        let boards = boards.into_iter().map(assemble).collect::<io::Result<Vec<_>>>()?;
        let switch = Switch::bind(switch).await?;
        let handle = Handle { boards: Arc::new(boards), switch: switch.handle() };
        let plugs = handle.boards.iter().map(|board| (board.spec.port, board.spec.identity.mac));
        handle.switch.plug_in(plugs);
        Ok(Self { switch, handle })
    }

    /// The address of the switch's SNMP agent.
    pub fn switch_address(&self) -> io::Result<SocketAddr> {
        self.switch.local_addr()
    }

    /// What pages and tests hold on to.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Runs switch and boards until told to stop; everything the boards did has ended then.
    pub async fn run(self, shutdown: CancellationToken) -> io::Result<()> {
        let mut lives = JoinSet::new();
        for board in self.handle.boards.iter() {
            if let Some(feed) = self.handle.switch.feed(board.spec.port) {
                lives.spawn(Arc::clone(board).live(feed, shutdown.clone()));
            }
        }
        let outcome = self.switch.run(shutdown.clone()).await;
        shutdown.cancel();
        lives.join_all().await;
        outcome
    }
}

impl Handle {
    /// Every board, in the order of the rack.
    pub fn boards(&self) -> Vec<BoardView> {
        self.boards.iter().map(|board| self.view(board)).collect()
    }

    /// Resolves when a board is at such a stage; none if there is no such board.
    pub async fn reached(&self, name: &str, wanted: impl Fn(&Stage) -> bool) -> Option<Stage> {
        let board = self.boards.iter().find(|board| board.spec.name.as_str() == name)?;
        Some(board.status.reached(wanted).await)
    }

    /// Tells a board what to get wrong; false if there is no such board.
    pub fn set_faults(&self, name: &str, faults: Faults) -> bool {
        let board = self.boards.iter().find(|board| board.spec.name.as_str() == name);
        board.inspect(|board| board.status.set_faults(faults)).is_some()
    }

    /// The switch.
    pub fn switch(&self) -> &switch::Handle {
        &self.switch
    }

    fn view(&self, board: &Board) -> BoardView {
        BoardView {
            name: board.spec.name.clone(),
            model: board.spec.identity.model,
            address: board.spec.address,
            port: board.spec.port,
            power: self.switch.power(board.spec.port),
            stage: board.status.stage(),
            faults: board.status.faults(),
            busy: board.status.busy(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boards_of_the_rack_differ() {
        let boards = specs(250);
        assert_eq!(boards.len(), 250);
        let unlike = |key: fn(&Spec) -> String| {
            boards.iter().map(key).collect::<std::collections::BTreeSet<_>>().len()
        };
        assert_eq!(unlike(|board| board.identity.mac.to_string()), 250);
        assert_eq!(unlike(|board| board.identity.serial.to_string()), 250);
        assert_eq!(unlike(|board| board.address.to_string()), 250);
        assert_eq!(boards[0].name.as_str(), "pi-01");
        for board in &boards[..3] {
            assert_eq!(board.identity.revision.model(), board.identity.model);
        }
    }
}
