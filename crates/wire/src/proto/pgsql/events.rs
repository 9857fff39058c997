//! A request to PostgreSQL and what came of it.

use crate::proto::Elements;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exchange {
    pub request: Option<Request>,
    pub response: Response,
    /// The account of the connection, known from its start on.
    pub user: Option<Vec<u8>>,
    pub server_version: Option<Vec<u8>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    Tls,
    Gss,
    Start {
        major: u16,
        minor: u16,
        user: Option<Vec<u8>>,
        /// All other parameters.
        parameters: Vec<(Vec<u8>, Vec<u8>)>,
    },
    Cancel {
        process: u32,
        secret: u32,
    },
    /// The digest that answers a challenge; a password in clear is not kept.
    Password {
        digest: Option<Vec<u8>>,
    },
    SaslBegin {
        mechanism: Vec<u8>,
        data: Vec<u8>,
    },
    SaslAnswer(Vec<u8>),
    Query(Vec<u8>),
    /// Prepared and executed in steps; the text is known where it was sent along.
    Extended(Option<Vec<u8>>),
    CopyIn {
        messages: u64,
        bytes: u64,
        end: Option<CopyEnd>,
    },
    Terminate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyEnd {
    Done,
    Failed,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Response {
    pub tls_accepted: Option<bool>,
    /// What the server asks of who wants in, or that it is satisfied.
    pub authentication: Option<&'static str>,
    pub salt: Option<[u8; 4]>,
    pub sasl_final: Option<Vec<u8>>,
    pub parameters: Vec<(Vec<u8>, Vec<u8>)>,
    pub key: Option<(u32, u32)>,
    pub problems: Vec<Problem>,
    pub fields: Option<u16>,
    pub rows: u64,
    pub row_bytes: u64,
    pub copy_in_columns: Option<u16>,
    pub copy_out_columns: Option<u16>,
    pub copied_out: u64,
    pub copied_out_bytes: u64,
    pub completed: Vec<Vec<u8>>,
    pub notification: Option<Notification>,
}

/// An error or a notice: its fields by their letters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problem {
    pub fields: Vec<(u8, Vec<u8>)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    pub process: u32,
    pub channel: Vec<u8>,
    pub payload: Vec<u8>,
}

impl Exchange {
    pub fn elements(&self) -> Elements<'_> {
        let text = |bytes: &'_ [u8]| String::from_utf8_lossy(bytes).into_owned().into();
        let (operation, object) = match &self.request {
            Some(Request::Tls) => (Some("SSLRequest"), None),
            Some(Request::Gss) => (Some("GSSENCRequest"), None),
            Some(Request::Start { parameters, .. }) => (Some("StartupMessage"), find(parameters, b"database")),
            Some(Request::Cancel { .. }) => (Some("CancelRequest"), None),
            Some(Request::Password { .. } | Request::SaslBegin { .. } | Request::SaslAnswer(_)) => {
                (Some("Authentication"), None)
            }
            Some(Request::Query(query)) => (Some("Query"), Some(query)),
            Some(Request::Extended(query)) => (Some("ExtendedQuery"), query.as_ref()),
            Some(Request::CopyIn { .. }) => (Some("CopyData"), None),
            Some(Request::Terminate) => (Some("Terminate"), None),
            None => (None, None),
        };
        let program = match &self.request {
            Some(Request::Start { parameters, .. }) => find(parameters, b"application_name"),
            _ => None,
        };
        let code = self.response.problems.last().and_then(|problem| problem.field(b'C'));
        let completed = self.response.completed.last().map(Vec::as_slice);
        let authentication = self.response.authentication.map(str::as_bytes);
        Elements {
            version: Some("3.0".into()),
            account: self.user.as_deref().map(text),
            object: object.map(|object| text(object)),
            operation: operation.map(Into::into),
            result: code.or(completed).or(authentication).map(text),
            client: program.map(|program| text(program)),
            server: self.server_version.as_deref().map(text),
            ..Elements::default()
        }
    }
}

impl Problem {
    pub fn field(&self, letter: u8) -> Option<&[u8]> {
        self.fields.iter().find(|(own, _)| *own == letter).map(|(_, value)| value.as_slice())
    }
}

fn find<'a>(parameters: &'a [(Vec<u8>, Vec<u8>)], name: &[u8]) -> Option<&'a Vec<u8>> {
    parameters.iter().find(|(own, _)| own == name).map(|(_, value)| value)
}
