//! Firmware that others wrote boots from pimaster, as ordinary devices with a boot file: iPXE, EDK2 (OVMF) and
//! U-Boot. *IO: everything.*
//!
//! iPXE and EDK2 load a Linux that tells the digest of what came with it and what klibc's ipconfig got; U-Boot is
//! typed to and tells checksums.

use crate::console::Console;
use crate::enter::{project, say};
use crate::pimaster_program::Pimaster;
use anyhow::{Context, Result, anyhow, ensure};
use std::path::Path;
use std::thread::ScopedJoinHandle;
use std::time::Instant;

const SETTINGS: &str = "[network]
interface = \"br0\"
subnet = \"10.77.0.0/24\"
address = \"10.77.0.1\"
router = \"10.77.0.254\"
dns = [\"10.77.0.1\"]
domain = \"rack.test\"
node_ranges = [\"10.77.0.100-10.77.0.120\"]
[data]
admin_email = \"admin@rack.test\"
folder = \"FOLDER/data\"
[nfs]
root = \"FOLDER/nfsroot\"
exports = \"off\"
[web]
listen = \"10.77.0.1:9000\"
[log]
filter = \"info,pimaster=debug\"
";

/// Firmware that Debian packages have.
const OVMF_CODE: &str = "/usr/share/OVMF/OVMF_CODE_4M.fd";
const OVMF_VARIABLES: &str = "/usr/share/OVMF/OVMF_VARS_4M.fd";
const U_BOOT: &str = "/usr/lib/u-boot/qemu_arm64/u-boot.bin";
const NEEDED: [(&str, &str); 6] = [
    ("/usr/bin/qemu-system-x86_64", "qemu-system-x86"),
    ("/usr/bin/qemu-system-aarch64", "qemu-system-arm"),
    ("/usr/lib/ipxe/qemu/pxe-virtio.rom", "ipxe-qemu"),
    (OVMF_CODE, "ovmf"),
    (OVMF_VARIABLES, "ovmf"),
    (U_BOOT, "u-boot-qemu"),
];

/// More than 65,535 blocks of 512 bytes.
const BIG_BYTES: usize = 65_600 * 512 + 100;
/// Where U-Boot loads files to.
const LOAD_ADDRESS: &str = "0x42000000";

/// One machine.
struct Machine {
    name: &'static str,
    /// The end of its hardware address, and its tap.
    number: u8,
    /// Its boot file, as the options of `pimaster device add`.
    boots: &'static [&'static str],
    run: fn(&Place<'_>) -> Result<()>,
}

const MACHINES: [Machine; 3] = [
    Machine { name: "ipxe", number: 1, boots: &["--boot-file", "boot.ipxe"], run: ipxe },
    Machine {
        name: "ovmf",
        number: 2,
        boots: &["--boot-file", "boot.ipxe", "--boot-file-for", "efi-x64=linux.efi"],
        run: ovmf,
    },
    Machine { name: "u-boot", number: 3, boots: &["--boot-file", "arm/kernel.bin"], run: u_boot },
];

/// What a machine's test knows.
struct Place<'a> {
    machine: &'a Machine,
    folder: &'a Path,
    /// The digest that Linux shall tell.
    payload: &'a str,
}

/// All machines at once.
pub(crate) fn run(folder: &Path) -> Result<()> {
    let start = Instant::now();
    for (file, package) in NEEDED {
        ensure!(
            Path::new(file).exists(),
            "seen: no {file}; do: install the Debian package {package} (scripts/setup test)"
        );
    }
    let settings = SETTINGS.replace("FOLDER", &folder.to_string_lossy());
    let mut pimaster = Pimaster::installed(Path::new(env!("CARGO_BIN_EXE_pimaster")), folder, &settings)?;
    for machine in &MACHINES {
        let (mac, address) = (machine.mac(), machine.address());
        let place = ["--name", machine.name, "--mac", &mac, "--address", &address];
        pimaster.run(&["device", "add"], &[place.as_slice(), machine.boots].concat())?;
    }
    let payload = files(&folder.join("data/tftp/devices"))?;
    pimaster.start()?;
    std::thread::scope(|scope| -> Result<()> {
        let places = MACHINES.iter().map(|machine| Place { machine, folder, payload: &payload });
        let boots: Vec<_> = places.map(|place| scope.spawn(move || place.boot(start))).collect();
        // Each is waited for, so that one failure does not cut off another's log.
        let ended: Vec<_> = boots.into_iter().map(ScopedJoinHandle::join).collect();
        ended
            .into_iter()
            .try_for_each(|ended| ended.unwrap_or_else(|_| Err(anyhow!("a machine's thread panicked"))))
    })?;
    pimaster.stop()
}

/// Puts the boot files where pimaster serves them to devices; the digest of the payload in them.
fn files(devices: &Path) -> Result<String> {
    let assembled = project().join("target/vm/clients");
    std::fs::create_dir_all(devices.join("arm"))?;
    for name in ["vmlinuz", "initrd", "boot.ipxe", "linux.efi"] {
        std::fs::copy(assembled.join(name), devices.join(name))
            .with_context(|| format!("cannot copy {name}"))?;
    }
    std::fs::write(devices.join("arm/kernel.bin"), content(100_000))?;
    std::fs::write(devices.join("big.bin"), content(BIG_BYTES))?;
    Ok(std::fs::read_to_string(assembled.join("payload.sha256"))?.trim().to_owned())
}

fn ipxe(place: &Place<'_>) -> Result<()> {
    let machine = ["-M", "q35", "-cpu", "max", "-m", "256", "-boot", "n"];
    let mut console = place.start("qemu-system-x86_64", &machine, "virtio-net-pci")?;
    console.until("Next server: 10.77.0.1")?;
    console.until("Filename: boot.ipxe")?;
    place.linux_tells(console)
}

fn ovmf(place: &Place<'_>) -> Result<()> {
    let variables = place.folder.join("ovmf-variables.fd");
    std::fs::copy(OVMF_VARIABLES, &variables)?;
    let code = format!("if=pflash,format=raw,readonly=on,file={OVMF_CODE}");
    let variables = format!("if=pflash,format=raw,file={}", variables.display());
    let machine = [
        "-M",
        "q35",
        "-cpu",
        "max",
        "-m",
        "384",
        "-device",
        "virtio-rng-pci",
        "-drive",
        &code,
        "-drive",
        &variables,
    ];
    // Without the option ROM the driver is EDK2's, not iPXE's.
    let mut console = place.start("qemu-system-x86_64", &machine, "virtio-net-pci,romfile=")?;
    console.until("Server IP address is 10.77.0.1")?;
    console.until("NBP filename is linux.efi")?;
    place.linux_tells(console)
}

fn u_boot(place: &Place<'_>) -> Result<()> {
    const PROMPT: &str = "\n=> ";
    let machine = ["-M", "virt", "-cpu", "cortex-a57", "-m", "256", "-bios", U_BOOT];
    let mut console = place.start("qemu-system-aarch64", &machine, "virtio-net-device")?;
    console.until("stop autoboot")?;
    console.type_line("")?;
    console.until(PROMPT)?;
    let mut order = |text: &str| -> Result<String> {
        console.type_line(text)?;
        console.until(PROMPT)
    };
    let said = order(&format!("dhcp {LOAD_ADDRESS}"))?;
    for words in
        ["DHCP client bound to address 10.77.0.33", "TFTP from server 10.77.0.1", "Filename 'arm/kernel.bin'"]
    {
        ensure!(said.contains(words), "{words:?} is missing: {said}");
    }
    ensure!(!said.contains("broadcast 2"), "it had to ask twice: {said}");
    arrived(&order(&format!("crc32 {LOAD_ADDRESS} ${{filesize}}"))?, 100_000)?;
    for (variable, value) in
        [("netmask", "255.255.255.0"), ("gatewayip", "10.77.0.254"), ("dnsip", "10.77.0.1")]
    {
        let said = order(&format!("printenv {variable}"))?;
        ensure!(said.contains(&format!("{variable}={value}")), "{value} is expected: {said}");
    }
    order("setenv tftpblocksize 512; setenv tftpwindowsize 8")?;
    order(&format!("tftpboot {LOAD_ADDRESS} big.bin"))?;
    arrived(&order(&format!("crc32 {LOAD_ADDRESS} ${{filesize}}"))?, BIG_BYTES)?;
    console.type_line("poweroff")?;
    console.until_off().map(drop)
}

/// Judges what U-Boot's `crc32` printed of what it loaded.
fn arrived(said: &str, bytes: usize) -> Result<()> {
    let mut checksum = flate2::Crc::new();
    checksum.update(&content(bytes));
    let expected = format!("==> {:08x}", checksum.sum());
    ensure!(
        said.contains(&expected),
        "{bytes} bytes did not arrive whole; expected {expected}, seen: {said}"
    );
    Ok(())
}

/// Bytes that repeat after 1021: a block that came twice or not at all shows.
fn content(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| u8::try_from(at % 1021 % 256).unwrap_or_default()).collect()
}

impl Machine {
    fn mac(&self) -> String {
        format!("52:54:00:77:00:{:02x}", self.number)
    }

    fn address(&self) -> String {
        format!("10.77.0.{}", 30 + self.number)
    }
}

impl Place<'_> {
    fn boot(&self, start: Instant) -> Result<()> {
        let name = self.machine.name;
        (self.machine.run)(self).with_context(|| format!("{name} does not boot"))?;
        say(start, &format!("{name} booted"));
        Ok(())
    }

    fn start(&self, program: &str, machine: &[&str], card: &str) -> Result<Console> {
        let Machine { name, number, .. } = self.machine;
        let tap = format!("tap,id=net,ifname=tap{number},script=no,downscript=no");
        let card = format!("{card},netdev=net,mac={}", self.machine.mac());
        let network = ["-netdev", &tap, "-device", &card];
        Console::qemu(self.folder, name, program, &[machine, &network].concat())
    }

    /// Linux came whole, and its initramfs gets the settings of a system.
    fn linux_tells(&self, console: Console) -> Result<()> {
        let said = console.until_off()?;
        let (name, address) = (self.machine.name, self.machine.address());
        let expected = [
            format!("payload {}", self.payload),
            format!("IPV4ADDR='{address}'"),
            "IPV4NETMASK='255.255.255.0'".to_owned(),
            "IPV4GATEWAY='10.77.0.254'".to_owned(),
            "IPV4DNS0='10.77.0.1'".to_owned(),
            format!("HOSTNAME='{name}'"),
            "DNSDOMAIN='rack.test'".to_owned(),
        ];
        for words in expected {
            ensure!(said.contains(&words), "{words} is missing: {said}");
        }
        ensure!(!said.contains("no response"), "ipconfig had to ask twice: {said}");
        Ok(())
    }
}
