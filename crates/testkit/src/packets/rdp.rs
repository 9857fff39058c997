//! The opening of RDP under its own old encryption, and the channel of redirected devices ([MS-RDPBCGR], [MS-RDPEFS]).

use super::der::element;
use super::{Conversation, Over};

const DEVICE_CHANNEL: u16 = 1004;
const USER: u16 = 6;
const FIRST_AND_LAST: u32 = 3;
pub const SMART_CARD: u32 = 0x20;
pub const PRINTER: u32 = 4;

/// What the server is.
#[derive(Clone, Copy)]
pub struct Server {
    /// XP and 2003 tell their version and no more.
    pub before_vista: bool,
    /// Method of RDP's own encryption; nought leaves the channels in the clear.
    pub encryption: u32,
}

fn packet(body: &[u8]) -> Vec<u8> {
    let mut packet = vec![3, 0];
    packet.extend((body.len() as u16 + 4).to_be_bytes());
    packet.extend(body);
    packet
}

fn data(body: &[u8]) -> Vec<u8> {
    packet(&[&[2, 0xf0, 0x80], body].concat())
}

/// A length in the packed encoding rules.
fn packed_length(length: usize) -> Vec<u8> {
    (0x8000 | length as u16).to_be_bytes().to_vec()
}

fn block(kind: u16, content: &[u8]) -> Vec<u8> {
    let mut block = kind.to_le_bytes().to_vec();
    block.extend((content.len() as u16 + 4).to_le_bytes());
    block.extend(content);
    block
}

fn domain_parameters(channels: u8) -> Vec<u8> {
    let numbers = [channels, 2, 0, 1, 0, 1].map(|number| element(&[2], &[number]));
    element(&[0x30], &[numbers.concat(), element(&[2], &[0xff, 0xff]), element(&[2], &[2])].concat())
}

fn client_blocks() -> Vec<u8> {
    let mut core = 0x0008_0004u32.to_le_bytes().to_vec();
    core.extend([0x00, 0x04, 0x00, 0x03, 0x01, 0xca, 0x03, 0xaa]);
    core.extend(0x409u32.to_le_bytes());
    core.extend(2600u32.to_le_bytes());
    let mut name: Vec<u8> = "WORKSTATION".encode_utf16().flat_map(u16::to_le_bytes).collect();
    name.resize(32, 0);
    core.extend(name);
    core.extend([4, 0, 0, 0, 0, 0, 0, 0, 12, 0, 0, 0]);
    core.extend([0; 64]);
    core.extend([0x01, 0xca, 1, 0, 0, 0, 0, 0, 0x18, 0, 7, 0, 1, 0]);
    core.extend([0; 64]);
    let security = [3u32, 0].map(u32::to_le_bytes).concat();
    let mut network = 1u32.to_le_bytes().to_vec();
    network.extend(b"rdpdr\0\0\0");
    network.extend(0x8080_0000u32.to_le_bytes());
    [block(0xc001, &core), block(0xc002, &security), block(0xc003, &network)].concat()
}

fn server_blocks(server: Server) -> Vec<u8> {
    let mut core = 0x0008_0004u32.to_le_bytes().to_vec();
    if !server.before_vista {
        core.extend([0; 8]);
    }
    let level = if server.encryption == 0 { 0 } else { 2 };
    let security = [server.encryption, level].map(u32::to_le_bytes).concat();
    let network = [1003, 1, DEVICE_CHANNEL, 0].map(u16::to_le_bytes).concat();
    [block(0x0c01, &core), block(0x0c02, &security), block(0x0c03, &network)].concat()
}

/// Both sides agree on RDP's own encryption and join the channel of devices.
pub fn open(client_port: u16, server: Server) -> Conversation {
    let mut conversation = Conversation::new(Over::Tcp, client_port, 3389);
    let cookie = b"Cookie: mstshash=user\r\n";
    let asks = [&[6 + cookie.len() as u8, 0xe0, 0, 0, 0, 0, 0], &cookie[..]].concat();
    conversation.client(packet(&asks)).server(packet(&[6, 0xd0, 0, 0, 0x12, 0x34, 0]));
    let blocks = client_blocks();
    let mut user = vec![0, 5, 0, 0x14, 0x7c, 0, 1];
    user.extend(packed_length(blocks.len() + 14));
    user.extend([0, 8, 0, 0x10, 0, 1, 0xc0, 0]);
    user.extend(b"Duca");
    user.extend(packed_length(blocks.len()));
    user.extend(blocks);
    let head = [&[4, 1, 1, 4, 1, 1, 1, 1, 0xff][..], &domain_parameters(34), &domain_parameters(1)].concat();
    let initial = [head, domain_parameters(127), element(&[4], &user)].concat();
    conversation.client(data(&element(&[0x7f, 0x65], &initial)));
    let blocks = server_blocks(server);
    let mut user = vec![0, 5, 0, 0x14, 0x7c, 0, 1];
    user.extend(packed_length(blocks.len() + 10));
    user.extend([0x14, 0x76, 0x0a, 1, 1, 0, 1, 0xc0, 0]);
    user.extend(b"McDn");
    user.extend(packed_length(blocks.len()));
    user.extend(blocks);
    let response = [&[0x0a, 1, 0, 2, 1, 0][..], &domain_parameters(34), &element(&[4], &user)].concat();
    conversation.server(data(&element(&[0x7f, 0x66], &response)));
    conversation.client(data(&[4, 1, 0, 1, 0, 1])).client(data(&[0x28])).server(data(&[0x2e, 0, 0, USER as u8]));
    for channel in [1007, 1003, DEVICE_CHANNEL] {
        let [high, low] = u16::to_be_bytes(channel);
        conversation.client(data(&[0x38, 0, USER as u8, high, low]));
        conversation.server(data(&[0x3e, 0, 0, USER as u8, high, low, high, low]));
    }
    conversation
}

/// A device that the client brings.
pub fn announce(kind: u32, name: &[u8; 8]) -> Vec<u8> {
    let mut announced = vec![0x72, 0x44, 0x41, 0x44, 1, 0, 0, 0];
    announced.extend(kind.to_le_bytes());
    announced.extend(1u32.to_le_bytes());
    announced.extend(name);
    announced.extend([0; 4]);
    chunk(&announced)
}

/// One chunk on the channel of devices, sent by the client.
pub fn chunk(content: &[u8]) -> Vec<u8> {
    let mut chunk = (content.len() as u32).to_le_bytes().to_vec();
    chunk.extend(FIRST_AND_LAST.to_le_bytes());
    chunk.extend(content);
    sent(&chunk)
}

/// Bytes on the channel of devices as they are, such as encrypted ones.
pub fn sent(bytes: &[u8]) -> Vec<u8> {
    let mut body = vec![0x64];
    body.extend([0, USER as u8]);
    body.extend(DEVICE_CHANNEL.to_be_bytes());
    body.push(0x70);
    body.extend(packed_length(bytes.len()));
    body.extend(bytes);
    data(&body)
}
