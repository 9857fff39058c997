//! Messages of nf_tables over netlink (`include/uapi/linux/netlink.h`, `netfilter/nfnetlink.h`,
//! `netfilter/nf_tables.h`): what the kernel is told, as bytes, and what it answers.
//!
//! A message is a head of 16 bytes, a head of netfilter of 4, and attributes: length and kind, two bytes each, then the
//! value, filled up to four bytes. Numbers of the heads are as this machine has them, those in attributes as networks
//! have them.

use super::rules::{Chain, Expression, Rule, TABLE};

pub const HEAD_BYTES: usize = 16;
/// Where the flags stand in a head.
const FLAGS_AT: usize = 6;
const FAMILY_HEAD_BYTES: usize = 4;
const ATTRIBUTE_BYTES: usize = 4;
const NESTED: u16 = 1 << 15;
/// Of a kind, without what is said about its bytes.
const KIND: u16 = 0x3fff;

pub const ERROR: u16 = 2;
pub const DONE: u16 = 3;
const REQUEST: u16 = 1;
const ACKNOWLEDGE: u16 = 4;
const CREATE: u16 = 0x400;
const APPEND: u16 = 0x800;
const DUMP: u16 = 0x300;
/// On an answer: what was told changed while it was told.
pub const INTERRUPTED: u16 = 0x10;

const BATCH_BEGIN: u16 = 0x10;
const BATCH_END: u16 = 0x11;
const NF_TABLES: u16 = 10;
const INET: u8 = 1;

/// What is told or asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Verb {
    NewTable = 0,
    GetTable = 1,
    DeleteTable = 2,
    NewChain = 3,
    GetChain = 4,
    NewRule = 6,
    GetRule = 7,
}

/// Several messages that hold all together or not at all.
#[derive(Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    number: u32,
    /// What is asked of the last message, and where that stands.
    flags: u16,
    flags_at: usize,
}

impl Batch {
    fn begin() -> Batch {
        let mut batch = Batch::default();
        batch.add(BATCH_BEGIN, REQUEST, 0, NF_TABLES, &[]);
        batch
    }

    /// The bytes, and the number of the last message that is answered.
    fn end(mut self) -> (Vec<u8>, u32) {
        let last = self.number;
        // One answer is enough when all is well, and does not fill what the kernel keeps for us. What is not well it
        // always says.
        if let Some(flags) = self.bytes.get_mut(self.flags_at..self.flags_at + 2) {
            flags.copy_from_slice(&(REQUEST | ACKNOWLEDGE | self.flags).to_ne_bytes());
        }
        self.add(BATCH_END, REQUEST, 0, NF_TABLES, &[]);
        (self.bytes, last)
    }

    fn tell(&mut self, verb: Verb, flags: u16, attributes: &[u8]) {
        (self.flags_at, self.flags) = (self.bytes.len() + FLAGS_AT, flags);
        self.add(kind(verb), REQUEST | flags, INET, 0, attributes);
    }

    fn add(&mut self, kind: u16, flags: u16, family: u8, resource: u16, attributes: &[u8]) {
        self.number += 1;
        message(&mut self.bytes, kind, flags, self.number, family, resource, attributes);
    }
}

fn kind(verb: Verb) -> u16 {
    NF_TABLES << 8 | verb as u16
}

fn message(to: &mut Vec<u8>, kind: u16, flags: u16, number: u32, family: u8, resource: u16, attributes: &[u8]) {
    let bytes = u32::try_from(HEAD_BYTES + FAMILY_HEAD_BYTES + attributes.len()).unwrap_or(u32::MAX);
    to.extend(bytes.to_ne_bytes());
    to.extend(kind.to_ne_bytes());
    to.extend(flags.to_ne_bytes());
    to.extend(number.to_ne_bytes());
    to.extend([0; 4]);
    to.extend([family, 0]);
    to.extend(resource.to_be_bytes());
    to.extend(attributes);
}

/// The table as it should be, whatever was there before under its name.
pub fn put(chains: &[Chain]) -> (Vec<u8>, u32) {
    let mut batch = Batch::begin();
    let table = text(1, TABLE);
    // What is not there cannot be deleted, so it is made first.
    batch.tell(Verb::NewTable, CREATE, &table);
    batch.tell(Verb::DeleteTable, 0, &table);
    batch.tell(Verb::NewTable, CREATE, &table);
    for chain in chains {
        batch.tell(Verb::NewChain, CREATE, &of_chain(chain));
    }
    for chain in chains {
        for rule in &chain.rules {
            let attributes = [text(1, TABLE), text(2, chain.name), nested(4, &expressions(rule))].concat();
            batch.tell(Verb::NewRule, CREATE | APPEND, &attributes);
        }
    }
    batch.end()
}

pub fn release() -> (Vec<u8>, u32) {
    let mut batch = Batch::begin();
    batch.tell(Verb::DeleteTable, 0, &text(1, TABLE));
    batch.end()
}

/// A question, with one answer, or with all that there is.
pub fn question(verb: Verb, chain: Option<&str>, all: bool) -> (Vec<u8>, u32) {
    let mut attributes = text(1, TABLE);
    if let Some(chain) = chain {
        attributes.extend(text(3, chain));
    }
    let (number, flags) = (1, if all { DUMP } else { ACKNOWLEDGE });
    let mut bytes = Vec::new();
    message(&mut bytes, kind(verb), REQUEST | flags, number, INET, 0, &attributes);
    (bytes, number)
}

const POLICY_DROP: u32 = 0;
const CHAIN_TYPE: &str = "filter";

fn of_chain(chain: &Chain) -> Vec<u8> {
    let hook = [number(1, chain.hook), number(2, chain.priority.cast_unsigned())].concat();
    let name = text(3, chain.name);
    [text(1, TABLE), name, nested(4, &hook), number(5, POLICY_DROP), text(7, CHAIN_TYPE)].concat()
}

/// What the expressions of a rule are, as the kernel has them in a list.
pub fn expressions(rule: &Rule) -> Vec<u8> {
    rule.iter().flat_map(|one| nested(1, &expression(one))).collect()
}

const REGISTER: u32 = 1;
const REGISTER_OF_VERDICT: u32 = 0;
const EQUAL: u32 = 0;
const NOT_EQUAL: u32 = 1;
const ACCEPT: u32 = 1;

fn expression(one: &Expression) -> Vec<u8> {
    let (name, data) = match one {
        Expression::Meta { key } => ("meta", [number(1, REGISTER), number(2, *key)].concat()),
        Expression::Payload { base, offset, bytes } => {
            ("payload", [number(1, REGISTER), number(2, *base), number(3, *offset), number(4, *bytes)].concat())
        }
        Expression::Mask(mask) => {
            let bytes = u32::try_from(mask.len()).unwrap_or(u32::MAX);
            let (mask, flipped) = (nested(4, &value(mask)), nested(5, &value(&vec![0; mask.len()])));
            ("bitwise", [number(1, REGISTER), number(2, REGISTER), number(3, bytes), mask, flipped].concat())
        }
        Expression::Is(bytes) => ("cmp", compare(EQUAL, bytes)),
        Expression::IsNot(bytes) => ("cmp", compare(NOT_EQUAL, bytes)),
        Expression::Accept => {
            let verdict = nested(2, &number(1, ACCEPT));
            ("immediate", [number(1, REGISTER_OF_VERDICT), nested(2, &verdict)].concat())
        }
    };
    [text(1, name), nested(2, &data)].concat()
}

fn compare(how: u32, bytes: &[u8]) -> Vec<u8> {
    [number(1, REGISTER), number(2, how), nested(3, &value(bytes))].concat()
}

fn value(bytes: &[u8]) -> Vec<u8> {
    attribute(1, bytes)
}

fn text(kind: u16, text: &str) -> Vec<u8> {
    attribute(kind, &[text.as_bytes(), b"\0"].concat())
}

fn number(kind: u16, number: u32) -> Vec<u8> {
    attribute(kind, &number.to_be_bytes())
}

fn nested(kind: u16, attributes: &[u8]) -> Vec<u8> {
    attribute(kind | NESTED, attributes)
}

fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let bytes = u16::try_from(ATTRIBUTE_BYTES + value.len()).unwrap_or(u16::MAX);
    let mut attribute = [bytes.to_ne_bytes(), kind.to_ne_bytes()].concat();
    attribute.extend(value);
    attribute.resize(attribute.len().next_multiple_of(4), 0);
    attribute
}

/// A message of the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer<'a> {
    pub kind: u16,
    pub flags: u16,
    pub number: u32,
    /// Behind its head.
    pub body: &'a [u8],
}

/// The first message, and the bytes behind it; none where there is no whole one.
pub fn answer(bytes: &[u8]) -> Option<(Answer<'_>, &[u8])> {
    let (head, _) = bytes.split_first_chunk::<HEAD_BYTES>()?;
    let [a, b, c, d, e, f, g, h, i, j, k, l, ..] = *head;
    let length = usize::try_from(u32::from_ne_bytes([a, b, c, d])).ok()?;
    let answer = Answer {
        kind: u16::from_ne_bytes([e, f]),
        flags: u16::from_ne_bytes([g, h]),
        number: u32::from_ne_bytes([i, j, k, l]),
        body: bytes.get(HEAD_BYTES..length)?,
    };
    Some((answer, bytes.get(length.next_multiple_of(4)..).unwrap_or_default()))
}

/// Reads all that may be in answers, whatever is in them, and counts the rules. For whoever tries the readers.
pub fn read_all(mut bytes: &[u8]) -> usize {
    let mut rules = 0;
    while let Some((told, rest)) = answer(bytes) {
        told.error();
        for verb in [Verb::NewTable, Verb::NewChain, Verb::NewRule] {
            if let Some(attributes) = told.attributes(verb) {
                is_awake(attributes);
                rules += usize::from(rule(attributes).is_some());
            }
        }
        bytes = rest;
    }
    rules
}

impl<'a> Answer<'a> {
    /// The number of an error, 0 when it is none but says that all is well.
    pub fn error(&self) -> Option<i32> {
        let is_one = self.kind == ERROR || self.kind == DONE;
        let (number, _) = self.body.split_first_chunk::<4>().filter(|_| is_one)?;
        Some(i32::from_ne_bytes(*number).wrapping_neg())
    }

    /// Its attributes when it tells of something of ours.
    pub fn attributes(&self, verb: Verb) -> Option<Attributes<'a>> {
        let body = self.body.get(FAMILY_HEAD_BYTES..)?;
        let is_it = self.kind == kind(verb) && self.body.first() == Some(&INET);
        let attributes = Attributes(body);
        (is_it && attributes.text(1) == Some(TABLE.as_bytes())).then_some(attributes)
    }
}

/// Attributes, one after the other.
#[derive(Debug, Clone, Copy)]
pub struct Attributes<'a>(pub &'a [u8]);

impl<'a> Iterator for Attributes<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<(u16, &'a [u8])> {
        let ([a, b, c, d], _) = self.0.split_first_chunk::<ATTRIBUTE_BYTES>()?;
        let length = usize::from(u16::from_ne_bytes([*a, *b]));
        let value = self.0.get(ATTRIBUTE_BYTES..length)?;
        let kind = u16::from_ne_bytes([*c, *d]) & KIND;
        self.0 = self.0.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    }
}

impl<'a> Attributes<'a> {
    pub fn get(mut self, kind: u16) -> Option<&'a [u8]> {
        self.find(|(known, _)| *known == kind).map(|(_, value)| value)
    }

    /// Without the zero that ends it.
    pub fn text(self, kind: u16) -> Option<&'a [u8]> {
        self.get(kind).and_then(|value| value.strip_suffix(b"\0"))
    }

    pub fn number(self, kind: u16) -> Option<u32> {
        self.get(kind)?.try_into().ok().map(u32::from_be_bytes)
    }

    fn nested(self, kind: u16) -> Attributes<'a> {
        Attributes(self.get(kind).unwrap_or_default())
    }
}

/// Whether the kernel's table is one that works: not one that somebody laid to rest.
pub fn is_awake(table: Attributes<'_>) -> bool {
    table.number(2).unwrap_or_default() == 0
}

/// Whether the kernel's chain is what it should be, its rules aside.
pub fn is_chain(told: Attributes<'_>, chain: &Chain) -> bool {
    let hook = told.nested(4);
    told.text(3) == Some(chain.name.as_bytes())
        && hook.number(1) == Some(chain.hook)
        && hook.number(2) == Some(chain.priority.cast_unsigned())
        && told.number(5) == Some(POLICY_DROP)
        && told.text(7) == Some(CHAIN_TYPE.as_bytes())
}

/// Which chain a rule is in, and the rule; what is none of the expressions that we use is no rule of ours.
pub fn rule(told: Attributes<'_>) -> Option<(&[u8], Rule)> {
    let rule: Option<Rule> = told.nested(4).map(|(_, one)| read(Attributes(one))).collect();
    Some((told.text(2)?, rule?))
}

fn read(one: Attributes<'_>) -> Option<Expression> {
    let data = one.nested(2);
    let value = |kind| data.nested(kind).get(1).map(<[u8]>::to_vec);
    let is_in_register = |kind| data.number(kind) == Some(REGISTER);
    match one.text(1)? {
        b"meta" if is_in_register(1) => Some(Expression::Meta { key: data.number(2)? }),
        b"payload" if is_in_register(1) => {
            Some(Expression::Payload { base: data.number(2)?, offset: data.number(3)?, bytes: data.number(4)? })
        }
        b"bitwise" if is_in_register(1) && is_in_register(2) => {
            let (mask, flipped) = (value(4)?, value(5)?);
            let is_mask = data.number(6).unwrap_or_default() == 0 && flipped.iter().all(|byte| *byte == 0);
            let is_whole = data.number(3) == u32::try_from(mask.len()).ok() && flipped.len() == mask.len();
            (is_mask && is_whole).then_some(Expression::Mask(mask))
        }
        b"cmp" if is_in_register(1) => match data.number(2)? {
            EQUAL => Some(Expression::Is(value(3)?)),
            NOT_EQUAL => Some(Expression::IsNot(value(3)?)),
            _ => None,
        },
        b"immediate" if data.number(1) == Some(REGISTER_OF_VERDICT) => {
            let verdict = data.nested(2).nested(2);
            (verdict.number(1) == Some(ACCEPT)).then_some(Expression::Accept)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
