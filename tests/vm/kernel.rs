//! The Linux kernel's own `ip=dhcp`, as a node's: user-mode Linux at a tap of the rack. *IO: everything.*
//!
//! It is what a Raspberry Pi's installer kernel does before it mounts its root. The kernel prints what it took from
//! the answer, and its initramfs tells the rest.

use crate::api::{Api, text};
use crate::console::Console;
use crate::enter::project;
use crate::pimaster_program::{Pimaster, URL};
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::path::Path;

const SETTINGS: &str = "[network]
interface = \"br0\"
subnet = \"10.77.0.0/24\"
address = \"10.77.0.1\"
router = \"10.77.0.254\"
dns = [\"10.77.0.1\", \"10.77.0.53\"]
ntp = [\"10.77.0.123\"]
domain = \"rack.test\"
node_ranges = [\"10.77.0.100-10.77.0.120\"]
[data]
admin_email = \"admin@rack.test\"
folder = \"FOLDER/data\"
[dhcp.options.node.pi-41]
root-path = \"10.77.0.3:/srv/root\"
mtu = 1400
[nfs]
root = \"FOLDER/nfsroot\"
exports = \"off\"
[web]
listen = \"10.77.0.1:9000\"
[log]
filter = \"info,pimaster=debug\"
";
const NODE: [&str; 8] =
    ["--name", "pi-41", "--mac", "52:54:00:77:00:29", "--model", "pi4b", "--address", "10.77.0.41"];

/// What the kernel prints, and what it then says of itself. `.,` is one DISCOVER and one REQUEST.
const TOLD: [&str; 11] = [
    "Sending DHCP requests ., OK\n",
    "IP-Config: Got DHCP answer from 10.77.0.1, my address is 10.77.0.41\n",
    "IP-Config: Complete:\n",
    "device=vec0, hwaddr=52:54:00:77:00:29, ipaddr=10.77.0.41, mask=255.255.255.0, gw=10.77.0.254\n",
    "host=pi-41, domain=rack.test, nis-domain=(none)\n",
    "bootserver=10.77.0.1, rootserver=10.77.0.3, rootpath=/srv/root",
    "mtu=1400\n",
    "nameserver0=10.77.0.1, nameserver1=10.77.0.53\n",
    "ntpserver0=10.77.0.123\n",
    "host name pi-41\n",
    "time servers 10.77.0.123\n",
];

/// One boot.
pub(crate) fn run(folder: &Path) -> Result<()> {
    let settings = SETTINGS.replace("FOLDER", &folder.to_string_lossy());
    let mut pimaster = Pimaster::installed(Path::new(env!("CARGO_BIN_EXE_pimaster")), folder, &settings)?;
    pimaster.run(&["node", "add"], &NODE)?;
    pimaster.start()?;
    let said = boot(folder)?.replace("\r\n", "\n");
    for words in TOLD {
        ensure!(said.contains(words), "{words:?} is missing: {said}");
    }
    let network = Api::new(URL, &pimaster.token()?).get("/network")?;
    let leases = network.get("leases").and_then(Value::as_array).context("no leases")?;
    let [lease] = leases.as_slice() else { bail!("one lease is expected: {leases:?}") };
    for (field, value) in
        [("address", "10.77.0.41"), ("mac", "52:54:00:77:00:29"), ("node", "pi-41"), ("state", "bound")]
    {
        ensure!(text(lease, field)? == value, "{field} {value} is expected: {lease}");
    }
    pimaster.stop()
}

/// Boots the kernel; what it printed. Its memory and its sockets are files of the rack's own /run.
fn boot(folder: &Path) -> Result<String> {
    let built = project().join("target/vm/kernel");
    let (linux, initrd) = (built.join("linux"), format!("initrd={}", built.join("initrd").display()));
    let linux = linux.to_string_lossy();
    let card = "vec0:transport=tap,ifname=tap1,mac=52:54:00:77:00:29";
    let place = ["TMPDIR=/run", &linux, "uml_dir=/run/", "mem=64M", "con=null", "con0=fd:0,fd:1"];
    let arguments = [place.as_slice(), &[&initrd, card, "ip=dhcp", "panic=-1"]].concat();
    Console::start(folder, "kernel", "env", &arguments)?.until_off()
}
