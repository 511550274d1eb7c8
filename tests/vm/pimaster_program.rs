//! pimaster as an administrator runs it: settings file, command line, daemon. *IO: processes.*

use crate::api::Api;
use crate::enter::say;
use crate::rack::{COMMUNITY, Rack, SERVER, SNMP_PORT};
use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where the daemon's pages and API are.
pub(crate) const URL: &str = "http://10.77.0.1:9000";
const ADMIN: &str = "admin@rack.test";
const READY: Duration = Duration::from_secs(30);

/// An installed pimaster.
pub(crate) struct Pimaster {
    binary: PathBuf,
    /// Its settings, data and log.
    folder: PathBuf,
    start: Instant,
    daemon: Option<Child>,
}

impl Pimaster {
    /// Writes the settings into the folder and has them checked.
    pub(crate) fn installed(binary: &Path, folder: &Path, settings: &str) -> Result<Self> {
        let (binary, folder) = (binary.to_owned(), folder.to_owned());
        let pimaster = Self { binary, folder, start: Instant::now(), daemon: None };
        std::fs::write(pimaster.config(), settings)?;
        pimaster.run(&["check-config"], &[])?;
        Ok(pimaster)
    }

    /// Writes the settings, builds the installer root, enrols the rack and imports the image: the first set-
    /// up of the README.
    pub(crate) fn set_up(rack: &Rack) -> Result<Self> {
        let pimaster = Self::installed(&rack.binary, &rack.run, &settings(rack))?;
        let vm = rack.project.join("target/vm");
        let (tree, image) = (vm.join("installer"), vm.join("disk.img"));
        let (tree, image) = (tree.to_string_lossy(), image.to_string_lossy());
        pimaster.run(&["nfs", "prepare"], &["--from", &tree])?;
        pimaster.run(&["image", "import", &image], &["--name", "debian", "--ssh-user", "pi"])?;
        let agent = format!("{SERVER}:{SNMP_PORT}");
        let ports = rack.boards.len().to_string();
        pimaster.run(
            &["switch", "add"],
            &["--name", "poe", "--address", &agent, "--community", COMMUNITY, "--ports", &ports],
        )?;
        for board in &rack.boards {
            let plan = &board.plan;
            let (mac, address, port) =
                (plan.identity.mac.to_string(), plan.address.to_string(), plan.port.to_string());
            let model = plan.identity.model.as_str();
            let place = ["--name", &plan.name, "--mac", &mac, "--model", model, "--address", &address];
            pimaster
                .run(&["node", "add"], &[place.as_slice(), &["--switch", "poe", "--port", &port]].concat())?;
        }
        Ok(pimaster)
    }

    fn config(&self) -> PathBuf {
        self.folder.join("pimaster.toml")
    }

    /// A command of the program with this installation's settings; its output.
    pub(crate) fn run(&self, command: &[&str], options: &[&str]) -> Result<String> {
        let start = Instant::now();
        let output = Command::new(&self.binary)
            .args(command)
            .arg("--config")
            .arg(self.config())
            .args(options)
            .stdin(Stdio::null())
            .output()
            .context("cannot start pimaster")?;
        let shown = command.join(" ");
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            bail!("pimaster {shown} ended with {}: {said}", output.status);
        }
        say(self.start, &format!("pimaster {shown}: {} ms", start.elapsed().as_millis()));
        Ok(String::from_utf8(output.stdout)?)
    }

    /// A token for the API.
    pub(crate) fn token(&self) -> Result<String> {
        let said = self.run(&["token", "create"], &["--user", ADMIN])?;
        let token = said.split_whitespace().last().context("no token was printed")?;
        Ok(token.to_owned())
    }

    /// Starts the daemon and waits until it answers.
    pub(crate) fn start(&mut self) -> Result<()> {
        let log = File::options().create(true).append(true).open(self.folder.join("daemon.log"))?;
        let mut command = Command::new(&self.binary);
        command.arg("serve").arg("--config").arg(self.config());
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let mut child = command.spawn().context("cannot start the daemon")?;
        let (start, api) = (Instant::now(), Api::new(URL, ""));
        while let Err(error) = api.get("/openapi.json") {
            if let Some(status) = child.try_wait()? {
                bail!("the daemon ended with {status} instead of answering");
            }
            if start.elapsed() > READY {
                return Err(error.context(format!("the daemon does not answer after {} s", READY.as_secs())));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        say(self.start, &format!("the daemon answers after {} ms", start.elapsed().as_millis()));
        self.daemon = Some(child);
        Ok(())
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) -> Result<()> {
        let mut child = self.daemon.take().context("the daemon does not run")?;
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    /// SIGTERM; the daemon must drain and end well.
    pub(crate) fn stop(&mut self) -> Result<()> {
        let mut child = self.daemon.take().context("the daemon does not run")?;
        kill(Pid::from_raw(i32::try_from(child.id())?), Signal::SIGTERM)?;
        let start = Instant::now();
        while start.elapsed() < READY {
            match child.try_wait()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => bail!("the daemon ended with {status} after SIGTERM"),
                None => std::thread::sleep(Duration::from_millis(50)),
            }
        }
        child.kill()?;
        bail!("the daemon did not end in {} s after SIGTERM", READY.as_secs())
    }
}

fn settings(rack: &Rack) -> String {
    let (run, exportfs) = (rack.run.display(), rack.project.join("tests/vm/exportfs"));
    format!(
        "[network]
interface = \"br0\"
subnet = \"10.77.0.0/24\"
address = \"{SERVER}\"
node_ranges = [\"10.77.0.100-10.77.0.120\"]
[data]
admin_email = \"{ADMIN}\"
folder = \"{run}/data\"
[tftp]
extra_cmdline = \"console=ttyS0\"
[nfs]
root = \"{run}/nfsroot\"
exports = \"{}\"
[power]
min_off_millis = 500
[deploy]
patience_seconds = 90
probe_interval_millis = 200
[web]
listen = \"{SERVER}:9000\"
[log]
filter = \"info,pimaster=debug\"
",
        exportfs.display()
    )
}
