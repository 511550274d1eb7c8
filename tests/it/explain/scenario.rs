//! A boot on the wire with one thing wrong, and what is said of it.

use super::{said, until};
use crate::boot::BootRack;
use pimaster::model::board::{BoardModel, RevisionCode};
use pimaster::model::explanation::BootView;
use pimaster::model::node::BootTarget;
use pimaster::model::power::PowerState;
use pimaster::sim::status::{Fault, Faults, Stage, Times};
use pimaster::sim::{Spec, rack};
use pimaster::store::nodes;
use std::net::SocketAddrV4;

/// A board and what goes wrong.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scenario {
    pub(super) signature: &'static str,
    pub(super) model: BoardModel,
    /// Seconds from the last event until somebody asks.
    pub(super) later: i64,
    faults: Faults,
    /// Boot files that are not there.
    without: &'static [&'static str],
    target: BootTarget,
}

pub(super) const fn shows(signature: &'static str, model: BoardModel) -> Scenario {
    let faults = Faults {
        hang: Times::Never,
        drop_ssh: Times::Never,
        bad_sector: false,
        wrong_digest: false,
        fault: None,
        nearer_dhcp: None,
    };
    Scenario { signature, model, later: 0, faults, without: &[], target: BootTarget::Installer }
}

impl Scenario {
    pub(super) const fn after(mut self, seconds: i64) -> Self {
        self.later = seconds;
        self
    }

    pub(super) const fn with(mut self, fault: Fault) -> Self {
        self.faults.fault = Some(fault);
        self
    }

    pub(super) const fn hanging(mut self) -> Self {
        self.faults.hang = Times::Always;
        self
    }

    pub(super) const fn near(mut self, server: SocketAddrV4) -> Self {
        self.faults.nearer_dhcp = Some(server);
        self
    }

    pub(super) const fn without(mut self, files: &'static [&'static str]) -> Self {
        self.without = files;
        self
    }

    pub(super) const fn booting(mut self, target: BootTarget) -> Self {
        self.target = target;
        self
    }

    /// A rack with this board as pi-01, off.
    pub(super) async fn rack(self) -> BootRack {
        self.rack_with(vec![board(self.model, 1)]).await
    }

    pub(super) async fn rack_with(self, boards: Vec<Spec>) -> BootRack {
        let rack = BootRack::of(boards).await;
        for file in self.without {
            std::fs::remove_file(rack.installer().join(file)).unwrap();
        }
        let target = self.target;
        let aim = rack.store.write(move |tx| {
            let node = nodes::by_name(tx, "pi-01")?.unwrap();
            nodes::set_boot_target(tx, node.id, target)
        });
        aim.await.unwrap();
        self.strike(&rack, "pi-01");
        rack
    }

    pub(super) fn strike(self, rack: &BootRack, name: &str) {
        assert!(rack.rack.set_faults(name, self.faults));
    }

    /// Switches pi-01 on and waits until it is explained so.
    pub(super) async fn boots(self, rack: &BootRack) -> BootView {
        rack.power(1, PowerState::On).await;
        self.is_told(rack).await
    }

    /// Waits until pi-01 is explained so.
    pub(super) async fn is_told(self, rack: &BootRack) -> BootView {
        let view =
            until(rack, "pi-01", self.later, |view| view.explanation.signature == self.signature).await;
        assert!(!view.explanation.evidence.is_empty(), "{view:#?}");
        assert!(view.explanation.fix.is_some(), "{view:#?}");
        // It stands: nothing that the board did meanwhile says otherwise.
        let again = said(rack, "pi-01", self.later).await.explanation;
        assert_eq!(again.signature, self.signature, "{again:#?}");
        view
    }

    /// The whole of an ordinary scenario.
    pub(super) async fn holds(self) {
        let rack = self.rack().await;
        self.boots(&rack).await;
    }
}

/// The board of that number, of that model.
pub(super) fn board(model: BoardModel, number: u16) -> Spec {
    let kin = if model == BoardModel::Pi3b { BoardModel::Pi3bPlus } else { model };
    let mut board = rack::specs(3).into_iter().find(|board| board.identity.model == kin).unwrap();
    let first = rack::specs(number).into_iter().next_back().unwrap();
    (board.name, board.address, board.port) = (first.name, first.address, first.port);
    board.identity.mac.0[5] = u8::try_from(number).unwrap();
    board.identity.serial.0 = board.identity.serial.0 & !0xff | u32::from(number);
    if model == BoardModel::Pi3b {
        (board.identity.model, board.identity.revision) = (model, RevisionCode(0x00a0_2082));
    }
    board
}

/// Waits until pi-NN is stuck.
pub(super) async fn stuck(rack: &BootRack, name: &str) {
    rack.reached(name, |stage| matches!(stage, Stage::Stuck(_))).await;
}
