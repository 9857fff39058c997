//! SMB in EVE JSON.

use super::events::{Guid, Native, Setup, Status, Told, What};
use super::names;
use crate::json::Object;

pub fn write(told: &Told<'_>, record: &mut Object<'_>, transaction: u64) {
    let exchange = told.exchange;
    let mut smb = record.object("smb");
    smb.number("id", transaction + 1);
    smb.text("dialect", &told.dialect.shown());
    smb.text("command", &exchange.command.shown());
    if let Some(name) = exchange.status.name() {
        smb.text("status", &name);
    }
    match exchange.status {
        Status::None => {}
        Status::Nt(status) => {
            smb.show("status_code", format_args!("0x{status:x}"));
        }
        Status::Dos { code, .. } => {
            smb.show("status_code", format_args!("0x{code:04x}"));
        }
    }
    smb.number("session_id", exchange.session).number("tree_id", exchange.tree);
    what(&exchange.what, &mut smb);
}

fn what(what: &What, smb: &mut Object<'_>) {
    match what {
        What::Nothing => {}
        What::Negotiate(negotiate) => {
            if !negotiate.names.is_empty() || !negotiate.numbers.is_empty() {
                let mut list = smb.array("client_dialects");
                negotiate.names.iter().for_each(|name| list.text(name));
                negotiate.numbers.iter().for_each(|number| list.text(&names::smb2_dialect(*number)));
            }
            if negotiate.client_guid != [0; 16] {
                smb.show("client_guid", Guid(&negotiate.client_guid));
            }
            smb.show("server_guid", Guid(&negotiate.server_guid));
            if negotiate.max_read > 0 {
                smb.number("max_read_size", negotiate.max_read);
            }
            if negotiate.max_write > 0 {
                smb.number("max_write_size", negotiate.max_write);
            }
        }
        What::Setup(setup) => write_setup(setup, smb),
        What::Tree(tree) => {
            smb.text(if tree.is_pipe { "named_pipe" } else { "share" }, &tree.share);
            if let Some((request, response)) = &tree.services {
                let mut service = smb.object("service");
                if !request.is_empty() {
                    service.text("request", request);
                }
                if !response.is_empty() {
                    service.text("response", response);
                }
            }
            if let Some(kind) = tree.kind {
                smb.text("share_type", names::share_type(kind));
            }
        }
        What::Create(create) => {
            smb.text("filename", root_or(&create.name)).text("disposition", names::disposition(create.disposition));
            access(create.delete_on_close, smb);
            smb.number("created", create.created).number("accessed", create.accessed);
            smb.number("modified", create.modified).number("changed", create.changed).number("size", create.size);
            match create.handle {
                Some(handle) => smb.show("fuid", handle),
                None => smb.show("fuid", Guid(&[0; 16])),
            };
        }
        What::File(file) => {
            smb.text("filename", root_or(&file.name));
            if !file.share.is_empty() {
                smb.text("share", &file.share);
            }
            smb.show("fuid", file.handle);
        }
        What::Rename { from, to } => {
            smb.object("rename").text("from", from).text("to", to);
        }
        What::SetInfo(info) => {
            smb.text("filename", root_or(&info.name));
            smb.object("set_info").text("class", info.class).text("info_level", &info.level);
            access(info.delete_on_close, smb);
            if let Some(handle) = info.handle {
                smb.show("fuid", handle);
            }
        }
        What::Function(code) => {
            smb.text("function", &names::function(*code));
        }
        What::Rpc(call) => call.write_inside_smb(smb),
        What::Path(path) => {
            smb.text("filename", root_or(path));
        }
    }
}

/// The share itself is opened by an empty name.
fn root_or(name: &str) -> &str {
    if name.is_empty() { "<share_root>" } else { name }
}

fn access(delete_on_close: bool, smb: &mut Object<'_>) {
    smb.text("access", if delete_on_close { "delete on close" } else { "normal" });
}

fn write_setup(setup: &Setup, smb: &mut Object<'_>) {
    if let Some(ticket) = &setup.ticket {
        let mut kerberos = smb.object("kerberos");
        kerberos.text("realm", &ticket.realm);
        let mut names = kerberos.array("snames");
        ticket.names.iter().for_each(|name| names.text(name));
    }
    if let Some(ntlm) = &setup.ntlm {
        let mut object = smb.object("ntlmssp");
        object.text("domain", &ntlm.domain).text("user", &ntlm.user).text("host", &ntlm.host);
        if let Some(version) = ntlm.version {
            object.show("version", version);
        }
    }
    for (name, native) in [("request", &setup.client), ("response", &setup.server)] {
        if let Some(Native { os, lm }) = native {
            smb.object(name).text("native_os", os).text("native_lm", lm);
        }
    }
}
