//! The form in which a machine becomes a node, and a node is changed. *Pure.* Called by `routes::discovered` and
//! `routes::nodes`.

use super::{Errors, Fields};
use crate::model::agent::RackNode;
use crate::model::discovery::{DiscoveredView, EnrolWish, PortName, PortWish};
use crate::model::net::MacAddr;

/// What was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::web) struct Enrol {
    /// Only of a node that is added by hand.
    pub(in crate::web) mac: String,
    /// The same.
    pub(in crate::web) serial: String,
    pub(in crate::web) name: String,
    pub(in crate::web) address: String,
    pub(in crate::web) model: String,
    pub(in crate::web) switch: String,
    pub(in crate::web) port: String,
}

impl Enrol {
    /// The texts of a form.
    pub(in crate::web) fn read(fields: &Fields) -> Self {
        let text = |name| fields.one(name).trim().to_owned();
        Self {
            mac: text("mac"),
            serial: text("serial"),
            name: text("name"),
            address: text("address"),
            model: text("model"),
            switch: text("switch"),
            port: text("port"),
        }
    }

    /// The form as it is first shown: what was seen and what is free.
    pub(in crate::web) fn proposed(seen: &DiscoveredView) -> Self {
        // A port that another node has is not proposed.
        let port = seen.port.as_ref().filter(|_| seen.proposal.holder.is_none());
        Self {
            name: seen.proposal.name.as_ref().map(ToString::to_string).unwrap_or_default(),
            address: seen.proposal.address.map(|address| address.to_string()).unwrap_or_default(),
            model: seen.observation.model().as_str().to_owned(),
            switch: port.map(|port| port.switch.clone()).unwrap_or_default(),
            port: port.map(|port| port.port.to_string()).unwrap_or_default(),
            ..Self::default()
        }
    }

    /// The form of a node that is there already.
    pub(in crate::web) fn of(node: &RackNode) -> Self {
        let RackNode { node, port, .. } = node;
        Self {
            name: node.name.to_string(),
            address: node.address.to_string(),
            model: node.model.as_str().to_owned(),
            switch: port.as_ref().map(|port| port.switch.clone()).unwrap_or_default(),
            port: port.as_ref().map(|port| port.port.to_string()).unwrap_or_default(),
            ..Self::default()
        }
    }

    /// The wish to add a node by hand.
    pub(in crate::web) fn judge_new(&self) -> Result<EnrolWish, Errors> {
        let mut errors = Errors::default();
        let mac = errors.keep("mac", self.mac.parse());
        let serial = errors.keep("serial", given(&self.serial).map(str::parse).transpose());
        // Judged even if these are wrong, so that everything is said at once.
        let rest = self.judge(mac.unwrap_or(MacAddr([0; 6]))).map_err(|rest| errors.take(rest)).ok();
        match (mac, serial, rest) {
            (Some(_), Some(serial), Some(wish)) => Ok(EnrolWish { serial, ..wish }),
            (_, _, _) => Err(errors),
        }
    }

    /// The wish; what only the agent knows is judged there.
    pub(in crate::web) fn judge(&self, mac: MacAddr) -> Result<EnrolWish, Errors> {
        let mut errors = Errors::default();
        let name = errors.keep("name", given(&self.name).map(str::parse).transpose());
        let address = given(&self.address).map(str::parse).transpose();
        let address = address.map_err(|_| format!("`{}` is no IPv4 address.", self.address));
        let address = errors.keep("address", address);
        let model = errors.keep("model", given(&self.model).map(str::parse).transpose());
        let port = errors.keep("port", self.port());
        match (name, address, model, port) {
            (Some(name), Some(address), Some(model), Some(port)) => {
                Ok(EnrolWish { mac, name, address, model, serial: None, port })
            }
            (_, _, _, _) => Err(errors),
        }
    }

    fn port(&self) -> Result<PortWish, String> {
        match (given(&self.switch), given(&self.port)) {
            (None, None) => Ok(PortWish::Nowhere),
            (Some(_), None) => Err("Give the port of the switch, or leave both empty.".to_owned()),
            (None, Some(_)) => Err("Give the switch too, or leave both empty.".to_owned()),
            (Some(switch), Some(port)) => match port.parse() {
                Ok(port) => Ok(PortWish::At(PortName { switch: switch.to_owned(), port })),
                Err(_) => Err(format!("`{port}` is no port number.")),
            },
        }
    }
}

fn given(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(text: &str) -> Result<EnrolWish, Errors> {
        Enrol::read(&Fields::parse(text.as_bytes())).judge(MacAddr([2, 0, 0, 0, 0, 1]))
    }

    #[test]
    fn what_is_left_empty_is_chosen() {
        let wish = judge("name=&address=+&model=").unwrap();
        assert_eq!((wish.name, wish.address, wish.model), (None, None, None));
        assert_eq!(wish.port, PortWish::Nowhere);
        let wish = judge("name=pi-07&address=10.20.0.7&model=pi5&switch=sw1&port=7").unwrap();
        assert_eq!(wish.port, PortWish::At(PortName { switch: "sw1".into(), port: 7 }));
    }

    #[test]
    fn a_node_that_is_added_by_hand_needs_its_hardware_address() {
        let judge = |text: &str| Enrol::read(&Fields::parse(text.as_bytes())).judge_new();
        let wish = judge("mac=dc-a6-32-00-00-01&serial=12345678&name=pi-01").unwrap();
        assert_eq!(wish.mac, MacAddr([0xdc, 0xa6, 0x32, 0, 0, 1]));
        assert_eq!(wish.serial.map(|serial| serial.0), Some(0x1234_5678));
        let errors = judge("serial=x&name=Pi").unwrap_err();
        for field in ["mac", "serial", "name"] {
            assert!(errors.at(field).is_some(), "{field}");
        }
    }

    #[test]
    fn each_wrong_field_has_its_error() {
        let check = |text: &str, field: &str| {
            let errors = judge(text).unwrap_err();
            for name in ["name", "address", "model", "port"] {
                assert_eq!(errors.at(name).is_some(), name == field, "{text}: {name}");
            }
        };
        check("name=Pi_7", "name");
        check("address=10.20.0", "address");
        check("model=pi9", "model");
        check("switch=sw1", "port");
        check("port=7", "port");
        check("switch=sw1&port=seven", "port");
    }
}
