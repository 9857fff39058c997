//! A machine with its neighbours: networks of the kernel, of which each is led to the machine by a pair of interfaces.

use crate::disks::{Disk, Kind};
use crate::guard::Guard;
use crate::needs;
use crate::raw;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

/// What is on the same machine answers in no time; what is dropped never does.
const WITHIN: Duration = Duration::from_millis(400);
const NEIGHBOURS: [&str; 2] = ["anna", "bert"];

pub struct Plant {
    disk: Disk,
    machine: String,
    /// Where the server is: this network, as the machine knows it.
    pub server: IpAddr,
    neighbours: Vec<Neighbour>,
    /// On the machine, as each neighbour knows it, and one that the server's host knows.
    doors: Vec<(String, SocketAddr)>,
    /// On the server's host, but not the server.
    beside: SocketAddr,
    passed_on: SocketAddr,
}

struct Neighbour {
    name: &'static str,
    network: String,
    tcp: SocketAddr,
    tcp_6: SocketAddr,
    udp: SocketAddr,
    /// Of a program that answers as a server of names would.
    domain: SocketAddr,
}

impl Plant {
    /// `None` with a loud line where none can be made.
    pub fn new() -> Option<Plant> {
        if !needs::root() || !needs::tool("ip", "iproute2") {
            return None;
        }
        let disk = Disk::new(Kind::Ext4)?;
        let pid = std::process::id();
        let machine = format!("redoubt-it-{pid}-m");
        let host = |pair: u32, last: u8| {
            let [.., high, low] = (pid << 4 | pair << 2).to_be_bytes();
            Ipv4Addr::new(10, 214, high, low | last)
        };
        ip(&["netns", "add", &machine]);
        ip(&["-n", &machine, "link", "set", "lo", "up"]);
        let outside = format!("rim{pid}");
        ip(&["link", "add", &outside, "type", "veth", "peer", "name", "eth0", "netns", &machine]);
        let (server, on_machine) = (host(0, 1), host(0, 2));
        ip(&["address", "add", &format!("{server}/30"), "dev", &outside]);
        ip(&["link", "set", &outside, "up"]);
        ip(&["-n", &machine, "address", "add", &format!("{on_machine}/30"), "dev", "eth0"]);
        ip(&["-n", &machine, "link", "set", "eth0", "up"]);
        ip(&["netns", "exec", &machine, "sysctl", "-qw", "net.ipv4.ip_forward=1"]);
        let mut doors = vec![(String::new(), within(&machine, move || echo(SocketAddr::new(on_machine.into(), 0))))];
        let mut neighbours = Vec::new();
        for (number, name) in (1..).zip(NEIGHBOURS) {
            let network = format!("redoubt-it-{pid}-{name}");
            let (on_machine, own) = (host(number, 1), host(number, 2));
            let link = format!("to-{name}");
            ip(&["netns", "add", &network]);
            ip(&["-n", &network, "link", "set", "lo", "up"]);
            ip(&["-n", &machine, "link", "add", &link, "type", "veth", "peer", "name", "eth0", "netns", &network]);
            let own_6 = format!("fd00:{number}::2");
            for (at, interface, address, address_6) in [
                (&machine, link.as_str(), on_machine, format!("fd00:{number}::1")),
                (&network, "eth0", own, own_6.clone()),
            ] {
                ip(&["-n", at, "address", "add", &format!("{address}/30"), "dev", interface]);
                ip(&["-n", at, "address", "add", &format!("{address_6}/64"), "dev", interface, "nodad"]);
                ip(&["-n", at, "link", "set", interface, "up"]);
            }
            ip(&["-n", &network, "route", "add", "default", "via", &on_machine.to_string()]);
            doors.push((network.clone(), within(&machine, move || echo(SocketAddr::new(on_machine.into(), 0)))));
            let listens = within(&network, move || {
                let own_6 = own_6.parse().unwrap();
                (
                    echo(SocketAddr::new(own.into(), 0)),
                    echo(SocketAddr::new(own_6, 0)),
                    echo_udp(SocketAddr::new(own.into(), 0)),
                    echo_udp(SocketAddr::new(own.into(), 53)),
                )
            });
            let (tcp, tcp_6, udp, domain) = listens;
            neighbours.push(Neighbour { name, network, tcp, tcp_6, udp, domain });
        }
        let beside = echo(SocketAddr::new(server.into(), 0));
        let passed_on = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 7312);
        Some(Plant { disk, machine, server: server.into(), neighbours, doors, beside, passed_on })
    }

    pub fn serve(&self, home: &Path) -> Guard {
        let mut command = self.command("serve", home);
        command.arg("--json").arg("--only").arg(self.disk.path());
        Guard::listen(command).unwrap()
    }

    /// As it is done before a machine has a network.
    pub fn restore(&self, home: &Path) -> Output {
        self.command("restore-isolation", home).output().unwrap()
    }

    fn command(&self, task: &str, home: &Path) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.machine, env!("CARGO_BIN_EXE_redoubt-agent"), task, "--home"]).arg(home);
        command
    }

    /// Lays a tunnel between the machine and the server's host, which both make themselves. The address of that host in it;
    /// `None` with a loud line where the kernel makes none.
    pub fn tunnel(&self) -> Option<IpAddr> {
        let (pid, on_machine) = (std::process::id(), self.doors[0].1.ip().to_string());
        let [.., high, low] = (pid << 4).to_be_bytes();
        let [outside, inside] = [1, 2].map(|last| Ipv4Addr::new(10, 215, high, low | last));
        let (name, id, server) = (format!("rit{pid}"), (pid & 0xff_ffff).to_string(), self.server.to_string());
        let lay = |network: &[&str], name: &str, local: &str, remote: &str, address: Ipv4Addr| {
            let add = ["link", "add", "name", name, "type", "vxlan", "id", &id, "local", local, "remote", remote];
            let made = Command::new("ip").args(network).args(add).args(["dstport", "4789"]).status().unwrap();
            let ip_there = |arguments: &[&str]| ip(&[network, arguments].concat());
            made.success().then(|| {
                ip_there(&["address", "add", &format!("{address}/30"), "dev", name]);
                ip_there(&["link", "set", name, "up"]);
            })
        };
        let outer = lay(&[], &name, &server, &on_machine, outside);
        let inner = outer.and_then(|()| lay(&["-n", &self.machine], "tunnel", &on_machine, &server, inside));
        if inner.is_none() {
            eprintln!("SKIPPED: no tunnel (vxlan) by this kernel");
        }
        inner.map(|()| outside.into())
    }

    /// Does something in the network of the machine.
    pub fn on_machine<T: Send + 'static>(&self, what: impl FnOnce() -> T + Send + 'static) -> T {
        within(&self.machine, what)
    }

    pub fn reaches_server(&self, address: &str) -> bool {
        let address: SocketAddr = address.parse().unwrap();
        self.on_machine(move || TcpStream::connect_timeout(&address, 10 * WITHIN).is_ok())
    }

    /// Every way between the machine and others but that to its server, and through it.
    pub fn all_ways(&self) -> Vec<String> {
        self.ways().into_iter().map(|(name, _)| name).collect()
    }

    /// Those on which an answer comes.
    pub fn open_ways(&self) -> Vec<String> {
        let tried = self.ways().into_iter().map(|(name, way)| std::thread::spawn(move || way().then_some(name)));
        let tried: Vec<_> = tried.collect();
        tried.into_iter().filter_map(|way| way.join().unwrap()).collect()
    }

    fn ways(&self) -> Vec<(String, Box<dyn FnOnce() -> bool + Send>)> {
        let mut ways: Vec<(String, Box<dyn FnOnce() -> bool + Send>)> = Vec::new();
        let mut add = |name: String, from: &str, way: fn(SocketAddr) -> bool, to: SocketAddr| {
            let from = from.to_owned();
            ways.push((name, Box::new(move || within(&from, move || way(to)))));
        };
        for neighbour in &self.neighbours {
            let name = neighbour.name;
            add(format!("to {name}"), &self.machine, answers, neighbour.tcp);
            add(format!("to {name} over IPv6"), &self.machine, answers, neighbour.tcp_6);
            add(format!("to {name} by UDP"), &self.machine, answers_udp, neighbour.udp);
            add(format!("to {name} asking for names"), &self.machine, answers_udp, neighbour.domain);
        }
        for (from, door) in &self.doors {
            add(format!("from `{from}`"), from, answers, *door);
        }
        add("to another port of the server's host".to_owned(), &self.machine, answers, self.beside);
        add("through the machine".to_owned(), &self.neighbours[0].network, answers, self.neighbours[1].tcp);
        ways
    }

    /// One connection to each neighbour and one from each, and one through the machine.
    pub fn connections(&self) -> Vec<Open> {
        let open = |name: &str, from: &str, to: SocketAddr| {
            let stream = within(from, move || TcpStream::connect_timeout(&to, WITHIN).unwrap());
            stream.set_read_timeout(Some(WITHIN)).unwrap();
            Open { name: name.to_owned(), stream }
        };
        let to = self.neighbours.iter().map(|neighbour| open(neighbour.name, &self.machine, neighbour.tcp));
        let from = self.doors.iter().map(|(from, door)| open(&format!("from `{from}`"), from, *door));
        let through = open("through", &self.neighbours[0].network, self.neighbours[1].tcp);
        to.chain(from).chain([through]).collect()
    }

    /// Has a program on the machine pass on what comes to the server.
    pub fn passes_on(&self, server: &str) {
        let (server, at): (SocketAddr, _) = (server.parse().unwrap(), self.passed_on);
        let machine = self.machine.clone();
        let listener = within(&machine, move || TcpListener::bind(at).unwrap());
        std::thread::spawn(move || {
            for come in listener.incoming().map_while(Result::ok) {
                let Ok(gone) = within(&machine, move || TcpStream::connect(server)) else { continue };
                let (mut back, mut on) = (come.try_clone().unwrap(), gone.try_clone().unwrap());
                let (mut come, mut gone) = (come, gone);
                std::thread::spawn(move || io::copy(&mut come, &mut on));
                std::thread::spawn(move || io::copy(&mut gone, &mut back));
            }
        });
    }

    pub fn passed_on_at(&self) -> SocketAddr {
        self.passed_on
    }
}

impl Drop for Plant {
    fn drop(&mut self) {
        let networks = self.neighbours.iter().map(|neighbour| &neighbour.network).chain([&self.machine]);
        for network in networks {
            let _ = Command::new("ip").args(["netns", "delete", network]).output();
        }
        for link in ["rim", "rit"] {
            let _ = Command::new("ip").args(["link", "delete", &format!("{link}{}", std::process::id())]).output();
        }
    }
}

/// A connection that stays open.
pub struct Open {
    pub name: String,
    stream: TcpStream,
}

impl Open {
    pub fn answers(&mut self) -> bool {
        self.stream.write_all(b"?").is_ok() && self.stream.read(&mut [0; 16]).is_ok_and(|read| read > 0)
    }
}

/// Does something in a network; in that of this test when it has no name.
fn within<T: Send + 'static>(network: &str, what: impl FnOnce() -> T + Send + 'static) -> T {
    let network = network.to_owned();
    let there = move || {
        if !network.is_empty() {
            raw::enter_network(&Path::new("/run/netns").join(network)).unwrap();
        }
        what()
    };
    std::thread::spawn(there).join().unwrap()
}

fn answers(address: SocketAddr) -> bool {
    let Ok(stream) = TcpStream::connect_timeout(&address, WITHIN) else { return false };
    stream.set_read_timeout(Some(WITHIN)).unwrap();
    Open { name: String::new(), stream }.answers()
}

fn answers_udp(address: SocketAddr) -> bool {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    socket.set_read_timeout(Some(WITHIN)).unwrap();
    socket.send_to(b"?", address).is_ok() && socket.recv_from(&mut [0; 16]).is_ok()
}

/// Says back whatever is said.
fn echo(at: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind(at).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || io::copy(&mut &stream, &mut &stream));
        }
    });
    address
}

fn echo_udp(at: SocketAddr) -> SocketAddr {
    let socket = UdpSocket::bind(at).unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut bytes = [0; 16];
        while let Ok((length, from)) = socket.recv_from(&mut bytes) {
            let _ = socket.send_to(&bytes[..length], from);
        }
    });
    address
}

fn ip(arguments: &[&str]) {
    let output = Command::new("ip").args(arguments).output().unwrap();
    assert!(output.status.success(), "ip {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}
