//! The EEPROM's boot order, as far as this board and its system tell it. *IO: reads /sys; `vcgencmd`.*
//!
//! Called by `probe`. The kernel of Raspberry Pis shows the boot loader's configuration as an nvmem device, which the
//! device tree names `blconfig`; rpi-eeprom-config reads it there, and else asks the firmware, as is done here. Boards
//! without an EEPROM, kernels without the device and installers without the program are all no failure: unknown.

use super::tool;
use crate::model::boot_order::BootOrder;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;

const DEVICE_TREE: &str = "sys/firmware/devicetree/base";
const NVMEM: &str = "sys/bus/nvmem/devices";

/// The boot order; `root` is where `sys/` lies.
pub(crate) fn boot_order(root: &Path) -> Option<BootOrder> {
    let config = in_nvmem(root).or_else(from_firmware)?;
    BootOrder::from_config(&config)
}

fn in_nvmem(root: &Path) -> Option<String> {
    let tree = root.join(DEVICE_TREE);
    let alias = fs::read(tree.join("aliases/blconfig")).ok()?;
    let alias = std::str::from_utf8(&alias).ok()?.trim_matches(['\0', '/']);
    let wanted = fs::canonicalize(tree.join(alias)).ok()?;
    let devices = fs::read_dir(root.join(NVMEM)).ok()?;
    let device = devices
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|device| fs::canonicalize(device.join("of_node")).is_ok_and(|node| node == wanted))?;
    Some(String::from_utf8_lossy(&fs::read(device.join("nvmem")).ok()?).into_owned())
}

fn from_firmware() -> Option<String> {
    let said = tool::run("vcgencmd", &[OsStr::new("bootloader_config")]).ok()?;
    said.status.success().then(|| String::from_utf8_lossy(&said.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn the_device_that_the_tree_names_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        assert_eq!(in_nvmem(root), None);
        let tree = root.join(DEVICE_TREE);
        for node in ["aliases", "reserved-memory/nvram@0", "reserved-memory/nvram@1"] {
            fs::create_dir_all(tree.join(node)).unwrap();
        }
        fs::write(tree.join("aliases/blconfig"), "/reserved-memory/nvram@1\0").unwrap();
        assert_eq!(in_nvmem(root), None);
        for (name, text) in [("rmem0", "[all]\nBOOT_ORDER=0xf41\n"), ("rmem1", "[all]\nBOOT_ORDER=0xf12\n")] {
            let device = root.join(NVMEM).join(name);
            fs::create_dir_all(&device).unwrap();
            let node = tree.join("reserved-memory").join(name.replace("rmem", "nvram@"));
            symlink(node, device.join("of_node")).unwrap();
            fs::write(device.join("nvmem"), text).unwrap();
        }
        assert_eq!(boot_order(root), Some(BootOrder(0xf12)));
    }
}
