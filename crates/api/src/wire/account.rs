//! Accounts, sessions and API tokens.

use crate::access::{Permission, Role};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// What anybody may know of this server.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Status {
    pub version: String,
    /// No account exists yet; `POST /setup` makes the first.
    pub setup_needed: bool,
    /// The demo network is loaded.
    pub demo: bool,
    pub languages: Vec<String>,
}

#[derive(Deserialize, Serialize, ToSchema)]
pub struct SetupRequest {
    /// The token the server printed at its first start.
    pub token: String,
    pub name: String,
    pub password: String,
}

#[derive(Deserialize, Serialize, ToSchema)]
pub struct LoginRequest {
    pub name: String,
    pub password: String,
}

#[derive(Deserialize, Serialize, ToSchema)]
pub struct PasswordChange {
    pub current: String,
    pub new: String,
}

/// Who is asking, and what they may do.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Me {
    pub id: String,
    pub name: String,
    pub roles: BTreeSet<Role>,
    pub permissions: BTreeSet<Permission>,
    /// Goes into the header `x-redoubt-csrf` of every unsafe request; absent for an API token, which needs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csrf: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// The name of the API token used, if one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct User {
    pub id: String,
    pub name: String,
    pub roles: BTreeSet<Role>,
    pub disabled: bool,
    pub created: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_login: Option<Timestamp>,
}

#[derive(Deserialize, Serialize, ToSchema)]
pub struct NewUser {
    pub name: String,
    pub password: String,
    pub roles: BTreeSet<Role>,
}

/// Absent fields stay as they are.
#[derive(Default, Deserialize, Serialize, ToSchema)]
#[serde(default)]
pub struct UserPatch {
    pub roles: Option<BTreeSet<Role>>,
    pub disabled: Option<bool>,
    /// A new password; ends the account's sessions.
    pub password: Option<String>,
}

/// An API token without its secret.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Token {
    pub id: String,
    pub name: String,
    pub user: String,
    pub scopes: BTreeSet<Permission>,
    pub created: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used: Option<Timestamp>,
}

#[derive(Deserialize, Serialize, ToSchema)]
pub struct NewToken {
    pub name: String,
    /// What the token may do; never more than its owner.
    pub scopes: BTreeSet<Permission>,
    /// Days until it ends, 1 to 366; 90 when absent.
    #[serde(default)]
    pub days: Option<u32>,
}

/// Shown once: the secret is not kept.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct TokenCreated {
    pub token: Token,
    /// For the header `Authorization: Bearer …`.
    pub secret: String,
}
