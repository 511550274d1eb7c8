//! `probe`: what the node is. *IO: reads /proc.* The readers of text are pure.

use super::boot_order::boot_order;
use crate::model::verb::{CardReport, ProbeReport};
use std::fs;
use std::path::Path;

/// Says what this node is; nothing of it can fail, what cannot be read is left out.
pub(crate) fn probe(card: Option<CardReport>) -> ProbeReport {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let host_name = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    ProbeReport {
        host_name: host_name.unwrap_or_default(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        model: device_tree("model").or_else(|| cpu_line(&cpu, "Model")),
        serial: cpu_line(&cpu, "Serial").or_else(|| device_tree("serial-number")),
        revision: cpu_line(&cpu, "Revision").or_else(revision_in_device_tree),
        boot_order: boot_order(Path::new("/")),
        memory_mib: memory_mib(&memory),
        boot_id: fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned(),
        card,
    }
}

/// A line `name<tab>: value` of /proc/cpuinfo. x86 has `model` for each processor: names are case-sensitive.
fn cpu_line(text: &str, name: &str) -> Option<String> {
    let value = text.lines().filter_map(|line| line.split_once(':')).find(|(key, _)| key.trim() == name)?.1;
    Some(value.trim().to_owned()).filter(|value| !value.is_empty())
}

fn memory_mib(text: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib = line.and_then(|line| line.split_ascii_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) / 1024
}

/// A text of the device tree, which ends with a zero byte.
fn device_tree(name: &str) -> Option<String> {
    let bytes = fs::read(format!("/proc/device-tree/{name}")).ok()?;
    let text = String::from_utf8_lossy(&bytes).trim_end_matches('\0').trim().to_owned();
    Some(text).filter(|text| !text.is_empty())
}

/// 64-bit kernels since 6.x leave the revision out of /proc/cpuinfo; the firmware's copy is big-endian.
fn revision_in_device_tree() -> Option<String> {
    let bytes = fs::read("/proc/device-tree/system/linux,revision").ok()?;
    Some(format!("{:x}", u32::from_be_bytes(bytes.try_into().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_board_is_read_from_cpuinfo() {
        let text = "processor\t: 0\nmodel\t\t: 7\n\nRevision\t: a020d3\nSerial\t\t: 00000000ab12cd34\nModel\t\t: Raspberry Pi 3 Model B Plus Rev 1.3\n";
        assert_eq!(cpu_line(text, "Serial").as_deref(), Some("00000000ab12cd34"));
        assert_eq!(cpu_line(text, "Revision").as_deref(), Some("a020d3"));
        assert_eq!(cpu_line(text, "Model").as_deref(), Some("Raspberry Pi 3 Model B Plus Rev 1.3"));
        assert_eq!(cpu_line(text, "Hardware"), None);
        assert_eq!(memory_mib("MemTotal:        948304 kB\nMemFree: 1 kB\n"), 926);
        assert_eq!(memory_mib("rubbish"), 0);
    }

    #[test]
    fn this_machine_can_be_probed() {
        let report = probe(None);
        assert!(report.memory_mib > 0);
        assert_eq!(report.boot_id.len(), 36);
    }
}
