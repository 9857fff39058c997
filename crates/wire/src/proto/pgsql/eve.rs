//! PostgreSQL in EVE JSON.

use super::events::{CopyEnd, Exchange, Problem, Request, Response};
use crate::json::Object;

pub fn write(exchange: &Exchange, record: &mut Object<'_>, transaction: u64) {
    let mut pgsql = record.object("pgsql");
    pgsql.number("tx_id", transaction);
    if let Some(asked) = &exchange.request {
        request(asked, &mut pgsql.object("request"));
    }
    if exchange.response != Response::default() {
        response(&exchange.response, &mut pgsql.object("response"));
    }
}

fn request(request: &Request, out: &mut Object<'_>) {
    match request {
        Request::Tls => {
            out.text("message", "SSL Request");
        }
        Request::Gss => {
            out.text("message", "GSSENC Request");
        }
        Request::Start { major, minor, user, parameters } => {
            out.show("protocol_version", format_args!("{major}.{minor}"));
            let mut start = out.object("startup_parameters");
            start.optional("user", user.as_deref());
            if !parameters.is_empty() {
                pairs(parameters, "optional_parameters", &mut start, |name| name.to_vec());
            }
        }
        Request::Cancel { process, secret } => {
            out.text("message", "cancel_request").number("process_id", *process).number("secret_key", *secret);
        }
        Request::Password { digest: Some(digest) } => {
            out.bytes("password", digest);
        }
        Request::Password { digest: None } => {
            out.flag("password_redacted", true);
        }
        Request::SaslBegin { mechanism, data } => {
            let name = match mechanism.as_slice() {
                b"SCRAM-SHA-256" => b"scram_SHA256",
                b"SCRAM-SHA-256-PLUS" => b"scram_SHA256_plus".as_slice(),
                other => other,
            };
            out.bytes("sasl_authentication_mechanism", name).bytes("sasl_param", data);
        }
        Request::SaslAnswer(answer) => {
            out.bytes("sasl_response", answer);
        }
        Request::Query(query) => {
            out.bytes("simple_query", query);
        }
        Request::Extended(query) => {
            out.text("message", "extended_query").optional("query", query.as_deref());
        }
        Request::CopyIn { messages, bytes, end } => {
            let mut copy = out.object("copy_data_in");
            copy.number("msg_count", *messages).number("data_size", *bytes);
            drop(copy);
            match end {
                Some(CopyEnd::Done) => out.text("message", "copy_done"),
                Some(CopyEnd::Failed) => out.text("message", "copy_fail"),
                None => out,
            };
        }
        Request::Terminate => {
            out.text("message", "termination_message");
        }
    }
}

fn response(response: &Response, out: &mut Object<'_>) {
    if let Some(accepted) = response.tls_accepted {
        out.flag("ssl_accepted", accepted);
    }
    if let Some(salt) = &response.salt {
        out.bytes("authentication_md5_password", salt);
    } else if let Some(authentication) = response.authentication
        && response.problems.is_empty()
    {
        out.text("message", authentication);
    }
    out.optional("authentication_sasl_final", response.sasl_final.as_deref());
    if !response.parameters.is_empty() {
        pairs(&response.parameters, "parameter_status", out, snake);
    }
    if let Some((process, secret)) = response.key {
        out.number("process_id", process).number("secret_key", secret);
    }
    if let Some(fields) = response.fields {
        out.number("field_count", fields);
    }
    if response.rows > 0 {
        out.number("data_rows", response.rows).number("data_size", response.row_bytes);
    }
    for (name, columns) in
        [("copy_in_response", response.copy_in_columns), ("copy_out_response", response.copy_out_columns)]
    {
        if let Some(columns) = columns {
            out.object(name).number("columns", columns);
        }
    }
    if response.copied_out > 0 {
        let mut copy = out.object("copy_data_out");
        copy.number("row_count", response.copied_out).number("data_size", response.copied_out_bytes);
    }
    // An error says more than the notices before it.
    if let Some(problem) = response.problems.last() {
        write_problem(problem, out);
    }
    out.optional("command_completed", response.completed.last().map(Vec::as_slice));
    if let Some(notification) = &response.notification {
        out.number("pid", notification.process).bytes("channel_name", &notification.channel);
        out.bytes("payload", &notification.payload);
    }
}

fn write_problem(problem: &Problem, out: &mut Object<'_>) {
    for (letter, name) in [
        (b'S', "severity_localizable"),
        (b'V', "severity_non_localizable"),
        (b'C', "code"),
        (b'M', "message"),
        (b'D', "detail"),
        (b'H', "hint"),
        (b'P', "position"),
        (b'p', "internal_position"),
        (b'q', "internal_query"),
        (b'W', "where"),
        (b's', "schema_name"),
        (b't', "table_name"),
        (b'c', "column_name"),
        (b'd', "data_type"),
        (b'n', "constraint_name"),
        (b'F', "file"),
        (b'L', "line"),
        (b'R', "routine"),
    ] {
        out.optional(name, problem.field(letter));
    }
}

/// A list of objects with one member each.
fn pairs(pairs: &[(Vec<u8>, Vec<u8>)], key: &str, out: &mut Object<'_>, name: impl Fn(&[u8]) -> Vec<u8>) {
    let mut list = out.array(key);
    for (own, value) in pairs {
        list.object().bytes(&String::from_utf8_lossy(&name(own)), value);
    }
}

/// `DateStyle` as `date_style`.
fn snake(name: &[u8]) -> Vec<u8> {
    let mut snake = Vec::with_capacity(name.len() + 2);
    for (at, byte) in name.iter().enumerate() {
        if byte.is_ascii_uppercase() && at > 0 {
            snake.push(b'_');
        }
        snake.push(byte.to_ascii_lowercase());
    }
    snake
}
