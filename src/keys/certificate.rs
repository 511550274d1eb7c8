//! The certificate that pimaster makes for its pages and signs itself. *IO: the system's random source and clock.*

use super::Error;
use rcgen::{CertificateParams, DnType, KeyPair, SanType};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Ten years: browsers ask about it once, and again whenever it changes.
const LAST_YEAR_AFTER: i32 = 10;

/// Key and certificate in PEM form, for that host name or address, and for this machine itself.
pub(super) fn make(host: &str, year: i32) -> Result<String, Error> {
    let failed = |cause: rcgen::Error| {
        tracing::debug!(%cause, "no certificate");
        Error::Certificate { host: host.to_owned() }
    };
    let mut params = CertificateParams::default();
    params.subject_alt_names = names(host).map_err(failed)?;
    params.distinguished_name.push(DnType::CommonName, "pimaster");
    params.not_before = rcgen::date_time_ymd(year, 1, 1);
    params.not_after = rcgen::date_time_ymd(year + LAST_YEAR_AFTER, 12, 31);
    let key = KeyPair::generate().map_err(failed)?;
    let certificate = params.self_signed(&key).map_err(failed)?;
    Ok(format!("{}{}", key.serialize_pem(), certificate.pem()))
}

fn names(host: &str) -> Result<Vec<SanType>, rcgen::Error> {
    let name = match host.parse::<IpAddr>() {
        Ok(address) => SanType::IpAddress(address),
        Err(_) => SanType::DnsName(host.try_into()?),
    };
    let own = [
        SanType::DnsName("localhost".try_into()?),
        SanType::IpAddress(Ipv4Addr::LOCALHOST.into()),
        SanType::IpAddress(Ipv6Addr::LOCALHOST.into()),
    ];
    Ok(std::iter::once(name).chain(own).collect())
}
