//! A server on another machine, or on this one, asked by its API with a token.

use crate::args::AtServer;
use crate::commands::open;
use crate::output::Failure;
use anyhow::Context;
use api::wire::problem::ProblemBody;
use model::Message;
use reqwest::{Certificate, Client, Method, RequestBuilder, Response, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

/// A server that does not answer within this is not there. Bytes may take longer, as long as some come.
const CONNECT: Duration = Duration::from_secs(10);
const SILENCE: Duration = Duration::from_secs(60);
/// What a token is no longer than.
const TOKEN_BYTES_MAX: u64 = 4096;

pub struct Server {
    client: Client,
    base: Url,
    token: String,
}

/// Why the server did not do what it was asked.
#[derive(Debug)]
pub enum Trouble {
    Unreached(reqwest::Error),
    Refused {
        status: StatusCode,
        message: String,
    },
    /// Something on this machine.
    Here(std::io::Error),
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Trouble::Unreached(error) => f.write_str(&innermost(error)),
            Trouble::Refused { status, message } if message.is_empty() => write!(f, "{status}"),
            Trouble::Refused { message, .. } => f.write_str(message),
            Trouble::Here(error) => write!(f, "{error}"),
        }
    }
}

/// The innermost cause: what a person can do something about.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(below) = cause.source() {
        cause = below;
    }
    cause.to_string()
}

impl Server {
    pub fn at(place: &AtServer) -> anyhow::Result<Server> {
        let wrong = |why: &str| refused(&place.server, why);
        let base = Url::parse(&place.server).map_err(|error| wrong(&error.to_string()))?;
        let is_plain = base.scheme() == "http" && !is_loopback(&base);
        if is_plain || !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() {
            return Err(wrong("https://…").into());
        }
        let mut client = Client::builder()
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            // A proxy of the environment has no business between this machine and its server.
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none());
        if let Some(authority) = &place.authority {
            let pem = std::fs::read(authority).with_context(|| open::cannot_read(authority))?;
            let certificates = Certificate::from_pem_bundle(&pem).map_err(|error| wrong(&innermost(&error)))?;
            client = client.tls_built_in_root_certs(false);
            for certificate in certificates {
                client = client.add_root_certificate(certificate);
            }
        }
        let client = client.build().map_err(|error| wrong(&innermost(&error)))?;
        Ok(Server { client, base, token: token(&place.token_file)? })
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut url = self.base.clone();
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        url.set_path(&format!("/api/v1/{path}"));
        url.set_query(query);
        self.client.request(method, url).bearer_auth(&self.token)
    }

    pub fn post(&self, path: &str, body: &impl Serialize) -> RequestBuilder {
        self.request(Method::POST, path).json(body)
    }

    /// That the server does not do what is asked of it, as a failure of the command line.
    pub fn failure(&self, trouble: &Trouble) -> anyhow::Error {
        refused(self.base.as_str(), &trouble.to_string()).into()
    }
}

fn refused(server: &str, why: &str) -> Failure {
    Failure::new(Message::new("cli.server-refused").with("server", server).with("cause", why))
}

fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        host == "localhost"
            || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    })
}

/// The token lies in a file, where the list of processes does not show it.
fn token(path: &Path) -> anyhow::Result<String> {
    let cannot = || open::cannot_read(path);
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().take(TOKEN_BYTES_MAX).read_to_string(&mut text).with_context(cannot)?;
    } else {
        let file = std::fs::File::open(path).with_context(cannot)?;
        file.take(TOKEN_BYTES_MAX).read_to_string(&mut text).with_context(cannot)?;
    }
    Ok(text.trim().to_owned())
}

/// What the server answers, or why it refused.
pub async fn answered(request: RequestBuilder) -> Result<Response, Trouble> {
    let response = request.send().await.map_err(Trouble::Unreached)?;
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let problem = response.json::<ProblemBody>().await.ok();
    Err(Trouble::Refused { status, message: problem.map_or_else(String::new, |problem| problem.text.en) })
}

pub async fn told<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, Trouble> {
    answered(request).await?.json().await.map_err(Trouble::Unreached)
}
