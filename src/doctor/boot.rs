//! The proof: a simulated Pi 4 asks for an address and fetches its files, up to the last. *IO: DHCP and TFTP through
//! the real sockets; the database; `judge` is pure.*
//!
//! ```text
//! pimaster runs ──────► a guest in its database ──► its servers      ─┐
//! its ports are free ─► a guest in a throw-away ──► the same servers, ├─► DHCP, files in the firmware's order
//!                       database                    in this process  ─┘
//! mode authoritative: addresses and boot from pimaster      proxy: addresses from a server played here, boot from
//! pimaster                                                 off: all of DHCP from that server, files from pimaster
//! interface set: relay at pimaster's own address, answers overheard     none (loopback): relay at the guest's address
//! ```

use super::finding::{Finding, Verdict};
use super::guest::{self, Guest};
use super::other_server::WithOtherServer;
use super::scene::{Daemon, Scene};
use super::wire::Overheard;
use crate::config::Config;
use crate::model::check::Check;
use crate::model::network::Mode;
use crate::sim::firmware::{Firmware, Keep, NetworkBoot, Outcome, Pace, Relayed, Transfer, Version, Wire};
use crate::store::Store;
use crate::{dhcp, tftp};
use std::io;
use std::net::SocketAddrV4;
use std::time::Duration;
use tokio::time::{Instant, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};

/// The board does not sit through its own start.
const SPEED: f64 = 20.0;
/// How long the boot may take; the rest of the check's time is for leaving.
const PATIENCE: Duration = Duration::from_secs(40);

/// Whose servers the board meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Servers {
    Running,
    Own,
}

/// How the board reaches them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Path {
    /// As its own relay on loopback.
    Loopback,
    /// As a relay at pimaster's address on the interface.
    Interface,
}

/// Everything that a boot needs, until it is dropped.
struct Stage {
    servers: Servers,
    store: Store,
    /// Stops servers of this process.
    _running: Option<DropGuard>,
    _folder: Option<tempfile::TempDir>,
}

/// The finding.
pub(super) async fn check(scene: &Scene) -> Finding {
    let verdict = match stage(scene).await {
        Ok(stage) => boot(&scene.config, &stage).await,
        Err(verdict) => verdict,
    };
    verdict.of(Check::Boot, "simulated Pi 4")
}

/// The running pimaster, or its servers in this process with a database that is thrown away.
async fn stage(scene: &Scene) -> Result<Stage, Verdict> {
    if matches!(scene.daemon, Daemon::Runs(_)) {
        let store = scene.store()?.clone();
        return Ok(Stage { servers: Servers::Running, store, _running: None, _folder: None });
    }
    own_servers(&scene.config).await.map_err(|error| {
        let why = format!("pimaster does not run, and its servers cannot start here: {error:#}");
        Verdict::not_checked(why, "Start pimaster, or see the findings `ports` and `rights`.")
    })
}

async fn own_servers(config: &Config) -> anyhow::Result<Stage> {
    let folder = tempfile::tempdir()?;
    let store = Store::open(&folder.path().join("doctor.db"))?;
    let dhcp = match config.dhcp.mode {
        Mode::Authoritative | Mode::Proxy => Some(dhcp::Server::bind(config.dhcp.clone(), store.clone())?),
        Mode::Off => None,
    };
    let tftp = tftp::Server::bind(config.tftp.clone(), store.clone()).await?;
    let stop = CancellationToken::new();
    if let Some(dhcp) = dhcp {
        tokio::spawn(dhcp.run(stop.clone()));
    }
    tokio::spawn(tftp.run(stop.clone()));
    Ok(Stage { servers: Servers::Own, store, _running: Some(stop.drop_guard()), _folder: Some(folder) })
}

async fn boot(config: &Config, stage: &Stage) -> Verdict {
    let guest = match Guest::enrol(&stage.store, config).await {
        Ok(guest) => guest,
        Err(error) => return no_guest(&error),
    };
    let started = Instant::now();
    let outcome = timeout(PATIENCE, run(config, guest)).await;
    let took = started.elapsed();
    let left = guest.leave(&stage.store).await;
    let path = path(config);
    let verdict = match outcome {
        Ok(Ok(outcome)) => judge(&outcome, config, path, stage.servers, took),
        Ok(Err(error)) => no_wire(&error, path),
        Err(_) => Verdict::failure(
            format!("did not get all its files within {} s", PATIENCE.as_secs()),
            "a boot of some seconds",
            "Look at the load of this machine (`top`) and at pimaster's log.",
        ),
    };
    match left {
        Ok(()) => verdict,
        Err(error) => Verdict::warning(
            format!("its node could not be removed: {error}"),
            "a database that can be written",
            "Restart pimaster, which removes it.",
        ),
    }
}

fn path(config: &Config) -> Path {
    if config.dhcp.interface.is_some() { Path::Interface } else { Path::Loopback }
}

async fn run(config: &Config, guest: Guest) -> io::Result<NetworkBoot> {
    let server = SocketAddrV4::new(config.dhcp.server_address, config.dhcp.port);
    let tftp_port = config.tftp.listen.port();
    let mut wire: Box<dyn Wire> = match path(config) {
        Path::Interface => Box::new(Overheard::open(server, tftp_port).await?),
        Path::Loopback => Box::new(Relayed::bind(guest.address, server, tftp_port)?),
    };
    let mode = config.dhcp.mode;
    if mode != Mode::Authoritative {
        wire = Box::new(WithOtherServer::new(wire, mode, guest.address, config.dhcp.server_address));
    }
    let (identity, version, pace) = (guest.identity, Version::Newest, Pace::new(SPEED));
    let firmware = Firmware { identity, version, pace, keep: Keep::Text };
    firmware.boot(wire.as_mut()).await.map_err(io::Error::other)
}

fn no_guest(error: &guest::Error) -> Verdict {
    Verdict::not_checked(
        format!("the simulated board cannot be enrolled: {error}"),
        "See the finding `database`; widen network.subnet if its addresses are used up.",
    )
}

fn no_wire(error: &io::Error, path: Path) -> Verdict {
    match (error.kind(), path) {
        (io::ErrorKind::PermissionDenied, Path::Interface) => Verdict::not_checked(
            "hearing the answers on this machine itself takes CAP_NET_RAW",
            "Run the doctor as root.",
        ),
        _ => Verdict::not_checked(
            format!("the simulated board has no network: {error}"),
            "See the finding `interface`.",
        ),
    }
}

fn judge(outcome: &NetworkBoot, config: &Config, path: Path, servers: Servers, took: Duration) -> Verdict {
    let way = way(path, servers, config.dhcp.mode);
    match outcome {
        NetworkBoot::NoAnswer => Verdict::failure(
            format!("got no address: nobody answered its requests ({way})"),
            "an offer from pimaster",
            "See `ports` and `interface`; look for `dhcp` in pimaster's log; see that no firewall drops UDP port 67.",
        ),
        NetworkBoot::NoFiles { lease, missing, transfers } => Verdict::failure(
            format!(
                "got {} and did not find {missing}, after {} requests ({way})",
                lease.address,
                transfers.len()
            ),
            "every file of the installer",
            "Run `pimaster nfs prepare` again; if the file is there, see that no firewall drops UDP port 69.",
        ),
        NetworkBoot::Hung { lease, file, transfers } => Verdict::failure(
            format!("got {} and hangs at {file}, after {} requests ({way})", lease.address, transfers.len()),
            "each block of a file once",
            "Look in the nodes' network for what doubles packets: a loop between switches, a second TFTP server.",
        ),
        NetworkBoot::Loaded(loaded) => {
            let root = format!("nfsroot={}:{}", config.tftp.nfs_server, config.nfs.root.display());
            if !loaded.cmdline.contains(&root) {
                let seen = format!("its kernel would be started with `{}` ({way})", loaded.cmdline);
                let advice =
                    "config.txt names a command line of its own, or another pimaster answers: see `ports`.";
                return Verdict::failure(seen, root, advice);
            }
            let (files, bytes) = loaded_files(&loaded.transfers);
            Verdict::Good(format!(
                "got {}, {files} files ({} KiB) and last {} in {:.1} s ({way})",
                loaded.lease.address,
                bytes >> 10,
                loaded.kernel,
                took.as_secs_f64()
            ))
        }
    }
}

/// What was exercised, and what was not.
fn way(path: Path, servers: Servers, mode: Mode) -> String {
    let given = match mode {
        Mode::Authoritative => "",
        Mode::Proxy => "; the address from a server played by the doctor, since another one gives them",
        Mode::Off => "; DHCP played by the doctor, since another server does it: see `foreign-dhcp`",
    };
    let servers = match servers {
        Servers::Running => "from the running pimaster",
        Servers::Own => "from the same servers, started here for the moment since pimaster does not run",
    };
    let path = match path {
        Path::Loopback => "over loopback, as these settings have no interface",
        Path::Interface => {
            "through its real sockets from this machine itself, as a relay: the cable and frames to boards were not tried"
        }
    };
    format!("{servers}, {path}{given}")
}

fn loaded_files(transfers: &[Transfer]) -> (usize, u64) {
    let bytes = |transfer: &Transfer| match transfer.outcome {
        Outcome::Loaded { bytes, .. } => Some(bytes),
        Outcome::Found { .. }
        | Outcome::Refused { .. }
        | Outcome::WrongOptions
        | Outcome::PassedOver
        | Outcome::TooLong
        | Outcome::Hung
        | Outcome::Stalled => None,
    };
    let loaded: Vec<u64> = transfers.iter().filter_map(bytes).collect();
    (loaded.len(), loaded.iter().sum())
}

#[cfg(test)]
mod tests {
    use super::super::finding::Outcome as Kind;
    use super::*;
    use crate::sim::firmware::{ConfigTxt, Lease, Loaded};

    fn config(mode: Mode) -> Config {
        let text = format!(
            "[network]\nsubnet='10.20.0.0/24'\naddress='10.20.0.1'\ninterface='eth0'\n[data]\nadmin_email='a@lab'\n[dhcp]\nmode='{}'",
            mode.as_str()
        );
        Config::judge(&text.parse().unwrap()).unwrap()
    }

    fn lease() -> Lease {
        Lease {
            address: [10, 20, 0, 99].into(),
            mask: None,
            router: None,
            server_id: None,
            boot_server: [10, 20, 0, 1].into(),
        }
    }

    fn loaded(cmdline: &str) -> NetworkBoot {
        let transfer = |path: &str, outcome| Transfer { path: path.to_owned(), outcome };
        NetworkBoot::Loaded(Box::new(Loaded {
            lease: lease(),
            config: ConfigTxt::default(),
            kernel: "kernel8.img".to_owned(),
            initramfs: None,
            device_tree: "bcm2711-rpi-4-b.dtb".to_owned(),
            cmdline: cmdline.to_owned(),
            transfers: vec![
                transfer("a/start4.elf", Outcome::Found { announced: Some(9) }),
                transfer("a/start4.elf", Outcome::Loaded { bytes: 2_048, announced: Some(2_048) }),
                transfer("a/recovery.elf", Outcome::Refused { code: 1 }),
                transfer("a/kernel8.img", Outcome::Loaded { bytes: 1_024, announced: None }),
            ],
        }))
    }

    #[test]
    fn a_boot_is_judged_by_its_last_file_and_its_command_line() {
        let check = |outcome: &NetworkBoot, path, servers, kind, part: &str| {
            let verdict =
                judge(outcome, &config(Mode::Authoritative), path, servers, Duration::from_millis(1_500));
            assert_eq!(verdict.outcome(), kind, "{verdict:?}");
            assert!(format!("{verdict:?}").contains(part), "{verdict:?} lacks {part}");
        };
        let good = loaded("root=/dev/nfs nfsroot=10.20.0.1:/srv/pimaster/root,vers=3 ro");
        let whole = "got 10.20.0.99, 2 files (3 KiB) and last kernel8.img in 1.5 s";
        check(&good, Path::Interface, Servers::Running, Kind::Ok, whole);
        check(&good, Path::Interface, Servers::Running, Kind::Ok, "the cable");
        check(&good, Path::Loopback, Servers::Own, Kind::Ok, "started here for the moment");
        let local = loaded("root=/dev/mmcblk0p2");
        check(&local, Path::Interface, Servers::Running, Kind::Failure, "another pimaster answers");
        let missing = "1234/fixup4.dat".to_owned();
        let lacking = NetworkBoot::NoFiles { lease: lease(), missing, transfers: Vec::new() };
        check(&lacking, Path::Interface, Servers::Running, Kind::Failure, "did not find 1234/fixup4.dat");
        check(&NetworkBoot::NoAnswer, Path::Loopback, Servers::Running, Kind::Failure, "no address");
    }

    #[test]
    fn whose_addresses_they_were_is_said() {
        let good = loaded("root=/dev/nfs nfsroot=10.20.0.1:/srv/pimaster/root,vers=3 ro");
        for (mode, part) in [(Mode::Proxy, "played by the doctor"), (Mode::Off, "see `foreign-dhcp`")] {
            let verdict = judge(&good, &config(mode), Path::Interface, Servers::Running, Duration::ZERO);
            assert!(format!("{verdict:?}").contains(part), "{verdict:?}");
        }
    }

    #[test]
    fn a_missing_right_is_told_from_a_missing_network() {
        let check = |kind: io::ErrorKind, part: &str| {
            let verdict = no_wire(&kind.into(), Path::Interface);
            assert!(format!("{verdict:?}").contains(part), "{verdict:?} lacks {part}");
        };
        check(io::ErrorKind::PermissionDenied, "CAP_NET_RAW");
        check(io::ErrorKind::AddrNotAvailable, "`interface`");
    }
}
