//! HTTP in EVE JSON.

use super::records::{content_range, trim};
use super::{Exchange, Headers};
use crate::json::Object;

pub fn write(exchange: &Exchange, record: &mut Object<'_>, all_headers: bool) {
    let mut http = record.object("http");
    let (request, response) = (exchange.request.as_ref(), exchange.response.as_ref());
    let asked = |name: &str| request.and_then(|request| request.headers.get(name));
    let answered = |name: &str| response.and_then(|response| response.headers.get(name));
    if let Some(request) = request {
        http.optional("hostname", request.host.as_deref());
        if let Some(port) = request.port {
            http.number("http_port", port);
        }
        http.bytes("url", &request.target);
    }
    http.optional("http_user_agent", asked("user-agent"));
    http.optional("xff", asked("x-forwarded-for"));
    http.optional("http_content_type", answered("content-type").map(without_parameters));
    if let Some(range) = answered("content-range") {
        write_range(range, &mut http);
    }
    http.optional("http_refer", asked("referer"));
    if let Some(request) = request {
        http.bytes("http_method", &request.method);
        if !request.protocol.is_empty() {
            http.bytes("protocol", &request.protocol);
        }
    }
    if let Some(response) = response {
        match response.code() {
            Some(code) => {
                http.number("status", code);
                if (300..400).contains(&code) {
                    http.optional("redirect", answered("location"));
                }
            }
            None if response.status.is_empty() => {}
            None => {
                http.bytes("status_string", &response.status);
            }
        }
    }
    http.number("length", response.map_or(0, |response| response.length));
    if all_headers {
        for (name, headers) in [
            ("request_headers", request.map(|request| &request.headers)),
            ("response_headers", response.map(|response| &response.headers)),
        ] {
            if let Some(headers) = headers {
                write_headers(name, headers, &mut http);
            }
        }
    }
}

pub fn write_headers(key: &str, headers: &Headers, http: &mut Object<'_>) {
    let mut list = http.array(key);
    for (name, value) in headers.iter() {
        list.object().bytes("name", name).bytes("value", value);
    }
}

/// `content_range` with what could be read of it.
pub fn write_range(value: &[u8], http: &mut Object<'_>) {
    let mut object = http.object("content_range");
    object.bytes("raw", value);
    let Some(range) = content_range(value) else { return };
    for (name, number) in [("start", range.start), ("end", range.end), ("size", range.size)] {
        if let Some(number) = number {
            object.number(name, number);
        }
    }
}

pub fn without_parameters(content_type: &[u8]) -> &[u8] {
    trim(content_type.split(|byte| *byte == b';').next().unwrap_or_default())
}
