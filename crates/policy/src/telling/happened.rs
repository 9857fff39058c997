//! What programs did, and what happened to the machine, as far as orders ask for it.

use super::Program;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// Something that happened. What is not known, or has no place in it, is left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Happened {
    pub activity: Activity,
    /// The process that did it, or that it was done to, and what that runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<Program>,
    /// Who it acts for: a name, or a number where that has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Paths of programs it comes from, the nearest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ancestors: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<Connection>,
    /// Where somebody logs on from: a name or an address, as it was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The module of the kernel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activity {
    /// A process runs a program from here on.
    Launched,
    /// Another process attached to it.
    Injected,
    /// It acts for another user from here on.
    Became,
    /// A connection is there, and a port is listened at.
    Opened,
    Listened,
    /// A connection was there and is over: whose it was is not known.
    Missed,
    LoggedOn,
    LogonFailed,
    /// The kernel loaded a module.
    Loaded,
}

impl Activity {
    /// As it stands in tables.
    pub fn label(self) -> &'static str {
        match self {
            Activity::Launched => "launched",
            Activity::Injected => "injected",
            Activity::Became => "became",
            Activity::Opened => "opened",
            Activity::Listened => "listened",
            Activity::Missed => "missed",
            Activity::LoggedOn => "logged_on",
            Activity::LogonFailed => "logon_failed",
            Activity::Loaded => "loaded",
        }
    }
}

/// A connection as its endpoint sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    pub transport: Transport,
    pub local: SocketAddr,
    /// With port 0 when there is no other end.
    pub remote: SocketAddr,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    Tcp,
    Udp,
}

impl Transport {
    pub fn label(self) -> &'static str {
        match self {
            Transport::Tcp => "tcp",
            Transport::Udp => "udp",
        }
    }
}
