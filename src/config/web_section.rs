//! The table `[web]`. *Pure.* Called by [`super::Config::judge`].

use super::reader::{Finding, Section};
use super::sections::Network;
use crate::model::clock::TimeZone;
use crate::web::{Certificate, Config};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use toml::Table;

/// `[web]`; nodes fetch images from its port, so it must be reached at `network.address`.
pub(super) fn web_server(root: &Table, network: &Network, findings: &mut Vec<Finding>) -> Config {
    let mut section = Section::of(root, "web");
    let listen = listen(&mut section, network);
    let tls = tls(&mut section);
    let public_url = public_url(&mut section, network, listen.port(), tls.is_some());
    let time_zone = time_zone(&mut section);
    section.finish(findings);
    let secure_cookies = public_url.starts_with("https://");
    Config { listen, secure_cookies, public_url, time_zone, tls }
}

fn listen(section: &mut Section<'_>, network: &Network) -> SocketAddr {
    let listen: Option<SocketAddr> = section.optional("listen", "an address and a port such as 0.0.0.0:9000");
    let listen = listen.unwrap_or_else(|| SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 9000));
    if listen.port() == 0 {
        let allowed = "a port from 1 to 65535, since nodes fetch images from it";
        section.report("listen", listen.to_string(), allowed);
    }
    if !listen.ip().is_unspecified() && listen.ip() != IpAddr::V4(network.address) {
        let allowed = "0.0.0.0 or network.address, since nodes fetch images there";
        section.report("listen", listen.to_string(), allowed);
    }
    listen
}

fn public_url(section: &mut Section<'_>, network: &Network, port: u16, has_tls: bool) -> String {
    const URL: &str = "an address such as http://pimaster.lab:9000, without a / at the end";
    let scheme = if has_tls { "https" } else { "http" };
    let url: Option<String> = section.optional("public_url", URL);
    let url = url.unwrap_or_else(|| format!("{scheme}://{}:{port}", network.address));
    let has_scheme = url.starts_with("http://") || url.starts_with("https://");
    if !has_scheme || url.ends_with('/') {
        section.report("public_url", format!("`{url}`"), URL);
    } else if has_tls && url.starts_with("http://") {
        section.report("public_url", format!("`{url}`"), "an address with https://, since web.tls is on");
    }
    url
}

/// Where the certificate comes from; none if the pages are plain HTTP.
fn tls(section: &mut Section<'_>) -> Option<Certificate> {
    const WORDS: &str = "\"off\", \"own\" (pimaster makes a certificate) or \"files\"";
    const FILE: &str = "with tls = \"files\": an absolute path of a PEM file";
    let word: String = section.optional("tls", WORDS).unwrap_or_else(|| "off".to_owned());
    let paths: [Option<PathBuf>; 2] = ["tls_certificate", "tls_key"].map(|key| section.optional(key, FILE));
    match (word.as_str(), paths) {
        ("files", [Some(chain), Some(key)]) if chain.is_absolute() && key.is_absolute() => {
            return Some(Certificate::Files { chain, key });
        }
        ("files", paths) => {
            for (key, path) in ["tls_certificate", "tls_key"].into_iter().zip(paths) {
                match path {
                    Some(path) if path.is_absolute() => {}
                    Some(path) => section.report(key, format!("`{}`", path.display()), FILE),
                    None => section.report(key, "missing", FILE),
                }
            }
        }
        ("own", [Some(_), _] | [_, Some(_)]) => {
            section.report("tls", "`own`", "\"files\", since tls_certificate or tls_key is set");
        }
        ("own", _) => return Some(Certificate::Own),
        ("off", _) => {}
        _ => section.report("tls", format!("`{word}`"), WORDS),
    }
    None
}

/// The zone in which pages show times: that of the machine unless one is named.
fn time_zone(section: &mut Section<'_>) -> TimeZone {
    const ZONE: &str = "a name of the time zone database such as Europe/Paris";
    let Some(name) = section.optional::<String>("time_zone", ZONE) else { return TimeZone::system() };
    TimeZone::get(&name).unwrap_or_else(|_| {
        section.report("time_zone", format!("`{name}`"), ZONE);
        TimeZone::UTC
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(web: &str) -> Result<Config, Vec<String>> {
        let text = format!(
            "[network]\nsubnet = '10.20.0.0/24'\naddress = '10.20.0.1'\ninterface = 'eth0'\n\
             [data]\nadmin_email = 'a@lab'\n[web]\n{web}"
        );
        let judged = super::super::Config::judge(&text.parse().unwrap());
        judged.map(|config| config.web).map_err(|found| found.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn tls_is_off_own_or_from_files() {
        let plain = judge("").unwrap();
        assert_eq!((plain.tls, plain.public_url.as_str()), (None, "http://10.20.0.1:9000"));
        let own = judge("tls = 'own'").unwrap();
        assert_eq!((own.tls, own.public_url.as_str()), (Some(Certificate::Own), "https://10.20.0.1:9000"));
        assert!(own.secure_cookies);
        let files = judge("tls = 'files'\ntls_certificate = '/a/chain.pem'\ntls_key = '/a/key.pem'").unwrap();
        let expected = Certificate::Files { chain: "/a/chain.pem".into(), key: "/a/key.pem".into() };
        assert_eq!(files.tls, Some(expected));
        // Behind a proxy that speaks https.
        assert_eq!(judge("public_url = 'https://pi.lab'").unwrap().tls, None);
    }

    #[test]
    fn what_cannot_be_is_named_with_its_key() {
        let check = |web: &str, expected: &[&str]| {
            let findings = judge(web).unwrap_err();
            assert_eq!(findings.len(), expected.len(), "{web}: {findings:?}");
            for (finding, start) in findings.iter().zip(expected) {
                assert!(finding.starts_with(start), "{web}: {finding}");
            }
        };
        check("tls = 'on'", &["web.tls: `on`"]);
        check("tls = 'files'", &["web.tls_certificate: missing", "web.tls_key: missing"]);
        check("tls = 'files'\ntls_certificate = 'a'\ntls_key = '/b'", &["web.tls_certificate: `a`"]);
        check("tls = 'own'\ntls_key = '/b'", &["web.tls: `own`"]);
        check("tls = 'own'\npublic_url = 'http://pi.lab:9000'", &["web.public_url: `http://pi.lab:9000`"]);
    }
}
