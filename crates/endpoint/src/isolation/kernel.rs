//! The kernel is told, and asked.

use super::Standing;
use super::message::{self, Answer, DONE, INTERRUPTED, Verb};
use super::rules::{Allowed, Chain, Rule};
use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with};
use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::time::Duration;

/// The kernel answers at once, or says nothing for another reason.
const WITHIN: Duration = Duration::from_secs(5);
const BUFFER_BYTES: usize = 64 << 10;
/// Rules in our table beyond which it is not ours any more, whatever they say.
const RULES_MAX: usize = 1024;
const TRIES: usize = 5;

/// Why the kernel was not told, or does not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failed {
    #[error("this kernel has no nf_tables: {0}")]
    Missing(Errno),
    #[error("the kernel refuses: {0}")]
    Refused(Errno),
    #[error("the kernel says that it did so, and what it has is something else")]
    NotSo,
    #[error("there is no address of the server")]
    NoAddress,
}

impl Failed {
    fn of(error: Errno) -> Failed {
        match error {
            Errno::PROTONOSUPPORT | Errno::OPNOTSUPP | Errno::AFNOSUPPORT | Errno::NOSYS => Failed::Missing(error),
            _ => Failed::Refused(error),
        }
    }
}

/// Sees to it that nothing is let through but what is allowed, and looks that it is so.
///
/// # Errors
/// When it is not so. What was there before is there then, unless the kernel did something else than it was told.
pub fn put(allowed: &Allowed) -> Result<(), Failed> {
    if allowed.server.is_empty() {
        return Err(Failed::NoAddress);
    }
    tell(&message::put(&allowed.chains()))?;
    if look(allowed)? == Standing::Holds { Ok(()) } else { Err(Failed::NotSo) }
}

/// Takes the table away, if there is one, and looks that it is gone.
///
/// # Errors
/// When it is still there.
pub fn release() -> Result<(), Failed> {
    if !is_there()? {
        return Ok(());
    }
    tell(&message::release())?;
    if is_there()? { Err(Failed::NotSo) } else { Ok(()) }
}

/// Whether there is a table of ours, whatever is in it. Where the kernel knows no tables there is none.
///
/// # Errors
/// When the kernel does not say.
pub fn is_there() -> Result<bool, Failed> {
    match table() {
        Err(Failed::Missing(_)) => Ok(false),
        told => Ok(told?.is_some()),
    }
}

/// Asks for our table, whether there is one or not.
///
/// # Errors
/// When the kernel knows no tables, or does not let this process ask for them.
pub fn try_it() -> Result<(), Failed> {
    table().map(drop)
}

/// How what the kernel has stands to what is allowed.
///
/// # Errors
/// When the kernel does not say.
pub fn look(allowed: &Allowed) -> Result<Standing, Failed> {
    match table()? {
        None => return Ok(Standing::Absent),
        Some(false) => return Ok(Standing::Differs),
        Some(true) => {}
    }
    let chains = allowed.chains();
    for chain in &chains {
        if !has(chain)? {
            return Ok(Standing::Differs);
        }
    }
    let is_so = rules()?.is_some_and(|mut rules| {
        let of = |chain: &Chain| rules.remove(chain.name.as_bytes()).unwrap_or_default() == chain.rules;
        chains.iter().all(of) && rules.is_empty()
    });
    Ok(if is_so { Standing::Holds } else { Standing::Differs })
}

/// Whether the table works; none where there is none.
fn table() -> Result<Option<bool>, Failed> {
    let mut told = None;
    let question = message::question(Verb::GetTable, None, false);
    let asked = converse(&question, &mut |answer| {
        told = answer.attributes(Verb::NewTable).map(message::is_awake).or(told);
        Ok(())
    });
    match asked {
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(Failed::of(error)),
        Ok(()) => Ok(Some(told.unwrap_or(false))),
    }
}

fn has(chain: &Chain) -> Result<bool, Failed> {
    let mut is_so = false;
    let question = message::question(Verb::GetChain, Some(chain.name), false);
    let asked = converse(&question, &mut |answer| {
        is_so |= answer.attributes(Verb::NewChain).is_some_and(|told| message::is_chain(told, chain));
        Ok(())
    });
    match asked {
        Err(Errno::NOENT) => Ok(false),
        Err(error) => Err(Failed::of(error)),
        Ok(()) => Ok(is_so),
    }
}

/// Rules by the name of their chain.
type ByChain = BTreeMap<Vec<u8>, Vec<Rule>>;

/// All rules of the table; none when something is there that is never ours.
fn rules() -> Result<Option<ByChain>, Failed> {
    let question = message::question(Verb::GetRule, None, true);
    for _ in 0..TRIES {
        let (mut all, mut count, mut is_ours) = (ByChain::new(), 0, true);
        let asked = converse(&question, &mut |answer| {
            if answer.flags & INTERRUPTED != 0 {
                return Err(Errno::INTR);
            }
            let Some(told) = answer.attributes(Verb::NewRule) else { return Ok(()) };
            count += 1;
            match message::rule(told).filter(|_| count <= RULES_MAX) {
                Some((chain, rule)) => all.entry(chain.to_vec()).or_default().push(rule),
                None => is_ours = false,
            }
            // The rest of a table that somebody filled is not worth reading.
            if count > RULES_MAX { Err(Errno::TOOBIG) } else { Ok(()) }
        });
        match asked {
            Err(Errno::INTR) => {}
            Err(Errno::TOOBIG) => return Ok(None),
            Err(Errno::NOENT) => return Ok(Some(BTreeMap::new())),
            Err(error) => return Err(Failed::of(error)),
            Ok(()) => return Ok(is_ours.then_some(all)),
        }
    }
    Err(Failed::Refused(Errno::INTR))
}

fn tell(batch: &(Vec<u8>, u32)) -> Result<(), Failed> {
    for _ in 0..TRIES {
        match converse(batch, &mut |_| Ok(())) {
            // Somebody else changed his tables in the same moment.
            Err(Errno::AGAIN) => {}
            told => return told.map_err(Failed::of),
        }
    }
    Err(Failed::Refused(Errno::AGAIN))
}

/// Says something and hears all answers, up to the one to the last message.
fn converse(
    (bytes, last): &(Vec<u8>, u32),
    hear: &mut dyn FnMut(&Answer<'_>) -> Result<(), Errno>,
) -> Result<(), Errno> {
    let socket = open()?;
    send(&socket, bytes, SendFlags::empty())?;
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let (_, length) = match recv(&socket, buffer.as_mut_slice(), RecvFlags::TRUNC) {
            // No answer in time.
            Err(Errno::AGAIN) => return Err(Errno::TIMEDOUT),
            Err(Errno::INTR) => continue,
            heard => heard?,
        };
        let mut rest = buffer.get(..length).ok_or(Errno::MSGSIZE)?;
        while let Some((answer, behind)) = message::answer(rest) {
            rest = behind;
            match answer.error() {
                Some(0) if answer.kind == DONE || answer.number == *last => return Ok(()),
                Some(0) => {}
                Some(error) => return Err(Errno::from_raw_os_error(error)),
                None => hear(&answer)?,
            }
        }
    }
}

fn open() -> Result<OwnedFd, Errno> {
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, Some(netlink::NETFILTER))?;
    set_socket_timeout(&socket, Timeout::Recv, Some(WITHIN))?;
    Ok(socket)
}

#[cfg(test)]
mod tests;
