//! Transfers of FTP in EVE JSON.

use super::Transfer;
use crate::json::Object;

pub fn write(transfer: &Transfer, record: &mut Object<'_>) {
    let mut data = record.object("ftp_data");
    if !transfer.name.is_empty() {
        data.bytes("filename", &transfer.name);
    }
    data.bytes("command", &transfer.command);
}
