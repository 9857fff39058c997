//! What an endpoint holds to: keys, orders and reputation, as its server told them and as they lie in its folder.
//!
//! Everything that comes from the server is checked before it is written down, and written down before it is followed. What
//! lies in the folder is checked again when it is read: it may have been damaged meanwhile. Where it is, what was there
//! before counts, and it is told.

use super::home::{self, Home};
use link::{Guide, Identity};
use model::Message;
use policy::orders::{
    Audience, KEYS_MAX, KeyChange, ORDERS_BYTES_MAX, Orders, Recipient, Refused, ReputationTable, TABLE_BYTES_MAX,
    TrustedKeys, open, open_table,
};
use policy::telling::{KEYS_GUIDE, Keys, ORDERS_GUIDE, REPUTATION_GUIDE};
use policy::{EndpointId, GroupId};
use serde::{Deserialize, Serialize};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes of the first keys, as they are told.
const KEYS_BYTES_MAX: usize = 16 << 10;
/// What was accepted once was not of the future then, whatever the clock says by now.
const EVER: u64 = u64::MAX;

/// What is held to.
pub struct Held {
    belonging: Belonging,
    /// As the server names this endpoint now.
    endpoint: EndpointId,
    places: Places,
    orders: Option<(Orders, u64)>,
    reputation: Option<(Arc<ReputationTable>, u64)>,
}

/// To whom it belongs, and whom it believes.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Belonging {
    /// Of the server from which the keys came first: another one has other keys.
    authority: String,
    /// For whom the orders are that it has.
    endpoint: EndpointId,
    group: GroupId,
    keys: TrustedKeys,
    /// Whose releases of the agent are believed: the first ones by enrolling or the first orders that name any, and from
    /// then on by releases alone, so that a server cannot make one.
    #[serde(default)]
    release_keys: TrustedKeys,
}

struct Places {
    belonging: PathBuf,
    orders: PathBuf,
    reputation: PathBuf,
}

/// What came of something that was told.
#[derive(Debug, PartialEq)]
pub enum Taken {
    /// It is known, or nothing of ours.
    Nothing,
    Keys,
    Orders,
    Reputation,
    Release,
    Refused(Message),
    /// The same may be taken later.
    NotYet(Message),
}

impl Held {
    /// What lies in a folder, with what is wrong with it.
    pub fn load(home: &Home, identity: &Identity) -> (Held, Vec<Message>) {
        let name = identity.collector();
        let (group, endpoint) = name.rsplit_once('/').unwrap_or(("", name));
        let (endpoint, group) = (EndpointId::new(endpoint), GroupId::new(group));
        let (mut held, gaps) = Held::load_as(home, endpoint, group, identity.authority().to_string());
        if held.belonging.release_keys.is_empty() {
            let given = home.setup().map(|setup| setup.release_keys).unwrap_or_default();
            held.belonging.release_keys = TrustedKeys::new(given);
        }
        (held, gaps)
    }

    fn load_as(home: &Home, endpoint: EndpointId, group: GroupId, authority: String) -> (Held, Vec<Message>) {
        let places = Places {
            belonging: home.path("keys.json"),
            orders: home.path("orders"),
            reputation: home.path("reputation"),
        };
        let mut gaps = Vec::new();
        let known = newest(&places.belonging, 1 << 20, &mut gaps, |bytes| {
            let known: Belonging = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
            let whole = known.keys.iter().all(|key| known.keys.get(&key.id()).is_some());
            if whole { Ok(known) } else { Err("a key is not what its id says".to_owned()) }
        });
        // Of a server before: nothing of it counts any more.
        let known = known.filter(|known| known.authority == authority);
        let is_known = known.is_some();
        let belonging = known.unwrap_or_else(|| Belonging {
            authority,
            endpoint: endpoint.clone(),
            group,
            keys: TrustedKeys::default(),
            release_keys: TrustedKeys::default(),
        });
        let mut held = Held { belonging, endpoint, places, orders: None, reputation: None };
        if is_known {
            held.load_orders(&mut gaps);
            held.load_reputation(&mut gaps);
        }
        (held, gaps)
    }

    fn load_orders(&mut self, gaps: &mut Vec<Message>) {
        let Belonging { keys, endpoint, group, .. } = &self.belonging;
        let of = |endpoint: &EndpointId| Recipient { endpoint: endpoint.clone(), group: group.clone() };
        // One that enrolled anew holds to what it was told under its name before, until it is told something.
        let (before, now) = (of(endpoint), of(&self.endpoint));
        self.orders = newest(&self.places.orders, ORDERS_BYTES_MAX, gaps, |bytes| {
            let orders = open(bytes, keys, None, &before, EVER).or_else(|_| open(bytes, keys, None, &now, EVER));
            Ok((orders.map_err(|why| why.to_string())?, mark(bytes)))
        });
        if let Some((orders, _)) = &self.orders {
            // One who was killed between the two wrote the orders and not yet the keys after them.
            self.belonging.keys = self.belonging.keys.after(orders);
        }
    }

    fn load_reputation(&mut self, gaps: &mut Vec<Message>) {
        let keys = &self.belonging.keys;
        self.reputation = newest(&self.places.reputation, TABLE_BYTES_MAX, gaps, |bytes| {
            let table = open_table(bytes, keys, None, EVER).map_err(|why| why.to_string())?;
            Ok((Arc::new(table), mark(bytes)))
        });
    }

    pub fn orders(&self) -> Option<&Orders> {
        self.orders.as_ref().map(|(orders, _)| orders)
    }

    pub fn reputation(&self) -> Arc<ReputationTable> {
        self.reputation.as_ref().map(|(table, _)| table.clone()).unwrap_or_default()
    }

    pub fn reputation_version(&self) -> Option<u64> {
        self.reputation.as_ref().map(|(table, _)| table.version)
    }

    /// The version of the orders that it was given under the name that it has now.
    pub fn orders_version(&self) -> Option<u64> {
        self.orders().filter(|_| !self.is_new()).map(|orders| orders.version)
    }

    /// Whether nobody ordered anything yet from whoever is called as this one is now.
    fn is_new(&self) -> bool {
        self.orders.is_none() || self.belonging.endpoint != self.endpoint
    }

    /// The group that the orders are of.
    pub fn group(&self) -> Option<GroupId> {
        let orders = self.orders()?;
        match &orders.audience {
            Audience::Group(group) => Some(group.clone()),
            Audience::Endpoint(_) => orders.group.clone(),
        }
    }

    pub fn has_keys(&self) -> bool {
        !self.belonging.keys.is_empty()
    }

    pub fn release_keys(&self) -> &TrustedKeys {
        &self.belonging.release_keys
    }

    /// Believes what a release says of keys, which was checked with it.
    pub fn believe(&mut self, change: &KeyChange) -> Result<(), Message> {
        if change.is_nothing() {
            return Ok(());
        }
        let release_keys = self.belonging.release_keys.changed(change);
        self.belonging = Belonging { release_keys, ..self.belonging.clone() };
        self.keep_belonging(&self.belonging)
    }

    /// Takes what the server tells, if it is in order.
    pub fn take(&mut self, guide: &Guide, now: u64) -> Taken {
        match guide.kind.as_str() {
            KEYS_GUIDE => self.take_keys(&guide.bytes),
            ORDERS_GUIDE => self.take_orders(&guide.bytes, now),
            REPUTATION_GUIDE => self.take_reputation(&guide.bytes, now),
            // Of a later version.
            _ => Taken::Nothing,
        }
    }

    fn take_keys(&mut self, bytes: &[u8]) -> Taken {
        let bad = |why: &str| Taken::Refused(Message::new("agent.keys-bad").with("why", why));
        if bytes.len() > KEYS_BYTES_MAX {
            return bad("too long");
        }
        let keys = match serde_json::from_slice::<Keys>(bytes) {
            Ok(Keys { keys }) if !keys.is_empty() && keys.len() <= KEYS_MAX => keys,
            Ok(_) => return bad("no keys, or too many"),
            Err(error) => return bad(&error.to_string()),
        };
        if self.has_keys() {
            let is_known = keys.iter().any(|key| self.belonging.keys.get(&key.id()) == Some(key));
            return if is_known { Taken::Nothing } else { Taken::Refused(Message::new("agent.keys-known")) };
        }
        let belonging = Belonging { keys: TrustedKeys::new(keys), ..self.belonging.clone() };
        match self.keep_belonging(&belonging) {
            Ok(()) => {
                self.belonging = belonging;
                Taken::Keys
            }
            Err(why) => Taken::NotYet(why),
        }
    }

    fn take_orders(&mut self, bytes: &[u8], now: u64) -> Taken {
        if self.orders.as_ref().is_some_and(|(_, known)| *known == mark(bytes)) {
            return Taken::Nothing;
        }
        if !self.has_keys() {
            return Taken::NotYet(Message::new("agent.no-keys"));
        }
        let recipient = Recipient { endpoint: self.endpoint.clone(), group: self.belonging.group.clone() };
        let orders = match self.opened(bytes, &recipient, now) {
            Ok(orders) => orders,
            Err(why) => return refused(&why),
        };
        let group = match &orders.audience {
            Audience::Group(group) => group.clone(),
            // By orders of its own an endpoint comes to another group.
            Audience::Endpoint(_) => orders.group.clone().unwrap_or(recipient.group),
        };
        let keys = self.belonging.keys.after(&orders);
        let release_keys = match &orders.agent {
            Some(agent) if self.belonging.release_keys.is_empty() => TrustedKeys::new(agent.keys.iter().copied()),
            _ => self.belonging.release_keys.clone(),
        };
        let endpoint = self.endpoint.clone();
        let belonging = Belonging { endpoint, group, keys, release_keys, ..self.belonging.clone() };
        if let Err(error) = home::put(&self.places.orders, bytes) {
            return Taken::NotYet(home::unwritten(&self.places.orders, &error));
        }
        if let Err(why) = self.keep_belonging(&belonging) {
            return Taken::NotYet(why);
        }
        self.belonging = belonging;
        self.orders = Some((orders, mark(bytes)));
        Taken::Orders
    }

    /// Orders that are in order. One that is new is in whatever group the server says first: it only knows for which group
    /// its token was.
    fn opened(&self, bytes: &[u8], recipient: &Recipient, now: u64) -> Result<Orders, Refused> {
        let keys = &self.belonging.keys;
        match open(bytes, keys, self.orders_version(), recipient, now) {
            Err(Refused::NotForUs { audience }) if self.is_new() => {
                let recipient = Recipient { group: GroupId::new(audience), ..recipient.clone() };
                open(bytes, keys, None, &recipient, now)
            }
            opened => opened,
        }
    }

    fn take_reputation(&mut self, bytes: &[u8], now: u64) -> Taken {
        if self.reputation.as_ref().is_some_and(|(_, known)| *known == mark(bytes)) {
            return Taken::Nothing;
        }
        if !self.has_keys() {
            return Taken::NotYet(Message::new("agent.no-keys"));
        }
        let table = match open_table(bytes, &self.belonging.keys, self.reputation_version(), now) {
            Ok(table) => table,
            Err(why) => return refused(&why),
        };
        if let Err(error) = home::put(&self.places.reputation, bytes) {
            return Taken::NotYet(home::unwritten(&self.places.reputation, &error));
        }
        self.reputation = Some((Arc::new(table), mark(bytes)));
        Taken::Reputation
    }

    fn keep_belonging(&self, belonging: &Belonging) -> Result<(), Message> {
        let path = &self.places.belonging;
        let bytes = serde_json::to_vec(belonging).map_err(|error| home::damaged(path, &error))?;
        home::put(path, &bytes).map_err(|error| home::unwritten(path, &error))
    }
}

fn refused(why: &Refused) -> Taken {
    let told = why.message();
    if why.may_be_tried_again() { Taken::NotYet(told) } else { Taken::Refused(told) }
}

/// By which bytes are known again, so that what is told once more is not told as refused.
fn mark(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

/// What a file holds; where that is damaged what the one before it held, and in either case that it is.
fn newest<T>(
    path: &Path,
    bytes_max: usize,
    gaps: &mut Vec<Message>,
    mut take: impl FnMut(&[u8]) -> Result<T, String>,
) -> Option<T> {
    let bytes_max = u64::try_from(bytes_max).unwrap_or(u64::MAX);
    for (path, is_last) in [(path.to_owned(), false), (home::before(path), true)] {
        let why = match home::read(&path, bytes_max) {
            Ok(bytes) => match take(&bytes) {
                Ok(held) => {
                    if is_last {
                        gaps.push(Message::new("agent.before-holds").with("path", path.display()));
                    }
                    return Some(held);
                }
                Err(why) => home::damaged(&path, &why),
            },
            // Where there is none there never was one.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => home::unread(&path, &error),
        };
        gaps.push(why);
    }
    None
}

#[cfg(test)]
mod tests;
