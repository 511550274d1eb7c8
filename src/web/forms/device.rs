//! The form that gives a device a fixed address. *Pure.*

use super::{Errors, Fields};
use crate::model::device::{DeviceBoot, NewDevice};

/// The texts as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::web) struct DeviceForm {
    pub(in crate::web) name: String,
    pub(in crate::web) mac: String,
    pub(in crate::web) address: String,
    pub(in crate::web) boot_file: String,
}

impl DeviceForm {
    /// What was typed.
    pub(in crate::web) fn read(fields: &Fields) -> Self {
        let text = |name| fields.one(name).trim().to_owned();
        Self { name: text("name"), mac: text("mac"), address: text("address"), boot_file: text("boot_file") }
    }

    /// The device, or what is wrong beside each field.
    pub(in crate::web) fn judge(&self) -> Result<NewDevice, Errors> {
        let mut errors = Errors::default();
        let name = errors.keep("name", self.name.parse());
        let mac = errors.keep("mac", self.mac.parse());
        let wrong = format!("`{}` is no IPv4 address; expected one such as 10.20.0.2", self.address);
        let address = errors.keep("address", self.address.parse().map_err(|_| wrong));
        let file = (!self.boot_file.is_empty()).then(|| self.boot_file.clone());
        let boot = file.map(|file| DeviceBoot { file: Some(file), ..DeviceBoot::default() });
        match (name, mac, address) {
            (Some(name), Some(mac), Some(address)) => Ok(NewDevice { name, mac, address, boot }),
            _ => Err(errors),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_is_judged() {
        let form = |text: &str| DeviceForm::read(&Fields::parse(text.as_bytes())).judge();
        let device = form("name=switch&mac=00-1B-21-01-02-03&address=+10.20.0.2&boot_file=").unwrap();
        assert_eq!((device.address, device.boot), ([10, 20, 0, 2].into(), None));
        let device = form("name=pc&mac=00:1b:21:01:02:03&address=10.20.0.2&boot_file=ipxe.efi").unwrap();
        assert_eq!(device.boot.unwrap().file.as_deref(), Some("ipxe.efi"));
        let errors = form("name=The+Switch&mac=1&address=2").unwrap_err();
        for field in ["name", "mac", "address"] {
            assert!(errors.at(field).is_some(), "{field}");
        }
    }
}
