//! The form in which a switch is enrolled or changed. *Pure.* Called by `routes::switches`.

use super::{Errors, Fields};
use crate::model::ids::InquiryId;
use crate::model::rack::{Community, PETH_PSE_PORT_ADMIN_ENABLE, PowerDriver, Switch};
use crate::model::switch::{CommunityWish, SnmpWish, SwitchSettings, SwitchWish};
use crate::web::reader::Reader;
use std::net::{IpAddr, SocketAddr};

/// Where SNMP agents listen (RFC 3417).
const SNMP_PORT: u16 = 161;

/// What was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::web) struct SwitchForm {
    pub(in crate::web) name: String,
    pub(in crate::web) address: String,
    /// Never shown again.
    community: Option<Community>,
    pub(in crate::web) base_oid: String,
    pub(in crate::web) index_offset: String,
    pub(in crate::web) ports: String,
    pub(in crate::web) protected_port: String,
    pub(in crate::web) first_address: String,
    /// The question whose community stays, if these settings were tried.
    pub(in crate::web) tried: String,
}

impl SwitchForm {
    /// The form of a switch that is not there yet.
    pub(in crate::web) fn fresh() -> Self {
        Self {
            base_oid: PETH_PSE_PORT_ADMIN_ENABLE.to_owned(),
            index_offset: "0".to_owned(),
            ..Self::default()
        }
    }

    /// The texts of a form.
    pub(in crate::web) fn read(fields: &Fields) -> Self {
        let text = |name| fields.one(name).trim().to_owned();
        Self {
            name: text("name"),
            address: text("address"),
            // Blanks at its ends may belong to it.
            community: given(fields.one("community")).map(Community::from),
            base_oid: text("base_oid"),
            index_offset: text("index_offset"),
            ports: text("ports"),
            protected_port: text("protected_port"),
            first_address: text("first_address"),
            tried: text("tried"),
        }
    }

    /// The form of settings that are there.
    pub(in crate::web) fn of(settings: &SwitchSettings) -> Self {
        let SwitchSettings { name, driver, ports, protected_port, first_address } = settings;
        let optional = |number: Option<String>| number.unwrap_or_default();
        let form = Self {
            name: name.clone(),
            ports: ports.to_string(),
            protected_port: optional(protected_port.map(|it| it.to_string())),
            first_address: optional(first_address.map(|it| it.to_string())),
            ..Self::fresh()
        };
        match driver {
            PowerDriver::None => form,
            PowerDriver::Snmp { address, base_oid, index_offset, .. } => Self {
                address: address.to_string(),
                base_oid: base_oid.clone(),
                index_offset: index_offset.to_string(),
                ..form
            },
        }
    }

    /// The form of settings that were tried.
    pub(in crate::web) fn tried(id: InquiryId, settings: &SwitchSettings) -> Self {
        Self { tried: id.to_string(), ..Self::of(settings) }
    }

    /// The form of a switch that is enrolled.
    pub(in crate::web) fn of_switch(switch: Switch) -> Self {
        let Switch { name, driver, ports, protected_port, first_address, .. } = switch;
        Self::of(&SwitchSettings { name, driver, ports, protected_port, first_address })
    }

    /// The wish; what only the agent knows is judged there.
    pub(in crate::web) fn judge(&self, reader: &Reader) -> Result<SwitchWish, Errors> {
        let mut errors = Errors::default();
        let wrong = |text: &str, name: &str| reader.with(name, &[("seen", text.to_owned().into())]);
        let number = |text: &str| text.parse::<u16>().map_err(|_| wrong(text, "switch-no-number"));
        let ports = errors.keep("ports", number(&self.ports));
        let protected_port =
            errors.keep("protected_port", given(&self.protected_port).map(number).transpose());
        let first = given(&self.first_address).map(str::parse).transpose();
        let first_address =
            errors.keep("first_address", first.map_err(|_| wrong(&self.first_address, "switch-no-address")));
        let address = given(&self.address).map(agent_address).transpose();
        let address = errors.keep("address", address.map_err(|()| wrong(&self.address, "switch-no-address")));
        let offset = given(&self.index_offset).unwrap_or("0").parse();
        let index_offset =
            errors.keep("index_offset", offset.map_err(|_| wrong(&self.index_offset, "switch-no-number")));
        match (ports, protected_port, first_address, address, index_offset) {
            (Some(ports), Some(protected_port), Some(first_address), Some(address), Some(index_offset)) => {
                let base_oid = given(&self.base_oid).unwrap_or(PETH_PSE_PORT_ADMIN_ENABLE).to_owned();
                let community = self.community();
                let snmp = address.map(|address| SnmpWish { address, community, base_oid, index_offset });
                Ok(SwitchWish { name: self.name.clone(), snmp, ports, protected_port, first_address })
            }
            _ => Err(errors),
        }
    }

    fn community(&self) -> CommunityWish {
        match (self.community.clone(), self.tried.parse()) {
            (Some(community), _) => CommunityWish::Given(community),
            (None, Ok(id)) => CommunityWish::Tried(id),
            (None, Err(_)) => CommunityWish::Keep,
        }
    }
}

/// An address with or without its UDP port.
fn agent_address(text: &str) -> Result<SocketAddr, ()> {
    let plain = || text.parse::<IpAddr>().map(|address| SocketAddr::new(address, SNMP_PORT));
    text.parse().or_else(|_| plain()).map_err(|_| ())
}

fn given(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::clock::TimeZone;
    use crate::web::words::Language;

    fn judge(text: &str) -> Result<SwitchWish, Errors> {
        let now = "2026-03-01T12:00:00Z".parse().unwrap();
        let reader = Reader { language: Language::English, zone: TimeZone::UTC, now };
        SwitchForm::read(&Fields::parse(text.as_bytes())).judge(&reader)
    }

    #[test]
    fn what_is_left_empty_is_usual_or_stays() {
        let wish = judge("name=sw1&ports=8").unwrap();
        assert_eq!((wish.snmp, wish.ports, wish.protected_port), (None, 8, None));
        let snmp = judge("name=sw1&ports=8&address=10.20.0.2").unwrap().snmp.unwrap();
        assert_eq!(snmp.address, "10.20.0.2:161".parse().unwrap());
        assert_eq!((snmp.base_oid.as_str(), snmp.index_offset), (PETH_PSE_PORT_ADMIN_ENABLE, 0));
        assert_eq!(snmp.community, CommunityWish::Keep);
        let snmp = judge("name=sw1&ports=8&address=10.20.0.2:1161&tried=7").unwrap().snmp.unwrap();
        assert_eq!(snmp.community, CommunityWish::Tried(InquiryId(7)));
        let snmp = judge("name=sw1&ports=8&address=10.20.0.2&tried=7&community=c").unwrap().snmp.unwrap();
        assert_eq!(snmp.community, CommunityWish::Given("c".into()));
    }

    #[test]
    fn each_wrong_field_has_its_error() {
        let check = |text: &str, field: &str| {
            let errors = judge(text).unwrap_err();
            for name in ["address", "index_offset", "ports", "protected_port", "first_address"] {
                assert_eq!(errors.at(name).is_some(), name == field, "{text}: {name}");
            }
        };
        check("ports=8&address=10.20", "address");
        check("ports=8&index_offset=-1", "index_offset");
        check("ports=many", "ports");
        check("ports=8&protected_port=x", "protected_port");
        check("ports=8&first_address=10", "first_address");
    }
}
