//! Links of the rack: networks, switches, environments, what is discovered. *Pure.*

use crate::model::ids::{DetectionId, EnvironmentId, ImportId, InquiryId, SwitchId};
use crate::model::net::MacAddr;
use crate::model::node::NodeName;

/// The networks, for administrators.
pub(in crate::web) const NETWORK: &str = "/network";
/// What is noticed in the networks, alone.
pub(in crate::web) const NETWORK_LIVE: &str = "/network/live";
/// Fixed addresses of other devices.
pub(in crate::web) const NETWORK_DEVICES: &str = "/network/devices";
/// Forgets a notice.
pub(in crate::web) const NETWORK_NOTICES_FORGET: &str = "/network/notices/forget";
/// Forgets a foreign DHCP server.
pub(in crate::web) const NETWORK_SERVERS_FORGET: &str = "/network/servers/forget";
/// The switches, for administrators.
pub(in crate::web) const SWITCHES: &str = "/switches";
/// The switches alone.
pub(in crate::web) const SWITCHES_LIVE: &str = "/switches/live";
/// A switch that is not there yet.
pub(in crate::web) const SWITCHES_NEW: &str = "/switches/new";
/// Tries or saves the settings of a switch.
pub(in crate::web) const SWITCHES_SAVE: &str = "/switches/save";
/// Switches a port on or off.
pub(in crate::web) const SWITCHES_POWER: &str = "/switches/power";
/// What can be deployed.
pub(in crate::web) const ENVIRONMENTS: &str = "/environments";
/// The environments alone.
pub(in crate::web) const ENVIRONMENTS_LIVE: &str = "/environments/live";
/// Begins an import.
pub(in crate::web) const IMPORTS: &str = "/environments/imports";
/// Machines that are no nodes yet.
pub(in crate::web) const DISCOVERED: &str = "/discovered";
/// The machines alone.
pub(in crate::web) const DISCOVERED_LIVE: &str = "/discovered/live";
/// Starts a detection.
pub(in crate::web) const DETECTIONS: &str = "/detections";
/// One machine that is no node yet.
pub(in crate::web) fn discovered(mac: MacAddr) -> String {
    format!("{DISCOVERED}/{mac}")
}

/// Makes a machine a node.
pub(in crate::web) fn enrol(mac: MacAddr) -> String {
    format!("{DISCOVERED}/{mac}/enrol")
}

/// Puts a machine's board in a node's place.
pub(in crate::web) fn replace_board(mac: MacAddr) -> String {
    format!("{DISCOVERED}/{mac}/replace")
}

/// Forgets a machine.
pub(in crate::web) fn forget(mac: MacAddr) -> String {
    format!("{DISCOVERED}/{mac}/forget")
}

/// One detection.
pub(in crate::web) fn detection(id: DetectionId) -> String {
    format!("{DETECTIONS}/{id}")
}

/// One detection without the page around it.
pub(in crate::web) fn detection_live(id: DetectionId) -> String {
    format!("{DETECTIONS}/{id}/live")
}

/// Asks a detection to stop.
pub(in crate::web) fn cancel_detection(id: DetectionId) -> String {
    format!("{DETECTIONS}/{id}/cancel")
}

/// One switch with its form.
pub(in crate::web) fn switch_edit(id: SwitchId) -> String {
    format!("{SWITCHES}/{id}/edit")
}

/// Asks a switch about all its ports.
pub(in crate::web) fn switch_read(id: SwitchId) -> String {
    format!("{SWITCHES}/{id}/read")
}

/// Removes a switch.
pub(in crate::web) fn switch_remove(id: SwitchId) -> String {
    format!("{SWITCHES}/{id}/remove")
}

/// Settings of a switch that are tried.
pub(in crate::web) fn switch_try(id: InquiryId) -> String {
    format!("{SWITCHES}/tries/{id}")
}

/// What came of trying them.
pub(in crate::web) fn switch_try_live(id: InquiryId) -> String {
    format!("{SWITCHES}/tries/{id}/live")
}

/// One environment with its form.
pub(in crate::web) fn environment(id: EnvironmentId) -> String {
    format!("{ENVIRONMENTS}/{id}")
}

/// Who may use an environment.
pub(in crate::web) fn environment_sharing(id: EnvironmentId) -> String {
    format!("{ENVIRONMENTS}/{id}/sharing")
}

/// Removes an environment.
pub(in crate::web) fn environment_remove(id: EnvironmentId) -> String {
    format!("{ENVIRONMENTS}/{id}/remove")
}

/// One import.
pub(in crate::web) fn import(id: ImportId) -> String {
    format!("{IMPORTS}/{id}")
}

/// One import without the page around it.
pub(in crate::web) fn import_live(id: ImportId) -> String {
    format!("{IMPORTS}/{id}/live")
}

/// Takes the file of an import.
pub(in crate::web) fn import_file(id: ImportId) -> String {
    format!("{IMPORTS}/{id}/file")
}

/// Asks an import to stop.
pub(in crate::web) fn import_cancel(id: ImportId) -> String {
    format!("{IMPORTS}/{id}/cancel")
}

/// Takes a device's fixed address away.
pub(in crate::web) fn remove_device(name: &NodeName) -> String {
    format!("{NETWORK_DEVICES}/{name}/remove")
}
