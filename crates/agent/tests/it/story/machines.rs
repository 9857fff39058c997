//! Machines that are none: each has a network of its own, a disk of its own at the place where all have theirs, and a name.

use crate::control::{program, sha256};
use crate::disks::{Disk, Kind};
use crate::documents;
use crate::guard::Guard;
use crate::manifest::Manifest;
use crate::raw;
use crate::scrambler::{ENTRY, Running, Start, Way, make_program};
use crate::yard::Yard;
use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::time::Duration;

/// What every machine has on its disk: a tool that nobody knows, another one, one of a package, and the attacker's, which
/// does nothing unless it is told where.
pub const TOOL: &str = "tool";
pub const LATE: &str = "late";
pub const PACKAGED: &str = "packaged";
pub const STAND_IN: &str = "stand-in";
const INFO: &str = "dpkg/info";
const REDIRECTS: &str = "/proc/sys/net/ipv4/conf/all/accept_redirects";

/// Whether settings of the kernel have a place on this system.
pub fn has_settings() -> bool {
    let is_there = Path::new("/etc/sysctl.d").is_dir();
    if !is_there {
        eprintln!("SKIPPED: no /etc/sysctl.d here; nothing is set on these machines");
    }
    is_there
}

pub struct Machine {
    /// Ended first, since it holds on to the others.
    agent: Option<Guard>,
    network: Network,
    yard: Yard,
    disk: Disk,
    site: PathBuf,
    sums: BTreeMap<&'static str, String>,
    pub name: &'static str,
}

impl Machine {
    /// `None` with a loud line where none can be made.
    pub fn new(name: &'static str, number: u8, site: &Path) -> Option<Machine> {
        let disk = Disk::new(Kind::Ext4)?;
        let yard = Yard::make(&disk.path());
        documents::put(&documents::without_big(21), &yard.documents());
        let network = Network::new(number);
        let (site, sums) = (site.to_owned(), BTreeMap::new());
        let mut machine = Machine { agent: None, network, yard, disk, site, sums, name };
        machine.make_programs();
        // Before anybody is asked about what is opened.
        machine.sums =
            [TOOL, LATE, PACKAGED, STAND_IN].map(|name| (name, sha256(&machine.disk.path().join(name)))).into();
        Some(machine)
    }

    fn make_programs(&self) {
        self.program(TOOL);
        self.program(LATE);
        let sum = Command::new("md5sum").arg(self.program(PACKAGED)).output().unwrap().stdout;
        make_program(&self.disk.path().join(STAND_IN));
        let (info, path) = (self.disk.path().join(INFO), self.path(PACKAGED));
        std::fs::create_dir_all(&info).unwrap();
        let line = format!("{}  {}\n", String::from_utf8_lossy(&sum[..32]), path.strip_prefix("/").unwrap().display());
        std::fs::write(info.join("works.md5sums"), line).unwrap();
    }

    /// A program that ends with 0, the same one on all machines.
    fn program(&self, name: &str) -> PathBuf {
        let made = program(&self.site.with_file_name(name), "true");
        let place = self.disk.path().join(name);
        std::fs::copy(&made, &place).unwrap();
        std::fs::remove_file(made).unwrap();
        place
    }

    /// As it is called on the machine.
    pub fn path(&self, name: &str) -> PathBuf {
        self.site.join(name)
    }

    pub fn sha256(&self, name: &str) -> String {
        self.sums[name].clone()
    }

    /// What the kernel says in its network.
    pub fn accepts_redirects(&self) -> String {
        let output = Command::new("ip").args(["netns", "exec", &self.network.name, "cat", REDIRECTS]).output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    pub fn documents(&self) -> Manifest {
        Manifest::of(&self.yard.documents()).without_canaries()
    }

    /// The address under which it finds the server's machine.
    pub fn server(&self, port: u16) -> String {
        format!("{}:{port}", self.network.outside)
    }

    pub fn enrol(&self, server: &str, authority: &str, token: &str) -> Output {
        let mut command = self.command();
        command.args(["enrol", "--server", server, "--authority", authority, "--home"]).arg(self.path("home"));
        command.env("REDOUBT_TOKEN", token).output().unwrap()
    }

    pub fn serve(&mut self) {
        let mut command = self.command();
        command.args(["serve", "--json", "--home"]).arg(self.path("home"));
        command.arg("--only").arg(&self.site).arg("--dpkg").arg(self.path(INFO));
        self.agent = Some(Guard::listen(command).unwrap());
    }

    /// The agent's program on this machine, in the process that is started.
    fn command(&self) -> Command {
        // Files of settings are its own too, where there is a place for them.
        const SCRIPT: &str = "echo \"$1\" > /proc/sys/kernel/hostname && mount --bind \"$2\" \"$3\" && shift 3 && \
             { [ ! -d /etc/sysctl.d ] || mount -t tmpfs none /etc/sysctl.d; } && exec \"$@\"";
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.network.name, "unshare", "--mount", "--uts", "sh", "-c", SCRIPT, "sh"]);
        command.arg(self.name).arg(self.disk.path()).arg(&self.site).arg(env!("CARGO_BIN_EXE_redoubt-agent"));
        command
    }

    fn agent(&self) -> &Guard {
        self.agent.as_ref().unwrap()
    }

    /// Whether its files are protected, which is said after that of what runs.
    pub fn protects(&self, limit: Duration) -> bool {
        self.agent().says_all("ready", 2, limit).len() == 2
    }

    /// Runs a program of its disk to its end.
    pub fn run(&self, name: &str) -> io::Result<ExitStatus> {
        let mut command = Command::new(self.path(name));
        if name == STAND_IN {
            command.args(ENTRY);
        }
        raw::begins_beside(&mut command, self.agent().process()).unwrap();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()
    }

    pub fn attack(&self, way: Way) -> Running {
        let start = Start { root: self.site.clone(), ..Start::new(way.name(), &self.yard) };
        let process = self.agent().process();
        start.go_as(&self.path(STAND_IN), |command| raw::begins_beside(command, process).unwrap())
    }

    pub fn stop(&mut self) -> ExitStatus {
        self.agent.take().unwrap().stop().unwrap().status
    }
}

/// A namespace, and a pair of interfaces that lead out of it; gone when dropped. The namespace is held by a mount that only
/// this test sees: when the test is killed the kernel takes it away, and the pair with it.
struct Network {
    name: String,
    link: String,
    outside: Ipv4Addr,
}

const PREFIX: &str = "redoubt-it-";

impl Network {
    fn new(number: u8) -> Network {
        remove_left_overs();
        let pid = std::process::id();
        let (name, link) = (format!("{PREFIX}{pid}-{number}"), format!("rit{pid}-{number}"));
        // Four addresses a pair, sixteen a test.
        let [.., high, low] = (pid << 4 | u32::from(number) << 2).to_be_bytes();
        let [outside, inside] = [1, 2].map(|last| Ipv4Addr::new(10, 213, high, low | last));
        let network = Network { name, link, outside };
        let Network { name, link, outside } = &network;
        ip(&["netns", "add", name]);
        ip(&["link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name]);
        ip(&["address", "add", &format!("{outside}/30"), "dev", link]);
        ip(&["link", "set", link, "up"]);
        ip(&["-n", name, "address", "add", &format!("{inside}/30"), "dev", "eth0"]);
        ip(&["-n", name, "link", "set", "eth0", "up"]);
        ip(&["netns", "exec", name, "sh", "-c", &format!("echo 1 > {REDIRECTS}")]);
        network
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["link", "delete", &self.link]).output();
        let _ = Command::new("ip").args(["netns", "delete", &self.name]).output();
    }
}

/// Of tests that were killed the names of their namespaces stay.
fn remove_left_overs() {
    for entry in std::fs::read_dir("/run/netns").into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let pid = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next());
        if pid.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            let _ = Command::new("ip").args(["netns", "delete", &name]).output();
        }
    }
}

fn ip(arguments: &[&str]) {
    let output = Command::new("ip").args(arguments).output().unwrap();
    assert!(output.status.success(), "ip {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}
