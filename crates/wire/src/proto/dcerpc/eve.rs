//! RPC in EVE JSON: by itself, and inside a record of SMB.

use super::events::{Call, Uuid};
use super::records::{kind, kind_name};
use crate::json::Object;

pub fn write(call: &Call, record: &mut Object<'_>) {
    let mut rpc = record.object("dcerpc");
    match call.request {
        Some(request) => {
            rpc.text("request", kind_name(request));
            if request == kind::REQUEST {
                let mut body = rpc.object("req");
                body.number("opnum", call.operation);
                body.number("frag_cnt", call.request_fragments).number("stub_data_size", call.request_bytes);
            }
        }
        None => {
            rpc.text("request", "REQUEST_LOST");
        }
    }
    // Over TCP other tools count the eight bytes in front of the parameters of an answer.
    let counted = if call.datagram.is_some() { 0 } else { 8 * u64::from(call.response_fragments) };
    answer(call, counted, &mut rpc);
    interfaces(call, &mut rpc, true);
    match &call.datagram {
        Some(datagram) => {
            rpc.show("activityuuid", Uuid(&datagram.activity)).number("seqnum", datagram.sequence);
            rpc.text("rpc_version", "4.0");
        }
        None => {
            rpc.number("call_id", call.id).show("rpc_version", format_args!("5.{}", call.minor));
        }
    }
}

impl Call {
    pub fn write_inside_smb(&self, smb: &mut Object<'_>) {
        let mut rpc = smb.object("dcerpc");
        match self.request {
            Some(request) => {
                rpc.text("request", kind_name(request));
                if request == kind::REQUEST {
                    rpc.number("opnum", self.operation);
                    let mut body = rpc.object("req");
                    body.number("frag_cnt", self.request_fragments).number("stub_data_size", self.request_bytes);
                }
            }
            None => {
                rpc.text("request", "REQUEST_LOST");
            }
        }
        answer(self, 0, &mut rpc);
        interfaces(self, &mut rpc, false);
        rpc.number("call_id", self.id);
    }
}

fn answer(call: &Call, counted: u64, rpc: &mut Object<'_>) {
    match call.response {
        Some(response) => {
            rpc.text("response", kind_name(response));
            if response == kind::RESPONSE {
                let mut body = rpc.object("res");
                body.number("frag_cnt", call.response_fragments)
                    .number("stub_data_size", call.response_bytes + counted);
            }
        }
        None => {
            rpc.text("response", "UNREPLIED");
        }
    }
}

fn interfaces(call: &Call, rpc: &mut Object<'_>, of_calls: bool) {
    if call.bound.is_empty() {
        if let (true, Some(syntax)) = (of_calls, call.interface) {
            let mut list = rpc.array("interfaces");
            let mut entry = list.object();
            entry.show("uuid", syntax).show("version", format_args!("{}.{}", syntax.major, syntax.minor));
        }
        return;
    }
    let mut list = rpc.array("interfaces");
    for bound in &call.bound {
        let mut entry = list.object();
        entry.show("uuid", bound.syntax);
        entry.show("version", format_args!("{}.{}", bound.syntax.major, bound.syntax.minor));
        if let Some((result, reason)) = bound.answer {
            entry.number("ack_result", result).number("ack_reason", reason);
        }
    }
}
