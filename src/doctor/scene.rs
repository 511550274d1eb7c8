//! What all checks look at: the settings, the running pimaster, the holders of its ports, the database. *IO: one
//! HTTP request; trial binds; the database file.*

use super::finding::{Finding, Verdict};
use super::ports::{self, PortSeen};
use crate::config::Config;
use crate::model::check::Check;
use crate::store::{self, Look, Store};
use std::net::SocketAddr;
use std::time::Duration;

/// How long the pages may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// The largest answer that is read: the API's own description.
const LARGEST_ANSWER: u64 = 4 << 20;

/// A set-up, as it stood at the beginning.
pub(super) struct Scene {
    pub(super) config: Config,
    pub(super) daemon: Daemon,
    pub(super) ports: Vec<PortSeen>,
    pub(super) file: Result<Option<Look>, store::Error>,
    pub(super) store: Option<Store>,
}

/// What answers on the web port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Daemon {
    /// pimaster, of that version.
    Runs(String),
    /// Nothing.
    Silent,
    /// Something else.
    Stranger(String),
}

impl Scene {
    /// Looks around.
    pub(super) async fn look(config: Config) -> Self {
        let address = SocketAddr::new(config.dhcp.server_address.into(), config.web.listen.port());
        let daemon = tokio::task::spawn_blocking(move || ask(address)).await;
        let daemon = daemon.unwrap_or(Daemon::Silent);
        let ports = ports::look(&config);
        let file = store::look(&config.data.database());
        let store = match &file {
            Ok(Some(look)) if look.schema == look.known && look.damage.is_none() => {
                Store::open(&config.data.database()).ok()
            }
            Ok(_) | Err(_) => None,
        };
        Self { config, daemon, ports, file, store }
    }

    /// The database, or why a check goes without.
    pub(super) fn store(&self) -> Result<&Store, Verdict> {
        let missing = || Verdict::not_checked("needs the database", "See the finding `database`.");
        self.store.as_ref().ok_or_else(missing)
    }

    /// The number of the process of the running pimaster, if it may be seen.
    pub(super) fn daemon_pid(&self) -> Option<u32> {
        self.ports.iter().flat_map(|port| &port.holders).find(|holder| holder.is_pimaster).map(|it| it.pid)
    }

    /// Whether pimaster runs.
    pub(super) fn daemon_finding(&self) -> Finding {
        let own = env!("CARGO_PKG_VERSION");
        let url = &self.config.deploy.image_url;
        let verdict = match &self.daemon {
            Daemon::Runs(version) if version == own => {
                Verdict::Good(format!("pimaster {version} answers on {url}"))
            }
            Daemon::Runs(version) => Verdict::warning(
                format!("pimaster {version} answers on {url}, this program is {own}"),
                "the same version",
                "Restart pimaster.",
            ),
            Daemon::Silent => Verdict::warning(
                format!("nobody answers on {url}"),
                "a running pimaster",
                "Start it (`systemctl start pimaster`); if it does not stay up, `journalctl -u pimaster` says why.",
            ),
            Daemon::Stranger(seen) => Verdict::failure(
                format!("what answers on {url} is not pimaster: {seen}"),
                "pimaster, which nodes fetch images from there",
                "Stop the other program, or change web.listen.",
            ),
        };
        verdict.of(Check::Daemon, "pimaster")
    }
}

/// Asks the web port for the description of the API, which names pimaster.
fn ask(address: SocketAddr) -> Daemon {
    let agent = ureq::Agent::config_builder()
        .timeout_global(Some(PATIENCE))
        .http_status_as_error(false)
        .proxy(None)
        .build();
    let agent = ureq::Agent::from(agent);
    match agent.get(format!("http://{address}/api/v1/openapi.json")).call() {
        Ok(mut answer) => {
            let status = answer.status();
            let text = answer.body_mut().with_config().limit(LARGEST_ANSWER).read_to_string();
            recognise(status.as_u16(), &text.unwrap_or_default())
        }
        Err(ureq::Error::Io(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            Daemon::Silent
        }
        Err(ureq::Error::ConnectionFailed | ureq::Error::HostNotFound) => Daemon::Silent,
        Err(ureq::Error::Io(error)) if error.raw_os_error().is_some() => Daemon::Silent,
        Err(error) => Daemon::Stranger(error.to_string()),
    }
}

/// Whether an answer is that of pimaster.
fn recognise(status: u16, text: &str) -> Daemon {
    let document: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let field = |name: &str| document.pointer(name).and_then(serde_json::Value::as_str);
    match (field("/info/title"), field("/info/version")) {
        (Some("pimaster"), Some(version)) => Daemon::Runs(version.to_owned()),
        _ => Daemon::Stranger(format!("HTTP status {status} for /api/v1/openapi.json")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pimaster_is_known_by_its_api() {
        let document = crate::web::openapi().to_json().unwrap();
        assert_eq!(recognise(200, &document), Daemon::Runs(env!("CARGO_PKG_VERSION").to_owned()));
        for (status, text) in [(404, "not found"), (200, "{}"), (200, r#"{"info":{"title":"other"}}"#)] {
            assert!(matches!(recognise(status, text), Daemon::Stranger(_)), "{text}");
        }
    }

    #[test]
    fn a_closed_port_is_silence_and_another_server_a_stranger() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let other = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            std::io::Write::write_all(&mut stream, b"SSH-2.0-other\r\n\r\n").unwrap();
        });
        assert!(matches!(ask(address), Daemon::Stranger(_)));
        other.join().unwrap();
        assert_eq!(ask(address), Daemon::Silent);
    }
}
