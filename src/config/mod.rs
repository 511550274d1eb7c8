//! `pimaster.toml` to a validated [`Config`]; every problem is collected with its key path.
//!
//! *Pure,* but for [`Config::load`], which reads the file. Called by the command line. The commented sample in
//! the project's root is read by a test, so it names every key that stands here.

mod dhcp_server;
mod ports;
mod reader;
mod routing_section;
mod sections;
mod web_section;

pub use reader::Finding;

use crate::model::folder::DataFolder;
use crate::model::network::{Mode, Networks};
use crate::{deploy, detect, dhcp, dns, netconsole, nfs_prep, power, routing, tftp, web};
use dhcp_server::dhcp_server;
use routing_section::routing;
use sections::{console, data, deployments, detection, log, names, network, nfs, power, tftp_server};
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Everything an administrator sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where everything is kept.
    pub data: DataFolder,
    /// The administrator's e-mail address, for the first start.
    pub admin_email: String,
    /// What is logged, in tracing's filter syntax.
    pub log_filter: String,
    /// What nodes get that are added without a name or an address.
    pub detect: detect::Config,
    /// The DHCP server.
    pub dhcp: dhcp::Config,
    /// The DNS server, unless it is switched off.
    pub dns: Option<dns::Config>,
    /// Routing for the nodes, if it is wanted.
    pub routing: Option<routing::Config>,
    /// The TFTP server.
    pub tftp: tftp::Config,
    /// The installer root.
    pub nfs: nfs_prep::Config,
    /// Power switching.
    pub power: power::Config,
    /// Deployments.
    pub deploy: deploy::Config,
    /// The receiver of what kernels say.
    pub netconsole: netconsole::Config,
    /// Pages and API.
    pub web: web::Config,
}

/// Why a settings file cannot be used.
#[derive(Debug)]
pub enum Error {
    /// It cannot be read.
    Read(PathBuf, std::io::Error),
    /// It is no TOML.
    Syntax(PathBuf, toml::de::Error),
    /// It is TOML, and these keys are wrong.
    Findings(PathBuf, Vec<Finding>),
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(path, cause) => {
                write!(f, "cannot read {}: {cause}; copy the sample pimaster.toml there", path.display())
            }
            Self::Syntax(path, cause) => write!(f, "{} is no TOML: {cause}", path.display()),
            Self::Findings(path, findings) => {
                write!(f, "{}: {} to mend", path.display(), findings.len())?;
                findings.iter().try_for_each(|finding| write!(f, "\n  {finding}"))
            }
        }
    }
}

const SECTIONS: [&str; 13] = [
    "network",
    "dhcp",
    "dns",
    "routing",
    "tftp",
    "nfs",
    "power",
    "detect",
    "deploy",
    "web",
    "netconsole",
    "data",
    "log",
];

impl Config {
    /// Reads and judges a file.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|cause| Error::Read(path.to_owned(), cause))?;
        let table = text.parse().map_err(|cause| Error::Syntax(path.to_owned(), cause))?;
        Self::judge(&table).map_err(|findings| Error::Findings(path.to_owned(), findings))
    }

    /// The networks that are served.
    pub fn networks(&self) -> Networks {
        Networks {
            mode: self.dhcp.mode,
            interface: self.dhcp.interface.clone(),
            own: self.dhcp.server_address,
            home: self.dhcp.home(),
            relayed: self.dhcp.relayed.clone(),
            routing: self.routing.as_ref().map(|config| config.routing.clone()),
        }
    }

    /// Judges a parsed file: the settings, or everything that is wrong with them.
    pub fn judge(root: &toml::Table) -> Result<Self, Vec<Finding>> {
        let mut findings = Vec::new();
        for (key, _) in root.iter().filter(|(key, _)| !SECTIONS.contains(&key.as_str())) {
            let seen = "unknown table".to_owned();
            findings.push(Finding { key: key.clone(), seen, allowed: SECTIONS.join(", ") });
        }
        let mut network = network(root, &mut findings);
        let dns = names(root, &mut network, &mut findings);
        let (data, admin_email) = data(root, &mut findings);
        let log_filter = log(root, &mut findings);
        let power = power(root, &mut findings);
        let mut dhcp = dhcp_server(root, network.dhcp.clone(), &mut findings);
        let routing = routing(root, &mut dhcp, &mut findings);
        let tftp_server = tftp_server(root, &mut findings);
        let nfs = nfs(root, &data, &mut findings);
        let web = web_section::web_server(root, &network, &mut findings);
        let netconsole = console(root, &network, &mut findings);
        let tftp_port = tftp_server.port;
        ports::judge(&ports::used(&dhcp, dns.as_ref(), tftp_port, &netconsole, &web), &mut findings);
        let deploy = deployments(root, &network, &web, &mut findings);
        let detect = detection(root, network.rules.clone(), &mut findings);
        if !findings.is_empty() {
            return Err(findings);
        }
        let tftp = tftp::Config {
            listen: SocketAddr::new(network.address.into(), tftp_server.port),
            data: data.clone(),
            nfs_server: network.address,
            nfs_root: nfs.root.clone(),
            extra_cmdline: tftp_server.extra_cmdline,
            netconsole: netconsole.listen.map(|listen| listen.port()),
            max_transfers: tftp_server.max_transfers,
            addresses: match dhcp.mode {
                Mode::Authoritative => tftp::Addresses::Given,
                Mode::Proxy | Mode::Off => tftp::Addresses::Learnt,
            },
        };
        Ok(Self {
            data,
            admin_email,
            log_filter,
            detect,
            dhcp,
            dns,
            routing,
            tftp,
            nfs,
            power,
            deploy,
            netconsole,
            web,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const SMALLEST: &str = "[network]\nsubnet='10.20.0.0/24'\naddress='10.20.0.1'\ninterface='eth0'\n[data]\nadmin_email='a@lab'";

    fn judge(text: &str) -> Result<Config, Vec<Finding>> {
        Config::judge(&text.parse().unwrap())
    }

    #[test]
    fn the_smallest_file_is_enough() {
        let config = judge(SMALLEST).unwrap();
        assert_eq!(config.dhcp.port, 67);
        assert_eq!(config.web.listen.port(), 9000);
        assert_eq!(config.deploy.image_url, "http://10.20.0.1:9000");
        assert_eq!(config.tftp.listen.to_string(), "10.20.0.1:69");
        assert_eq!((config.netconsole.listen, config.tftp.netconsole), (None, None));
        let heard = judge(&format!("{SMALLEST}\n[netconsole]\nenabled = true")).unwrap();
        assert_eq!(heard.netconsole.listen.unwrap().to_string(), "10.20.0.1:6666");
        assert_eq!(heard.tftp.netconsole, Some(6666));
    }

    #[test]
    fn the_sample_names_every_key() {
        let sample = include_str!("../../pimaster.toml");
        judge(sample).unwrap();
        // Uncommenting each `# key = value` and `# [table]` line must give a valid file as well: the sample shows every key.
        let full: String = sample
            .lines()
            .map(|line| match line.strip_prefix("# ") {
                Some(rest) if rest.split_once(" = ").is_some_and(|(key, _)| !key.contains(' ')) => rest,
                Some(table) if table.starts_with('[') => table,
                Some(_) | None => line,
            })
            .fold(String::new(), |text, line| text + line + "\n");
        judge(&full).unwrap();
        // An unknown key in each table makes the report list the known ones: the sample must show them all.
        let strange = SECTIONS.map(|section| format!("[{section}]\nstrange = 1\n")).concat();
        for finding in judge(&strange).unwrap_err().iter().filter(|finding| finding.key.ends_with(".strange"))
        {
            let section = finding.key.trim_end_matches(".strange");
            let table: toml::Table = full.parse().unwrap();
            let shown = table.get(section).and_then(|table| table.as_table()).unwrap();
            for key in finding.allowed.split(", ") {
                assert!(shown.contains_key(key), "the sample lacks {section}.{key}");
            }
        }
    }

    #[test]
    fn every_problem_is_reported_with_its_key() {
        let text = "
            [network]\nsubnet = '10.20.0.1/24'\naddress = 7\nnode_ranges = ['10.20.0.9-10.20.0.1']\nspeed = 'fast'
            [dhcp]\nport = 70000
            [deploy]\npatience_seconds = 'long'
            [dchp]\n";
        let findings = judge(text).unwrap_err();
        let keys: Vec<&str> = findings.iter().map(|finding| finding.key.as_str()).collect();
        let expected = [
            "dchp",
            "network.subnet",
            "network.address",
            "network.node_ranges[0]",
            "network.speed",
            "data.admin_email",
            "dhcp.port",
            "deploy.patience_seconds",
        ];
        assert_eq!(keys, expected);
        assert!(findings.iter().all(|finding| !finding.seen.is_empty() && !finding.allowed.is_empty()));
    }

    #[test]
    fn settings_that_cannot_work_together_are_reported() {
        let check = |text: &str, key: &str| {
            let findings = judge(text).unwrap_err();
            assert!(findings.iter().any(|finding| finding.key == key), "{key} is not in {findings:?}");
        };
        let network = |line: &str| SMALLEST.replace("[data]", &format!("{line}\n[data]"));
        check(&SMALLEST.replace("interface='eth0'", ""), "network.interface");
        check(&network("router = '10.30.0.1'"), "network.router");
        check(&network("domain = 'two words'"), "network.domain");
        check(&network("node_ranges = ['10.20.0.1-10.20.0.9']"), "network.node_ranges");
        check(
            &network("node_ranges = ['10.20.0.5-10.20.0.9', '10.20.0.9-10.20.0.12']"),
            "network.node_ranges",
        );
        check(&format!("{SMALLEST}\n[dhcp]\nport = 69"), "tftp.port");
        check(&format!("{SMALLEST}\n[dhcp]\nport = 68"), "dhcp.client_port");
        check(&format!("{SMALLEST}\n[web]\nlisten = '127.0.0.1:9000'"), "web.listen");
        check(&format!("{SMALLEST}\n[web]\nlisten = '0.0.0.0:0'"), "web.listen");
        check(&format!("{SMALLEST}\n[netconsole]\nenabled = 'yes'"), "netconsole.enabled");
        check(&format!("{SMALLEST}\n[netconsole]\nenabled = true\nport = 69"), "netconsole.port");
        check(&format!("{SMALLEST}\n[dns]\nport = 69"), "tftp.port");
        check(&format!("{SMALLEST}\n[dns]\nport = 9000"), "web.listen");
        let console = format!("{SMALLEST}\n[netconsole]\nenabled = true\nport = ");
        check(&format!("{console}53"), "netconsole.port");
        check(&format!("{console}4011\n[dhcp]\nmode = 'proxy'"), "netconsole.port");
        // UDP and TCP are apart, and what a mode or a switch leaves closed is free.
        judge(&format!("{console}9000")).unwrap();
        judge(&format!("{console}4011")).unwrap();
        judge(&format!("{console}67\n[dhcp]\nmode = 'off'")).unwrap();
        judge(&format!("{console}53\n[dns]\nenabled = false")).unwrap();
        check(&format!("{SMALLEST}\n[nfs]\nroot = '/'"), "nfs.root");
        check(&format!("{SMALLEST}\n[nfs]\nroot = '/srv/a b'"), "nfs.root");
    }

    #[test]
    fn nodes_are_told_of_the_dns_server_that_answers_them() {
        let told = |text: &str| {
            let config = judge(&SMALLEST.replace("[data]", &format!("{text}\n[data]"))).unwrap();
            (config.dns.map(|dns| dns.listen.to_string()), config.dhcp.dns)
        };
        let own = Ipv4Addr::new(10, 20, 0, 1);
        assert_eq!(told(""), (Some("10.20.0.1:53".to_owned()), vec![own]));
        assert_eq!(told("[dns]\nenabled = false"), (None, Vec::new()));
        assert_eq!(told("[dns]\nport = 5353"), (Some("10.20.0.1:5353".to_owned()), Vec::new()));
        let other = told("dns = ['9.9.9.9']");
        assert_eq!(other, (Some("10.20.0.1:53".to_owned()), vec![Ipv4Addr::new(9, 9, 9, 9)]));

        let forward = |text: &str| judge(&format!("{SMALLEST}\n[dns]\nforward = {text}"));
        let listed = dns::Source::Listed(
            ["9.9.9.9:53", "192.0.2.1:5300", "[2620:fe::fe]:53"].map(|it| it.parse().unwrap()).to_vec(),
        );
        let config = forward("['9.9.9.9', '192.0.2.1:5300', '2620:fe::fe']").unwrap();
        assert_eq!(config.dns.unwrap().upstreams, listed);
        for (wrong, key) in [("['10.20.0.1']", "dns.forward"), ("['resolver']", "dns.forward[0]")] {
            assert_eq!(forward(wrong).unwrap_err()[0].key, key);
        }
    }

    #[test]
    fn addresses_must_lie_in_the_subnet() {
        let text = SMALLEST.replace("'10.20.0.1'", "'10.30.0.1'");
        assert_eq!(
            judge(&text).unwrap_err()[0].to_string(),
            "network.address: 10.30.0.1; allowed: a host address inside 10.20.0.0/24"
        );
    }
}
