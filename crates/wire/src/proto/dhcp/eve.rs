//! DHCP in EVE JSON.

use super::Message;
use crate::json::Object;
use crate::proto::Detail;
use std::net::Ipv4Addr;

pub fn write(message: &Message, record: &mut Object<'_>, detail: Detail) {
    let mut dhcp = record.object("dhcp");
    dhcp.text("type", if message.is_reply { "reply" } else { "request" }).number("id", message.id);
    dhcp.text("client_mac", &colons(&message.hardware_address)).show("assigned_ip", message.assigned);
    if detail.dhcp {
        dhcp.show("client_ip", message.client);
        if message.is_reply {
            dhcp.show("relay_ip", message.relay).show("next_server_ip", message.next_server);
        }
    }
    if let Some(kind) = message.kind_name() {
        dhcp.text("dhcp_type", kind);
    }
    for (name, seconds) in
        [("lease_time", message.lease), ("rebinding_time", message.rebinding), ("renewal_time", message.renewal)]
    {
        if let Some(seconds) = seconds {
            dhcp.number(name, seconds);
        }
    }
    dhcp.optional("hostname", message.host_name.as_deref());
    if detail.dhcp {
        in_full(message, &mut dhcp);
    }
}

fn in_full(message: &Message, dhcp: &mut Object<'_>) {
    if let Some(client) = &message.client_id {
        // The first byte is the kind of hardware, when it is one.
        dhcp.text("client_id", &colons(client.get(1..).unwrap_or_default()));
    }
    dhcp.optional("vendor_class_identifier", message.vendor_class.as_deref());
    if let Some(subnet) = message.subnet {
        dhcp.show("subnet_mask", subnet);
    }
    if let Some(requested) = message.requested {
        dhcp.show("requested_ip", requested);
    }
    addresses(dhcp, "routers", &message.routers);
    addresses(dhcp, "dns_servers", &message.name_servers);
    if !message.parameters.is_empty() {
        let mut list = dhcp.array("params");
        message.parameters.iter().filter_map(|parameter| parameter_name(*parameter)).for_each(|name| list.text(name));
    }
}

fn addresses(dhcp: &mut Object<'_>, key: &str, addresses: &[Ipv4Addr]) {
    if !addresses.is_empty() {
        let mut list = dhcp.array(key);
        addresses.iter().for_each(|address| list.show(address));
    }
}

fn colons(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.join(":")
}

/// The names that EVE has; it leaves the others out.
fn parameter_name(parameter: u8) -> Option<&'static str> {
    Some(match parameter {
        1 => "subnet_mask",
        3 => "router",
        6 => "dns_server",
        15 => "domain",
        35 => "arp_timeout",
        42 => "ntp_server",
        66 => "tftp_server_name",
        150 => "tftp_server_ip",
        _ => return None,
    })
}
