//! The tables of `pimaster.toml`, one function each. *Pure.*
//!
//! Called by [`super::Config::judge`]. Each reports what is wrong and goes on with something harmless.

use super::dhcp_server::{Relayed, relayed};
use super::reader::{Finding, Section};
use crate::detect::NodeNetwork;
use crate::dhcp::extra::OptionTables;
use crate::model::folder::DataFolder;
use crate::model::net::{AddressRange, Subnet};
use crate::model::network::Mode;
use crate::model::node::NodeName;
use crate::{deploy, detect, dhcp, dns, netconsole, nfs_prep, power, web};
use std::net::{AddrParseError, IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// What is allowed in a list of node ranges.
pub(super) const RANGE: &str = "two addresses, the lower first, such as 10.20.0.10-10.20.0.99";

pub(super) struct Network {
    pub(super) address: Ipv4Addr,
    pub(super) rules: detect::Rules,
    pub(super) dhcp: dhcp::Config,
}

pub(super) fn network(root: &toml::Table, findings: &mut Vec<Finding>) -> Network {
    const ADDRESS: &str = "an IPv4 address such as 10.20.0.1";
    const DOMAIN: &str = "a domain name such as rack.lab";
    const PREFIX: &str = "lower-case letters, digits and hyphens, a letter first, at most 24, such as pi";
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
    let node_ranges: Vec<AddressRange> = section.list("node_ranges", RANGE);
    judge_ranges(&mut section, &node_ranges, subnet, address);
    if interface.is_none() && address.is_some_and(|address| !address.is_loopback()) {
        section.report("interface", "missing", "the name of the interface to the nodes, such as eth0");
    }
    let router: Option<Ipv4Addr> = section.optional("router", ADDRESS);
    if let (Some(router), Some(subnet)) = (router, subnet)
        && !subnet.is_host(router)
    {
        section.report("router", router.to_string(), &format!("a host address inside {subnet}"));
    }
    let relayed = relayed(&mut section, subnet, findings);
    let domain: Option<String> = section.optional("domain", DOMAIN);
    if let Some(name) = domain.as_deref().filter(|name| !is_domain(name)) {
        section.report("domain", format!("`{name}`"), DOMAIN);
    }
    let prefix: String = section.optional("node_prefix", PREFIX).unwrap_or_else(|| "pi".to_owned());
    // The longest ending is two numbers of an address.
    if format!("{prefix}-255-255").parse::<NodeName>().is_err() {
        section.report("node_prefix", format!("`{prefix}`"), PREFIX);
    }
    let address = address.unwrap_or(Ipv4Addr::UNSPECIFIED);
    let subnet = subnet.unwrap_or_else(|| Subnet::containing(address, 24));
    let mut networks = vec![NodeNetwork { subnet, router, node_ranges }];
    let mut behind_relays = Vec::new();
    for Relayed { network, node_ranges } in relayed {
        networks.push(NodeNetwork { subnet: network.subnet, router: network.router, node_ranges });
        behind_relays.push(network);
    }
    let rules = detect::Rules { networks, server_address: address, prefix };
    let dhcp = dhcp::Config {
        interface,
        server_address: address,
        port: 67,
        client_port: 68,
        subnet,
        router,
        dns: section.list("dns", ADDRESS),
        ntp: section.list("ntp", ADDRESS),
        domain,
        lease_seconds: section.number("lease_seconds", 120..=604_800, 3_600),
        mode: Mode::Authoritative,
        beside_others: false,
        boot_port: 4011,
        relayed: behind_relays,
        options: OptionTables::default(),
    };
    section.finish(findings);
    Network { address, rules, dhcp }
}

/// The DNS server. Nodes are told of it unless they are told of others; they know no other port than 53.
pub(super) fn names(
    root: &toml::Table,
    network: &mut Network,
    findings: &mut Vec<Finding>,
) -> Option<dns::Config> {
    let mut section = Section::of(root, "dns");
    let is_on = section.flag("enabled", true);
    let listen = SocketAddrV4::new(network.address, section.port("port", DNS_PORT));
    let forward: Vec<Upstream> = section
        .list("forward", "an address, with a port if it is not 53, such as 9.9.9.9 or [2620:fe::fe]:53");
    let forward: Vec<SocketAddr> = forward.into_iter().map(|Upstream(server)| server).collect();
    if forward.contains(&listen.into()) {
        section.report("forward", listen.to_string(), "other DNS servers than this one");
    }
    section.finish(findings);
    if is_on && listen.port() == DNS_PORT && network.dhcp.dns.is_empty() {
        network.dhcp.dns.push(network.address);
    }
    is_on.then(|| dns::Config {
        interface: network.dhcp.interface.clone(),
        listen,
        subnets: network.rules.subnets(),
        domain: network.dhcp.domain.clone(),
        upstreams: if forward.is_empty() {
            dns::Source::File(PathBuf::from("/etc/resolv.conf"))
        } else {
            dns::Source::Listed(forward)
        },
    })
}

const DNS_PORT: u16 = 53;

/// A DNS server: an address with or without a port.
struct Upstream(SocketAddr);

impl FromStr for Upstream {
    type Err = AddrParseError;
    fn from_str(text: &str) -> Result<Self, AddrParseError> {
        let address = text.parse::<IpAddr>().map(|address| SocketAddr::new(address, DNS_PORT));
        address.or_else(|_| text.parse()).map(Self)
    }
}

/// Ranges of a network in which one address is somebody's: pimaster's own, or the relay's.
pub(super) fn judge_ranges(
    section: &mut Section<'_>,
    ranges: &[AddressRange],
    subnet: Option<Subnet>,
    taken: Option<Ipv4Addr>,
) {
    for (number, range) in ranges.iter().enumerate() {
        let seen = format!("{}-{}", range.first, range.last);
        let holds = |address: Ipv4Addr| (range.first..=range.last).contains(&address);
        let is_outside = |subnet: &Subnet| !subnet.is_host(range.first) || !subnet.is_host(range.last);
        if let Some(subnet) = subnet.filter(is_outside) {
            section.report("node_ranges", seen, &format!("host addresses inside {subnet}"));
        } else if let Some(taken) = taken.filter(|taken| holds(*taken)) {
            section.report("node_ranges", seen, &format!("addresses without {taken}"));
        } else if ranges
            .iter()
            .take(number)
            .any(|other| other.first <= range.last && range.first <= other.last)
        {
            section.report("node_ranges", seen, "ranges that do not overlap");
        }
    }
}

/// Labels of letters, digits and inner hyphens, with dots between (RFC 1123 section 2.1).
fn is_domain(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

pub(super) struct Tftp {
    pub(super) port: u16,
    pub(super) extra_cmdline: String,
    pub(super) max_transfers: usize,
}

pub(super) fn tftp_server(root: &toml::Table, findings: &mut Vec<Finding>) -> Tftp {
    let mut section = Section::of(root, "tftp");
    let tftp = Tftp {
        port: section.port("port", 69),
        extra_cmdline: section.optional("extra_cmdline", "words for the kernel").unwrap_or_default(),
        max_transfers: usize::try_from(section.number("max_transfers", 1..=10_000, 400)).unwrap_or(400),
    };
    if tftp.extra_cmdline.chars().any(char::is_control) {
        section.report("extra_cmdline", "control characters", "words on one line");
    }
    section.finish(findings);
    tftp
}

pub(super) fn data(root: &toml::Table, findings: &mut Vec<Finding>) -> (DataFolder, String) {
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

pub(super) fn log(root: &toml::Table, findings: &mut Vec<Finding>) -> String {
    const FILTER: &str = "a filter such as info or pimaster=debug,info";
    let mut section = Section::of(root, "log");
    let filter: String = section.optional("filter", FILTER).unwrap_or_else(|| "info".to_owned());
    if tracing_subscriber::EnvFilter::builder().parse(&filter).is_err() {
        section.report("filter", format!("`{filter}`"), FILTER);
    }
    section.finish(findings);
    filter
}

pub(super) fn power(root: &toml::Table, findings: &mut Vec<Finding>) -> power::Config {
    let mut section = Section::of(root, "power");
    let config = power::Config {
        min_off: Duration::from_millis(section.number("min_off_millis", 100..=600_000, 5_000).into()),
        timeout: Duration::from_millis(section.number("timeout_millis", 100..=60_000, 5_000).into()),
    };
    section.finish(findings);
    config
}

pub(super) fn nfs(root: &toml::Table, data: &DataFolder, findings: &mut Vec<Finding>) -> nfs_prep::Config {
    const EXPORTS: &str = "\"exportfs\", the path of another exportfs program, or \"off\"";
    const ROOT: &str = "an absolute path of letters, digits and - _ . + alone, and not /";
    let mut section = Section::of(root, "nfs");
    let root_folder: Option<PathBuf> = section.optional("root", ROOT);
    let exports: String = section.optional("exports", EXPORTS).unwrap_or_else(|| "exportfs".to_owned());
    if exports.is_empty() {
        section.report("exports", "nothing", EXPORTS);
    }
    let config = nfs_prep::Config {
        root: root_folder.unwrap_or_else(|| PathBuf::from("/srv/pimaster/root")),
        data: data.clone(),
        host_name: section.optional("host_name", "a host name").unwrap_or_else(|| "installer".to_owned()),
        exports: if exports == "off" {
            nfs_prep::Exports::Off
        } else {
            nfs_prep::Exports::Exportfs(PathBuf::from(exports))
        },
    };
    if nfs_prep::check_root(&config.root).is_err() {
        let seen = format!("`{}`", config.root.display());
        section.report("root", seen, ROOT);
    }
    if config.host_name.parse::<crate::model::node::NodeName>().is_err() {
        section.report("host_name", format!("`{}`", config.host_name), "lower-case letters, digits, hyphens");
    }
    section.finish(findings);
    config
}

pub(super) fn console(
    root: &toml::Table,
    network: &Network,
    findings: &mut Vec<Finding>,
) -> netconsole::Config {
    let mut section = Section::of(root, "netconsole");
    let (enabled, port) = (section.flag("enabled", false), section.port("port", 6666));
    section.finish(findings);
    netconsole::Config { listen: enabled.then(|| SocketAddrV4::new(network.address, port)) }
}

pub(super) fn deployments(
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

pub(super) fn detection(
    root: &toml::Table,
    rules: detect::Rules,
    findings: &mut Vec<Finding>,
) -> detect::Config {
    let mut section = Section::of(root, "detect");
    let look_interval =
        Duration::from_millis(section.number("look_interval_millis", 100..=3_600_000, 15_000).into());
    let listen = Duration::from_millis(section.number("listen_millis", 500..=600_000, 60_000).into());
    let quiet = Duration::from_millis(section.number("quiet_millis", 500..=600_000, 20_000).into());
    section.finish(findings);
    detect::Config { rules, look_interval, listen, quiet }
}

fn absolute(section: &mut Section<'_>, key: &'static str, default: &str) -> PathBuf {
    const ABSOLUTE: &str = "an absolute path";
    let path: PathBuf = section.optional(key, ABSOLUTE).unwrap_or_else(|| PathBuf::from(default));
    if path.is_relative() {
        section.report(key, format!("`{}`", path.display()), ABSOLUTE);
    }
    path
}
