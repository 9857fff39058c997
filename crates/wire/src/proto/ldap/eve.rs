//! LDAP in EVE JSON.

use super::events::{Attribute, Outcome, Request, Response, Told, result_name};
use crate::json::Object;

pub fn write(told: &Told<'_>, record: &mut Object<'_>) {
    let exchange = told.exchange;
    let mut ldap = record.object("ldap");
    if let Some(request) = &exchange.request {
        let mut object = ldap.object("request");
        object.number("message_id", exchange.id).text("operation", request.name());
        write_request(request, &mut object);
    }
    if exchange.responses.is_empty() {
        return;
    }
    let mut responses = ldap.array("responses");
    for response in &exchange.responses {
        let mut object = responses.object();
        object.text("operation", response.name());
        if exchange.request.is_none() {
            object.number("message_id", exchange.id);
        }
        write_response(response, &mut object);
    }
}

fn write_request(request: &Request, object: &mut Object<'_>) {
    if matches!(request, Request::Unbind) {
        return;
    }
    let mut body = object.object(request.name());
    match request {
        Request::Bind { version, name, sasl } => {
            body.number("version", *version).bytes("name", name);
            if let Some(sasl) = sasl {
                let mut object = body.object("sasl");
                object.bytes("mechanism", &sasl.mechanism);
                if let Some(credentials) = &sasl.credentials {
                    object.hex("credentials", credentials);
                }
            }
        }
        Request::Unbind => {}
        Request::Search(search) => {
            body.bytes("base_object", &search.base).number("scope", search.scope);
            body.number("deref_alias", search.deref_alias).number("size_limit", search.size_limit);
            body.number("time_limit", search.time_limit).flag("types_only", search.types_only);
            if !search.filter.is_empty() {
                body.text("filter", &search.filter);
            }
            strings(&mut body, "attributes", &search.attributes);
        }
        Request::Modify { object, changes } => {
            body.bytes("object", object);
            if !changes.is_empty() {
                let mut list = body.array("changes");
                for change in changes {
                    let mut entry = list.object();
                    entry.show("operation", change_name(change.operation));
                    let mut modification = entry.object("modification");
                    modification.bytes("attribute_type", &change.attribute.name);
                    strings(&mut modification, "attribute_values", &change.attribute.values);
                }
            }
        }
        Request::Add { entry, attributes } => {
            body.bytes("entry", entry);
            write_attributes(&mut body, "name", attributes);
        }
        Request::Delete { dn } => {
            body.bytes("dn", dn);
        }
        Request::Rename { entry, new_rdn, delete_old, new_superior } => {
            body.bytes("entry", entry).bytes("new_rdn", new_rdn).flag("delete_old_rdn", *delete_old);
            body.optional("new_superior", new_superior.as_deref());
        }
        Request::Compare { entry, description, value } => {
            body.bytes("entry", entry);
            body.object("attribute_value_assertion").bytes("description", description).bytes("value", value);
        }
        Request::Abandon { id } => {
            body.number("message_id", *id);
        }
        Request::Extended { name, value } => {
            body.bytes("name", name).optional("value", value.as_deref());
        }
    }
}

fn write_response(response: &Response, object: &mut Object<'_>) {
    let mut body = object.object(response.name());
    if let Some(outcome) = response.outcome() {
        write_outcome(&mut body, outcome);
    }
    match response {
        Response::Bind { credentials: Some(credentials), .. } => {
            body.hex("server_sasl_creds", credentials);
        }
        Response::Entry { dn, attributes } => {
            body.bytes("base_object", dn);
            write_attributes(&mut body, "type", attributes);
        }
        Response::Reference(addresses) => strings(&mut body, "uris", addresses),
        Response::Extended { name, value, .. } | Response::Intermediate { name, value } => {
            body.optional("name", name.as_deref()).optional("value", value.as_deref());
        }
        _ => {}
    }
}

fn write_outcome(body: &mut Object<'_>, outcome: &Outcome) {
    body.show("result_code", result_name(outcome.code));
    body.bytes("matched_dn", &outcome.matched_dn).bytes("message", &outcome.message);
}

fn write_attributes(body: &mut Object<'_>, name: &str, attributes: &[Attribute]) {
    if attributes.is_empty() {
        return;
    }
    let mut list = body.array("attributes");
    for attribute in attributes {
        let mut entry = list.object();
        entry.bytes(name, &attribute.name);
        strings(&mut entry, "values", &attribute.values);
    }
}

fn strings(body: &mut Object<'_>, name: &str, values: &[Vec<u8>]) {
    if !values.is_empty() {
        let mut list = body.array(name);
        values.iter().for_each(|value| list.bytes(value));
    }
}

fn change_name(operation: i64) -> String {
    match operation {
        0 => "add".to_owned(),
        1 => "delete".to_owned(),
        2 => "replace".to_owned(),
        3 => "increment".to_owned(),
        other => format!("unknown-{other}"),
    }
}
