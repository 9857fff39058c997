//! Signing in, accounts and API tokens.

use super::Answer;
use crate::Problem;
use crate::wire::account::*;
use axum::{
    Json,
    extract::{Multipart, Path, Query},
    http::StatusCode,
    response::Response,
};

/// What anybody may know of this server.
#[utoipa::path(get, path = "/api/v1/status", tag = "account", responses((status = 200, body = Status)))]
pub async fn status() -> Answer<Status> {
    Err(Problem::not_wired())
}

/// Makes the first account with the token that the server printed; signs it in.
#[utoipa::path(post, path = "/api/v1/setup", tag = "account", responses((status = 200, body = Me)))]
pub async fn setup(Json(_request): Json<SetupRequest>) -> Answer<Me> {
    Err(Problem::not_wired())
}

/// Signs in; the session is an HttpOnly cookie.
#[utoipa::path(post, path = "/api/v1/login", tag = "account", responses((status = 200, body = Me)))]
pub async fn login(Json(_request): Json<LoginRequest>) -> Answer<Me> {
    Err(Problem::not_wired())
}

/// Ends the session.
#[utoipa::path(post, path = "/api/v1/logout", tag = "account", responses((status = 204)))]
pub async fn logout() -> Result<StatusCode, Problem> {
    Err(Problem::not_wired())
}

/// Who is asking, and what they may do.
#[utoipa::path(get, path = "/api/v1/me", tag = "account", responses((status = 200, body = Me)))]
pub async fn me() -> Answer<Me> {
    Err(Problem::not_wired())
}

/// Changes the own password; ends all other sessions.
#[utoipa::path(post, path = "/api/v1/me/password", tag = "account", responses((status = 204)))]
pub async fn change_password(Json(_request): Json<PasswordChange>) -> Result<StatusCode, Problem> {
    Err(Problem::not_wired())
}

/// All accounts.
#[utoipa::path(get, path = "/api/v1/users", tag = "account", responses((status = 200, body = Vec<User>)))]
pub async fn users() -> Answer<Vec<User>> {
    Err(Problem::not_wired())
}

/// Makes an account.
#[utoipa::path(post, path = "/api/v1/users", tag = "account", responses((status = 201, body = User)))]
pub async fn create_user(Json(_request): Json<NewUser>) -> Result<(StatusCode, Json<User>), Problem> {
    Err(Problem::not_wired())
}

/// Changes roles, disables, or sets a new password.
#[utoipa::path(patch, path = "/api/v1/users/{id}", tag = "account", responses((status = 200, body = User)))]
pub async fn change_user(Path(_id): Path<String>, Json(_request): Json<UserPatch>) -> Answer<User> {
    Err(Problem::not_wired())
}

/// The API tokens of the account that asks.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "account", responses((status = 200, body = Vec<Token>)))]
pub async fn tokens() -> Answer<Vec<Token>> {
    Err(Problem::not_wired())
}

/// Makes an API token and shows its secret once.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "account", responses((status = 201, body = TokenCreated)))]
pub async fn create_token(Json(_request): Json<NewToken>) -> Result<(StatusCode, Json<TokenCreated>), Problem> {
    Err(Problem::not_wired())
}

/// Ends an API token.
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", tag = "account", responses((status = 204)))]
pub async fn delete_token(Path(_id): Path<String>) -> Result<StatusCode, Problem> {
    Err(Problem::not_wired())
}
