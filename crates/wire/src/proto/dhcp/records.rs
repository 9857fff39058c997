//! Messages and their options.

use super::Message;
use crate::bytes::Bytes;
use std::net::Ipv4Addr;

/// Bytes before the options.
pub const FIXED_BYTES: usize = 236;
pub const MAGIC: [u8; 4] = [99, 130, 83, 99];
/// Options of one message that are read.
const OPTIONS_MAX: usize = 512;

/// Reads a message; options that break off give what stood before.
pub fn message(data: &[u8]) -> Option<Message> {
    let mut bytes = Bytes::new(data);
    let (operation, hardware, length, _hops) = (bytes.u8()?, bytes.u8()?, bytes.u8()?, bytes.u8()?);
    let id = bytes.u32_be()?;
    bytes.skip(4)?;
    let mut address = || bytes.array::<4>().map(Ipv4Addr::from);
    let [client, assigned, next_server, relay] = [address()?, address()?, address()?, address()?];
    let hardware_address = bytes.take(16)?.get(..usize::from(length.min(16)))?.to_vec();
    bytes.skip(64 + 128)?;
    let mut message = Message {
        is_reply: operation == 2,
        hardware,
        id,
        client,
        assigned,
        next_server,
        relay,
        hardware_address,
        ..Message::default()
    };
    message.broken = bytes.array::<4>()? != MAGIC || message.options(&mut bytes).is_none();
    Some(message)
}

impl Message {
    /// Reads the options; `None` when they break off.
    fn options(&mut self, bytes: &mut Bytes<'_>) -> Option<()> {
        for _ in 0..OPTIONS_MAX {
            let code = bytes.u8()?;
            match code {
                0 => continue,
                255 => return Some(()),
                _ => {}
            }
            let length = bytes.u8()?;
            let value = bytes.take(length.into())?;
            self.option(code, value);
        }
        None
    }

    fn option(&mut self, code: u8, value: &[u8]) {
        let number = || value.first_chunk::<4>().map(|value| u32::from_be_bytes(*value));
        let address = || value.first_chunk::<4>().map(|value| Ipv4Addr::from(*value));
        match code {
            1 => self.subnet = address(),
            3 => self.routers = addresses(value),
            6 => self.name_servers = addresses(value),
            12 => self.host_name = Some(value.to_vec()),
            15 => self.domain = Some(value.to_vec()),
            50 => self.requested = address(),
            51 => self.lease = number(),
            53 => self.kind = value.first().copied(),
            54 => self.server = address(),
            55 => self.parameters = value.to_vec(),
            58 => self.renewal = number(),
            59 => self.rebinding = number(),
            60 => self.vendor_class = Some(value.to_vec()),
            61 => self.client_id = Some(value.to_vec()),
            81 => self.full_name = value.get(3..).map(<[u8]>::to_vec),
            _ => {}
        }
    }
}

fn addresses(value: &[u8]) -> Vec<Ipv4Addr> {
    let (addresses, _) = value.as_chunks::<4>();
    addresses.iter().map(|address| Ipv4Addr::from(*address)).collect()
}
