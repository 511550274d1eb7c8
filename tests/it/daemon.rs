//! `pimaster serve` and `pimaster check-config` as an administrator runs them.

use assert_cmd::Command;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

const PIMASTER: &str = env!("CARGO_BIN_EXE_pimaster");

/// Settings on loopback addresses of their own, so that tests run side by side.
fn settings(folder: &Path, host: u8) -> String {
    let folder = folder.display();
    format!(
        "[network]\nsubnet = '127.77.{host}.0/24'\naddress = '127.77.{host}.1'\n\
         node_ranges = ['127.77.{host}.10-127.77.{host}.11']\n\
         [dhcp]\nport = 6767\nclient_port = 6768\n[dns]\nport = 5353\n[tftp]\nport = 6969\n\
         [data]\nadmin_email = 'Admin@Lab.example'\nfolder = '{folder}/data'\n\
         [nfs]\nroot = '{folder}/root'\nexports = 'off'\n[web]\nlisten = '127.77.{host}.1:9000'\n"
    )
}

pub(crate) struct Daemon {
    child: Child,
    notified: UnixDatagram,
}

impl Daemon {
    fn start(folder: &Path, host: u8) -> Self {
        Self::serve(folder, &settings(folder, host))
    }

    /// `pimaster serve` with these settings, written to `pimaster.toml` in the folder.
    pub(crate) fn serve(folder: &Path, settings: &str) -> Self {
        let file = folder.join("pimaster.toml");
        std::fs::write(&file, settings).unwrap();
        let socket = folder.join("notify");
        drop(std::fs::remove_file(&socket));
        let notified = UnixDatagram::bind(&socket).unwrap();
        notified.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let child = std::process::Command::new(PIMASTER)
            .args(["serve", "--config"])
            .arg(&file)
            .env("NOTIFY_SOCKET", &socket)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self { child, notified }
    }

    pub(crate) fn next_state(&self) -> String {
        let mut buffer = [0u8; 200];
        let length = self.notified.recv(&mut buffer).unwrap();
        String::from_utf8(buffer.get(..length).unwrap().to_vec()).unwrap()
    }

    /// SIGTERM, and what was logged until the end.
    pub(crate) fn stop(self) -> (Option<i32>, String) {
        let pid = nix::unistd::Pid::from_raw(self.child.id().try_into().unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
        self.ended()
    }

    /// SIGKILL.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until it ends by itself: its status, and what was logged.
    pub(crate) fn ended(mut self) -> (Option<i32>, String) {
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (self.child.wait().unwrap().code(), log)
    }
}

#[test]
fn the_daemon_says_when_it_is_ready_and_drains_on_sigterm() {
    let folder = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(folder.path(), 1);
    assert!(daemon.next_state().contains("READY=1"));
    let (code, log) = daemon.stop();
    assert_eq!(code, Some(0), "{log}");
    let link = log.lines().find(|line| line.contains("set-password")).unwrap();
    assert!(link.contains("http://127.77.1.1:9000/") && link.contains("admin@lab.example"), "{link}");
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    for entry in std::fs::read_dir(folder.path().join("data/keys")).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
    assert_eq!(mode(&folder.path().join("data")), 0o700);
    assert_eq!(mode(&folder.path().join("data/pimaster.db")), 0o600);
}

#[test]
fn a_taken_port_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let _taken = std::net::TcpListener::bind("127.77.2.1:9000").unwrap();
    let mut daemon = Daemon::start(folder.path(), 2);
    let lines = BufReader::new(daemon.child.stderr.take().unwrap()).lines();
    let text: Vec<String> = lines.map(|line| line.unwrap()).collect();
    assert_eq!(daemon.child.wait().unwrap().code(), Some(1));
    assert!(text.last().unwrap().contains("127.77.2.1:9000"), "{text:?}");
}

#[test]
fn check_config_lists_every_problem_and_exits_64() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pimaster.toml");
    let check = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let output = Command::new(PIMASTER).args(["check-config", "--config"]).arg(&file).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(check(&settings(folder.path(), 3)).0, Some(0));
    let (code, text) = check("[network]\nsubnet = 'nonsense'\n[web]\nlisten = 9000\n");
    assert_eq!(code, Some(64));
    for key in ["network.subnet", "network.address", "data.admin_email", "web.listen"] {
        assert!(text.contains(key), "{key} is missing in {text}");
    }
    assert_eq!(check("= nothing").0, Some(64));
}

#[test]
fn nodes_and_switches_are_enrolled_with_clear_refusals() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pimaster.toml");
    std::fs::write(&file, settings(folder.path(), 4)).unwrap();
    let run = |arguments: &[&str]| {
        let output = Command::new(PIMASTER).args(arguments).arg("--config").arg(&file).output().unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.success(), text)
    };
    let add = |name: &str, mac: &str, more: &[&str]| {
        run(&[&["node", "add", "--name", name, "--mac", mac, "--model", "pi4b"], more].concat())
    };
    let switch = ["switch", "add", "--name", "sw1", "--address", "127.77.4.2:161", "--ports", "8"];
    assert!(run(&switch).1.contains("the community is missing"));
    let switch = [&switch[..], &["--community", "c", "--protected-port", "8"]].concat();
    assert!(run(&switch).0);
    assert_eq!(
        add("pi-01", "dc:a6:32:00:00:01", &["--switch", "sw1", "--port", "1"]),
        (true, "pi-01 enrolled with address 127.77.4.10\n".to_owned())
    );
    let check = |name: &str, mac: &str, more: &[&str], part: &str| {
        let (done, text) = add(name, mac, more);
        assert!(!done && text.contains(part), "{text}");
    };
    check("pi-02", "dc:a6:32:00:00:01", &[], "pi-01 has the hardware address");
    check("pi-02", "dc:a6:32:00:00:02", &["--switch", "sw1", "--port", "8"], "feeds pimaster itself");
    check("pi-02", "dc:a6:32:00:00:02", &["--switch", "sw1", "--port", "1"], "that switch port");
    check("Pi_2", "dc:a6:32:00:00:02", &[], "is no node name");
    check("pi-02", "dc:a6:32", &[], "is no MAC address");
    check("pi-02", "dc:a6:32:00:00:02", &["--address", "10.0.0.1"], "expected a host address");
    assert!(add("pi-02", "dc:a6:32:00:00:02", &[]).0);
    check("pi-03", "dc:a6:32:00:00:03", &[], "every address of network.node_ranges is taken");
    assert!(run(&["node", "list"]).1.contains("pi-02\t127.77.4.11"));
    // A switch with addresses of its own gives its ports names and addresses too.
    let ranged = |first: &str| run(&[&switch[..], &["--first-address", first]].concat());
    assert!(ranged("127.77.4.250").1.contains("expected host addresses in 127.77.4.0/24"));
    assert!(ranged("127.77.4.21").0);
    let plain = ["node", "add", "--mac", "dc:a6:32:00:00:03", "--switch", "sw1", "--port", "3"];
    assert_eq!(run(&plain).1, "pi-23 enrolled with address 127.77.4.23\n");
    assert!(
        run(&["node", "add", "--from-discovered", "12345678"]).1.contains("no unknown machine is `12345678`")
    );
    assert_eq!(run(&["node", "rename", "pi-23", "lab-3"]).1, "pi-23 is now lab-3\n");
    let renamed = run(&["node", "rename", "--all", "--prefix", "r"]).1;
    assert_eq!(renamed, "lab-3 is now r-23\npi-01 is now r-10\npi-02 is now r-11\n");
}
