//! Lines of IMAP (RFC 3501).

use super::{Conversation, Over};

/// A conversation that was greeted.
pub fn open(client_port: u16) -> Conversation {
    let mut conversation = Conversation::new(Over::Tcp, client_port, 143);
    conversation.server("* OK IMAP4rev1 server ready\r\n").client("a1 CAPABILITY\r\n");
    conversation.server("* CAPABILITY IMAP4rev1 LITERAL+ AUTH=CRAM-MD5\r\na1 OK CAPABILITY completed\r\n");
    conversation
}

/// The same, with an account logged in.
pub fn logged_in(client_port: u16) -> Conversation {
    let mut conversation = open(client_port);
    conversation.client("a2 LOGIN user password\r\n").server("a2 OK LOGIN completed\r\n").from_here();
    conversation
}

/// A command that ends in a literal, which the server asks for.
pub fn literal(conversation: &mut Conversation, command: &str, content: &[u8]) {
    conversation.client(format!("{command} {{{}}}\r\n", content.len())).server("+ go ahead\r\n");
    conversation.client([content, b"\r\n"].concat());
}

pub fn base64(data: &[u8]) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Vec::new();
    for group in data.chunks(3) {
        let bits = group.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        let letters = [18, 12, 6, 0].map(|shift| ALPHABET[(bits >> shift & 63) as usize]);
        out.extend(letters.iter().take(group.len() + 1));
        out.extend(vec![b'='; 3 - group.len()]);
    }
    out
}
