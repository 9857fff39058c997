//! What can go wrong, with what is needed to say so.

use model::Message;
use std::io;
use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("another process uses `{0}`")]
    InUse(PathBuf),
    #[error("cannot use `{path}`")]
    Disk {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the spool was closed, or its writer broke down")]
    Closed,
    /// What a file says cannot be; nothing is made of half of it.
    #[error("what is kept in `{path}` is damaged: {cause}")]
    Damaged { path: PathBuf, cause: String },
    #[error("cannot make or read a certificate: {0}")]
    Certificate(String),
    #[error("a fingerprint is 64 hexadecimal digits, not `{0}`")]
    Fingerprint(String),
    #[error("a group is 1 to 40 lower case letters, digits and hyphens, not `{0}`")]
    Group(String),
    #[error("a server's address is a host and a port, not `{0}`")]
    Address(String),
    #[error("there are {max} tokens that have not ended; no more are kept")]
    TooManyTokens { max: usize },
    #[error("there is no collector `{0}`")]
    UnknownCollector(String),
    #[error("cannot reach the server at `{address}`")]
    Connect {
        address: String,
        #[source]
        source: io::Error,
    },
    /// Whoever answers shows no certificate of the authority that the collector was told of.
    #[error("the server at `{address}` is not the one whose fingerprint is known")]
    WrongServer { address: String },
    #[error("cannot speak TLS with the server at `{address}`: {cause}")]
    Tls { address: String, cause: String },
    /// The server took the call and said no.
    #[error("the server refuses to enrol: {0}")]
    NotEnrolled(NotEnrolled),
    /// The call broke off.
    #[error("the server at `{address}` broke off: {cause}")]
    BrokenOff { address: String, cause: String },
}

/// Why a collector does not get a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotEnrolled {
    /// Unknown, ended or used up: which of them the server does not say.
    #[error("the token is not good")]
    Token,
    #[error("the certification request is not one that is taken")]
    Request,
    #[error("the collector was revoked")]
    Revoked,
    #[error("there is no certificate to renew")]
    NoCertificate,
    #[error("there are too many collectors")]
    TooMany,
    #[error("the server cannot write it down")]
    Failed,
}

/// Why a spool did not take a batch. Nothing of it is kept.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Counted as shed.
    #[error("the spool is full: {used} of {limit} bytes")]
    Full { used: u64, limit: u64 },
    #[error("the batch has {bytes} bytes; {max} are taken at most")]
    TooLarge { bytes: usize, max: usize },
    #[error("`{0}` is no name of a kind")]
    BadKind(String),
    #[error(transparent)]
    Failed(#[from] Error),
}

impl Error {
    pub(crate) fn disk(path: &Path) -> impl Fn(io::Error) -> Error {
        let path = path.to_owned();
        move |source| Error::Disk { path: path.clone(), source }
    }

    pub(crate) fn certificate(cause: impl std::fmt::Display) -> Error {
        Error::Certificate(cause.to_string())
    }

    /// In words for people.
    pub fn message(&self) -> Message {
        match self {
            Error::InUse(path) => Message::new("link.in-use").with("path", path.display()),
            Error::Disk { path, source } => {
                Message::new("link.disk").with("path", path.display()).reason("cause", source)
            }
            Error::Closed => Message::new("link.closed"),
            Error::Damaged { path, cause } => {
                Message::new("link.damaged").with("path", path.display()).with("cause", cause)
            }
            Error::Certificate(cause) => Message::new("link.certificate").with("cause", cause),
            Error::Fingerprint(text) => Message::new("link.fingerprint").with("text", text),
            Error::Group(text) => Message::new("link.group").with("text", text),
            Error::Address(text) => Message::new("link.address").with("text", text),
            Error::TooManyTokens { max } => Message::new("link.too-many-tokens").number("max", *max as i64),
            Error::UnknownCollector(collector) => Message::new("link.unknown-collector").with("collector", collector),
            Error::Connect { address, source } => {
                Message::new("link.connect").with("address", address).reason("cause", source)
            }
            Error::WrongServer { address } => Message::new("link.wrong-server").with("address", address),
            Error::Tls { address, cause } => Message::new("link.tls").with("address", address).with("cause", cause),
            Error::NotEnrolled(why) => why.message(),
            Error::BrokenOff { address, cause } => {
                Message::new("link.broken-off").with("address", address).with("cause", cause)
            }
        }
    }
}

impl NotEnrolled {
    pub const ALL: [NotEnrolled; 6] = [
        NotEnrolled::Token,
        NotEnrolled::Request,
        NotEnrolled::Revoked,
        NotEnrolled::NoCertificate,
        NotEnrolled::TooMany,
        NotEnrolled::Failed,
    ];

    pub fn message(self) -> Message {
        match self {
            NotEnrolled::Token => Message::new("link.token"),
            NotEnrolled::Request => Message::new("link.request"),
            NotEnrolled::Revoked => Message::new("link.revoked"),
            NotEnrolled::NoCertificate => Message::new("link.no-certificate"),
            NotEnrolled::TooMany => Message::new("link.too-many"),
            NotEnrolled::Failed => Message::new("link.not-written"),
        }
    }
}

impl Refused {
    /// In words for people.
    pub fn message(&self) -> Message {
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        match self {
            Refused::Full { used, limit } => {
                Message::new("link.full").number("used", number(*used)).number("limit", number(*limit))
            }
            Refused::TooLarge { bytes, max } => {
                Message::new("link.too-large").number("bytes", number(*bytes as u64)).number("max", number(*max as u64))
            }
            Refused::BadKind(kind) => Message::new("link.bad-kind").with("kind", kind),
            Refused::Failed(error) => error.message(),
        }
    }
}
