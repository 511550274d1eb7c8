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
        (served(&view.networks, reader))
        div data-live=(paths::NETWORK_LIVE) data-events=(paths::EVENTS) { (noticed(view, &chrome.csrf, reader)) }
        (add_device(form, errors, &chrome.csrf, reader))
    };
    document(chrome, Refresh::ByLink, &body)
}

/// What is noticed, without the page around it.
pub(in crate::web) fn fragment(view: &NetworkView, csrf: &str, reader: &Reader) -> String {
    noticed(view, csrf, reader).into_string()
}

fn served(networks: &Networks, reader: &Reader) -> Markup {
    let mode = match networks.mode {
        Mode::Authoritative => reader.say("network-authoritative"),
        Mode::Proxy => reader.say("network-proxy"),
        Mode::Off => reader.say("network-off"),
    };
    let interface = networks.interface.clone().unwrap_or_else(|| reader.say("network-relays-only"));
    html! {
        section.card {
            h2 { (reader.say("network-served")) }
            dl {
                dt { "DHCP" } dd { (mode) }
                dt { (reader.say("network-interface")) } dd { (interface) ", " (reader.say("network-own")) " " code { (networks.own) } }
                @for (number, network) in networks.all().enumerate() {
                    dt { @if number == 0 { (reader.say("nav-network")) } @else { (reader.say("network-behind-relay")) } }
                    dd {
                        code { (network.subnet) }
                        @match network.router {
                            Some(router) => { ", " (reader.say("network-router")) " " code { (router) } }
                            None => { ", " (reader.say("network-no-router")) }
                        }
                    }
                }
                dt { (reader.say("network-routing")) } dd { (routing(networks.routing.as_ref(), reader)) }
            }
        }
    }
}

fn routing(routing: Option<&Routing>, reader: &Reader) -> Markup {
    let Some(Routing { uplink, masquerade }) = routing else {
        return html! { (reader.say("network-routing-off")) };
    };
    let seen = match masquerade {
        true => reader.say("network-masquerade"),
        false => reader.say("network-own-addresses"),
    };
    html! { (reader.say("network-routing-on")) " " code { (uplink) } ", " (seen) }
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
            h2 { (reader.say("network-wrong")) }
            @if notices.is_empty() { p.hint { (reader.say("network-nothing")) } }
            @for StoredNotice { notice, first_at, last_at, times } in notices {
                div.notice.bad {
                    p { strong { (notice.kind.shown()) ". " } (notice.seen) "." }
                    p { (notice.advice) }
                    p.hint {
                        (reader.say("network-first")) " " (parts::moment(*first_at, reader)) ", " (reader.say("network-last")) " "
                        (parts::moment(*last_at, reader)) ", " (times) "×"
                    }
                    form method="post" action=(paths::NETWORK_NOTICES_FORGET) {
                        (parts::csrf(csrf))
                        input type="hidden" name="kind" value=(notice.kind.as_str());
                        input type="hidden" name="subject" value=(notice.subject);
                        button.quiet aria-label={ (reader.say("network-done")) ": " (notice.subject) } { (reader.say("network-done")) }
                    }
                }
            }
        }
    }
}

fn servers(servers: &[ForeignServer], mode: Mode, csrf: &str, reader: &Reader) -> Markup {
    let advice = match mode {
        Mode::Authoritative => reader.say("network-two-servers"),
        Mode::Proxy => reader.say("network-one-gives-proxy"),
        Mode::Off => reader.say("network-one-gives"),
    };
    html! {
        section.card {
            h2 { (reader.say("network-others")) }
            @if servers.is_empty() { p.hint { (reader.say("network-no-others")) } } @else { p { (advice) } }
            @if !servers.is_empty() {
                div.scroll {
                    table {
                        thead {
                            tr {
                                th { (reader.say("network-server")) }
                                th { (reader.say("network-did")) }
                                th { (reader.say("network-first")) }
                                th { (reader.say("network-last")) }
                                th {}
                            }
                        }
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
                                            button.quiet aria-label={ (reader.say("network-gone")) ": " (server.address) } { (reader.say("network-gone")) }
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
            h2 { (reader.say("network-devices")) }
            @if devices.is_empty() { p.hint { (reader.say("network-no-devices")) } } @else {
                div.scroll {
                    table {
                        thead {
                            tr {
                                th { (reader.say("switch-name")) }
                                th { (reader.say("nodes-address")) }
                                th { (reader.say("node-mac")) }
                                th { (reader.say("network-boots")) }
                                th { (reader.say("network-last-asked")) }
                                th {}
                            }
                        }
                        tbody {
                            @for device in devices {
                                tr {
                                    td { (device.name) }
                                    td { code { (device.address) } }
                                    td { code { (device.mac) } }
                                    td { @match &device.boot { Some(boot) => (boot), None => "-" } }
                                    td { @match device.seen_at { Some(at) => (parts::moment(at, reader)), None => { (reader.say("users-never")) } } }
                                    td {
                                        form method="post" action=(paths::remove_device(&device.name)) {
                                            (parts::csrf(csrf))
                                            (parts::version(&device.version()))
                                            button.quiet aria-label={ (reader.say("network-remove")) ": " (device.name) } { (reader.say("network-remove")) }
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

fn add_device(form: &DeviceForm, errors: &Errors, csrf: &str, reader: &Reader) -> Markup {
    let fields = [
        ("name", reader.say("switch-name"), &form.name, "switch", true),
        ("mac", reader.say("node-mac"), &form.mac, "00:1b:21:01:02:03", true),
        ("address", reader.say("nodes-address"), &form.address, "10.20.0.2", true),
        ("boot_file", reader.say("network-boot-file"), &form.boot_file, "ipxe.efi", false),
    ];
    html! {
        section.card {
            h2 { (reader.say("network-add")) }
            p.hint { (reader.say("network-add-what")) }
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
                button.main { (reader.say("network-add-do")) }
            }
        }
    }
}

fn leases(leases: &[LeaseView], reader: &Reader) -> Markup {
    html! {
        section.card {
            h2 { (reader.say("network-leases")) }
            @if leases.is_empty() { p.hint { (reader.say("network-no-leases")) } } @else {
                div.scroll {
                    table {
                        thead {
                            tr {
                                th { (reader.say("nodes-address")) }
                                th { (reader.say("nodes-node")) }
                                th { (reader.say("node-mac")) }
                                th { (reader.say("mail-state")) }
                                th { (reader.say("network-until")) }
                            }
                        }
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
