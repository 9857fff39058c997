//! Finds the host a person means by name, address or id.

use crate::output::Failure;
use model::{Host, Message};

const NAMES_SHOWN: usize = 8;

/// The one host that `wanted` names; none and several are failures that say which hosts there are.
pub fn host<'a>(hosts: &'a [Host], wanted: &str) -> anyhow::Result<&'a Host> {
    let found: Vec<_> = hosts.iter().filter(|host| is_named(host, wanted)).collect();
    match found.as_slice() {
        [host] => Ok(host),
        [] => {
            let names = hosts.iter().take(NAMES_SHOWN).map(Host::label);
            let hint = Message::new("cli.no-host-hint").list("names", names);
            Err(Failure::new(Message::new("cli.no-host").with("name", wanted)).hint(hint).into())
        }
        several => {
            let ids = several.iter().take(NAMES_SHOWN).map(|host| &host.id);
            let what = Message::new("cli.many-hosts").number("count", several.len() as i64).with("name", wanted);
            Err(Failure::new(what).hint(Message::new("cli.many-hosts-hint").list("names", ids)).into())
        }
    }
}

fn is_named(host: &Host, wanted: &str) -> bool {
    let facts = &host.facts;
    host.id.as_str() == wanted
        || facts.name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(wanted))
        || facts.addresses.iter().any(|address| address.to_string() == wanted)
}
