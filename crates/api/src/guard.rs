//! What every request passes before its handler, and every answer after it.

use crate::access::{self, Access};
use crate::state::App;
use crate::{Problem, session};
use axum::body::{Body, to_bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use model::Message;
use std::time::Duration;

/// How long a handler may take until its answer begins. Uploads and event streams have limits of their own.
const ANSWER_SECONDS: u64 = 60;
const WITHOUT_TIME_LIMIT: [&str; 3] = ["/api/v1/imports", "/api/v1/knowledge/imports", "/api/v1/results"];

const API_POLICY: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Headers of every answer. No HSTS: with an own authority that a browser does not know yet it would lock people out.
const HEADERS: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
];

/// Decides whether a request reaches its handler. The only place that does.
pub async fn admit(State(app): State<App>, request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned()).unwrap_or_default();
    let (mut parts, body) = request.into_parts();
    if let Err(problem) = check(&app, &mut parts, &path).await {
        return problem.into_response();
    }
    let answer = next.run(Request::from_parts(parts, body));
    if WITHOUT_TIME_LIMIT.contains(&path.as_str()) {
        return answer.await;
    }
    match tokio::time::timeout(Duration::from_secs(ANSWER_SECONDS), answer).await {
        Ok(response) => response,
        Err(_) => Problem::new(StatusCode::SERVICE_UNAVAILABLE, Message::new("api.too-slow")).into_response(),
    }
}

async fn check(app: &App, parts: &mut axum::http::request::Parts, path: &str) -> Result<(), Problem> {
    // HEAD is answered by the GET handler without its body.
    let method = if parts.method == Method::HEAD { Method::GET } else { parts.method.clone() };
    let access = access::of(&method, path)
        .ok_or_else(|| Problem::new(StatusCode::METHOD_NOT_ALLOWED, Message::new("api.method-not-allowed")))?;
    let unsafe_method = !method.is_safe();
    if unsafe_method {
        same_site(&parts.headers, &parts.uri)?;
    }
    if access == Access::Public {
        return Ok(());
    }
    let caller = session::find(app, parts).await?.ok_or_else(Problem::unauthenticated)?;
    if unsafe_method {
        session::check_csrf(&caller, &parts.headers)?;
    }
    let allowed = match access {
        Access::Public | Access::Account => true,
        Access::Session => matches!(caller.means, session::Means::Session { .. }),
        Access::Needs(permission) => caller.may(permission),
    };
    if !allowed {
        let needs = match access {
            Access::Needs(permission) => session::word(&permission),
            _ => "session".to_owned(),
        };
        return Err(Problem::forbidden(Message::new("api.forbidden").with("needs", needs)));
    }
    parts.extensions.insert(caller);
    Ok(())
}

/// A browser says where a request comes from; what it says must be this server. Programs say nothing.
fn same_site(headers: &HeaderMap, uri: &Uri) -> Result<(), Problem> {
    let foreign = || Problem::forbidden(Message::new("api.foreign-origin"));
    if headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none") {
        return Err(foreign());
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    let origin = origin.to_str().map_err(|_| foreign())?;
    let authority = origin.split_once("://").map(|(_, authority)| authority).ok_or_else(foreign)?;
    match host(headers, uri) {
        Some(host) if host.eq_ignore_ascii_case(authority) => Ok(()),
        _ => Err(foreign()),
    }
}

/// The host a request names: the `Host` header, or the authority of an HTTP/2 request.
fn host(headers: &HeaderMap, uri: &Uri) -> Option<String> {
    let from_header = headers.get(header::HOST).and_then(|host| host.to_str().ok()).map(str::to_owned);
    from_header.or_else(|| uri.authority().map(ToString::to_string))
}

/// For a server on loopback: refuses a request that names another host, as a rebound DNS name does.
pub async fn named_as_loopback(State(app): State<App>, request: Request, next: Next) -> Response {
    let named = host(request.headers(), request.uri());
    if app.place.loopback && !named.as_deref().is_some_and(is_loopback) {
        let problem = Problem::new(StatusCode::MISDIRECTED_REQUEST, Message::new("api.wrong-host"));
        return problem.hint(Message::new("api.wrong-host-hint")).into_response();
    }
    next.run(request).await
}

fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Adds the security headers that an answer does not set itself.
pub async fn add_headers(request: Request, next: Next) -> Response {
    let api = request.uri().path().starts_with("/api/");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if api {
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(API_POLICY));
    }
    response
}

/// Gives errors that the framework makes (a body that is no JSON, a path that is none) the one shape of errors.
pub async fn shape_problems(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    let is_json = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if !(status.is_client_error() || status.is_server_error()) || is_json {
        return response;
    }
    let (parts, body) = response.into_parts();
    let detail = read_detail(body).await;
    let message = match status {
        StatusCode::NOT_FOUND => Message::new("api.no-such-route"),
        StatusCode::METHOD_NOT_ALLOWED => Message::new("api.method-not-allowed"),
        StatusCode::PAYLOAD_TOO_LARGE => Message::new("api.too-large"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Message::new("api.media-type"),
        _ if status.is_client_error() => {
            Message::new("api.bad-request").reason("detail", crate::extract::told(&detail))
        }
        _ => Message::new("api.internal"),
    };
    let mut response = Problem::new(status, message).into_response();
    if let Some(allow) = parts.headers.get(header::ALLOW) {
        response.headers_mut().insert(header::ALLOW, allow.clone());
    }
    response
}

async fn read_detail(body: Body) -> String {
    const DETAIL_BYTES_MAX: usize = 2048;
    let bytes = to_bytes(body, DETAIL_BYTES_MAX).await.unwrap_or_default();
    String::from_utf8_lossy(&bytes).chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_names_are_loopback() {
        for good in ["localhost", "localhost:8080", "127.0.0.1:1", "127.8.9.1", "[::1]:8080", "LOCALHOST"] {
            assert!(is_loopback(good), "{good}");
        }
        for bad in
            ["", "localhost.evil.example", "evil.example:80", "10.0.0.1", "[fe80::1]:80", "127.0.0.1.evil.example"]
        {
            assert!(!is_loopback(bad), "{bad}");
        }
    }

    #[test]
    fn an_origin_must_be_the_host_itself() {
        let check = |origin: Option<&'static str>, site: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("redoubt.lan:8443"));
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
            }
            if let Some(site) = site {
                headers.insert("sec-fetch-site", HeaderValue::from_static(site));
            }
            same_site(&headers, &Uri::from_static("/api/v1/login")).is_ok()
        };
        assert!(check(None, None));
        assert!(check(Some("https://redoubt.lan:8443"), Some("same-origin")));
        assert!(!check(Some("https://redoubt.lan"), None));
        assert!(!check(Some("https://evil.example"), None));
        assert!(!check(Some("null"), None));
        assert!(!check(None, Some("cross-site")));
        assert!(!check(None, Some("same-site")));
    }
}
