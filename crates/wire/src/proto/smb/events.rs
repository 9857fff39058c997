//! What leaves the SMB room: a request with its answer, or a file that was read or written.

use super::{names, ntlmssp};
use crate::proto::{Elements, dcerpc};
use std::borrow::Cow;

/// An event with what its conversation agreed on.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    pub exchange: &'a Exchange,
    pub dialect: &'a Dialect,
}

/// The dialect of a conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Dialect {
    /// Its negotiation was not seen, or is not over.
    #[default]
    Unknown,
    /// One of SMB1, by the name the client offered it under.
    Named(String),
    Numbered(u16),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    One(u8),
    Two(u16),
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Status {
    /// No answer was seen.
    #[default]
    None,
    Nt(u32),
    Dos {
        class: u8,
        code: u16,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    pub command: Command,
    pub status: Status,
    pub session: u64,
    pub tree: u32,
    pub what: What,
}

/// What the command was about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum What {
    #[default]
    Nothing,
    Negotiate(Box<Negotiate>),
    Setup(Box<Setup>),
    Tree(Box<Tree>),
    Create(Box<Create>),
    File(Box<FileRef>),
    Rename {
        from: String,
        to: String,
    },
    SetInfo(Box<SetInfo>),
    /// A control function.
    Function(u32),
    Rpc(Box<dcerpc::Call>),
    /// A path that the command works on, such as that of a deletion.
    Path(String),
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Negotiate {
    /// Offered by the client: by name in SMB1, by number in SMB2.
    pub names: Vec<String>,
    pub numbers: Vec<u16>,
    pub client_guid: [u8; 16],
    pub server_guid: [u8; 16],
    pub max_read: u32,
    pub max_write: u32,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Setup {
    pub ntlm: Option<ntlmssp::Authenticate>,
    pub challenge: Option<ntlmssp::Challenge>,
    pub ticket: Option<crate::proto::krb5::Ticket>,
    /// Account and domain given in the open, as old clients do.
    pub account: Option<(String, String)>,
    pub client: Option<Native>,
    pub server: Option<Native>,
}

/// What an end says that it runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Native {
    pub os: String,
    pub lm: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    pub share: String,
    pub is_pipe: bool,
    /// Told by SMB2 servers.
    pub kind: Option<u8>,
    /// Asked for and given, in SMB1.
    pub services: Option<(String, String)>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Create {
    pub name: String,
    pub disposition: u32,
    pub delete_on_close: bool,
    /// Seconds since 1970; nought when there is none.
    pub created: i64,
    pub accessed: i64,
    pub modified: i64,
    pub changed: i64,
    pub size: u64,
    pub handle: Option<Handle>,
}

/// What a server calls an open file or pipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Handle {
    /// The file's number, in the session with this number.
    One {
        file: u16,
        session: u16,
    },
    Two([u8; 16]),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRef {
    pub name: String,
    pub share: String,
    pub handle: Handle,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetInfo {
    pub class: &'static str,
    pub level: String,
    pub name: String,
    pub handle: Option<Handle>,
    pub delete_on_close: bool,
}

impl Dialect {
    pub fn shown(&self) -> Cow<'_, str> {
        match self {
            Dialect::Unknown => "unknown".into(),
            Dialect::Named(name) => name.as_str().into(),
            Dialect::Numbered(number) => names::smb2_dialect(*number),
        }
    }
}

impl Command {
    pub fn shown(self) -> Cow<'static, str> {
        match self {
            Command::One(command) => {
                names::smb1_command(command).map_or_else(|| format!("UNKNOWN-{command:02x}").into(), Cow::Borrowed)
            }
            Command::Two(command) => {
                names::smb2_command(command).map_or_else(|| format!("UNKNOWN-{command:02x}").into(), Cow::Borrowed)
            }
        }
    }
}

impl Status {
    pub fn name(self) -> Option<Cow<'static, str>> {
        match self {
            Status::None => None,
            Status::Nt(status) => {
                Some(names::nt_status(status).map_or_else(|| format!("UNKNOWN_{status:x}").into(), Cow::Borrowed))
            }
            Status::Dos { class: 0, code: 0 } => Some("DOS_SUCCESS".into()),
            Status::Dos { class, code } => Some(
                names::dos_error(class, code)
                    .map_or_else(|| format!("UNKNOWN_{class:02x}_{code:04x}").into(), Cow::Borrowed),
            ),
        }
    }

    pub fn is_success(self) -> bool {
        matches!(self, Status::Nt(0) | Status::Dos { class: 0, .. })
    }
}

impl std::fmt::Display for Handle {
    fn fmt(&self, text: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Handle::One { file, .. } => write!(text, "{file:04x}"),
            Handle::Two(bytes) => write!(text, "{}", Guid(bytes)),
        }
    }
}

/// Sixteen bytes as servers number files and themselves.
pub struct Guid<'a>(pub &'a [u8; 16]);

impl std::fmt::Display for Guid<'_> {
    fn fmt(&self, text: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = self.0;
        write!(text, "{d:02x}{c:02x}{b:02x}{a:02x}-{f:02x}{e:02x}-{h:02x}{g:02x}-{j:02x}{i:02x}-")?;
        write!(text, "{l:02x}{k:02x}{p:02x}{o:02x}{n:02x}{m:02x}")
    }
}

impl Told<'_> {
    pub fn elements(&self) -> Elements<'_> {
        let exchange = self.exchange;
        let mut elements = Elements {
            version: Some(self.dialect.shown()),
            operation: Some(exchange.command.shown()),
            result: exchange.status.name(),
            ..Elements::default()
        };
        match &exchange.what {
            What::Setup(setup) => setup.fill(&mut elements),
            What::Tree(tree) => elements.object = Some(tree.share.as_str().into()),
            What::Create(create) => elements.object = Some(create.name.as_str().into()),
            What::File(file) => elements.object = Some(joined(&file.share, &file.name)),
            What::Rename { from, .. } => elements.object = Some(from.as_str().into()),
            What::SetInfo(info) => elements.object = Some(info.name.as_str().into()),
            What::Function(code) => elements.object = Some(names::function(*code)),
            What::Path(path) => elements.object = Some(path.as_str().into()),
            What::Rpc(call) => {
                let of_call = call.elements();
                (elements.object, elements.operation) = (of_call.object, of_call.operation);
            }
            What::Negotiate(_) | What::Nothing => {}
        }
        elements
    }
}

fn joined<'a>(share: &'a str, name: &'a str) -> Cow<'a, str> {
    if share.is_empty() { name.into() } else { format!("{share}\\{name}").into() }
}

impl Setup {
    fn fill<'a>(&'a self, elements: &mut Elements<'a>) {
        if let Some(ntlm) = &self.ntlm {
            elements.account = Some(match ntlm.domain.as_str() {
                "" => ntlm.user.as_str().into(),
                domain => format!("{domain}\\{}", ntlm.user).into(),
            });
            elements.host_name = Some(ntlm.host.as_str().into());
            elements.client = ntlm.version.map(|version| version.to_string().into());
        } else if let Some((account, domain)) = &self.account {
            elements.account = Some(match domain.as_str() {
                "" => account.as_str().into(),
                domain => format!("{domain}\\{account}").into(),
            });
        }
        if let Some(ticket) = &self.ticket {
            elements.object = Some(ticket.service().into());
        }
        if let Some(client) = &self.client {
            elements.client = Some(format!("{} / {}", client.os, client.lm).into());
        }
        if let Some(challenge) = &self.challenge {
            elements.server = challenge.version.map(|version| version.to_string().into());
        }
        if let Some(server) = &self.server {
            elements.server = Some(format!("{} / {}", server.os, server.lm).into());
        }
    }
}
