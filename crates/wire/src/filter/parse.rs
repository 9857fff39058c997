//! The grammar: primitives with their qualifiers, joined by `and`, `or`, `not` and brackets. `and` and `or` bind alike and
//! from the left, as `pcap-filter(7)` has it.

use super::{DEPTH_MAX, Direction, Filter, Net, PRIMITIVES_MAX, Primitive};
use crate::packet::protocol;
use std::net::IpAddr;

/// What is wrong with an expression, and at which word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadFilter {
    /// The word is not one that can stand there; empty at the end.
    Unexpected(String),
    BadAddress(String),
    BadPort(String),
    TooLong,
}

/// Reads an expression. An empty one wants everything and is `None`.
pub fn parse(text: &str) -> Result<Option<Filter>, BadFilter> {
    let spaced = text.replace('(', " ( ").replace(')', " ) ").replace("&&", " and ").replace("||", " or ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    if words.is_empty() {
        return Ok(None);
    }
    let mut parser = Parser { words: &words, primitives: 0, depth: 0 };
    let filter = parser.expression()?;
    match parser.words {
        [] => Ok(Some(filter)),
        [word, ..] => Err(BadFilter::Unexpected((*word).to_owned())),
    }
}

struct Parser<'a> {
    words: &'a [&'a str],
    primitives: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> &'a str {
        self.words.first().copied().unwrap_or_default()
    }

    fn next(&mut self) -> &'a str {
        let word = self.peek();
        self.words = self.words.get(1..).unwrap_or_default();
        word
    }

    /// Takes the word if it comes next.
    fn take(&mut self, word: &str) -> bool {
        let there = self.peek() == word;
        if there {
            self.next();
        }
        there
    }

    fn expression(&mut self) -> Result<Filter, BadFilter> {
        let mut left = self.term()?;
        loop {
            if self.take("and") {
                left = Filter::And(Box::new(left), Box::new(self.term()?));
            } else if self.take("or") {
                left = Filter::Or(Box::new(left), Box::new(self.term()?));
            } else {
                return Ok(left);
            }
        }
    }

    fn term(&mut self) -> Result<Filter, BadFilter> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(BadFilter::TooLong);
        }
        let filter = self.inner_term();
        self.depth -= 1;
        filter
    }

    fn inner_term(&mut self) -> Result<Filter, BadFilter> {
        if self.take("not") || self.take("!") {
            return Ok(Filter::Not(Box::new(self.term()?)));
        }
        if self.take("(") {
            let inner = self.expression()?;
            return if self.take(")") { Ok(inner) } else { Err(BadFilter::Unexpected(self.peek().to_owned())) };
        }
        self.primitives += 1;
        if self.primitives > PRIMITIVES_MAX {
            return Err(BadFilter::TooLong);
        }
        self.primitive()
    }

    fn primitive(&mut self) -> Result<Filter, BadFilter> {
        let number = transport(self.peek());
        if let Some(number) = number {
            self.next();
            let ported = matches!(number, protocol::TCP | protocol::UDP | protocol::SCTP);
            let qualified = matches!(self.peek(), "src" | "dst" | "port" | "portrange");
            if !(ported && qualified) {
                return Ok(Filter::Is(Primitive::Protocol(number)));
            }
        }
        let direction = if self.take("src") {
            Direction::Source
        } else if self.take("dst") {
            Direction::Destination
        } else {
            Direction::Either
        };
        let word = self.next();
        Ok(Filter::Is(match word {
            "ip" if direction == Direction::Either && number.is_none() => Primitive::Version4,
            "ip6" if direction == Direction::Either && number.is_none() => Primitive::Version6,
            "host" if number.is_none() => Primitive::Net(direction, host(self.next())?),
            "net" if number.is_none() => Primitive::Net(direction, net(self.next())?),
            "port" => {
                let port = port(self.next())?;
                Primitive::Port(direction, number, port, port)
            }
            "portrange" => {
                let range = self.next();
                let (low, high) = range.split_once('-').ok_or_else(|| BadFilter::BadPort(range.to_owned()))?;
                Primitive::Port(direction, number, port(low)?, port(high)?)
            }
            // `src 10.0.0.1` is short for `src host 10.0.0.1`.
            word if direction != Direction::Either && number.is_none() => Primitive::Net(direction, net(word)?),
            word => return Err(BadFilter::Unexpected(word.to_owned())),
        }))
    }
}

fn transport(word: &str) -> Option<u8> {
    Some(match word {
        "tcp" => protocol::TCP,
        "udp" => protocol::UDP,
        "sctp" => protocol::SCTP,
        "icmp" => protocol::ICMP,
        "icmp6" => protocol::ICMPV6,
        "gre" => protocol::GRE,
        "esp" => protocol::ESP,
        _ => return None,
    })
}

fn host(word: &str) -> Result<Net, BadFilter> {
    let address: IpAddr = word.parse().map_err(|_| BadFilter::BadAddress(word.to_owned()))?;
    Ok(Net { address, prefix: if address.is_ipv4() { 32 } else { 128 } })
}

fn net(word: &str) -> Result<Net, BadFilter> {
    let Some((address, prefix)) = word.split_once('/') else { return host(word) };
    let whole = host(address)?;
    match prefix.parse() {
        Ok(prefix) if prefix <= whole.prefix => Ok(Net { prefix, ..whole }),
        _ => Err(BadFilter::BadAddress(word.to_owned())),
    }
}

fn port(word: &str) -> Result<u16, BadFilter> {
    word.parse().map_err(|_| BadFilter::BadPort(word.to_owned()))
}
