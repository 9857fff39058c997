//! SIP in EVE JSON.

use super::{Media, Message, Sdp, Start};
use crate::json::Object;

pub fn write(message: &Message, record: &mut Object<'_>) {
    let mut sip = record.object("sip");
    match &message.start {
        Start::Request { method, uri } => {
            sip.bytes("method", method).bytes("uri", uri).bytes("version", &message.version);
            sip.bytes("request_line", &message.line);
        }
        Start::Response { code, reason } => {
            sip.bytes("version", &message.version).bytes("code", code).bytes("reason", reason);
            sip.bytes("response_line", &message.line);
        }
    }
    if let Some(sdp) = &message.sdp {
        description(sdp, &mut sip.object("sdp"));
    }
}

fn description(sdp: &Sdp, out: &mut Object<'_>) {
    if let Some(version) = sdp.version {
        out.number("version", version);
    }
    for (name, value) in [
        ("origin", &sdp.origin),
        ("session_name", &sdp.session_name),
        ("session_info", &sdp.session_info),
        ("uri", &sdp.uri),
        ("email", &sdp.email),
        ("phone_number", &sdp.phone),
        ("connection_data", &sdp.connection),
    ] {
        out.optional(name, value.as_deref());
    }
    list("bandwidths", &sdp.bandwidths, out);
    if !sdp.times.is_empty() {
        let mut times = out.array("time_descriptions");
        for timing in &sdp.times {
            let mut entry = times.object();
            entry.bytes("time", &timing.time).optional("repeat_time", timing.repeat.as_deref());
        }
    }
    out.optional("timezone", sdp.timezone.as_deref()).optional("encryption_key", sdp.key.as_deref());
    list("attributes", &sdp.attributes, out);
    if !sdp.media.is_empty() {
        let mut array = out.array("media_descriptions");
        sdp.media.iter().for_each(|one| media(one, &mut array.object()));
    }
}

fn media(media: &Media, out: &mut Object<'_>) {
    out.bytes("media", &media.media).optional("media_info", media.info.as_deref());
    list("bandwidths", &media.bandwidths, out);
    out.optional("connection_data", media.connection.as_deref()).optional("encryption_key", media.key.as_deref());
    list("attributes", &media.attributes, out);
}

fn list(name: &str, values: &[Vec<u8>], out: &mut Object<'_>) {
    if !values.is_empty() {
        let mut array = out.array(name);
        values.iter().for_each(|value| array.bytes(value));
    }
}
