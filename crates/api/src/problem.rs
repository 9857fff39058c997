//! What went wrong with a request, as an HTTP answer in both languages.

use crate::wire::problem::{Bilingual, ProblemBody};
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use model::Message;
use store::Trouble;
use words::Language;

/// After so long it is worth asking again.
const BUSY_SECONDS: u64 = 5;

/// An answer that is not a success.
#[derive(Debug, Clone)]
pub struct Problem {
    pub status: StatusCode,
    pub message: Message,
    hint: Option<Message>,
    retry_after_seconds: Option<u64>,
}

impl Problem {
    pub fn new(status: StatusCode, message: Message) -> Self {
        Problem { status, message, hint: None, retry_after_seconds: None }
    }

    #[must_use]
    pub fn hint(mut self, hint: Message) -> Self {
        self.hint = Some(hint);
        self
    }

    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }

    pub fn bad_request(message: Message) -> Self {
        Problem::new(StatusCode::BAD_REQUEST, message)
    }

    pub fn not_found(what: &'static str, id: &str) -> Self {
        let id: String = id.chars().take(80).collect();
        Problem::new(
            StatusCode::NOT_FOUND,
            Message::new("api.not-found").reason("what", Message::new(format!("api.thing.{what}"))).with("id", id),
        )
    }

    pub fn conflict(message: Message) -> Self {
        Problem::new(StatusCode::CONFLICT, message)
    }

    pub fn forbidden(message: Message) -> Self {
        Problem::new(StatusCode::FORBIDDEN, message)
    }

    /// It cannot be answered now, and can in a moment.
    pub fn busy(message: Message) -> Self {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, message).retry_after(BUSY_SECONDS)
    }

    pub fn unauthenticated() -> Self {
        Problem::new(StatusCode::UNAUTHORIZED, Message::new("api.not-signed-in"))
    }

    /// Something failed inside; the cause goes to the log, never to the caller.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        tracing::error!(cause = %format!("{cause:#}"), "request failed");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, Message::new("api.internal"))
    }

    /// The database cannot do its work, and somebody has to see to it: said by name, with what helps.
    fn trouble(error: &store::Error) -> Self {
        tracing::error!(cause = %chain(error), "the database is in trouble");
        let Some(trouble) = error.trouble() else { return Problem::internal(chain(error)) };
        let status = match trouble {
            Trouble::DiskFull => StatusCode::INSUFFICIENT_STORAGE,
            Trouble::ReadOnly | Trouble::DiskFails | Trouble::NoAnswer => StatusCode::SERVICE_UNAVAILABLE,
        };
        Problem::new(status, trouble.message()).hint(trouble.hint())
    }

    pub fn body(&self) -> ProblemBody {
        ProblemBody {
            code: self.message.code.clone(),
            params: self.message.params.clone(),
            text: bilingual(&self.message),
            hint: self.hint.as_ref().map(bilingual),
        }
    }
}

fn bilingual(message: &Message) -> Bilingual {
    Bilingual { en: words::text(message, Language::En), zh_cn: words::text(message, Language::ZhCn) }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body())).into_response();
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        let status = match &error {
            store::Error::SetupToken => StatusCode::FORBIDDEN,
            store::Error::Cursor | store::Error::ExceptionWithoutDue => StatusCode::BAD_REQUEST,
            error if error.is_not_found() => StatusCode::NOT_FOUND,
            error if error.is_conflict() => StatusCode::CONFLICT,
            error if error.trouble().is_some() => return Problem::trouble(error),
            _ => return Problem::internal(chain(&error)),
        };
        Problem::new(status, error.message())
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
