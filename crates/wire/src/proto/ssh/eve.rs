//! SSH in EVE JSON.

use super::{Peer, Session};
use crate::json::Object;
use crate::proto::tls::hello::md5_hex;

pub fn write(session: &Session, record: &mut Object<'_>) {
    let mut ssh = record.object("ssh");
    for (name, peer, by_client) in [("client", &session.client, true), ("server", &session.server, false)] {
        if peer.is_known() {
            write_peer(peer, by_client, &mut ssh.object(name));
        }
    }
}

fn write_peer(peer: &Peer, by_client: bool, object: &mut Object<'_>) {
    object.bytes("proto_version", &peer.version);
    if !peer.software.is_empty() {
        object.bytes("software_version", &peer.software);
    }
    if let Some(offer) = &peer.offer {
        let text = offer.hassh(by_client);
        object.object("hassh").text("hash", &md5_hex(&text)).text("string", &text);
    }
}
