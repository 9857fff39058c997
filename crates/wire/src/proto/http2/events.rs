//! A stream as it leaves the room: a request and its response; or something said of the whole connection.

use crate::proto::Elements;
use crate::proto::http::Headers;
use std::borrow::Cow;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exchange {
    pub number: u64,
    pub stream: u32,
    pub request: Part,
    pub response: Part,
    pub account: Option<String>,
    pub workstation: Option<String>,
}

/// What one side said of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    pub headers: Option<Headers>,
    pub settings: Vec<(u16, u32)>,
    pub error: Option<u32>,
    pub priority: Option<u8>,
    /// Bytes of content.
    pub length: u64,
}

impl Part {
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.as_ref()?.get(name)
    }
}

impl Exchange {
    pub fn host(&self) -> Option<&[u8]> {
        self.request.header(":authority").or(self.request.header("host"))
    }

    pub fn elements(&self) -> Elements<'_> {
        let path = self.request.header(":path").unwrap_or_default();
        let object = [self.host().unwrap_or_default(), path].concat();
        Elements {
            version: Some("HTTP/2".into()),
            account: self.account.as_deref().map(Cow::from),
            host_name: self.workstation.as_deref().map(Cow::from),
            object: (!object.is_empty()).then(|| String::from_utf8_lossy(&object).into_owned().into()),
            operation: self.request.header(":method").map(String::from_utf8_lossy),
            result: self.response.header(":status").map(String::from_utf8_lossy),
            client: self.request.header("user-agent").map(String::from_utf8_lossy),
            server: self.response.header("server").map(String::from_utf8_lossy),
        }
    }
}
