//! Requests of WebDAV (RFC 4918).

/// A request with an `If` header and no body.
pub fn request(method: &str, path: &str, condition: &[u8]) -> Vec<u8> {
    let head = format!("{method} {path} HTTP/1.1\r\nHost: 10.77.0.9\r\nContent-Length: 0\r\nIf: ");
    [head.as_bytes(), condition, b"\r\n\r\n"].concat()
}

pub fn response(status: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nServer: Microsoft-IIS/6.0\r\nContent-Length: 0\r\n\r\n").into_bytes()
}

/// A resource of the server with a condition on it.
pub fn resource(path: &[u8], condition: &str) -> Vec<u8> {
    [b"<http://10.77.0.9/", path, b"> (", condition.as_bytes(), b")"].concat()
}

/// Letters of more than one byte as an address has to spell them.
pub fn percent_encoded(text: &str) -> Vec<u8> {
    text.bytes().flat_map(|byte| format!("%{byte:02X}").into_bytes()).collect()
}
