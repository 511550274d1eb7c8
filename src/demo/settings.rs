//! The demonstration's settings: an ordinary `pimaster.toml`, and the simulator's own. *IO: writes that file.*

use super::places::{Places, Ports};
use crate::config::Config;
use crate::model::verb::NODE_BINARY;
use crate::sim::firmware::Pace;
use crate::sim::tree::Bulk;
use crate::sim::{self, switch};
use anyhow::Context;
use std::net::{Ipv4Addr, SocketAddrV4};

/// Twice the largest image, so that growing shows.
const CARD_BYTES: u64 = 512 << 20;
const COMMUNITY: &str = "demo";
/// A port stays off for so long on hardware.
const MIN_OFF_MILLIS: f64 = 5_000.0;
/// A switch takes at most so long to answer on hardware.
const SWITCH_MILLIS: f64 = 5_000.0;
/// The tables of a switch are read so often.
const LOOK_MILLIS: f64 = 5_000.0;
/// A board asks so long after its port went on, at the latest.
const LISTEN_MILLIS: f64 = 60_000.0;
/// A board that gets no answer asks again within so long.
const QUIET_MILLIS: f64 = 20_000.0;
const PATIENCE_SECONDS: f64 = 300.0;
/// What the settings allow.
const LONGEST_PATIENCE_SECONDS: f64 = 3_600.0;
const LONGEST_MILLIS: f64 = 60_000.0;

/// How much is simulated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// How many boards.
    pub boards: u16,
    /// How many of them are not enrolled.
    pub undiscovered: u16,
    /// How much faster than hardware they live.
    pub speed: f64,
    /// What the environment holds.
    pub bulk: Bulk,
}

/// Writes `pimaster.toml` and reads it back as every other command does.
pub(super) fn write(places: &Places, ports: &Ports, scale: Scale) -> anyhow::Result<Config> {
    let file = places.at("pimaster.toml");
    std::fs::write(&file, text(places, ports, scale)).context("cannot write pimaster.toml")?;
    Config::load(&file).context("the demonstration's own settings are refused; this is a fault of pimaster")
}

fn text(places: &Places, ports: &Ports, scale: Scale) -> String {
    let speed = if scale.speed.is_finite() && scale.speed > 0.0 { scale.speed } else { 1.0 };
    // A machine that plays many boards at once is slow: patience must not run out for that.
    let patience = (PATIENCE_SECONDS / speed).max(10.0 + f64::from(scale.boards) / 2.0);
    let patience = patience.min(LONGEST_PATIENCE_SECONDS);
    let millis = |real: f64, least: f64| (real / speed).clamp(least, LONGEST_MILLIS);
    format!(
        "# The demonstration rack, written at each start.\n\
         [network]\nsubnet = \"127.0.0.0/8\"\naddress = \"{address}\"\n\
         node_ranges = [\"127.42.2.1-127.42.2.250\"]\n\
         [dhcp]\nport = {dhcp}\n\
         [dns]\nenabled = false\n\
         [tftp]\nport = {tftp}\n\
         [nfs]\nroot = \"{root}\"\nexports = \"off\"\n\
         [power]\nmin_off_millis = {min_off:.0}\ntimeout_millis = {switch:.0}\n\
         [detect]\nlook_interval_millis = {look:.0}\nlisten_millis = {listen:.0}\nquiet_millis = {quiet:.0}\n\
         [deploy]\nssh_port = {ssh}\npatience_seconds = {patience:.0}\nprobe_interval_millis = 100\n\
         [web]\nlisten = \"{address}:{web}\"\n\
         [data]\nfolder = \"{data}\"\nadmin_email = \"admin@demo.example\"\n\
         [log]\nfilter = \"warn\"\n",
        address = Ipv4Addr::LOCALHOST,
        dhcp = ports.dhcp,
        tftp = ports.tftp,
        root = places.at("root").display(),
        min_off = millis(MIN_OFF_MILLIS, 100.0),
        switch = millis(SWITCH_MILLIS, 800.0),
        look = millis(LOOK_MILLIS, 500.0),
        listen = millis(LISTEN_MILLIS, 10_000.0),
        quiet = millis(QUIET_MILLIS, 2_500.0),
        ssh = ports.ssh,
        web = ports.web,
        data = places.at("data").display(),
    )
}

/// The simulated boards.
pub(super) fn simulator(places: &Places, ports: &Ports, scale: Scale) -> sim::Settings {
    sim::Settings {
        folder: places.at("boards"),
        dhcp_server: SocketAddrV4::new(Ipv4Addr::LOCALHOST, ports.dhcp),
        tftp_port: ports.tftp,
        ssh_port: ports.ssh,
        pace: Pace::new(scale.speed),
        // The copy in the installer root, as on a node; this program's file may be replaced while it runs.
        node_program: places.at("root").join(NODE_BINARY.trim_start_matches('/')),
        card_bytes: CARD_BYTES,
    }
}

/// The simulated switch.
pub(super) fn switch(places: &Places, ports: &Ports, scale: Scale) -> switch::Config {
    switch::Config {
        listen: (Ipv4Addr::LOCALHOST, ports.snmp).into(),
        ports: scale.boards.max(8),
        community: COMMUNITY.to_owned(),
        state_file: Some(places.at("switch.json")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_are_good() {
        let folder = tempfile::tempdir().unwrap();
        let places = Places::open(Some(folder.path())).unwrap();
        let ports = Ports { web: 9000, dhcp: 6767, tftp: 6969, ssh: 2222, snmp: 1161, control: 9001 };
        for (boards, speed) in [(1, 1.0), (6, 50.0), (250, 1e6), (4, f64::NAN), (4, 0.01)] {
            let config =
                write(&places, &ports, Scale { boards, undiscovered: 0, speed, bulk: Bulk::NONE }).unwrap();
            assert_eq!(config.web.public_url, "http://127.0.0.1:9000");
            assert_eq!(config.deploy.image_url, "http://127.0.0.1:9000");
        }
    }
}
