//! A virtual board: as long as its port has power, its firmware boots it and QEMU runs what the firmware
//! loaded. *IO: a thread in the board's network namespace, QEMU.*

use crate::enter::say;
use crate::firmware::{self, Boot};
use crate::rack::{Plan, Source};
use anyhow::{Context, Result, bail};
use nix::sched::{CloneFlags, setns};
use pimaster::model::power::PowerState;
use pimaster::sim::switch::Feed;
use std::fs::File;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::process::{Child, Command};
use tokio::sync::watch;

/// QEMU's trace of a system that powers down; a restart does not come there.
const SHUT_DOWN: &str = "qemu_system_shutdown_request";

type Boots = Arc<Mutex<Vec<Source>>>;

/// Starts the board's thread, which lives as long as the test.
pub(crate) fn plug_in(plan: Plan, feed: watch::Receiver<Feed>, boots: Boots) -> Result<()> {
    let name = plan.name.clone();
    let live = move || -> Result<()> {
        let namespace = File::open(format!("/run/netns/board{}", plan.port))?;
        setns(namespace, CloneFlags::CLONE_NEWNET).context("cannot enter the board's namespace")?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(live(&plan, feed, &boots))
    };
    let report = move || {
        if let Err(error) = live() {
            say(std::time::Instant::now(), &format!("a board broke: {error:#}"));
        }
    };
    std::thread::Builder::new().name(name).spawn(report)?;
    Ok(())
}

async fn live(plan: &Plan, mut feed: watch::Receiver<Feed>, boots: &Boots) -> Result<()> {
    loop {
        let on = feed.wait_for(|feed| feed.power == PowerState::On).await?.switchings;
        say(plan.start, &format!("{}: power on", plan.name));
        let mut machine = None;
        let ended = tokio::select! {
            switched = feed.wait_for(|feed| feed.switchings != on) => switched.map(drop).map_err(Into::into),
            broken = powered(plan, boots, &mut machine) => broken,
        };
        if let Some(mut child) = machine.take() {
            child.kill().await.context("cannot end QEMU")?;
        }
        ended.with_context(|| format!("{} while it had power", plan.name))?;
        say(plan.start, &format!("{}: power off", plan.name));
    }
}

/// Firmware, system, and again when the system restarts. Ends only with an error; the caller drops it when
/// the power goes.
async fn powered(plan: &Plan, boots: &Boots, machine: &mut Option<Child>) -> Result<()> {
    loop {
        let boot = firmware::boot(plan).await?;
        say(plan.start, &format!("{}: starts a kernel from the {:?}", plan.name, boot.source));
        boots.lock().unwrap_or_else(PoisonError::into_inner).push(boot.source);
        let log = plan.folder.join("qemu.log");
        let status = machine.insert(start(plan, &boot, &log)?).wait().await?;
        *machine = None;
        if !status.success() {
            bail!("QEMU ended with {status}; see {}", log.display());
        }
        if std::fs::read_to_string(&log)?.contains(SHUT_DOWN) {
            say(plan.start, &format!("{}: shut down; dark until its power is switched", plan.name));
            return std::future::pending().await;
        }
        say(plan.start, &format!("{}: restarts", plan.name));
    }
}

/// QEMU in the rack's own network namespace, where the board's tap is; killed if this thread ends.
fn start(plan: &Plan, boot: &Boot, log: &Path) -> Result<Child> {
    let log = File::create(log)?;
    let console = plan.folder.join("console.log");
    let mut qemu = Command::new("nsenter");
    qemu.args(["--net=/proc/1/ns/net", "setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64"]);
    qemu.args([
        "-M",
        "q35",
        "-accel",
        "tcg,thread=multi",
        "-cpu",
        "max",
        "-smp",
        "1",
        "-m",
        "384",
        "-nodefaults",
        "-nographic",
    ]);
    // A restart of the system ends QEMU, for the firmware to start over; so does a shutdown, which is traced.
    qemu.args(["-action", "reboot=shutdown", "-trace", SHUT_DOWN]);
    qemu.arg("-chardev").arg(format!("file,id=console,append=on,path={}", console.display()));
    qemu.args(["-serial", "chardev:console"]);
    qemu.arg("-kernel").arg(&boot.kernel).arg("-initrd").arg(&boot.initramfs);
    qemu.arg("-append").arg(&boot.cmdline);
    let card = plan.card.display();
    qemu.arg("-drive").arg(format!("if=none,id=card,file={card},format=raw,discard=unmap,cache=writeback"));
    qemu.args(["-device", "nvme,drive=card,serial=CARD"]);
    qemu.arg("-netdev").arg(format!("tap,id=net,ifname=tap{},script=no,downscript=no", plan.port));
    qemu.arg("-device").arg(format!("virtio-net-pci,netdev=net,romfile=,mac={}", plan.identity.mac));
    qemu.args(["-device", "virtio-rng-pci"]);
    qemu.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).kill_on_drop(true);
    qemu.spawn().context("cannot start QEMU")
}
