//! Two boards, one reservation: deployed, killed in the middle, logged in to, restarted, destroyed. *IO:
//! everything.*

use crate::api::{Api, text};
use crate::card;
use crate::pimaster_program::{Pimaster, URL};
use crate::rack::{Rack, Source};
use crate::ssh::User;
use anyhow::{Context, Result, bail, ensure};
use pimaster::model::power::PowerState;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::Command;
use std::time::{Duration, Instant};
use ureq::http::Method;

/// Each phase on two busy cores; alone it takes a third of this.
const PHASE: Duration = Duration::from_secs(180);
/// The whole card of 512 MiB without boot partition and what ext4 takes for itself.
const GROWN_KIB: u64 = 400 * 1024;

/// Host name, root device and type, its size, what the user script left, boot id: one line each.
const LOOK: &str =
    "hostname; findmnt -n -o SOURCE,FSTYPE /; findmnt -n -b -o SIZE / | awk '{print int($1 / 1024)}';
    cat /var/tmp/user-script-ran /proc/sys/kernel/random/boot_id";

/// The whole way of a reservation.
pub(crate) fn run(rack: &Rack) -> Result<()> {
    let mut pimaster = Pimaster::set_up(rack)?;
    pimaster.start()?;
    let visit =
        Visit { rack, api: Api::new(URL, &pimaster.token()?), user: User::with_new_key(rack, "user")? };
    let path = visit.reserve()?;

    visit.until(&path, "the image is being written", |nodes| {
        nodes.iter().any(|node| node.state == "env_copy")
    })?;
    visit.exports_are(&rack.boards.iter().map(|board| board.plan.address.to_string()).collect::<Vec<_>>())?;
    rack.say("kill -9 of the daemon, and a new one");
    pimaster.kill()?;
    pimaster.start()?;
    visit.until(&path, "both are deployed", all_deployed)?;
    visit.exports_are(&[])?;
    let first_boots = visit.look_around(&path)?;
    for board in &rack.boards {
        let (name, boots) = (&board.plan.name, board.boots());
        ensure!(boots == [Source::Network, Source::Card], "{name} booted from {boots:?}");
        let feed = rack.switch.feed(board.plan.port).context("the switch lost a port")?;
        let switchings = feed.borrow().switchings;
        ensure!(switchings == 1, "the power of {name} was switched {switchings} times, expected once: on");
    }

    visit.hard_reboot(&path)?;
    let second_boots = visit.look_around(&path)?;
    for (before, after) in first_boots.iter().zip(&second_boots) {
        ensure!(before != after, "the boot id is still {before}: nothing was restarted");
    }

    visit.destroy(&path)?;
    pimaster.stop()?;
    rack.say("done");
    Ok(())
}

/// One node of the reservation as the API shows it.
struct Node {
    name: String,
    state: String,
}

fn all_deployed(nodes: &[Node]) -> bool {
    nodes.iter().all(|node| node.state == "deployed")
}

/// A person with a reservation.
struct Visit<'a> {
    rack: &'a Rack,
    api: Api,
    user: User,
}

impl Visit<'_> {
    /// Reserves every board and configures the reservation, which starts it; its path.
    fn reserve(&self) -> Result<String> {
        let names: Vec<&str> = self.rack.boards.iter().map(|board| board.plan.name.as_str()).collect();
        let wish = json!({"nodes": names, "hours": 1, "name": "virtual boards"});
        let reservation = self.api.call(Method::POST, "/reservations", &wish)?;
        let path = format!("/reservations/{}", reservation.get("id").context("the reservation has no id")?);
        let configuration = json!({
            "environment": "debian",
            "partition_size": "whole",
            "ssh_keys": [self.user.public_key()?],
            "user_script": "#!/bin/sh\nhostname > /var/tmp/user-script-ran\n",
        });
        self.api.call(Method::PUT, &format!("{path}/configuration"), &configuration)?;
        self.rack.say("reserved and configured");
        Ok(path)
    }

    /// Follows the reservation until the nodes are as wanted, and says each change.
    fn until(&self, path: &str, what: &str, wanted: impl Fn(&[Node]) -> bool) -> Result<()> {
        let start = Instant::now();
        let mut seen: BTreeMap<String, String> = BTreeMap::new();
        loop {
            let reservation = self.api.get(path)?;
            let nodes = nodes(&reservation)?;
            for node in &nodes {
                if seen.insert(node.name.clone(), node.state.clone()).as_deref() != Some(node.state.as_str())
                {
                    self.rack.say(&format!("{}: {}", node.name, node.state));
                }
                ensure!(
                    !["failed", "lost"].contains(&node.state.as_str()),
                    "{} failed: {reservation:#}",
                    node.name
                );
            }
            if wanted(&nodes) {
                self.rack.say(&format!("{what} ({:.1} s)", start.elapsed().as_secs_f32()));
                return Ok(());
            }
            ensure!(start.elapsed() < PHASE, "not after {} s: {what}: {reservation:#}", PHASE.as_secs());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Logs in to each node with the user's key and looks; the boot ids.
    fn look_around(&self, path: &str) -> Result<Vec<String>> {
        let reservation = self.api.get(path)?;
        let mut boot_ids = Vec::new();
        for node in list(&reservation)? {
            let (name, address) = (text(node, "name")?, text(node, "address")?);
            let account = text(node, "ssh_user")?;
            ensure!(account == "pi", "the account of {name} is {account}, expected pi");
            self.user.know(address, text(node, "host_key")?)?;
            let said = self.user.run(&format!("{account}@{address}"), LOOK)?;
            let [host_name, root, blocks, script, boot_id] = said.lines().collect::<Vec<_>>()[..] else {
                bail!("{name} said {said:?}, expected five lines");
            };
            ensure!(host_name == name, "{name} calls itself {host_name}");
            ensure!(root.contains("nvme0n1p2") && root.contains("ext4"), "{name} runs from {root}");
            let kib: u64 = blocks.trim().parse().with_context(|| format!("{blocks:?} is no size"))?;
            ensure!(kib > GROWN_KIB, "the root of {name} has {kib} KiB, expected more than {GROWN_KIB}");
            ensure!(script == name, "the user script on {name} left {script:?}");
            boot_ids.push(boot_id.to_owned());
            self.rack.say(&format!("{name}: the user is in, {root}, {} MiB", kib / 1024));
            self.strangers_stay_out(name, address)?;
        }
        Ok(boot_ids)
    }

    /// Another key opens neither account.
    fn strangers_stay_out(&self, name: &str, address: &str) -> Result<()> {
        let stranger = User::with_new_key(
            self.rack,
            &format!("stranger-{name}-{}", self.rack.start.elapsed().as_millis()),
        )?;
        let host_keys = self.api.get("/deployments")?;
        let host_key =
            list_of(&host_keys)?.iter().find(|node| text(node, "name").is_ok_and(|seen| seen == name));
        stranger.know(address, text(host_key.context("the node has no deployment")?, "host_key")?)?;
        for account in ["pi", "root"] {
            match stranger.run(&format!("{account}@{address}"), "id") {
                Ok(said) => bail!("a stranger is {said} on {name}"),
                Err(error) => ensure!(format!("{error:#}").contains("Permission denied"), "{error:#}"),
            }
        }
        Ok(())
    }

    /// Asks for a hard reboot of each node and waits until each went away and came back.
    fn hard_reboot(&self, path: &str) -> Result<()> {
        let boots: Vec<usize> = self.rack.boards.iter().map(|board| board.boots().len()).collect();
        for board in &self.rack.boards {
            self.api.call(Method::POST, &format!("/nodes/{}/hard-reboot", board.plan.name), &Value::Null)?;
        }
        let rebooted = |nodes: &[Node]| {
            let more =
                self.rack.boards.iter().zip(&boots).all(|(board, before)| board.boots().len() > *before);
            more && all_deployed(nodes)
        };
        self.until(path, "both are back from the hard reboot", rebooted)?;
        for board in &self.rack.boards {
            ensure!(
                board.boots().last() == Some(&Source::Card),
                "{} booted from {:?}",
                board.plan.name,
                board.boots()
            );
        }
        Ok(())
    }

    /// Ends the reservation: cards are discarded, ports are off.
    fn destroy(&self, path: &str) -> Result<()> {
        self.api.call(Method::DELETE, path, &Value::Null)?;
        self.until(path, "both are destroyed", |nodes| nodes.iter().all(|node| node.state == "destroyed"))?;
        for board in &self.rack.boards {
            let plan = &board.plan;
            ensure!(self.rack.switch.power(plan.port) == PowerState::Off, "the port of {} is on", plan.name);
            ensure!(card::is_blank(&plan.card)?, "the card of {} still has content", plan.name);
        }
        self.exports_are(&[])
    }

    /// The NFS root is exported to exactly these clients, by the server's own word.
    fn exports_are(&self, clients: &[String]) -> Result<()> {
        let output = Command::new(self.rack.project.join("tests/vm/exportfs")).arg("-v").output()?;
        ensure!(output.status.success(), "exportfs -v: {}", String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8(output.stdout)?;
        let mut seen: Vec<&str> =
            said.lines().filter_map(|line| line.trim().split_once('(')).map(|(client, _)| client).collect();
        seen.sort_unstable();
        ensure!(seen == clients, "the NFS root is exported to {seen:?}, expected {clients:?}");
        ensure!(!said.contains("rw"), "it is exported for writing: {said}");
        Ok(())
    }
}

fn list(reservation: &Value) -> Result<&Vec<Value>> {
    list_of(reservation.get("nodes").context("no nodes")?)
}

fn list_of(value: &Value) -> Result<&Vec<Value>> {
    value.as_array().with_context(|| format!("expected a list, seen {value}"))
}

fn nodes(reservation: &Value) -> Result<Vec<Node>> {
    let node = |node: &Value| {
        Ok(Node { name: text(node, "name")?.to_owned(), state: text(node, "state")?.to_owned() })
    };
    list(reservation)?.iter().map(node).collect()
}
