//! `pimaster.toml` to a validated [`Config`]; every problem is collected with its key path.
//!
//! *Pure,* but for [`Config::load`], which reads the file. Called by the command line. The commented sample in
//! the project's root is read by a test, so it names every key that stands here.

mod reader;

pub use reader::Finding;

use crate::model::folder::DataFolder;
use crate::model::net::Subnet;
use crate::{deploy, dhcp, nfs_prep, power, tftp, web};
use reader::Section;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

/// Everything an administrator sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where everything is kept.
    pub data: DataFolder,
    /// The administrator's e-mail address, for the first start.
    pub admin_email: String,
    /// What is logged, in tracing's filter syntax.
    pub log_filter: String,
    /// Addresses for nodes that are added without one.
    pub node_ranges: Vec<AddressRange>,
    /// The DHCP server.
    pub dhcp: dhcp::Config,
    /// The TFTP server.
    pub tftp: tftp::Config,
    /// The installer root.
    pub nfs: nfs_prep::Config,
    /// Power switching.
    pub power: power::Config,
    /// Deployments.
    pub deploy: deploy::Config,
    /// Pages and API.
    pub web: web::Config,
}

/// Addresses from first to last, `10.20.0.10-10.20.0.99`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressRange {
    first: Ipv4Addr,
    last: Ipv4Addr,
}

impl AddressRange {
    /// Each address, in order.
    pub fn addresses(self) -> impl Iterator<Item = Ipv4Addr> {
        (self.first.to_bits()..=self.last.to_bits()).map(Ipv4Addr::from_bits)
    }
}

impl FromStr for AddressRange {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let (first, last) = text.split_once('-').ok_or(())?;
        let first: Ipv4Addr = first.trim().parse().map_err(drop)?;
        let last: Ipv4Addr = last.trim().parse().map_err(drop)?;
        if first <= last { Ok(Self { first, last }) } else { Err(()) }
    }
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

const SECTIONS: [&str; 9] = ["network", "dhcp", "tftp", "nfs", "power", "deploy", "web", "data", "log"];

impl Config {
    /// Reads and judges a file.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|cause| Error::Read(path.to_owned(), cause))?;
        let table = text.parse().map_err(|cause| Error::Syntax(path.to_owned(), cause))?;
        Self::judge(&table).map_err(|findings| Error::Findings(path.to_owned(), findings))
    }

    /// Judges a parsed file: the settings, or everything that is wrong with them.
    pub fn judge(root: &toml::Table) -> Result<Self, Vec<Finding>> {
        let mut findings = Vec::new();
        for (key, _) in root.iter().filter(|(key, _)| !SECTIONS.contains(&key.as_str())) {
            let seen = "unknown table".to_owned();
            findings.push(Finding { key: key.clone(), seen, allowed: SECTIONS.join(", ") });
        }
        let network = network(root, &mut findings);
        let (data, admin_email) = data(root, &mut findings);
        let log_filter = log(root, &mut findings);
        let power = power(root, &mut findings);
        let ports = [("dhcp", 67), ("tftp", 69)].map(|(name, port)| server(root, name, port, &mut findings));
        let nfs = nfs(root, &data, &mut findings);
        let web = web_server(root, &network, &mut findings);
        let deploy = deployments(root, &network, &web, &mut findings);
        if !findings.is_empty() {
            return Err(findings);
        }
        let [dhcp_server, tftp_server] = ports;
        let tftp = tftp::Config {
            listen: SocketAddr::new(network.address.into(), tftp_server.port),
            data: data.clone(),
            nfs_server: network.address,
            nfs_root: nfs.root.clone(),
            extra_cmdline: tftp_server.extra_cmdline,
            max_transfers: tftp_server.max_transfers,
        };
        let dhcp =
            dhcp::Config { port: dhcp_server.port, client_port: dhcp_server.client_port, ..network.dhcp };
        let node_ranges = network.node_ranges;
        Ok(Self { data, admin_email, log_filter, node_ranges, dhcp, tftp, nfs, power, deploy, web })
    }
}

struct Network {
    address: Ipv4Addr,
    node_ranges: Vec<AddressRange>,
    dhcp: dhcp::Config,
}

fn network(root: &toml::Table, findings: &mut Vec<Finding>) -> Network {
    const ADDRESS: &str = "an IPv4 address such as 10.20.0.1";
    let mut section = Section::of(root, "network");
    let subnet: Option<Subnet> = section.required("subnet", "an IPv4 network such as 10.20.0.0/24");
    let address: Option<Ipv4Addr> = section.required("address", ADDRESS);
    let interface: Option<String> = section.optional("interface", "the name of an interface such as eth0");
    if let Some(name) = interface.as_deref().filter(|name| name.is_empty() || name.len() > 15) {
        section.report("interface", format!("`{name}`"), "the name of an interface such as eth0");
    }
    if let (Some(subnet), Some(address)) = (subnet, address)
        && !subnet.is_host(address)
    {
        section.report("address", address.to_string(), &format!("a host address inside {subnet}"));
    }
    let node_ranges: Vec<AddressRange> =
        section.list("node_ranges", "two addresses, the lower first, such as 10.20.0.10-10.20.0.99");
    let outside = |range: &&AddressRange| {
        subnet.is_some_and(|subnet| !subnet.is_host(range.first) || !subnet.is_host(range.last))
    };
    if let Some(range) = node_ranges.iter().find(outside) {
        section.report(
            "node_ranges",
            format!("{}-{}", range.first, range.last),
            "addresses inside network.subnet",
        );
    }
    let address = address.unwrap_or(Ipv4Addr::UNSPECIFIED);
    let dhcp = dhcp::Config {
        interface,
        server_address: address,
        port: 67,
        client_port: 68,
        subnet: subnet.unwrap_or_else(|| Subnet::containing(address, 24)),
        router: section.optional("router", ADDRESS),
        dns: section.list("dns", ADDRESS),
        ntp: section.list("ntp", ADDRESS),
        domain: section.optional("domain", "a domain name such as rack.lab"),
        lease_seconds: section.number("lease_seconds", 120..=604_800, 3_600),
    };
    section.finish(findings);
    Network { address, node_ranges, dhcp }
}

struct Ports {
    port: u16,
    client_port: u16,
    extra_cmdline: String,
    max_transfers: usize,
}

fn server(root: &toml::Table, name: &'static str, port: u16, findings: &mut Vec<Finding>) -> Ports {
    let mut section = Section::of(root, name);
    let mut ports = Ports {
        port: section.port("port", port),
        client_port: 68,
        extra_cmdline: String::new(),
        max_transfers: 0,
    };
    if name == "dhcp" {
        ports.client_port = section.port("client_port", 68);
    } else {
        ports.extra_cmdline = section.optional("extra_cmdline", "words for the kernel").unwrap_or_default();
        ports.max_transfers =
            usize::try_from(section.number("max_transfers", 1..=10_000, 400)).unwrap_or(400);
        if ports.extra_cmdline.chars().any(char::is_control) {
            section.report("extra_cmdline", "control characters", "words on one line");
        }
    }
    section.finish(findings);
    ports
}

fn data(root: &toml::Table, findings: &mut Vec<Finding>) -> (DataFolder, String) {
    let mut section = Section::of(root, "data");
    let folder = absolute(&mut section, "folder", "/var/lib/pimaster");
    const EMAIL: &str = "the e-mail address of the administrator";
    let email: String = section.required("admin_email", EMAIL).unwrap_or_default();
    if !email.is_empty()
        && (email.split('@').filter(|part| !part.is_empty()).count() != 2 || email.contains(' '))
    {
        section.report("admin_email", format!("`{email}`"), EMAIL);
    }
    section.finish(findings);
    (DataFolder::new(folder), email.to_lowercase())
}

fn log(root: &toml::Table, findings: &mut Vec<Finding>) -> String {
    const FILTER: &str = "a filter such as info or pimaster=debug,info";
    let mut section = Section::of(root, "log");
    let filter: String = section.optional("filter", FILTER).unwrap_or_else(|| "info".to_owned());
    if tracing_subscriber::EnvFilter::builder().parse(&filter).is_err() {
        section.report("filter", format!("`{filter}`"), FILTER);
    }
    section.finish(findings);
    filter
}

fn power(root: &toml::Table, findings: &mut Vec<Finding>) -> power::Config {
    let mut section = Section::of(root, "power");
    let config = power::Config {
        min_off: Duration::from_millis(section.number("min_off_millis", 100..=600_000, 5_000).into()),
        timeout: Duration::from_millis(section.number("timeout_millis", 100..=60_000, 5_000).into()),
    };
    section.finish(findings);
    config
}

fn nfs(root: &toml::Table, data: &DataFolder, findings: &mut Vec<Finding>) -> nfs_prep::Config {
    const EXPORTS: &str = "\"exportfs\", the path of another exportfs program, or \"off\"";
    let mut section = Section::of(root, "nfs");
    let exports: String = section.optional("exports", EXPORTS).unwrap_or_else(|| "exportfs".to_owned());
    if exports.is_empty() {
        section.report("exports", "nothing", EXPORTS);
    }
    let config = nfs_prep::Config {
        root: absolute(&mut section, "root", "/srv/pimaster/root"),
        data: data.clone(),
        host_name: section.optional("host_name", "a host name").unwrap_or_else(|| "installer".to_owned()),
        exports: if exports == "off" {
            nfs_prep::Exports::Off
        } else {
            nfs_prep::Exports::Exportfs(PathBuf::from(exports))
        },
    };
    if config.host_name.parse::<crate::model::node::NodeName>().is_err() {
        section.report("host_name", format!("`{}`", config.host_name), "lower-case letters, digits, hyphens");
    }
    section.finish(findings);
    config
}

fn web_server(root: &toml::Table, network: &Network, findings: &mut Vec<Finding>) -> web::Config {
    const URL: &str = "an address such as http://pimaster.lab:9000, without a / at the end";
    let mut section = Section::of(root, "web");
    let listen: Option<SocketAddr> = section.optional("listen", "an address and a port such as 0.0.0.0:9000");
    let listen = listen.unwrap_or_else(|| SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 9000));
    let public_url: Option<String> = section.optional("public_url", URL);
    let public_url = public_url.unwrap_or_else(|| format!("http://{}:{}", network.address, listen.port()));
    let has_scheme = public_url.starts_with("http://") || public_url.starts_with("https://");
    if !has_scheme || public_url.ends_with('/') {
        section.report("public_url", format!("`{public_url}`"), URL);
    }
    section.finish(findings);
    web::Config { listen, secure_cookies: public_url.starts_with("https://"), public_url }
}

fn deployments(
    root: &toml::Table,
    network: &Network,
    web: &web::Config,
    findings: &mut Vec<Finding>,
) -> deploy::Config {
    let mut section = Section::of(root, "deploy");
    let config = deploy::Config {
        image_url: format!("http://{}:{}", network.address, web.listen.port()),
        ssh_port: section.port("ssh_port", 22),
        patience: Duration::from_secs(section.number("patience_seconds", 10..=3_600, 300).into()),
        probe_interval: Duration::from_millis(
            section.number("probe_interval_millis", 50..=10_000, 500).into(),
        ),
    };
    section.finish(findings);
    config
}

fn absolute(section: &mut Section<'_>, key: &'static str, default: &str) -> PathBuf {
    const ABSOLUTE: &str = "an absolute path";
    let path: PathBuf = section.optional(key, ABSOLUTE).unwrap_or_else(|| PathBuf::from(default));
    if path.is_relative() {
        section.report(key, format!("`{}`", path.display()), ABSOLUTE);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALLEST: &str =
        "[network]\nsubnet='10.20.0.0/24'\naddress='10.20.0.1'\n[data]\nadmin_email='a@lab'";

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
    }

    #[test]
    fn the_sample_names_every_key() {
        let sample = include_str!("../../pimaster.toml");
        judge(sample).unwrap();
        // Uncommenting each `# key = value` line must give a valid file as well: the sample shows every key.
        let full: String = sample
            .lines()
            .map(|line| match line.strip_prefix("# ") {
                Some(rest) if rest.split_once(" = ").is_some_and(|(key, _)| !key.contains(' ')) => rest,
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
    fn addresses_must_lie_in_the_subnet() {
        let text = SMALLEST.replace("'10.20.0.1'", "'10.30.0.1'");
        assert_eq!(
            judge(&text).unwrap_err()[0].to_string(),
            "network.address: 10.30.0.1; allowed: a host address inside 10.20.0.0/24"
        );
    }
}
