//! What leaves the room: a request with everything that answered it.

use crate::proto::Elements;
use std::borrow::Cow;

/// A request and its answers, joined by the number of the message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exchange {
    pub id: u32,
    /// Absent when only the answers were seen, or when the server speaks unasked.
    pub request: Option<Request>,
    pub responses: Vec<Response>,
    /// Answers that came and were not kept.
    pub left_out: u64,
    pub(super) transaction: u64,
    pub(super) bytes: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    Bind { version: i64, name: Vec<u8>, sasl: Option<Sasl> },
    Unbind,
    Search(Box<Search>),
    Modify { object: Vec<u8>, changes: Vec<Change> },
    Add { entry: Vec<u8>, attributes: Vec<Attribute> },
    Delete { dn: Vec<u8> },
    Rename { entry: Vec<u8>, new_rdn: Vec<u8>, delete_old: bool, new_superior: Option<Vec<u8>> },
    Compare { entry: Vec<u8>, description: Vec<u8>, value: Vec<u8> },
    Abandon { id: i64 },
    Extended { name: Vec<u8>, value: Option<Vec<u8>> },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sasl {
    pub mechanism: Vec<u8>,
    pub credentials: Option<Vec<u8>>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    pub base: Vec<u8>,
    pub scope: i64,
    pub deref_alias: i64,
    pub size_limit: i64,
    pub time_limit: i64,
    pub types_only: bool,
    /// The filter as text (RFC 4515).
    pub filter: String,
    pub attributes: Vec<Vec<u8>>,
    /// What the filter says of the host and the user that ask, as a search for a domain controller does.
    pub host: Option<String>,
    pub user: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attribute {
    pub name: Vec<u8>,
    pub values: Vec<Vec<u8>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub operation: i64,
    pub attribute: Attribute,
}

/// An answer that says how it went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    pub code: i64,
    pub matched_dn: Vec<u8>,
    pub message: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Response {
    Bind { outcome: Outcome, credentials: Option<Vec<u8>> },
    Entry { dn: Vec<u8>, attributes: Vec<Attribute> },
    Reference(Vec<Vec<u8>>),
    SearchDone(Outcome),
    Modify(Outcome),
    Add(Outcome),
    Delete(Outcome),
    Rename(Outcome),
    Compare(Outcome),
    Extended { outcome: Outcome, name: Option<Vec<u8>>, value: Option<Vec<u8>> },
    Intermediate { name: Option<Vec<u8>>, value: Option<Vec<u8>> },
}

impl Request {
    pub fn name(&self) -> &'static str {
        match self {
            Request::Bind { .. } => "bind_request",
            Request::Unbind => "unbind_request",
            Request::Search(_) => "search_request",
            Request::Modify { .. } => "modify_request",
            Request::Add { .. } => "add_request",
            Request::Delete { .. } => "del_request",
            Request::Rename { .. } => "mod_dn_request",
            Request::Compare { .. } => "compare_request",
            Request::Abandon { .. } => "abandon_request",
            Request::Extended { .. } => "extended_request",
        }
    }

    /// Nothing answers it.
    pub fn is_unanswered(&self) -> bool {
        matches!(self, Request::Unbind | Request::Abandon { .. })
    }

    fn object(&self) -> Option<Cow<'_, str>> {
        let bytes = match self {
            Request::Bind { name, .. } | Request::Extended { name, .. } => name,
            Request::Search(search) => return Some(search.object()),
            Request::Modify { object, .. } => object,
            Request::Add { entry, .. } | Request::Rename { entry, .. } | Request::Compare { entry, .. } => entry,
            Request::Delete { dn } => dn,
            Request::Unbind | Request::Abandon { .. } => return None,
        };
        Some(String::from_utf8_lossy(bytes))
    }
}

impl Search {
    /// Where it searches and for what: the filter often says more than the place.
    fn object(&self) -> Cow<'_, str> {
        let base = String::from_utf8_lossy(&self.base);
        if self.filter.is_empty() { base } else { format!("{base} {}", self.filter).trim_start().to_owned().into() }
    }
}

impl Response {
    pub fn name(&self) -> &'static str {
        match self {
            Response::Bind { .. } => "bind_response",
            Response::Entry { .. } => "search_result_entry",
            Response::Reference(_) => "search_result_reference",
            Response::SearchDone(_) => "search_result_done",
            Response::Modify(_) => "modify_response",
            Response::Add(_) => "add_response",
            Response::Delete(_) => "del_response",
            Response::Rename(_) => "mod_dn_response",
            Response::Compare(_) => "compare_response",
            Response::Extended { .. } => "extended_response",
            Response::Intermediate { .. } => "intermediate_response",
        }
    }

    pub fn outcome(&self) -> Option<&Outcome> {
        match self {
            Response::Bind { outcome, .. } | Response::Extended { outcome, .. } => Some(outcome),
            Response::SearchDone(outcome)
            | Response::Modify(outcome)
            | Response::Add(outcome)
            | Response::Delete(outcome)
            | Response::Rename(outcome)
            | Response::Compare(outcome) => Some(outcome),
            Response::Entry { .. } | Response::Reference(_) | Response::Intermediate { .. } => None,
        }
    }

    /// The last answer to its request.
    pub fn is_last(&self) -> bool {
        self.outcome().is_some()
    }
}

/// Who asks, as far as the conversation told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Who {
    pub version: Option<i64>,
    pub account: Option<String>,
    pub host: Option<String>,
    /// The systems of both ends, as NTLM states them.
    pub client: Option<String>,
    pub server: Option<String>,
}

/// An exchange with who asked.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    pub exchange: &'a Exchange,
    pub who: &'a Who,
}

impl Told<'_> {
    pub fn elements(&self) -> Elements<'_> {
        let Told { exchange, who } = self;
        let request = exchange.request.as_ref();
        let last = exchange.responses.iter().rev().find_map(Response::outcome);
        let first = exchange.responses.first();
        let borrowed = |text: &Option<String>| text.clone().map(Cow::Owned);
        Elements {
            version: who.version.map(|version| Cow::Owned(format!("LDAPv{version}"))),
            account: borrowed(&who.account),
            host_name: borrowed(&who.host),
            object: request.and_then(Request::object),
            operation: request.map(Request::name).or(first.map(Response::name)).map(Cow::Borrowed),
            result: last.map(|outcome| result_name(outcome.code)),
            client: borrowed(&who.client),
            server: borrowed(&who.server),
        }
    }
}

/// Names of results (RFC 4511, section 4.1.9, and the registry of RFC 4520).
pub fn result_name(code: i64) -> Cow<'static, str> {
    Cow::Borrowed(match code {
        0 => "success",
        1 => "operations_error",
        2 => "protocol_error",
        3 => "time_limit_exceeded",
        4 => "size_limit_exceeded",
        5 => "compare_false",
        6 => "compare_true",
        7 => "auth_method_not_supported",
        8 => "stronger_auth_required",
        10 => "referral",
        11 => "admin_limit_exceeded",
        12 => "unavailable_critical_extension",
        13 => "confidentiality_required",
        14 => "sasl_bind_in_progress",
        16 => "no_such_attribute",
        17 => "undefined_attribute_type",
        18 => "inappropriate_matching",
        19 => "constraint_violation",
        20 => "attribute_or_value_exists",
        21 => "invalid_attribute_syntax",
        32 => "no_such_object",
        33 => "alias_problem",
        34 => "invalid_dn_syntax",
        35 => "is_leaf",
        36 => "alias_dereferencing_problem",
        48 => "inappropriate_authentication",
        49 => "invalid_credentials",
        50 => "insufficient_access_rights",
        51 => "busy",
        52 => "unavailable",
        53 => "unwilling_to_perform",
        54 => "loop_detect",
        60 => "sort_control_missing",
        61 => "offset_range_error",
        64 => "naming_violation",
        65 => "object_class_violation",
        66 => "not_allowed_on_non_leaf",
        67 => "not_allowed_on_rdn",
        68 => "entry_already_exists",
        69 => "object_class_mods_prohibited",
        70 => "results_too_large",
        71 => "affects_multiple_dsas",
        76 => "control_error",
        80 => "other",
        118 => "canceled",
        119 => "no_such_operation",
        120 => "too_late",
        121 => "cannot_cancel",
        122 => "assertion_failed",
        123 => "authorization_denied",
        4096 => "sync_refresh_required",
        _ => return Cow::Owned(format!("unknown-{code}")),
    })
}
