//! HTTP/2 in EVE JSON.

use super::records::{error_name, setting_name};
use super::{Exchange, Part};
use crate::json::Object;
use crate::proto::http::eve::{without_parameters, write_headers, write_range};
use crate::proto::http::records::host_and_port;

pub fn write(exchange: &Exchange, record: &mut Object<'_>) {
    let Exchange { request, response, .. } = exchange;
    let mut http = record.object("http");
    http.text("version", "2");
    for (name, part) in [("request_headers", request), ("response_headers", response)] {
        if let Some(headers) = &part.headers {
            write_headers(name, headers, &mut http);
        }
    }
    if let Some(authority) = exchange.host() {
        let (host, port) = host_and_port(authority);
        http.bytes("hostname", &host.to_ascii_lowercase());
        if let Some(port) = port {
            http.number("http_port", port);
        }
    }
    http.optional("http_method", request.header(":method"));
    http.optional("url", request.header(":path"));
    http.optional("http_user_agent", request.header("user-agent"));
    http.optional("xff", request.header("x-forwarded-for"));
    http.optional("http_refer", request.header("referer"));
    http.optional("http_content_type", response.header("content-type").map(without_parameters));
    if let Some(range) = response.header("content-range") {
        write_range(range, &mut http);
    }
    if response.headers.is_some() {
        let announced = response.header("content-length").and_then(number);
        http.number("length", announced.unwrap_or(response.length));
    }
    if let Some(status) = response.header(":status").and_then(number) {
        http.number("status", status);
        if (300..400).contains(&status) {
            http.optional("redirect", response.header("location"));
        }
    }
    let mut body = http.object("http2");
    body.number("stream_id", exchange.stream);
    write_part("request", request, &mut body);
    write_part("response", response, &mut body);
}

fn write_part(key: &str, part: &Part, http2: &mut Object<'_>) {
    let mut body = http2.object(key);
    if !part.settings.is_empty() {
        let mut list = body.array("settings");
        for (setting, value) in &part.settings {
            let mut entry = list.object();
            match setting_name(*setting) {
                Some(name) => entry.text("settings_id", name),
                None => entry.show("settings_id", format_args!("SETTINGSUNKNOWN({setting})")),
            };
            entry.number("settings_value", *value);
        }
    }
    if let Some(error) = part.error {
        match error_name(error) {
            Some(name) => body.text("error_code", name),
            None => body.show("error_code", error),
        };
    }
    if let Some(priority) = part.priority {
        body.number("priority", priority);
    }
}

fn number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}
