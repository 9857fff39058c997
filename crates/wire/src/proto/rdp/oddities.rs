//! The conditions of smart card redirection on servers without checks: a client under RDP's own old encryption that
//! brings devices of its own, above all a smart card, and what it sends over their channel.

use super::{ClientData, ServerData};
use crate::session::{Mark, Side, Sink};

/// A chunk of a channel holds 1600 bytes (MS-RDPBCGR, section 2.2.6.1); encryption and heads add to that.
const CHUNK_BYTES_MAX: usize = 1600 + 32;
const DEVICE_CHANNEL: &[u8] = b"rdpdr";
/// The head of an announced smart card (MS-RDPEFS, section 2.2.1.3): its kind, and after an id its name.
const SMART_CARD: u32 = 0x20;

/// What is watched on the channel of redirected devices.
#[derive(Default)]
pub struct Devices {
    channel: Option<u16>,
    readable: bool,
    told_overlong: bool,
    told_card: bool,
}

impl Devices {
    /// Both sides have said what they want: tells which old conditions hold.
    pub fn agreed(client: Option<&ClientData>, server: &ServerData, legacy: bool, sink: &mut dyn Sink) -> Devices {
        let (method, level) = server.encryption.unwrap_or_default();
        let mut devices = Devices { readable: method == 0, ..Devices::default() };
        if !legacy {
            return devices;
        }
        sink.mark(Mark::new("rdp.legacy-encryption", Side::Responder).with(format!("method {method} level {level}")));
        // From Vista on, servers repeat here what the client had asked for.
        if server.core_bytes == 4 {
            sink.mark(Mark::new("rdp.server-before-vista", Side::Responder));
        }
        let Some(client) = client else { return devices };
        let at = client.channels.iter().position(|name| name.eq_ignore_ascii_case(DEVICE_CHANNEL));
        if let Some(at) = at {
            let detail = format!("client {:?} build {} channels {}", client.name, client.build, client.channel_names());
            sink.mark(Mark::new("rdp.device-redirection-legacy", Side::Originator).with(detail));
            devices.channel = server.channels.get(at).copied();
        }
        devices
    }

    /// Data of a side on a channel.
    pub fn data(&mut self, side: Side, channel: u16, data: &[u8], sink: &mut dyn Sink) {
        if self.channel != Some(channel) || side != Side::Originator {
            return;
        }
        if data.len() > CHUNK_BYTES_MAX && !self.told_overlong {
            self.told_overlong = true;
            sink.mark(Mark::new("rdp.device-chunk-overlong", side).with(data.len()));
        }
        if self.readable && !self.told_card && announces_card(data) {
            self.told_card = true;
            sink.mark(Mark::new("rdp.smartcard-announced-legacy", side).with("SCARD"));
        }
    }
}

fn announces_card(data: &[u8]) -> bool {
    memchr::memmem::find_iter(data, b"SCARD\0").any(|at| {
        let head = at.checked_sub(8).and_then(|start| data.get(start..)).and_then(|head| head.first_chunk::<4>());
        head.is_some_and(|kind| u32::from_le_bytes(*kind) == SMART_CARD)
    })
}
