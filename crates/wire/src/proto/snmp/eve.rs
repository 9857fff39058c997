//! SNMP in EVE JSON.

use super::Message;
use crate::json::Object;

pub fn write(message: &Message, record: &mut Object<'_>) {
    let mut snmp = record.object("snmp");
    snmp.number("version", message.version);
    if message.encrypted || message.kind.is_some() {
        snmp.text("pdu_type", message.kind_name());
    }
    if let Some(error) = message.error_name() {
        snmp.text("error", error);
    }
    if let Some(trap) = &message.trap {
        snmp.text("trap_type", trap.name()).text("trap_oid", &trap.enterprise);
        if let Some(address) = trap.address {
            snmp.show("trap_address", address);
        }
    }
    if !message.variables.is_empty() {
        let mut list = snmp.array("vars");
        message.variables.iter().for_each(|variable| list.text(variable));
    }
    snmp.optional("community", message.community.as_deref()).optional("usm", message.user.as_deref());
}
