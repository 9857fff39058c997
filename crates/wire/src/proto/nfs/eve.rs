//! NFS in EVE JSON, with the remote call that carried it.

use super::events::{Exchange, Told};
use super::names;
use crate::json::Object;

pub fn write(told: &Told<'_>, record: &mut Object<'_>, transaction: u64) {
    write_rpc(told.0, record);
    write_nfs(told.0, record, transaction);
}

fn write_rpc(exchange: &Exchange, record: &mut Object<'_>) {
    let mut rpc = record.object("rpc");
    rpc.number("xid", exchange.xid);
    if let Some(accepted) = exchange.accepted {
        rpc.text("status", if accepted { "ACCEPTED" } else { "DENIED" });
    }
    rpc.show("auth_type", names::auth(exchange.auth.flavor));
    if let Some(unix) = &exchange.auth.unix {
        let mut creds = rpc.object("creds");
        creds.bytes("machine_name", &unix.machine).number("uid", unix.uid).number("gid", unix.gid);
    }
}

fn write_nfs(exchange: &Exchange, record: &mut Object<'_>, transaction: u64) {
    let mut nfs = record.object("nfs");
    nfs.number("version", exchange.version);
    nfs.show("procedure", names::procedure(exchange.version, exchange.procedure));
    nfs.bytes("filename", &exchange.name);
    if !exchange.handle.is_empty() {
        nfs.show("hhash", format_args!("{:x}", checksum(&exchange.handle)));
    }
    nfs.number("id", transaction).flag("file_tx", exchange.transferred.is_some());
    nfs.text("type", if exchange.accepted.is_some() { "response" } else { "request" });
    if let Some(status) = exchange.status {
        nfs.show("status", names::status(status));
    }
    if let Some(to) = &exchange.renamed_to {
        nfs.object("rename").bytes("from", &exchange.name).bytes("to", to);
    }
    if let Some(transferred) = exchange.transferred {
        let mut file = nfs.object(if transferred.is_write { "write" } else { "read" });
        // The event tells of the whole transfer, so its first piece is in it.
        file.flag("first", true).flag("last", transferred.last);
        file.number("last_xid", transferred.last_xid).number("chunks", transferred.chunks);
    }
}

/// CRC-32 (ISO 3309): a handle's short name in records.
fn checksum(data: &[u8]) -> u32 {
    !data.iter().fold(!0u32, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 })
    })
}
