//! Where the server is: its addresses, looked up where it is called by a name, on a thread that nobody waits for.

use endpoint::isolation::{self, ADDRESSES_MAX, Allowed};
use model::Message;
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs, UdpSocket};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread::Builder;
use std::time::{Duration, Instant};

/// Between two times that a name is looked up.
const LOOK_UP_EVERY: Duration = Duration::from_secs(30);
/// A server that could not be reached for so long is perhaps somewhere else by now.
const AWAY: Duration = Duration::from_secs(60);
/// Of a server with many addresses so many are tried.
const TRIED_MAX: usize = 4;

pub struct ServerAt {
    name: String,
    port: Option<u16>,
    host: Host,
    known: BTreeSet<IpAddr>,
    looking: Option<Receiver<Result<BTreeSet<IpAddr>, Message>>>,
    looked: Option<Instant>,
    why_not: Option<Message>,
    away_since: Option<Instant>,
    is_news: bool,
}

enum Host {
    Address(IpAddr),
    Name(String),
}

impl ServerAt {
    /// A server by its host and port, and where it was before.
    pub fn new(name: &str, known: BTreeSet<IpAddr>) -> ServerAt {
        let (host, port) = name.rsplit_once(':').unwrap_or((name, ""));
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let address = host.parse().map(|address: IpAddr| address.to_canonical());
        let host = address.map_or_else(|_| Host::Name(host.to_owned()), Host::Address);
        ServerAt {
            name: name.to_owned(),
            port: port.parse().ok(),
            host,
            known,
            looking: None,
            looked: None,
            why_not: None,
            away_since: None,
            is_news: false,
        }
    }

    /// As people call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether something was found since it was asked last.
    pub fn is_news(&mut self) -> bool {
        self.hear();
        std::mem::take(&mut self.is_news)
    }

    /// What an isolated machine needs to reach it; none while that is not known yet.
    pub fn allowed(&mut self, connected: bool) -> Result<Option<Allowed>, Message> {
        let port = self.port.ok_or_else(|| Message::new("isolation.no-port").with("server", &self.name))?;
        if let Host::Address(address) = self.host {
            return Ok(Some(Allowed { server: [address].into(), port, resolvers: BTreeSet::new() }));
        }
        self.hear();
        self.look_up_if_due(connected);
        if !self.known.is_empty() {
            return Ok(Some(Allowed { server: self.known.clone(), port, resolvers: isolation::resolvers() }));
        }
        match self.why_not.clone() {
            None => Ok(None),
            Some(cause) => Err(Message::new("isolation.no-address").with("server", &self.name).reason("cause", cause)),
        }
    }

    fn look_up_if_due(&mut self, connected: bool) {
        match connected {
            true => self.away_since = None,
            false => self.away_since = self.away_since.or_else(|| Some(Instant::now())),
        }
        let is_away = self.away_since.is_some_and(|since| since.elapsed() >= AWAY);
        let is_due = self.looked.is_none_or(|at| at.elapsed() >= LOOK_UP_EVERY);
        if self.looking.is_some() || !is_due || !self.known.is_empty() && !is_away {
            return;
        }
        self.looked = Some(Instant::now());
        let (to, found) = channel();
        let Host::Name(host) = &self.host else { return };
        let (host, port) = (host.clone(), self.port.unwrap_or_default());
        let look = move || to.send(look_up(&host, port));
        match Builder::new().name("look-up".to_owned()).spawn(look) {
            Ok(_) => self.looking = Some(found),
            Err(error) => self.why_not = Some(crate::serve::no_thread(&error)),
        }
    }

    fn hear(&mut self) {
        let Some(looking) = &self.looking else { return };
        match looking.try_recv() {
            Ok(Ok(found)) => (self.known, self.why_not, self.is_news) = (found, None, true),
            // What was known before may still be so.
            Ok(Err(why)) => (self.why_not, self.is_news) = (Some(why), true),
            Err(TryRecvError::Empty) => return,
            Err(TryRecvError::Disconnected) => {}
        }
        self.looking = None;
    }
}

fn look_up(host: &str, port: u16) -> Result<BTreeSet<IpAddr>, Message> {
    let found =
        (host, port).to_socket_addrs().map_err(|error| Message::new("isolation.no-name").reason("cause", error))?;
    let found: BTreeSet<IpAddr> = found.map(|address| address.ip().to_canonical()).take(ADDRESSES_MAX).collect();
    if found.is_empty() { Err(Message::new("isolation.not-resolved")) } else { Ok(found) }
}

/// Whether an address is one of this machine.
pub fn is_own(address: IpAddr) -> bool {
    address.is_loopback() || UdpSocket::bind((address, 0)).is_ok()
}

/// Whether somebody takes a connection where the server is.
pub fn is_reached(allowed: &Allowed, times: usize, within: Duration) -> bool {
    let addresses = allowed.server.iter().take(TRIED_MAX).map(|ip| SocketAddr::new(*ip, allowed.port));
    let mut tries = (0..times).flat_map(|_| addresses.clone());
    tries.any(|address| TcpStream::connect_timeout(&address, within).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(name: &str) -> Result<Option<Allowed>, Message> {
        ServerAt::new(name, BTreeSet::new()).allowed(true)
    }

    #[test]
    fn an_address_needs_nobody_to_be_asked() {
        let mapped = ("[::ffff:10.0.0.5]:7312", "10.0.0.5");
        for (name, address) in [("10.0.0.5:7312", "10.0.0.5"), ("[fd00::5]:7312", "fd00::5"), mapped] {
            let address = address.parse().unwrap();
            let wanted = Allowed { server: [address].into(), port: 7312, resolvers: BTreeSet::new() };
            assert_eq!(allowed(name), Ok(Some(wanted)), "{name}");
        }
    }

    #[test]
    fn a_server_on_this_machine_is_known_as_one() {
        assert!(is_own(IpAddr::from([127, 0, 0, 1])) && is_own("::1".parse().unwrap()));
        // Of documentation: nobody has it.
        assert!(!is_own(IpAddr::from([192, 0, 2, 1])));
    }

    #[test]
    fn without_a_port_nobody_is_isolated() {
        let why = allowed("redoubt.example").unwrap_err();
        assert_eq!(why.code, "isolation.no-port");
    }

    #[test]
    fn a_name_is_looked_up_and_where_it_was_before_counts_meanwhile() {
        let mut server = ServerAt::new("localhost:7312", BTreeSet::new());
        assert_eq!(server.allowed(true), Ok(None));
        let until = Instant::now() + Duration::from_secs(20);
        while !server.is_news() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        let found = server.allowed(true).unwrap().unwrap();
        assert!(found.server.iter().all(IpAddr::is_loopback) && !found.server.is_empty(), "{found:?}");
        let before = IpAddr::from([10, 0, 0, 9]);
        let mut server = ServerAt::new("nobody.invalid:7312", [before].into());
        assert_eq!(server.allowed(true).unwrap().unwrap().server, [before].into());
        assert!(server.looking.is_none(), "one that is connected is where it is");
    }
}
