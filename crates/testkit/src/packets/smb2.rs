//! SMB 2 ([MS-SMB2]): the opening of a conversation up to a pipe, calls over that, and answers that come later.

use super::{Conversation, Over};

const ANSWER: u32 = 1;
const ASYNC: u32 = 2;
const SESSION: u64 = 0x0000_0400_0000_0001;
const TREE: u32 = 1;
const FILE: [u8; 16] = [0x11; 16];
const BODY_AT: u16 = 64;
const PIPE_TRANSCEIVE: u32 = 0x0011_c017;
pub const PENDING: u32 = 0x0000_0103;

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Numbers of two, four and eight bytes in a row.
#[derive(Default)]
struct Fields(Vec<u8>);

impl Fields {
    fn u16(mut self, values: &[u16]) -> Self {
        self.0.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        self
    }

    fn u32(mut self, values: &[u32]) -> Self {
        self.0.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        self
    }

    fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }
}

/// A conversation with a pipe open at its end.
pub struct Pipe {
    pub conversation: Conversation,
    message: u64,
}

impl Pipe {
    pub fn open(client_port: u16, name: &str) -> Pipe {
        let mut pipe = Pipe { conversation: Conversation::new(Over::Tcp, client_port, 445), message: 0 };
        pipe.negotiate();
        pipe.set_up();
        pipe.connect();
        pipe.create(name);
        pipe
    }

    fn framed(&self, command: u16, status: u32, flags: u32, body: Fields) -> Vec<u8> {
        let mut out = b"\xfeSMB\x40\0\0\0".to_vec();
        out.extend(status.to_le_bytes());
        out.extend(command.to_le_bytes());
        out.extend([31, 0]);
        out.extend(flags.to_le_bytes());
        out.extend([0; 4]);
        out.extend(self.message.to_le_bytes());
        // The place of the process id becomes that of a wide number when an answer comes later.
        let place = if flags & ASYNC != 0 { 0x0000_00c7_0000_0008 } else { u64::from(TREE) << 32 | 0xfeff };
        out.extend(place.to_le_bytes());
        out.extend(SESSION.to_le_bytes());
        out.extend([0; 16]);
        out.extend(body.0);
        [&(out.len() as u32).to_be_bytes()[..], &out].concat()
    }

    fn exchange(&mut self, command: u16, asks: Fields, answer: Fields) {
        self.message += 1;
        let (asks, answer) = (self.framed(command, 0, 0, asks), self.framed(command, 0, ANSWER, answer));
        self.conversation.client(asks).server(answer);
    }

    fn negotiate(&mut self) {
        let asks =
            Fields::default().u16(&[36, 2, 1, 0]).u32(&[0]).bytes(&[7; 16]).bytes(&[0; 8]).u16(&[0x0202, 0x0210]);
        let answer = Fields::default().u16(&[65, 1, 0x0210, 0]).bytes(&[9; 16]).u32(&[1, 65536, 65536, 65536]);
        self.exchange(0, asks, answer.bytes(&[0; 16]).u16(&[BODY_AT + 64, 0]).u32(&[0]));
    }

    fn set_up(&mut self) {
        let token = b"NTLMSSP\0\x01\0\0\0\x07\x82\x08\xa2";
        let asks = Fields::default().u16(&[25]).bytes(&[0, 1]).u32(&[1, 0]).u16(&[BODY_AT + 24, token.len() as u16]);
        self.exchange(1, asks.bytes(&[0; 8]).bytes(token), Fields::default().u16(&[9, 0, BODY_AT + 8, 0]));
    }

    fn connect(&mut self) {
        let path = wide("\\\\10.77.0.9\\IPC$");
        let asks = Fields::default().u16(&[9, 0, BODY_AT + 8, path.len() as u16]).bytes(&path);
        self.exchange(3, asks, Fields::default().u16(&[16]).bytes(&[2, 0]).u32(&[0x30, 0, 0x001f_01ff]));
    }

    fn create(&mut self, name: &str) {
        let name = wide(name);
        let asks = Fields::default().u16(&[57]).bytes(&[0, 0]).u32(&[2, 0, 0, 0, 0, 0x0012_019f, 0, 7, 1, 0x40]);
        let asks = asks.u16(&[BODY_AT + 56, name.len() as u16]).u32(&[0, 0]).bytes(&name);
        let answer = Fields::default().u16(&[89]).bytes(&[0, 0]).u32(&[1]).bytes(&[0; 32]).bytes(&[0; 16]);
        self.exchange(5, asks, answer.u32(&[0x80, 0]).bytes(&FILE).u32(&[0, 0]));
    }

    /// Writes to the pipe and reads its answer in one exchange.
    pub fn transact(&mut self, asks: &[u8], answer: &[u8]) {
        let at = u32::from(BODY_AT) + 56;
        let fields = Fields::default().u16(&[57, 0]).u32(&[PIPE_TRANSCEIVE]).bytes(&FILE);
        let fields = fields.u32(&[at, asks.len() as u32, 0, at, 0, 4280, 1, 0]).bytes(asks);
        let at = u32::from(BODY_AT) + 48;
        let told = Fields::default().u16(&[49, 0]).u32(&[PIPE_TRANSCEIVE]).bytes(&FILE);
        self.exchange(11, fields, told.u32(&[at, 0, at, answer.len() as u32, 0, 0]).bytes(answer));
    }

    /// Asks to be told of changes; the server says that this will take a while, then tells.
    pub fn notify_later(&mut self) {
        self.message += 1;
        let asks = Fields::default().u16(&[32, 0]).u32(&[4096]).bytes(&FILE).u32(&[0x17, 0]);
        let asks = self.framed(15, 0, 0, asks);
        let pending = Fields::default().u16(&[9, 0]).u32(&[0]).bytes(&[0]);
        let pending = self.framed(15, PENDING, ANSWER | ASYNC, pending);
        let told = self.framed(15, 0, ANSWER | ASYNC, Fields::default().u16(&[9, BODY_AT + 8]).u32(&[0]));
        self.conversation.client(asks).server(pending).server(told);
    }
}
