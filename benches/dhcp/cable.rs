//! Two network namespaces and a cable: the servers at one end, the boards at the other.

use super::measured::run;
use nix::sched::{CloneFlags, setns};
use std::fs::{self, File};
use std::net::Ipv4Addr;
use std::process::{Child, Command, Stdio};
use std::thread::{scope, sleep};
use std::time::Duration;

/// The interface at the servers' end.
pub(crate) const SERVER_INTERFACE: &str = "pm-server";
/// The servers' address.
pub(crate) const SERVER: Ipv4Addr = Ipv4Addr::new(10, 20, 0, 1);
/// The boards' end: a relay, so that one socket can play them all.
pub(crate) const RELAY: Ipv4Addr = Ipv4Addr::new(10, 20, 255, 254);

/// The boards' end. The servers' end is where this process is.
pub(crate) struct Cable {
    holder: Child,
}

impl Cable {
    /// Makes both ends.
    pub(crate) fn lay() -> Self {
        let mut unshare = Command::new("unshare");
        let holder = unshare.args(["--net", "sleep", "infinity"]).stdin(Stdio::null()).spawn().unwrap();
        let cable = Self { holder };
        let namespace = |path: &str| fs::read_link(path).ok();
        while namespace(&cable.path()) == namespace("/proc/self/ns/net") {
            sleep(Duration::from_millis(10));
        }
        let pid = cable.holder.id().to_string();
        run(&[
            "ip",
            "link",
            "add",
            SERVER_INTERFACE,
            "type",
            "veth",
            "peer",
            "name",
            "pm-board",
            "netns",
            &pid,
        ]);
        run(&["ip", "address", "add", &format!("{SERVER}/16"), "dev", SERVER_INTERFACE]);
        run(&["ip", "link", "set", SERVER_INTERFACE, "up"]);
        cable.inside(|| {
            run(&["ip", "address", "add", &format!("{RELAY}/16"), "dev", "pm-board"]);
            run(&["ip", "link", "set", "pm-board", "up"]);
        });
        cable
    }

    /// Does something at the boards' end.
    pub(crate) fn inside<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let namespace = File::open(self.path()).unwrap();
        let enter = move || {
            setns(namespace, CloneFlags::CLONE_NEWNET).unwrap();
            work()
        };
        scope(|scope| scope.spawn(enter).join().unwrap())
    }

    fn path(&self) -> String {
        format!("/proc/{}/ns/net", self.holder.id())
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        drop(self.holder.kill());
        drop(self.holder.wait());
    }
}
