//! What differs between models that run the same boot programs: a table. *Pure.*
//!
//! Sources: raspberrypi/firmware (names of device trees), Raspberry Pi documentation (boot folder contents, conditional
//! filters of config.txt). Times are those of ordinary boards with a switch port that needs no spanning tree.

use crate::model::board::BoardModel;
use std::time::Duration;

/// The facts of one model.
#[derive(Debug)]
pub(super) struct BoardFacts {
    /// Device trees, the first found is taken.
    pub(super) device_trees: &'static [&'static str],
    /// Kernels if `config.txt` names none, the first found is taken.
    pub(super) kernels: &'static [&'static str],
    /// Initramfs names under `auto_initramfs=1`, beside the kernels.
    pub(super) initramfs: &'static [&'static str],
    /// Looked for beside the kernel.
    pub(super) armstubs: &'static [&'static str],
    /// Names of the sections of `config.txt` that apply, besides `all`.
    pub(super) sections: &'static [&'static str],
    /// Time from power-on to the first DISCOVER: self test, card, link up.
    pub(super) wake: Duration,
    /// Time from the last file to a running kernel with its network up.
    pub(super) kernel_start: Duration,
}

const PI_3B: BoardFacts = BoardFacts {
    device_trees: &["bcm2710-rpi-3-b.dtb"],
    kernels: &["kernel8.img", "kernel7.img"],
    initramfs: &["initramfs8", "initramfs7"],
    armstubs: &["armstub8.bin", "armstub8-32.bin"],
    sections: &["pi3", "board-type=0x8"],
    // The ROM looks at the card for 5 s before the network.
    wake: Duration::from_secs(8),
    kernel_start: Duration::from_secs(24),
};
const PI_2B_12: BoardFacts = BoardFacts {
    device_trees: &["bcm2710-rpi-2-b.dtb"],
    armstubs: &["armstub7.bin"],
    sections: &["pi2", "board-type=0x4"],
    ..PI_3B
};
const PI_3B_PLUS: BoardFacts = BoardFacts {
    device_trees: &["bcm2710-rpi-3-b-plus.dtb", "bcm2710-rpi-3-b.dtb"],
    sections: &["pi3", "pi3+", "board-type=0xd"],
    ..PI_3B
};
const PI_3A_PLUS: BoardFacts = BoardFacts { sections: &["pi3", "pi3+", "board-type=0xe"], ..PI_3B_PLUS };
const CM3: BoardFacts = BoardFacts {
    device_trees: &["bcm2710-rpi-cm3.dtb"],
    sections: &["pi3", "cm3", "board-type=0xa"],
    ..PI_3B
};
const CM3_PLUS: BoardFacts = BoardFacts { sections: &["pi3", "cm3+", "board-type=0x10"], ..CM3 };
const ZERO_2W: BoardFacts = BoardFacts {
    device_trees: &["bcm2710-rpi-zero-2-w.dtb", "bcm2710-rpi-zero-2.dtb"],
    sections: &["pi0", "pi02", "board-type=0x12"],
    ..PI_3B
};
const PI_4B: BoardFacts = BoardFacts {
    device_trees: &["bcm2711-rpi-4-b.dtb"],
    kernels: &["kernel8.img", "kernel7l.img"],
    initramfs: &["initramfs8", "initramfs7l"],
    armstubs: &["armstub8-gic.bin"],
    sections: &["pi4", "board-type=0x11"],
    wake: Duration::from_secs(6),
    kernel_start: Duration::from_secs(16),
};
const PI_400: BoardFacts = BoardFacts {
    device_trees: &["bcm2711-rpi-400.dtb", "bcm2711-rpi-4-b.dtb"],
    sections: &["pi4", "pi400", "board-type=0x13"],
    ..PI_4B
};
const CM4: BoardFacts = BoardFacts {
    device_trees: &["bcm2711-rpi-cm4.dtb"],
    sections: &["pi4", "cm4", "board-type=0x14"],
    ..PI_4B
};
const CM4S: BoardFacts = BoardFacts {
    device_trees: &["bcm2711-rpi-cm4s.dtb"],
    sections: &["pi4", "cm4s", "board-type=0x15"],
    ..PI_4B
};
const PI_5: BoardFacts = BoardFacts {
    device_trees: &["bcm2712-rpi-5-b.dtb", "bcm2712-d-rpi-5-b.dtb"],
    kernels: &["kernel_2712.img", "kernel8.img"],
    initramfs: &["initramfs_2712", "initramfs8"],
    armstubs: &["armstub8-2712.bin"],
    sections: &["pi5", "board-type=0x17"],
    wake: Duration::from_secs(5),
    kernel_start: Duration::from_secs(10),
};
const PI_500: BoardFacts = BoardFacts {
    device_trees: &["bcm2712-rpi-500.dtb"],
    sections: &["pi5", "pi500", "board-type=0x19"],
    ..PI_5
};
const CM5: BoardFacts = BoardFacts {
    device_trees: &["bcm2712-rpi-cm5-cm5io.dtb", "bcm2712-rpi-cm5l-cm5io.dtb", "bcm2712-rpi-cm5-cm4io.dtb"],
    sections: &["pi5", "cm5", "board-type=0x18"],
    ..PI_5
};

/// The facts of a model.
pub(super) fn board(model: BoardModel) -> &'static BoardFacts {
    match model {
        BoardModel::Pi2b12 => &PI_2B_12,
        BoardModel::Pi3b => &PI_3B,
        BoardModel::Pi3bPlus => &PI_3B_PLUS,
        BoardModel::Pi3aPlus => &PI_3A_PLUS,
        BoardModel::Cm3 => &CM3,
        BoardModel::Cm3Plus => &CM3_PLUS,
        BoardModel::Zero2w => &ZERO_2W,
        BoardModel::Pi4b => &PI_4B,
        BoardModel::Pi400 => &PI_400,
        BoardModel::Cm4 => &CM4,
        BoardModel::Cm4s => &CM4S,
        BoardModel::Pi5 | BoardModel::Unknown => &PI_5,
        BoardModel::Pi500 => &PI_500,
        BoardModel::Cm5 => &CM5,
    }
}
