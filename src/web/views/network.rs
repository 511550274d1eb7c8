//! The networks: how they are served, what is wrong with them, devices with fixed addresses, leases. *Pure.*

use super::layout::{Chrome, Refresh, document};
use super::parts;
use crate::model::device::Device;
use crate::model::network::{ForeignServer, LeaseView, Mode, NetworkView, Networks, StoredNotice};
use crate::model::routing::Routing;
use crate::web::forms::Errors;
use crate::web::forms::device::DeviceForm;
use crate::web::paths;
use crate::web::reader::Reader;
use maud::{Markup, html};

/// The page.
#[derive(Debug)]
pub(in crate::web) struct Page {
    pub(in crate::web) chrome: Chrome,
    pub(in crate::web) view: NetworkView,
    pub(in crate::web) form: DeviceForm,
    pub(in crate::web) errors: Errors,
}

/// The page.
pub(in crate::web) fn page(page: &Page) -> String {
    let Page { chrome, view, form, errors } = page;
    let reader = &chrome.reader;
    let body = html! {
        (served(&view.networks))
        div data-live=(paths::NETWORK_LIVE) data-events=(paths::EVENTS) { (noticed(view, &chrome.csrf, reader)) }
        (add_device(form, errors, &chrome.csrf))
    };
    document(chrome, Refresh::ByLink, &body)
}

/// What is noticed, without the page around it.
pub(in crate::web) fn fragment(view: &NetworkView, csrf: &str, reader: &Reader) -> String {
    noticed(view, csrf, reader).into_string()
}

fn served(networks: &Networks) -> Markup {
    let mode = match networks.mode {
        Mode::Authoritative => "authoritative: pimaster gives all addresses",
        Mode::Proxy => "proxy: another DHCP server gives addresses, pimaster tells nodes where to boot from",
        Mode::Off => "off: pimaster does no DHCP, nodes are known by the files they ask for",
    };
    let interface = networks.interface.as_deref().unwrap_or("relays only");
    html! {
        section.card {
            h2 { "How it is served" }
            dl {
                dt { "DHCP" } dd { (mode) }
                dt { "Interface" } dd { (interface) ", pimaster is " code { (networks.own) } }
                @for (number, network) in networks.all().enumerate() {
                    dt { @if number == 0 { "Network" } @else { "Behind a relay" } }
                    dd {
                        code { (network.subnet) }
                        @match network.router {
                            Some(router) => { ", router " code { (router) } }
                            None => ", no router"
                        }
                    }
                }
                dt { "Routing" } dd { (routing(networks.routing.as_ref())) }
            }
        }
    }
}

fn routing(routing: Option<&Routing>) -> Markup {
    let Some(Routing { uplink, masquerade }) = routing else {
        return html! { "off: pimaster passes nothing on between the nodes and the outside" };
    };
    let seen = if *masquerade { "with pimaster's address there" } else { "with their own addresses" };
    html! { "on: nodes reach the outside through " code { (uplink) } ", " (seen) }
}

fn noticed(view: &NetworkView, csrf: &str, reader: &Reader) -> Markup {
    html! {
        (notices(&view.notices, csrf, reader))
        (servers(&view.servers, view.networks.mode, csrf, reader))
        (devices(&view.devices, csrf, reader))
        (leases(&view.leases, reader))
    }
}

fn notices(notices: &[StoredNotice], csrf: &str, reader: &Reader) -> Markup {
    html! {
        section.card {
            h2 { "What is wrong" }
            @if notices.is_empty() { p.hint { "Nothing was noticed." } }
            @for StoredNotice { notice, first_at, last_at, times } in notices {
                div.notice.bad {
                    p { strong { (notice.kind.shown()) ". " } (notice.seen) "." }
                    p { (notice.advice) }
                    p.hint {
                        "First " (parts::moment(*first_at, reader)) ", last " (parts::moment(*last_at, reader)) ", "
                        (times) " times."
                    }
                    form method="post" action=(paths::NETWORK_NOTICES_FORGET) {
                        (parts::csrf(csrf))
                        input type="hidden" name="kind" value=(notice.kind.as_str());
                        input type="hidden" name="subject" value=(notice.subject);
                        button.quiet aria-label={ "Remove the notice about " (notice.subject) } { "Done with it" }
                    }
                }
            }
        }
    }
}

fn servers(servers: &[ForeignServer], mode: Mode, csrf: &str, reader: &Reader) -> Markup {
    let advice = match mode {
        Mode::Authoritative => {
            "Two servers fight over the nodes: stop the other one or let it leave out this network, or set dhcp.mode \
             to \"proxy\"."
        }
        Mode::Proxy => "One of them gives the nodes their addresses, as proxy mode needs.",
        Mode::Off => "One of them gives the nodes their addresses.",
    };
    html! {
        section.card {
            h2 { "Other DHCP servers" }
            @if servers.is_empty() { p.hint { "None was noticed." } } @else { p { (advice) } }
            @if !servers.is_empty() {
                div.scroll {
                    table {
                        thead { tr { th { "Server" } th { "What it did" } th { "First" } th { "Last" } th {} } }
                        tbody {
                            @for server in servers {
                                tr {
                                    td { code { (server) } }
                                    td { (server.offered) }
                                    td { (parts::moment(server.first_at, reader)) }
                                    td { (parts::moment(server.last_at, reader)) }
                                    td {
                                        form method="post" action=(paths::NETWORK_SERVERS_FORGET) {
                                            (parts::csrf(csrf))
                                            input type="hidden" name="address" value=(server.address);
                                            button.quiet aria-label={ "Remove " (server.address) } { "It is gone" }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn devices(devices: &[Device], csrf: &str, reader: &Reader) -> Markup {
    html! {
        section.card {
            h2 { "Devices with a fixed address" }
            @if devices.is_empty() { p.hint { "None. Nodes need none: each has its own address." } } @else {
                div.scroll {
                    table {
                        thead { tr { th { "Name" } th { "Address" } th { "Hardware address" } th { "Boots" } th { "Last asked" } th {} } }
                        tbody {
                            @for device in devices {
                                tr {
                                    td { (device.name) }
                                    td { code { (device.address) } }
                                    td { code { (device.mac) } }
                                    td { @match &device.boot { Some(boot) => (boot), None => "-" } }
                                    td { @match device.seen_at { Some(at) => (parts::moment(at, reader)), None => "never" } }
                                    td {
                                        form method="post" action=(paths::remove_device(&device.name)) {
                                            (parts::csrf(csrf))
                                            (parts::version(&device.version()))
                                            button.quiet aria-label={ "Remove " (device.name) } { "Remove" }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn add_device(form: &DeviceForm, errors: &Errors, csrf: &str) -> Markup {
    let fields = [
        ("name", "Name", &form.name, "switch", true),
        ("mac", "Hardware address", &form.mac, "00:1b:21:01:02:03", true),
        ("address", "Address", &form.address, "10.20.0.2", true),
        (
            "boot_file",
            "Boot file below tftp/devices/, if it boots from here",
            &form.boot_file,
            "ipxe.efi",
            false,
        ),
    ];
    html! {
        section.card {
            h2 { "Add a device" }
            p.hint { "The switch, a printer, a PC: anything but a node." }
            form.fields method="post" action=(paths::NETWORK_DEVICES) {
                (parts::csrf(csrf))
                @if let Some(text) = errors.at("form") { p.wrong role="alert" { (text) } }
                @for (field, label, value, example, is_required) in fields {
                    @let (invalid, described) = parts::marks(errors, field);
                    label { (label)
                        input type="text" name=(field) value=(value) placeholder=(example) required[is_required]
                            aria-invalid=[invalid] aria-describedby=[described];
                    }
                    (parts::wrong(errors, field))
                }
                button.main { "Add the device" }
            }
        }
    }
}

fn leases(leases: &[LeaseView], reader: &Reader) -> Markup {
    html! {
        section.card {
            h2 { "Leases" }
            @if leases.is_empty() { p.hint { "No node has asked for its address yet." } } @else {
                div.scroll {
                    table {
                        thead { tr { th { "Address" } th { "Node" } th { "Hardware address" } th { "State" } th { "Until" } } }
                        tbody {
                            @for lease in leases {
                                tr {
                                    td { code { (lease.address) } }
                                    td { @match &lease.node { Some(name) => (name), None => "-" } }
                                    td { code { (lease.mac) } }
                                    td { (lease.state) }
                                    td { (parts::moment(lease.expires_at, reader)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
