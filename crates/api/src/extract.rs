//! Reading requests: as axum does, with errors in the one shape of errors.

use crate::Problem;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::{StatusCode, request::Parts};
use model::Message;
use serde::de::DeserializeOwned;

/// A JSON body.
pub struct Json<T>(pub T);
/// The query string.
pub struct Query<T>(pub T);
/// The variable parts of the path.
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let axum::Json(value) = axum::Json::<T>::from_request(request, state).await?;
        Ok(Json(value))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let axum::extract::Query(value) = axum::extract::Query::<T>::from_request_parts(parts, state).await?;
        Ok(Query(value))
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let axum::extract::Path(value) = axum::extract::Path::<T>::from_request_parts(parts, state).await?;
        Ok(Path(value))
    }
}

fn refused(status: StatusCode, detail: String) -> Problem {
    let message = match status {
        StatusCode::PAYLOAD_TOO_LARGE => Message::new("api.too-large"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Message::new("api.media-type"),
        _ => Message::new("api.bad-request").reason("detail", told(&detail)),
    };
    Problem::new(status, message)
}

/// What serde says of a request in English, as a message with words in both languages.
pub(crate) fn told(detail: &str) -> Message {
    let detail: String = detail.chars().take(300).collect();
    let mut quoted = detail.split('`').skip(1).step_by(2).map(str::to_owned);
    let code = |name: &str| Message::new(format!("api.detail.{name}"));
    if detail.starts_with("Failed to parse the request body as JSON") {
        return code("syntax");
    }
    for (says, name) in [("missing field `", "missing"), ("unknown field `", "unknown")] {
        if let Some((_, rest)) = detail.split_once(says) {
            return code(name).with("name", rest.split('`').next().unwrap_or_default());
        }
    }
    if detail.contains("unknown variant `") {
        let name = quoted.next().unwrap_or_default();
        return code("variant").with("name", name).list("known", quoted);
    }
    // `Failed to …: limit: invalid digit found in string`: the second part is the field's path.
    let parts: Vec<&str> = detail.split(": ").collect();
    match parts.as_slice() {
        [_, path, _, ..] if !path.contains(char::is_whitespace) => code("field").with("name", path),
        _ => code("form"),
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        refused(rejection.status(), rejection.body_text())
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        refused(rejection.status(), rejection.body_text())
    }
}

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Self {
        refused(rejection.status(), rejection.body_text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use words::Language;

    #[test]
    fn what_is_wrong_with_a_request_is_said_in_both_languages() {
        let json = "Failed to deserialize the JSON body into the target type: ";
        let query = "Failed to deserialize query string: ";
        for (detail, en, zh) in [
            (
                format!("{json}missing field `text` at line 1 column 9"),
                "the field `text` is missing",
                "缺少字段 `text`",
            ),
            (format!("{query}unknown field `lim`, expected `limit`"), "there is no field `lim`", "没有字段 `lim`"),
            (
                format!("{query}kind: unknown variant `x`, expected `a` or `b`"),
                "`x` is not one of a, b",
                "`x` 不在可选值 a、b 之列",
            ),
            (
                format!("{query}limit: invalid digit found in string"),
                "`limit` does not have the expected form",
                "`limit` 的形式不符合要求",
            ),
            ("Failed to parse the request body as JSON: EOF".to_owned(), "the body is no JSON", "正文不是 JSON"),
            ("Invalid URL: x".to_owned(), "it does not have the expected form", "形式不符合要求"),
        ] {
            let said = told(&detail);
            let texts = (words::text(&said, Language::En), words::text(&said, Language::ZhCn));
            assert_eq!((texts.0.as_str(), texts.1.as_str()), (en, zh), "{detail}");
        }
    }

    #[test]
    fn what_is_not_there_has_a_name_in_both_languages() {
        let body = Problem::not_found("indicator-list", "7").body();
        assert_eq!((body.text.en.as_str(), body.text.zh_cn.as_str()), ("no list of indicators 7", "找不到 指标列表 7"));
    }
}
