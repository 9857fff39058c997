//! SMB 1 ([MS-CIFS], [MS-SMB]): the opening of a conversation up to a pipe, and what is said over that.

use super::{Conversation, Over, filler};

const ANSWER: u8 = 0x80;
/// Unicode, status codes of NT, long names.
const FLAGS2: u16 = 0xc001;
const TREE: u16 = 0x0800;
const SESSION: u16 = 0x0801;
pub const FILE: u16 = 0x4000;
/// Where the bytes of a message begin that has so many words.
const fn bytes_at(words: usize) -> usize {
    32 + 1 + 2 * words + 2
}

/// One message with its frame.
pub struct Message<'a> {
    pub command: u8,
    pub status: u32,
    pub is_answer: bool,
    pub process_high: u16,
    pub tree: u16,
    pub session: u16,
    pub multiplex: u16,
    pub words: &'a [u8],
    pub bytes: &'a [u8],
}

impl Message<'_> {
    pub fn framed(&self) -> Vec<u8> {
        let mut out = vec![0xff, b'S', b'M', b'B', self.command];
        out.extend(self.status.to_le_bytes());
        out.push(if self.is_answer { ANSWER | 0x18 } else { 0x18 });
        out.extend(FLAGS2.to_le_bytes());
        out.extend(self.process_high.to_le_bytes());
        out.extend([0; 10]);
        for number in [self.tree, 0xfeff, self.session, self.multiplex] {
            out.extend(number.to_le_bytes());
        }
        out.push((self.words.len() / 2) as u8);
        out.extend(self.words);
        out.extend((self.bytes.len() as u16).to_le_bytes());
        out.extend(self.bytes);
        [&(out.len() as u32).to_be_bytes()[..], &out].concat()
    }
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

/// The request that opens everything: which dialects are offered.
pub fn negotiate(process_high: u16, dialects: &[&str]) -> Vec<u8> {
    let bytes: Vec<u8> = dialects.iter().flat_map(|name| [b"\x02", name.as_bytes(), b"\0"].concat()).collect();
    let message = Message {
        command: 0x72,
        status: 0,
        is_answer: false,
        process_high,
        tree: 0xffff,
        session: 0,
        multiplex: 0,
        words: &[],
        bytes: &bytes,
    };
    message.framed()
}

/// The server takes the dialect of that place in the list: NT LM 0.12 without extended security.
pub fn negotiated(place: u16) -> Vec<u8> {
    let mut words = place.to_le_bytes().to_vec();
    words.push(3);
    words.extend([50, 0, 1, 0]);
    for number in [16644u32, 65536, 0, 0x0000_e3fd] {
        words.extend(number.to_le_bytes());
    }
    words.extend([0; 10]);
    words.push(0);
    let bytes = [wide("WORKGROUP"), wide("SERVER")].concat();
    let message = Message {
        command: 0x72,
        status: 0,
        is_answer: true,
        process_high: 0,
        tree: 0xffff,
        session: 0,
        multiplex: 0,
        words: &words,
        bytes: &bytes,
    };
    message.framed()
}

/// A conversation with a pipe open at its end.
pub struct Pipe {
    pub conversation: Conversation,
    multiplex: u16,
}

impl Pipe {
    /// Negotiates, sets up an anonymous session, connects to `IPC$` and opens a pipe.
    pub fn open(client_port: u16, name: &str) -> Pipe {
        let mut pipe = Pipe { conversation: Conversation::new(Over::Tcp, client_port, 445), multiplex: 0 };
        pipe.conversation.client(negotiate(0, &["PC NETWORK PROGRAM 1.0", "LANMAN1.0", "NT LM 0.12"]));
        pipe.conversation.server(negotiated(2));
        pipe.set_up();
        pipe.connect();
        pipe.create(name);
        pipe
    }

    fn next(&mut self) -> u16 {
        self.multiplex += 64;
        self.multiplex
    }

    fn message<'a>(&self, command: u8, is_answer: bool, words: &'a [u8], bytes: &'a [u8]) -> Message<'a> {
        let (status, process_high, multiplex) = (0, 0, self.multiplex);
        Message { command, status, is_answer, process_high, tree: TREE, session: SESSION, multiplex, words, bytes }
    }

    fn set_up(&mut self) {
        self.next();
        let mut words = vec![0xff, 0, 0, 0];
        words.extend([0x04, 0x41, 50, 0, 0, 0]);
        words.extend([0; 4]);
        words.extend([1, 0, 0, 0, 0, 0, 0, 0]);
        words.extend(0xd4u32.to_le_bytes());
        let bytes = [vec![0], wide(""), wide(""), wide("Windows 2000 2195"), wide("Windows 2000 5.0")].concat();
        let asks = Message { session: 0, tree: 0xffff, ..self.message(0x73, false, &words, &bytes) }.framed();
        let bytes = [vec![0], wide("Windows 5.1"), wide("Windows 2000 LAN Manager"), wide("WORKGROUP")].concat();
        let answer = Message { tree: 0xffff, ..self.message(0x73, true, &[0xff, 0, 0, 0, 0, 0], &bytes) }.framed();
        self.conversation.client(asks).server(answer);
    }

    fn connect(&mut self) {
        self.next();
        let bytes = [vec![0], wide("\\\\10.77.0.9\\IPC$"), b"?????\0".to_vec()].concat();
        let words = [0xff, 0, 0, 0, 0, 0, 1, 0];
        let asks = Message { tree: 0xffff, ..self.message(0x75, false, &words, &bytes) }.framed();
        let answer = self.message(0x75, true, &[0xff, 0, 0, 0, 1, 0], b"IPC\0\0\0").framed();
        self.conversation.client(asks).server(answer);
    }

    fn create(&mut self, name: &str) {
        self.next();
        let name = wide(name);
        let mut words = vec![0xff, 0, 0, 0, 0];
        words.extend((name.len() as u16 - 2).to_le_bytes());
        for number in [0x16u32, 0, 0x0002_019f, 0, 0, 0, 7, 1, 0x40, 2] {
            words.extend(number.to_le_bytes());
        }
        words.push(3);
        let asks = self.message(0xa2, false, &words, &[vec![0], name].concat()).framed();
        let mut words = vec![0xff, 0, 0, 0, 0];
        words.extend(FILE.to_le_bytes());
        words.extend(1u32.to_le_bytes());
        words.extend([0; 32]);
        words.extend(0x80u32.to_le_bytes());
        words.extend([0; 16]);
        words.extend([2, 0, 0xff, 5, 0]);
        let answer = self.message(0xa2, true, &words, &[]).framed();
        self.conversation.client(asks).server(answer);
    }

    /// Writes to the pipe and reads its answer in one transaction.
    pub fn transact(&mut self, asks: &[u8], answer: Option<&[u8]>) -> &mut Self {
        self.next();
        let at = bytes_at(16) + 1 + 14 + 2;
        let words = transaction_words(asks.len(), asks.len(), at, [0x26, FILE]);
        let bytes = [vec![0], wide("\\PIPE\\"), vec![0; 2], asks.to_vec()].concat();
        let asks = self.message(0x25, false, &words, &bytes).framed();
        self.conversation.client(asks);
        if let Some(answer) = answer {
            let at = bytes_at(10) + 1;
            let length = answer.len() as u16;
            let mut words = Vec::new();
            for number in [0, length, 0, 0, at as u16, 0, length, at as u16, 0, 0] {
                words.extend(u16::to_le_bytes(number));
            }
            let answer = self.message(0x25, true, &words, &[&[0], answer].concat()).framed();
            self.conversation.server(answer);
        }
        self
    }

    /// Begins a transaction of `total` bytes by `length` bytes of filler; gives its multiplex id.
    pub fn begin_transaction(&mut self, total: usize, length: usize) -> u16 {
        let multiplex = self.next();
        let at = bytes_at(16) + 1 + 14 + 2;
        let words = transaction_words(total, length, at, [0x26, FILE]);
        let bytes = [vec![0], wide("\\PIPE\\"), vec![0; 2], filler(length)].concat();
        let asks = self.message(0x25, false, &words, &bytes).framed();
        let interim = self.message(0x25, true, &[], &[]).framed();
        self.conversation.client(asks).server(interim);
        multiplex
    }

    /// Continues a transaction, to its end.
    pub fn continue_transaction(&mut self, multiplex: u16, total: usize, from: usize) {
        let length = (total - from) as u16;
        let at = bytes_at(8) as u16;
        let mut words = Vec::new();
        for number in [0, total as u16, 0, at, 0, length, at, from as u16] {
            words.extend(u16::to_le_bytes(number));
        }
        let bytes = filler(total - from);
        let asks = Message { multiplex, ..self.message(0x26, false, &words, &bytes) }.framed();
        self.conversation.client(asks);
    }

    /// Writes filler to a file; the server takes it.
    pub fn write(&mut self, file: u16, length: usize) {
        self.write_bytes(file, &filler(length));
    }

    /// Writes to a file.
    pub fn write_bytes(&mut self, file: u16, content: &[u8]) {
        let length = content.len();
        self.next();
        let at = bytes_at(14) + 1;
        let mut words = vec![0xff, 0, 0, 0];
        words.extend(file.to_le_bytes());
        words.extend([0; 8]);
        for number in [8, length as u16, 0, length as u16, at as u16, 0, 0] {
            words.extend(u16::to_le_bytes(number));
        }
        let asks = self.message(0x2f, false, &words, &[&[0], content].concat()).framed();
        let mut words = vec![0xff, 0, 0, 0];
        words.extend((length as u16).to_le_bytes());
        words.extend([0xff, 0xff, 0, 0, 0, 0]);
        let answer = self.message(0x2f, true, &words, &[]).framed();
        self.conversation.client(asks).server(answer);
    }

    /// Reads from a file what the server has to say.
    pub fn read(&mut self, file: u16, content: &[u8]) {
        self.next();
        let mut words = vec![0xff, 0, 0, 0];
        words.extend(file.to_le_bytes());
        words.extend([0, 0, 0, 0, 0, 0x10, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0]);
        let asks = self.message(0x2e, false, &words, &[]).framed();
        let at = bytes_at(12) + 1;
        let mut words = vec![0xff, 0, 0, 0];
        for number in [0xffff, 0, 0, content.len() as u16, at as u16, 0, 0, 0, 0, 0] {
            words.extend(u16::to_le_bytes(number));
        }
        let answer = self.message(0x2e, true, &words, &[&[0], content].concat()).framed();
        self.conversation.client(asks).server(answer);
    }

    /// A transaction of NT with a function, and its answer.
    pub fn nt_transact(&mut self, function: u16, length: usize) {
        self.next();
        let at = bytes_at(19) + 1;
        let mut words = vec![0, 0, 0];
        for number in [0, length, 0, 4096, 0, at, length, at] {
            words.extend((number as u32).to_le_bytes());
        }
        words.push(0);
        words.extend(function.to_le_bytes());
        let asks = self.message(0xa0, false, &words, &[vec![0], filler(length)].concat()).framed();
        let refused = Message { status: 0xc000_0002, ..self.message(0xa0, true, &[], &[]) }.framed();
        self.conversation.client(asks).server(refused);
    }
}

fn transaction_words(total: usize, length: usize, at: usize, setup: [u16; 2]) -> Vec<u8> {
    let mut words = Vec::new();
    for number in [0, total as u16, 0, 4096] {
        words.extend(u16::to_le_bytes(number));
    }
    words.extend([0; 10]);
    for number in [0, at as u16, length as u16, at as u16] {
        words.extend(u16::to_le_bytes(number));
    }
    words.extend([2, 0]);
    words.extend(setup.into_iter().flat_map(u16::to_le_bytes));
    words
}
