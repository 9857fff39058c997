//! Transactions of SMB1: three kinds of them, each begun by one message and continued by others ([MS-CIFS] 2.2.4.33,
//! 2.2.4.46, 2.2.4.62). Servers keep state between those messages; what weapons do to it shows here.

use super::records::{Block, Header};
use crate::proto::smb::events::Status;
use crate::proto::smb::memory::Memory;
use crate::session::{Mark, Side, Sink};
use std::collections::VecDeque;

/// Transactions remembered of a conversation.
const OPEN_MAX: usize = 512;
/// Requests of the subcommand that nothing implements, remembered for their answers.
const PROBES_MAX: usize = 64;
/// Bytes of a transaction's data that are kept while it is not whole.
const DATA_MAX: usize = 1 << 16;

pub const SESSION_SETUP: u16 = 0x0e;
const TRANS2_SUBCOMMANDS: u16 = 0x11;
const NT_RENAME: u16 = 5;
const NOT_IMPLEMENTED: u32 = 0xc000_0002;
/// Marks remembered so that they are told once.
const TOLD_MAX: usize = 256;
pub const PEEK_PIPE: u16 = 0x23;
pub const TRANSACT_PIPE: u16 = 0x26;

/// The kinds of transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Trans,
    Trans2,
    NtTrans,
}

impl Kind {
    /// The kind that a command begins.
    pub fn begun_by(command: u8) -> Option<Kind> {
        match command {
            0x25 => Some(Kind::Trans),
            0x32 => Some(Kind::Trans2),
            0xa0 => Some(Kind::NtTrans),
            _ => None,
        }
    }

    /// The kind that a command continues.
    pub fn continued_by(command: u8) -> Option<Kind> {
        match command {
            0x26 => Some(Kind::Trans),
            0x33 => Some(Kind::Trans2),
            0xa1 => Some(Kind::NtTrans),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Kind::Trans => "trans",
            Kind::Trans2 => "trans2",
            Kind::NtTrans => "nt-trans",
        }
    }
}

/// The numbers of a message of a transaction.
#[derive(Debug, Clone, Copy, Default)]
pub struct Numbers {
    pub total_parameters: u32,
    pub total_data: u32,
    /// The most data that the client takes.
    pub max_data: u32,
    pub parameters: u32,
    pub parameters_at: u32,
    pub parameters_displacement: u32,
    pub data: u32,
    pub data_at: u32,
    pub data_displacement: u32,
    pub timeout: u32,
    pub setup_words: u8,
    pub subcommand: u16,
    /// The second word of the setup: in pipe transactions the pipe.
    pub second: u16,
}

/// Reads the message that begins a transaction.
pub fn primary(kind: Kind, block: &Block<'_>) -> Option<Numbers> {
    if kind == Kind::NtTrans {
        return Some(Numbers {
            total_parameters: block.u32(3)?,
            total_data: block.u32(7)?,
            max_data: block.u32(15)?,
            parameters: block.u32(19)?,
            parameters_at: block.u32(23)?,
            data: block.u32(27)?,
            data_at: block.u32(31)?,
            setup_words: block.u8(35)?,
            subcommand: block.u16(36)?,
            ..Numbers::default()
        });
    }
    let u16_at = |at| block.u16(at).map(u32::from);
    Some(Numbers {
        total_parameters: u16_at(0)?,
        total_data: u16_at(2)?,
        max_data: u16_at(6)?,
        timeout: block.u32(12)?,
        parameters: u16_at(18)?,
        parameters_at: u16_at(20)?,
        data: u16_at(22)?,
        data_at: u16_at(24)?,
        setup_words: block.u8(26)?,
        subcommand: block.u16(28).unwrap_or_default(),
        second: block.u16(30).unwrap_or_default(),
        ..Numbers::default()
    })
}

/// Reads a message that continues a transaction.
pub fn secondary(kind: Kind, block: &Block<'_>) -> Option<Numbers> {
    if kind == Kind::NtTrans {
        return wide_numbers(block);
    }
    narrow_numbers(block, 0)
}

/// Reads an answer to a transaction.
pub fn answer(kind: Kind, block: &Block<'_>) -> Option<Numbers> {
    if kind == Kind::NtTrans {
        return wide_numbers(block);
    }
    narrow_numbers(block, 2)
}

fn wide_numbers(block: &Block<'_>) -> Option<Numbers> {
    Some(Numbers {
        total_parameters: block.u32(3)?,
        total_data: block.u32(7)?,
        parameters: block.u32(11)?,
        parameters_at: block.u32(15)?,
        parameters_displacement: block.u32(19)?,
        data: block.u32(23)?,
        data_at: block.u32(27)?,
        data_displacement: block.u32(31)?,
        ..Numbers::default()
    })
}

/// Answers have two reserved bytes behind the totals.
fn narrow_numbers(block: &Block<'_>, reserved: usize) -> Option<Numbers> {
    let u16_at = |at| block.u16(at).map(u32::from);
    Some(Numbers {
        total_parameters: u16_at(0)?,
        total_data: u16_at(2)?,
        parameters: u16_at(4 + reserved)?,
        parameters_at: u16_at(6 + reserved)?,
        parameters_displacement: u16_at(8 + reserved)?,
        data: u16_at(10 + reserved)?,
        data_at: u16_at(12 + reserved)?,
        data_displacement: u16_at(14 + reserved)?,
        ..Numbers::default()
    })
}

/// A transaction that was begun.
pub struct Transaction {
    pub kind: Kind,
    pub numbers: Numbers,
    pub name: String,
    pub parameters: Vec<u8>,
    pub data: Vec<u8>,
    /// Bytes of data that were said.
    said: u64,
    said_parameters: u64,
    answered: u64,
    /// What was already told of it: weapons repeat themselves thousands of times.
    told: Vec<&'static str>,
}

/// What a client asked that only an implant answers.
struct Probe {
    multiplex: u16,
    tree: u16,
    session: u16,
    process: u16,
    operation: u8,
}

/// All transactions of a conversation.
pub struct Transactions {
    open: Memory<u64, Transaction>,
    probes: VecDeque<Probe>,
    /// What was told of transactions whose beginning was not seen.
    told: VecDeque<(&'static str, u64)>,
}

impl Default for Transactions {
    fn default() -> Self {
        Transactions { open: Memory::new(OPEN_MAX), probes: VecDeque::new(), told: VecDeque::new() }
    }
}

impl Transaction {
    pub fn is_whole(&self) -> bool {
        self.said >= u64::from(self.numbers.total_data)
            && self.said_parameters >= u64::from(self.numbers.total_parameters)
    }

    fn mark(&mut self, code: &'static str, side: Side, detail: String, sink: &mut dyn Sink) {
        if !self.told.contains(&code) {
            self.told.push(code);
            sink.mark(Mark::new(code, side).with(detail));
        }
    }

    fn take(&mut self, numbers: &Numbers, block: &Block<'_>) {
        self.said += u64::from(numbers.data);
        self.said_parameters += u64::from(numbers.parameters);
        let parts = [
            (&mut self.parameters, numbers.parameters_at, numbers.parameters),
            (&mut self.data, numbers.data_at, numbers.data),
        ];
        for (kept, at, length) in parts {
            let part = block.part(at as usize, length as usize);
            let room = DATA_MAX - kept.len().min(DATA_MAX);
            kept.extend_from_slice(part.get(..room).unwrap_or(part));
        }
    }
}

/// The operation that the implant reads out of the time-out: the sum of its bytes.
fn implant_operation(timeout: u32) -> u8 {
    timeout.to_le_bytes().iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}

/// The operation's name and the mark of asking for it.
fn implant_operation_name(operation: u8) -> (&'static str, Option<&'static str>) {
    match operation {
        0x23 => ("ping", Some("smb1.implant-ping")),
        0xc8 => ("exec", Some("smb1.implant-exec")),
        0x77 => ("kill", Some("smb1.implant-kill")),
        _ => ("unknown", None),
    }
}

impl Transactions {
    /// A message begins a transaction; gives it when it is whole already.
    pub fn begin(
        &mut self,
        kind: Kind,
        header: &Header,
        block: &Block<'_>,
        side: Side,
        sink: &mut dyn Sink,
    ) -> Option<Transaction> {
        let numbers = primary(kind, block)?;
        let name = if kind == Kind::Trans { block.texts(0, header.is_unicode()).next() } else { String::new() };
        let mut transaction = Transaction {
            kind,
            numbers,
            name,
            parameters: Vec::new(),
            data: Vec::new(),
            said: 0,
            said_parameters: 0,
            answered: 0,
            told: Vec::new(),
        };
        transaction.take(&numbers, block);
        self.mark_begun(&mut transaction, header, side, sink);
        let key = header.transaction_key();
        if let Some(before) = self.open.get(&key)
            && !before.is_whole()
        {
            let detail = format!("{} over {} multiplex 0x{:04x}", kind.name(), before.kind.name(), header.multiplex);
            transaction.mark("smb1.transaction-replaced", side, detail, sink);
        }
        self.open.insert(key, transaction);
        self.whole(key)
    }

    fn mark_begun(&mut self, transaction: &mut Transaction, header: &Header, side: Side, sink: &mut dyn Sink) {
        let numbers = transaction.numbers;
        let Numbers { total_data, total_parameters, data, parameters, subcommand, .. } = numbers;
        if data > total_data || parameters > total_parameters {
            let detail = format!(
                "{} data {data} of {total_data} parameters {parameters} of {total_parameters}",
                transaction.kind.name()
            );
            transaction.mark("smb1.transaction-beyond-total", side, detail, sink);
        }
        match transaction.kind {
            Kind::Trans2 if subcommand == SESSION_SETUP && numbers.setup_words > 0 => {
                let operation = implant_operation(numbers.timeout);
                if self.probes.len() >= PROBES_MAX {
                    self.probes.pop_front();
                }
                self.probes.push_back(Probe {
                    multiplex: header.multiplex,
                    tree: header.tree,
                    session: header.session,
                    process: header.process,
                    operation,
                });
                let (name, asked) = implant_operation_name(operation);
                let detail = format!(
                    "operation {name} 0x{operation:02x} multiplex 0x{:04x} parameters {total_parameters} data {total_data}",
                    header.multiplex
                );
                if let Some(asked) = asked {
                    sink.mark(Mark::new(asked, side).with(&detail));
                }
                sink.mark(Mark::new("smb1.trans2-session-setup", side).with(detail));
            }
            Kind::Trans2 if subcommand > TRANS2_SUBCOMMANDS => {
                sink.mark(Mark::new("smb1.trans2-unknown-subcommand", side).with(format!("0x{subcommand:04x}")));
            }
            Kind::NtTrans if subcommand == NT_RENAME => {
                let detail = format!("data {data} of {total_data} parameters {parameters} of {total_parameters}");
                sink.mark(Mark::new("smb1.nt-trans-rename", side).with(detail));
            }
            Kind::NtTrans if subcommand > 9 || subcommand == 0 => {
                let detail = format!("0x{subcommand:04x} data {data} of {total_data}");
                sink.mark(Mark::new("smb1.nt-trans-unknown-function", side).with(detail));
            }
            Kind::Trans if subcommand == PEEK_PIPE && numbers.second == 0 => {
                sink.mark(Mark::new("smb1.peek-pipe-nought", side).with(format!("tree {}", header.tree)));
            }
            _ => {}
        }
    }

    /// A message continues a transaction; gives it when it became whole by it.
    pub fn go_on(
        &mut self,
        kind: Kind,
        header: &Header,
        block: &Block<'_>,
        side: Side,
        from_start: bool,
        sink: &mut dyn Sink,
    ) -> Option<Transaction> {
        let numbers = secondary(kind, block)?;
        let key = header.transaction_key();
        let data_end = u64::from(numbers.data_displacement) + u64::from(numbers.data);
        let parameters_end = u64::from(numbers.parameters_displacement) + u64::from(numbers.parameters);
        if data_end > numbers.total_data.into() || parameters_end > numbers.total_parameters.into() {
            let detail = format!(
                "{}-secondary data to {data_end} of {} parameters to {parameters_end} of {}",
                kind.name(),
                numbers.total_data,
                numbers.total_parameters
            );
            self.mark_once("smb1.secondary-beyond-own-total", key, side, detail, sink);
        }
        let Some(transaction) = self.open.get_mut(&key) else {
            let seen = if from_start { "from start" } else { "midstream" };
            let detail = format!("{} multiplex 0x{:04x} {seen}", kind.name(), header.multiplex);
            self.mark_once("smb1.secondary-without-primary", key, side, detail, sink);
            return None;
        };
        let was_whole = transaction.is_whole();
        let total = transaction.numbers.total_data;
        if transaction.kind != kind {
            let detail = format!("{} then {}-secondary total {total}", transaction.kind.name(), kind.name());
            let code = match (transaction.kind, kind) {
                (Kind::NtTrans, Kind::Trans2) => "smb1.nt-trans-continued-as-trans2",
                _ => "smb1.secondary-of-other-kind",
            };
            transaction.mark(code, side, detail, sink);
        }
        if total > u32::from(u16::MAX) && kind != Kind::NtTrans {
            let detail = format!("{total} in {} continued in 16 bits", transaction.kind.name());
            transaction.mark("smb1.total-over-16-bits", side, detail, sink);
        }
        let total_parameters = transaction.numbers.total_parameters;
        if data_end > total.into() || parameters_end > total_parameters.into() {
            let detail = format!(
                "{}-secondary data to {data_end} of {total} parameters to {parameters_end} of {total_parameters}",
                kind.name()
            );
            transaction.mark("smb1.transaction-beyond-total", side, detail, sink);
        }
        if u64::from(numbers.data_displacement) != transaction.said && numbers.data > 0 {
            let detail = format!("displacement {} after {}", numbers.data_displacement, transaction.said);
            transaction.mark("smb1.secondary-out-of-order", side, detail, sink);
        }
        if was_whole {
            let detail = format!("{} multiplex 0x{:04x}", kind.name(), header.multiplex);
            transaction.mark("smb1.secondary-after-whole", side, detail, sink);
        }
        transaction.take(&numbers, block);
        if was_whole { None } else { self.whole(key) }
    }

    /// Tells something once of a transaction, whether its beginning was seen or not.
    fn mark_once(&mut self, code: &'static str, key: u64, side: Side, detail: String, sink: &mut dyn Sink) {
        if self.told.contains(&(code, key)) {
            return;
        }
        if self.told.len() >= TOLD_MAX {
            self.told.pop_front();
        }
        self.told.push_back((code, key));
        sink.mark(Mark::new(code, side).with(detail));
    }

    /// A transaction that has become whole, with its bytes.
    fn whole(&mut self, key: u64) -> Option<Transaction> {
        let open = self.open.get_mut(&key)?;
        if !open.is_whole() {
            return None;
        }
        let (parameters, data) = (std::mem::take(&mut open.parameters), std::mem::take(&mut open.data));
        Some(Transaction {
            kind: open.kind,
            numbers: open.numbers,
            name: open.name.clone(),
            parameters,
            data,
            said: open.said,
            said_parameters: open.said_parameters,
            answered: 0,
            told: Vec::new(),
        })
    }

    /// A file is written to whose number is the multiplex id of a transaction that is not whole: a server that looks
    /// for the one finds the other.
    pub fn written_into(&mut self, header: &Header, file: u16, mode: u16, side: Side, sink: &mut dyn Sink) {
        const MESSAGE_START: u16 = 0x0008;
        let key = header.transaction_key();
        let by_multiplex = key & !0xffff | u64::from(file);
        for key in [by_multiplex, key] {
            if let Some(transaction) = self.open.get_mut(&key)
                && !transaction.is_whole()
            {
                let start = if mode & MESSAGE_START != 0 { " message start" } else { "" };
                let detail = format!(
                    "{} data {} of {} file 0x{file:04x} multiplex 0x{:04x} mode 0x{mode:04x}{start}",
                    transaction.kind.name(),
                    transaction.said,
                    transaction.numbers.total_data,
                    header.multiplex
                );
                transaction.mark("smb1.write-into-transaction", side, detail, sink);
                return;
            }
        }
    }

    /// A server answers a transaction; gives what it was about, and the data of the answer.
    pub fn answered<'a>(
        &mut self,
        kind: Kind,
        header: &Header,
        block: &Block<'a>,
        side: Side,
        sink: &mut dyn Sink,
    ) -> Option<(Numbers, &'a [u8])> {
        if kind == Kind::Trans2 {
            self.probe_answered(header, side, sink);
        }
        let key = header.transaction_key();
        let transaction = self.open.get_mut(&key)?;
        let about = transaction.numbers;
        if about.subcommand == PEEK_PIPE && about.second == 0 && transaction.kind == Kind::Trans {
            let detail = header.status.name().unwrap_or_default().into_owned();
            transaction.mark("smb1.peek-pipe-nought-answered", side, detail, sink);
        }
        let Some(numbers) = answer(kind, block) else {
            // An answer without words ends the transaction with an error, or lets it go on.
            if !header.status.is_success() {
                self.open.remove(&key);
            }
            return None;
        };
        let data = block.part(numbers.data_at as usize, numbers.data as usize);
        let end = u64::from(numbers.data_displacement) + u64::from(numbers.data);
        if end > u64::from(numbers.total_data) {
            let detail = format!("{} data to {end} of {}", kind.name(), numbers.total_data);
            transaction.mark("smb1.answer-beyond-total", side, detail, sink);
        }
        if numbers.total_data > about.max_data {
            let detail = format!("{} total {} asked for {}", kind.name(), numbers.total_data, about.max_data);
            transaction.mark("smb1.answer-beyond-asked", side, detail, sink);
        }
        transaction.answered += u64::from(numbers.data);
        if transaction.answered >= u64::from(numbers.total_data) {
            self.open.remove(&key);
        }
        Some((about, data))
    }

    /// An answer to the subcommand that nothing implements: a system refuses it under its multiplex id, the implant
    /// answers by adding to that.
    fn probe_answered(&mut self, header: &Header, side: Side, sink: &mut dyn Sink) {
        let ours = |probe: &Probe| {
            probe.tree == header.tree && probe.session == header.session && probe.process == header.process
        };
        let exact = self.probes.iter().position(|probe| ours(probe) && probe.multiplex == header.multiplex);
        // An answer to another transaction must not be taken for one with a changed number.
        let other = exact.is_none() && self.open.get(&header.transaction_key()).is_some();
        let Some(at) = exact.or_else(|| self.probes.iter().position(ours).filter(|_| !other)) else { return };
        let Some(probe) = self.probes.remove(at) else { return };
        let delta = header.multiplex.wrapping_sub(probe.multiplex);
        let status = header.status.name().unwrap_or_default();
        let [a, b, c, d, e, ..] = header.security;
        let detail = format!(
            "delta 0x{delta:02x} operation {} 0x{:02x} status {status} security {a:02x}{b:02x}{c:02x}{d:02x}{e:02x}",
            implant_operation_name(probe.operation).0,
            probe.operation
        );
        // The implant adds a multiple of sixteen, by how it went.
        if matches!(delta, 0x10 | 0x20 | 0x30) && header.status == Status::Nt(NOT_IMPLEMENTED) {
            sink.mark(Mark::new("smb1.implant-reply", side).with(&detail));
        }
        sink.mark(Mark::new("smb1.trans2-session-setup-reply", side).with(detail));
    }
}
