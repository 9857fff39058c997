//! RFB in EVE JSON.

use super::Session;
use crate::json::Object;

pub fn write(session: &Session, record: &mut Object<'_>) {
    let mut rfb = record.object("rfb");
    for (key, version) in
        [("server_protocol_version", session.server_version), ("client_protocol_version", session.client_version)]
    {
        if let Some((major, minor)) = version {
            let mut object = rfb.object(key);
            object.show("major", format_args!("{major:03}")).show("minor", format_args!("{minor:03}"));
        }
    }
    if let Some(security) = session.security {
        let mut authentication = rfb.object("authentication");
        authentication.number("security_type", security);
        if security == 2 && !session.challenge.is_empty() {
            let mut vnc = authentication.object("vnc");
            vnc.hex("challenge", &session.challenge).hex("response", &session.response);
        }
        if let Some(result) = session.result_name() {
            authentication.text("security_result", result);
        }
    }
    if !session.refusal.is_empty() {
        rfb.bytes("server_security_failure_reason", &session.refusal);
    }
    if let Some(shared) = session.shared {
        rfb.flag("screen_shared", shared);
    }
    if let Some(screen) = &session.screen {
        let mut framebuffer = rfb.object("framebuffer");
        framebuffer.number("width", screen.width).number("height", screen.height).bytes("name", &screen.name);
        let mut format = framebuffer.object("pixel_format");
        format.number("bits_per_pixel", screen.bits).number("depth", screen.depth);
        format.flag("big_endian", screen.big_endian).flag("true_color", screen.true_color);
        let [red, green, blue] = screen.max;
        format.number("red_max", red).number("green_max", green).number("blue_max", blue);
        let [red, green, blue] = screen.shift;
        format.number("red_shift", red).number("green_shift", green).number("blue_shift", blue);
    }
}
