//! The OpenAPI description, made from the routes and the wire types themselves.

use crate::{access, routes, wire};
use axum::http::Method;
use utoipa::openapi::{
    Content, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, ResponseBuilder,
    extensions::Extensions,
    path::Operation,
    security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
};

/// The description that is committed as `openapi/redoubt.json`.
pub fn description() -> OpenApi {
    let (_, mut api) = routes::all().split_for_parts();
    let info = InfoBuilder::new()
        .title("Redoubt")
        .version("1")
        .description(Some(
            "The HTTP API of Redoubt. Cookie sessions send `x-redoubt-csrf` with every unsafe request; API tokens go \
             into `Authorization: Bearer`. Every error is a `ProblemBody`.",
        ))
        .build();
    let mut whole = OpenApiBuilder::new().info(info).build();
    whole.merge(std::mem::take(&mut api));
    add_schemas(&mut whole);
    for (path, item) in &mut whole.paths.paths {
        let operations = [
            (Method::GET, &mut item.get),
            (Method::POST, &mut item.post),
            (Method::PATCH, &mut item.patch),
            (Method::DELETE, &mut item.delete),
        ];
        for (method, operation) in operations {
            if let Some(operation) = operation {
                finish(operation, access::of(&method, path));
            }
        }
    }
    whole
}

/// The description, for programs that ask the server itself.
pub async fn serve() -> axum::Json<OpenApi> {
    axum::Json(description())
}

/// The description as it is committed: pretty JSON with a line end.
pub fn json() -> Result<String, serde_json::Error> {
    Ok(description().to_pretty_json()? + "\n")
}

fn add_schemas(api: &mut OpenApi) {
    #[derive(utoipa::OpenApi)]
    #[openapi(components(schemas(
        wire::Lang,
        wire::problem::ProblemBody,
        wire::jobs::Notice,
        wire::hosts::BlindKind,
        wire::files::FileSort,
        wire::hosts::HostSort,
        wire::hosts::RunbookFormat,
        wire::hosts::TableFormat,
        wire::queries::QueryForm,
        wire::weapons::GraphDetail,
        wire::weapons::GraphFormat,
        wire::weapons::ExposureColor,
    )))]
    struct Extra;
    api.merge(<Extra as utoipa::OpenApi>::openapi());
    let components = api.components.get_or_insert_default();
    components.add_security_scheme(
        "session",
        SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(crate::session::COOKIE))),
    );
    components
        .add_security_scheme("token", SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build()));
}

/// What every operation has: the error answer, and who may call it.
fn finish(operation: &mut Operation, access: Option<access::Access>) {
    let problem = ResponseBuilder::new()
        .description("What went wrong")
        .content("application/json", Content::new(Some(RefOr::Ref(Ref::from_schema_name("ProblemBody")))))
        .build();
    operation.responses.responses.insert("default".to_owned(), RefOr::T(problem));
    let by_cookie = SecurityRequirement::new("session", Vec::<String>::new());
    let by_token = SecurityRequirement::new("token", Vec::<String>::new());
    let permission = match access {
        None | Some(access::Access::Public) => return,
        Some(access::Access::Session) => {
            operation.security = Some(vec![by_cookie]);
            return;
        }
        Some(access::Access::Account) => None,
        Some(access::Access::Needs(permission)) => Some(permission),
    };
    operation.security = Some(vec![by_cookie, by_token]);
    if let Some(permission) = permission.and_then(|permission| serde_json::to_value(permission).ok()) {
        operation
            .extensions
            .get_or_insert_default()
            .merge(Extensions::builder().add("x-permission", permission).build());
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_committed_description_is_what_the_routes_say() {
        let committed = include_str!("../../../openapi/redoubt.json");
        let now = super::json().unwrap();
        assert!(committed == now, "openapi/redoubt.json is old: run `./dev update`");
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let text = super::json().unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        for part in text.split("#/components/schemas/").skip(1) {
            let name = part.split('"').next().unwrap();
            assert!(!value["components"]["schemas"][name].is_null(), "no schema `{name}`");
        }
    }
}
