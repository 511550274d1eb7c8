//! The processors of Raspberry Pis, and on which of them an image boots. *Pure.*
//!
//! Judged once, at import, from what lies on the boot partition; an environment of which nothing is known fits every
//! board. A processor, not a model, is the grain: the firmware takes a similar board's device tree if a board's own
//! is missing (a Pi 400 that of the 4B), and a board that is refused wrongly is worse than one that is offered wrongly.

use super::board::{BoardModel, FirmwareClass};
use serde::{Deserialize, Serialize};

/// The processor of a board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Chip {
    /// 2B 1.2, 3B, 3B+, 3A+, Zero 2 W and the modules 3 and 3+.
    Bcm2837,
    /// 4B, 400 and the modules 4 and 4S.
    Bcm2711,
    /// 5, 500 and the module 5.
    Bcm2712,
}

impl Chip {
    /// Every processor, oldest first.
    pub const ALL: [Self; 3] = [Self::Bcm2837, Self::Bcm2711, Self::Bcm2712];

    /// The processor of that model; none if the model is not known.
    pub fn of(model: BoardModel) -> Option<Self> {
        match (model, model.firmware()) {
            (BoardModel::Unknown, _) => None,
            (_, FirmwareClass::Rom3b | FirmwareClass::Rom3bPlus) => Some(Self::Bcm2837),
            (_, FirmwareClass::Eeprom4) => Some(Self::Bcm2711),
            (_, FirmwareClass::Eeprom5) => Some(Self::Bcm2712),
        }
    }

    /// The word in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bcm2837 => "bcm2837",
            Self::Bcm2711 => "bcm2711",
            Self::Bcm2712 => "bcm2712",
        }
    }

    /// What people call its boards.
    pub fn shown(self) -> &'static str {
        match self {
            Self::Bcm2837 => "Pi 3",
            Self::Bcm2711 => "Pi 4",
            Self::Bcm2712 => "Pi 5",
        }
    }

    /// How device trees of its boards begin: in Raspberry Pi's kernels, and in those of kernel.org.
    fn trees(self) -> &'static [&'static str] {
        match self {
            Self::Bcm2837 => &["bcm2710-", "bcm2837-"],
            Self::Bcm2711 => &["bcm2711-"],
            Self::Bcm2712 => &["bcm2712-", "bcm2712d0-"],
        }
    }

    /// The kernels that its firmware looks for unless `config.txt` names one: Raspberry Pi documentation,
    /// "config.txt", `kernel`; and what boards were seen to ask for.
    fn kernels(self) -> &'static [&'static str] {
        match self {
            Self::Bcm2837 => &["kernel8.img", "kernel7.img", "kernel.img"],
            Self::Bcm2711 => &["kernel8.img", "kernel7l.img"],
            Self::Bcm2712 => &["kernel_2712.img", "kernel8.img"],
        }
    }

    /// Whether it is the start file that its boot loader wants: Raspberry Pi documentation, "Boot folder contents"
    /// (`start_cd.elf`, `start4x.elf` and the like come in by other settings).
    fn is_started_by(self, name: &str) -> bool {
        let starts = name.starts_with("start") && name.ends_with(".elf");
        match self {
            Self::Bcm2837 => starts && !name.starts_with("start4"),
            Self::Bcm2711 => starts && name.starts_with("start4"),
            Self::Bcm2712 => false,
        }
    }

    /// Whether its EEPROM loads the kernel itself, without a start file.
    fn is_self_starting(self) -> bool {
        self == Self::Bcm2712
    }
}

/// What on a boot partition decides where it boots.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BootSigns {
    /// Names in its root, lower case.
    pub names: Vec<String>,
    /// Names of the device trees in any of its folders, lower case.
    pub trees: Vec<String>,
    /// The text of `config.txt`.
    pub config: String,
}

impl BootSigns {
    /// The processors that it boots on, oldest first; none if that cannot be told.
    pub fn boots_on(&self) -> Option<Vec<Chip>> {
        // A boot loader that finds its device trees elsewhere, such as U-Boot: nothing to judge by.
        if !self.trees.iter().any(|tree| tree.starts_with("bcm2")) {
            return None;
        }
        let boots: Vec<Chip> = Chip::ALL.into_iter().filter(|chip| self.has_all_for(*chip)).collect();
        let has_trees = Chip::ALL.iter().any(|chip| self.has_tree(*chip));
        // Device trees, and not a board that starts: more likely these rules are wrong than the image.
        (!boots.is_empty() || !has_trees).then_some(boots)
    }

    fn has_all_for(&self, chip: Chip) -> bool {
        let is_started = chip.is_self_starting() || self.names.iter().any(|name| chip.is_started_by(name));
        let has_kernel =
            self.names_a_kernel() || self.names.iter().any(|it| chip.kernels().contains(&it.as_str()));
        self.has_tree(chip) && is_started && has_kernel
    }

    fn has_tree(&self, chip: Chip) -> bool {
        self.trees.iter().any(|tree| chip.trees().iter().any(|start| tree.starts_with(start)))
    }

    /// Whether `config.txt` says which kernel, in any of its sections.
    fn names_a_kernel(&self) -> bool {
        self.config.lines().any(|line| {
            let key = line.trim().split(['=', ' ', '\t']).next().unwrap_or_default();
            matches!(key, "kernel" | "os_prefix")
        })
    }
}

/// Whether what boots on these processors boots on that model. Where either is not known, it does.
pub fn fits(boots_on: Option<&[Chip]>, model: BoardModel) -> bool {
    match (boots_on, Chip::of(model)) {
        (Some(chips), Some(chip)) => chips.contains(&chip),
        (None, _) | (_, None) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Chip::{Bcm2711, Bcm2712, Bcm2837};

    const FIRMWARE: &str =
        "bootcode.bin start.elf start_cd.elf start4.elf start4cd.elf fixup.dat config.txt cmdline.txt";

    fn signs(names: &str, trees: &str, config: &str) -> BootSigns {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        BootSigns { names: words(names), trees: words(trees), config: config.to_owned() }
    }

    #[test]
    fn an_image_boots_where_tree_start_file_and_kernel_are() {
        let check = |names: &str, trees: &str, config: &str, expect: Option<&[Chip]>| {
            let found = signs(&format!("{FIRMWARE} {names}"), trees, config).boots_on();
            assert_eq!(found.as_deref(), expect, "{names} / {trees} / {config}");
        };
        let all = "bcm2708-rpi-b.dtb bcm2710-rpi-3-b.dtb bcm2711-rpi-4-b.dtb bcm2712-rpi-5-b.dtb";
        let old = "bcm2708-rpi-b.dtb bcm2710-rpi-3-b.dtb bcm2711-rpi-4-b.dtb";
        check("kernel8.img kernel_2712.img", all, "", Some(&[Bcm2837, Bcm2711, Bcm2712]));
        // A release from before the Pi 5.
        check("kernel.img kernel7.img kernel7l.img kernel8.img", old, "", Some(&[Bcm2837, Bcm2711]));
        check("kernel7.img", all, "", Some(&[Bcm2837]));
        check("kernel_2712.img", all, "", Some(&[Bcm2712]));
        // Ubuntu and piCore name their kernels.
        check("vmlinuz", all, "[all]\n kernel=vmlinuz\n", Some(&[Bcm2837, Bcm2711, Bcm2712]));
        check("", old, "os_prefix=current/\n", Some(&[Bcm2837, Bcm2711]));
        // Debian, with the names of kernel.org.
        check("vmlinuz", "bcm2837-rpi-3-b.dtb bcm2711-rpi-4-b.dtb", "kernel=v", Some(&[Bcm2837, Bcm2711]));
        // For boards that cannot boot from the network.
        check("kernel.img", "bcm2708-rpi-zero.dtb", "", Some(&[]));
        // What cannot be told.
        check("kernel8.img", "", "", None);
        check("kernel8.img", "overlay_map.dtb", "", None);
        check("vmlinuz", all, "", None);
    }

    #[test]
    fn each_processor_wants_its_start_file() {
        let trees = "bcm2710-rpi-3-b.dtb bcm2711-rpi-4-b.dtb bcm2712-rpi-5-b.dtb";
        let check = |names: &str, expect: &[Chip]| {
            assert_eq!(signs(names, trees, "").boots_on().as_deref(), Some(expect), "{names}");
        };
        check("kernel8.img", &[Bcm2712]);
        check("kernel8.img start.elf", &[Bcm2837, Bcm2712]);
        check("kernel8.img start4x.elf", &[Bcm2711, Bcm2712]);
    }

    #[test]
    fn what_is_not_known_fits() {
        assert!(fits(None, BoardModel::Pi5));
        assert!(fits(Some(&[Bcm2837]), BoardModel::Unknown));
        assert!(fits(Some(&[Bcm2837]), BoardModel::Zero2w));
        assert!(!fits(Some(&[Bcm2837, Bcm2711]), BoardModel::Cm5));
        for model in BoardModel::ALL {
            let chips: Vec<Chip> = Chip::of(*model).into_iter().collect();
            assert!(fits(Some(&chips), *model), "{model:?}");
        }
    }

    #[test]
    fn words_are_those_of_the_database() {
        for chip in Chip::ALL {
            assert_eq!(serde_json::to_string(&chip).unwrap(), format!("\"{}\"", chip.as_str()));
        }
    }
}
