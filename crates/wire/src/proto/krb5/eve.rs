//! Kerberos in EVE JSON.

use super::events::Message;
use super::names;
use super::records::kind;
use crate::json::Object;

pub fn write(message: &Message, record: &mut Object<'_>) {
    let mut krb5 = record.object("krb5");
    krb5.text("msg_type", names::message(message.kind));
    if message.kind == kind::ERROR {
        krb5.text("failed_request", message.failed.map_or("UNKNOWN", names::message));
        if let Some(error) = message.error {
            krb5.text("error_code", &names::error(error));
        }
    }
    let or_empty = |name: Option<String>| name.unwrap_or_else(|| "<empty>".to_owned());
    krb5.text("cname", &or_empty(message.client_name()));
    krb5.text("realm", &or_empty(message.realm.clone()));
    krb5.text("sname", &or_empty(message.service_name()));
    let encryption = message.encryption.map_or_else(|| "<none>".into(), names::encryption);
    krb5.text("encryption", &encryption);
    krb5.flag("weak_encryption", message.encryption.is_some_and(names::is_weak));
    if let (Some(ticket), kind::AS_REP | kind::TGS_REP) = (message.ticket_encryption, message.kind) {
        krb5.text("ticket_encryption", &names::encryption(ticket));
        krb5.flag("ticket_weak_encryption", names::is_weak(ticket));
    }
}
