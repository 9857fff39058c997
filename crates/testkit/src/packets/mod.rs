//! Whole conversations that reach the condition a detector asks for and nothing more, and their nearest legitimate
//! neighbours.
//!
//! No capture of these weapons is public. What is written here is the opening of the protocol, the one message that meets
//! the condition, and the answer; where a weapon would bring code there are filler bytes. `cargo run -p testkit --example
//! packets -- FOLDER` writes each case as a capture.

mod cases;
mod der;
mod frames;
mod http;
mod imap;
mod krb5;
mod rdp;
mod rpc;
mod smb1;
mod smb2;

pub use cases::cases;
pub use frames::{ACK, CLIENT_V4, CLIENT_V6, Cut, Ends, FIN, Order, SERVER_V4, SERVER_V6, SYN, Shape, frames, pcap};

/// Who says something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Client,
    Server,
}

/// What carries a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    Tcp,
    Udp,
}

/// One conversation between the two hosts of a case.
#[derive(Debug, Clone)]
pub struct Conversation {
    pub over: Over,
    pub client_port: u16,
    pub server_port: u16,
    /// Messages in the order they are sent.
    pub said: Vec<(Who, Vec<u8>)>,
    /// The first message without which the condition cannot be known any more.
    pub needed_from: usize,
}

impl Conversation {
    pub fn new(over: Over, client_port: u16, server_port: u16) -> Conversation {
        Conversation { over, client_port, server_port, said: Vec::new(), needed_from: 0 }
    }

    pub fn client(&mut self, message: impl Into<Vec<u8>>) -> &mut Self {
        self.said.push((Who::Client, message.into()));
        self
    }

    pub fn server(&mut self, message: impl Into<Vec<u8>>) -> &mut Self {
        self.said.push((Who::Server, message.into()));
        self
    }

    /// What was said until now is not needed to know the condition.
    pub fn from_here(&mut self) -> &mut Self {
        self.needed_from = self.said.len();
        self
    }
}

/// Conversations with what is to be found in them.
#[derive(Debug, Clone)]
pub struct Case {
    /// The weapon whose condition is met, or, for a neighbour, nearly met.
    pub weapon: &'static str,
    /// What tells the case from others of its weapon.
    pub name: &'static str,
    /// The signs that hold, with `true` for one of success; none for a neighbour.
    pub signs: Vec<(&'static str, bool)>,
    pub conversations: Vec<Conversation>,
}

impl Case {
    /// The name of its file.
    pub fn file_name(&self) -> String {
        let kind = if self.signs.is_empty() { "neighbour" } else { "condition" };
        format!("{}-{kind}-{}.pcap", self.weapon, self.name)
    }
}

/// Filler where a weapon would bring something of its own.
fn filler(length: usize) -> Vec<u8> {
    vec![b'A'; length]
}
